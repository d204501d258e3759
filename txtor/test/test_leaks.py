# -*- test-case-name: txtor.test.test_leaks -*-
"""
Nothing that goes through Tor is looked up by this machine.

Each way to reach a name is tried on a real Tor, while every local resolver fails loudly; and the places of the library that could
ask a local resolver at all are a list.
"""

from __future__ import annotations

import ast
import secrets
from typing import Any

import treq
from twisted.internet.defer import Deferred, maybeDeferred
from twisted.internet.endpoints import HostnameEndpoint, clientFromString
from twisted.internet.error import DNSLookupError
from twisted.internet.protocol import Factory, Protocol
from twisted.names import dns
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase
from twisted.web.resource import Resource
from twisted.web.server import Request, Site

from txtor import Tor, connect
from txtor._deferred import deferred
from txtor.commands import MapAddress
from txtor.endpoints import TorClientEndpoint
from txtor.endpoints._shared import socks_of_control
from txtor.errors import HostUnreachableError
from txtor.socks import IsolationToken, resolve
from txtor.state import Circuit
from txtor.test.serving import serve
from txtor.test.socks.loopback import forbid_looking_up
from txtor.test.test_layering import modules
from txtor.testing import TorNetworkTestCase
from txtor.web import tor_agent

#: What may look a name up when it is given one, by module; and why that is no leak.
MAY_LOOK_UP = {
    "config/_socks_ports.py": "the SocksPort, whose host Tor's configuration says",
    "endpoints/_guess.py": "127.0.0.1 alone",
    "process/_launch.py": "127.0.0.1 alone",
    "control/_connect.py": "the control port, from the caller's own endpoint string",
    "service/_source.py": "the control port, from the caller's own endpoint string",
    "socks/_endpoint.py": "the SocksPort, from the caller's own endpoint string",
    "endpoints/_client_string.py": "the SocksPort, where the string names its host",
    "endpoints/_server_string.py": "where to listen on this machine, from the caller's own endpoint string",
    "fetch/_client.py": "a directory server that is asked without Tor; with through= it has none",
}

#: The names that a lookup needs, in Twisted and in the standard library.
LOOK_UPS = {
    *("TCP4ClientEndpoint", "TCP6ClientEndpoint"),
    *("HostnameEndpoint", "clientFromString", "serverFromString", "connectTCP", "nameResolver", "theResolver", "getResolver"),
    *("getaddrinfo", "gethostbyname", "gethostbyname_ex", "gethostbyaddr", "getnameinfo", "getfqdn", "create_connection"),
    *("lookupAddress", "lookupIPV6Address", "lookupAllRecords", "createResolver", "GAIResolver", "ThreadedResolver"),
}


class PlacesTests(SynchronousTestCase):
    """
    The code of the library.
    """

    def test_places(self) -> None:
        """
        Only the places of the list can have this machine look up a name.
        """
        found: dict[str, set[str]] = {}
        for part, path, tree in modules():
            if part == "testing":  # private networks, on loopback
                continue
            for node in ast.walk(tree):
                names: set[Any] = {getattr(node, "attr", None), getattr(node, "id", None)}
                if isinstance(node, ast.ImportFrom):
                    names |= {alias.name for alias in node.names}
                if names & LOOK_UPS:
                    found.setdefault(path.as_posix(), set()).update(names & LOOK_UPS)
        self.assertEqual({path: sorted(found[path]) for path in set(found) - set(MAY_LOOK_UP)}, {})
        self.assertEqual(set(MAY_LOOK_UP) - set(found), set())


class Host(Resource):
    """
    A page that says under which name it was asked for.
    """

    isLeaf = True  # noqa: N815  # Twisted's

    def render_GET(self, request: Request) -> bytes:
        """
        Its host.
        """
        host: bytes = request.getRequestHostname()
        return host


class Asks(Protocol):
    """
    Asks for the page, and waits for all of it.
    """

    def __init__(self, host: str) -> None:
        self.host = host
        self.received = b""
        self.page: Deferred[bytes] = Deferred()

    def connectionMade(self) -> None:
        """
        Ask.
        """
        assert self.transport is not None
        self.transport.write(b"GET / HTTP/1.0\r\nHost: %s\r\n\r\n" % self.host.encode())

    def dataReceived(self, data: bytes) -> None:
        """
        A piece.
        """
        self.received += data

    def connectionLost(self, reason: Failure | None = None) -> None:
        """
        That was all.
        """
        self.page.callback(self.received.rpartition(b"\r\n\r\n")[2])


class LeakTests(TorNetworkTestCase):
    """
    A name that Tor alone knows, one that nobody knows, and no local resolver.

    :ivar name: what Tor knows, by MAPADDRESS: 127.0.0.1.
    """

    @deferred
    async def setUp(self) -> None:  # type: ignore[override]  # trial waits for a Deferred
        await super().setUp()
        self.client = self.network.clients[1]
        forbid_looking_up(self)
        self.tor: Tor = await connect(self.reactor, self.client.control_endpoint)
        self.addCleanup(self.tor.close)
        self.name = f"{secrets.token_hex(8)}.example"
        await self.tor.protocol.send(MapAddress({self.name: "127.0.0.1"}))
        self.addCleanup(lambda: self.tor.protocol.send(MapAddress({self.name: self.name})))
        self.port = self.serve()

    def serve(self) -> int:
        """
        Serve the page until the test is over.
        """
        return serve(self, Site(Host()))

    @deferred
    async def assert_asks_tor(self, endpoint: Any) -> None:
        """
        An endpoint for the name reaches the page.
        """
        asks: Any = await endpoint.connect(Factory.forProtocol(lambda: Asks(self.name)))
        self.assertEqual(await asks.page, self.name.encode())

    @deferred
    async def assert_agent_asks_tor(self, agent: Any) -> None:
        """
        An agent gets the page of the name, and is told that another does not exist, with and without TLS.
        """
        response = await agent.request(b"GET", f"http://{self.name}:{self.port}/".encode())
        self.assertEqual(await treq.content(response), self.name.encode())
        for scheme in (b"http", b"https"):
            await self.assertFailure(agent.request(b"GET", scheme + b"://nowhere.invalid/"), HostUnreachableError)

    @deferred
    async def test_endpoints(self) -> None:
        """
        Endpoints of a `Tor`, without one, and by strings.
        """
        socks, control = self.client.socks_endpoint or "", self.client.control_endpoint
        shared = socks_of_control(self.reactor, control)
        self.addCleanup(shared.close)
        quoted = [text.replace("\\", "\\\\").replace(":", "\\:").replace("=", "\\=") for text in (socks, control)]

        def endpoints(name: str, port: int) -> list[Any]:
            return [
                self.tor.stream_via(name, port),
                self.tor.stream_via(name, port, isolation=IsolationToken.new()),
                TorClientEndpoint(name, port, socks, reactor=self.reactor),
                clientFromString(self.reactor, f"tor:{name}:{port}:socksPort={self.client.socks_port}"),
                clientFromString(self.reactor, f"tor:{name}:{port}:socks={quoted[0]}"),
                clientFromString(self.reactor, f"tor:{name}:{port}:control={quoted[1]}"),
            ]

        for endpoint in endpoints(self.name, self.port):
            await self.assert_asks_tor(endpoint)
        tls = self.tor.stream_via("nowhere.invalid", 443, tls=True)
        for endpoint in [tls, *endpoints("nowhere.invalid", 80)]:
            await self.assertFailure(endpoint.connect(Factory.forProtocol(Protocol)), HostUnreachableError)

    @deferred
    async def test_agents(self) -> None:
        """
        Agents of a `Tor` and without one.
        """
        await self.assert_agent_asks_tor(self.tor.web_agent(isolation=IsolationToken.new()))
        await self.assert_agent_asks_tor(tor_agent(self.reactor, self.client.socks_endpoint or ""))

    @deferred
    async def test_circuit(self) -> None:
        """
        Endpoints and agents of a circuit.
        """
        state = await self.tor.create_state()
        self.addCleanup(state.close)
        path = [node.fingerprint or "" for node in self.network.exits[:2]]
        circuit: Circuit = await (await state.build_circuit(path, purpose="controller")).when_built()
        await self.assert_asks_tor(circuit.stream_via(self.name, self.port))
        await self.assert_agent_asks_tor(circuit.web_agent())
        await circuit.close()

    @deferred
    async def test_look_ups(self) -> None:
        """
        Look-ups over SOCKS, and the resolvers for other programs.
        """
        self.assertEqual(await self.tor.dns_resolve(self.name), "127.0.0.1")
        self.assertEqual(await resolve(self.client.socks_endpoint or "", self.name, reactor=self.reactor), "127.0.0.1")
        resolver = self.tor.resolver(IsolationToken.new())
        self.assertEqual(await resolver.getHostByName(self.name), "127.0.0.1")
        answers, _, _ = await maybeDeferred(resolver.lookupAddress, self.name)
        self.assertEqual([answer.payload for answer in answers], [dns.Record_A("127.0.0.1", 0)])
        for look_up in (self.tor.dns_resolve, resolver.getHostByName):
            await self.assertFailure(look_up("nowhere.invalid"), HostUnreachableError)
        await self.assertFailure(self.tor.dns_resolve_ptr("192.0.2.1"), HostUnreachableError)

    @deferred
    async def test_reactor(self) -> None:
        """
        A reactor that asks Tor for all names: a program of Twisted that knows nothing of Tor finds what Tor finds.
        """
        before = self.reactor.installNameResolver(self.tor.hostname_resolver())
        self.addCleanup(self.reactor.installNameResolver, before)
        await self.assert_asks_tor(HostnameEndpoint(self.reactor, self.name.encode(), self.port))
        nowhere = HostnameEndpoint(self.reactor, b"nowhere.invalid", 80)
        await self.assertFailure(nowhere.connect(Factory.forProtocol(Protocol)), DNSLookupError)
