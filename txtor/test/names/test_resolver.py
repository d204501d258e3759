# -*- test-case-name: txtor.test.names.test_resolver -*-
"""
The resolver of twisted.names.
"""

from __future__ import annotations

import ipaddress
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.internet.defer import Deferred, fail
from twisted.internet.defer import TimeoutError as DeferredTimeout
from twisted.internet.interfaces import IResolver
from twisted.internet.testing import MemoryReactorClock, StringTransport
from twisted.names import dns
from twisted.names.common import ResolverBase
from twisted.names.resolve import ResolverChain
from twisted.trial.unittest import SynchronousTestCase
from zope.interface.verify import verifyObject

from txtor.errors import HostUnreachableError, InvalidArgument, SocksError
from txtor.names import TorResolver
from txtor.names._resolver import address_of_pointer


class ResolverTests(SynchronousTestCase):
    """
    `TorResolver`, in memory.
    """

    def setUp(self) -> None:
        self.reactor = MemoryReactorClock()
        self.resolver: Any = TorResolver(self.reactor, "tcp:127.0.0.1:9050")

    def answered(self, look_up: Deferred[Any], request: bytes, answer: bytes) -> Deferred[Any]:
        """
        The SOCKS port is asked that, and answers this.
        """
        protocol: Any = self.reactor.tcpClients[-1][2].buildProtocol(None)
        transport = StringTransport()
        protocol.makeConnection(transport)
        protocol.dataReceived(b"\x05\x00")
        self.assertEqual(transport.value(), b"\x05\x01\x00" + request)
        protocol.dataReceived(answer)
        return look_up

    NAME = b"\x05\xf0\x00\x03\x07example\x00\x00"
    IPV4 = b"\x05\x00\x00\x01\xc0\x00\x02\x01\x00\x00"
    IPV6 = b"\x05\x00\x00\x04" + bytes(15) + b"\x01\x00\x00"

    def test_interface(self) -> None:
        """
        What is declared is provided.
        """
        verifyObject(IResolver, self.resolver)

    def test_addresses(self) -> None:
        """
        A and AAAA get the address if it is of their kind, and all records in any case.
        """
        ipv4 = [dns.RRHeader(b"example", dns.A, payload=dns.Record_A("192.0.2.1", 0))]
        ipv6 = [dns.RRHeader(b"example", dns.AAAA, payload=dns.Record_AAAA("::1", 0))]
        for ask, answer, records in (
            (self.resolver.lookupAddress, self.IPV4, ipv4),
            (self.resolver.lookupAddress, self.IPV6, []),
            (self.resolver.lookupIPV6Address, self.IPV6, ipv6),
            (self.resolver.lookupIPV6Address, self.IPV4, []),
            (self.resolver.lookupAllRecords, self.IPV4, ipv4),
            (self.resolver.lookupAllRecords, b"\x05\x00\x00\x03\x01a\x00\x00", []),
        ):
            found = self.successResultOf(self.answered(ask(b"example"), self.NAME, answer))
            self.assertEqual(found, (records, [], []))

    def test_pointers(self) -> None:
        """
        PTR of IPv4 and IPv6. Case 108.
        """
        for name, wire in (
            (b"1.2.0.192.in-addr.arpa", b"\x01\xc0\x00\x02\x01"),
            (b"1" + b".0" * 31 + b".ip6.arpa", b"\x04" + bytes(15) + b"\x01"),
        ):
            answer = b"\x05\x00\x00\x03\x07example\x00\x00"
            found = self.answered(self.resolver.lookupPointer(name), b"\x05\xf1\x00" + wire + b"\x00\x00", answer)
            records = [dns.RRHeader(name, dns.PTR, payload=dns.Record_PTR(b"example", 0))]
            self.assertEqual(self.successResultOf(found), (records, [], []))

    def test_query(self) -> None:
        """
        A query of twisted.names comes to the same.
        """
        found = self.answered(self.resolver.query(dns.Query(b"example", dns.A, dns.IN)), self.NAME, self.IPV4)
        self.assertEqual(len(self.successResultOf(found)[0]), 1)

    def test_host_by_name(self) -> None:
        """
        What ``reactor.resolve`` asks, with text or bytes.
        """
        for name in ("example", b"example"):
            found = self.answered(self.resolver.getHostByName(name), self.NAME, self.IPV6)
            self.assertEqual(self.successResultOf(found), "::1")

    def test_not_found(self) -> None:
        """
        A name that there is not.
        """
        self.failureResultOf(self.answered(self.resolver.lookupAddress(b"example"), self.NAME, b"\x05\x04"), HostUnreachableError)

    def test_not_for_tor(self) -> None:
        """
        What Tor does not look up, and what is no name, fails at once.
        """
        for look_up in (
            self.resolver.lookupMailExchange(b"example"),
            self.resolver.query(dns.Query(b"example", 65280, dns.IN)),
            self.resolver.query(dns.Query(b"example", dns.A, dns.CH)),
            self.resolver.lookupAddress(b"a b"),
            self.resolver.getHostByName("a b"),
            self.resolver.lookupPointer(b"example.com"),
        ):
            self.failureResultOf(look_up, InvalidArgument)
        self.assertRaises(InvalidArgument, TorResolver, self.reactor, "nonsense")

    def test_chain(self) -> None:
        """
        A chain of resolvers does not ask the next one, which would learn a name that was meant for Tor.
        """
        asked = []

        class Local(ResolverBase):
            def _lookup(self, *args: Any) -> Any:
                asked.append(args)
                return fail(ZeroDivisionError())

        chain = ResolverChain([self.resolver, Local()])
        for waiting in (
            chain.query(dns.Query(b"example", dns.MX, dns.IN)),
            self.answered(chain.query(dns.Query(b"example", dns.A, dns.IN)), self.NAME, b"\x05\x04"),
        ):
            self.failureResultOf(waiting, InvalidArgument, SocksError)
        self.assertEqual(asked, [])

    def test_timeout(self) -> None:
        """
        The seconds of a time-out are summed up; then the connection is closed and no timer is left.
        """
        for ask in (self.resolver.lookupAddress, self.resolver.lookupPointer):
            waiting = ask(b"1.2.0.192.in-addr.arpa", (1, 3))
            protocol: Any = self.reactor.tcpClients[-1][2].buildProtocol(None)
            protocol.makeConnection(StringTransport())
            self.reactor.advance(3.9)
            self.assertNoResult(waiting)
            self.reactor.advance(0.2)
            self.failureResultOf(waiting, DeferredTimeout)
            self.assertTrue(protocol.transport.disconnected)
        self.assertEqual(self.reactor.getDelayedCalls(), [])


class PointerTests(SynchronousTestCase):
    """
    Names of addresses.
    """

    @settings(max_examples=100)
    @given(st.ip_addresses())
    def test_round_trip(self, address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> None:
        """
        Every address comes back from its name, in any capitals and with a final dot.
        """
        self.assertEqual(address_of_pointer(address.reverse_pointer.encode()), str(address))
        self.assertEqual(address_of_pointer(address.reverse_pointer.upper().encode() + b"."), str(address))

    @settings(max_examples=100)
    @given(st.one_of(st.binary(max_size=80), st.from_regex(rb"([0-9a-f]{0,3}\.){0,34}(in-addr|ip6)\.arpa")))
    def test_anything(self, name: bytes) -> None:
        """
        Anything is an address or the one error.
        """
        try:
            ipaddress.ip_address(address_of_pointer(name))
        except InvalidArgument as error:
            self.assertIn("Not the name of an address", str(error))
