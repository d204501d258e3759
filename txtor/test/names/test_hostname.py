# -*- test-case-name: txtor.test.names.test_hostname -*-
"""
The resolver of a reactor.
"""

from __future__ import annotations

from typing import Any

from twisted.internet.address import IPv4Address, IPv6Address
from twisted.internet.endpoints import HostnameEndpoint
from twisted.internet.error import DNSLookupError
from twisted.internet.interfaces import IHostnameResolver, IHostResolution, IResolutionReceiver
from twisted.internet.protocol import Factory, Protocol
from twisted.internet.testing import MemoryReactorClock, StringTransport
from twisted.logger import globalLogPublisher
from twisted.trial.unittest import SynchronousTestCase
from zope.interface import implementer
from zope.interface.verify import verifyObject

from txtor.errors import InvalidArgument
from txtor.names import TorHostnameResolver
from txtor.socks import IsolationToken
from txtor.test.socks.loopback import LoopbackCase, reactor


@implementer(IResolutionReceiver)
class Receiver:
    """
    A receiver that keeps what it is told.
    """

    def __init__(self) -> None:
        self.events: list[Any] = []

    def resolutionBegan(self, resolution: IHostResolution) -> None:
        """
        It began.
        """
        self.resolution = resolution
        self.events.append("began")

    def addressResolved(self, address: Any) -> None:
        """
        An address.
        """
        self.events.append(address)

    def resolutionComplete(self) -> None:
        """
        It is over.
        """
        self.events.append("complete")


class HostnameTests(SynchronousTestCase):
    """
    `TorHostnameResolver`, in memory.
    """

    def setUp(self) -> None:
        self.reactor = MemoryReactorClock()
        self.resolver = TorHostnameResolver("tcp:127.0.0.1:9050", reactor=self.reactor)

    def accept(self) -> Any:
        """
        The SOCKS port accepts, and awaits a request.
        """
        protocol: Any = self.reactor.tcpClients[-1][2].buildProtocol(None)
        protocol.makeConnection(StringTransport())
        protocol.dataReceived(b"\x05\x00")
        return protocol

    def ask(self, answer: bytes, name: str = "example", **options: Any) -> list[Any]:
        """
        What a receiver is told when Tor gives that answer.
        """
        receiver = Receiver()
        self.resolver.resolveHostName(receiver, name, 80, **options)
        self.assertEqual(receiver.events, ["began"])
        protocol = self.accept()
        self.assertTrue(protocol.transport.value().endswith(b"\x05\xf0\x00\x03\x07example\x00\x00"))
        protocol.dataReceived(answer)
        return receiver.events

    IPV4 = b"\x05\x00\x00\x01\xc0\x00\x02\x01\x00\x00"
    IPV6 = b"\x05\x00\x00\x04" + bytes(15) + b"\x01\x00\x00"

    def test_interfaces(self) -> None:
        """
        What is declared is provided.
        """
        verifyObject(IHostnameResolver, self.resolver)
        verifyObject(IHostResolution, self.resolver.resolveHostName(Receiver(), "example"))

    def test_found(self) -> None:
        """
        One address, of either kind, with the port and the transport that were asked for.
        """
        self.assertEqual(self.ask(self.IPV4), ["began", IPv4Address("TCP", "192.0.2.1", 80), "complete"])
        self.assertEqual(self.ask(self.IPV6), ["began", IPv6Address("TCP", "::1", 80), "complete"])
        udp = self.ask(self.IPV4, transportSemantics="UDP")
        self.assertEqual(udp, ["began", IPv4Address("UDP", "192.0.2.1", 80), "complete"])

    def test_kinds(self) -> None:
        """
        An address of a kind that is not wanted is none.
        """
        self.assertEqual(self.ask(self.IPV6, addressTypes=[IPv4Address]), ["began", "complete"])
        self.assertEqual(len(self.ask(self.IPV6, addressTypes=[IPv4Address, IPv6Address])), 3)

    def test_not_found(self) -> None:
        """
        Without an address it is complete, and the reason is in the log, at a level that is not shown by default.
        """
        events: list[Any] = []
        observer: Any = events.append
        globalLogPublisher.addObserver(observer)
        self.addCleanup(globalLogPublisher.removeObserver, observer)
        self.assertEqual(self.ask(b"\x05\x04"), ["began", "complete"])
        self.assertEqual(self.ask(b"\x05\x00\x00\x03\x01a\x00\x00"), ["began", "complete"])
        told = [event["error"] for event in events if event.get("log_namespace", "").startswith("txtor")]
        self.assertEqual(len(told), 2)
        self.assertIn("does not resolve", str(told[0]))

    def test_without_tor(self) -> None:
        """
        Addresses are answered at once; what is no host is complete at once.
        """
        for host, kind in (("192.0.2.1", IPv4Address), ("::1", IPv6Address)):
            receiver = Receiver()
            self.resolver.resolveHostName(receiver, host, 80)
            self.assertEqual(receiver.events, ["began", kind("TCP", host, 80), "complete"])
        for wrong in ("a b", "", "expyuzz4wqqyqhjn.onion"):
            receiver = Receiver()
            self.resolver.resolveHostName(receiver, wrong)
            self.assertEqual(receiver.events, ["began", "complete"])
        self.assertEqual(self.reactor.tcpClients, [])

    def test_cancel(self) -> None:
        """
        A cancelled look-up is complete, and its connection closed.
        """
        receiver = Receiver()
        self.resolver.resolveHostName(receiver, "example")
        protocol = self.accept()
        receiver.resolution.cancel()
        self.assertEqual(receiver.events, ["began", "complete"])
        self.assertTrue(protocol.transport.disconnected)

    def test_failing_receiver(self) -> None:
        """
        What a receiver raises is logged.
        """

        class Fails(Receiver):
            def addressResolved(self, address: Any) -> None:
                raise ZeroDivisionError

        receiver = Fails()
        self.resolver.resolveHostName(receiver, "192.0.2.1")
        self.assertEqual(len(self.flushLoggedErrors(ZeroDivisionError)), 1)
        self.assertEqual(receiver.events, ["began", "complete"])

    def test_isolation(self) -> None:
        """
        Look-ups are isolated if that is wanted.
        """
        resolver = TorHostnameResolver("tcp:127.0.0.1:9050", IsolationToken("t"), self.reactor)
        resolver.resolveHostName(Receiver(), "example")
        protocol: Any = self.reactor.tcpClients[-1][2].buildProtocol(None)
        protocol.makeConnection(StringTransport())
        self.assertEqual(protocol.transport.value(), b"\x05\x01\x02")
        self.assertRaises(InvalidArgument, TorHostnameResolver, "nonsense")


class InstalledTests(LoopbackCase):
    """
    As the resolver of a real reactor, in place of one that must not be asked.
    """

    async def test_installed(self) -> None:
        """
        Twisted's own endpoint for names reaches what Tor says, and fails for what Tor does not know.
        """
        reactor.installNameResolver(TorHostnameResolver(self.socks))
        port = await self.listen(Factory.forProtocol(Protocol))
        self.server.names["example"] = "127.0.0.1"
        connected: Any = await HostnameEndpoint(reactor, b"example", port).connect(Factory.forProtocol(Protocol))
        connected.transport.loseConnection()
        await self.assertFailure(HostnameEndpoint(reactor, b"other", port).connect(Factory.forProtocol(Protocol)), DNSLookupError)
        self.assertEqual(self.server.requests, [(0xF0, "example", 0), (0xF0, "other", 0)])
