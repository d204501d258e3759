# -*- test-case-name: txtor.test.control.test_readiness -*-
"""
Whether Tor can be used, and waiting until it can.
"""

from __future__ import annotations

from twisted.internet.defer import Deferred

from txtor._deferred import deferred, forget_cancelled
from txtor.commands import Signal
from txtor.errors import Disconnected
from txtor.events import Event

from ._protocol import TorControlProtocol

#: What Tor says when it can be used.
_USABLE = {"status/enough-dir-info": "1", "status/circuit-established": "1"}


class Readiness:
    """
    Asks one Tor whether it is ready, and has it become so.
    """

    def __init__(self, protocol: TorControlProtocol) -> None:
        self._protocol = protocol

    @deferred
    async def is_ready(self) -> bool:
        """
        Whether it is; see `txtor.Tor.is_ready`.
        """
        ready = {"dormant": "0", **_USABLE}
        return await self._protocol.get_info(*ready) == ready

    @deferred
    async def become_ready(self) -> None:
        """
        Wait until it is; see `txtor.Tor.become_ready`.
        """
        something: Deferred[None] = Deferred()

        def happened(_: Event) -> None:
            if not something.called:
                something.callback(None)

        def lost(reason: Disconnected) -> None:
            if not something.called:
                something.errback(reason)

        gone = self._protocol.when_disconnected()
        gone.addCallbacks(lost, forget_cancelled)
        try:
            await self._protocol.add_event_listener("STATUS_CLIENT", happened)
            await self._protocol.send(Signal("ACTIVE"))  # no value of GETINFO tells whether SIGNAL DORMANT made it sleep
            while await self._protocol.get_info(*_USABLE) != _USABLE:
                await something
                something = Deferred()
        finally:
            gone.cancel()
            something.addErrback(lambda failure: None)  # a command was told of the end
            unlistened = self._protocol.remove_event_listener("STATUS_CLIENT", happened)
            unlistened.addErrback(lambda failure: failure.trap(Disconnected) and None)
