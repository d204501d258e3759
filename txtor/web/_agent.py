# -*- test-case-name: txtor.test.web.test_agent -*-
"""
An agent whose connections go through Tor.

Names are looked up by Tor, certificates are verified as ever. Connections in a pool belong to who opened them: an agent that
shares a pool with others gets back only connections of the same Tor, the same isolation and the same circuit.
"""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any, Protocol

from twisted.internet.defer import Deferred, fail
from twisted.internet.endpoints import wrapClientTLS
from twisted.internet.interfaces import IReactorTime, IStreamClientEndpoint
from twisted.web.client import URI, Agent, BrowserLikePolicyForHTTPS, HTTPConnectionPool
from twisted.web.error import SchemeNotSupported
from twisted.web.http_headers import Headers
from twisted.web.iweb import IAgent, IAgentEndpointFactory, IBodyProducer, IPolicyForHTTPS, IResponse
from zope.interface import implementer

from txtor.errors import InvalidArgument
from txtor.socks import AnyIsolation, Isolation, IsolationToken, TorSocksEndpoint, as_endpoint, parse_target


class CircuitLike(Protocol):
    """
    What gives endpoints whose connections go over one circuit.
    """

    def stream_via(self, host: str, port: int, *, socks_endpoint: IStreamClientEndpoint) -> IStreamClientEndpoint:
        """
        An endpoint for a host and a port over this circuit.
        """


@implementer(IAgentEndpointFactory)
class _Endpoints:
    """
    The endpoint for each URI.
    """

    def __init__(
        self,
        socks_endpoint: IStreamClientEndpoint,
        isolation: AnyIsolation,
        circuit: CircuitLike | None,
        policy: IPolicyForHTTPS,
    ) -> None:
        self._socks_endpoint = socks_endpoint
        self._isolation = isolation
        self._circuit = circuit
        self._policy = policy

    def endpointForURI(self, uri: URI) -> IStreamClientEndpoint:
        """
        An endpoint that goes through Tor, with TLS for ``https``.

        :raises SchemeNotSupported: the scheme is neither ``http`` nor ``https``.
        :raises InvalidArgument: the host cannot be connected to, or no certificate can be for it.
        """
        if uri.scheme not in (b"http", b"https"):
            raise SchemeNotSupported(f"Not http or https: {uri.scheme[:40]!r}")
        target = parse_target(uri.host, uri.port)
        if self._circuit is not None:
            endpoint = self._circuit.stream_via(target.host, target.port, socks_endpoint=self._socks_endpoint)
        else:
            endpoint = TorSocksEndpoint(self._socks_endpoint, target.host, target.port, isolation=self._isolation)
        if uri.scheme == b"http":
            return endpoint
        try:
            creator = self._policy.creatorForNetloc(target.host.encode("ascii"), target.port)
        except ValueError as error:  # UnicodeError among them: a name that no certificate can hold
            raise InvalidArgument(f"No certificate can be verified for {target.host[:80]!r}: {error}") from None
        return wrapClientTLS(creator, endpoint)


class _Same:
    """
    A thing that is equal to itself alone, whatever its class says of equality, and always hashable.
    """

    def __init__(self, thing: object) -> None:
        self._thing = thing

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Same) and self._thing is other._thing

    def __hash__(self) -> int:
        return id(self._thing)


class _OwnedConnections:
    """
    What an agent sees of a pool: the connections of its owner.
    """

    def __init__(self, pool: HTTPConnectionPool, owner: Hashable) -> None:
        self._pool = pool
        self._owner = owner

    @property
    def persistent(self) -> bool:
        """
        Whether connections outlive a request.
        """
        persistent: bool = self._pool.persistent
        return persistent

    def getConnection(self, key: Hashable, endpoint: IStreamClientEndpoint) -> Deferred[Any]:
        """
        A connection for scheme, host and port: one that is kept, or a new one.
        """
        return self._pool.getConnection((self._owner, key), endpoint)


@implementer(IAgent)
class TorAgent:
    """
    What `tor_agent` makes.
    """

    def __init__(self, agent: IAgent) -> None:
        self._agent = agent

    def request(
        self,
        method: bytes,
        uri: bytes,
        headers: Headers | None = None,
        bodyProducer: IBodyProducer | None = None,  # noqa: N803  # Twisted's
    ) -> Deferred[IResponse]:
        """
        Ask for a URI.

        :param method: as ``b"GET"``.
        :param uri: absolute, ``http`` or ``https``, in ASCII.
        :param headers: what is sent besides ``Host`` and those that describe the body.
        :param bodyProducer: the body.
        :return: a Deferred that fires with the response when its headers are there. Cancelling it closes the connection.
        :raises InvalidArgument: in the Deferred: the URI cannot be asked for. Nothing was sent.
        :raises SchemeNotSupported: in the Deferred, from twisted.web.
        :raises SocksError: in the Deferred: no connection; a subclass for each cause.
        """
        try:
            return self._agent.request(method, uri, headers, bodyProducer)
        except InvalidArgument as error:
            return fail(error)
        except ValueError as error:  # twisted.web's, for a method or URI that would break the request
            return fail(InvalidArgument(f"This cannot be asked for: {error}"))


def tor_agent(
    reactor: IReactorTime,
    socks_endpoint: IStreamClientEndpoint | str,
    circuit: CircuitLike | None = None,
    pool: HTTPConnectionPool | None = None,
    tls_context_factory: IPolicyForHTTPS | None = None,
    *,
    isolation: AnyIsolation = None,
) -> TorAgent:
    """
    An agent for twisted.web, whose connections go through Tor. For treq: ``HTTPClient(tor_agent(...))``.

    :param reactor: for time; and for connections to the SocksPort, if ``socks_endpoint`` is a string.
    :param socks_endpoint: where the SocksPort is: an endpoint, or its string.
    :param circuit: use this circuit and no other.
    :param pool: keep connections in this pool, which may be shared: agents of different isolation, of different circuits or of
        different ``socks_endpoint`` objects never get each other's. By default each request has a connection of its own.
    :param tls_context_factory: how certificates are verified, by default as browsers do.
    :param isolation: with which connections these may share a circuit; see `txtor.socks.IsolationToken`.
    :raises InvalidArgument: an argument cannot be used.
    """
    if circuit is not None and isolation is not None:
        raise InvalidArgument("A circuit was given, so that an isolation has nothing to decide.")
    if not (isolation is None or isinstance(isolation, (IsolationToken, Isolation))):
        raise InvalidArgument(f"An isolation is an IsolationToken, an Isolation or None, not {isolation!r:.80}.")
    if tls_context_factory is None:
        tls_context_factory = BrowserLikePolicyForHTTPS()
    elif not IPolicyForHTTPS.providedBy(tls_context_factory):
        raise InvalidArgument(f"tls_context_factory must provide IPolicyForHTTPS, unlike {tls_context_factory!r:.80}.")
    endpoint = as_endpoint(socks_endpoint, reactor)  # type: ignore[arg-type]  # which Interface a string needs, it says
    place = socks_endpoint if isinstance(socks_endpoint, str) else _Same(socks_endpoint)
    if pool is None:
        pool = HTTPConnectionPool(reactor, persistent=False)
    connections = _OwnedConnections(pool, (place, isolation, _Same(circuit)))
    endpoints = _Endpoints(endpoint, isolation, circuit, tls_context_factory)
    return TorAgent(Agent.usingEndpointFactory(reactor, endpoints, connections))
