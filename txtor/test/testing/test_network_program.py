# -*- test-case-name: txtor.test.testing.test_network_program -*-
"""
``python -m txtor.testing.network``: what it says, how it ends, and that nothing outlives it.
"""

from __future__ import annotations

import glob
import os
import shutil
import signal
import sys
import tempfile

from twisted.internet import reactor
from twisted.internet.task import deferLater
from twisted.trial.unittest import TestCase

from txtor.testing._network_process import ChildProcess, Children

from .test_network import is_gone

SMALLEST = ["--authorities", "1", "--exits", "3", "--clients", "1"]

#: A command that attaches to the network, tells what it sees, and ends with a status of its own.
COMMAND = """
import os, sys
from txtor.testing import attach
network = attach(os.environ["TXTOR_TEST_NETWORK"])
print(*[node.nickname for node in network.nodes], sys.argv[1:])
sys.exit(7)
"""


class ProgramTests(TestCase):
    """
    The program, as a child process whose temporary files are where we see them.
    """

    timeout = 180

    def setUp(self) -> None:
        """
        A place for its temporary directory.
        """
        self.place = tempfile.mkdtemp(prefix="t-")
        self.addCleanup(shutil.rmtree, self.place)
        self.patch(os, "environ", {**os.environ, "TMPDIR": self.place, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))})
        self.children = Children(reactor)  # type: ignore[arg-type]  # the reactor is a module to mypy
        self.addCleanup(self.children.end_all, 20)

    def program(self, *arguments: str, stdin: bool = False) -> ChildProcess:
        """
        Start it.
        """
        return self.children.spawn([sys.executable, "-m", "txtor.testing.network", *arguments], "/", stdin=stdin)

    async def tors(self, least: int) -> list[int]:
        """
        The process ids of the network's Tors, once so many run.
        """
        while True:
            pids = []
            for path in glob.glob(os.path.join(self.place, "*", "*", "pid")):
                with open(path) as file:
                    pids += [int(word) for word in file.read().split()]
            if len(pids) >= least:
                return pids
            await deferLater(reactor, 0.05)

    async def nothing_left(self, pids: list[int], seconds: float) -> None:
        """
        Wait until all processes have ended and all files are gone, but not longer than so many seconds.
        """
        for _ in range(int(seconds / 0.05)):
            if all(map(is_gone, pids)) and not os.listdir(self.place):
                return
            await deferLater(reactor, 0.05)
        self.fail(f"left: {[pid for pid in pids if not is_gone(pid)]} {os.listdir(self.place)}")

    async def test_killed(self) -> None:
        """
        The owner is killed with KILL: within seconds there is no Tor and no file any more.
        """
        program = self.program(*SMALLEST)
        pids = await self.tors(4)
        await program.end(0)
        await self.nothing_left(pids, 5)

    async def test_interrupted(self) -> None:
        """
        The owner is interrupted, as by Ctrl-C, while it starts: when it has ended nothing is left.
        """
        program = self.program(*SMALLEST)
        pids = await self.tors(4)
        program.send_signal(signal.SIGINT)
        await program.when_ended()
        await self.nothing_left(pids, 0.1)

    async def test_command(self) -> None:
        """
        The command finds the network, has its own arguments, and its exit status is the program's.
        """
        program = self.program("--quiet", *SMALLEST, "--", sys.executable, "-c", COMMAND, "--tor", "x y")
        await program.when_ended()
        self.assertEqual(list(program.lines), ["authority0 exit0 exit1 exit2 client0 ['--tor', 'x y']"])
        self.assertEqual(program.exit_status, 7)
        self.assertEqual(os.listdir(self.place), [])

    async def test_mistakes(self) -> None:
        """
        A wrong number is status 2; no tor is status 1; each with the reason, and no traceback.
        """
        wrong = self.program("--authorities", "0")
        missing = self.program("--tor", "/nonexistent/tor")
        for program, status, words in ((wrong, 2, "authorities must be"), (missing, 1, "apt-get install tor")):
            await program.when_ended()
            self.assertEqual(program.exit_status, status)
            (line,) = program.lines
            self.assertIn(words, line)
