# -*- test-case-name: txtor.test.testing.test_network_process -*-
"""
Child processes that end with their parent.
"""

from __future__ import annotations

import os
import signal
import sys

from twisted.internet import reactor
from twisted.internet.defer import Deferred
from twisted.trial.unittest import TestCase

from txtor.errors import LaunchError
from txtor.testing._network_process import KEPT_LINES, LONGEST_LINE, OWNER_FD, ChildProcess, Children


class ChildrenTests(TestCase):
    """
    `Children` and `ChildProcess`.
    """

    def setUp(self) -> None:
        """
        No child yet; at the end all are killed.
        """
        self.children = Children(reactor)  # type: ignore[arg-type]  # the reactor is a module to mypy
        self.addCleanup(self.children.end_all, 0)

    def python(self, program: str, *, owned: bool = False) -> ChildProcess:
        """
        Run a program, whose first line is waited for by `first_line`.
        """
        self.first_line: Deferred[str] = Deferred()

        def line_received(line: str) -> None:
            if not self.first_line.called:
                self.first_line.callback(line)

        return self.children.spawn([sys.executable, "-c", program], "/", line_received, owned=owned)

    async def test_lines(self) -> None:
        """
        Output is split into lines, undecodable bytes stay, the last line needs no end, and long output costs no more memory.
        """
        child = self.python(
            "import os, sys\n"
            "for n in range(500): print(n)\n"
            "sys.stdout.flush()\n"
            "os.write(1, b'x' * 100000 + b'\\n' + b'a\\xff\\r\\n' + b'end')"
        )
        await child.when_ended()
        lines = list(child.lines)
        self.assertEqual(len(lines), KEPT_LINES)
        self.assertEqual(lines[-4:-3] + lines[-2:], ["499", "a\udcff", "end"])
        self.assertEqual(lines[-3], "x" * LONGEST_LINE)
        self.assertEqual((child.exit_status, child.pid, child.signal), (0, None, None))
        self.assertEqual(self.children.running, set())

    async def test_deaf_to_term(self) -> None:
        """
        What does not end after TERM is killed after the grace.
        """
        child = self.python("import signal; signal.signal(15, signal.SIG_IGN); print('up', flush=True); signal.pause()")
        await self.first_line
        await child.end(0.2)
        self.assertEqual((child.signal, child.exit_status), (signal.SIGKILL, None))

    async def test_obedient(self) -> None:
        """
        What ends after TERM is not killed, and to end it again is nothing.
        """
        child = self.python("import signal; print('up', flush=True); signal.pause()")
        await self.first_line
        await child.end(60)
        await child.end(60)
        self.assertEqual(child.signal, signal.SIGTERM)

    async def test_owner(self) -> None:
        """
        A child that is owned finds a socket on its descriptor 3, which ends with the owner's end of it.
        """
        child = self.python(f"import os; print('up', flush=True); print(os.read({OWNER_FD}, 1))", owned=True)
        self.assertEqual(await self.first_line, "up")
        child.close_owner()
        await child.when_ended()
        self.assertEqual(list(child.lines), ["up", "b''"])

    async def test_run(self) -> None:
        """
        A program that is run to its end reads what it is given; its failure has its status and its last words.
        """
        echo = [sys.executable, "-c", "import sys; print(sys.stdin.read()); sys.exit(len(sys.argv) - 1)"]
        self.assertEqual(await self.children.run(echo, "/", b"hello"), ["hello"])
        with self.assertRaises(LaunchError) as caught:
            await self.children.run([*echo, "a", "b"], "/", b"hello")
        self.assertEqual((caught.exception.output, caught.exception.exit_status), (("hello",), 2))

    async def test_cancel(self) -> None:
        """
        Cancelling kills the program.
        """
        running = self.children.run([sys.executable, "-c", "import signal; signal.pause()"], "/")
        (child,) = self.children.running
        pid = child.pid
        running.addErrback(lambda failure: None)
        running.cancel()
        await child.when_ended()
        assert pid is not None
        self.assertRaises(ProcessLookupError, os.kill, pid, 0)

    def test_not_there(self) -> None:
        """
        A directory that is not there is an error of ours, not of the system's.
        """
        child = self.children.spawn(["/nonexistent"], "/")
        return child.when_ended().addCallback(lambda _: self.assertNotEqual(child.exit_status, 0))  # type: ignore[return-value]
