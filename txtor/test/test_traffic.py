# -*- test-case-name: txtor.test.test_traffic -*-
"""
Tests of what goes through a Tor, on the private network, and of the facade.
"""

from __future__ import annotations

import shutil
import tempfile
from typing import Any

from treq import content
from twisted.internet.defer import Deferred, gatherResults
from twisted.internet.protocol import Factory, Protocol
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase
from twisted.web.client import HTTPConnectionPool
from twisted.web.resource import Resource
from twisted.web.server import Site

from txtor import Tor, connect, launch
from txtor._deferred import deferred
from txtor.control import endpoint_of_listener, find_socks_endpoint
from txtor.errors import CommandTimeout, Disconnected, HostUnreachableError, ProtocolViolation, SocksPortNotFound
from txtor.grammar import ReplyLine
from txtor.socks import Isolation, IsolationToken
from txtor.test.serving import serve
from txtor.test.socks.own_client import client_options
from txtor.testing import FakeTor, TorNetworkTestCase


class ListenerTests(SynchronousTestCase):
    """
    Where a Tor takes SOCKS.
    """

    def test_forms(self) -> None:
        """
        Cases 65 and 93: addresses of both kinds, unix sockets with any path, and listeners for everybody.
        """
        for listener, place in (
            ("127.0.0.1:9050", "tcp:127.0.0.1:9050"),
            ("[::1]:9050", "tcp:\\:\\:1:9050"),
            ("0.0.0.0:9050", "tcp:127.0.0.1:9050"),
            ("[::]:9050", "tcp:\\:\\:1:9050"),
            ("unix:/a b/s:x=y", "unix:/a b/s\\:x\\=y"),
        ):
            self.assertEqual(endpoint_of_listener(listener), place)
        for bad in ("nonsense", "host:1", ""):
            self.assertRaises(ProtocolViolation, endpoint_of_listener, bad)

    def test_first(self) -> None:
        """
        The first of several.
        """
        tor = FakeTor()
        tor.info["net/listeners/socks"] = '"unix:/a b/s" "127.0.0.1:9050"'
        self.assertEqual(self.successResultOf(find_socks_endpoint(tor.connect())), "unix:/a b/s")

    def test_none(self) -> None:
        """
        A Tor without one opens one where that is wanted, and says so if it still has none.
        """
        tor = FakeTor()
        tor.info["net/listeners/socks"] = lambda: '"127.0.0.1:7"' if "SETCONF" in " ".join(tor.received) else ""
        protocol = tor.connect()
        tor.configuration.change([("SocksPort", "0")], reset=False)
        self.failureResultOf(find_socks_endpoint(protocol), SocksPortNotFound)
        self.assertEqual(self.successResultOf(find_socks_endpoint(protocol, open_one=True)), "tcp:127.0.0.1:7")
        self.assertIn('SETCONF SocksPort="auto"', tor.received)
        tor.info["net/listeners/socks"] = ""
        self.failureResultOf(find_socks_endpoint(protocol, open_one=True), SocksPortNotFound)

    def test_not_open(self) -> None:
        """
        A SocksPort that is configured, or is there by default, and is not open is not replaced: the network may be disabled.
        """
        tor = FakeTor()
        tor.info["net/listeners/socks"] = ""
        protocol = tor.connect()
        for lines in ([], ["9050"], ["unix:/a b/s WorldWritable"], ["0", "auto"]):
            tor.configuration.change([("SocksPort", line) for line in lines], reset=False)
            self.failureResultOf(find_socks_endpoint(protocol, open_one=True), SocksPortNotFound)
        self.assertFalse([line for line in tor.received if line.startswith("SETCONF")])


class FacadeTests(SynchronousTestCase):
    """
    `Tor` on a Tor in memory.
    """

    def setUp(self) -> None:
        self.clock = Clock()
        self.fake = FakeTor()
        reactor: Any = self.clock
        self.tor = Tor(reactor, self.fake.connect(self.clock))

    def test_new_identity(self) -> None:
        """
        It fires when Tor acts, with how long that took; then the next one has to wait.
        """
        self.assertEqual(self.successResultOf(self.tor.newnym_wait()), 0)
        self.assertEqual(self.successResultOf(self.tor.new_identity()), 0)
        self.clock.advance(4)
        self.assertEqual(self.successResultOf(self.tor.newnym_wait()), 6)
        self.assertFalse(self.successResultOf(self.tor.is_newnym_available()))
        self.fake.answer("SIGNAL", lambda connection, command: [self.ok()])
        waiting = self.tor.new_identity()
        self.clock.advance(6)
        self.assertNoResult(waiting)
        self.fake.emit("SIGNAL NEWNYM")
        self.assertEqual(self.successResultOf(waiting), 6)
        self.assertEqual(self.clock.getDelayedCalls(), [])

    @staticmethod
    def ok() -> Any:
        """
        A reply that says yes.
        """
        return ReplyLine(250, "OK")

    def test_ignored_identity(self) -> None:
        """
        A Tor that accepts the signal and never acts is told; a lost connection too; nothing is left.
        """
        self.fake.answer("SIGNAL", lambda connection, command: [self.ok()])
        waiting = self.tor.new_identity()
        self.clock.advance(15)
        self.failureResultOf(waiting, CommandTimeout)
        waiting = self.tor.new_identity()
        self.fake.drop()
        self.failureResultOf(waiting, Disconnected)
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_signal(self) -> None:
        """
        Signals pass.
        """
        self.successResultOf(self.tor.signal("HEARTBEAT"))
        self.assertEqual(self.fake.received[-1], "SIGNAL HEARTBEAT")

    def test_state(self) -> None:
        """
        A picture is made when it is asked for.
        """
        self.fake.info["ns/all"] = ""
        state = self.successResultOf(self.tor.create_state())
        self.assertEqual(len(state.routers), 0)

    def test_quit(self) -> None:
        """
        Tor is told to exit, and the end is awaited.
        """
        self.successResultOf(self.tor.quit())
        self.assertIn("SIGNAL HALT", self.fake.received)
        self.assertEqual(self.fake.connections, [])


class Page(Resource):
    """
    A page.
    """

    isLeaf = True  # noqa: N815  # Twisted's

    def render_GET(self, request: object) -> bytes:
        return b"a page over Tor"


class Greeting(Protocol):
    """
    Speaks first.
    """

    def __init__(self, gone: Deferred[None]) -> None:
        self.gone = gone

    def connectionLost(self, reason: object = None) -> None:
        self.gone.callback(None)

    def connectionMade(self) -> None:
        assert self.transport is not None
        self.transport.write(b"welcome")


class Listening(Protocol):
    """
    Waits for what the other side says.
    """

    def __init__(self) -> None:
        self.heard: Deferred[bytes] = Deferred()
        self.gone: Deferred[None] = Deferred()

    def dataReceived(self, data: bytes) -> None:
        self.heard.callback(data)

    def connectionLost(self, reason: object = None) -> None:
        self.gone.callback(None)


class ServingTestCase(TorNetworkTestCase):
    """
    What listens on loopback.
    """

    def listen(self, factory: Any) -> int:
        """
        Listen on loopback until the test is over.
        """
        return serve(self, factory)

    async def serve(self) -> int:
        """
        Serve pages until the test is over. Then hang up, and wait until nobody is connected.

        :return: the port.
        """
        return serve(self, Site(Page()))


class IsolationTests(ServingTestCase):
    """
    Agents, and the circuits of their connections, as the live picture shows them.
    """

    @deferred
    async def test_agents(self) -> None:
        """
        Agents of different isolation never share a circuit, with each other or with one that has none; two of the same isolation
        do. Case 112.
        """
        tor = await connect(self.reactor, self.network.clients[1].control_endpoint)
        self.addCleanup(tor.close)
        state = await tor.create_state()
        self.addCleanup(state.close)
        tokens = [IsolationToken.new(), IsolationToken.new(), None]
        on: dict[IsolationToken | None, set[str]] = {token: set() for token in tokens}
        for _ in range(3):
            for token in tokens:  # a new agent each time, that has nothing of the others but the token
                port = await self.serve()
                pool = HTTPConnectionPool(self.reactor)
                self.addCleanup(pool.closeCachedConnections)
                response = await tor.web_agent(pool, isolation=token).request(b"GET", f"http://127.0.0.1:{port}/".encode())
                self.assertEqual(await content(response), b"a page over Tor")
                (stream,) = (each for each in state.streams.values() if each.target == f"127.0.0.1:{port}")
                assert stream.circuit is not None
                self.assertIn(stream, stream.circuit.streams)
                on[token].add(stream.circuit.id)
        self.assertEqual(len(set.union(*on.values())), sum(map(len, on.values())))
        for token in tokens[:2]:  # Tor may give up a circuit that is slow, and take another for the next connection
            self.assertLess(len(on[token]), 3)


class SocketTests(ServingTestCase):
    """
    A Tor whose first SocksPort is a unix socket, with flags.
    """

    @deferred
    async def test_everything(self) -> None:
        """
        It is found, and everything goes through it: connections, pages, those of a circuit, and look-ups. Cases 65 and 93.
        """
        folder = tempfile.mkdtemp(prefix="txtor-", dir="/tmp")  # nobody else may look into it, or tor would not use it
        self.addCleanup(shutil.rmtree, folder)
        lines = (f'unix:"{folder}/a socket" IPv6Traffic IsolateDestAddr PreferIPv6', "auto NoIPv4Traffic")
        config = client_options(self.network, *(("SocksPort", line) for line in lines))
        port = await self.serve()
        url = f"http://127.0.0.1:{port}/".encode()
        async with await launch(self.reactor, config=config, timeout=60) as tor:
            self.assertEqual(await find_socks_endpoint(tor.protocol), f"unix:{folder}/a socket")
            gone: Deferred[None] = Deferred()
            greeting = self.listen(Factory.forProtocol(lambda: Greeting(gone)))
            connecting = tor.stream_via("127.0.0.1", greeting, isolation=Isolation.PER_DESTINATION)
            protocol: Any = await connecting.connect(Factory.forProtocol(Listening))
            self.assertEqual(await protocol.heard, b"welcome")
            protocol.transport.loseConnection()
            await protocol.gone
            await gone
            self.assertEqual(await tor.dns_resolve("127.0.0.1"), "127.0.0.1")
            await self.assertFailure(tor.dns_resolve("nowhere.invalid"), HostUnreachableError)
            state = await tor.create_state()
            path = [node.fingerprint or "" for node in self.network.exits[:2]]
            circuit = await (await state.build_circuit(path, purpose="controller")).when_built()
            for agent in (tor.web_agent(), circuit.web_agent(), tor.web_agent(circuit=circuit)):
                self.assertEqual(await content(await agent.request(b"GET", url)), b"a page over Tor")
            await state.close()


class NoSocketTests(ServingTestCase):
    """
    A Tor without a SocksPort.
    """

    @deferred
    async def test_opened(self) -> None:
        """
        Several endpoints at once that find none have one opened, which all use.
        """
        port = await self.serve()
        url = f"http://127.0.0.1:{port}/".encode()
        async with await launch(self.reactor, config=client_options(self.network), socks_port=0, timeout=60) as tor:
            self.assertEqual(await tor.protocol.get_info_single("net/listeners/socks"), "")
            responses = await gatherResults([tor.web_agent().request(b"GET", url) for _ in range(5)])
            for response in responses:
                self.assertEqual(await content(response), b"a page over Tor")
            listeners = await tor.protocol.get_info_single("net/listeners/socks")
            self.assertEqual(len(listeners.split()), 1, listeners)


class TrafficTests(ServingTestCase):
    """
    Connections and pages through real Tors.
    """

    @deferred
    async def setUp(self) -> None:  # type: ignore[override]  # trial waits for a Deferred
        await super().setUp()
        self.tor = await connect(self.reactor, self.network.clients[1].control_endpoint)
        self.addCleanup(self.tor.close)

    @deferred
    async def test_stream(self) -> None:
        """
        Case 109: a server that speaks first is heard; the SocksPort is found by itself.
        """
        gone: Deferred[None] = Deferred()
        port = self.listen(Factory.forProtocol(lambda: Greeting(gone)))
        endpoint = self.tor.stream_via("127.0.0.1", port, isolation=Isolation.PER_CONNECTION)
        protocol: Any = await endpoint.connect(Factory.forProtocol(Listening))
        self.assertEqual(await protocol.heard, b"welcome")
        protocol.transport.loseConnection()
        await protocol.gone
        await gone

    @deferred
    async def test_page(self) -> None:
        """
        A page through the Tor, and over a circuit of our own choosing.
        """
        port = self.listen(Site(Page()))
        url = f"http://127.0.0.1:{port}/".encode()
        response = await self.tor.web_agent().request(b"GET", url)
        self.assertEqual(await content(response), b"a page over Tor")
        state = await self.tor.create_state()
        self.addCleanup(state.close)
        path = [node.fingerprint or "" for node in self.network.exits[:3]]
        circuit = await (await state.build_circuit(path, purpose="controller")).when_built()
        response = await circuit.web_agent().request(b"GET", url)
        self.assertEqual(await content(response), b"a page over Tor")
        response = await self.tor.web_agent(circuit=circuit).request(b"GET", url)
        self.assertEqual(await content(response), b"a page over Tor")
        await circuit.close()

    @deferred
    async def test_look_up(self) -> None:
        """
        An address is its own answer, without any network.
        """
        self.assertEqual(await self.tor.dns_resolve("127.0.0.1"), "127.0.0.1")
