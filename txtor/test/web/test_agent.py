# -*- test-case-name: txtor.test.web.test_agent -*-
"""
HTTP through a SOCKS server, to real servers of twisted.web.
"""

from __future__ import annotations

from typing import Any

import treq
from treq.client import HTTPClient
from twisted.internet.address import IPv4Address
from twisted.internet.defer import CancelledError, Deferred, gatherResults
from twisted.internet.endpoints import TCP4ClientEndpoint
from twisted.internet.testing import MemoryReactorClock, StringTransport
from twisted.trial.unittest import SynchronousTestCase
from twisted.web.client import BrowserLikePolicyForHTTPS, HTTPConnectionPool, ResponseNeverReceived
from twisted.web.error import SchemeNotSupported
from twisted.web.iweb import IAgent, IAgentEndpointFactory
from twisted.web.resource import Resource
from twisted.web.server import NOT_DONE_YET, Request, Site
from zope.interface.verify import verifyObject

from txtor.errors import ConnectionRefusedError as Refused
from txtor.errors import HostUnreachableError, InvalidArgument
from txtor.socks import Isolation, IsolationToken, TorSocksEndpoint
from txtor.test.socks.certificates import Authority, TLSServerEndpoint
from txtor.test.socks.loopback import LoopbackCase, reactor
from txtor.test.socks.test_hosts import onion
from txtor.web import TorAgent, tor_agent
from txtor.web._agent import _Endpoints


class Page(Resource):
    """
    A page that says what it was asked.
    """

    isLeaf = True  # noqa: N815  # Twisted's

    def __init__(self) -> None:
        super().__init__()
        self.clients: list[Any] = []

    def render_GET(self, request: Request) -> bytes:
        """
        The host, the path, and a note of the connection.
        """
        self.clients.append(request.getClientAddress().port)
        host: bytes = request.getRequestHostname()
        return host + b" " + request.uri

    def render_POST(self, request: Request) -> Any:
        """
        What was posted; or never anything.
        """
        assert request.content is not None
        return request.content.read() if request.uri != b"/never" else NOT_DONE_YET


class WebCase(LoopbackCase):
    """
    A web server behind the SOCKS server, under two names.
    """

    async def setUp(self) -> None:  # type: ignore[override]  # trial waits for it
        await super().setUp()
        self.page = Page()
        self.web_port = await self.listen(Site(self.page))
        for host in ("example", "other"):
            self.server.routes[host, 80] = self.web_port

    def pool(self) -> HTTPConnectionPool:
        """
        A pool that keeps connections until the test is over.
        """
        pool = HTTPConnectionPool(reactor)
        self.addCleanup(pool.closeCachedConnections)
        return pool

    async def get(self, agent: TorAgent, uri: bytes = b"http://example/page") -> bytes:
        """
        The body of a page.
        """
        body: bytes = await treq.content(await agent.request(b"GET", uri))
        return body


class AgentTests(WebCase):
    """
    `tor_agent`.
    """

    async def test_interface(self) -> None:
        """
        What is declared is provided.
        """
        verifyObject(IAgent, tor_agent(reactor, self.socks))
        verifyObject(IAgentEndpointFactory, _Endpoints(self.socks, None, None, BrowserLikePolicyForHTTPS()))

    async def test_get(self) -> None:
        """
        A page; its host is looked up behind the SOCKS server and nowhere else.
        """
        self.assertEqual(await self.get(tor_agent(reactor, self.socks)), b"example /page")
        self.assertEqual(self.server.requests, [(1, "example", 80)])

    async def test_string(self) -> None:
        """
        The SOCKS port may be a string.
        """
        self.assertEqual(await self.get(tor_agent(reactor, f"tcp:127.0.0.1:{self.port}")), b"example /page")

    async def test_onion(self) -> None:
        """
        An onion service; a mistyped one is refused before anything is sent. Case 106.
        """
        host = onion() + ".onion"
        self.server.routes[host, 8080] = self.web_port
        agent = tor_agent(reactor, self.socks)
        self.assertEqual(await self.get(agent, f"http://{host}:8080/".encode()), host.encode() + b" /")
        wrong = ("b" if host[0] != "b" else "c") + host[1:]
        self.failureResultOf(agent.request(b"GET", f"http://{wrong}/".encode()), InvalidArgument)
        self.assertEqual(len(self.server.connections), 1)

    async def test_addresses(self) -> None:
        """
        Hosts may be addresses; a final dot is dropped on the way to Tor.
        """
        agent = tor_agent(reactor, self.socks)
        self.server.routes["192.0.2.1", 80] = self.server.routes["2001:db8::1", 81] = self.web_port
        for uri in (b"http://192.0.2.1/", b"http://[2001:db8::1]:81/", b"http://example./"):
            await self.get(agent, uri)
        self.assertEqual(self.server.requests, [(1, "192.0.2.1", 80), (1, "2001:db8::1", 81), (1, "example", 80)])

    async def test_refusals(self) -> None:
        """
        The request fails with the error of the connection.
        """
        agent = tor_agent(reactor, self.socks)
        self.server.routes["closed", 80] = 5
        await self.assertFailure(agent.request(b"GET", b"http://closed/"), Refused)
        await self.assertFailure(agent.request(b"GET", b"http://unknown/"), HostUnreachableError)

    async def test_impossible(self) -> None:
        """
        What cannot be asked for fails in the Deferred, and nothing is sent.
        """
        agent = tor_agent(reactor, self.socks)
        for uri in (b"http://a b/", b"http:///", b"http://example:0/", b"https://a_b/", b"http://[fe80::1%25eth0]/"):
            self.failureResultOf(agent.request(b"GET", uri), InvalidArgument)
        self.failureResultOf(agent.request(b"GET", b"http://example/\r\nX: y"), InvalidArgument)
        self.failureResultOf(agent.request(b"GET", b"ftp://example/"), SchemeNotSupported)
        self.assertEqual(self.server.connections, [])

    async def test_cancel(self) -> None:
        """
        A cancelled request closes its connection.
        """
        asking = agent_post(tor_agent(reactor, self.socks), b"http://example/never")
        while not self.server.connections or not self.server.connections[0].piping:
            await soon()
        await soon()
        asking.cancel()
        await self.assertFailure(asking, CancelledError, ResponseNeverReceived)

    async def test_arguments(self) -> None:
        """
        What cannot be used is refused at once.
        """
        arguments: list[dict[str, Any]] = [
            {"isolation": "destination"},
            {"tls_context_factory": object()},
            {"circuit": object(), "isolation": Isolation.PER_CONNECTION},
        ]
        for given in arguments:
            self.assertRaises(InvalidArgument, tor_agent, reactor, self.socks, **given)
        self.assertRaises(InvalidArgument, tor_agent, reactor, "nonsense")


class HTTPSTests(WebCase):
    """
    Certificates.
    """

    async def serve_tls(self, name: str) -> Authority:
        """
        A TLS server behind example:443 with a certificate for a name.
        """
        authority = Authority(name)
        wrap = lambda endpoint: TLSServerEndpoint(authority.server_options(), endpoint)  # noqa: E731
        self.server.routes["example", 443] = await self.listen(Site(self.page), wrap)
        return authority

    def agent(self, authority: Authority) -> TorAgent:
        """
        An agent that trusts one authority.
        """
        policy = BrowserLikePolicyForHTTPS(trustRoot=authority.trust_root())
        return tor_agent(reactor, self.socks, tls_context_factory=policy)

    async def test_https(self) -> None:
        """
        The right certificate: the page. With a final dot in the host too, which no certificate has.
        """
        agent = self.agent(await self.serve_tls("example"))
        self.assertEqual(await self.get(agent, b"https://example/"), b"example /")
        self.assertEqual(await self.get(agent, b"https://example./"), b"example. /")

    async def refused(self, agent: TorAgent) -> str:
        """
        Why a request to https://example/ failed; no page was served.
        """
        error: Any = await self.assertFailure(agent.request(b"GET", b"https://example/"), ResponseNeverReceived)
        self.assertEqual(self.page.clients, [])
        return repr([reason.value for reason in error.reasons])

    async def test_other_host(self) -> None:
        """
        A certificate for another host: nothing is asked.
        """
        self.assertIn("VerificationError", await self.refused(self.agent(await self.serve_tls("other"))))

    async def test_unknown_authority(self) -> None:
        """
        A certificate of an authority that the platform does not trust: nothing is asked.
        """
        await self.serve_tls("example")
        self.assertIn("certificate verify failed", await self.refused(tor_agent(reactor, self.socks)))


class PoolTests(WebCase):
    """
    Who gets a connection that was kept.
    """

    async def connections(self, *agents: TorAgent) -> int:
        """
        How many connections are made when the agents ask one after another, twice.
        """
        before = len(self.server.connections)
        for agent in agents * 2:
            await self.get(agent)
        return len(self.server.connections) - before

    async def test_no_pool(self) -> None:
        """
        Without a pool each request has its connection.
        """
        self.assertEqual(await self.connections(tor_agent(reactor, self.socks)), 2)

    async def test_same(self) -> None:
        """
        Agents of the same Tor and the same isolation share what they keep.
        """
        pool = self.pool()
        for options in ({}, {"isolation": IsolationToken("t")}, {"isolation": Isolation.PER_DESTINATION}):
            given: dict[str, Any] = options
            agents = [tor_agent(reactor, self.socks, pool=pool, **given) for _ in range(2)]
            self.assertEqual(await self.connections(*agents), 1)
        place = f"tcp:127.0.0.1:{self.port}"
        strings = [tor_agent(reactor, each, pool=pool) for each in (place, "".join(place))]
        self.assertEqual(await self.connections(*strings), 1)

    async def test_different(self) -> None:
        """
        Agents of different isolation, or of endpoints that may be different Tors, never get each other's connections.
        """
        pool = self.pool()
        agents = [
            tor_agent(reactor, self.socks, pool=pool),
            tor_agent(reactor, self.socks, pool=pool, isolation=IsolationToken("a")),
            tor_agent(reactor, self.socks, pool=pool, isolation=IsolationToken("b")),
            tor_agent(reactor, self.socks, pool=pool, isolation=Isolation.PER_DESTINATION),
            tor_agent(reactor, TCP4ClientEndpoint(reactor, "127.0.0.1", self.port), pool=pool),
        ]
        self.assertEqual(await self.connections(*agents), len(agents))
        passwords = [password for _, password in self.server.credentials]
        self.assertEqual(len(set(passwords)), 3)
        self.assertEqual(passwords[:2], [b"a", b"b"])

    async def test_per_connection(self) -> None:
        """
        One connection has one token, however many requests it carries; two connections have two.
        """
        agent = tor_agent(reactor, self.socks, pool=self.pool(), isolation=Isolation.PER_CONNECTION)
        await self.get(agent)
        await self.get(agent)
        self.assertEqual(len(self.server.credentials), 1)
        await self.get(agent, b"http://other/")
        self.assertEqual(len(set(self.server.credentials)), 2)

    async def test_circuits(self) -> None:
        """
        Over a circuit, its own endpoints are used; agents of two circuits never share a connection.
        """

        class Circuit:
            def __init__(self, name: str) -> None:
                self.name = name

            def stream_via(self, host: str, port: int, *, socks_endpoint: Any) -> TorSocksEndpoint:
                return TorSocksEndpoint(socks_endpoint, host, port, username=self.name)

        pool = self.pool()
        agents = [tor_agent(reactor, self.socks, Circuit(name), pool) for name in ("a", "b", "a")]
        self.assertEqual(await self.connections(*agents), 3)
        self.assertEqual([username for username, _ in self.server.credentials], [b"a", b"b", b"a"])


class TreqTests(WebCase):
    """
    treq over `tor_agent`.
    """

    async def test_get_and_post(self) -> None:
        """
        The usual verbs, and hosts in other scripts.
        """
        client = HTTPClient(tor_agent(reactor, self.socks, isolation=Isolation.PER_DESTINATION))
        self.assertEqual(await treq.content(await client.get("http://example/a?b=c")), b"example /a?b=c")
        self.assertEqual(await treq.content(await client.post("http://example/", data=b"x" * 100000)), b"x" * 100000)
        self.server.routes["xn--bcher-kva.example", 80] = self.web_port
        await treq.content(await client.get("http://bücher.example/"))
        self.assertEqual(self.server.requests[-1], (1, "xn--bcher-kva.example", 80))

    async def test_many(self) -> None:
        """
        Many at once.
        """
        client = HTTPClient(tor_agent(reactor, self.socks, pool=self.pool()))
        bodies = await gatherResults([client.get(f"http://example/{n}").addCallback(treq.text_content) for n in range(30)])
        self.assertEqual(bodies, [f"example /{n}" for n in range(30)])


class MemoryTests(SynchronousTestCase):
    """
    Time, which is the reactor's.
    """

    def test_timeout(self) -> None:
        """
        ``addTimeout`` ends a request whose connection is not answered, and closes the connection; no timer is left.
        """
        clock = MemoryReactorClock()
        asking = tor_agent(clock, "tcp:127.0.0.1:9050").request(b"GET", b"http://example/")
        asking.addTimeout(60, clock)
        transport = StringTransport()
        protocol: Any = clock.tcpClients[-1][2].buildProtocol(IPv4Address("TCP", "127.0.0.1", 9050))
        protocol.makeConnection(transport)
        clock.advance(60)
        self.failureResultOf(asking)
        self.assertTrue(transport.disconnected)
        self.assertEqual(clock.getDelayedCalls(), [])


def agent_post(agent: TorAgent, uri: bytes) -> Deferred[Any]:
    """
    Post nothing.
    """
    return agent.request(b"POST", uri)


def soon() -> Deferred[None]:
    """
    Fires in a later turn of the reactor.
    """
    later: Deferred[None] = Deferred()
    reactor.callLater(0, later.callback, None)
    return later
