"""
What tests on loopback have in common: a SOCKS server, and a local resolver that tells on whoever asks it.
"""

from __future__ import annotations

import socket
from typing import Any

from twisted.internet import reactor as the_reactor
from twisted.internet.endpoints import TCP4ClientEndpoint, TCP4ServerEndpoint
from twisted.internet.interfaces import IHostnameResolver, IResolverSimple
from twisted.trial.unittest import TestCase
from zope.interface import implementer

from txtor.test.socks.server import SocksServer

reactor: Any = the_reactor


@implementer(IHostnameResolver, IResolverSimple)
class Telltale:
    """
    A local resolver that must not be asked.
    """

    def __init__(self) -> None:
        self.asked: list[Any] = []

    def ask(self, *args: Any, **kwargs: Any) -> Any:
        """
        Note who was asked for, and fail loudly.
        """
        self.asked.append(args)
        raise AssertionError(f"The local resolver was asked: {args}")

    resolveHostName = getHostByName = ask  # noqa: N815  # Twisted's


def forbid_looking_up(case: TestCase) -> Telltale:
    """
    Replace every local resolver of this process until the test is over, which fails if one was asked.
    """
    telltale = Telltale()
    for install in (reactor.installNameResolver, reactor.installResolver):
        case.addCleanup(install, install(telltale))
    for name in ("getaddrinfo", "gethostbyname", "gethostbyname_ex", "gethostbyaddr", "getnameinfo", "getfqdn"):
        case.patch(socket, name, telltale.ask)
    case.addCleanup(lambda: case.assertEqual(telltale.asked, []))
    return telltale


class LoopbackCase(TestCase):
    """
    A SOCKS server on loopback, and no local resolver.

    :ivar server: what it is to do, and what it was asked.
    :ivar socks: the endpoint of its port.
    """

    timeout = 20

    async def setUp(self) -> None:  # type: ignore[override]  # trial waits for it
        forbid_looking_up(self)
        self.server = SocksServer(reactor)
        self.port = await self.listen(self.server)
        self.socks = TCP4ClientEndpoint(reactor, "127.0.0.1", self.port)

    async def listen(self, factory: Any, wrap: Any = lambda endpoint: endpoint) -> int:
        """
        Listen until the test is over.

        :param wrap: what is done to the endpoint first.
        :return: the port.
        """
        port = await wrap(TCP4ServerEndpoint(reactor, 0, interface="127.0.0.1")).listen(factory)
        self.addCleanup(port.stopListening)
        number: int = port.getHost().port
        return number
