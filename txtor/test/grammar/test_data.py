"""
Tests of data blocks.
"""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from txtor.grammar import stuff, unstuff

LINES = st.lists(st.text(alphabet=". \rab", max_size=6).map(lambda line: line.rstrip("\r").encode()), min_size=1, max_size=8)


class StuffTests(SynchronousTestCase):
    """
    Writing a data block.
    """

    def test_lines(self) -> None:
        """
        Case 6: LF and CR LF both end a line, and the last line may lack its end.
        """
        for data in (b"one\ntwo", b"one\ntwo\n", b"one\r\ntwo\r\n", b"one\r\ntwo"):
            self.assertEqual(stuff(data), b"one\r\ntwo\r\n.\r\n")

    def test_dots(self) -> None:
        """
        Case 6: a line that begins with a dot gets one more, the first line too; a dot elsewhere stays alone.
        """
        self.assertEqual(stuff(b".\n..x\n .\na."), b"..\r\n...x\r\n .\r\na.\r\n.\r\n")

    def test_empty(self) -> None:
        """
        Empty data are one empty line, without which Tor takes the command for one without data.
        """
        self.assertEqual(stuff(b""), b"\r\n.\r\n")
        self.assertEqual(stuff(b"\n"), b"\r\n.\r\n")

    @given(LINES)
    def test_no_line_ends_it(self, lines: list[bytes]) -> None:
        """
        No line of the data is the terminator: it stands once, at the end.
        """
        self.assertEqual(stuff(b"\n".join(lines)).split(b"\r\n").count(b"."), 1)


class UnstuffTests(SynchronousTestCase):
    """
    Reading a data block.
    """

    def test_dots(self) -> None:
        """
        Case 14: exactly one dot is taken away, and whatever else the lines look like stays.
        """
        self.assertEqual(unstuff(b"..x\r\n .\r\nOK\r\n250 OK\r\n..\r\n...\r\na."), b".x\n .\nOK\n250 OK\n.\n..\na.")

    def test_empty(self) -> None:
        """
        Case 14: a block without lines is empty.
        """
        self.assertEqual(unstuff(b""), b"")

    def test_lone_carriage_return(self) -> None:
        """
        A CR without LF is data.
        """
        self.assertEqual(unstuff(b"a\rb\r\nc\r"), b"a\rb\nc\r")

    @given(LINES)
    def test_round_trip(self, lines: list[bytes]) -> None:
        """
        What was written is read, but for a last line end, which the wire does not tell.
        """
        data = b"\n".join(lines)
        block = stuff(data)[: -len(b"\r\n.\r\n")]
        self.assertEqual(unstuff(block), data.removesuffix(b"\n"))

    @given(st.binary(max_size=60))
    def test_any(self, block: bytes) -> None:
        """
        Any bytes are read, and no CR LF is left.
        """
        self.assertNotIn(b"\r\n", unstuff(block).replace(b"\r\r\n", b""))
