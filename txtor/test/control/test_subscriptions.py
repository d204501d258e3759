# -*- test-case-name: txtor.test.control.test_subscriptions -*-
"""
Tests of listening to events.
"""

from __future__ import annotations

from twisted.internet.defer import CancelledError, Deferred
from twisted.trial.unittest import SynchronousTestCase

from txtor.errors import Disconnected, UnrecognizedEntity
from txtor.events import Event, UnknownEvent
from txtor.grammar import ReplyLine
from txtor.testing import FakeTor


class ListenerTests(SynchronousTestCase):
    """
    Who is called, and what Tor is told.
    """

    def setUp(self) -> None:
        self.tor = FakeTor()
        self.protocol = self.tor.connect()
        self.seen: list[Event] = []

    def test_listen(self) -> None:
        """
        A listener gets an event object whose text is what followed the keyword.
        """
        self.successResultOf(self.protocol.add_event_listener("bw", self.seen.append))
        self.tor.emit("BW 1 2")
        self.assertEqual([(event.keyword, str(event)) for event in self.seen], [("BW", "1 2")])
        self.assertEqual(self.tor.received, ["SETEVENTS BW"])

    def test_one_command(self) -> None:
        """
        Several events cost one command, and a second listener costs none.
        """
        self.successResultOf(self.protocol.add_event_listeners({"BW": self.seen.append, "CIRC": self.seen.append}))
        self.successResultOf(self.protocol.add_event_listener("CIRC", self.seen.append))
        self.assertEqual(self.tor.received, ["SETEVENTS BW CIRC"])
        self.tor.emit("CIRC 1 LAUNCHED")
        self.assertEqual(len(self.seen), 2)

    def test_many_at_once(self) -> None:
        """
        Some thousand subscriptions at once are answered, each, with one command.
        """
        self.tor.mute("SETEVENTS")
        waiting = [self.protocol.add_event_listener("BW", self.seen.append) for _ in range(3000)]
        self.tor.connections[0].say([ReplyLine(250, "OK")])
        for each in waiting:
            self.successResultOf(each)
        self.assertEqual(self.tor.received, ["SETEVENTS BW"])

    def test_busy_listener(self) -> None:
        """
        Case 35: removing a listener that is busy returns at once, and it goes on undisturbed.
        """
        waiting: Deferred[None] = Deferred()
        done: list[Event] = []

        async def busy(event: Event) -> None:
            await waiting
            done.append(event)

        self.successResultOf(self.protocol.add_event_listener("BW", busy))
        self.tor.emit("BW 1 2")
        self.successResultOf(self.protocol.remove_event_listener("BW", busy))
        waiting.callback(None)
        self.assertEqual(len(done), 1)

    def test_removed(self) -> None:
        """
        Case 36: when the last listener of an event goes, Tor is told; removing what was never there is no error.
        """
        self.successResultOf(self.protocol.add_event_listeners({"BW": self.seen.append, "CIRC": self.seen.append}))
        self.successResultOf(self.protocol.remove_event_listener("BW", self.seen.append))
        self.successResultOf(self.protocol.remove_event_listener("BW", self.seen.append))
        self.assertEqual(self.tor.received, ["SETEVENTS BW CIRC", "SETEVENTS CIRC"])
        self.tor.emit("BW 1 2")
        self.assertEqual(self.seen, [])

    def test_refused(self) -> None:
        """
        Case 10: an event that Tor does not know fails for who asked; all else stays as it was.
        """
        self.successResultOf(self.protocol.add_event_listener("BW", self.seen.append))
        refused = self.protocol.add_event_listeners({"CIRC": self.seen.append, "BOGUS": self.seen.append})
        self.failureResultOf(refused, UnrecognizedEntity)
        self.tor.emit("CIRC 1 LAUNCHED")
        self.tor.emit("BW 1 2")
        self.assertEqual([str(event) for event in self.seen], ["1 2"])
        self.successResultOf(self.protocol.add_event_listener("CIRC", self.seen.append))
        self.successResultOf(self.protocol.remove_event_listener("BW", self.seen.append))
        self.assertEqual(self.tor.connections[0].events, {"CIRC"})

    def test_refused_among_many(self) -> None:
        """
        Case 10: of several that are asked for at once, the refusal falls on one alone.
        """
        good = [self.protocol.add_event_listener(event, self.seen.append) for event in ("BW", "CIRC")]
        bad = self.protocol.add_event_listener("BOGUS", self.seen.append)
        also_good = self.protocol.add_event_listener("STREAM", self.seen.append)
        for each in (*good, also_good):
            self.successResultOf(each)
        self.failureResultOf(bad, UnrecognizedEntity)
        self.assertEqual(self.tor.connections[0].events, {"BW", "CIRC", "STREAM"})

    def test_unknown_event(self) -> None:
        """
        Case 40: an event of a Tor newer than this library is delivered with all it says.
        """
        self.tor.answer("SETEVENTS", lambda connection, command: [ReplyLine(250, "OK")])
        self.successResultOf(self.protocol.add_event_listener("FUTURE", self.seen.append))
        self.tor.connections[0].say([ReplyLine(650, 'FUTURE 1 K="a b" x')])
        (event,) = self.seen
        self.assertIsInstance(event, UnknownEvent)
        self.assertEqual((event.keyword, str(event), event.keywords), ("FUTURE", '1 K="a b" x', {"K": "a b"}))

    def test_failing_listener(self) -> None:
        """
        Case 33: a listener that raises, or whose Deferred or coroutine fails, is logged; the others are called.
        """

        def raises(event: Event) -> None:
            raise KeyError("plain")

        async def coroutine(event: Event) -> None:
            raise KeyError("coroutine")

        waiting: Deferred[None] = Deferred()
        for listener in (raises, coroutine, lambda event: waiting, self.seen.append):
            self.protocol.add_event_listener("BW", listener)
        self.tor.emit("BW 1 2")
        self.assertEqual(len(self.seen), 1)
        self.assertEqual(len(self.flushLoggedErrors(KeyError)), 2)
        waiting.errback(ZeroDivisionError())
        self.assertEqual(len(self.flushLoggedErrors(ZeroDivisionError)), 1)

    def test_failing_listener_of_many_lines(self) -> None:
        """
        Case 33: the same for an event of several lines.
        """

        def raises(event: Event) -> None:
            raise KeyError("plain")

        self.protocol.add_event_listener("CONF_CHANGED", raises)
        self.protocol.add_event_listener("CONF_CHANGED", self.seen.append)
        self.tor.emit("CONF_CHANGED", "Nickname=x")
        self.assertEqual(len(self.seen), 1)
        self.assertEqual(len(self.flushLoggedErrors(KeyError)), 1)

    def test_changes_while_called(self) -> None:
        """
        Case 34: a listener may remove itself or another, or add one; nobody is skipped, nobody gets an event twice.
        """
        calls: list[str] = []

        def first(event: Event) -> None:
            calls.append("first")
            self.protocol.remove_event_listener("BW", first)
            self.protocol.add_event_listener("BW", third)

        def second(event: Event) -> None:
            calls.append("second")

        def third(event: Event) -> None:
            calls.append("third")

        self.protocol.add_event_listener("BW", first)
        self.protocol.add_event_listener("BW", second)
        self.tor.emit("BW 1 2")
        self.assertEqual(calls, ["first", "second"])
        self.tor.emit("BW 3 4")
        self.assertEqual(calls, ["first", "second", "second", "third"])

    def test_cancelled(self) -> None:
        """
        A subscription that is given up is taken back from Tor, and its listener is never called.
        """
        self.tor.mute("SETEVENTS")
        waiting = self.protocol.add_event_listener("BW", self.seen.append)
        waiting.cancel()
        self.failureResultOf(waiting, CancelledError)
        connection = self.tor.connections[0]
        connection.events = frozenset({"BW"})
        self.tor.emit("BW 1 2")
        connection.say([ReplyLine(250, "OK")])
        self.assertEqual(self.tor.received, ["SETEVENTS BW", "SETEVENTS"])
        connection.say([ReplyLine(250, "OK")])
        self.assertEqual(self.seen, [])

    def test_lost(self) -> None:
        """
        A subscription that was under way when the connection went fails, and so does one after it.
        """
        self.tor.mute("SETEVENTS")
        waiting = [self.protocol.add_event_listener(event, self.seen.append) for event in ("BW", "CIRC")]
        self.tor.drop()
        for each in waiting:
            self.failureResultOf(each, Disconnected)
        self.failureResultOf(self.protocol.add_event_listener("BW", self.seen.append), Disconnected)
