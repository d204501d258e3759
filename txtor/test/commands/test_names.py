# -*- test-case-name: txtor.test.commands.test_names -*-
"""
Tests of the commands about names and addresses.
"""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from txtor.commands import AddressMapping, MapAddress, Resolve
from txtor.errors import (
    ArgumentSyntaxError,
    AuthenticationRequired,
    InvalidArgument,
    ProtocolViolation,
    ResourceExhausted,
    UnrecognizedCommand,
)

from .tor_side import reply


class MapAddressTests(SynchronousTestCase):
    """
    MAPADDRESS.
    """

    def test_wire(self) -> None:
        """
        Pairs, also with wildcards and addresses that Tor chooses.
        """
        self.assertEqual(
            MapAddress({"a.example": "b.example", "*.x": "*.y", ".": "c.example", "::": "::1"}).to_wire(),
            b"MAPADDRESS a.example=b.example *.x=*.y .=c.example ::=::1\r\n",
        )

    def test_bad_arguments(self) -> None:
        """
        Tor checks hardly anything, so much is checked here.
        """
        for mappings in ({}, {"a": ""}, {"": "a"}, {"a=b": "c"}, {"a": "b=c"}, {"a b": "c"}, {"a": 'b"'}, {"a": None}, {5: "a"},
                         [("a", "b")], "a=b", {"a\tb": "c"}, {"é": "c"}):  # fmt: skip
            self.assertRaises(InvalidArgument, MapAddress, mappings)

    def test_outcomes(self) -> None:
        """
        Case 13: each mapping has its own outcome, in one reply.
        """
        told = MapAddress({"a": "b", "bad": "c", ".": "d", "full": "e"}).parse_reply(
            reply(
                "250-a=b",
                "512-syntax error: invalid address 'bad'",
                "250-gmoc7jldxpwr3uoo.virtual=d",
                "451 resource exhausted: skipping 'full=e'",
            )
        )
        self.assertEqual(told["a"], AddressMapping("a", "b"))
        self.assertIsInstance(told["bad"], ArgumentSyntaxError)
        self.assertEqual(told["."], AddressMapping("gmoc7jldxpwr3uoo.virtual", "d"))
        self.assertIsInstance(told["full"], ResourceExhausted)
        self.assertEqual(getattr(told["full"], "command", None), "MAPADDRESS")

    def test_single(self) -> None:
        """
        One mapping that is refused is an outcome, as among others; a command that is refused is not.
        """
        command = MapAddress({"a": "b"})
        self.assertIsInstance(command.parse_reply(reply("512 syntax error: no"))["a"], ArgumentSyntaxError)
        self.assertRaises(UnrecognizedCommand, command.parse_reply, reply("510 Command filtered"))
        self.assertRaises(AuthenticationRequired, command.parse_reply, reply("514 Authentication required."))
        self.assertRaises(ArgumentSyntaxError, MapAddress({"a": "b", "c": "d"}).parse_reply, reply("512 not enough"))

    def test_not_understood(self) -> None:
        """
        Too few lines, and lines that are no mapping.
        """
        self.assertRaises(ProtocolViolation, MapAddress({"a": "b", "c": "d"}).parse_reply, reply("250 a=b"))
        self.assertRaises(ProtocolViolation, MapAddress({"a": "b"}).parse_reply, reply("250 OK"))

    def test_replacement_with_equals(self) -> None:
        """
        Only the first ``=`` separates.
        """
        told = MapAddress({"a": "b"}).parse_reply(reply("250 a=b=c"))
        self.assertEqual(told, {"a": AddressMapping("a", "b=c")})


class ResolveTests(SynchronousTestCase):
    """
    RESOLVE.
    """

    def test_wire(self) -> None:
        """
        Several names at once, and the reverse.
        """
        self.assertEqual(Resolve(["a.example", "b.example"]).to_wire(), b"RESOLVE a.example b.example\r\n")
        self.assertEqual(Resolve(["127.0.0.1"], reverse=True).to_wire(), b"RESOLVE mode=reverse 127.0.0.1\r\n")

    def test_bad_arguments(self) -> None:
        """
        A name with ``=`` would be an option of the command.
        """
        for addresses in ([], "a.example", ["mode=reverse"], [""], ["a b"], [5], None):
            self.assertRaises(InvalidArgument, Resolve, addresses)
