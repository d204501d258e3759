# -*- test-case-name: txtor.test.commands.test_raw -*-
"""
Tests of commands as text.
"""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from txtor.commands import RawCommand
from txtor.errors import InvalidArgument, UnrecognizedCommand

from .tor_side import reply


class RawCommandTests(SynchronousTestCase):
    """
    Any one command, and no more than one.
    """

    def test_wire(self) -> None:
        """
        The text as it is, and data where there are any.
        """
        self.assertEqual(RawCommand("getinfo  version ").to_wire(), b"getinfo  version \r\n")
        self.assertEqual(RawCommand('SETCONF ContactInfo="é \udcff"').to_wire(), b'SETCONF ContactInfo="\xc3\xa9 \xff"\r\n')
        for text in ("NEWCOMMAND x=1", "+NEWCOMMAND x=1"):
            self.assertEqual(RawCommand(text, ".\n").to_wire(), b"+NEWCOMMAND x=1\r\n..\r\n.\r\n")
        self.assertEqual(RawCommand("LOADCONF", b"").to_wire(), b"+LOADCONF\r\n\r\n.\r\n")

    def test_not_one_command(self) -> None:
        """
        Case 3: line ends and the like, and data that would never end.
        """
        lines = ("a\nb", "a\rb", "a\r\n", "a\0b", "a\tb", "a\vb", "a\fb")
        for text in (*lines, "", " ", " GETINFO", "+LOADCONF", "\ud800", None, b"QUIT"):
            self.assertRaises(InvalidArgument, RawCommand, text)
        self.assertRaises(InvalidArgument, RawCommand, "++LOADCONF", "x")
        self.assertRaises(InvalidArgument, RawCommand, "LOADCONF", "a\0")

    def test_traps(self) -> None:
        """
        What ends tor 0.4.9, or is not answered exactly once.
        """
        for text, data in (
            ("SETCIRCUITPURPOSE", None),
            ("setcircuitpurpose  ", None),
            ("HSPOST", "x"),
            ("+hspost SERVER=a", "x"),
            ("ADD_ONION NEW:BEST Port=80 clientauth=bob", None),
            ("ONION_CLIENT_AUTH_ADD a x25519:b ClientName=" + "b" * 17, None),
            ("ONION_CLIENT_AUTH_ADD a x25519:b clientname=" + "é" * 9, None),
        ):
            self.assertRaises(InvalidArgument, RawCommand, text, data)
        for text, data in (
            ("SETCIRCUITPURPOSE 5", None),
            ("HSPOST hsaddress=a", "x"),
            ("ADD_ONION NEW:BEST Port=80 ClientAuthV3=x", None),
            ("ONION_CLIENT_AUTH_ADD a x25519:b ClientName=" + "b" * 16, None),
        ):
            self.assertTrue(RawCommand(text, data).to_wire())

    def test_reply(self) -> None:
        """
        The reply itself, or the refusal with the keyword.
        """
        command = RawCommand("newcommand secret")
        self.assertEqual(command.keyword, "NEWCOMMAND")
        answer = reply("250-a=b", "250 OK")
        self.assertIs(command.parse_reply(answer), answer)
        error = self.assertRaises(UnrecognizedCommand, command.parse_reply, reply("510 Unrecognized command"))
        self.assertEqual(error.command, "NEWCOMMAND")
