# -*- test-case-name: txtor.test.socks.test_hosts -*-
"""
Destinations: what is sent for them, and what is refused.
"""

from __future__ import annotations

import base64
import hashlib
from socket import AF_INET6, inet_pton

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from txtor.errors import InvalidArgument
from txtor.socks import parse_target
from txtor.socks._hosts import AddressType, parse_address, parse_host


def onion(key: bytes = bytes(range(32)), version: bytes = b"\x03") -> str:
    """
    The address of a key, made here and not by the code under test.
    """
    checksum = hashlib.sha3_256(b".onion checksum" + key + version).digest()[:2]
    return base64.b32encode(key + checksum + version).decode().lower()


class TargetTests(SynchronousTestCase):
    """
    `parse_target`: one class of host after another.
    """

    def refused(self, host: object, port: object = 80) -> str:
        """
        The text of the refusal.
        """
        return str(self.assertRaises(InvalidArgument, parse_target, host, port))

    def test_name(self) -> None:
        """
        A name goes as it is, with its length before it.
        """
        target = parse_target("www.Example.com", 443)
        self.assertEqual(target, (AddressType.NAME, "www.Example.com", b"\x0fwww.Example.com", 443))
        self.assertEqual(str(target), "www.Example.com:443")

    def test_name_of_bytes(self) -> None:
        """
        ASCII bytes are a name as well, other bytes are not.
        """
        self.assertEqual(parse_target(b"a.b", 1), parse_target("a.b", 1))
        self.refused(b"\xe4.example")

    def test_underscores_and_single_labels(self) -> None:
        """
        Names that DNS allows and host name rules do not are Tor's to judge.
        """
        self.assertEqual(parse_target("_srv.a-b", 1).host, "_srv.a-b")
        self.assertEqual(parse_target("localhost", 1).host, "localhost")

    def test_ipv4(self) -> None:
        """
        An IPv4 address is four bytes.
        """
        self.assertEqual(parse_target("192.0.2.1", 80), (AddressType.IPV4, "192.0.2.1", b"\xc0\x00\x02\x01", 80))

    def test_ipv6(self) -> None:
        """
        An IPv6 address is sixteen bytes, with or without brackets. Case 107.
        """
        address = inet_pton(AF_INET6, "2001:db8::1")
        for text in ("2001:db8::1", "[2001:db8::1]"):
            target = parse_target(text, 80)
            self.assertEqual(target, (AddressType.IPV6, "2001:db8::1", address, 80))
            self.assertEqual(str(target), "[2001:db8::1]:80")

    def test_zone_id(self) -> None:
        """
        A zone id is refused, and told apart from other mistakes.
        """
        self.assertIn("zone id", self.refused("fe80::1%eth0"))
        self.assertIn("zone id", self.refused("[fe80::1%1]"))

    def test_no_address(self) -> None:
        """
        What looks like an address and is none is not taken for a name, which an exit may read as an address after all.
        """
        for host in ("1.2.3", "1.2.3.256", "2130706433", "1.2.3.4.5", "1.2.3.4\0", "::1::", "1:2", "[1.2.3.4]", "[::1", "[]"):
            self.refused(host)

    def test_trailing_dot(self) -> None:
        """
        One final dot says that the name is whole, which all names here are; two are a mistake.
        """
        self.assertEqual(parse_target("example.com.", 80), parse_target("example.com", 80))
        for host in ("example.com..", ".", "", ".example.com", "a..b"):
            self.refused(host)

    def test_no_name(self) -> None:
        """
        Characters that stand in no host name are refused.
        """
        for host in ("a b", "a\0b", "a\r\nb", "a/b", "user@a", "a%00", '"', "a:80", "é" * 200 + ".com", "a\udc80b", "☃-⁇.com"):
            self.refused(host)
        for value in (None, 7, ["a"]):
            self.refused(value)

    def test_longest(self) -> None:
        """
        255 bytes are sent, 256 are refused. Case 114.
        """
        name = ".".join(["a" * 63] * 4)
        self.assertEqual(parse_target(name, 80).address, b"\xff" + name.encode())
        self.refused(name + "a")

    def test_idna(self) -> None:
        """
        A name of another script goes in its IDNA form, with the dots that such scripts have. Case 114.
        """
        self.assertEqual(parse_target("bücher.example", 80).host, "xn--bcher-kva.example")
        self.assertEqual(parse_target("例え。テスト", 80).host, "xn--r8jz45g.xn--zckzah")

    def test_idna_digits(self) -> None:
        """
        What only becomes an address by IDNA is an address.
        """
        self.assertEqual(parse_target("１９２.0.2.1", 80).type, AddressType.IPV4)

    def test_ports(self) -> None:
        """
        Ports are 1 to 65535; 0 is refused. Case 114.
        """
        for port in (1, 65535):
            self.assertEqual(parse_target("a", port).port, port)
        for wrong in (0, -1, 65536, "80", 80.0, True, None):
            self.refused("a", wrong)

    def test_onion(self) -> None:
        """
        A right onion address passes, in either case, below a sub-domain and with a final dot. Case 106.
        """
        for host in (onion(), onion().upper(), "www." + onion()):
            self.assertEqual(parse_target(host + ".onion", 80).host, host + ".onion")
        self.assertEqual(parse_target(onion() + ".onion.", 80).host, onion() + ".onion")
        self.assertEqual(parse_target(onion() + ".ONION", 80).host, onion() + ".ONION")

    def test_wrong_onion(self) -> None:
        """
        A mistyped onion address, one of an old version and one that is none are refused, also when other dots hide them.
        """
        mistyped = ("b" if onion()[0] != "b" else "c") + onion()[1:]
        self.assertIn("checksum", self.refused(mistyped + ".onion"))
        self.assertIn("version", self.refused(onion(version=b"\x04") + ".onion"))
        for host in ("expyuzz4wqqyqhjn.onion", "onion", "a.onion", mistyped + "。onion", mistyped + ".onion."):
            self.refused(host)

    def test_look_ups(self) -> None:
        """
        A look-up has no port; one backwards takes addresses only.
        """
        self.assertEqual(str(parse_host("example.com")), "example.com")
        self.assertEqual(parse_address("2001:db8::1").type, AddressType.IPV6)
        self.assertRaises(InvalidArgument, parse_address, "example.com")

    @settings(max_examples=200)
    @given(st.one_of(st.text(max_size=300), st.from_regex(r"[0-9a-fA-F.:%\[\]]{1,50}"), st.binary(max_size=300)), st.integers())
    def test_anything(self, host: str | bytes, port: int) -> None:
        """
        Anything is a target of the right form or the one error.
        """
        try:
            target = parse_target(host, port)
        except InvalidArgument:
            return
        self.assertEqual(target.port, port)
        if target.type is AddressType.NAME:
            self.assertEqual(target.address, bytes([len(target.host)]) + target.host.encode("ascii"))
        else:
            self.assertEqual(len(target.address), {AddressType.IPV4: 4, AddressType.IPV6: 16}[target.type])
