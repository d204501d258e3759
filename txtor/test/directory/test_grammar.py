"""
Tests for ``txtor.directory._grammar``.
"""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from txtor.directory import rules
from txtor.directory._items import tokenize
from txtor.errors import MalformedDocument

GRAMMAR = rules.Grammar(
    "test",
    "test-spec 1",
    {
        "first": rules.once(2),
        "second": rules.maybe(),
        "exact": rules.maybe(1, exact=True),
        "none": rules.maybe(exact=True),
        "key": rules.maybe(0, "KEY", "OTHER KEY"),
        "perhaps": rules.maybe(0, "KEY", object_optional=True),
        "many": rules.any_number(1),
        "some": rules.some(),
        "last": rules.once(),
    },
    {0: "first", 1: "second", -1: "last"},
    {"exact": ("many",)},
)
KEY = b"\n-----BEGIN KEY-----\n-----END KEY-----\n"


def check(data: bytes) -> rules.Index:
    """
    Check a text against the table.
    """
    return rules.check(tokenize(data, "test"), GRAMMAR)


class GrammarTests(SynchronousTestCase):
    """
    The one checker of structures.
    """

    def refused(self, data: bytes, line: int | None, words: str) -> None:
        """
        Assert that a structure is refused with a line number and some words.
        """
        error = self.assertRaises(MalformedDocument, check, data)
        self.assertEqual((error.document, error.line, error.section), ("test", line, "test-spec 1"))
        self.assertIn(words, error.rule)

    def test_index(self) -> None:
        """
        What is right is indexed by keyword, what is unknown included.
        """
        index = check(b"first a b c\nsecond\nmany x\nunknown\nmany y z\nsome\nkey" + KEY + b"unknown" + KEY + b"last\n")
        self.assertEqual(index["many"], [2, 4])
        self.assertEqual(index["unknown"], [3, 7])
        self.assertEqual(index["last"], [8])

    def test_unknown(self) -> None:
        """
        Case 129: an unknown keyword may have any arguments, an object or none, and stand anywhere in between.
        """
        check(b"first a b\nsome\nnew-thing" + KEY + b"new-thing a b c\nlast\n")

    def test_required(self) -> None:
        """
        What must be there is missed.
        """
        self.refused(b"first a b\nlast\n", None, "some is missing")
        self.refused(b"first a b\nsome\n", None, "last is missing")
        self.refused(b"some\nlast\n", 1, "does not begin with first")
        self.refused(b"", None, "does not begin with first")

    def test_repeated(self) -> None:
        """
        Case 20 of the documents: what is known once and there twice is refused, where the second one stands.
        """
        self.refused(b"first a b\nsome\nsecond\nsecond\nlast\n", 4, "second is there twice")
        self.refused(b"first a b\nsome\nlast\nlast\n", 4, "last is there twice")
        self.refused(b"first a b\nkey" + KEY + b"key" + KEY + b"some\nlast\n", 5, "key is there twice")

    def test_positions(self) -> None:
        """
        What has its place must stand there, if it is there at all.
        """
        check(b"first a b\nsome\nlast\n")
        self.refused(b"first a b\nsome\nsecond\nlast\n", 3, "second is not item 2")
        self.refused(b"first a b\nsome\nlast\nmany x\n", 3, "last is not item 1 from the end")
        self.refused(b"some\nfirst a b\nlast\n", 2, "first is not item 1")

    def test_arguments(self) -> None:
        """
        Too few arguments are refused; too many only where the number is exact.
        """
        self.refused(b"first a\nsome\nlast\n", 1, "has 1 arguments where 2 belong")
        self.refused(b"first\nsome\nlast\n", 1, "has 0 arguments")
        self.refused(b"first a b\nsome\nmany\nlast\n", 3, "has 0 arguments")
        self.refused(b"first a b\nsome\nmany  \nlast\n", 3, "has 0 arguments")
        self.refused(b"first a b\nsome\nmany x\nexact a b\nlast\n", 4, "exactly 1")
        self.refused(b"first a b\nsome\nnone a\nlast\n", 3, "exactly 0")
        check(b"first a b\nsome\nmany x\nexact a\nnone\nlast\n")

    def test_objects(self) -> None:
        """
        Case 20 of the documents: an object where none belongs, none where one belongs, and one of another label are refused.
        """
        self.refused(b"first a b\nsome" + KEY + b"last\n", 2, "has an object 'KEY'")
        self.refused(b"first a b\nsome\nkey\nlast\n", 3, "has no object 'KEY'")
        self.refused(b"first a b\nsome\nkey" + KEY.replace(b"KEY", b"CERT") + b"last\n", 3, "where 'KEY' belongs")
        check(b"first a b\nsome\nkey" + KEY.replace(b"KEY", b"OTHER KEY") + b"last\n")
        check(b"first a b\nsome\nperhaps\nlast\n")
        check(b"first a b\nsome\nperhaps" + KEY + b"last\n")

    def test_needs(self) -> None:
        """
        What needs another thing is refused without it.
        """
        self.refused(b"first a b\nsome\nexact a\nlast\n", 3, "many is missing, which exact needs")

    def test_line(self) -> None:
        """
        Lines are counted from where the document begins.
        """
        tokens = tokenize(b"first a b\nkey" + KEY + b"some\nsome\nmany\nlast\n", "test")
        error = self.assertRaises(MalformedDocument, rules.check, tokens, GRAMMAR, 100)
        self.assertEqual(error.line, 106)
