# -*- test-case-name: txtor.test.commands.test_tor_side -*-
"""
The oracle of the commands' tests, against what tor was seen to do.
"""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from .tor_side import Heard, Misunderstood, heard_by_tor


class TorSideTests(SynchronousTestCase):
    """
    The oracle sees an injection where there is one.
    """

    def test_second_line(self) -> None:
        """
        A line end in an argument makes two commands.
        """
        heard = heard_by_tor(b"GETINFO version\r\nSIGNAL HALT\r\n")
        self.assertEqual([command.keyword for command in heard], ["GETINFO", "SIGNAL"])

    def test_second_option(self) -> None:
        """
        A tab in a bare value makes two options, and so does a quote.
        """
        expected = [(b"ContactInfo", b"a"), (b"Nickname", b"b")]
        self.assertEqual(heard_by_tor(b"SETCONF ContactInfo=a\tNickname=b\r\n")[0].keywords, expected)
        self.assertEqual(heard_by_tor(b'SETCONF ContactInfo="a" Nickname="b"\r\n')[0].keywords, expected)

    def test_nul(self) -> None:
        """
        What stands behind a NUL is not seen.
        """
        self.assertEqual(heard_by_tor(b"SIGNAL NEWNYM\0 x\r\n"), [Heard("SIGNAL", [b"NEWNYM"], [], None)])

    def test_escapes(self) -> None:
        """
        CStrings are read as C reads them.
        """
        heard = heard_by_tor(b'SETCONF A="\\n\\\\\\"\\303\\251\\x41"\r\n')
        self.assertEqual(heard[0].keywords, [(b"A", b'\n\\"\xc3\xa9A')])

    def test_data(self) -> None:
        """
        One dot is removed; a lone dot ends the block, and what follows is a command.
        """
        heard = heard_by_tor(b"+LOADCONF\r\n..a\r\n\r\nb\n.\r\nQUIT\r\n")
        self.assertEqual(heard, [Heard("LOADCONF", [], [], b".a\n\nb"), Heard("QUIT", [], [], None)])

    def test_errors(self) -> None:
        """
        What tor does not read is told.
        """
        for wire in (
            b"GETINFO a",
            b"FOO\r\n",
            b" GETINFO a\r\n",
            b"\r\n",
            b"LOADCONF\r\n",
            b"+GETINFO\r\n.\r\n",
            b"+LOADCONF\r\n.\r\n",
            b"+LOADCONF\r\na\r\n",
            b"SIGNAL a b\r\n",
            b'ADD_ONION NEW:BEST Port="80"\r\n',
            b'SETCONF A="\\q"\r\n',
            b'SETCONF A="\\0"\r\n',
            b'SETCONF A="a\r\n',
        ):
            self.assertRaises(Misunderstood, heard_by_tor, wire)
