# -*- test-case-name: txtor.test.state.test_mirror -*-
"""
Tests of following a Tor while everything happens at once.
"""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from txtor.directory import _router_index
from txtor.errors import Disconnected
from txtor.grammar import RouterName
from txtor.state import Router, TorState, _routers
from txtor.testing import FakeTor
from txtor.testing._fake_network import FakeCircuit

from .test_torstate import entry

WHAT = st.sampled_from(["circuit", "build", "close", "stream", "attach", "end", "answer"])
HAPPENINGS = st.lists(st.tuples(WHAT, st.integers(0, 9)), max_size=40)


class Busy:
    """
    A Tor in memory to which things happen, and which answers questions when the test lets it.
    """

    def __init__(self) -> None:
        self.tor = FakeTor()
        self.tor.info["ns/all"] = ""
        self.network = self.tor.network
        self.held: list[tuple[Any, Any]] = []
        self._answers = self.tor._answers["GETINFO"]
        self.tor.answer("GETINFO", self._hold)

    def _hold(self, connection: Any, command: Any) -> None:
        self.held.append((connection, command))

    def answer(self) -> None:
        """
        Answer the oldest question with what is true at this moment.
        """
        if self.held:
            connection, command = self.held.pop(0)
            try:
                lines = self._answers(connection, command)
            except Exception as refusal:  # a Refusal, which holds the lines
                lines = list(refusal.lines)  # type: ignore[attr-defined]
            assert lines is not None
            connection.say(lines)

    def happen(self, what: str, which: int) -> None:
        """
        Something happens, where it can.
        """
        network = self.network
        circuits, streams = list(network.circuits.values()), list(network.streams.values())
        if what == "circuit":
            circuit = FakeCircuit(network.next_id(), [RouterName(f"{which}" * 40, f"relay{which}")])
            network.circuits[circuit.id] = circuit
            self.tor.emit(f"CIRC {circuit.describe(path=0)}")
        elif what == "stream":
            network.new_stream(f"host{which}:80")
        elif what == "answer":
            self.answer()
        elif circuits and what == "build":
            network.build(circuits[which % len(circuits)])
        elif circuits and what == "close":
            network.close_circuit(circuits[which % len(circuits)].id)
        elif circuits and streams and what == "attach":
            network.attach(streams[which % len(streams)], circuits[which % len(circuits)].id)
        elif streams and what == "end":
            network.close_stream(streams[which % len(streams)].id)


class InterleavingTests(SynchronousTestCase):
    """
    Case 78: whenever the answers come, and whatever happens before, between and after them.
    """

    @given(HAPPENINGS, HAPPENINGS)
    @settings(max_examples=150)
    def test_any_interleaving(self, before: list[tuple[str, int]], after: list[tuple[str, int]]) -> None:
        """
        The picture is what the Tor itself would report at the end.
        """
        busy, clock = Busy(), Clock()
        for what, which in before:
            busy.happen(what, which)
        following = TorState.from_protocol(clock, busy.tor.connect(clock))
        for what, which in after:
            busy.happen(what, which)
        while busy.held:
            busy.answer()
        state: TorState = self.successResultOf(following)
        for what, which in after:
            busy.happen(what, which)
        circuits = {each.id: (each.status, [str(name) for name in each.path]) for each in busy.network.circuits.values()}
        streams = {each.id: (each.status, each.circuit, each.target) for each in busy.network.streams.values()}
        ours = {each.id: each.status for each in state.circuits.values()}
        self.assertEqual(ours, {circuit_id: status for circuit_id, (status, _) in circuits.items()})
        self.assertEqual({each.id: (each.status, each.circuit_id, each.target) for each in state.streams.values()}, streams)
        for circuit in state.circuits.values():
            if circuit.is_built:
                self.assertEqual([str(name) for name in circuit.route], circuits[circuit.id][1])


#: By digit of the fingerprint, the bandwidth of each relay.
RELAYS = st.dictionaries(st.integers(0, 9), st.integers(1, 3), max_size=8)
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("consensus"), RELAYS),
        st.tuples(st.just("some"), RELAYS),
        st.sampled_from([("answer", {}), ("answer", {}), ("turn", {}), ("lost", {}), ("follow", {})]),
    ),
    max_size=30,
)


def entries(relays: dict[int, int]) -> str:
    """
    The entries of relays as Tor writes them.
    """
    return "".join(entry(digit, bandwidth=bandwidth) for digit, bandwidth in relays.items())


class RoutersOf(Busy):
    """
    A Tor in memory whose consensus changes.
    """

    def __init__(self, case: SynchronousTestCase) -> None:
        super().__init__()
        self.case = case
        self.clock = Clock()
        self.relays: dict[int, int] = {}
        self.state: Any = None
        self.told: dict[str, int | None] = {}
        self.following: list[Deferred[Any]] = []

    def do(self, what: str, relays: dict[int, int]) -> None:
        """
        A step, where it can be taken.
        """
        if what == "consensus":
            self.relays = dict(relays)
            self.tor.info["ns/all"] = entries(self.relays)
            self.tor.emit("NEWCONSENSUS", data=entries(relays).encode())
        elif what == "some":
            self.relays.update(relays)
            self.tor.info["ns/all"] = entries(self.relays)
            self.tor.emit("NS", data=entries(relays).encode())
        elif what == "answer":
            self.answer()
        elif what == "turn":
            self.clock.advance(0)
        elif what == "lost":
            self.held.clear()
            self.tor.drop()
        elif self.state is None or self.state.gone is not None:
            self.follow()

    def follow(self) -> None:
        """
        Follow the Tor, again or for the first time.
        """
        protocol = self.tor.connect(self.clock)
        if self.state is None:
            self.state = TorState(self.clock, protocol)
            self.state.on("routers_changed", self.changed)
        self.following.append(self.state.follow(protocol).addErrback(lambda failure: failure.trap(Disconnected) and None))

    def changed(self, joined: list[Router], left: list[Router], changed: list[Router]) -> None:
        """
        What a listener makes of what it is told.
        """
        for router in joined:
            self.case.assertNotIn(router.fingerprint, self.told)
            self.told[router.fingerprint] = router.bandwidth
        for router in left:
            self.told.pop(router.fingerprint)
        for router in changed:
            self.case.assertNotEqual(self.told[router.fingerprint], router.bandwidth)
            self.told[router.fingerprint] = router.bandwidth


class RouterInterleavingTests(SynchronousTestCase):
    """
    The relays, whenever their snapshot comes and is cut, and whatever is told meanwhile.
    """

    def setUp(self) -> None:
        self.patch(_routers, "STEPS", 1)  # so that there is something between the slices
        self.patch(_router_index, "_SLICE_BYTES", 150)

    @given(STEPS)
    @settings(max_examples=200)
    def test_any_interleaving(self, steps: list[tuple[str, dict[int, int]]]) -> None:
        """
        The picture is what Tor has at the end; and so is what a listener made of what it was told.
        """
        busy = RoutersOf(self)
        busy.do("follow", {})
        for what, relays in steps:
            busy.do(what, relays)
        busy.do("follow", {})
        while busy.held:
            busy.answer()
        while busy.clock.getDelayedCalls():
            busy.clock.advance(0)
        for following in busy.following:
            self.successResultOf(following)
        expected = {f"{digit}" * 40: bandwidth for digit, bandwidth in busy.relays.items()}
        self.assertEqual({router.fingerprint: router.bandwidth for router in busy.state.routers.values()}, expected)
        self.assertEqual(busy.told, expected)
        self.assertTrue(all(router.in_consensus for router in busy.state.routers.values()))
