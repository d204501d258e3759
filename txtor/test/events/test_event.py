"""
Tests of what all events have in common.
"""

from __future__ import annotations

import gc
import sys

from hypothesis import example, given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from txtor.events import EVENT_CLASSES, CircuitEvent, Event, StreamEvent, UnknownEvent, event_from_reply, parse_event
from txtor.events import _event as private
from txtor.grammar import Reply, ReplyLine, quote_cstring

from .sample import TEXTS, attributes


class EventTests(SynchronousTestCase):
    """
    The text of an event, and its words.
    """

    def test_lazy(self) -> None:
        """
        Nothing is read before it is asked for: a new event is its text, and no words.
        """
        event = CircuitEvent("5 BUILT PURPOSE=GENERAL")
        self.assertIsNone(event._parsed)
        self.assertEqual(event.purpose, "GENERAL")
        self.assertIsNotNone(event._parsed)

    def test_small(self) -> None:
        """
        An event has two slots, and no dict.
        """
        for event_class in EVENT_CLASSES.values():
            event = event_class("")
            self.assertFalse(hasattr(event, "__dict__"), event_class)
            self.assertEqual(sys.getsizeof(event), sys.getsizeof(Event("")), event_class)
        self.assertEqual(Event.__slots__, ("_parsed", "text"))

    def test_words(self) -> None:
        """
        Case 40: unknown keys, words and values are there, in their order, whatever else can be read.
        """
        event = CircuitEvent("5 REBUILT $XX NEW-KEY=a,b PURPOSE=LAUNDRY stray BUILD_FLAGS=NEED_LUCK,IS_INTERNAL last")
        self.assertEqual(event.positional, ("5", "REBUILT", "$XX", "stray", "last"))
        self.assertEqual(event.keywords, {"NEW-KEY": "a,b", "PURPOSE": "LAUNDRY", "BUILD_FLAGS": "NEED_LUCK,IS_INTERNAL"})
        self.assertEqual((event.status, event.purpose), ("REBUILT", "LAUNDRY"))
        self.assertEqual(event.build_flags, ("NEED_LUCK", "IS_INTERNAL"))

    def test_missing(self) -> None:
        """
        Case 40: an event without the words that belong to it says None for each.
        """
        event = CircuitEvent("")
        self.assertEqual((event.id, event.status, event.purpose, event.time_created), (None,) * 4)
        self.assertEqual((event.positional, event.keywords, event.path, event.build_flags), ((), {}, (), ()))
        self.assertEqual(CircuitEvent("5").id, "5")
        self.assertIsNone(CircuitEvent("5").status)

    def test_quoted(self) -> None:
        """
        Case 42: a quoted value is one value, unescaped, whatever it holds.
        """
        for value in ("a b CLIENT_PROTOCOL=EVIL", 'a"b', "", " ", "\\", 'x" y', "é\n", "a=b"):
            event = StreamEvent(f"1 NEW 0 h:80 SOCKS_USERNAME={quote_cstring(value)} CLIENT_PROTOCOL=SOCKS5")
            self.assertEqual(event.socks_username, value)
            self.assertEqual(event.client_protocol, "SOCKS5")

    def test_twice(self) -> None:
        """
        The last of a key counts: a host name that an application asked for stands before what Tor says itself.
        """
        event = StreamEvent("1 NEW 0 evil PURPOSE=DIR_FETCH:80 PURPOSE=USER")
        self.assertEqual(event.purpose, "USER")

    def test_unchangeable(self) -> None:
        """
        Case 21: what a getter gave cannot change the event for others.
        """
        event = CircuitEvent("5 BUILT PURPOSE=GENERAL")
        with self.assertRaises(TypeError):
            event.keywords["PURPOSE"] = "x"  # type: ignore[index]
        with self.assertRaises(AttributeError):
            event.purpose = "x"

    def test_text(self) -> None:
        """
        The text of an event is what Tor said.
        """
        self.assertEqual(str(CircuitEvent("5 BUILT  x ")), "5 BUILT  x ")
        self.assertEqual(CircuitEvent("5 BUILT").lines, (ReplyLine(650, "CIRC 5 BUILT"),))
        self.assertEqual(parse_event("DESCCHANGED", "").lines, (ReplyLine(650, "DESCCHANGED"),))
        self.assertIsNone(CircuitEvent("5 BUILT").data)

    def test_more_lines(self) -> None:
        """
        Case 40: lines and data that an event is not expected to have are kept, and part of its text.
        """
        lines = [ReplyLine(650, "CIRC 5 BUILT"), ReplyLine(650, "MORE", b"data\n."), ReplyLine(650, "X=1"), ReplyLine(650, "OK")]
        event = event_from_reply(Reply(lines))
        self.assertIsInstance(event, CircuitEvent)
        self.assertEqual((event.text, event.positional), ("5 BUILT", ("5", "BUILT")))
        self.assertEqual(event.lines, tuple(lines))
        self.assertEqual(event.data, b"data\n.")
        self.assertEqual(str(event), "5 BUILT\nMORE\ndata\n.\nX=1")

    def test_last_line(self) -> None:
        """
        A last line that is not a bare OK is part of the text.
        """
        event = event_from_reply(Reply([ReplyLine(650, "CIRC 5 BUILT"), ReplyLine(650, "OK REASON=x")]))
        self.assertEqual(str(event), "5 BUILT\nOK REASON=x")

    def test_equality(self) -> None:
        """
        Events are equal if all that Tor said is equal, read or not.
        """
        event, same = CircuitEvent("5 BUILT"), CircuitEvent("5 BUILT")
        self.assertEqual(same.id, "5")
        self.assertEqual((event, hash(event)), (same, hash(same)))
        self.assertNotEqual(event, CircuitEvent("6 BUILT"))
        self.assertNotEqual(event, parse_event("CIRC_MINOR", "5 BUILT"))
        self.assertNotEqual(event, event_from_reply(Reply([ReplyLine(650, "CIRC 5 BUILT"), ReplyLine(650, "OK")])))
        self.assertNotEqual(event, "5 BUILT")

    def test_no_secrets(self) -> None:
        """
        Case 57: the representation of an event shows no password.
        """
        text = '1 NEW 0 h:80 SOCKS_USERNAME="u" SOCKS_PASSWORD="hunter2"'
        for keyword in (*EVENT_CLASSES, "SOMETHING_NEW"):
            if keyword not in ("DEBUG", "INFO", "NOTICE", "WARN", "ERR"):
                self.assertNotIn("hunter2", repr(parse_event(keyword, text)), keyword)
        self.assertEqual(repr(StreamEvent(text)), "<StreamEvent 1 NEW 0 h:80>")
        self.assertLess(len(repr(StreamEvent("x" * 10_000))), 200)

    def test_descriptions(self) -> None:
        """
        Each class says in one sentence what it is about.
        """
        classes: list[type[Event]] = [*EVENT_CLASSES.values(), UnknownEvent]
        for event_class in classes:
            self.assertRegex(event_class.description, r"^[A-Z][^.]+\.$")

    def test_documented(self) -> None:
        """
        Each class says where the specification has it.
        """
        for keyword, event_class in EVENT_CLASSES.items():
            self.assertRegex(event_class.__doc__ or "", r"See control-spec 4\.1\.[0-9]+\.", keyword)


class ParsingTests(SynchronousTestCase):
    """
    Splitting a text into words.
    """

    @settings(max_examples=300)
    @given(TEXTS, st.integers(0, 4))
    @example('ID="a" "b"', 0)
    @example('ID="', 0)
    @example('"a=b"', 0)
    @example("ID=1 ID", 0)
    @example("a NEWKEY=1 ID=2", 0)
    @example('ID="a""', 0)
    def test_short_way(self, text: str, fixed: int) -> None:
        """
        The short way for what Tor usually writes gives what the long way does, or leaves it to it.
        """
        quick = private._parse_familiar(text, fixed)
        if quick is not None and text:
            self.assertEqual(quick, private._parse_any(text, fixed))

    def test_short_way_is_taken(self) -> None:
        """
        The usual texts go the short way.
        """
        for text in ("5 BUILT $A~b PURPOSE=GENERAL REASON=X", '5 NEW SOCKS_USERNAME="u" SOCKS_PASSWORD="p" NYM_EPOCH=0', "1 2"):
            self.assertIsNotNone(private._parse_familiar(text, 2), text)

    @settings(max_examples=300)
    @given(st.sampled_from([*EVENT_CLASSES, "NEW"]), TEXTS, st.lists(TEXTS, max_size=2), st.none() | st.binary(max_size=20))
    def test_any(self, keyword: str, text: str, more: list[str], data: bytes | None) -> None:
        """
        Whatever an event's lines are, each of its attributes has a value, and nothing of the text is lost.
        """
        lines = [ReplyLine(650, f"{keyword} {text}", data), *[ReplyLine(650, line) for line in more]]
        for event in (parse_event(keyword, text), event_from_reply(Reply(lines))):
            self.assertIs(type(event), EVENT_CLASSES.get(keyword, UnknownEvent))
            for name in attributes(type(event)):
                getattr(event, name)
            self.assertEqual(event.text, text)
            self.assertTrue(repr(event) and hash(event) is not None)
            self.assertIn(text, str(event))

    def test_no_cycles(self) -> None:
        """
        Events that were read leave nothing for the garbage collector.
        """
        gc.collect()
        for event_class in EVENT_CLASSES.values():
            event = event_class("1 2 3 4 A=1")
            for name in attributes(event_class):
                getattr(event, name)
            del event
        self.assertEqual(gc.collect(), 0)


class UnknownEventTests(SynchronousTestCase):
    """
    Events of a newer Tor.
    """

    def test_readable(self) -> None:
        """
        Case 40: its keyword, words and keys can be read.
        """
        event = parse_event("MOON_PHASE", 'FULL TONIGHT=1 TEXT="a b"')
        self.assertIsInstance(event, UnknownEvent)
        self.assertEqual(event.keyword, "MOON_PHASE")
        self.assertEqual(event.positional, ("FULL",))
        self.assertEqual(event.keywords, {"TONIGHT": "1", "TEXT": "a b"})
        self.assertEqual(repr(event), "<UnknownEvent MOON_PHASE>")
        self.assertEqual(str(event), 'FULL TONIGHT=1 TEXT="a b"')

    def test_keyword_counts(self) -> None:
        """
        Two events of the same text and other keywords are not equal.
        """
        self.assertNotEqual(UnknownEvent("x", "A"), UnknownEvent("x", "B"))
        self.assertEqual(UnknownEvent("x", "A"), UnknownEvent("x", "A"))
