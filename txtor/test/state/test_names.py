# -*- test-case-name: txtor.test.state.test_names -*-
"""
Tests that a program for txtorcon finds the names that it uses, with the meaning that they have there.
"""

from __future__ import annotations

from typing import Any

from zope.interface import Interface

from txtor import interfaces, state
from txtor.errors import InvalidArgument
from txtor.state import DO_NOT_ATTACH, PathRules, Router, TorState

from .test_torstate import FLAGS, StateCase, entry

#: What programs take from each of them.
NAMES = {
    "state": "from_protocol circuits streams routers routers_by_hash routers_by_name all_routers guards entry_guards authorities "
    "addrmap tor_pid protocol build_circuit close_circuit close_stream add_circuit_listener add_stream_listener "
    "remove_circuit_listener remove_stream_listener on_circuit_new on_circuit_launched on_circuit_extend on_circuit_built "
    "on_circuit_closed on_circuit_failed on_stream_new on_stream_succeeded on_stream_attach on_stream_detach on_stream_closed "
    "on_stream_failed set_attacher undo_attacher DO_NOT_ATTACH find_circuit router_from_id",
    "circuit": "id state path streams purpose build_flags flags time_created age when_built when_closed close listen unlisten "
    "stream_via web_agent",
    "stream": "id state circuit target_host target_addr target_port source_addr source_port flags close listen unlisten",
    "router": "name id_hex unique_name name_is_unique ip ip_v6 or_port dir_port flags bandwidth modified policy accepts_port "
    "from_consensus get_location",
}
#: The Interfaces and what they ask for.
INTERFACES = {
    "ICircuitListener": "circuit_new circuit_launched circuit_extend circuit_built circuit_closed circuit_failed",
    "IStreamListener": "stream_new stream_succeeded stream_attach stream_detach stream_closed stream_failed",
    "IStreamAttacher": "attach_stream attach_stream_failure",
    "IAddrListener": "addrmap_added addrmap_expired",
}


class NamesTests(StateCase):
    """
    Names, and what they give.
    """

    def setUp(self) -> None:
        super().setUp()
        self.circuit = self.successResultOf(self.state.build_circuit(["relay1", "relay2"]))
        fake = self.tor.network.new_stream("example.com:80")
        self.tor.network.attach(fake, self.circuit.id)
        self.stream = self.state.streams[fake.id]
        self.router = self.state.routers["relay1"]

    def test_all(self) -> None:
        """
        Each name is there, on the objects that programs get.
        """
        for kind, names in NAMES.items():
            subject: Any = getattr(self, kind)
            for name in names.split():
                getattr(subject, name)  # raises if it is missing

    def test_interfaces(self) -> None:
        """
        The Interfaces ask for what they asked for, and no more: who implements all of it still does.
        """
        for name, methods in INTERFACES.items():
            interface: Any = getattr(interfaces, name)
            self.assertTrue(interface.extends(Interface))
            self.assertEqual(set(interface.names()), set(methods.split()), name)
        for name in ("CircuitListenerMixin", "StreamListenerMixin", "PriorityAttacher", "DO_NOT_ATTACH"):
            self.assertIn(name, state.__all__)

    def test_routers(self) -> None:
        """
        Relays by hash, by name, all, guards and authorities.
        """
        self.tor.emit(
            "NEWCONSENSUS",
            data=(entry(1, "twin") + entry(2, "Twin") + entry(3, "auth", "Authority Running") + entry(4, flags="Fast")).encode(),
        )
        state = self.state
        one, two, three, four = (state.routers[f"{digit}" * 40] for digit in "1234")
        self.assertIs(state.routers_by_hash["$" + "1" * 40], one)
        self.assertEqual(state.routers_by_name["TWIN"], [one, two])
        self.assertEqual(dict(state.routers_by_name), {"twin": [one, two], "auth": [three], "relay4": [four]})
        self.assertEqual(len(state.routers_by_name), 3)
        self.assertEqual((len(state.routers), "nobody" in state.routers_by_name), (4, False))
        self.assertEqual(state.all_routers, {one, two, three, four})
        self.assertEqual(state.guards, {one.id_hex: one, two.id_hex: two})
        self.assertIn("Guard", FLAGS)
        self.assertEqual(state.authorities, {"auth": three})
        self.assertTrue(one.from_consensus)
        self.assertFalse(state.router_from_id("F" * 40).from_consensus)

    def test_addrmap(self) -> None:
        """
        Addresses that stand for others; the process of Tor, where it tells it.
        """
        self.tor.emit("ADDRMAP a.example 10.0.0.1 NEVER")
        self.assertEqual(self.state.addrmap["a.example"].target, "10.0.0.1")
        self.assertIsNone(self.state.tor_pid)
        self.tor.info["process/pid"] = "4711"
        again: TorState = self.successResultOf(TorState.from_protocol(self.clock, self.tor.connect(self.clock)))
        self.assertEqual(again.tor_pid, 4711)

    def test_target_addr(self) -> None:
        """
        An address once there is one.
        """
        self.assertEqual((self.stream.target_host, self.stream.target_addr), ("example.com", None))
        for target, address in (("10.0.0.1:80", "10.0.0.1"), ("[2001:db8::1]:80", "2001:db8::1"), ("x.onion:80", None)):
            self.tor.emit(f"STREAM {self.stream.id} REMAP {self.circuit.id} {target}")
            self.assertEqual(self.stream.target_addr, address)

    def test_using_guards(self) -> None:
        """
        A path can be held to Tor's own guards; by default, and when Tor chooses, it need not.
        """
        self.assertEqual(set(self.state.entry_guards), {"0" * 40, "1" * 40})
        for names in (["relay1", "relay5"], None, [self.router]):
            self.successResultOf(self.state.build_circuit(names, True, "controller"))
        sent = len(self.state.circuits)
        rules = PathRules(length=1, conditions={0: [lambda router: router.name == "relay7"]}, distinct_subnets=False)
        refused: list[Any] = [["relay5", "relay1"], ["$" + "6" * 40], [self.state.routers["relay8"]], rules]
        for names in refused:
            self.failureResultOf(self.state.build_circuit(names, using_guards=True), InvalidArgument)
        self.assertEqual(len(self.state.circuits), sent)
        self.successResultOf(self.state.build_circuit(["relay5", "relay1"], False))
        self.successResultOf(self.state.build_circuit(["relay5", "relay1"]))

    def test_close_stream(self) -> None:
        """
        By id or object; another is the caller's mistake.
        """
        other = self.state.streams[self.tor.network.new_stream("a:1").id]
        self.failureResultOf(self.state.close_stream("99"), InvalidArgument)
        self.assertIs(self.successResultOf(self.state.close_stream(other.id)), other)
        self.assertIs(self.successResultOf(self.state.close_stream(self.stream, "DONE")), self.stream)
        self.assertEqual((self.stream.reason, self.state.streams), ("DONE", {}))

    def test_same_thing(self) -> None:
        """
        What there are two names for is one thing.
        """
        self.assertIs(TorState.DO_NOT_ATTACH, DO_NOT_ATTACH)
        self.assertIs(interfaces.IAddrListener, state.IAddressListener)
        self.assertIsInstance(self.router, Router)
