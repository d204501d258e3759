# -*- test-case-name: txtor.test.endpoints.test_client -*-
"""
The client endpoint for programs that want to reach a host through whatever Tor there is.
"""

from __future__ import annotations

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import (
    IOpenSSLClientConnectionCreator,
    IProtocol,
    IProtocolFactory,
    IReactorTCP,
    IStreamClientEndpoint,
)
from zope.interface import implementer

from txtor.socks import AnyIsolation, TorSocksEndpoint

from ._guess import GuessedSocksEndpoint, running_reactor


@implementer(IStreamClientEndpoint)
class TorClientEndpoint:
    """
    A host and a port, reached through Tor.

    No control port is needed. Without ``socks_endpoint`` the usual SOCKS ports of this machine are tried, 9050 and then 9150.
    """

    def __init__(  # noqa: PLR0917  # the order that programs know from txtorcon
        self,
        host: str | bytes,
        port: int,
        socks_endpoint: IStreamClientEndpoint | str | None = None,
        tls: bool | IOpenSSLClientConnectionCreator = False,
        socks_username: str | bytes | None = None,
        socks_password: str | bytes | None = None,
        reactor: IReactorTCP | None = None,
        *,
        isolation: AnyIsolation = None,
    ) -> None:
        """
        :param host: a name in any script, or an IPv4 or IPv6 address.
        :param port: 1 to 65535.
        :param socks_endpoint: where the SocksPort is: an endpoint, its string, or ``None`` to try the usual ones.
        :param tls: whether to speak TLS and verify that the certificate is the host's; or a connection creator.
        :param socks_username: at most 255 bytes. Tor takes any, and isolates by it.
        :param socks_password: at most 255 bytes.
        :param reactor: for ``socks_endpoint`` where that is a string or ``None``; by default the one that is installed.
        :param isolation: with which connections this one may share a circuit; see `IsolationToken`.
        :raises InvalidArgument: an argument cannot be used, or a reactor is needed and none is installed.
        """
        if socks_endpoint is None:
            socks_endpoint = GuessedSocksEndpoint(running_reactor() if reactor is None else reactor)
        elif isinstance(socks_endpoint, str) and reactor is None:
            reactor = running_reactor()
        self._endpoint = TorSocksEndpoint(
            socks_endpoint,
            host,
            port,
            tls,
            isolation=isolation,
            username=socks_username,
            password=socks_password,
            reactor=reactor,
        )

    def connect(self, protocolFactory: IProtocolFactory) -> Deferred[IProtocol]:  # noqa: N803  # Twisted's
        """
        Connect. This may be called again, and at the same time.

        :param protocolFactory: its ``buildProtocol`` is called when the other side is there.
        :return: a Deferred that fires with the protocol, connected.
        :raises SocksError: in the Deferred; a subclass for each cause.
        """
        return self._endpoint.connect(protocolFactory)
