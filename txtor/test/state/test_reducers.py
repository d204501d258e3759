# -*- test-case-name: txtor.test.state.test_reducers -*-
"""
Tests of how events change the picture.
"""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from txtor.state import AddressMapping, Model
from txtor.state._reducers import (
    reduce_address,
    reduce_circuit,
    reduce_circuit_minor,
    reduce_guard,
    reduce_or_connection,
    reduce_stream,
    reduce_stream_bandwidth,
)

NOW = datetime(2026, 1, 1, tzinfo=timezone.utc)
STATE: Any = None  # what circuits and streams act with; the reducers only hand it on
WORDS = st.lists(
    st.one_of(
        st.sampled_from("1 2 0 BUILT CLOSED FAILED NEW DETACHED ENTRY UP NEVER <error> ID=3 a:1 REASON=X".split(" ")),
        st.text(max_size=6).map(lambda text: text.replace("\r", "").replace("\n", "")),
    ),
    max_size=7,
).map(" ".join)


class AnyTextTests(SynchronousTestCase):
    """
    Whatever Tor, or an application through it, writes.
    """

    @given(st.lists(st.tuples(st.integers(0, 6), WORDS), max_size=12))
    @settings(max_examples=300)
    def test_never_raises(self, events: list[tuple[int, str]]) -> None:
        """
        Case 40: no text makes a reducer raise, and what is over is not kept.
        """
        model = Model()
        reducers: list[Any] = [
            lambda text: reduce_circuit(STATE, model, text),
            lambda text: reduce_circuit_minor(model, text),
            lambda text: reduce_stream(STATE, model, text),
            lambda text: reduce_stream_bandwidth(model, text),
            lambda text: reduce_or_connection(model, text),
            lambda text: reduce_guard(model, text, NOW),
            lambda text: reduce_address(model, text),
        ]
        for which, text in events:
            reducers[which](text)
        self.assertTrue(all(circuit.status not in ("CLOSED", "FAILED") for circuit in model.circuits.values()))
        self.assertTrue(all(stream.status != "CLOSED" for stream in model.streams.values()))


class ReducerTests(SynchronousTestCase):
    """
    What changes, and what is told of it.
    """

    def setUp(self) -> None:
        self.model = Model()

    def test_circuit(self) -> None:
        """
        The same object through its life, and its status before each change.
        """
        first, before = reduce_circuit(STATE, self.model, "1 LAUNCHED PURPOSE=GENERAL")
        self.assertIsNone(before)
        again, before = reduce_circuit(STATE, self.model, "1 BUILT $" + "A" * 40 + " PURPOSE=GENERAL")
        self.assertIs(first, again)
        self.assertEqual((before, again.status), ("LAUNCHED", "BUILT"))
        reduce_circuit_minor(self.model, "1 PURPOSE_CHANGED PURPOSE=CONTROLLER")
        self.assertEqual((first.status, first.purpose), ("BUILT", "CONTROLLER"))
        reduce_circuit(STATE, self.model, "1 CLOSED REASON=FINISHED")
        self.assertEqual((self.model.circuits, first.reason), ({}, "FINISHED"))

    def test_stream(self) -> None:
        """
        A stream, its circuit, and that a detached one has none, whatever the event still names.
        """
        stream, before, circuit = reduce_stream(STATE, self.model, "1 NEW 0 a:80 SOURCE_ADDR=127.0.0.1:9 PURPOSE=USER")
        self.assertEqual((before, circuit, stream.circuit_id), (None, "0", "0"))
        reduce_stream(STATE, self.model, "1 SENTCONNECT 7 a:80")
        self.assertEqual(stream.circuit_id, "7")
        _, _, circuit = reduce_stream(STATE, self.model, "1 DETACHED 7 a:80 REASON=END REMOTE_REASON=CONNECTREFUSED")
        self.assertEqual((circuit, stream.circuit_id, stream.last_reason), ("7", "0", "CONNECTREFUSED"))
        reduce_stream(STATE, self.model, "1 CONTROLLER_WAIT 7 a:80")
        self.assertEqual((stream.circuit_id, stream.last_reason), ("0", "CONNECTREFUSED"))
        self.assertEqual((stream.source_port, stream.purpose), (9, "USER"))
        reduce_stream_bandwidth(self.model, "1 5 7 2026-01-01T00:00:00")
        for bad in ("1 5 x", "1 5 \N{SUPERSCRIPT TWO}", "1 \N{SUPERSCRIPT TWO} 5 2026-01-01T00:00:00", "1"):
            reduce_stream_bandwidth(self.model, bad)
        self.assertEqual((stream.bytes_written, stream.bytes_read), (5, 7))

    def test_address(self) -> None:
        """
        Case 45: the local time is not the time; a mapping to itself or to nothing is none.
        """
        text = 'a 1.2.3.4 "2026-01-01 02:00:00" EXPIRES="2026-01-01 00:00:00" CACHED="NO"'
        self.assertEqual(reduce_address(self.model, text), AddressMapping("a", "1.2.3.4", NOW))
        self.assertIsNone(reduce_address(self.model, 'a <error> "2026-01-01 02:00:00" error=yes EXPIRES="2026-01-01 00:00:00"'))
        self.assertEqual(self.model.addresses, {})
        mapping = reduce_address(self.model, "error.example 1.2.3.4 NEVER")
        self.assertEqual(mapping, AddressMapping("error.example", "1.2.3.4", None))
        self.assertIsNone(reduce_address(self.model, "error.example error.example NEVER"))
        self.assertIsNone(reduce_address(self.model, "short"))
        self.assertEqual(self.model.addresses, {})

    def test_or_connection(self) -> None:
        """
        By id where there is one, else by target.
        """
        reduce_or_connection(self.model, "1.2.3.4:5 NEW")
        reduce_or_connection(self.model, "$" + "A" * 40 + "~x CONNECTED ID=9")
        self.assertEqual(set(self.model.or_connections), {"1.2.3.4:5", "9"})
        reduce_or_connection(self.model, "1.2.3.4:5 CLOSED")
        reduce_or_connection(self.model, "x FAILED REASON=DONE ID=9")
        self.assertEqual(self.model.or_connections, {})
