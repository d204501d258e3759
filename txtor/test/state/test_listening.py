# -*- test-case-name: txtor.test.state.test_listening -*-
"""
Tests of who is told what: listeners of every kind, added and removed, and what they hear after a reconnection.
"""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.internet.defer import Deferred, fail
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from txtor.errors import InvalidArgument
from txtor.grammar import RouterName
from txtor.state import Circuit, Stream, TorState
from txtor.testing import FakeTor
from txtor.testing._fake_network import FakeCircuit

from .test_torstate import Recorder, StateCase, consensus, entry


class ListenerTests(StateCase):
    """
    Objects and functions.
    """

    def test_add_and_remove(self) -> None:
        """
        Every kind of listener is added and removed in the same way; one that was never added is no error, and what is none is
        refused.
        """
        state = self.state
        for kind, happen in (
            ("circuit", lambda: self.tor.emit("CIRC 5 LAUNCHED")),
            ("stream", lambda: self.tor.emit("STREAM 5 NEW 0 a:1")),
            ("router", lambda: self.tor.emit("NEWCONSENSUS", data=consensus(1))),
            ("address", lambda: self.tor.emit("ADDRMAP a.example 10.0.0.1 NEVER")),
        ):
            add, remove = getattr(state, f"add_{kind}_listener"), getattr(state, f"remove_{kind}_listener")
            recorder = Recorder()
            remove(recorder)
            add(recorder)
            add(recorder)
            happen()
            count = len(recorder.told)
            self.assertGreater(count, 0, kind)
            self.assertEqual(len({each[0] for each in recorder.told}), count, "told twice")
            remove(recorder)
            happen()
            self.assertEqual(len(recorder.told), count)
            self.assertRaises(InvalidArgument, add, object())

    def test_functions(self) -> None:
        """
        A function hears of one kind of happening until it is taken off; added twice it is called once.
        """
        told: list[Any] = []
        self.assertEqual(self.state.on("routers_changed", told.append), told.append)
        self.state.off("routers_changed", told.append)
        self.state.off("routers_changed", told.append)

        def heard(*arguments: object, **keywords: object) -> None:
            told.append(arguments)

        for happening in ("routers_changed", "circuit_changed", "stream_changed", "addrmap_added", "guard_changed"):
            self.state.on(happening, heard)
            self.state.on(happening, heard)
        self.tor.emit("NEWCONSENSUS", data=consensus(1))
        self.tor.emit("CIRC 5 LAUNCHED")
        self.tor.emit("STREAM 5 NEW 0 a:1")
        self.tor.emit("ADDRMAP a.example 10.0.0.1 NEVER")
        self.tor.emit(f"GUARD ENTRY ${'5' * 40}~relay5 DOWN")
        self.assertEqual(
            [arguments[0] for arguments in told[1:]],
            [
                self.state.circuits["5"],
                self.state.streams["5"],
                self.state.addrmap["a.example"],
                self.state.entry_guards["5" * 40],
            ],
        )
        for happening in ("routers_changed", "circuit_changed", "stream_changed", "addrmap_added", "guard_changed"):
            self.state.off(happening, heard)
        self.tor.emit("CIRC 5 BUILT")
        self.assertEqual(len(told), 5)
        for call in (self.state.on, self.state.off):
            self.assertRaises(InvalidArgument, call, "circuit_exploded", heard)

    def test_liveness(self) -> None:
        """
        Liveness and the times of the consensus are told when they are others than before.
        """
        told: list[object] = []
        self.state.on("liveness_changed", told.append)
        self.state.on("consensus_changed", told.append)
        for word in ("UP", "DOWN", "DOWN", "UP"):
            self.tor.emit(f"NETWORK_LIVENESS {word}")
        self.assertEqual(told, [False, True])
        self.tor.info.update(
            dict.fromkeys(("consensus/valid-after", "consensus/fresh-until", "consensus/valid-until"), "2026-01-01 00:00:00")
        )
        self.tor.emit("NEWCONSENSUS", data=consensus(1))
        self.assertEqual(told[2:], [self.state.model.validity])
        self.tor.info["consensus/valid-after"] = ""
        self.tor.emit("NEWCONSENSUS", data=consensus(2))
        self.assertEqual(told[3:], [None])

    def test_names_of_txtorcon(self) -> None:
        """
        ``on_circuit_built`` and its kind, as calls and as decorators.
        """
        told: list[str] = []
        happenings = [name for name in dir(self.state) if name.startswith("on_")]
        self.assertEqual(len(happenings), 12)
        for name in happenings:

            def heard(subject: Circuit | Stream, *more: object, name: str = name, **keywords: str) -> None:
                told.append(name.removeprefix("on_"))

            self.assertIs(getattr(self.state, name)(heard), heard)

        @self.state.on_circuit_new
        def new(circuit: Circuit) -> None:
            told.append(f"new {circuit.id}")

        for text in ("LAUNCHED", f"EXTENDED ${'1' * 40}~relay1", "BUILT", "CLOSED REASON=FINISHED"):
            self.tor.emit(f"CIRC 5 {text}")
        self.tor.emit("CIRC 6 FAILED REASON=TIMEOUT")
        self.assertEqual(
            told,
            [
                "circuit_new", "new 5", "circuit_launched", "circuit_extend", "circuit_built", "circuit_closed",
                "circuit_new", "new 6", "circuit_failed",
            ],
        )  # fmt: skip
        self.tor.emit("CIRC 7 BUILT")
        told.clear()
        for text in ("NEW 0", "SENTCONNECT 7", "SUCCEEDED 7", "DETACHED 7", "FAILED 0", "CLOSED 0"):
            self.tor.emit(f"STREAM 5 {text} a:1 REASON=END")
        self.assertEqual(
            told, ["stream_new", "stream_attach", "stream_succeeded", "stream_detach", "stream_failed", "stream_closed"]
        )

    def test_failing(self) -> None:
        """
        Case 33: one that fails, at once or later, is logged and harms no other.
        """
        told: list[Circuit] = []

        def fails(circuit: Circuit) -> None:
            raise KeyError

        async def fails_later(circuit: Circuit) -> None:
            raise IndexError

        def fails_as_deferred(circuit: Circuit) -> Deferred[None]:
            return fail(OSError())

        for function in (fails, fails_later, fails_as_deferred, told.append):
            self.state.on("circuit_changed", function)
        self.tor.emit("CIRC 5 LAUNCHED")
        self.assertEqual(told, [self.state.circuits["5"]])
        for error in (KeyError, IndexError, OSError):
            self.assertEqual(len(self.flushLoggedErrors(error)), 1)

    def test_leaving_while_told(self) -> None:
        """
        One that leaves, or brings another, while it is told changes what is told from the next event on.
        """
        told: list[str] = []

        def second(circuit: Circuit) -> None:
            told.append("second")

        def first(circuit: Circuit) -> None:
            told.append("first")
            self.state.off("circuit_changed", first)
            self.state.on("circuit_changed", second)

        self.state.on("circuit_changed", first)
        self.tor.emit("CIRC 5 LAUNCHED")
        self.assertEqual(told, ["first"])
        self.tor.emit("CIRC 5 BUILT")
        self.assertEqual(told, ["first", "second"])


WHAT = st.sampled_from(["circuit", "build", "purpose", "close", "stream", "attach", "end"])
CHANGES = st.lists(st.tuples(WHAT, st.integers(0, 9)), max_size=25)
RELAYS = st.dictionaries(st.integers(0, 9), st.integers(1, 3), max_size=6)


def happen(tor: FakeTor, what: str, which: int) -> None:
    """
    Something happens to a Tor, where it can.
    """
    network = tor.network
    circuits, streams = list(network.circuits.values()), list(network.streams.values())
    if what == "circuit":
        circuit = FakeCircuit(network.next_id(), [RouterName(f"{which}" * 40, f"relay{which}")])
        network.circuits[circuit.id] = circuit
        tor.emit(f"CIRC {circuit.describe(path=0)}")
    elif what == "stream":
        network.new_stream(f"host{which}:80")
    elif circuits and what == "build":
        network.build(circuits[which % len(circuits)])
    elif circuits and what == "purpose":
        circuit = circuits[which % len(circuits)]
        circuit.purpose = f"PURPOSE{which}"
        tor.emit(f"CIRC_MINOR {circuit.describe(status='PURPOSE_CHANGED')}")
    elif circuits and what == "close":
        network.close_circuit(circuits[which % len(circuits)].id)
    elif circuits and streams and what == "attach":
        network.attach(streams[which % len(streams)], circuits[which % len(circuits)].id)
    elif streams and what == "end":
        network.close_stream(streams[which % len(streams)].id)


class Replica:
    """
    A picture made of nothing but what a listener was told.
    """

    def __init__(self, state: TorState) -> None:
        self.circuits = {each.id: (each.status, each.purpose, each.route) for each in state.circuits.values()}
        self.streams = {each.id: (each.status, each.circuit_id) for each in state.streams.values()}
        self.routers = {router.fingerprint: router.bandwidth for router in state.routers.values()}
        self.told = 0
        self.nothing_new: list[object] = []
        state.on("circuit_changed", self.circuit)
        state.on("stream_changed", self.stream)
        state.on("routers_changed", self.changed)

    def circuit(self, circuit: Circuit) -> None:
        """
        What there is now of a circuit.
        """
        self._told(self.circuits, circuit.id, (circuit.status, circuit.purpose, circuit.route), gone=circuit.is_over)

    def stream(self, stream: Stream) -> None:
        """
        What there is now of a stream.
        """
        self._told(self.streams, stream.id, (stream.status, stream.circuit_id), gone=stream.status == "CLOSED")

    def changed(self, joined: list[Any], left: list[Any], changed: list[Any]) -> None:
        """
        What there is now of the relays.
        """
        for router in (*joined, *changed):
            self._told(self.routers, router.fingerprint, router.bandwidth, gone=False)
        for router in left:
            self._told(self.routers, router.fingerprint, None, gone=True)

    def _told(self, known: dict[str, Any], key: str, value: object, gone: bool) -> None:
        self.told += 1
        if known.get(key) == value:
            self.nothing_new.append((key, value))
        if gone:
            del known[key]
        else:
            known[key] = value

    def holds(self, state: TorState) -> dict[str, tuple[object, object]]:
        """
        Where it differs from a picture.
        """
        other = Replica.__new__(Replica)
        other.__dict__.update(
            circuits={each.id: (each.status, each.purpose, each.route) for each in state.circuits.values()},
            streams={each.id: (each.status, each.circuit_id) for each in state.streams.values()},
            routers={router.fingerprint: router.bandwidth for router in state.routers.values()},
        )
        return {
            name: (getattr(self, name), getattr(other, name))
            for name in ("circuits", "streams", "routers")
            if getattr(self, name) != getattr(other, name)
        }


class ReconnectionTests(SynchronousTestCase):
    """
    What is told when a Tor is followed again.
    """

    @given(CHANGES, CHANGES, RELAYS, RELAYS)
    @settings(max_examples=100)
    def test_exactly_the_difference(
        self, before: list[tuple[str, int]], meanwhile: list[tuple[str, int]], had: dict[int, int], has: dict[int, int]
    ) -> None:
        """
        Whatever happened while nobody looked: who applies what the listeners are told to what was there before has the picture,
        and is told nothing that was so already.
        """
        tor, clock = FakeTor(), Clock()
        tor.network.builds = False
        tor.info["ns/all"] = "".join(entry(digit, bandwidth=width) for digit, width in had.items())
        state: TorState = self.successResultOf(TorState.from_protocol(clock, tor.connect(clock)))
        for what, which in before:
            happen(tor, what, which)
        circuits = dict(state.circuits)
        replica = Replica(state)
        tor.drop()
        for what, which in meanwhile:
            happen(tor, what, which)
        self.assertEqual(replica.told, 0)
        tor.info["ns/all"] = "".join(entry(digit, bandwidth=width) for digit, width in has.items())
        self.successResultOf(state.follow(tor.connect(clock)))
        self.assertEqual(replica.holds(state), {})
        self.assertEqual(replica.nothing_new, [])
        self.assertEqual(set(state.circuits), set(tor.network.circuits))
        self.assertEqual(
            {each.id: (each.status, each.circuit_id) for each in state.streams.values()},
            {each.id: (each.status, each.circuit) for each in tor.network.streams.values()},
        )
        for circuit_id, circuit in circuits.items():
            self.assertIs(state.circuits.get(circuit_id, circuit), circuit, "what is still there is the same object")


class RestartTests(StateCase):
    """
    A Tor that was started again numbers its circuits and streams from the beginning.
    """

    def test_another_process(self) -> None:
        """
        What the old process had is over, also where the new one uses the same numbers.
        """
        self.tor.info["process/pid"] = "100"
        self.tor.drop()
        self.successResultOf(self.state.follow(self.tor.connect(self.clock)))
        self.assertEqual(self.state.tor_pid, 100)
        old = self.successResultOf(self.state.build_circuit(None))
        stream = self.state.streams[self.tor.network.new_stream("a:1").id]
        recorder = Recorder()
        self.state.add_circuit_listener(recorder)
        self.state.add_stream_listener(recorder)
        self.tor.drop()
        self.tor.info["process/pid"] = "200"
        self.successResultOf(self.state.follow(self.tor.connect(self.clock)))
        new = self.state.circuits[old.id]
        self.assertIsNot(new, old)
        self.assertIsNot(self.state.streams[stream.id], stream)
        self.assertEqual((old.status, stream.status), ("CLOSED", "CLOSED"))
        self.assertEqual(
            [each[:2] for each in recorder.told],
            [
                ("circuit_closed", old),
                ("stream_closed", stream),
                ("circuit_new", new),
                ("circuit_built", new),
                ("stream_new", self.state.streams[stream.id]),
            ],
        )

    def test_another_time(self) -> None:
        """
        The same where Tor does not tell its process, by the times at which circuits were made.
        """
        old = self.successResultOf(self.state.build_circuit(None))
        self.assertIsNone(self.state.tor_pid)
        recorder = Recorder()
        self.state.add_circuit_listener(recorder)
        self.tor.drop()
        self.tor.info["circuit-status"] = f"{old.id} LAUNCHED PURPOSE=GENERAL TIME_CREATED=2026-01-01T00:00:01.000000\n"
        self.successResultOf(self.state.follow(self.tor.connect(self.clock)))
        new = self.state.circuits[old.id]
        self.assertEqual(
            [each[:2] for each in recorder.told], [("circuit_closed", old), ("circuit_new", new), ("circuit_launched", new)]
        )

    def test_old_connection(self) -> None:
        """
        When another connection is followed, the old one tells nothing any more, though it is still there; nor is its end ours.
        """
        old = self.protocol
        stream = self.state.streams[self.tor.network.new_stream("a:1").id]
        self.successResultOf(self.state.follow(self.tor.connect(self.clock)))
        self.tor.emit(f"STREAM_BW {stream.id} 10 20 2026-01-01T00:00:00")
        self.tor.emit("BW 1 2")
        self.assertEqual((stream.bytes_written, stream.bytes_read, self.state.model.bandwidth), (10, 20, [(1, 2)]))
        closing = stream.when_closed()
        old.cut()
        self.assertIsNone(self.state.gone)
        self.assertNoResult(closing)
        self.tor.emit(f"STREAM {stream.id} CLOSED 0 a:1")
        self.successResultOf(closing)

    def test_extending(self) -> None:
        """
        A circuit that has the hops that it had is not told to have one more.
        """
        self.tor.network.builds = False
        circuit = self.successResultOf(self.state.build_circuit(["relay1"]))
        line = f"{circuit.id} EXTENDED ${'1' * 40}~relay1 PURPOSE={{}} TIME_CREATED=2026-01-01T00:00:00.000000"
        self.tor.emit("CIRC " + line.format("GENERAL"))
        recorder = Recorder()
        self.state.add_circuit_listener(recorder)
        changed: list[str | None] = []
        self.state.on("circuit_changed", lambda circuit: changed.append(circuit.purpose))
        for purpose in ("GENERAL", "CONTROLLER", "CONTROLLER"):
            self.tor.drop()
            self.tor.info["circuit-status"] = line.format(purpose) + "\n"
            self.successResultOf(self.state.follow(self.tor.connect(self.clock)))
        self.assertEqual((recorder.told, changed), ([], ["CONTROLLER"]))
