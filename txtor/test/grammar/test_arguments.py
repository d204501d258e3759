"""
Tests of the arguments of lines that Tor sends.
"""

from __future__ import annotations

import time

from hypothesis import example, given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from txtor.errors import ProtocolViolation
from txtor.grammar import (
    Arguments,
    is_argument_key,
    parse_arguments,
    quote_cstring,
    split_quoted,
    split_words,
    unquote_value,
)

TEXTS = st.text(alphabet='"\\= abK_é\udcff', max_size=30)
VALUES = st.text(alphabet=st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=12)
KEYS = st.text(alphabet="abcKEY_-019", min_size=1, max_size=6)


class SplitWordsTests(SynchronousTestCase):
    """
    Splitting a line into words.
    """

    def test_plain(self) -> None:
        """
        Without quotes each single space separates, and two spaces have an empty word between them.
        """
        self.assertEqual(split_words("a b  c "), ["a", "b", "", "c", ""])
        self.assertEqual(split_words(""), [""])

    def test_quoted(self) -> None:
        """
        Case 42: a quoted string is one word, whatever is in it.
        """
        self.assertEqual(split_words('1 A="b C=EVIL d" "e \\" f" g'), ["1", 'A="b C=EVIL d"', '"e \\" f"', "g"])
        self.assertEqual(split_words('A="" B="x"'), ['A=""', 'B="x"'])

    def test_quoted_twice(self) -> None:
        """
        What Tor quotes twice, or without escaping, ends at a quote that a space or the end follows.
        """
        self.assertEqual(split_words('X DATA=""GET / HT"" Y=1'), ["X", 'DATA=""GET / HT""', "Y=1"])
        self.assertEqual(split_words('WARNING="the "file" is bad" Z'), ['WARNING="the "file"', "is", 'bad"', "Z"])
        self.assertEqual(split_words('WARNING="the "file", bad" Z'), ['WARNING="the "file", bad"', "Z"])

    def test_unbalanced(self) -> None:
        """
        Case 45: a quoted string that never ends is ordinary words.
        """
        self.assertEqual(split_words('a "b c D="x y'), ["a", '"b', "c", 'D="x', "y"])
        self.assertEqual(split_words('A="b\\" c'), ['A="b\\"', "c"])

    def test_quote_inside_a_word(self) -> None:
        """
        A quote that is neither first nor behind the first equals sign begins nothing.
        """
        self.assertEqual(split_words('a"b c" A=b"c d"'), ['a"b', 'c"', 'A=b"c', 'd"'])

    def test_linear(self) -> None:
        """
        Hostile quotes cost no more than their number: a megabyte of them is split in moments.
        """
        for piece in ('"a"b ', '"a ', 'K="\\" ', '"a" '):
            text = piece * 200_000
            started = time.process_time()
            self.assertEqual(" ".join(split_words(text)), text)
            self.assertLess(time.process_time() - started, 5)

    @given(TEXTS)
    @example('"a"" b')
    def test_nothing_lost(self, text: str) -> None:
        """
        Joined again the words are the text.
        """
        self.assertEqual(" ".join(split_words(text)), text)


class ParseArgumentsTests(SynchronousTestCase):
    """
    Positional words and ``KEY=value``.
    """

    def test_both(self) -> None:
        """
        Case 40: keys may stand anywhere, unknown ones too, and what is no key is positional.
        """
        self.assertEqual(
            parse_arguments("5 BUILT $AA=nick PURPOSE=GENERAL extra NEW-KEY=a=b =x é=y"),
            Arguments(("5", "BUILT", "$AA=nick", "extra", "=x", "é=y"), {"PURPOSE": "GENERAL", "NEW-KEY": "a=b"}),
        )

    def test_quoted(self) -> None:
        """
        Case 42: quoted values and words are unquoted, with Tor's escapes.
        """
        self.assertEqual(
            parse_arguments(r'"a b" U="a\"b" V="Ren\303\251" W="" X=" "'),
            Arguments(("a b",), {"U": 'a"b', "V": "René", "W": "", "X": " "}),
        )

    def test_quoted_twice(self) -> None:
        """
        Both pairs of quotes around a value that Tor quotes twice are taken away.
        """
        self.assertEqual(parse_arguments('DATA=""GET / \\"HT""').keywords, {"DATA": 'GET / "HT'})

    def test_empty(self) -> None:
        """
        A key may have an empty value, and a stray word may follow; no text has no words.
        """
        self.assertEqual(parse_arguments("REASON= UNKNOWN_99"), Arguments(("UNKNOWN_99",), {"REASON": ""}))
        self.assertEqual(parse_arguments(""), Arguments((), {}))

    def test_twice(self) -> None:
        """
        Of a key that comes twice the first value counts.
        """
        self.assertEqual(parse_arguments("A=1 A=2").keywords, {"A": "1"})

    @given(st.dictionaries(KEYS, VALUES, max_size=5))
    def test_round_trip(self, keywords: dict[str, str]) -> None:
        """
        What is quoted comes back, whatever it is.
        """
        text = " ".join(f"{key}={quote_cstring(value)}" for key, value in keywords.items())
        self.assertEqual(parse_arguments(text), Arguments((), keywords))

    @given(TEXTS)
    def test_any(self, text: str) -> None:
        """
        Any text is read.
        """
        positional, keywords = parse_arguments(text)
        self.assertTrue(all(map(is_argument_key, keywords)))
        self.assertEqual(bool(positional or keywords), bool(text))


class ValueTests(SynchronousTestCase):
    """
    Single words.
    """

    def test_unquote(self) -> None:
        """
        Only a word that begins and ends with a quote is quoted.
        """
        for word, value in (("a", "a"), ('"a"', "a"), ('"', '"'), ('""', ""), ('"""', '"'), ('"a', '"a'), ('a"', 'a"'), ("", "")):
            self.assertEqual(unquote_value(word), value)

    def test_escapes(self) -> None:
        """
        Escapes are undone, and those that do not exist are kept.
        """
        self.assertEqual(unquote_value(r'"a\tb\q"'), "a\tb\\q")
        self.assertEqual(unquote_value(r'"\"x\""'), '"x"')

    def test_keys(self) -> None:
        """
        A key holds ASCII letters, digits, underscores and hyphens, and at least one.
        """
        self.assertTrue(is_argument_key("HSDIR_INDEX-2a"))
        for text in ("", "$A", "a b", "é", "A="):
            self.assertFalse(is_argument_key(text))


class SplitQuotedTests(SynchronousTestCase):
    """
    Lists of quoted strings.
    """

    def test_list(self) -> None:
        """
        Quoted strings and bare words, separated by spaces.
        """
        self.assertEqual(split_quoted('"127.0.0.1:9050" "unix:/a b/\\"s" bare'), ["127.0.0.1:9050", 'unix:/a b/"s', "bare"])
        self.assertEqual(split_quoted(""), [])

    def test_broken(self) -> None:
        """
        A string that does not end, a quote in a word and an escape that does not exist are violations.
        """
        for text in ('"a', '"a b', 'a"b', '"a"b"', r'"\q"', '"a" "'):
            with self.assertRaises(ProtocolViolation, msg=text):
                split_quoted(text)

    @given(st.lists(VALUES))
    def test_round_trip(self, values: list[str]) -> None:
        """
        What is quoted comes back.
        """
        self.assertEqual(split_quoted(" ".join(map(quote_cstring, values))), values)

    @given(TEXTS)
    def test_any(self, text: str) -> None:
        """
        Any text gives values or the one error.
        """
        try:
            split_quoted(text)
        except ProtocolViolation:
            pass
