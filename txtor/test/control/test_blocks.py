# -*- test-case-name: txtor.test.control.test_blocks -*-
"""
Tests of data blocks that arrive in pieces.
"""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from txtor.control._blocks import Block, LineBlock
from txtor.errors import ProtocolViolation
from txtor.grammar import stuff

ODD = st.sampled_from([b"", b".", b"..", b".x", b" .", b"250 OK", b"\r", b"x\r", b"a\rb", b"\r.x", b"........."])
LINES = st.lists(st.one_of(ODD, st.binary(max_size=9))).map(lambda lines: [line.replace(b"\n", b"") for line in lines])


def cut(data: bytes, places: list[int]) -> list[bytes]:
    """
    Some bytes, cut at some places.
    """
    ends = sorted({place % (len(data) + 1) for place in places})
    return [data[a:b] for a, b in zip([0, *ends], [*ends, len(data)], strict=True) if a < b]


class BlockTests(SynchronousTestCase):
    """
    A block is the same however it arrives, and what follows it is not part of it.
    """

    @given(LINES, st.lists(st.integers(0, 1000), max_size=12), st.binary(max_size=12))
    @settings(max_examples=300)
    def test_any_cut(self, lines: list[bytes], places: list[int], after: bytes) -> None:
        """
        Case 14: what was stuffed comes out again, split anywhere, and the rest is given back.
        """
        sent = stuff(b"\n".join(line.rstrip(b"\r") for line in lines))
        value = b"\n".join(line.rstrip(b"\r") for line in lines)
        expected = value[:-1] if value.endswith(b"\n") else value
        block = Block(10_000)
        rest = None
        chunks = cut(sent + after, places)
        while rest is None:
            rest = block.feed(chunks.pop(0))
        self.assertEqual(block.content(), expected)
        self.assertEqual(rest + b"".join(chunks), after)

    @given(LINES, st.lists(st.integers(0, 1000), max_size=12), st.binary(max_size=12))
    @settings(max_examples=200)
    def test_lines(self, lines: list[bytes], places: list[int], after: bytes) -> None:
        """
        Line by line, the same lines come, split anywhere.
        """
        value = b"\n".join(line.rstrip(b"\r") for line in lines)
        sent = stuff(value)
        got: list[bytes] = []
        block = LineBlock(got.append, 10_000)
        rest = None
        chunks = cut(sent + after, places)
        while rest is None:
            rest = block.feed(chunks.pop(0))
        expected = value[:-1] if value.endswith(b"\n") else value
        self.assertEqual(b"\n".join(got), expected)
        self.assertEqual(rest + b"".join(chunks), after)

    def test_empty(self) -> None:
        """
        Case 14: a block without lines is empty; the CR LF of its head belongs to its end. So is a block of one empty line.
        """
        for sent in (b".\r\n", b"\r\n.\r\n"):
            for chunks in ([sent], [sent[i : i + 1] for i in range(len(sent))]):
                block = Block(100)
                self.assertEqual([block.feed(chunk) for chunk in chunks][-1], b"")
                self.assertEqual(block.content(), b"")

    def test_limit(self) -> None:
        """
        A block over its limit is refused before it is complete; a line over its limit likewise.
        """
        block = Block(100)
        block.feed(b"x" * 100)
        self.assertRaises(ProtocolViolation, block.feed, b"x")
        lines = LineBlock(len, 100)
        lines.feed(b"x\r\n" * 1000)
        self.assertRaises(ProtocolViolation, lines.feed, b"x" * 101)

    def test_failing_function(self) -> None:
        """
        Case 32: a function that raises is not called again; the block is read to its end.
        """
        calls: list[bytes] = []

        def fail(line: bytes) -> None:
            calls.append(line)
            raise KeyError(line)

        block = LineBlock(fail, 100)
        self.assertEqual(block.feed(b"a\r\nb\r\n.\r\nrest"), b"rest")
        self.assertEqual(calls, [b"a"])
        self.assertIsInstance(block.failure, KeyError)
