# -*- test-case-name: txtor.test.config.test_kinds -*-
"""
Tests of the types of options.
"""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from txtor.config._kinds import kind_of
from txtor.errors import InvalidArgument

TYPES = (
    "Boolean", "Boolean+Auto", "Integer", "SignedInteger", "Float", "TimeInterval", "TimeMsecInterval", "DataSize", "LineList",
    "Dependent", "CommaList", "RouterList", "String", "Filename", "Hologram",
)


def written(type_name: str, value: object) -> Any:
    """
    A value as it is kept.
    """
    return kind_of("Option", type_name).write("Option", value)


def sent(type_name: str, value: object) -> list[str | None]:
    """
    A value as it is sent.
    """
    kind = kind_of("Option", type_name)
    return [text for _, text in kind.pairs("Option", kind.write("Option", value))]


class KindTests(SynchronousTestCase):
    """
    From text to value and back.
    """

    def test_truth(self) -> None:
        """
        Case 74: ``0`` and ``false`` are false, and nothing else is a truth value.
        """
        value: object
        for value in (0, "0", False, "false", " FALSE "):
            self.assertIs(written("Boolean", value), False)
        for value in (1, "1", True, "True"):
            self.assertIs(written("Boolean", value), True)
        for value in (2, "2", "yes", "", None, 0.5, [], "auto"):
            self.assertRaises(InvalidArgument, written, "Boolean", value)
        self.assertEqual(sent("Boolean", True) + sent("Boolean", "false"), ["1", "0"])

    def test_auto(self) -> None:
        """
        Case 74: ``auto`` is a third value.
        """
        self.assertEqual([written("Boolean+Auto", value) for value in ("AUTO", 1, "0")], ["auto", True, False])
        self.assertRaises(InvalidArgument, written, "Boolean+Auto", "maybe")
        self.assertEqual(sent("Boolean+Auto", "Auto"), ["auto"])

    def test_numbers(self) -> None:
        """
        Whole numbers within the bounds of their type, and real ones, which are sent without an exponent.
        """
        self.assertEqual([written("Integer", value) for value in (5, "5", " 7 ", 2**64 - 1)], [5, 5, 7, 2**64 - 1])
        self.assertEqual([written("SignedInteger", value) for value in (-5, "-5")], [-5, -5])
        for type_name, value in (
            ("Integer", -1), ("Integer", "-1"), ("Integer", 2**64), ("Integer", True), ("Integer", 1.0), ("Integer", "many"),
            ("Integer", "--1"), ("Integer", "1" * 5000), ("SignedInteger", 2**31), ("SignedInteger", "-"), ("Integer", "٣"),
            ("Float", "x"), ("Float", float("nan")), ("Float", "inf"), ("Float", True), ("Float", None), ("Float", 10**400),
        ):
            self.assertRaises(InvalidArgument, written, type_name, value)
        self.assertEqual(sent("Float", 1e-7) + sent("Float", "0.5") + sent("Float", 3), ["0.0000001", "0.5", "3.0"])

    def test_quantities(self) -> None:
        """
        Case 74: ``10 minutes`` and ``1 MB``, and spans of time.
        """
        self.assertEqual(written("TimeInterval", "10 minutes"), 600)
        self.assertEqual(written("TimeInterval", timedelta(minutes=10)), 600)
        self.assertEqual(written("TimeMsecInterval", timedelta(seconds=1.5)), 1500)
        self.assertEqual(written("DataSize", "1 MB"), 1048576)
        self.assertEqual(sent("DataSize", "1.5 KB"), ["1536"])
        for type_name, value in (
            ("TimeInterval", -1), ("TimeInterval", "100 years"), ("TimeInterval", timedelta(seconds=-1)),
            ("TimeInterval", 2**31), ("DataSize", timedelta(1)), ("DataSize", "1 fathom"), ("DataSize", None),
        ):
            self.assertRaises(InvalidArgument, written, type_name, value)

    def test_lists(self) -> None:
        """
        Lines, and values with commas between them.
        """
        self.assertEqual(written("LineList", ["a", 9050, Path("/b")]), ("a", "9050", "/b"))
        self.assertEqual(written("LineList", "a"), ("a",))
        self.assertEqual(written("LineList", None), ())
        self.assertEqual(sent("LineList", ["a", "b"]) + sent("LineList", []), ["a", "b", None])
        self.assertEqual(written("RouterList", " {us}, {de},"), ("{us}", "{de}"))
        self.assertEqual(sent("CommaList", ["80", 443]) + sent("CommaList", []), ["80,443", None])
        for type_name, value in (
            ("LineList", [""]), ("LineList", " "), ("LineList", [None]), ("LineList", ["a\0"]), ("LineList", True),
            ("CommaList", ["a,b"]), ("RouterList", [3.5]), ("LineList", ["\ud800"]), ("LineList", {1: 2}),
        ):
            self.assertRaises(InvalidArgument, written, type_name, value)

    def test_ports(self) -> None:
        """
        No port is sent as ``0``, which does not stand among others.
        """
        kind = kind_of("SocksPort", "Dependent")
        self.assertEqual(kind.pairs("SocksPort", kind.write("SocksPort", [])), [("SocksPort", "0")])
        self.assertEqual(kind.write("SocksPort", ["0", "9050"]), ("9050",))
        self.assertFalse(kind.is_settled((), ()), "unset is Tor's default, not none")
        self.assertTrue(kind.is_settled((), ("0",)))

    def test_text(self) -> None:
        """
        Text and paths; empty text is none.
        """
        self.assertEqual([written("String", value) for value in ("a", "", None, b"\xc3\xa9")], ["a", None, None, "é"])
        self.assertEqual(written("Filename", Path("/a b")), "/a b")
        self.assertRaises(InvalidArgument, written, "String", ["a"])
        self.assertRaises(InvalidArgument, written, "Filename", "\0")
        self.assertEqual(sent("String", None), [None])

    def test_unknown_type(self) -> None:
        """
        Case 74: an option of a type that Tor invents is text, or several.
        """
        kind = kind_of("Option", "Hologram")
        self.assertEqual(kind.name, "Hologram")
        self.assertEqual([kind.read("Option", lines) for lines in ((), ("a",), ("a", "b"))], [None, "a", ("a", "b")])
        self.assertEqual(sent("Hologram", "x") + sent("Hologram", ["x", 1]) + sent("Hologram", []), ["x", "x", "1", None])
        self.assertEqual(sent("Hologram", True) + sent("Hologram", 7), ["1", "7"])
        self.assertRaises(InvalidArgument, written, "Hologram", {})

    def test_unreadable(self) -> None:
        """
        What Tor says and is no value of the type stays readable as text.
        """
        for type_name in ("Boolean", "Integer", "TimeInterval", "DataSize", "Float"):
            self.assertEqual(kind_of("Option", type_name).read("Option", ("banana",)), "banana")

    def test_space_around_parts(self) -> None:
        """
        Space around the parts of a line with commas belongs to none of them, also where they come as a list.
        """
        kind = kind_of("Option", "CommaList")
        for value in (" a ,b\t", [" a ", "b\t"], [b" a", "b"]):
            self.assertEqual(kind.write("Option", value), ("a", "b"))

    @settings(max_examples=300)
    @given(
        st.sampled_from(TYPES),
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20) | st.binary(max_size=20),
            lambda inner: st.lists(inner, max_size=3),
            max_leaves=4,
        ),
    )
    def test_any_value(self, type_name: str, value: object) -> None:
        """
        Anything is a value, which comes back from its own text, or the one error.
        """
        kind = kind_of("Option", type_name)
        try:
            kept = kind.write("Option", value)
        except InvalidArgument:
            return
        hash(kept)
        lines = [text for _, text in kind.pairs("Option", kept) if text is not None]
        self.assertEqual(kind.read("Option", lines), kept)
