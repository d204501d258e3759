"""
Tests of replies and their lines.
"""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from txtor.errors import InternalTorError, InvalidArgument, ProtocolViolation, TorRefused, UnrecognizedEntity
from txtor.grammar import Reply, ReplyLine, decode, format_reply, parse_reply_line, unstuff

TEXTS = st.text(alphabet="aé=\"\\ +-.250\udcff", max_size=12)
LINES = st.builds(
    ReplyLine,
    st.integers(100, 699),
    TEXTS,
    st.none() | st.lists(st.sampled_from([b"", b".", b"..x", b" .", b"250 OK", b"a\rb"]), min_size=1).map(b"\n".join),
)


class ReplyLineTests(SynchronousTestCase):
    """
    Taking a line apart.
    """

    def test_forms(self) -> None:
        """
        The three forms of a line, and what stands behind their separator.
        """
        self.assertEqual(parse_reply_line("250 OK"), (250, " ", "OK"))
        self.assertEqual(parse_reply_line("250-version=0.4.9.11"), (250, "-", "version=0.4.9.11"))
        self.assertEqual(parse_reply_line("650+NS"), (650, "+", "NS"))
        self.assertEqual(parse_reply_line("250  two  spaces "), (250, " ", " two  spaces "))

    def test_bare_status(self) -> None:
        """
        Three digits alone end a reply without text.
        """
        self.assertEqual(parse_reply_line("250"), (250, " ", ""))
        self.assertEqual(parse_reply_line("250 "), (250, " ", ""))

    def test_other_protocols(self) -> None:
        """
        Case 22: what is no reply line is a violation, which says what was seen.
        """
        for line in ("", "25", "2500 x", "250_OK", "abc", "HTTP/1.0 501 x", "SSH-2.0-x", "\x05\x01", "²50 OK", "٢50 OK"):
            with self.assertRaises(ProtocolViolation, msg=line) as caught:
                parse_reply_line(line)
            self.assertIn(repr(line), str(caught.exception))

    @given(st.text(max_size=12) | st.from_regex(r"[0-9]{3}[-+ ].*"))
    def test_any(self, line: str) -> None:
        """
        Any line is read, and can be written again, or is the one error.
        """
        try:
            status, separator, text = parse_reply_line(line)
        except ProtocolViolation:
            return
        self.assertIn(line, (f"{status:03}{separator}{text}", f"{status:03}"))


class FormatTests(SynchronousTestCase):
    """
    Writing replies as Tor does.
    """

    def test_forms(self) -> None:
        """
        The last line ends the reply; a line with data is a block.
        """
        lines = [ReplyLine(250, "a=b"), ReplyLine(250, "ns/all=", b".x\ny"), ReplyLine(250, "OK")]
        self.assertEqual(format_reply(lines), b"250-a=b\r\n250+ns/all=\r\n..x\r\ny\r\n.\r\n250 OK\r\n")

    def test_endless(self) -> None:
        """
        A reply that would have no end cannot be written.
        """
        self.assertRaises(InvalidArgument, format_reply, [])
        self.assertRaises(InvalidArgument, format_reply, [ReplyLine(250, "x", b"")])

    @given(st.lists(LINES, max_size=5), st.integers(100, 699), TEXTS)
    def test_round_trip(self, lines: list[ReplyLine], status: int, text: str) -> None:
        """
        What is written can be read: each line with its status, text and data.
        """
        lines = [*lines, ReplyLine(status, text)]
        written = format_reply(lines)
        read = []
        while written:
            head, _, written = written.partition(b"\r\n")
            status, separator, text = parse_reply_line(decode(head))
            data = None
            if separator == "+":
                block, _, written = (b"\r\n" + written).partition(b"\r\n.\r\n")
                data = unstuff(block[2:])
            read.append(ReplyLine(status, text, data))
        self.assertEqual(read, [line._replace(data=line.data and line.data.removesuffix(b"\n")) for line in lines])


class ReplyTests(SynchronousTestCase):
    """
    Whole replies.
    """

    def test_success(self) -> None:
        """
        A reply is a success if each of its lines is.
        """
        self.assertTrue(Reply([ReplyLine(250, "a"), ReplyLine(251, "b")]).is_success)
        self.assertFalse(Reply([ReplyLine(650, "a")]).is_success)

    def test_mixed(self) -> None:
        """
        Case 13: a 512 in the middle of a reply that ends in 250 is a refusal with its own words, and all lines are to be had.
        """
        reply = Reply([ReplyLine(250, "a=b"), ReplyLine(552, "c"), ReplyLine(552, "d"), ReplyLine(250, "e=f")])
        self.assertFalse(reply.is_success)
        error = reply.refusal("MAPADDRESS")
        self.assertIsInstance(error, UnrecognizedEntity)
        self.assertEqual((error.status, error.text, error.command), (552, "c; d", "MAPADDRESS"))
        self.assertEqual(error.lines, ((250, "a=b"), (552, "c"), (552, "d"), (250, "e=f")))
        self.assertEqual((reply.status, reply.text), (250, "e=f"))

    def test_refusals(self) -> None:
        """
        Case 11: the status gives the class; one that the specification does not name is a plain refusal.
        """
        self.assertIsInstance(Reply([ReplyLine(551, "x")]).refusal(), InternalTorError)
        self.assertIs(type(Reply([ReplyLine(599, "x")]).refusal()), TorRefused)
        self.assertIs(type(Reply([ReplyLine(450, "x")]).refusal()), TorRefused)

    def test_equality(self) -> None:
        """
        Replies with the same lines are equal, whatever holds the lines.
        """
        one, same, other = Reply([ReplyLine(250, "OK")]), Reply((ReplyLine(250, "OK"),)), Reply([ReplyLine(250, "ok")])
        self.assertEqual((one, hash(one)), (same, hash(same)))
        self.assertNotEqual(one, other)
        self.assertNotEqual(one, "250 OK")

    def test_repr(self) -> None:
        """
        The representation tells no text, which may be secret.
        """
        self.assertEqual(repr(Reply([ReplyLine(250, "PrivateKey=x"), ReplyLine(250, "OK")])), "<Reply 250 and 1 more>")
        self.assertEqual(repr(Reply([ReplyLine(250, "x")])), "<Reply 250>")
