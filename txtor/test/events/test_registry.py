"""
Tests of finding the class of an event; and of all events that a Tor sent.
"""

from __future__ import annotations

import re

from twisted.trial.unittest import SynchronousTestCase

from txtor import events
from txtor.events import EVENT_CLASSES, BandwidthEvent, NetworkStatusEvent, UnknownEvent, event_from_reply, parse_event
from txtor.grammar import Reply, ReplyLine, unquote_value

from . import sample

#: What SETEVENTS of tor 0.4.9.11 takes.
NAMES = (
    "CIRC CIRC_MINOR STREAM ORCONN BW DEBUG INFO NOTICE WARN ERR NEWDESC ADDRMAP DESCCHANGED NS STATUS_GENERAL STATUS_CLIENT "
    "STATUS_SERVER GUARD STREAM_BW CLIENTS_SEEN NEWCONSENSUS BUILDTIMEOUT_SET SIGNAL CONF_CHANGED CONN_BW CELL_STATS CIRC_BW "
    "TRANSPORT_LAUNCHED HS_DESC HS_DESC_CONTENT NETWORK_LIVENESS"
).split()


class RegistryTests(SynchronousTestCase):
    """
    From keywords to classes.
    """

    def test_all(self) -> None:
        """
        There is a class for each of the 31 events that Tor sends, and for four of other Tors.
        """
        self.assertEqual(len(NAMES), 31)
        self.assertEqual(set(EVENT_CLASSES), {*NAMES, "PT_LOG", "PT_STATUS", "TB_EMPTY", "AUTHDIR_NEWDESCS"})
        for keyword, event_class in EVENT_CLASSES.items():
            self.assertEqual((event_class.keyword, event_class("").keyword), (keyword, keyword))

    def test_exported(self) -> None:
        """
        Each class, and each set of words, can be had from txtor.events.
        """
        for event_class in EVENT_CLASSES.values():
            self.assertIn(event_class.__name__, events.__all__)
        for name in events.__all__:
            self.assertTrue(hasattr(events, name), name)
        self.assertEqual(len(events.__all__), len(set(events.__all__)))

    def test_one_line(self) -> None:
        """
        A keyword and a text give an event.
        """
        event = parse_event("BW", "1 2")
        self.assertIsInstance(event, BandwidthEvent)
        self.assertEqual(event, event_from_reply(Reply([ReplyLine(650, "BW 1 2")])))

    def test_case(self) -> None:
        """
        Keywords are those of the wire, in capitals: another spelling is another event.
        """
        self.assertIsInstance(parse_event("bw", "1 2"), UnknownEvent)

    def test_without_words(self) -> None:
        """
        Case 39: events without arguments are events, whether or not a space follows the keyword.
        """
        for keyword in EVENT_CLASSES:
            for text in (keyword, f"{keyword} "):
                event = event_from_reply(Reply([ReplyLine(650, text)]))
                self.assertIs(type(event), EVENT_CLASSES[keyword])
                self.assertEqual((event.text, dict(event.keywords)), ("", {}))

    def test_block(self) -> None:
        """
        Case 39: an event with a data block is delivered whole.
        """
        event = event_from_reply(Reply([ReplyLine(650, "NS", b"r a\ns Fast"), ReplyLine(650, "OK")]))
        self.assertIsInstance(event, NetworkStatusEvent)
        self.assertEqual((event.data, str(event)), (b"r a\ns Fast", "r a\ns Fast"))

    def test_nothing(self) -> None:
        """
        A line without even a keyword is an event that nobody knows.
        """
        event = event_from_reply(Reply([ReplyLine(650, "")]))
        self.assertIsInstance(event, UnknownEvent)
        self.assertEqual((event.keyword, event.text, event.lines), ("", "", (ReplyLine(650, ""),)))


class SampleTests(SynchronousTestCase):
    """
    What a Tor sent.
    """

    def test_known(self) -> None:
        """
        Every event has its class.
        """
        seen = {event_from_reply(reply).keyword for reply in sample.events()}
        self.assertEqual(seen - set(EVENT_CLASSES), set())
        self.assertGreaterEqual(len(seen), 17)

    def test_nothing_lost(self) -> None:
        """
        Every key that was in a text is in the keywords, with its value; every other word is positional, in order.
        """
        counted = 0
        for reply in sample.events():
            event = event_from_reply(reply)
            if event.keyword in ("NOTICE", "WARN", "CONF_CHANGED"):
                continue
            pairs = re.findall(r'(?:^| )([A-Za-z_]+)=("(?:[^"\\]|\\.)*"|[^ ]*)', event.text)
            self.assertEqual(dict(event.keywords), {key: unquote_value(value) for key, value in pairs})
            rest = re.sub(r'(?:^| )[A-Za-z_]+=("(?:[^"\\]|\\.)*"|[^ ]*)', "", event.text)
            self.assertEqual(event.positional, tuple(rest.split()))
            counted += len(pairs)
        self.assertGreater(counted, 500)

    def test_attributes(self) -> None:
        """
        Every key that was in a text is read by an attribute: without the key, some attribute has another value.
        """
        counted = 0
        for reply in sample.events():
            event = event_from_reply(reply)
            values = sample.values(event)
            for key in event.keywords:
                without = re.sub(rf'(?:^| ){key}=("(?:[^"\\]|\\.)*"|[^ ]*)', "", event.text)
                self.assertNotEqual(sample.values(parse_event(event.keyword, without)), values, f"{event.keyword} {key}")
                counted += 1
        self.assertGreater(counted, 500)
