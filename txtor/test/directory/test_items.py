"""
Tests for ``txtor.directory._items``.
"""

from __future__ import annotations

import time

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from txtor.directory import Item
from txtor.directory._items import MAX_ARGUMENTS, MAX_LINE, MAX_OBJECT, tokenize, words
from txtor.errors import MalformedDocument

OBJECT = b"key\n-----BEGIN X-----\nAQID\n-----END X-----\n"


def items(data: bytes) -> list[Item]:
    """
    The items of a text that is all of one document.
    """
    return [Item(token, 0, 0) for token in tokenize(data, "test")]


class TokenizeTests(SynchronousTestCase):
    """
    From bytes to items.
    """

    def test_keyword_lines(self) -> None:
        """
        A line is a keyword and arguments, between which there may be several spaces and tabs.
        """
        first, second, third = items(b"router a  b\tc\nempty \nbare\n")
        self.assertEqual((first.keyword, first.arguments, first.text), ("router", ["a", "b", "c"], "a  b\tc"))
        self.assertEqual((second.keyword, second.arguments, second.text), ("empty", [], ""))
        self.assertEqual((third.keyword, third.arguments, third.has_object), ("bare", [], False))

    def test_object(self) -> None:
        """
        An object belongs to the keyword line above it.
        """
        (item,) = items(OBJECT)
        self.assertEqual((item.keyword, item.label, item.object_bytes()), ("key", "X", b"\x01\x02\x03"))

    def test_empty_object(self) -> None:
        """
        An object may be empty.
        """
        (item,) = items(b"key\n-----BEGIN X-----\n-----END X-----\n")
        self.assertEqual((item.label, item.object_bytes()), ("X", b""))

    def test_bytes_are_kept(self) -> None:
        """
        Whatever bytes stand behind a keyword can be had back, UTF-8 or not, carriage returns too.
        """
        data = b"contact \xff\xfe \xc3\xbc \r end\n"
        (item,) = items(data)
        self.assertEqual(bytes(item), data)
        self.assertIn("ü", item.text)
        self.assertEqual(item.text.encode("utf-8", "surrogateescape"), data[8:-1])

    def test_opt(self) -> None:
        """
        Case 127: ``opt x`` is the keyword x; the word alone, or before what is no keyword, is a keyword itself.
        """
        self.assertEqual([item.keyword for item in items(b"opt x y\nopt\nopt -\n")], ["x", "opt", "opt"])

    def test_no_final_line_end(self) -> None:
        """
        A line end may be missing at the very end, as in the answers of the control port.
        """
        self.assertEqual([item.keyword for item in items(b"a b\nc d")], ["a", "c"])
        self.assertEqual(items(OBJECT[:-1])[0].object_bytes(), b"\x01\x02\x03")

    def test_broken_base64(self) -> None:
        """
        Case 20 of the documents: an object that is not base64 is refused when its bytes are asked for.
        """
        (item,) = items(b"key\n-----BEGIN X-----\nA!ID\n-----END X-----\n")
        self.assertRaises(MalformedDocument, item.object_bytes)

    def refused(self, data: bytes, line: int | None, words: str) -> None:
        """
        Assert that a text is refused with a line number and some words.
        """
        error = self.assertRaises(MalformedDocument, tokenize, data, "test")
        self.assertEqual(error.line, line)
        self.assertIn(words, error.rule)

    def test_refusals(self) -> None:
        """
        Case 20 of the documents: CR LF, NUL, blank lines, annotations, objects without end or keyword; each with the number
        of its line.
        """
        self.refused(b"a b\nc\r\n", 2, "CRLF")
        self.refused(b"a b\nc \0\n", 2, "NUL")
        self.refused(b"a b\nc\0d\n", 2, "NUL")
        self.refused(b"key\n-----BEGIN X-----\nA\0ID\n-----END X-----\n", 3, "NUL")
        self.refused(b"a b\n\nc d\n", 2, "blank line")
        self.refused(b"a b\n@type x 1.0\n", 2, "annotation")
        self.refused(b"-----BEGIN X-----\nAQID\n-----END X-----\n", 1, "without a keyword")
        self.refused(OBJECT + OBJECT[4:], 5, "without a keyword line, or a second one")
        self.refused(OBJECT[:-20], 2, "missing")
        self.refused(OBJECT.replace(b"END X", b"END Y"), 2, "does not match")
        self.refused(b"a b\n c d\n", 2, "keyword")
        self.refused(b"a b\n_x\n", 2, "keyword")
        self.refused(b"-x\n", 1, "keyword")
        self.refused("ä b\n".encode(), 1, "keyword")

    def test_bounds(self) -> None:
        """
        Lines, objects and argument lists longer than tor reads are refused; the longest that it reads are not.
        """
        self.assertEqual(len(items(b"a " + b"x" * (MAX_LINE - 1) + b"\n")), 1)
        self.refused(b"b\na " + b"x" * MAX_LINE + b"\n", 2, "longer")
        self.refused(b"b\n" + b"x" * (MAX_LINE + 1) + b"\n", 2, "longer")
        self.refused(b"b\na\n-----BEGIN X-----\n" + b"A" * (MAX_OBJECT + 1) + b"\n-----END X-----\n", 2, "longer")
        self.assertEqual(len(items(b"a" + b" x" * MAX_ARGUMENTS + b"\n")[0].arguments), MAX_ARGUMENTS)
        self.refused(b"b\na" + b" x" * (MAX_ARGUMENTS + 1) + b"\n", 2, "arguments")
        self.refused(b"a" + b"\tx" * (MAX_ARGUMENTS + 1) + b"\n", 1, "arguments")

    def test_linear(self) -> None:
        """
        Case 126: megabytes of one line, of letters, of dashes, of objects without end, are refused in a time that grows with them
        and no faster.
        """
        cut = b"a\n" + b"-----BEGIN X-----\nAAAA\n" * 2**17
        for data in [b"a" * 2**21 + b"\r\n", b"-" * 2**21, cut, b"\r" * 2**20, b"opt " * 2**18]:
            started = time.process_time()
            self.assertRaises(MalformedDocument, tokenize, data, "test")
            self.assertLess(time.process_time() - started, 5)

    @settings(max_examples=150)
    @given(st.binary(max_size=200))
    def test_every_text(self, data: bytes) -> None:
        """
        Any bytes are items, which joined are the bytes, or the one declared error.
        """
        try:
            found = items(data)
        except MalformedDocument as error:
            self.assertLessEqual(error.line or 0, data.count(b"\n") + 1)
            return
        self.assertEqual(b"".join(map(bytes, found)), data)

    @settings(max_examples=200)
    @given(
        st.lists(
            st.sampled_from([OBJECT, b"a b c\n", b"opt x\n", b"\n", b"\r\n", *OBJECT.splitlines(True)[1:], b"\0", b"@x\n"]),
            max_size=12,
        )
    )
    def test_every_mixture(self, parts: list[bytes]) -> None:
        """
        Pieces of documents in any order are items, which joined are the bytes, or the one declared error.
        """
        data = b"".join(parts)
        try:
            found = items(data)
        except MalformedDocument as error:
            self.assertTrue(1 <= (error.line or 0) <= data.count(b"\n") + 1)
            return
        self.assertEqual(b"".join(map(bytes, found)), data)


class ItemTests(SynchronousTestCase):
    """
    An item as a value.
    """

    def test_equality(self) -> None:
        """
        Two items are equal when their text and place are.
        """
        one, other = items(b"a b\na c\n")
        self.assertEqual(one, Item(tokenize(b"a b\n", "test")[0], 7, 0))
        self.assertNotEqual(one, other)
        self.assertNotEqual(one, "a b")
        self.assertEqual(len({one, other, one}), 2)

    def test_text(self) -> None:
        """
        As text, an item is what stands in the document, without its last line end.
        """
        (item,) = items(OBJECT)
        self.assertEqual(str(item), OBJECT.decode().rstrip("\n"))
        self.assertIn("key", repr(item))
        self.assertEqual(item.body, "AQID\n")

    def test_words(self) -> None:
        """
        Spaces and tabs part words, and no other white space does.
        """
        self.assertEqual(words(""), [])
        self.assertEqual(words(" a \t b\r c\x0bd\xa0e "), ["a", "b\r", "c\x0bd\xa0e"])
