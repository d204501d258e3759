# -*- test-case-name: txtor.test.control.test_identity -*-
"""
NEWNYM, and when Tor really acts on it.

Tor accepts every NEWNYM and acts at most once in ten seconds: what comes sooner is delayed, and several become one. A Tor without
client ports accepts it and never acts. Only the SIGNAL event tells. See control-spec 3.7 and 4.1.18.
"""

from __future__ import annotations

from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.interfaces import IReactorTime

from txtor._deferred import deferred
from txtor.commands import Signal
from txtor.errors import CommandTimeout
from txtor.events import SignalEvent

from ._protocol import TorControlProtocol

#: Tor acts on NEWNYM at most once in so many seconds.
NEWNYM_INTERVAL = 10.0

#: How long to wait for the event that says it acted. Tor's own delay is at most `NEWNYM_INTERVAL`.
PATIENCE = 15.0


class Identity:
    """
    Asks one Tor for new identities and knows when the next one is to be had.
    """

    def __init__(self, clock: IReactorTime, protocol: TorControlProtocol) -> None:
        self._clock = clock
        self._protocol = protocol
        self._acted: float | None = None
        self._listening = False
        self._waiting: list[Deferred[None]] = []

    def _signal(self, event: SignalEvent) -> None:
        if event.signal == "NEWNYM":
            self._acted = self._clock.seconds()
            waiting, self._waiting = self._waiting, []
            for waiter in waiting:
                if not waiter.called:
                    waiter.callback(None)

    @deferred
    async def listen(self) -> None:
        """
        Begin to notice NEWNYM, whoever asks for it.
        """
        if not self._listening:
            self._listening = True
            try:
                await self._protocol.add_event_listener("SIGNAL", self._signal)
            except BaseException:
                self._listening = False
                raise

    @deferred
    async def new(self) -> float:
        """
        Ask for a new identity; see `txtor.Tor.new_identity`.
        """
        await self.listen()
        await self._protocol.send(Signal("NEWNYM"))
        asked = self._clock.seconds()
        acted: Deferred[None] = Deferred()
        self._waiting.append(acted)
        gone = self._protocol.when_disconnected()
        gone.addCallbacks(
            lambda reason: None if acted.called else acted.errback(reason),
            lambda failure: failure.trap(CancelledError) and None,
        )

        def give_up(value: object, seconds: float) -> None:
            raise CommandTimeout("SIGNAL NEWNYM (Tor accepted it and has not acted: it has no client port, perhaps)", seconds)

        try:
            await acted.addTimeout(PATIENCE, self._clock, onTimeoutCancel=give_up)
        finally:
            if acted in self._waiting:
                self._waiting.remove(acted)
            gone.cancel()
        return self._clock.seconds() - asked

    def wait(self) -> float:
        """
        In how many seconds Tor will act on a NEWNYM that is sent now; 0 if at once, as far as is known.
        """
        if self._acted is None:
            return 0.0
        return max(0.0, self._acted + NEWNYM_INTERVAL - self._clock.seconds())
