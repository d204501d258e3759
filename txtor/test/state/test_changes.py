# -*- test-case-name: txtor.test.state.test_changes -*-
"""
Tests of iterating over what happens, and of listening to single circuits and streams.
"""

from __future__ import annotations

import gc
import weakref
from collections.abc import AsyncIterator
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from twisted.internet.defer import CancelledError, Deferred
from twisted.trial.unittest import SynchronousTestCase

from txtor.errors import Disconnected, InvalidArgument
from txtor.state import (
    AddressChanged,
    Change,
    Changes,
    Circuit,
    CircuitChanged,
    ConsensusChanged,
    GuardChanged,
    LivenessChanged,
    RouterChanged,
    RoutersChanged,
    StreamChanged,
    TooManyChanges,
)
from txtor.state._iteration import Kept

from .test_torstate import Recorder, StateCase, entry


async def collect(changes: AsyncIterator[Any], into: list[Any]) -> None:
    """
    All that comes, until the end.
    """
    async for change in changes:
        into.append(change)


class KeptTests(SynchronousTestCase):
    """
    What is between those who tell and those who iterate.
    """

    def setUp(self) -> None:
        self.stopped: list[Kept[int]] = []
        self.kept: Kept[int] = Kept(3, self.stopped.append)
        self.changes = Changes(self.kept)

    @given(st.lists(st.sampled_from(["put", "ask", "cancel"]), max_size=30))
    def test_order(self, steps: list[str]) -> None:
        """
        Whoever comes first, each change is given once and in order; a question that is cancelled takes none with it.
        """
        kept: Kept[int] = Kept(100, self.stopped.append)
        asked: list[Any] = []
        given: list[int] = []
        count = 0
        for step in steps:
            if step == "put":
                kept.put(count)
                count += 1
            elif step == "ask":
                asked.append(kept.next(None).addCallback(given.append))
            elif asked:
                waiting = asked.pop()
                waiting.addErrback(lambda failure: failure.trap(CancelledError) and None)
                waiting.cancel()
        kept.end()
        rest: list[int] = []
        self.successResultOf(Deferred.fromCoroutine(collect(Changes(kept), rest)))
        self.assertEqual(given + rest, list(range(count)))
        for waiting in asked:
            waiting.addErrback(lambda failure: failure.trap(StopAsyncIteration) and None)

    def test_too_many(self) -> None:
        """
        What is over the bound is lost and said to be; what was kept is given first, and nothing more is listened for.
        """
        for number in range(5):
            self.kept.put(number)
        self.assertEqual(self.stopped, [self.kept])
        given: list[int] = []
        error = self.failureResultOf(Deferred.fromCoroutine(collect(self.changes, given)), TooManyChanges).value
        self.assertEqual((given, error.limit), ([0, 1, 2], 3))
        self.assertIn("3", str(error))

    def test_end(self) -> None:
        """
        The end stays the end, for all who wait and for who asks later.
        """
        waiting = [self.kept.next(self), self.kept.next(self)]
        self.changes.close()
        self.changes.close()
        self.kept.put(1)
        for each in (*waiting, self.kept.next(self)):
            self.failureResultOf(each, StopAsyncIteration)
        self.assertEqual(self.stopped, [self.kept])

    def test_arguments(self) -> None:
        """
        A bound is a number from 1 on.
        """
        wrong: tuple[Any, ...] = (0, -1, 1.5, "many", None)
        for limit in wrong:
            self.assertRaises(InvalidArgument, Kept, limit, self.stopped.append)


class ChangesCase(StateCase):
    """
    A Tor in memory with a circuit that is being built.
    """

    def setUp(self) -> None:
        super().setUp()
        self.tor.network.builds = False
        self.circuit = self.successResultOf(self.state.build_circuit(["relay1", "relay2"]))

    def collected(self, changes: AsyncIterator[Any]) -> tuple[list[Any], Deferred[None]]:
        """
        What an iteration gives, and its end.
        """
        given: list[Any] = []
        return given, Deferred.fromCoroutine(collect(changes, given))

    def assertNothingKept(self) -> None:
        """
        Nobody listens to anything, so that events cost what they cost before.
        """
        state = self.state
        for listeners in (state.circuit_listeners, state.stream_listeners, state.router_listeners, state.address_listeners):
            self.assertEqual((listeners.all, listeners.calls), ((), {}))
        self.assertEqual(state.other_listeners.all, ())
        self.assertEqual(len(state.watching._kept), 0)


class CircuitTests(ChangesCase):
    """
    One circuit.
    """

    def test_life(self) -> None:
        """
        Each thing that Tor says of this circuit, minor ones too and none of another's, until it is closed.
        """
        given, ending = self.collected(self.circuit.changes())
        self.tor.emit(f"CIRC {self.circuit.id} GUARD_WAIT ${'1' * 40}~relay1")
        self.tor.emit("CIRC 99 LAUNCHED")
        self.tor.emit(f"CIRC {self.circuit.id} BUILT ${'1' * 40}~relay1,${'2' * 40}~relay2 PURPOSE=GENERAL")
        self.tor.emit(f"CIRC_MINOR {self.circuit.id} PURPOSE_CHANGED PURPOSE=CONTROLLER OLD_PURPOSE=GENERAL")
        self.assertNoResult(ending)
        self.tor.emit(f"CIRC {self.circuit.id} CLOSED REASON=FINISHED")
        self.successResultOf(ending)
        self.assertEqual([change.what for change in given], ["GUARD_WAIT", "BUILT", "PURPOSE_CHANGED", "CLOSED"])
        self.assertEqual({change.circuit for change in given}, {self.circuit})
        self.assertEqual([len(change.event.path) for change in given], [1, 2, 0, 0])
        self.assertEqual((given[2].event.purpose, given[3].event.reason), ("CONTROLLER", "FINISHED"))
        self.assertNothingKept()
        again, ended = self.collected(self.circuit.changes())
        self.successResultOf(ended)
        self.assertEqual(again, [])

    def test_slow(self) -> None:
        """
        What happens while the body waits for something is kept, from the moment on at which the iterator was made.
        """
        changes = self.circuit.changes()
        waiting: Deferred[None] = Deferred()
        given: list[str] = []

        async def slowly() -> None:
            async for change in changes:
                given.append(change.what)
                await waiting

        self.tor.emit(f"CIRC {self.circuit.id} EXTENDED ${'1' * 40}~relay1")
        ending = Deferred.fromCoroutine(slowly())
        self.tor.emit(f"CIRC {self.circuit.id} BUILT ${'1' * 40}~relay1")
        self.tor.emit(f"CIRC {self.circuit.id} FAILED REASON=TIMEOUT")
        self.assertEqual(given, ["EXTENDED"])
        self.assertNothingKept()
        waiting.callback(None)
        self.successResultOf(ending)
        self.assertEqual(given, ["EXTENDED", "BUILT", "FAILED"])

    def test_too_slow(self) -> None:
        """
        Beyond the bound nothing is kept, and listening ends.
        """
        changes = self.circuit.changes(limit=2)
        for _ in range(3):
            self.tor.emit(f"CIRC {self.circuit.id} EXTENDED ${'1' * 40}~relay1")
        self.assertNothingKept()
        given, ending = self.collected(changes)
        self.failureResultOf(ending, TooManyChanges)
        self.assertEqual(len(given), 2)
        self.assertRaises(InvalidArgument, self.circuit.changes, limit=0)
        self.assertNothingKept()

    def test_left(self) -> None:
        """
        An iterator that is left is closed: by ``break``, by a failure, by cancelling, by forgetting, and when it is asked to.
        """

        async def first() -> CircuitChanged | None:
            async for change in self.circuit.changes():
                return change
            return None

        getting = Deferred.fromCoroutine(first())
        self.tor.emit(f"CIRC {self.circuit.id} BUILT")
        self.assertIsInstance(self.successResultOf(getting), CircuitChanged)
        self.assertNothingKept()

        async def fails() -> None:
            async for change in self.circuit.changes():
                raise KeyError(change.what)

        failing = Deferred.fromCoroutine(fails())
        self.tor.emit(f"CIRC {self.circuit.id} BUILT")
        self.failureResultOf(failing, KeyError).cleanFailure()
        self.assertNothingKept()

        _, ending = self.collected(self.circuit.changes())
        ending.cancel()
        self.failureResultOf(ending, CancelledError).cleanFailure()
        del ending
        gc.collect()
        self.assertNothingKept()

        self.circuit.changes()
        self.assertNothingKept()

        changes = self.circuit.changes()
        changes.close()
        self.assertNothingKept()
        self.tor.emit(f"CIRC {self.circuit.id} BUILT")
        given, ending = self.collected(changes)
        self.successResultOf(ending)
        self.assertEqual(given, [])

    def test_waiting_is_kept(self) -> None:
        """
        Whoever waits goes on waiting though nobody holds the coroutine or its Deferred.
        """
        given: list[CircuitChanged] = []
        Deferred.fromCoroutine(collect(self.circuit.changes(), given))
        gc.collect()
        self.tor.emit(f"CIRC {self.circuit.id} BUILT")
        self.assertEqual(len(given), 1)
        self.tor.emit(f"CIRC {self.circuit.id} CLOSED")
        self.assertEqual(len(given), 2)

    def test_one(self) -> None:
        """
        One change can be waited for without a loop; then nothing is listened to any more.
        """
        waiting = anext(self.circuit.changes())
        gc.collect()
        self.tor.emit(f"CIRC {self.circuit.id} BUILT")
        self.assertEqual(self.successResultOf(waiting).what, "BUILT")
        del waiting
        self.assertNothingKept()

    def test_garbage_state(self) -> None:
        """
        A picture that nobody holds any more takes those with it who wait for what happens there, without a word.
        """
        Deferred.fromCoroutine(collect(self.circuit.changes(), []))
        watched = weakref.ref(self.circuit)
        del self.circuit, self.state, self.tor, self.protocol
        gc.collect()
        self.assertIsNone(watched())

    def test_garbage(self) -> None:
        """
        A circuit that was iterated over, and is over, is kept by nothing.
        """
        given, ending = self.collected(self.circuit.changes())
        self.tor.emit(f"CIRC {self.circuit.id} CLOSED")
        self.successResultOf(ending)
        watched = weakref.ref(self.circuit)
        given.clear()
        del self.circuit
        gc.collect()
        self.assertIsNone(watched())

    def test_lost(self) -> None:
        """
        When the connection is lost, what was kept is given and then `Disconnected`; a new iteration fails at once, until the Tor
        is followed again.
        """
        waiting, ending = self.collected(self.circuit.changes())
        late = self.circuit.changes()
        everything = self.state.changes()
        self.tor.emit(f"CIRC {self.circuit.id} EXTENDED ${'1' * 40}~relay1")
        self.tor.drop()
        self.failureResultOf(ending, Disconnected)
        self.assertEqual(len(waiting), 1)
        for changes in (late, everything):
            given, ending = self.collected(changes)
            self.failureResultOf(ending, Disconnected)
            self.assertEqual(len(given), 1)
        new: list[Changes[Any]] = [self.circuit.changes(), self.state.changes(), self.state.routers["relay1"].changes()]
        for each in new:
            given, ending = self.collected(each)
            self.failureResultOf(ending, Disconnected)
        self.assertNothingKept()
        for late_comer in (self.circuit.when_built(), self.circuit.when_closed()):
            self.failureResultOf(late_comer, Disconnected)
        self.successResultOf(self.state.follow(self.tor.connect(self.clock)))
        given, ending = self.collected(self.circuit.changes())
        self.tor.emit(f"CIRC {self.circuit.id} CLOSED")
        self.successResultOf(ending)
        self.assertEqual(len(given), 1)

    def test_closed(self) -> None:
        """
        When the state is closed, iterations come to their end, and whoever waits for a circuit is told that nothing will come.
        """
        given, ending = self.collected(self.circuit.changes())
        building, closing = self.circuit.when_built(), self.circuit.when_closed()
        stream = self.state.streams[self.tor.network.new_stream("a:1").id]
        attaching = stream.when_attached()
        self.successResultOf(self.state.close())
        self.successResultOf(ending)
        self.assertEqual(given, [])
        for waiting in (building, closing, attaching, stream.when_attached(), stream.when_closed(), self.circuit.when_closed()):
            self.failureResultOf(waiting, Disconnected)
        self.assertNothingKept()

    def test_listen(self) -> None:
        """
        A listener of one circuit hears of it alone, until it is closed or it listens no more; one that fails harms no other.
        """
        other = self.successResultOf(self.state.build_circuit(["relay3"]))
        recorder, gone = Recorder(), Recorder()
        self.assertRaises(InvalidArgument, self.circuit.listen, object())
        self.circuit.listen(recorder)
        self.circuit.listen(recorder)
        self.circuit.listen(gone)
        other.listen(gone)
        self.circuit.unlisten(gone)
        other.unlisten(gone)
        other.unlisten(gone)
        for circuit in (self.circuit, other):
            self.tor.emit(f"CIRC {circuit.id} EXTENDED ${'1' * 40}~relay1")
            self.tor.emit(f"CIRC {circuit.id} CLOSED REASON=FINISHED")
        self.assertEqual(
            recorder.told,
            [
                ("circuit_extend", self.circuit, self.state.routers["relay1"]),
                ("circuit_closed", self.circuit, {"REASON": "FINISHED"}),
            ],
        )
        self.assertEqual(gone.told, [])
        self.assertNothingKept()
        self.circuit.listen(recorder)
        self.assertNothingKept()


class StreamTests(ChangesCase):
    """
    One stream.
    """

    def test_stream(self) -> None:
        """
        Each thing that Tor says of this stream, until it is closed; a stream that has failed is closed after that.
        """
        fake = self.tor.network.new_stream("a:1")
        stream = self.state.streams[fake.id]
        recorder = Recorder()
        stream.listen(recorder)
        given, ending = self.collected(stream.changes())
        self.tor.network.new_stream("b:1")
        self.tor.network.attach(fake, self.circuit.id)
        self.tor.emit(f"STREAM {fake.id} XOFF_SENT {self.circuit.id} a:1")
        self.tor.emit(f"STREAM {fake.id} FAILED 0 a:1 REASON=TIMEOUT")
        self.assertNoResult(ending)
        self.tor.emit(f"STREAM {fake.id} CLOSED 0 a:1 REASON=TIMEOUT")
        self.successResultOf(ending)
        self.assertEqual([change.what for change in given][-4:], ["SUCCEEDED", "XOFF_SENT", "FAILED", "CLOSED"])
        self.assertEqual({change.stream for change in given}, {stream})
        self.assertEqual(given[-1].event.reason, "TIMEOUT")
        self.assertEqual(
            [each[0] for each in recorder.told], ["stream_attach", "stream_succeeded", "stream_failed", "stream_closed"]
        )
        stream.listen(recorder)
        stream.unlisten(recorder)
        self.assertNothingKept()


class EverythingTests(ChangesCase):
    """
    A whole Tor.
    """

    def test_all(self) -> None:
        """
        Whatever happens is a value of its own kind.
        """
        changes: Changes[Change] = self.state.changes()
        given, ending = self.collected(changes)
        self.tor.emit(f"CIRC {self.circuit.id} BUILT")
        self.tor.network.new_stream("a:1")
        self.tor.emit("NEWCONSENSUS", data=(entry(1, bandwidth=99) + entry(2)).encode())
        self.tor.emit("ADDRMAP a.example 10.0.0.1 NEVER")
        self.tor.emit(f"GUARD ENTRY ${'5' * 40}~relay5 UP")
        self.tor.emit(f"GUARD ENTRY ${'5' * 40}~relay5 UP")
        self.tor.emit(f"GUARD ENTRY ${'5' * 40}~relay5 DROPPED")
        self.tor.emit("NETWORK_LIVENESS DOWN")
        self.tor.emit("NETWORK_LIVENESS DOWN")
        kinds = [type(each) for each in given]
        self.assertEqual(
            kinds,
            [CircuitChanged, StreamChanged, RoutersChanged, AddressChanged, GuardChanged, GuardChanged, LivenessChanged],
        )
        _, stream, routers, address, guard, dropped, liveness = given
        self.assertEqual((stream.what, stream.event.target), ("NEW", "a:1"))
        self.assertEqual(([], 8, 1), (routers.joined, len(routers.left), len(routers.changed)))
        self.assertEqual((address.source, address.mapping.target), ("a.example", "10.0.0.1"))
        self.assertEqual((guard.guard.status, dropped.guard.status, liveness.up), ("up", "dropped", False))
        self.state.address_expired("a.example")
        self.assertEqual(given[-1], AddressChanged("a.example", None))
        self.successResultOf(self.state.close())
        self.successResultOf(ending)
        self.assertNothingKept()

    def test_consensus(self) -> None:
        """
        Other times of the consensus are a change; the same are none.
        """
        given, _ = self.collected(self.state.changes(ConsensusChanged))
        keys = ("consensus/valid-after", "consensus/fresh-until", "consensus/valid-until")
        self.tor.info.update(dict.fromkeys(keys, "2026-01-01 00:00:00"))
        for _ in range(2):
            self.tor.emit("NEWCONSENSUS", data=entry(1).encode())
        (change,) = given
        self.assertEqual(change.validity, self.state.model.validity)
        self.assertEqual(change.validity.valid_after.year, 2026)

    def test_kinds(self) -> None:
        """
        Some kinds alone can be wanted; nothing else is listened to.
        """
        given, _ = self.collected(self.state.changes(StreamChanged, LivenessChanged))
        self.assertEqual(self.state.circuit_listeners.all, ())
        self.tor.emit(f"CIRC {self.circuit.id} BUILT")
        self.tor.network.new_stream("a:1")
        self.assertEqual([type(each) for each in given], [StreamChanged])
        wrong: tuple[Any, ...] = (int, Circuit, RouterChanged, "circuit_new")
        for kind in wrong:
            self.assertRaises(InvalidArgument, self.state.changes, kind)

    def test_router(self) -> None:
        """
        One relay: each entry that is another, and its end. One that is in no consensus has none.
        """
        router = self.state.routers["relay1"]
        given, ending = self.collected(router.changes())
        self.tor.emit("NEWCONSENSUS", data=(entry(1) + entry(2, bandwidth=99)).encode())
        self.tor.emit("NS", data=entry(1).encode())
        self.assertEqual(given, [])
        self.tor.emit("NS", data=entry(1, bandwidth=99).encode())
        self.tor.emit("NEWCONSENSUS", data=entry(1, bandwidth=7).encode())
        self.assertEqual(given, [RouterChanged(router, "changed")] * 2)
        self.tor.emit("NEWCONSENSUS", data=entry(2).encode())
        self.successResultOf(ending)
        self.assertEqual(given[2:], [RouterChanged(router, "left")])
        given, ending = self.collected(router.changes())
        self.successResultOf(ending)
        self.assertEqual(given, [])
        self.assertNothingKept()
