# -*- test-case-name: txtor.test.process.test_process -*-
"""
The process of a Tor that we have started.
"""

from __future__ import annotations

import signal
from collections import deque
from collections.abc import Callable, Coroutine
from contextlib import suppress
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.error import ProcessDone, ProcessExitedAlready
from twisted.internet.interfaces import IDelayedCall, IProcessTransport, IReactorProcess
from twisted.internet.protocol import ProcessProtocol
from twisted.logger import Logger
from twisted.python.failure import Failure

from txtor.control import IConnectReactor
from txtor.errors import InvalidArgument, LaunchError

from ._logs import LineSplitter, parse_log_line

#: How many lines of output are kept.
KEPT_LINES = 100

#: How many warnings an error shows.
SHOWN_LINES = 10

#: How long to read on after the end: what tor has started may hold its output open for ever.
LINGER_SECONDS = 1.0

#: How long a Tor may take to end by itself.
GRACE_SECONDS = 5.0

_log = Logger()


class ILaunchReactor(IConnectReactor, IReactorProcess):
    """
    What launching needs of a reactor.
    """


class TorProcess(ProcessProtocol):
    """
    A tor that we have started. It is ended when the reactor stops.

    :ivar is_owned: whether it ends with us; see `disown`.
    :ivar pid: its process id, or ``None`` once it has ended.
    :ivar lines: the last lines that it printed.
    :ivar exit_status: its exit status, or ``None`` while it runs or when a signal ended it.
    :ivar signal: the signal that ended it, or ``None``.
    """

    transport: IProcessTransport

    def __init__(
        self,
        reactor: Any,
        line_received: Callable[[int, str], None],
        output_received: Callable[[int, bytes], None],
        clean_up: Callable[[], Deferred[None]],
        spare: Callable[[], Coroutine[Any, Any, None]] | None,
    ) -> None:
        """
        :param line_received: takes each line and the descriptor (1 or 2) that it came from.
        :param output_received: the same for each piece of output.
        :param clean_up: called when it has ended.
        :param spare: called when it shall live on without us; ``None`` where whoever started it ends it.
        """
        self.is_owned = True
        self.pid: int | None = None
        self.lines: deque[str] = deque(maxlen=KEPT_LINES)
        self.exit_status: int | None = None
        self.signal: int | None = None
        self._reactor = reactor
        self._line_received = line_received
        self._output_received = output_received
        self._clean_up = clean_up
        self._spare = spare
        self._splitters = {fd: LineSplitter(self._taker(fd)) for fd in (1, 2)}
        self._warnings: deque[str] = deque(maxlen=SHOWN_LINES)
        self._waiting: list[Deferred[None]] = []
        self._is_over = self._told = False
        self._killer: IDelayedCall | None = None
        self._linger: IDelayedCall | None = None
        self._trigger: Any = None

    def __repr__(self) -> str:
        return f"<TorProcess {self.pid}>" if self.pid is not None else "<TorProcess, ended>"

    def _taker(self, fd: int) -> Callable[[str], None]:
        def take(line: str) -> None:
            self.lines.append(line)
            parsed = parse_log_line(line)
            if parsed.is_warning:
                self._warnings.append(f"[{parsed.severity}] {parsed.message}")
            self._line_received(fd, line)

        return take

    # -- what Twisted calls --------------------------------------------------------------------------------------------

    def connectionMade(self) -> None:
        """
        It runs.
        """
        self.pid = self.transport.pid
        self._trigger = self._reactor.addSystemEventTrigger("before", "shutdown", self._shut_down)

    def childDataReceived(self, childFD: int, data: bytes) -> None:  # noqa: N803  # Twisted's name
        """
        It printed something.
        """
        self._output_received(childFD, data)
        self._splitters[childFD].feed(data)

    def processExited(self, reason: Failure) -> None:
        """
        It has ended and is reaped. Output may still come.
        """
        self.pid = None
        self.exit_status = 0 if reason.check(ProcessDone) else getattr(reason.value, "exitCode", None)
        self.signal = getattr(reason.value, "signal", None)
        if self._killer is not None and self._killer.active():
            self._killer.cancel()
        self._linger = self._reactor.callLater(LINGER_SECONDS, self._finish)

    def processEnded(self, reason: Failure) -> None:
        """
        All that it said has been read, too.
        """
        self._finish()

    def _finish(self) -> None:
        if self._is_over:
            return
        self._is_over = True
        if self._linger is not None and self._linger.active():
            self._linger.cancel()
        for fd in (1, 2):  # whoever else holds the other end: we read no more
            self.transport.closeChildFD(fd)
        for splitter in self._splitters.values():
            splitter.end()
        self._let_reactor_stop()
        self._clean_up().addErrback(lambda failure: _log.failure("Cleaning up failed", failure)).addCallback(self._tell)

    def _tell(self, _: object) -> None:
        self._told = True
        waiting, self._waiting = self._waiting, []
        for one in waiting:
            one.callback(None)

    def _let_reactor_stop(self) -> None:
        trigger, self._trigger = self._trigger, None
        if trigger is not None:
            self._reactor.removeSystemEventTrigger(trigger)

    def _shut_down(self) -> Deferred[None]:
        self._trigger = None  # it is just being run
        return self.end()

    # -- what the program asks -----------------------------------------------------------------------------------------

    @property
    def last_words(self) -> list[str]:
        """
        Its last warnings, or its last lines where it had none.
        """
        return list(self._warnings) or list(self.lines)[-SHOWN_LINES:]

    @property
    def ending(self) -> str:
        """
        How it ended, as a sentence.
        """
        if self.pid is not None:
            return "tor runs."
        if self.signal is not None:
            return f"tor was ended by the signal {signal.Signals(self.signal).name}."
        return "tor exited." if self.exit_status == 0 else f"tor exited with status {self.exit_status}."

    def failure(self, reason: str) -> LaunchError:
        """
        An error with its last words and its exit status.
        """
        return LaunchError(reason, self.last_words, self.exit_status)

    def when_ended(self) -> Deferred[None]:
        """
        Wait until it has ended, is reaped, and its temporary files are gone. Each call gives a Deferred of its own.
        """
        waiter: Deferred[None] = Deferred(self._waiting.remove)
        if self._told:
            waiter.callback(None)
        else:
            self._waiting.append(waiter)
        return waiter

    def send_signal(self, number: int) -> None:
        """
        Send a signal; a process that has ended needs none.
        """
        if self.pid is not None:
            with suppress(ProcessExitedAlready):
                self.transport.signalProcess(signal.Signals(number))

    def check_disownable(self) -> None:
        """
        See that it may live on without us.

        :raises InvalidArgument: something else ends it.
        """
        if self._spare is None:
            raise InvalidArgument("This Tor belongs to the service that launched it, which ends it.")

    async def disown(self) -> None:
        """
        End it no more by ourselves: not when the reactor stops, not when its connection ends, not when we are killed. Its
        temporary files go when it ends. `end` still ends it.

        :raises InvalidArgument: something else ends it.
        """
        self.check_disownable()
        assert self._spare is not None  # which was checked
        await self._spare()
        self.is_owned = False
        self._let_reactor_stop()

    def end(self, grace: float = GRACE_SECONDS, terminate: bool = True) -> Deferred[None]:
        """
        Have it end, in ``grace`` seconds at the latest. Cancelling ends the waiting alone.

        :param grace: after so many seconds KILL follows; 0 kills at once.
        :param terminate: send TERM first; otherwise it was told to end in another way.
        :return: fires as `when_ended` does.
        """
        if self.pid is not None:
            if grace and terminate:
                self.send_signal(signal.SIGTERM)
            if self._killer is None or not self._killer.active():
                self._killer = self._reactor.callLater(grace, self.send_signal, signal.SIGKILL)
            elif self._killer.getTime() > self._reactor.seconds() + grace:
                self._killer.reset(grace)
        return self.when_ended()
