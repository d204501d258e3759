# -*- test-case-name: txtor.test.state.test_on_network -*-
"""
Connecting over one circuit and no other.

A stream is told from all others by what its own SOCKS connection said: a user name that is random and used once, which Tor
repeats in the STREAM event. So it does not matter how many connect at once, over TCP or a unix socket, or which Tor it is. A
stream that Tor takes from its circuit again is closed: nobody gets another circuit than the one asked for. See control-spec
4.1.2.
"""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Any

from twisted.internet.defer import CancelledError
from twisted.internet.interfaces import IProtocol, IProtocolFactory, IStreamClientEndpoint
from twisted.python.failure import Failure
from zope.interface import implementer

from txtor._deferred import deferred
from txtor.errors import Disconnected, SocksError
from txtor.socks import TorSocksEndpoint

from ._circuit import Circuit, CircuitFailed

if TYPE_CHECKING:
    from ._stream import Stream
    from ._torstate import TorState


class Claim:
    """
    A connection that is on its way to one circuit.

    :ivar token: what its stream can be recognized by.
    :ivar stream: the stream, once it was seen.
    """

    __slots__ = ("circuit", "stream", "token")

    def __init__(self, circuit: Circuit) -> None:
        self.circuit = circuit
        self.token = secrets.token_hex(16)
        self.stream: Stream | None = None


@implementer(IStreamClientEndpoint)
class CircuitEndpoint:
    """
    A host and a port, reached over one circuit.

    Made by `Circuit.stream_via`. It can be connected any number of times, and at the same time.
    """

    def __init__(  # noqa: PLR0917  # made in one place
        self,
        state: TorState,
        circuit: Circuit,
        host: str,
        port: int,
        tls: Any,
        socks_endpoint: IStreamClientEndpoint | str | None,
    ) -> None:
        self._state = state
        self._circuit = circuit
        self._target = (host, port, tls)
        self._socks_endpoint = socks_endpoint
        if socks_endpoint is not None:
            self._endpoint(socks_endpoint, "")  # a wrong argument is told now

    def _endpoint(self, socks_endpoint: IStreamClientEndpoint | str, token: str) -> TorSocksEndpoint:
        host, port, tls = self._target
        return TorSocksEndpoint(
            socks_endpoint, host, port, tls, username=token or None, reactor=self._state.reactor
        )

    @deferred
    async def connect(self, protocolFactory: IProtocolFactory) -> IProtocol:  # noqa: N803  # Twisted's
        """
        Connect over the circuit. It may still be building.

        :raises CircuitFailed: the circuit is over, or ends before the connection is there.
        :raises SocksError: in the words of SOCKS, why the exit could not connect.
        :raises Disconnected: the connection to Tor's control port is gone.
        """
        circuit = self._circuit
        if not circuit.is_built:
            await circuit.when_built()
        socks_endpoint = self._socks_endpoint
        if socks_endpoint is None:
            socks_endpoint = await self._state.socks_endpoint()
        claim = Claim(circuit)
        async with _Claimed(self._state, claim):
            connecting = self._endpoint(socks_endpoint, claim.token).connect(protocolFactory)
            watching = circuit.when_closed()
            ended: list[Failure | None] = []

            def over(result: Any) -> None:
                if isinstance(result, Failure) and result.check(CancelledError):
                    return
                ended.append(result if isinstance(result, Failure) else None)
                connecting.cancel()

            watching.addBoth(over)
            try:
                return await connecting
            except (CancelledError, SocksError, Disconnected):
                if not ended:
                    raise
                if ended[0] is not None:
                    ended[0].raiseException()
                raise CircuitFailed(circuit, "has ended") from None
            finally:
                watching.cancel()


class _Claimed:
    """
    While a claim is made, streams are left to us.
    """

    def __init__(self, state: TorState, claim: Claim) -> None:
        self._attaching = state.attaching
        self._claim = claim

    async def __aenter__(self) -> None:
        await self._attaching.claim(self._claim)

    async def __aexit__(self, *error: object) -> None:
        self._attaching.unclaim(self._claim)


