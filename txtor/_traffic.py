# -*- test-case-name: txtor.test.test_traffic -*-
"""
What goes through a Tor: connections, web requests and look-ups. See RFC 1928 and socks-extensions.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IStreamClientEndpoint

from txtor.control import LazySocksEndpoint, TorControlProtocol

if TYPE_CHECKING:
    from twisted.web.client import HTTPConnectionPool
    from twisted.web.iweb import IPolicyForHTTPS

    from txtor.names import TorHostnameResolver, TorResolver
    from txtor.socks import AnyIsolation, TorSocksEndpoint
    from txtor.state import Circuit
    from txtor.web import TorAgent

SocksEndpoint: TypeAlias = "IStreamClientEndpoint | str | None"


class Traffic:
    """
    The part of `txtor.Tor` that carries traffic. Tor's SocksPort is asked for when it is first needed; where there is none,
    Tor is told to open one.
    """

    _reactor: Any
    protocol: TorControlProtocol

    def _socks(self, socks_endpoint: SocksEndpoint) -> IStreamClientEndpoint | str:
        return LazySocksEndpoint(self._reactor, self.protocol) if socks_endpoint is None else socks_endpoint

    def stream_via(
        self,
        host: str | bytes,
        port: int,
        tls: Any = False,
        socks_endpoint: SocksEndpoint = None,
        isolation: AnyIsolation = None,
    ) -> TorSocksEndpoint:
        """
        An endpoint for a host and a port, reached through this Tor.

        :param host: a name in any script, or an address. This machine never looks it up.
        :param port: 1 to 65535.
        :param tls: whether to speak TLS and verify that the certificate is the host's; or a connection creator.
        :param socks_endpoint: another SocksPort than Tor's first.
        :param isolation: with which connections this may share a circuit; see `txtor.socks.IsolationToken`.
        :raises InvalidArgument: an argument cannot be used.
        """
        from txtor.socks import TorSocksEndpoint

        return TorSocksEndpoint(self._socks(socks_endpoint), host, port, tls, isolation=isolation, reactor=self._reactor)

    def web_agent(
        self,
        pool: HTTPConnectionPool | None = None,
        socks_endpoint: SocksEndpoint = None,
        tls_context_factory: IPolicyForHTTPS | None = None,
        circuit: Circuit | None = None,
        isolation: AnyIsolation = None,
    ) -> TorAgent:
        """
        An agent for twisted.web, and for treq: ``HTTPClient(tor.web_agent())``.

        :param pool: keep connections in this pool.
        :param socks_endpoint: another SocksPort than Tor's first.
        :param tls_context_factory: how certificates are verified, by default as browsers do.
        :param circuit: use this circuit and no other.
        :param isolation: with which connections these may share a circuit.
        :raises InvalidArgument: an argument cannot be used, or both a circuit and an isolation are given.
        """
        from txtor.web import tor_agent  # twisted.web is wanted by few

        return tor_agent(
            self._reactor, self._socks(socks_endpoint), circuit, pool, tls_context_factory, isolation=isolation
        )

    def dns_resolve(self, hostname: str, isolation: AnyIsolation = None) -> Deferred[str]:
        """
        Look up a name through Tor.

        :return: one address, IPv4 or IPv6, as the exit chose.
        :raises HostUnreachableError: there is no such name.
        """
        from txtor.socks import resolve

        return resolve(self._socks(None), hostname, isolation=isolation, reactor=self._reactor)

    def dns_resolve_ptr(self, ip: str, isolation: AnyIsolation = None) -> Deferred[str]:
        """
        Look up the name of an address through Tor.

        :return: the name that its owner gives it.
        :raises HostUnreachableError: it has none.
        """
        from txtor.socks import resolve_ptr

        return resolve_ptr(self._socks(None), ip, isolation=isolation, reactor=self._reactor)

    def hostname_resolver(self, isolation: AnyIsolation = None) -> TorHostnameResolver:
        """
        What has this Tor look up all names that a reactor is asked for: ``reactor.installNameResolver(tor.hostname_resolver())``.

        :param isolation: with which connections the look-ups may share a circuit.
        :raises InvalidArgument: the isolation is none.
        """
        from txtor.names import TorHostnameResolver  # twisted.names is wanted by few

        return TorHostnameResolver(self._socks(None), isolation, self._reactor)

    def resolver(self, isolation: AnyIsolation = None) -> TorResolver:
        """
        What twisted.names calls a resolver: for ``reactor.installResolver``, or for a DNS server that asks this Tor.

        :param isolation: with which connections the look-ups may share a circuit.
        :raises InvalidArgument: the isolation is none.
        """
        from txtor.names import TorResolver

        return TorResolver(self._reactor, self._socks(None), isolation)
