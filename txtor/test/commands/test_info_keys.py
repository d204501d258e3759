# -*- test-case-name: txtor.test.commands.test_info_keys -*-
"""
Tests of GETINFO's keys and of their types.
"""

from __future__ import annotations

from types import MappingProxyType

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from txtor.commands import INFO_KEYS, info_key, parse_info
from txtor.commands._info_values import READERS
from txtor.errors import ProtocolViolation

#: A key that would be asked, for each pattern.
EXAMPLES = {"<fp>": "A" * 40, "<sk>": "B" * 40, "<desc>": "C" * 40, "*": "w/x/y/z"}

#: What values are made of.
PIECES = ["a", "1", "0", "-", ",", " ", "\n", '"', "=", "NEVER", "$", "2026-11-22 14:49:32", "\\", "9" * 5000, "A" * 40]


def example(name: str) -> str:
    """
    A key that can be asked.
    """
    for pattern, word in EXAMPLES.items():
        name = name.replace(pattern, word)
    return name


class TableTests(SynchronousTestCase):
    """
    The table.
    """

    def test_kinds(self) -> None:
        """
        Every kind can be read, and every kind is used.
        """
        self.assertEqual({known.kind for known in INFO_KEYS.values()}, set(READERS))

    def test_descriptions(self) -> None:
        """
        Every key is described.
        """
        for known in INFO_KEYS.values():
            self.assertTrue(known.description.strip())
            self.assertIn(known.description[-1], ".)")

    def test_every_pattern_is_found(self) -> None:
        """
        What stands for many keys is found by one of them, and a key of its own goes before a pattern.
        """
        for name, known in INFO_KEYS.items():
            self.assertEqual(info_key(example(name)), known, name)

    def test_more_particular_first(self) -> None:
        """
        The more particular pattern decides.
        """
        fingerprint = "A" * 40
        for key, name in (
            (f"downloads/cert/fp/{fingerprint}/sks", "downloads/cert/fp/<fp>/sks"),
            (f"downloads/cert/fp/{fingerprint}/{fingerprint}", "downloads/cert/fp/<fp>/<sk>"),
            ("downloads/desc/descs", "downloads/desc/descs"),
            ("downloads/cert/x/y/z", "downloads/cert/*"),
            ("hs/client/desc/id/abc", "hs/client/desc/id*"),
            ("consensus/new", "consensus/*"),
        ):
            found = info_key(key)
            self.assertIsNotNone(found)
            self.assertEqual(found and found.name, name)

    def test_key_below_a_key(self) -> None:
        """
        Case 132: a key and another that begins with it are two keys.
        """
        for key in ("address", "address/v4", "address/v6"):
            found = info_key(key)
            assert found is not None
            self.assertIs(found, INFO_KEYS[key])
            self.assertEqual(str(parse_info(key, "192.0.2.1")), "192.0.2.1")
        self.assertEqual(len({id(info_key(key)) for key in ("address", "address/v4")}), 2)

    def test_unknown(self) -> None:
        """
        A key of a newer Tor is not known, and its value is text.
        """
        self.assertTrue(INFO_KEYS["version"].matches("version"))
        self.assertFalse(INFO_KEYS["version"].matches("versions"))
        self.assertIsNone(info_key("news/of/tomorrow"))
        self.assertEqual(parse_info("news/of/tomorrow", b"x\ny"), "x\ny")

    def test_cannot_be_changed(self) -> None:
        """
        The table is read-only.
        """
        self.assertIsInstance(INFO_KEYS, MappingProxyType)


class ParseInfoTests(SynchronousTestCase):
    """
    Values and their types.
    """

    def test_the_error_names_the_key(self) -> None:
        """
        A value of another form is a violation that says what was asked and shows the beginning of what came.
        """
        error = self.assertRaises(ProtocolViolation, parse_info, "traffic/read", "many" * 100)
        self.assertIn("traffic/read", str(error))
        self.assertIn("manymany", str(error))
        self.assertLess(len(str(error)), 200)

    def test_documents(self) -> None:
        """
        Documents are bytes, from text or bytes, and are not copied.
        """
        document = b"r relay \xff\n"
        self.assertIs(parse_info("ns/all", document), document)
        self.assertEqual(parse_info("ns/all", "r relay \udcff\n"), document)

    @settings(max_examples=1000)
    @given(
        st.sampled_from(sorted(INFO_KEYS)),
        st.one_of(
            st.text(st.characters(exclude_categories=[])),
            st.binary(),
            st.lists(st.sampled_from(PIECES)).map("".join),
        ),
    )
    def test_a_value_or_a_violation(self, key: str, value: str | bytes) -> None:
        """
        Any text of any key gives a value or `ProtocolViolation`.
        """
        try:
            parse_info(example(key), value)
        except ProtocolViolation as error:
            self.assertIn(example(key), str(error))
