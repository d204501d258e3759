# -*- test-case-name: txtor.test.state.test_mirror -*-
"""
Tests of following a Tor while everything happens at once.
"""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from txtor.grammar import RouterName
from txtor.state import TorState
from txtor.testing import FakeTor
from txtor.testing._fake_network import FakeCircuit

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
    @settings(max_examples=150, deadline=None)
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
