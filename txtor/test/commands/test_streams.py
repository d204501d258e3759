# -*- test-case-name: txtor.test.commands.test_streams -*-
"""
Tests of the commands about streams.
"""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from txtor.commands import AttachStream, CloseStream, RedirectStream, StreamCloseReason
from txtor.errors import InvalidArgument, UnmanagedEntity, UnrecognizedEntity

from .tor_side import reply


class AttachStreamTests(SynchronousTestCase):
    """
    ATTACHSTREAM.
    """

    def test_wire(self) -> None:
        """
        To a circuit, to a hop of it, or as Tor likes.
        """
        self.assertEqual(AttachStream(3).to_wire(), b"ATTACHSTREAM 3 0\r\n")
        self.assertEqual(AttachStream("3", 5).to_wire(), b"ATTACHSTREAM 3 5\r\n")
        self.assertEqual(AttachStream(3, "5", 2).to_wire(), b"ATTACHSTREAM 3 5 HOP=2\r\n")

    def test_bad_arguments(self) -> None:
        """
        What is refused before it is sent.
        """
        for arguments in (("",), (3, ""), ("3 0",), (3, "5 HOP=1")):
            self.assertRaises(InvalidArgument, AttachStream, *arguments)
        for hop in (0, 256, -1, "2", True, 2.0):
            self.assertRaises(InvalidArgument, AttachStream, 3, 5, hop)

    def test_refused(self) -> None:
        """
        A stream that is not ours to attach.
        """
        line = reply("555 Connection is not managed by controller.")
        self.assertRaises(UnmanagedEntity, AttachStream(3).parse_reply, line)


class StreamTests(SynchronousTestCase):
    """
    The other two.
    """

    def test_redirect(self) -> None:
        """
        With and without a port.
        """
        self.assertEqual(RedirectStream(3, "a.example").to_wire(), b"REDIRECTSTREAM 3 a.example\r\n")
        self.assertEqual(RedirectStream(3, "::1", 80).to_wire(), b"REDIRECTSTREAM 3 ::1 80\r\n")
        for arguments in ((3, ""), (3, "a b"), (3, "a", 0), (3, "a", 65536), (3, "a", "80"), (3, None), ("", "a")):
            self.assertRaises(InvalidArgument, RedirectStream, *arguments)

    def test_close(self) -> None:
        """
        A reason by its name, by its member, by its number.
        """
        self.assertEqual(CloseStream(3).to_wire(), b"CLOSESTREAM 3 1\r\n")
        for reason in ("timeout", "TIMEOUT", StreamCloseReason.TIMEOUT, 7):
            self.assertEqual(CloseStream(3, reason).to_wire(), b"CLOSESTREAM 3 7\r\n")
        self.assertEqual(CloseStream(3, 99, ["A", "B"]).to_wire(), b"CLOSESTREAM 3 99 A B\r\n")

    def test_bad_reasons(self) -> None:
        """
        0 would tell the application that its connection was made.
        """
        for reason in (0, 256, -1, "NOTHING", "", "7", None, 7.0, True):
            self.assertRaises(InvalidArgument, CloseStream, 3, reason)
        self.assertRaises(InvalidArgument, CloseStream, 3, 1, ["a b"])

    def test_refused(self) -> None:
        """
        There is no such stream.
        """
        self.assertRaises(UnrecognizedEntity, CloseStream(3).parse_reply, reply('552 Unknown stream "3"'))
