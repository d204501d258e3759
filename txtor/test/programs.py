"""
Whole programs that a test runs: what they say, and that nothing is left of them.
"""

from __future__ import annotations

import os
import sys
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.protocol import ProcessProtocol
from twisted.python.failure import Failure

from txtor.test.process.leftovers import NothingLeftTestCase, reactor


class Program(ProcessProtocol):
    """
    A program, what it logs, and its end.
    """

    def __init__(self) -> None:
        self.said = ""
        self.waiting: list[tuple[str, Deferred[None]]] = []
        self.ended: Deferred[int | None] = Deferred()

    def childDataReceived(self, childFD: int, data: bytes) -> None:  # noqa: N803  # Twisted's name
        """
        It logged something.
        """
        self.said += data.decode()
        for word, waiter in list(self.waiting):
            if word in self.said:
                self.waiting.remove((word, waiter))
                waiter.callback(None)

    def says(self, word: str) -> Deferred[None]:
        """
        Wait until it has logged a word.
        """
        waiter: Deferred[None] = Deferred()
        self.waiting.append((word, waiter))
        self.childDataReceived(1, b"")
        return waiter

    def processEnded(self, reason: Failure) -> None:
        """
        It has ended.
        """
        for _, waiter in self.waiting:
            waiter.errback(AssertionError(self.said))
        self.ended.callback(getattr(reason.value, "exitCode", None))


class ProgramTestCase(NothingLeftTestCase):
    """
    Runs programs, with temporary files in the folder of the test.
    """

    OFFLINE = ("-o", "DisableNetwork 1", "-o", "GeoIPFile /dev/null", "-o", "GeoIPv6File /dev/null", "-w", "controlled")

    TWIST = "from twisted.application.twist._twist import Twist; Twist.main()"
    TWISTD = "from twisted.scripts.twistd import run; run()"

    def run_program(self, *arguments: str) -> tuple[Program, Any]:
        """
        Start one.
        """
        program = Program()
        environment = {**os.environ, "TMPDIR": self.folder, "PYTHONPATH": os.pathsep.join(sys.path)}
        words = [sys.executable, "-c", *arguments]
        return program, reactor.spawnProcess(program, sys.executable, words, environment)


def name_of(pid: int) -> str:
    """
    What a process is called.
    """
    with open(f"/proc/{pid}/comm", encoding="ascii") as file:
        return file.read().strip()
