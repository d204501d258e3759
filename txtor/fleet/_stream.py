# -*- test-case-name: txtor.test.fleet.test_fleet -*-
"""
An endpoint whose connections are shared out among the Tors of a fleet.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IProtocol, IProtocolFactory, IStreamClientEndpoint
from twisted.protocols.policies import ProtocolWrapper, WrappingFactory
from twisted.python.failure import Failure
from zope.interface import implementer

from txtor._deferred import deferred
from txtor.service import TorService


class _Counted(ProtocolWrapper):
    """
    A connection whose end is told.
    """

    def connectionLost(self, reason: Failure = None) -> None:  # type: ignore[assignment]  # as Twisted declares it
        """
        It has ended.
        """
        assert isinstance(self.factory, _Counting)  # which has built it
        self.factory.end()
        super().connectionLost(reason)  # type: ignore[no-untyped-call]  # Twisted's


class _Counting(WrappingFactory):
    """
    Makes the program's protocol, and tells when its connection ends.
    """

    protocol = _Counted
    noisy = False

    def __init__(self, factory: IProtocolFactory, end: Callable[[], None]) -> None:
        super().__init__(factory)  # type: ignore[no-untyped-call]  # Twisted's
        self.end = end


@implementer(IStreamClientEndpoint)
class FleetEndpoint:
    """
    A host and a port, reached through whichever Tor has a turn at the moment of connecting.

    :param take: chooses a Tor, and gives with it what is to be called at the end.
    """

    def __init__(
        self, take: Callable[[], tuple[TorService, Callable[[], None]]], host: str | bytes, port: int, arguments: dict[str, Any]
    ) -> None:
        self._take = take
        self._host = host
        self._port = port
        self._arguments = arguments

    def connect(self, protocolFactory: IProtocolFactory) -> Deferred[IProtocol]:  # noqa: N803  # Twisted's
        """
        Connect.

        :raises Disconnected: no Tor of the fleet is ready.
        :raises SocksError: a subclass for each cause.
        """
        return self._connect(protocolFactory)

    @deferred
    async def _connect(self, factory: IProtocolFactory) -> IProtocol:
        service, end = self._take()
        assert service.tor is not None  # it was chosen because it is ready
        try:
            endpoint = service.tor.stream_via(self._host, self._port, **self._arguments)
            wrapper = await endpoint.connect(_Counting(factory, end))
        except BaseException:  # whatever it was, nothing goes through it
            end()
            raise
        assert isinstance(wrapper, _Counted)  # what the factory builds
        inner: IProtocol = wrapper.wrappedProtocol
        return inner
