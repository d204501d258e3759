# -*- test-case-name: txtor.test.socks.test_network -*-
"""
SOCKS through real Tors: the private network.
"""

from __future__ import annotations

import hashlib
import os
from collections import Counter
from typing import Any

from twisted.internet.defer import CancelledError, DeferredSemaphore, gatherResults
from twisted.internet.endpoints import TCP4ClientEndpoint, TCP4ServerEndpoint
from twisted.internet.protocol import Factory

from txtor import connect
from txtor._deferred import deferred
from txtor.errors import GeneralServerFailureError, HostUnreachableError, SocksAuthenticationError
from txtor.socks import Isolation, IsolationToken, TorSocksEndpoint, resolve, resolve_ptr
from txtor.test.socks.test_transport import Sink
from txtor.testing import TorNetworkTestCase

GREETING = b"220 hello\r\n"


class Greets(Sink):
    """
    A server that speaks first.
    """

    def connectionMade(self) -> None:
        """
        Say hello.
        """
        self.transport.write(GREETING)  # type: ignore[union-attr]  # connected


class Everybody(Factory):
    """
    A factory that knows whom it has made.
    """

    noisy = False

    def __init__(self, make: Any) -> None:
        self.make = make
        self.made: list[Any] = []

    def buildProtocol(self, addr: Any) -> Any:
        """
        One more.
        """
        self.made.append(self.make())
        return self.made[-1]


class NetworkCase(TorNetworkTestCase):
    """
    The SOCKS port of a client, and servers on loopback that its exits reach.
    """

    @deferred
    async def setUp(self) -> None:  # type: ignore[override]  # trial waits for it
        """
        Find the SOCKS port.
        """
        await super().setUp()
        port = self.network.clients[0].socks_port
        assert port is not None
        self.socks = TCP4ClientEndpoint(self.reactor, "127.0.0.1", port)

    async def listen(self, factory: Everybody) -> int:
        """
        Listen until the test is over. Then hang up, and wait until nobody is connected: over Tor an end takes its time.
        """
        port = await TCP4ServerEndpoint(self.reactor, 0, interface="127.0.0.1").listen(factory)

        @deferred
        async def stop() -> None:
            await port.stopListening()
            for each in factory.made:
                if not each.lost.called:
                    each.transport.abortConnection()
                    await each.lost

        self.addCleanup(stop)
        number: int = port.getHost().port
        return number

    async def closed_port(self) -> int:
        """
        A port where nothing listens.
        """
        port = await TCP4ServerEndpoint(self.reactor, 0, interface="127.0.0.1").listen(Factory())
        number: int = port.getHost().port
        await port.stopListening()
        return number

    @deferred
    async def connect(self, host: str, port: int, **options: Any) -> Sink:
        """
        Connect a sink.
        """
        sink: Sink = await TorSocksEndpoint(self.socks, host, port, **options).connect(Factory.forProtocol(Sink))  # type: ignore[assignment]
        return sink

    async def hang_up(self, *sinks: Sink) -> None:
        """
        Close connections of ours, and wait.
        """
        for sink in sinks:
            sink.transport.loseConnection()  # type: ignore[union-attr]  # connected
            await sink.lost


class ConnectionTests(NetworkCase):
    """
    Connections.
    """

    @deferred
    async def test_thousand(self) -> None:
        """
        1000 connections, 100 at a time, half of them to where nothing listens or to names that there are not: each ends in its
        protocol, with the greeting of a server that speaks first, or in its exact error. Case 109.
        """
        good, bad = await self.listen(Everybody(Greets)), await self.closed_port()
        targets = [("127.0.0.1", good), ("127.0.0.1", bad), ("127.0.0.1", good), ("nowhere.invalid", 80)] * 250

        @deferred
        async def attempt(host: str, port: int) -> str:
            sink = await self.connect(host, port)
            await sink.when_received(len(GREETING))
            await self.hang_up(sink)
            return b"".join(sink.chunks).decode()

        at_a_time = DeferredSemaphore(100)
        running = [at_a_time.run(attempt, *target) for target in targets]
        ends = await gatherResults([each.addErrback(lambda failure: failure.type) for each in running])
        seen = Counter(zip(targets, ends, strict=True))
        self.assertEqual(
            seen,
            {
                (targets[0], GREETING.decode()): 500,
                # An exit that cannot connect says MISC, which has no SOCKS code of its own.
                (targets[1], GeneralServerFailureError): 250,
                (targets[3], HostUnreachableError): 250,
            },
        )

    @deferred
    async def test_bulk(self) -> None:
        """
        100 MiB each way at the same time, intact. Case 115.
        """
        factory = Everybody(Sink)
        near = await self.connect("127.0.0.1", await self.listen(factory))
        far: Sink = factory.made[0]
        block, times = os.urandom(1 << 20), 100
        expected = hashlib.sha256()
        for _ in range(times):
            expected.update(block)
            near.transport.write(block)  # type: ignore[union-attr]
            far.transport.write(block)  # type: ignore[union-attr]
        for sink in (near, far):
            await sink.when_received(times << 20)
            self.assertEqual((sink.size, sink.digest.digest()), (times << 20, expected.digest()))
        await self.hang_up(near)
        await far.lost

    @deferred
    async def test_cancel(self) -> None:
        """
        A connect that Tor cannot answer, here to an address that no exit allows, ends when it is cancelled. Case 111.
        """
        connecting = self.connect("2001:db8::1", 80)
        self.reactor.callLater(0.5, connecting.cancel)
        await self.assertFailure(connecting, CancelledError)

    @deferred
    async def test_user_name_of_the_future(self) -> None:
        """
        A form of isolation that this Tor does not know is refused, and not taken for a name. Case 112.
        """
        await self.assertFailure(self.connect("127.0.0.1", 80, username="<torS0X>9"), SocksAuthenticationError)


class LookUpTests(NetworkCase):
    """
    Look-ups. The exits of the private network know no names.
    """

    @deferred
    async def test_look_ups(self) -> None:
        """
        An address is itself; a name that there is not, and an address without one, are told. Case 108.
        """
        self.assertEqual(await resolve(self.socks, "127.0.0.1"), "127.0.0.1")
        self.assertEqual(await resolve(self.socks, "127.0.0.1", isolation=IsolationToken("t")), "127.0.0.1")
        await self.assertFailure(resolve(self.socks, "nowhere.invalid"), HostUnreachableError)
        await self.assertFailure(resolve_ptr(self.socks, "192.0.2.1"), HostUnreachableError)


class IsolationTests(NetworkCase):
    """
    The guarantee of `IsolationToken`, as the control port of the client sees it.
    """

    @deferred
    async def test_guarantee(self) -> None:
        """
        Connections of different tokens, or of which one has none, are on different circuits; so are any two of the rule for
        connections. Those of one token are on one circuit here, where nothing else keeps them apart. Case 112.
        """
        isolations: list[Any] = [
            *(IsolationToken("a"), IsolationToken("a")),
            *(IsolationToken("b"), IsolationToken("b")),
            *(None, None),
            *(Isolation.PER_CONNECTION, Isolation.PER_CONNECTION),
        ]
        ports, sinks = [], []
        for isolation in isolations:
            ports.append(await self.listen(Everybody(Greets)))
            sinks.append(await self.connect("127.0.0.1", ports[-1], isolation=isolation))
        async with await connect(self.reactor, self.network.clients[0].control_endpoint) as tor:
            status = await tor.protocol.get_info_single("stream-status")
        words = [line.split() for line in status.splitlines()]
        by_target = {each[3]: each[2] for each in words if each[1] == "SUCCEEDED"}
        circuits = [by_target[f"127.0.0.1:{port}"] for port in ports]
        await self.hang_up(*sinks)
        self.assertEqual([circuits[0], circuits[2], circuits[4]], [circuits[1], circuits[3], circuits[5]])
        self.assertEqual(len(set(circuits)), 5)
