# -*- test-case-name: txtor.test.socks.test_transport -*-
"""
What the application's protocol has in its hands after the handshake: a real transport, on loopback.
"""

from __future__ import annotations

import hashlib
import os
from typing import Any

from twisted.internet import reactor as the_reactor
from twisted.internet.defer import Deferred
from twisted.internet.endpoints import (
    HostnameEndpoint,
    TCP4ClientEndpoint,
    TCP4ServerEndpoint,
    UNIXClientEndpoint,
    UNIXServerEndpoint,
    wrapClientTLS,
)
from twisted.internet.error import ConnectionDone, ConnectionLost
from twisted.internet.interfaces import IHalfCloseableProtocol, IStreamClientEndpoint
from twisted.internet.protocol import Factory, Protocol, connectionDone
from twisted.protocols.wire import Echo
from twisted.python.failure import Failure
from twisted.trial.unittest import TestCase
from zope.interface import implementer

from txtor.socks import TorSocksEndpoint
from txtor.test.socks.certificates import Authority, TLSServerEndpoint
from txtor.test.socks.server import SocksServer

reactor: Any = the_reactor


class Sink(Protocol):
    """
    A protocol that keeps what comes.
    """

    def __init__(self) -> None:
        self.size = 0
        self.digest = hashlib.sha256()
        self.chunks: list[bytes] = []
        self.lost: Deferred[BaseException | None] = Deferred()
        self.wanted: tuple[int, Deferred[None]] | None = None

    def when_received(self, size: int) -> Deferred[None]:
        """
        Fires when so much has come.
        """
        self.wanted = (size, Deferred())
        self.dataReceived(b"")
        return self.wanted[1]

    def dataReceived(self, data: bytes) -> None:
        """
        Count it.
        """
        self.size += len(data)
        self.digest.update(data)
        if self.size < 10000:
            self.chunks.append(data)
        if self.wanted is not None and self.size >= self.wanted[0] and not self.wanted[1].called:
            self.wanted[1].callback(None)

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """
        It is over.
        """
        self.lost.callback(reason.value)


@implementer(IHalfCloseableProtocol)
class HalfCloseable(Sink):
    """
    A sink that says which halves were closed.
    """

    def __init__(self) -> None:
        super().__init__()
        self.read_lost: Deferred[None] = Deferred()

    def readConnectionLost(self) -> None:
        """
        The other side writes no more.
        """
        self.read_lost.callback(None)

    def writeConnectionLost(self) -> None:
        """
        We write no more.
        """


class TransportCase(TestCase):
    """
    A SOCKS server on loopback.
    """

    timeout = 20

    async def listen(self, endpoint: Any, factory: Any) -> Any:
        """
        Listen until the test is over.
        """
        port = await endpoint.listen(factory)
        self.addCleanup(port.stopListening)
        return port

    async def serve(self, destination: Any) -> IStreamClientEndpoint:
        """
        A SOCKS server behind which example:80 is a protocol or a port.
        """
        self.server = SocksServer(reactor)
        self.server.routes["example", 80] = destination
        self.port = (await self.listen(TCP4ServerEndpoint(reactor, 0, interface="127.0.0.1"), self.server)).getHost().port
        return TCP4ClientEndpoint(reactor, "127.0.0.1", self.port)

    async def connect(self, socks: IStreamClientEndpoint, protocol: Any, **options: Any) -> Any:
        """
        Connect to example:80.
        """
        endpoint = TorSocksEndpoint(socks, "example", 80, **options)
        return await endpoint.connect(Factory.forProtocol(lambda: protocol))

    async def close(self, *sinks: Sink) -> None:
        """
        Close the first and wait for all.
        """
        transport: Any = sinks[0].transport
        transport.loseConnection()
        for sink in sinks:
            await sink.lost


class NativeTests(TransportCase):
    """
    Nothing stands between transport and protocol. Case 115.
    """

    async def check(self, socks: IStreamClientEndpoint) -> None:
        """
        The transport, of whatever kind, calls the application's protocol itself.
        """
        client = await self.connect(socks, Sink())
        called = getattr(client.transport, "wrappedProtocol", None) or client.transport.protocol
        self.assertIs(called, client)
        client.transport.write(b"hello")
        await client.when_received(5)
        self.assertEqual(b"".join(client.chunks), b"hello")
        await self.close(client)

    async def test_tcp(self) -> None:
        """
        Over TCP, by address.
        """
        await self.check(await self.serve(Echo()))

    async def test_hostname(self) -> None:
        """
        Over TCP, by Twisted's endpoint for names.
        """
        await self.serve(Echo())
        await self.check(HostnameEndpoint(reactor, b"127.0.0.1", self.port))

    async def test_unix(self) -> None:
        """
        Over a unix socket. Case 93.
        """
        await self.serve(Echo())
        path = self.mktemp()[-60:].replace("/", "_")
        await self.listen(UNIXServerEndpoint(reactor, path), self.server)
        await self.check(UNIXClientEndpoint(reactor, path))

    async def test_tls_to_the_server(self) -> None:
        """
        To a SOCKS server that speaks TLS: the TLS stays.
        """
        authority = Authority("proxy.example")
        await self.serve(Echo())
        plain = TCP4ServerEndpoint(reactor, 0, interface="127.0.0.1")
        port = await self.listen(TLSServerEndpoint(authority.server_options(), plain), self.server)
        socks = TCP4ClientEndpoint(reactor, "127.0.0.1", port.getHost().port)
        await self.check(wrapClientTLS(authority.client_options("proxy.example"), socks))

    async def test_through_two(self) -> None:
        """
        A SOCKS server that is itself reached through one.
        """
        inner = await self.serve(Echo())
        self.server.routes["inner.example", 9050] = self.port
        await self.check(TorSocksEndpoint(inner, "inner.example", 9050))

    async def test_wrapper_unknown(self) -> None:
        """
        Behind a wrapper that txtor knows nothing of, everything is passed on through it.
        """

        class Wrapper(Protocol):
            def __init__(self, inner: Any) -> None:
                self.inner = inner

            def connectionMade(self) -> None:
                self.inner.makeConnection(self.transport)

            def dataReceived(self, data: bytes) -> None:
                self.inner.dataReceived(data)

            def connectionLost(self, reason: Failure = connectionDone) -> None:
                self.inner.connectionLost(reason)

        @implementer(IStreamClientEndpoint)
        class Wrapping:
            def connect(self, factory: Any) -> Any:
                made = Factory.forProtocol(lambda: Wrapper(factory.buildProtocol(None)))
                return socks.connect(made)

        socks = await self.serve(Echo())
        client = await self.connect(Wrapping(), Sink())
        client.transport.write(b"hello")
        await client.when_received(5)
        client.transport.loseConnection()
        self.assertEqual(type(await client.lost), ConnectionDone)


class TransferTests(TransportCase):
    """
    Bytes, both ways.
    """

    async def test_server_speaks_first(self) -> None:
        """
        A greeting in the segment of the reply arrives. Case 109.
        """
        socks = await self.serve(far := Sink())
        self.server.greeting = b"220 hello\r\n"
        client = await self.connect(socks, Sink())
        await client.when_received(11)
        self.assertEqual(client.chunks[-1], b"220 hello\r\n")
        await self.close(client, far)

    async def test_bulk(self) -> None:
        """
        8 MiB each way at the same time, by a producer that is paused and resumed, intact. Case 115.
        """
        block = os.urandom(1 << 16)
        count = 128
        whole = hashlib.sha256(block * count).digest()

        class Producer:
            def __init__(self, sink: Sink) -> None:
                self.left, self.paused, self.pauses, self.transport = count, False, 0, sink.transport

            def resumeProducing(self) -> None:
                self.paused = False
                while self.left and not self.paused:
                    self.left -= 1
                    self.transport.write(block)  # type: ignore[union-attr]  # connected
                if not self.left:
                    self.transport.unregisterProducer()  # type: ignore[union-attr]

            def pauseProducing(self) -> None:
                self.paused = True
                self.pauses += 1

            def stopProducing(self) -> None:
                self.left = 0

        socks = await self.serve(far := Sink())
        near = await self.connect(socks, Sink())
        producers = [Producer(near), Producer(far)]
        for producer in producers:
            producer.transport.registerProducer(producer, True)  # type: ignore[union-attr]
            producer.resumeProducing()
        for sink in (near, far):
            await sink.when_received(len(block) * count)
            self.assertEqual(sink.digest.digest(), whole)
        self.assertTrue(all(producer.pauses for producer in producers))
        await self.close(near, far)

    async def test_half_close(self) -> None:
        """
        Each side closes its half; the other half goes on. Case 115.
        """
        socks = await self.serve(far := HalfCloseable())
        near = await self.connect(socks, HalfCloseable())
        near.transport.write(b"question")
        near.transport.loseWriteConnection()
        await far.read_lost
        self.assertEqual(b"".join(far.chunks), b"question")
        transport: Any = far.transport
        transport.write(b"answer")
        transport.loseWriteConnection()
        await near.read_lost
        self.assertEqual(b"".join(near.chunks), b"answer")
        await self.close(near)
        await self.close(far)

    async def test_half_close_unwanted(self) -> None:
        """
        A protocol that is not half-closeable loses the connection when the other side closes its half, as without SOCKS.
        """
        socks = await self.serve(far := HalfCloseable())
        near = await self.connect(socks, Sink())
        transport: Any = far.transport
        transport.loseWriteConnection()
        self.assertEqual(type(await near.lost), ConnectionDone)
        await self.close(far)

    async def test_abort(self) -> None:
        """
        A connection that is cut ends in ``ConnectionLost``. Case 110.
        """
        socks = await self.serve(far := Sink())
        near = await self.connect(socks, Sink())
        transport: Any = far.transport
        transport.abortConnection()
        self.assertEqual(type(await near.lost), ConnectionLost)
        await far.lost


class TLSTests(TransportCase):
    """
    TLS to the destination, through the SOCKS server.
    """

    async def serve_tls(self, authority: Authority) -> IStreamClientEndpoint:
        """
        Behind example:80 is a TLS server with a certificate of the authority.
        """
        plain = TCP4ServerEndpoint(reactor, 0, interface="127.0.0.1")
        port = await self.listen(TLSServerEndpoint(authority.server_options(), plain), Factory.forProtocol(Echo))
        return await self.serve(port.getHost().port)

    async def test_echo(self) -> None:
        """
        With the right certificate bytes go both ways, and the transport is the TLS one.
        """
        authority = Authority("example")
        client = await self.connect(await self.serve_tls(authority), Sink(), tls=authority.client_options("example"))
        client.transport.write(b"secret" * 10000)
        await client.when_received(60000)
        self.assertEqual(client.digest.digest(), hashlib.sha256(b"secret" * 10000).digest())
        self.assertIsNotNone(client.transport.getPeerCertificate())
        await self.close(client)
        for each in self.server.connections:
            self.assertNotIn(b"secret", each.buffer)

    async def lost_for(self, certified: str, **options: Any) -> str:
        """
        How a connection ends whose certificate is for a name.
        """
        client = await self.connect(await self.serve_tls(Authority(certified)), Sink(), **options)
        return repr(await client.lost)

    async def test_unknown_authority(self) -> None:
        """
        ``tls=True`` trusts what the platform trusts, and that is not this test's authority.
        """
        self.assertIn("certificate verify failed", await self.lost_for("example", tls=True))

    async def test_other_name(self) -> None:
        """
        A certificate for another name is not taken.
        """
        authority = Authority("other")
        client = await self.connect(await self.serve_tls(authority), Sink(), tls=authority.client_options("example"))
        self.assertIn("VerificationError", repr(await client.lost))
