# -*- test-case-name: txtor.test.control.test_assembly -*-
"""
Tests of the assembly of replies and events.
"""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from txtor.control import _assembly as assembly
from txtor.grammar import Reply, ReplyLine
from txtor.testing import EveryTransition, Transitions

MID = ReplyLine(250, "a=1")
DATA = ReplyLine(250, "b=", b"x\ny")
OK = ReplyLine(250, "OK")
EVENT_MID = ReplyLine(650, "CONF_CHANGED")
EVENT_END = ReplyLine(650, "OK")


class AssemblyTests(EveryTransition, SynchronousTestCase):
    """
    Lines in, replies and events out.
    """

    transitions = Transitions(assembly.new_assembly)

    def setUp(self) -> None:
        self.core = assembly.Core(1000)
        self.machine = assembly.new_assembly(self.core)
        self.transitions.watch(self.machine)

    def test_one_line(self) -> None:
        """
        An end line is a reply by itself, and an event by itself.
        """
        self.machine.reply_ended(OK)
        self.machine.event_ended(EVENT_END)
        self.assertEqual(
            self.core.drain(), [assembly.ReplyAssembled(Reply([OK])), assembly.EventAssembled(Reply([EVENT_END]))]
        )

    def test_several_lines(self) -> None:
        """
        Mid and data lines belong to the end line that follows.
        """
        self.machine.reply_continued(MID)
        self.machine.reply_continued(DATA)
        self.assertFalse(self.core.at_rest)
        self.machine.reply_ended(OK)
        self.assertEqual(self.core.drain(), [assembly.ReplyAssembled(Reply([MID, DATA, OK]))])
        self.assertTrue(self.core.at_rest)

    def test_event_of_several_lines(self) -> None:
        """
        An event of several lines is one event.
        """
        self.machine.event_continued(EVENT_MID)
        self.machine.event_continued(ReplyLine(650, "A=b"))
        self.machine.event_ended(EVENT_END)
        self.assertEqual(
            self.core.drain(), [assembly.EventAssembled(Reply([EVENT_MID, ReplyLine(650, "A=b"), EVENT_END]))]
        )

    def test_event_in_reply(self) -> None:
        """
        Case 38: an event in the middle of a reply is an event, and the reply is untouched.
        """
        self.machine.reply_continued(MID)
        self.machine.event_continued(EVENT_MID)
        self.machine.reply_continued(DATA)
        self.machine.event_continued(ReplyLine(650, "A=b"))
        self.machine.event_ended(EVENT_END)
        self.machine.event_ended(ReplyLine(650, "BW 1 2"))
        self.machine.reply_ended(OK)
        self.assertEqual(
            self.core.drain(),
            [
                assembly.EventAssembled(Reply([EVENT_MID, ReplyLine(650, "A=b"), EVENT_END])),
                assembly.EventAssembled(Reply([ReplyLine(650, "BW 1 2")])),
                assembly.ReplyAssembled(Reply([MID, DATA, OK])),
            ],
        )

    def test_reply_in_event(self) -> None:
        """
        A reply in the middle of an event leaves the event as it is.
        """
        self.machine.event_continued(EVENT_MID)
        self.machine.reply_ended(OK)
        self.machine.reply_continued(MID)
        self.machine.reply_ended(OK)
        self.machine.event_ended(EVENT_END)
        self.assertEqual(
            self.core.drain(),
            [
                assembly.ReplyAssembled(Reply([OK])),
                assembly.ReplyAssembled(Reply([MID, OK])),
                assembly.EventAssembled(Reply([EVENT_MID, EVENT_END])),
            ],
        )

    def test_overflow(self) -> None:
        """
        What grows over the limit is reported with its first line, for a reply and for an event.
        """
        large = ReplyLine(250, "k=", b"x" * 1001)
        self.machine.reply_continued(MID)
        self.machine.reply_continued(large)
        self.assertEqual(self.core.drain(), [assembly.Overflowed(MID)])
        event = ReplyLine(650, "y" * 1001)
        self.machine.event_continued(event)
        self.assertEqual(self.core.drain(), [assembly.Overflowed(event)])
