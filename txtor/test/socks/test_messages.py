# -*- test-case-name: txtor.test.socks.test_messages -*-
"""
The messages of SOCKS5, byte by byte.
"""

from __future__ import annotations

import contextlib
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from txtor.errors import SocksProtocolViolation
from txtor.socks import parse_target
from txtor.socks._hosts import parse_address, parse_host
from txtor.socks._messages import (
    Command,
    Credentials,
    greeting,
    read_method,
    read_reply,
    read_status,
    request,
    username_password,
)

IPV4_REPLY = b"\x05\x00\x00\x01\xc0\x00\x02\x01\x00\x50"
IPV6_REPLY = b"\x05\x00\x00\x04" + bytes(15) + b"\x01\x01\xbb"
NAME_REPLY = b"\x05\x00\x00\x03\x0bexample.com\x00\x00"


class WritingTests(SynchronousTestCase):
    """
    Values to bytes.
    """

    def test_greeting(self) -> None:
        """
        One method is offered: the one that is wanted.
        """
        self.assertEqual((greeting(False), greeting(True)), (b"\x05\x01\x00", b"\x05\x01\x02"))

    def test_username_password(self) -> None:
        """
        Both fields have their length before them, up to 255. Case 112.
        """
        self.assertEqual(username_password(Credentials(b"me", b"secret")), b"\x01\x02me\x06secret")
        longest = username_password(Credentials(b"u" * 255, b""))
        self.assertEqual(longest, b"\x01\xff" + b"u" * 255 + b"\x00")

    def test_connect(self) -> None:
        """
        CONNECT to an IPv4 address, to a name, and to an IPv6 address: 22 bytes and type 4. Case 107.
        """
        self.assertEqual(
            request(Command.CONNECT, parse_target("192.0.2.1", 80)), b"\x05\x01\x00\x01\xc0\x00\x02\x01\x00\x50"
        )
        self.assertEqual(
            request(Command.CONNECT, parse_target("example.com", 443)), b"\x05\x01\x00\x03\x0bexample.com\x01\xbb"
        )
        ipv6 = request(Command.CONNECT, parse_target("2001:db8::1", 65535))
        self.assertEqual(ipv6, b"\x05\x01\x00\x04\x20\x01\x0d\xb8" + bytes(11) + b"\x01\xff\xff")
        self.assertEqual(len(ipv6), 22)

    def test_look_ups(self) -> None:
        """
        RESOLVE and RESOLVE_PTR have Tor's command numbers and port 0.
        """
        self.assertEqual(request(Command.RESOLVE, parse_host("a.b")), b"\x05\xf0\x00\x03\x03a.b\x00\x00")
        self.assertEqual(
            request(Command.RESOLVE_PTR, parse_address("192.0.2.1")), b"\x05\xf1\x00\x01\xc0\x00\x02\x01\x00\x00"
        )


class ReadingTests(SynchronousTestCase):
    """
    Bytes to values, whole, byte by byte, and wrong.
    """

    def read_slowly(self, read: Any, wire: bytes) -> Any:
        """
        Every beginning asks for more; the whole is read.
        """
        for length in range(len(wire)):
            self.assertIsNone(read(bytearray(wire[:length])))
        return read(bytearray(wire))

    def violated(self, read: Any, wire: bytes) -> None:
        """
        It is refused.
        """
        self.assertRaises(SocksProtocolViolation, read, bytearray(wire))

    def test_method(self) -> None:
        """
        The choice of a method is two bytes.
        """
        self.assertEqual(self.read_slowly(read_method, b"\x05\x02"), 2)
        self.assertEqual(self.read_slowly(read_method, b"\x05\xff"), 255)
        self.violated(read_method, b"\x04")
        self.violated(read_method, b"HTTP/1.0 501 Tor is not an HTTP Proxy\r\n")
        self.violated(read_method, b"\x05\x00\x05")

    def test_status(self) -> None:
        """
        The answer to the credentials is two bytes, of a version that servers do not agree on.
        """
        self.assertEqual(self.read_slowly(read_status, b"\x01\x00"), 0)
        self.assertEqual(self.read_slowly(read_status, b"\x05\x01"), 1)
        self.assertEqual(read_status(bytearray(b"\x05\x01\x00\x01" + bytes(6))), 1)
        self.violated(read_status, b"\x00")
        self.violated(read_status, b"\x01\x00\x05")

    def test_replies(self) -> None:
        """
        Addresses of all three types are values. Case 108.
        """
        self.assertEqual(self.read_slowly(read_reply, IPV4_REPLY), ((0, "192.0.2.1", 80), 10))
        self.assertEqual(self.read_slowly(read_reply, IPV6_REPLY), ((0, "::1", 443), 22))
        self.assertEqual(self.read_slowly(read_reply, NAME_REPLY), ((0, "example.com", 0), 18))
        self.assertEqual(self.read_slowly(read_reply, b"\x05\x00\x00\x03\x00\x00\x00"), ((0, "", 0), 7))

    def test_surplus(self) -> None:
        """
        What is behind the reply is not its own. Case 109.
        """
        self.assertEqual(read_reply(bytearray(IPV4_REPLY + b"220 hello\r\n")), ((0, "192.0.2.1", 80), 10))

    def test_refusal(self) -> None:
        """
        A refusal is complete with its code, however it goes on. Case 113.
        """
        self.assertEqual(self.read_slowly(read_reply, b"\x05\x04"), ((4, "", 0), 2))
        self.assertEqual(read_reply(bytearray(b"\x05\xf0\x00\x99")), ((0xF0, "", 0), 2))

    def test_foreign(self) -> None:
        """
        Other protocols, unknown address types and names that are none are refused. Case 113.
        """
        self.violated(read_reply, b"\x00")
        self.violated(read_reply, b"\x05\x00\x00\x02\x00")
        self.violated(read_reply, b"\x05\x00\x00\x03\x01\n\x00\x00")
        self.violated(read_reply, b"\x05\x00\x00\x03\x01\xff\x00\x00")

    @settings(max_examples=300)
    @given(st.one_of(st.binary(max_size=300), st.binary(max_size=300).map(lambda rest: b"\x05\x00\x00" + rest)))
    def test_anything(self, wire: bytes) -> None:
        """
        Anything is a value, too short, or the one error; a reply is never longer than 262 bytes.
        """
        for read in (read_method, read_status):
            with contextlib.suppress(SocksProtocolViolation):
                read(bytearray(wire))
        try:
            answer = read_reply(bytearray(wire))
        except SocksProtocolViolation:
            return
        if answer is None:
            self.assertLess(len(wire), 262)
        else:
            self.assertLessEqual(answer[1], len(wire))
