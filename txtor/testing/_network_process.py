# -*- test-case-name: txtor.test.testing.test_network_process -*-
"""
Child processes that end with their parent, whatever way that ends.
"""

from __future__ import annotations

import os
import signal
import socket
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress

from twisted.internet.defer import Deferred, gatherResults
from twisted.internet.error import ProcessDone, ProcessExitedAlready
from twisted.internet.interfaces import IProcessTransport, IReactorCore, IReactorProcess, IReactorTime
from twisted.internet.protocol import ProcessProtocol
from twisted.python.failure import Failure

from txtor._deferred import deferred
from txtor.errors import LaunchError

#: How many lines of a process's output are kept.
KEPT_LINES = 100

#: The longest line that is kept whole, in bytes.
LONGEST_LINE = 4096

#: The file descriptor on which tor finds its owner.
OWNER_FD = 3


class INetworkReactor(IReactorProcess, IReactorTime, IReactorCore):
    """
    What a private network needs of a reactor.
    """


class ChildProcess(ProcessProtocol):
    """
    A process of ours and what it says.

    :ivar lines: the last lines that it printed.
    :ivar pid: its process id, or ``None`` once it has ended.
    :ivar exit_status: its exit status, or ``None`` while it runs or when a signal ended it.
    :ivar signal: the signal that ended it, or ``None``.
    """

    transport: IProcessTransport

    def __init__(self, reactor: IReactorTime, line_received: Callable[[str], None] = lambda line: None) -> None:
        self.lines: deque[str] = deque(maxlen=KEPT_LINES)
        self.pid: int | None = None
        self.exit_status: int | None = None
        self.signal: int | None = None
        self._clock = reactor
        self._line_received = line_received
        self._partial: dict[int, bytes] = {}
        self._waiting: list[Deferred[None]] = []
        self.owner: socket.socket | None = None

    def connectionMade(self) -> None:
        """
        It runs.
        """
        self.pid = self.transport.pid

    def childDataReceived(self, childFD: int, data: bytes) -> None:  # noqa: N803  # Twisted's name
        """
        It printed something.
        """
        *whole, partial = (self._partial.get(childFD, b"") + data).split(b"\n")
        self._partial[childFD] = partial[:LONGEST_LINE]
        for line in whole:
            self._keep(line)

    def _keep(self, line: bytes) -> None:
        text = line[:LONGEST_LINE].decode("utf-8", "surrogateescape").rstrip("\r")
        self.lines.append(text)
        self._line_received(text)

    def processEnded(self, reason: Failure) -> None:
        """
        It has ended, is reaped, and all that it said has been read.
        """
        for line in self._partial.values():
            if line:
                self._keep(line)
        self._partial.clear()
        self.pid = None
        self.exit_status = 0 if reason.check(ProcessDone) else getattr(reason.value, "exitCode", None)
        self.signal = getattr(reason.value, "signal", None)
        self.close_owner()
        waiting, self._waiting = self._waiting, []
        for one in waiting:
            one.callback(None)

    def close_owner(self) -> None:
        """
        Close our end of the socket by which it knows that we live.
        """
        if self.owner is not None:
            self.owner.close()
            self.owner = None

    def when_ended(self) -> Deferred[None]:
        """
        Wait until the process has ended and is reaped. Cancelling ends the waiting alone.
        """
        result: Deferred[None] = Deferred(self._waiting.remove)
        if self.pid is None:
            result.callback(None)
        else:
            self._waiting.append(result)
        return result

    def send_signal(self, number: int) -> None:
        """
        Send a signal; a process that has just ended needs none.
        """
        if self.pid is None:
            return
        with suppress(ProcessExitedAlready):
            self.transport.signalProcess(signal.Signals(number).name.removeprefix("SIG"))

    @deferred
    async def end(self, grace: float) -> None:
        """
        Ask the process to end, and kill it when it has not after a while.

        :param grace: seconds; 0 kills at once.
        """
        if self.pid is None:
            return
        ended = self.when_ended()
        if grace:
            self.send_signal(signal.SIGTERM)
        later = self._clock.callLater(grace, self.send_signal, signal.SIGKILL)
        try:
            await ended
        finally:
            if later.active():
                later.cancel()


class Children:
    """
    The processes that we have started and that have not ended yet.

    :ivar running: they.
    """

    def __init__(self, reactor: INetworkReactor) -> None:
        self._reactor = reactor
        self.running: set[ChildProcess] = set()

    def spawn(
        self,
        arguments: Sequence[str],
        directory: str,
        line_received: Callable[[str], None] = lambda line: None,
        *,
        owned: bool = False,
        stdin: bool = False,
    ) -> ChildProcess:
        """
        Start a process whose output is read.

        :param arguments: the path of the program, then its arguments.
        :param directory: where it runs.
        :param owned: let it find, on the descriptor `OWNER_FD`, a socket whose other end closes when we end, even by KILL.
        :param stdin: give it a standard input that we can write to; otherwise it reads nothing.
        :raises LaunchError: the process cannot be started.
        """
        child = ChildProcess(self._reactor, line_received)
        nothing = os.open(os.devnull, os.O_RDONLY)
        descriptors: dict[int, int | str] = {0: "w" if stdin else nothing, 1: "r", 2: "r"}
        theirs = None
        if owned:
            child.owner, theirs = socket.socketpair()
            descriptors[OWNER_FD] = theirs.fileno()
        words = [os.fsencode(word) for word in arguments]
        try:
            self._reactor.spawnProcess(child, words[0], words, dict(os.environ), directory, childFDs=descriptors)
        except OSError as error:
            child.close_owner()
            raise LaunchError(f"{arguments[0]} cannot be started: {error}") from error
        finally:
            os.close(nothing)
            if theirs is not None:
                theirs.close()
        self.running.add(child)
        child.when_ended().addCallback(lambda _: self.running.discard(child))
        return child

    @deferred
    async def run(self, arguments: Sequence[str], directory: str, stdin: bytes = b"") -> list[str]:
        """
        Run a program to its end.

        :param stdin: what it reads.
        :return: the last lines that it printed.
        :raises LaunchError: its exit status is not 0, with those lines. Cancelling kills it.
        """
        child = self.spawn(arguments, directory, stdin=True)
        child.transport.write(stdin)
        child.transport.closeStdin()
        try:
            await child.when_ended()
        finally:
            child.send_signal(signal.SIGKILL)
        if child.exit_status != 0:
            raise LaunchError(f"{os.path.basename(arguments[0])} failed.", list(child.lines)[-20:], child.exit_status)
        return list(child.lines)

    @deferred
    async def end_all(self, grace: float) -> None:
        """
        End all of them, and wait until they are reaped.

        :param grace: seconds after which KILL follows TERM.
        """
        await gatherResults([child.end(grace) for child in self.running])

    @deferred
    async def wait_all(self, patience: float) -> None:
        """
        Wait until all of them have ended by themselves.

        :param patience: seconds after which they are killed.
        """
        later = self._reactor.callLater(patience, self.end_all, 0)
        try:
            await gatherResults([child.when_ended() for child in self.running])
        finally:
            if later.active():
                later.cancel()
