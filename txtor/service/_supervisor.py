# -*- test-case-name: txtor.test.service.test_supervisor -*-
"""
The shell around the machine of `_machine`: it opens and puts away, keeps time, and tells those who wait.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from twisted.internet.defer import CancelledError, Deferred, fail, succeed
from twisted.internet.error import ConnectingCancelledError
from twisted.logger import Logger

from txtor._deferred import deferred
from txtor._listener import tell
from txtor._tor import Tor
from txtor.commands import GetInfo
from txtor.errors import CommandTimeout, Disconnected, TorError, TorRefused
from txtor.process import BootstrapProgress, ILaunchReactor

from . import _machine
from ._backoff import Backoff
from ._health import Health, Status
from ._restoring import Restoring
from ._source import Source
from ._timers import Timers
from ._waiting import Waiting

_log = Logger()


class Supervisor:
    """
    Keeps one Tor at hand.

    :ivar health: how it does.
    :ivar restoring: what has to be there on each Tor.
    :ivar listeners: are called with each new `health`.
    """

    def __init__(
        self, reactor: ILaunchReactor, source: Source, backoff: Backoff, chance: Callable[[], float], ping: float | None
    ) -> None:
        self._reactor = reactor
        self._source = source
        self._backoff = backoff
        self._chance = chance
        self._ping_seconds = ping
        self._core = _machine.Core()
        self._machine = _machine.new_supervision(self._core)
        self._trigger: Any = None
        self._was_stopped = False
        self._attempt = 0
        self._opened: Tor | None = None
        self._work: Deferred[None] = succeed(None)
        self._timers = Timers(reactor)
        self._ready: Waiting[Tor] = Waiting()
        self._lost: Waiting[TorError] = Waiting()
        self._stopped: Waiting[None] = Waiting()
        self.restoring = Restoring(lambda problems: self._change(problems=tuple(problems)))
        self.listeners: list[Callable[[Health], object]] = []
        self._tor: Tor | None = None
        self.health = Health()

    @property
    def tor(self) -> Tor | None:
        """
        The Tor, while it can be used, or ``None``: from the first who hears that the connection is gone.
        """
        return self._tor if self._tor is not None and self._tor.protocol.is_open else None

    # -- what is asked -------------------------------------------------------------------------------------------------

    def start(self) -> None:
        """
        Begin.
        """
        if self._trigger is None:
            self._trigger = self._reactor.addSystemEventTrigger("before", "shutdown", self._shut_down)
        self._was_stopped = False
        self._machine.start_asked()
        self._act()

    def _shut_down(self) -> Deferred[None]:
        """
        The reactor stops, and nobody may have said so to the service.
        """
        self._trigger = None  # it is just being run
        return self.stop()

    def stop(self) -> Deferred[None]:
        """
        End, and fire when nothing is left.
        """
        self._was_stopped = True
        stopped = self._stopped.add()
        self._machine.stop_asked()
        self._act()
        return stopped

    def retry(self) -> None:
        """
        Do not wait for the next attempt.
        """
        self._machine.retry_asked()
        self._act()

    def when_ready(self, failures: int | None) -> Deferred[Tor]:
        """
        The Tor, now or later.
        """
        tor = self.tor
        if tor is not None:
            return succeed(tor)
        if self._was_stopped:
            return fail(Disconnected("The service was stopped."))
        return self._ready.add(failures)

    def when_lost(self) -> Deferred[TorError]:
        """
        The next loss.
        """
        return self._lost.add()

    # -- what happens --------------------------------------------------------------------------------------------------

    def _act(self) -> None:
        self._core.perform(self._perform)

    def _perform(self, effect: _machine.Effect) -> None:
        if isinstance(effect, _machine.Open):
            self._change(status=Status.OPENING)
            self._work = self._open().addCallback(self._open_done, self._attempt)
        elif isinstance(effect, _machine.Prepare):
            self._change(status=Status.PREPARING, problems=())
            assert self._opened is not None  # the machine knows that there is one
            self._ping_later()
            self._work = self._prepare(self._opened).addCallback(self._prepare_done, self._attempt)
        elif isinstance(effect, _machine.Ready):
            self._become_ready()
        elif isinstance(effect, _machine.Lost):
            self._tor = None
            self._lost.succeed(effect.error)
        elif isinstance(effect, _machine.Discard):
            self._give_up()
            tor, self._opened = self._opened, None
            self._source.discard(tor)
        elif isinstance(effect, _machine.Wait):
            self._wait(effect)
        elif isinstance(effect, _machine.StopWaiting):
            self._timers.cancel("wait")
        elif isinstance(effect, _machine.Close):
            self._close().addErrback(lambda failure: _log.failure("Closing failed", failure)).addCallback(self._put_away)
        else:
            self._become_stopped()

    def _become_stopped(self) -> None:
        trigger, self._trigger = self._trigger, None
        if trigger is not None:
            self._reactor.removeSystemEventTrigger(trigger)
        self._change(status=Status.STOPPED)
        self._ready.fail(Disconnected("The service was stopped."))
        self._stopped.succeed(None)

    def _wait(self, effect: _machine.Wait) -> None:
        seconds = self._backoff.delay(effect.failures, self._chance())
        self._timers.later("wait", seconds, lambda: self._tell(self._attempt, self._machine.wait_over))
        self._change(status=Status.WAITING, error=effect.error)
        self._ready.fail(effect.error, effect.failures)

    def _become_ready(self) -> None:
        tor = self._tor = self._opened
        assert tor is not None  # only what was opened becomes ready
        self._timers.later("settle", self._backoff.stable, lambda: self._tell(self._attempt, self._machine.settled))
        self._change(status=Status.READY, connections=self.health.connections + 1)
        self._ready.succeed(tor)

    @deferred
    async def _open(self) -> Tor | TorError | None:
        try:
            return await self._source.open(self._progressed)
        except (CancelledError, ConnectingCancelledError):
            return None
        except TorError as error:
            return error
        except Exception as error:  # an endpoint may raise anything, and the next attempt may succeed all the same
            _log.failure("Tor could not be reached")
            return Disconnected(f"It cannot be reached: {error}")

    def _open_done(self, outcome: Tor | TorError | None, attempt: int) -> None:
        if isinstance(outcome, Tor):
            self._opened = outcome
            self._tell(attempt, self._machine.opened)
            outcome.protocol.when_disconnected().addCallback(self._connection_lost, outcome)
        elif outcome is not None:
            self._tell(attempt, self._machine.failed, outcome)

    @deferred
    async def _prepare(self, tor: Tor) -> list[str] | TorError | None:
        try:
            return await self.restoring.restore(tor)
        except CancelledError:
            return None
        except Disconnected as error:
            return error

    def _prepare_done(self, outcome: list[str] | TorError | None, attempt: int) -> None:
        if isinstance(outcome, TorError):
            self._tell(attempt, self._machine.failed, outcome)
        elif outcome is not None and attempt == self._attempt:
            self._change(problems=tuple(outcome))
            self._tell(attempt, self._machine.prepared)

    def _connection_lost(self, reason: Disconnected, tor: Tor) -> None:
        if tor is not self._opened:
            return  # we gave it up ourselves
        if tor.process is not None:
            tor.process.when_ended().addCallback(self._process_ended, tor)
        self._tell(self._attempt, self._machine.lost, reason)

    def _process_ended(self, _: object, tor: Tor) -> None:
        """
        Now it is known why the connection was lost.
        """
        assert tor.process is not None  # that was asked before
        if not self.health.is_ready and self._opened is None:
            self._change(error=tor.process.failure(tor.process.ending))

    def _tell(self, attempt: int, happened: Callable[..., None], *arguments: object) -> None:
        if attempt == self._attempt:  # what was given up has nothing to tell any more
            happened(*arguments)
            self._act()

    def _give_up(self) -> None:
        self._attempt += 1
        self._tor = None
        self.restoring.stop()
        self._timers.cancel_all()
        self._work.cancel()

    @deferred
    async def _close(self) -> None:
        self._change(status=Status.CLOSING)
        lost = self._tor is not None
        self._give_up()
        if lost:
            self._lost.succeed(Disconnected("The service was stopped."))
        await self._work
        tor, self._opened = self._opened, None
        await self.restoring.part(self._reactor, tor is not None and tor.process is None)
        await self._source.close(tor)

    def _put_away(self, _: object) -> None:
        self._machine.put_away()
        self._act()

    # -- whether Tor still answers -------------------------------------------------------------------------------------

    def _ping_later(self) -> None:
        if self._ping_seconds is not None:
            self._timers.later("ping", self._ping_seconds, self._ping)

    @deferred
    async def _ping(self) -> None:
        tor, seconds = self._opened, self._ping_seconds
        if tor is None or seconds is None:
            return
        try:
            await tor.protocol.send(GetInfo(("version",)), seconds)
        except CommandTimeout as error:
            _log.warn("Tor does not answer; it is given up. {error}", error=error)
            tor.protocol.cut()
            if tor.process is not None:
                tor.process.end(0)
        except TorRefused:
            pass  # a filter that answers stands before a Tor that answers
        except TorError:
            return  # the connection is lost, which is told elsewhere
        if tor is self._opened:
            self._ping_later()

    def _change(self, **changes: Any) -> None:
        before = self.health
        if changes.get("status", before.status) is not before.status:
            changes["since"] = self._reactor.seconds()
        self.health = health = replace(before, failures=self._core.failures, **changes)
        if health != before:
            for listener in list(self.listeners):
                tell(listener, health)

    def _progressed(self, progress: BootstrapProgress) -> None:
        self._change(progress=progress)
