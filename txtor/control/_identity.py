# -*- test-case-name: txtor.test.test_traffic -*-
"""
NEWNYM, and when Tor really acts on it.

Tor accepts every NEWNYM and acts at most once in ten seconds: what comes sooner is delayed, and several become one. A Tor without
client ports accepts it and never acts. Only the SIGNAL event tells. See control-spec 3.7 and 4.1.17.
"""

from __future__ import annotations

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime

from txtor._deferred import deferred, forget_cancelled
from txtor.commands import Signal
from txtor.errors import CommandTimeout
from txtor.events import SignalEvent
from txtor.grammar import Reply

from ._protocol import TorControlProtocol

#: Tor acts on NEWNYM at most once in so many seconds.
NEWNYM_INTERVAL = 10.0

#: How long to wait for the event that says it acted. Tor's own delay is at most `NEWNYM_INTERVAL`.
PATIENCE = 15.0


class _Asked:
    """
    A NEWNYM of ours, as a command. An event that comes before its reply is the echo of somebody else's.
    """

    keyword = Signal.keyword

    def __init__(self) -> None:
        self._signal = Signal("NEWNYM")
        self.is_accepted = False
        self.acted: Deferred[None] = Deferred()

    def to_wire(self) -> bytes:
        return self._signal.to_wire()

    def parse_reply(self, reply: Reply) -> None:
        self._signal.parse_reply(reply)
        self.is_accepted = True


class Identity:
    """
    Asks one Tor for new identities and knows when the next one is to be had.
    """

    def __init__(self, clock: IReactorTime, protocol: TorControlProtocol) -> None:
        self._clock = clock
        self._protocol = protocol
        self._acted: float | None = None
        self._listening = False
        self._waiting: list[_Asked] = []

    def _signal(self, event: SignalEvent) -> None:
        if event.signal == "NEWNYM":
            self._acted = self._clock.seconds()
            for asked in [asked for asked in self._waiting if asked.is_accepted]:
                if not asked.acted.called:
                    asked.acted.callback(None)

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
        asked, began = _Asked(), self._clock.seconds()
        acted = asked.acted
        self._waiting.append(asked)
        gone = self._protocol.when_disconnected()
        gone.addCallbacks(
            lambda reason: None if acted.called else acted.errback(reason),
            forget_cancelled,
        )

        def give_up(value: object, seconds: float) -> None:
            raise CommandTimeout("SIGNAL NEWNYM (Tor accepted it and has not acted: it has no client port, perhaps)", seconds)

        try:
            await self._protocol.send(asked)
            await acted.addTimeout(PATIENCE, self._clock, onTimeoutCancel=give_up)
        finally:
            self._waiting.remove(asked)
            gone.cancel()
            acted.addErrback(lambda failure: None)  # the end of the connection is told by the command, when it waits
        return self._clock.seconds() - began

    def wait(self) -> float:
        """
        In how many seconds Tor will act on a NEWNYM that is sent now; 0 if at once, as far as is known.
        """
        if self._acted is None:
            return 0.0
        return max(0.0, self._acted + NEWNYM_INTERVAL - self._clock.seconds())
