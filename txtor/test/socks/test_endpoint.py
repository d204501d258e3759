# -*- test-case-name: txtor.test.socks.test_endpoint -*-
"""
The endpoint and the look-ups, in memory: every phase and every way to end it.
"""

from __future__ import annotations

from typing import Any

from twisted.internet.address import HostnameAddress, IPv4Address, IPv6Address
from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.endpoints import TCP4ClientEndpoint, clientFromString
from twisted.internet.error import ConnectionDone, ConnectionLost, NoProtocol
from twisted.internet.error import ConnectionRefusedError as TCPRefused
from twisted.internet.interfaces import IProtocolFactory, IStreamClientEndpoint
from twisted.internet.protocol import Factory, Protocol, connectionDone
from twisted.internet.testing import MemoryReactorClock, StringTransport
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase
from zope.interface import implementer
from zope.interface.verify import verifyObject

from txtor import errors
from txtor.socks import Isolation, IsolationToken, TorSocksEndpoint, as_endpoint, resolve, resolve_ptr
from txtor.socks._connecting import Connection
from txtor.socks._hosts import parse_target

REPLY = b"\x05\x00\x00\x01\x00\x00\x00\x00\x00\x00"


class Application(Protocol):
    """
    An application's protocol that writes down what happens to it.
    """

    def __init__(self) -> None:
        self.events: list[Any] = []

    def connectionMade(self) -> None:
        """
        It is connected.
        """
        self.events.append("made")

    def dataReceived(self, data: bytes) -> None:
        """
        Something came.
        """
        self.events.append(data)

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """
        It is over.
        """
        self.events.append(reason.type)


class ApplicationFactory(Factory):
    """
    An application's factory that counts.
    """

    noisy = False

    def __init__(self, protocol: Any = Application) -> None:
        self.make = protocol
        self.built: list[Any] = []
        self.running = 0

    def doStart(self) -> None:
        """
        In use once more.
        """
        self.running += 1

    def doStop(self) -> None:
        """
        In use once less.
        """
        self.running -= 1

    def buildProtocol(self, addr: Any) -> Any:
        """
        A protocol, noted with its address.
        """
        protocol = self.make()
        self.built.append((addr, protocol))
        return protocol


class Transport(StringTransport):
    """
    A transport that knows its protocol, as those of the reactor do.
    """

    protocol: Any = None


class MemoryCase(SynchronousTestCase):
    """
    A reactor without a network, and a SOCKS server played by the test.
    """

    def setUp(self) -> None:
        self.reactor = MemoryReactorClock()
        self.socks = TCP4ClientEndpoint(self.reactor, "127.0.0.1", 9050)

    def accept(self) -> Transport:
        """
        Accept the last connection to the SOCKS port.
        """
        host, port, factory, _timeout, _bind = self.reactor.tcpClients[-1]
        self.assertEqual((host, port), ("127.0.0.1", 9050))
        transport = Transport()
        transport.protocol = factory.buildProtocol(IPv4Address("TCP", host, port))
        transport.protocol.makeConnection(transport)
        return transport

    def said(self, transport: Transport) -> bytes:
        """
        What the client has written since the last call.
        """
        data: bytes = transport.value()
        transport.clear()
        return data

    def play(self, transport: Transport, *exchanges: tuple[bytes, bytes]) -> None:
        """
        Expect a message, give an answer; and so on.
        """
        for expected, answer in exchanges:
            self.assertEqual(self.said(transport), expected)
            transport.protocol.dataReceived(answer)

    def establish(self, factory: Any, surplus: bytes = b"") -> tuple[Deferred[Any], Transport]:
        """
        Connect to example:80, up to the reply.
        """
        connecting = TorSocksEndpoint(self.socks, "example", 80).connect(factory)
        transport = self.accept()
        request = b"\x05\x01\x00\x03\x07example\x00\x50"
        self.play(transport, (b"\x05\x01\x00", b"\x05\x00"), (request, REPLY + surplus))
        return connecting, transport


class ConnectTests(MemoryCase):
    """
    `TorSocksEndpoint.connect`.
    """

    def test_interfaces(self) -> None:
        """
        What is declared is provided.
        """
        verifyObject(IStreamClientEndpoint, TorSocksEndpoint(self.socks, "example", 80))
        verifyObject(IProtocolFactory, Connection(parse_target("example", 80), None, ApplicationFactory()))

    def test_hand_over(self) -> None:
        """
        After the reply the transport calls the application's protocol itself: nothing is left between them. Case 115.
        """
        factory = ApplicationFactory()
        connecting, transport = self.establish(factory)
        application = self.successResultOf(connecting)
        self.assertIs(transport.protocol, application)
        self.assertIs(application.transport, transport)
        transport.protocol.dataReceived(b"one")
        transport.protocol.connectionLost(Failure(ConnectionLost()))
        self.assertEqual(application.events, ["made", b"one", ConnectionLost])

    def test_address(self) -> None:
        """
        The factory is told the address that was asked for, as Twisted's addresses. It is asked once, and only at the end.
        """
        for host, address in (
            ("example", HostnameAddress(b"example", 80)),
            ("192.0.2.1", IPv4Address("TCP", "192.0.2.1", 80)),
            ("[2001:db8::1]", IPv6Address("TCP", "2001:db8::1", 80)),
        ):
            factory = ApplicationFactory()
            TorSocksEndpoint(self.socks, host, 80).connect(factory)
            transport = self.accept()
            transport.protocol.dataReceived(b"\x05\x00")
            self.assertEqual(factory.built, [])
            transport.protocol.dataReceived(REPLY)
            self.assertEqual([built for built, _ in factory.built], [address])

    def test_server_speaks_first(self) -> None:
        """
        What came in the same segment as the reply is delivered at once: after ``connectionMade``, and after the Deferred, which
        in a connection without SOCKS fires before data as well. Case 109.
        """
        factory = ApplicationFactory()
        connecting = TorSocksEndpoint(self.socks, "example", 80).connect(factory)
        connecting.addCallback(lambda protocol: factory.built[0][1].events.append("fired"))
        transport = self.accept()
        transport.protocol.dataReceived(b"\x05\x00")
        transport.protocol.dataReceived(REPLY + b"220 hello\r\n")
        self.assertEqual(factory.built[0][1].events, ["made", "fired", b"220 hello\r\n"])

    def test_byte_by_byte(self) -> None:
        """
        A reply byte by byte. Case 109.
        """
        connecting = TorSocksEndpoint(self.socks, "example", 80).connect(ApplicationFactory())
        transport = self.accept()
        for byte in b"\x05\x00" + REPLY:
            self.assertNoResult(connecting)
            transport.protocol.dataReceived(bytes([byte]))
        application: Any = self.successResultOf(connecting)
        self.assertEqual(application.events, ["made"])

    def test_hung_up_at_once(self) -> None:
        """
        A protocol that hangs up in ``connectionMade`` hears no more, as with any transport.
        """

        class HangsUp(Application):
            def connectionMade(self) -> None:
                assert self.transport is not None
                self.transport.loseConnection()

        connecting, transport = self.establish(ApplicationFactory(HangsUp), b"220 hello\r\n")
        self.assertEqual(self.successResultOf(connecting).events, [])
        self.assertTrue(transport.disconnecting)

    def test_paused_at_once(self) -> None:
        """
        A protocol that pauses in ``connectionMade``, or whose user does when it is there, gets what came with the reply when it
        resumes, once, and the transport is left as it was. Case 109.
        """

        class Pauses(Application):
            def connectionMade(self) -> None:
                self.transport.pauseProducing()  # type: ignore[union-attr]  # connected

        for make, pause in ((Pauses, lambda protocol: protocol), (Application, Pauses.connectionMade)):
            factory = ApplicationFactory(make)
            connecting: Deferred[Any] = TorSocksEndpoint(self.socks, "example", 80).connect(factory)
            connecting.addCallback(pause)
            transport = self.accept()
            transport.protocol.dataReceived(b"\x05\x00")
            transport.protocol.dataReceived(REPLY + b"220 hello\r\n")
            application = factory.built[0][1]
            self.assertEqual(transport.producerState, "paused")
            self.assertNotIn(b"220 hello\r\n", application.events)
            transport.resumeProducing()
            self.assertEqual(transport.producerState, "producing")
            self.assertEqual(application.events[-1], b"220 hello\r\n")
            count = len(application.events)
            transport.pauseProducing()
            self.assertEqual(transport.producerState, "paused")
            transport.resumeProducing()
            self.assertEqual(len(application.events), count)

    def test_paused_and_resumed(self) -> None:
        """
        One that resumes before the time has come gets it at its time.
        """

        class Blinks(Application):
            def connectionMade(self) -> None:
                self.transport.pauseProducing()  # type: ignore[union-attr]  # connected
                self.transport.resumeProducing()  # type: ignore[union-attr]
                self.events.append("made")

        connecting, _ = self.establish(ApplicationFactory(Blinks), b"220 hello\r\n")
        self.assertEqual(self.successResultOf(connecting).events, ["made", b"220 hello\r\n"])

    def test_reasons(self) -> None:
        """
        The application sees the transport's own reason. Case 110.
        """
        for reason in (ConnectionDone(), ConnectionLost()):
            connecting, transport = self.establish(ApplicationFactory())
            transport.protocol.connectionLost(Failure(reason))
            self.assertEqual(self.successResultOf(connecting).events, ["made", type(reason)])

    def test_several_at_once(self) -> None:
        """
        One endpoint connects as often as it is asked, at the same time too.
        """
        endpoint = TorSocksEndpoint(self.socks, "example", 80)
        factory = ApplicationFactory()
        waiting = [endpoint.connect(factory) for _ in range(3)]
        transports = []
        for index in range(3):
            transport = Transport()
            transport.protocol = self.reactor.tcpClients[index][2].buildProtocol(None)
            transport.protocol.makeConnection(transport)
            transports.append(transport)
        for transport in reversed(transports):
            transport.protocol.dataReceived(b"\x05\x00")
            transport.protocol.dataReceived(REPLY)
        protocols = [self.successResultOf(each) for each in waiting]
        self.assertEqual([each.protocol for each in transports], protocols)

    def test_two_addresses(self) -> None:
        """
        An endpoint that has connected to two addresses of the SOCKS server: one becomes the connection, the other is closed,
        and a third that comes too late is not taken.
        """

        @implementer(IStreamClientEndpoint)
        class SeveralAddresses:
            def connect(self, factory: Any) -> Deferred[Any]:
                self.factory = factory
                return Deferred()

        def accept() -> Transport:
            transport = Transport()
            transport.protocol = socks.factory.buildProtocol(None)
            transport.protocol.makeConnection(transport)
            transport.protocol.dataReceived(b"\x05\x00")
            return transport

        socks = SeveralAddresses()
        factory = ApplicationFactory()
        connecting = TorSocksEndpoint(socks, "example", 80).connect(factory)
        first, second = accept(), accept()
        second.protocol.dataReceived(REPLY)
        self.assertIs(second.protocol, self.successResultOf(connecting))
        self.assertTrue(first.disconnected)
        first.protocol.dataReceived(REPLY)
        first.protocol.connectionLost(Failure(ConnectionDone()))
        self.assertEqual(len(factory.built), 1)
        self.assertFalse(second.disconnected)
        self.assertIsNone(socks.factory.buildProtocol(None))

    def test_factory_starts_and_stops(self) -> None:
        """
        ``doStart`` and ``doStop`` reach the application's factory once for each connection, as without SOCKS.
        """
        factory = ApplicationFactory()
        TorSocksEndpoint(self.socks, "example", 80).connect(factory)
        outer = self.reactor.tcpClients[-1][2]
        outer.doStart()
        self.assertEqual(factory.running, 1)
        outer.doStop()
        self.assertEqual(factory.running, 0)

    def test_refused(self) -> None:
        """
        The error of the code; the connection is closed and no protocol was built.
        """
        factory = ApplicationFactory()
        connecting = TorSocksEndpoint(self.socks, "example", 80).connect(factory)
        transport = self.accept()
        transport.protocol.dataReceived(b"\x05\x00")
        transport.protocol.dataReceived(b"\x05\x05" + REPLY[2:])
        self.failureResultOf(connecting, errors.ConnectionRefusedError)
        self.assertTrue(transport.disconnected)
        transport.protocol.connectionLost(Failure(ConnectionDone()))
        self.assertEqual(factory.built, [])

    def test_lost_before_the_answer(self) -> None:
        """
        The SOCKS server hangs up.
        """
        connecting = TorSocksEndpoint(self.socks, "example", 80).connect(ApplicationFactory())
        self.accept().protocol.connectionLost(Failure(ConnectionDone()))
        self.failureResultOf(connecting, errors.SocksConnectionLost)

    def test_unreachable(self) -> None:
        """
        Nothing listens on the SOCKS port: Twisted's error is the cause.
        """
        connecting = TorSocksEndpoint(self.socks, "example", 80).connect(ApplicationFactory())
        self.reactor.tcpClients[-1][2].clientConnectionFailed(self.reactor.connectors[-1], Failure(TCPRefused()))
        error = self.failureResultOf(connecting, errors.SocksServerUnreachable).value
        self.assertIsInstance(error.__cause__, TCPRefused)

    def test_no_protocol(self) -> None:
        """
        A factory that builds none: the error that Twisted's endpoints give.
        """
        connecting, transport = self.establish(ApplicationFactory(lambda: None))
        self.failureResultOf(connecting, NoProtocol)
        self.assertTrue(transport.disconnected)

    def test_failing_application(self) -> None:
        """
        What the application raises while it is built or connected goes to the caller, and the connection is closed.
        """

        class Fails(Application):
            def connectionMade(self) -> None:
                raise ZeroDivisionError

        for make in (Fails, lambda: 1 / 0):
            connecting, transport = self.establish(ApplicationFactory(make))
            self.failureResultOf(connecting, ZeroDivisionError)
            self.assertTrue(transport.disconnected)

    def test_credentials(self) -> None:
        """
        A user name and password are sent, and nothing else is offered. Case 112.
        """
        endpoint = TorSocksEndpoint(self.socks, "example", 80, username="Zoë", password=b"\xff")
        endpoint.connect(ApplicationFactory())
        self.play(
            self.accept(),
            (b"\x05\x01\x02", b"\x05\x02"),
            (b"\x01\x04Zo\xc3\xab\x01\xff", b"\x01\x00"),
            (b"\x05\x01\x00\x03\x07example\x00\x50", REPLY),
        )

    def passwords(self, endpoint: TorSocksEndpoint, times: int) -> list[bytes]:
        """
        What the endpoint authenticates with, each time.
        """
        sent = []
        for _ in range(times):
            endpoint.connect(ApplicationFactory())
            transport = self.accept()
            self.assertEqual(self.said(transport), b"\x05\x01\x02")
            transport.protocol.dataReceived(b"\x05\x02")
            sent.append(self.said(transport))
        return sent

    def test_isolation(self) -> None:
        """
        A token is sent each time; the rule for connections sends another each time, that for destinations the same.
        """
        token = TorSocksEndpoint(self.socks, "a", 80, isolation=IsolationToken("t"))
        self.assertEqual(self.passwords(token, 2), [b"\x01\x09<torS0X>0\x01t"] * 2)
        connection = TorSocksEndpoint(self.socks, "a", 80, isolation=Isolation.PER_CONNECTION)
        self.assertEqual(len(set(self.passwords(connection, 3))), 3)
        destination = [TorSocksEndpoint(self.socks, "a", 80, isolation=Isolation.PER_DESTINATION) for _ in range(2)]
        self.assertEqual(len({password for each in destination for password in self.passwords(each, 2)}), 1)

    def test_wrong_arguments(self) -> None:
        """
        What cannot be used is refused when the endpoint is made, before anything is sent. Cases 112, 114, 116.
        """
        for arguments in (
            {"host": "a b"},
            {"port": 0},
            {"username": "x" * 256},
            {"username": "u", "password": "x" * 256},
            {"username": 7},
            {"username": "\ud800"},
            {"password": "p"},
            {"username": "u", "isolation": IsolationToken("t")},
            {"isolation": "connection"},
            {"tls": "yes"},
            {"host": "a_b.example", "tls": True},
            {"socks_endpoint": 9050},
            {"socks_endpoint": "tcp:127.0.0.1:9050"},
            {"socks_endpoint": "nonsense", "reactor": self.reactor},
            {"socks_endpoint": "tcp:127.0.0.1:x", "reactor": self.reactor},
            {"socks_endpoint": "tcp:", "reactor": self.reactor},
            {"socks_endpoint": "tcp:a:b:c:d:e:f", "reactor": self.reactor},
        ):
            given: dict[str, Any] = {"socks_endpoint": self.socks, "host": "example", "port": 80, **arguments}
            self.assertRaises(errors.InvalidArgument, lambda given: TorSocksEndpoint(**given), given)
        self.assertRaises(TypeError, lambda: TorSocksEndpoint(self.socks, "a", 80, use_tls=True))  # type: ignore[call-arg]
        self.assertEqual(self.reactor.tcpClients, [])

    def test_string(self) -> None:
        """
        The SOCKS port may be given as a string, on a unix socket too.
        """
        TorSocksEndpoint("tcp:127.0.0.1:9050", "example", 80, reactor=self.reactor).connect(ApplicationFactory())
        self.assertEqual(self.said(self.accept()), b"\x05\x01\x00")
        TorSocksEndpoint("unix:/run/tor/socks", "example", 80, reactor=self.reactor).connect(ApplicationFactory())
        self.assertEqual(self.reactor.unixClients[-1][0], "/run/tor/socks")
        made = clientFromString(self.reactor, "tcp:127.0.0.1:9050")
        self.assertIs(as_endpoint(made), made)


class CancelTests(MemoryCase):
    """
    A cancel in each phase closes the connection, and no protocol is ever built. Case 111.
    """

    def setUp(self) -> None:
        super().setUp()
        self.factory = ApplicationFactory()
        self.connecting = TorSocksEndpoint(self.socks, "example", 80, username="u").connect(self.factory)

    def cancelled(self) -> None:
        """
        It ended as it should.
        """
        self.failureResultOf(self.connecting, CancelledError)
        self.assertEqual(self.factory.built, [])

    def test_connecting(self) -> None:
        """
        While the SOCKS port has not accepted.
        """
        connector = self.reactor.connectors[-1]
        self.reactor.tcpClients[-1][2].startedConnecting(connector)
        self.connecting.cancel()
        self.cancelled()
        self.assertTrue(connector.stoppedConnecting)

    def test_negotiating(self) -> None:
        """
        After the greeting, after the password, after the request; also when the transport tells of its end later.
        """
        for answers in ([], [b"\x05\x02"], [b"\x05\x02", b"\x01\x00"], [b"\x05\x02", b"\x01\x00", REPLY[:5]]):
            self.setUp()
            transport = self.accept()
            for answer in answers:
                transport.protocol.dataReceived(answer)
            self.connecting.cancel()
            self.cancelled()
            self.assertTrue(transport.disconnected)
            transport.protocol.dataReceived(REPLY)
            transport.protocol.connectionLost(Failure(ConnectionDone()))
            self.assertEqual(self.factory.built, [])

    def test_reply_after_cancel(self) -> None:
        """
        A reply that was on its way builds nothing.
        """
        transport = self.accept()
        transport.protocol.dataReceived(b"\x05\x02")
        transport.protocol.dataReceived(b"\x01\x00")
        self.connecting.cancel()
        transport.protocol.dataReceived(REPLY + b"220 hello\r\n")
        self.cancelled()

    def test_timeout(self) -> None:
        """
        ``addTimeout`` ends an attempt in the reactor's time, and leaves no timer.
        """
        self.connecting.addErrback(lambda failure: failure)
        self.connecting.addTimeout(30, self.reactor)
        transport = self.accept()
        self.reactor.advance(29)
        self.assertFalse(transport.disconnected)
        self.reactor.advance(1)
        self.assertTrue(transport.disconnected)
        self.failureResultOf(self.connecting)
        self.assertEqual(self.reactor.getDelayedCalls(), [])


class LookUpTests(MemoryCase):
    """
    `resolve` and `resolve_ptr`.
    """

    def test_resolve(self) -> None:
        """
        The answer is IPv4, IPv6 or a name; the connection is closed. Case 108.
        """
        for answer, value in (
            (REPLY[:4] + b"\xc0\x00\x02\x01\x00\x00", "192.0.2.1"),
            (b"\x05\x00\x00\x04" + bytes(15) + b"\x01\x00\x00", "::1"),
            (b"\x05\x00\x00\x03\x03a.b\x00\x00", "a.b"),
        ):
            waiting = resolve(self.socks, "example.com")
            transport = self.accept()
            request = b"\x05\xf0\x00\x03\x0bexample.com\x00\x00"
            self.play(transport, (b"\x05\x01\x00", b"\x05\x00"), (request, answer))
            self.assertEqual(self.successResultOf(waiting), value)
            self.assertTrue(transport.disconnecting)
            transport.protocol.connectionLost(Failure(ConnectionDone()))

    def test_resolve_ptr(self) -> None:
        """
        IPv4 and IPv6 addresses are asked for as bytes. Case 108.
        """
        for address, wire in (("192.0.2.1", b"\x01\xc0\x00\x02\x01"), ("::1", b"\x04" + bytes(15) + b"\x01")):
            waiting = resolve_ptr(self.socks, address)
            answer = b"\x05\x00\x00\x03\x0bexample.com\x00\x00"
            self.play(self.accept(), (b"\x05\x01\x00", b"\x05\x00"), (b"\x05\xf1\x00" + wire + b"\x00\x00", answer))
            self.assertEqual(self.successResultOf(waiting), "example.com")

    def test_empty(self) -> None:
        """
        An answer without a name is no answer.
        """
        waiting = resolve_ptr(self.socks, "192.0.2.1")
        transport = self.accept()
        transport.protocol.dataReceived(b"\x05\x00")
        transport.protocol.dataReceived(b"\x05\x00\x00\x03\x00\x00\x00")
        self.failureResultOf(waiting, errors.SocksProtocolViolation)

    def test_unknown(self) -> None:
        """
        A name that there is not.
        """
        waiting = resolve(self.socks, "example.com")
        transport = self.accept()
        transport.protocol.dataReceived(b"\x05\x00")
        transport.protocol.dataReceived(b"\x05\x04")
        self.assertIn("example.com", str(self.failureResultOf(waiting, errors.HostUnreachableError).value))

    def test_isolated(self) -> None:
        """
        Look-ups are isolated as connections are.
        """
        resolve("tcp:127.0.0.1:9050", "example.com", isolation=IsolationToken("t"), reactor=self.reactor)
        transport = self.accept()
        self.play(transport, (b"\x05\x01\x02", b"\x05\x02"))
        self.assertEqual(self.said(transport), b"\x01\x09<torS0X>0\x01t")

    def test_cancel(self) -> None:
        """
        A cancelled look-up is closed, and a late answer changes nothing.
        """
        waiting = resolve(self.socks, "example.com")
        transport = self.accept()
        transport.protocol.dataReceived(b"\x05\x00")
        waiting.cancel()
        self.failureResultOf(waiting, CancelledError)
        self.assertTrue(transport.disconnected)
        transport.protocol.dataReceived(REPLY)

    def test_wrong_arguments(self) -> None:
        """
        What cannot be asked for is refused before anything is sent.
        """
        self.assertRaises(errors.InvalidArgument, resolve, self.socks, "a b")
        self.assertRaises(errors.InvalidArgument, resolve, self.socks, "expyuzz4wqqyqhjn.onion")
        self.assertRaises(errors.InvalidArgument, resolve_ptr, self.socks, "example.com")
        self.assertEqual(self.reactor.tcpClients, [])
