# -*- test-case-name: txtor.test.state.test_torstate -*-
"""
Tests of the live picture, on a Tor in memory.
"""

from __future__ import annotations

import base64
import pathlib
from datetime import datetime, timedelta, timezone
from typing import Any

from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase
from zope.interface import implementer
from zope.interface.verify import verifyObject

from txtor.errors import Disconnected, InvalidArgument, TorRefused, UnrecognizedEntity
from txtor.state import (
    AddressMapping,
    AddrListenerMixin,
    Circuit,
    CircuitFailed,
    CircuitListenerMixin,
    IAddrListener,
    ICircuitListener,
    IRouterListener,
    IStreamListener,
    Router,
    RouterListenerMixin,
    Stream,
    StreamFailed,
    StreamListenerMixin,
    TorState,
)
from txtor.testing import FakeTor
from txtor.testing._fake_config import Refusal

FLAGS = "Fast Guard Exit Running Valid V2Dir"


def entry(digit: int, nickname: str | None = None, flags: str = FLAGS, bandwidth: int = 10) -> str:
    """
    A router-status entry as Tor writes it on the control port.
    """
    identity = base64.b64encode(bytes.fromhex(f"{digit:X}" * 40)).decode().rstrip("=")
    return (
        f"r {nickname or f'relay{digit}'} {identity} AAAAAAAAAAAAAAAAAAAAAAAAAAA 2038-01-01 00:00:00 "
        f"10.{digit}.0.1 9001 0\ns {flags}\nw Bandwidth={bandwidth}\n"
    )


def consensus(*digits: int) -> bytes:
    """
    The entries of some relays.
    """
    return "".join(entry(digit) for digit in digits).encode()


class Recorder(CircuitListenerMixin, StreamListenerMixin, RouterListenerMixin, AddrListenerMixin):
    """
    Writes down whatever it is told.
    """

    def __init__(self) -> None:
        self.told: list[tuple[Any, ...]] = []

    def __getattribute__(self, name: str) -> Any:
        if name.startswith(("circuit_", "stream_", "addrmap_", "routers_")):
            return lambda *arguments, **keywords: self.told.append((name, *arguments, *([keywords] if keywords else [])))
        return super().__getattribute__(name)


class StateCase(SynchronousTestCase):
    """
    A Tor in memory, and its picture.
    """

    def setUp(self) -> None:
        self.clock = Clock()
        self.tor = FakeTor()
        self.tor.info.update(
            {
                "ns/all": consensus(*range(10)),
                "address-mappings/all": "",
                "entry-guards": f"${'0' * 40}~relay0 up\n${'1' * 40}~relay1 down 2026-01-01 00:00:00\n",
                "orconn-status": "",
                "network-liveness": "up",
            }
        )
        self.protocol = self.tor.connect(self.clock)
        self.state: TorState = self.successResultOf(TorState.from_protocol(self.clock, self.protocol))


class SnapshotTests(StateCase):
    """
    The picture at the beginning.
    """

    def test_empty(self) -> None:
        """
        A Tor that does nothing yet is a picture too; what it does not tell is no error.
        """
        self.assertEqual((self.state.circuits, self.state.streams), ({}, {}))
        self.assertEqual(len(self.state.routers), 10)
        self.assertEqual(len(self.state.entry_guards), 2)
        self.assertTrue(self.state.model.liveness)
        self.assertIsNone(self.state.model.validity)
        keys = ("consensus/valid-after", "consensus/fresh-until", "consensus/valid-until")
        self.tor.info.update(dict.fromkeys(keys, ""))
        self.successResultOf(self.state.follow(self.tor.connect(self.clock)))
        self.assertIsNone(self.state.model.validity)
        self.tor.info.update(dict.fromkeys(keys, "2026-01-01 00:00:00"))
        self.successResultOf(self.state.follow(self.tor.connect(self.clock)))
        assert self.state.model.validity is not None
        self.assertEqual(self.state.model.validity.valid_until.year, 2026)

    def test_full(self) -> None:
        """
        What exists already is there, with all that Tor says of it.
        """
        self.successResultOf(self.protocol.queue_command("EXTENDCIRCUIT 0 relay1,relay2,relay3"))
        stream = self.tor.network.new_stream("example.com:80")
        self.tor.network.attach(stream, "1")
        state = self.successResultOf(TorState.from_protocol(self.clock, self.tor.connect(self.clock)))
        circuit = state.circuits["1"]
        self.assertEqual((circuit.status, circuit.purpose), ("BUILT", "GENERAL"))
        self.assertEqual([router.nickname for router in circuit.path], ["relay1", "relay2", "relay3"])
        self.assertEqual(circuit.time_created, datetime(2026, 1, 1, tzinfo=timezone.utc))
        (found,) = circuit.streams
        self.assertEqual((found.target_host, found.target_port, found.circuit), ("example.com", 80, circuit))

    def test_few_commands(self) -> None:
        """
        Case 81: the number of commands does not depend on the number of circuits, and nothing is asked later.
        """
        before = len(self.tor.received)
        self.assertLess(before, 12)
        self.successResultOf(self.state.build_circuit(["relay1", "relay2"]))
        self.assertEqual(len(self.tor.received), before + 1)

    def test_refused(self) -> None:
        """
        A Tor that does not let us look is told; a lost connection too.
        """
        self.tor.refuse("GETINFO", 552, "Unrecognized key")
        self.failureResultOf(TorState.from_protocol(self.clock, self.tor.connect(self.clock)), UnrecognizedEntity)
        self.tor.mute("GETINFO")
        waiting = TorState.from_protocol(self.clock, self.tor.connect(self.clock))
        self.assertNoResult(waiting)
        self.tor.drop()
        self.failureResultOf(waiting, Disconnected)

    def test_between(self) -> None:
        """
        Case 78: what happens before the answer is in it already, what happens after it is applied; nothing comes twice.
        """
        held: list[tuple[Any, Any]] = []
        known = self.tor._answers["GETINFO"]
        self.tor.answer("GETINFO", lambda connection, command: held.append((connection, command)))
        recorder = Recorder()
        state = TorState(self.clock, self.tor.connect(self.clock))
        state.add_circuit_listener(recorder)
        following = state.follow(state.protocol)
        self.tor.network.builds = False
        other = self.tor.connect(self.clock)
        self.tor.answer("GETINFO", known)
        self.successResultOf(other.queue_command("EXTENDCIRCUIT 0 relay1"))
        self.tor.network.build(self.tor.network.circuits["1"])
        self.assertEqual(state.circuits, {})
        for connection, command in held:
            try:
                lines = known(connection, command)
            except Exception as refusal:  # a Refusal carries the lines
                lines = list(refusal.lines)  # type: ignore[attr-defined]
            assert lines is not None
            connection.say(lines)
            if command.arguments == "circuit-status":
                self.tor.network.close_circuit("1")
        self.successResultOf(following)
        self.assertEqual(state.circuits, {})
        self.assertEqual([each[0] for each in recorder.told], ["circuit_new", "circuit_built", "circuit_closed"])


class CircuitTests(StateCase):
    """
    Circuits as they live.
    """

    def test_life(self) -> None:
        """
        One object from beginning to end; listeners hear each step once.
        """
        recorder = Recorder()
        verifyObject(ICircuitListener, CircuitListenerMixin())
        self.state.add_circuit_listener(recorder)
        self.state.add_circuit_listener(recorder)
        circuit = self.successResultOf(self.state.build_circuit(["relay1", "relay2"]))
        self.assertIs(self.state.circuits[circuit.id], circuit)
        self.assertIs(self.successResultOf(circuit.when_built()), circuit)
        closing = circuit.close()
        self.assertIs(self.successResultOf(closing), circuit)
        self.assertEqual(self.state.circuits, {})
        self.assertEqual((circuit.status, circuit.reason), ("CLOSED", "REQUESTED"))
        self.assertEqual(
            [each[0] for each in recorder.told],
            ["circuit_new", "circuit_launched", "circuit_extend", "circuit_extend", "circuit_built", "circuit_closed"],
        )
        self.assertEqual(recorder.told[-1][2]["REASON"], "REQUESTED")

    def test_close_twice(self) -> None:
        """
        Case 83: closing again, or what is gone already, fires all the same.
        """
        circuit = self.successResultOf(self.state.build_circuit(None))
        first, second = circuit.close(), circuit.close()
        self.successResultOf(first)
        self.successResultOf(second)
        self.successResultOf(circuit.close())
        self.successResultOf(circuit.close(if_unused=True))

    def test_close_if_unused(self) -> None:
        """
        A circuit in use stays, and that is no failure.
        """
        circuit = self.successResultOf(self.state.build_circuit(None))
        self.tor.network.attach(self.tor.network.new_stream("a:1"), circuit.id)
        self.assertIs(self.successResultOf(circuit.close(if_unused=True)), circuit)
        self.assertTrue(circuit.is_built)

    def test_failed(self) -> None:
        """
        Case 84: who waits for a circuit that fails is told Tor's reason, also when it asks late.
        """
        self.tor.network.builds = False
        circuit = self.successResultOf(self.state.build_circuit(["relay1"]))
        waiting, other = circuit.when_built(), circuit.when_built()
        other.cancel()
        self.failureResultOf(other)
        self.assertNoResult(waiting)
        self.tor.emit(f"CIRC {circuit.id} FAILED PURPOSE=GENERAL REASON=DESTROYED REMOTE_REASON=TIMEOUT")
        error = self.failureResultOf(waiting, CircuitFailed).value
        self.assertEqual((error.circuit, error.reason, error.remote_reason), (circuit, "DESTROYED", "TIMEOUT"))
        self.failureResultOf(circuit.when_built(), CircuitFailed)
        self.successResultOf(circuit.when_closed())
        self.assertNotIn(circuit.id, self.state.circuits)

    def test_refused(self) -> None:
        """
        What Tor refuses at once fails at once.
        """
        self.failureResultOf(self.state.build_circuit(["Nobody"]), UnrecognizedEntity)
        self.failureResultOf(self.state.build_circuit(["a b"]), InvalidArgument)

    def test_purpose(self) -> None:
        """
        Cases 82 and 87: a purpose is sent; a change of purpose is followed.
        """
        circuit = self.successResultOf(self.state.build_circuit(None, purpose="controller"))
        self.assertEqual(circuit.purpose, "CONTROLLER")
        self.successResultOf(circuit.set_purpose("general"))
        self.assertEqual((circuit.purpose, circuit.status), ("GENERAL", "BUILT"))

    def test_extend(self) -> None:
        """
        A circuit that is extended is built again.
        """
        circuit = self.successResultOf(self.state.build_circuit(["relay1"]))
        self.successResultOf(circuit.when_built())
        self.successResultOf(circuit.extend(["relay2"]))
        self.assertEqual([router.name for router in circuit.path], ["relay1", "relay2"])
        self.assertTrue(circuit.is_built)

    def test_unknown(self) -> None:
        """
        Cases 40 and 82: odd words pass through; what was never heard of may close; an id may come again.
        """
        self.tor.emit("CIRC 7 CLOSED PURPOSE=GENERAL REASON=FINISHED")
        self.tor.emit("CIRC_MINOR 7 PURPOSE_CHANGED PURPOSE=X")
        self.tor.emit("CIRC 8 SHINING PURPOSE=FUN NEW_WORD=1")
        circuit = self.state.circuits["8"]
        self.assertEqual((circuit.status, circuit.purpose, circuit.flags["NEW_WORD"]), ("SHINING", "FUN", "1"))
        self.tor.emit("CIRC 8 CLOSED")
        self.tor.emit("CIRC 8 LAUNCHED")
        self.assertIsNot(self.state.circuits["8"], circuit)

    def test_age(self) -> None:
        """
        Case 85: exact, aware, and right for days.
        """
        self.tor.emit("CIRC 9 LAUNCHED TIME_CREATED=2026-01-01T00:00:00.250000")
        later = datetime(2026, 1, 3, 0, 0, 1, tzinfo=timezone.utc)
        self.assertEqual(self.state.circuits["9"].age(later), 2 * 86400 + 0.75)

    def test_lost(self) -> None:
        """
        Whoever waits for anything is told when the connection goes.
        """
        self.tor.network.builds = False
        circuit = self.successResultOf(self.state.build_circuit(["relay1"]))
        stream = self.state.streams[self.tor.network.new_stream("a:1").id]
        waiting = [circuit.when_built(), circuit.when_closed(), stream.when_attached(), stream.when_closed()]
        self.tor.drop()
        for each in waiting:
            self.failureResultOf(each, Disconnected)

    def test_find(self) -> None:
        """
        By id, as text or number.
        """
        circuit = self.successResultOf(self.state.build_circuit(None))
        self.assertIs(self.state.find_circuit(int(circuit.id)), circuit)
        self.assertRaises(InvalidArgument, self.state.find_circuit, 99)
        self.successResultOf(self.state.close_circuit(circuit.id))


class StreamTests(StateCase):
    """
    Streams as they live.
    """

    def test_life(self) -> None:
        """
        New, attached, succeeded, closed: one object, each step once.
        """
        verifyObject(IStreamListener, StreamListenerMixin())
        recorder = Recorder()
        self.state.add_stream_listener(recorder)
        circuit = self.successResultOf(self.state.build_circuit(None))
        fake = self.tor.network.new_stream("[2001:db8::1]:443")
        stream = self.state.streams[fake.id]
        attached = stream.when_attached()
        self.assertNoResult(attached)
        self.tor.network.attach(fake, circuit.id)
        self.assertIs(self.successResultOf(attached), stream)
        self.assertEqual((stream.circuit, stream.target_host, stream.target_port), (circuit, "2001:db8::1", 443))
        self.assertEqual((stream.source_addr, stream.source_port, stream.purpose), ("127.0.0.1", 40000, "USER"))
        self.tor.emit(f"STREAM_BW {stream.id} 10 20 2026-01-01T00:00:00")
        self.assertEqual((stream.bytes_written, stream.bytes_read), (10, 20))
        self.assertIs(self.successResultOf(stream.close()), stream)
        self.assertEqual(self.state.streams, {})
        self.assertEqual(
            [each[0] for each in recorder.told], ["stream_new", "stream_attach", "stream_succeeded", "stream_closed"]
        )

    def test_circuit_dies(self) -> None:
        """
        Case 82: a stream whose circuit dies is detached, and belongs to none.
        """
        recorder = Recorder()
        self.state.add_stream_listener(recorder)
        circuit = self.successResultOf(self.state.build_circuit(None))
        fake = self.tor.network.new_stream("a:1")
        self.tor.network.attach(fake, circuit.id)
        self.successResultOf(circuit.close())
        stream = self.state.streams[fake.id]
        self.assertEqual((stream.status, stream.circuit), ("DETACHED", None))
        self.assertIn("stream_detach", [each[0] for each in recorder.told])
        self.tor.emit(f"STREAM {fake.id} FAILED 0 a:1 REASON=TIMEOUT")
        self.tor.emit(f"STREAM {fake.id} CLOSED 0 a:1 REASON=TIMEOUT")
        self.failureResultOf(stream.when_attached(), StreamFailed)
        self.successResultOf(stream.when_closed())
        self.assertEqual(self.state.streams, {})

    def test_states(self) -> None:
        """
        Case 41: flow control and unknown words change nothing but the status.
        """
        for status in ("XOFF_SENT", "XOFF_RECV", "XON_SENT", "XON_RECV", "REMAP", "BRAND_NEW"):
            self.tor.emit(f"STREAM 5 {status} 3 a:1")
            self.assertEqual(self.state.streams["5"].status, status)

    def test_close_reason(self) -> None:
        """
        A reason is a word or a number; another is the caller's mistake.
        """
        reasons: list[str | int] = ["CONNECTREFUSED", 3]
        for reason in reasons:
            stream = self.state.streams[self.tor.network.new_stream("a:1").id]
            self.successResultOf(stream.close(reason))
            self.assertEqual(stream.reason, "CONNECTREFUSED")
            self.failureResultOf(stream.close("BECAUSE"), InvalidArgument)

    def test_redirect(self) -> None:
        """
        A stream can be sent elsewhere.
        """
        stream = self.state.streams[self.tor.network.new_stream("a:1").id]
        self.successResultOf(stream.redirect("b", 2))
        self.assertEqual((stream.status, stream.target), ("REMAP", "b:2"))


class RouterTests(StateCase):
    """
    The relays of the consensus.
    """

    def test_finding(self) -> None:
        """
        By any name, by address and by flag.
        """
        routers = self.state.routers
        router = routers["1" * 40]
        for key in ("$" + "1" * 40, f"${'1' * 40}~other", "relay1", "RELAY1"):
            self.assertIs(routers[key], router)
            self.assertIn(key, routers)
        nothing: tuple[object, ...] = ("nobody", "F" * 40, "", "a b", 17)
        for other in nothing:
            self.assertNotIn(other, routers)
        self.assertEqual(routers.by_address("10.1.0.1"), [router])
        self.assertEqual(len(routers.with_flag("Guard")), 10)
        self.assertEqual((str(router), router.id_hex), ("$" + "1" * 40, "$" + "1" * 40))
        self.assertEqual((router.ip, router.or_port, router.bandwidth, router.modified), ("10.1.0.1", 9001, 10, None))
        self.assertTrue(router.accepts_port(80))
        self.assertRaises(InvalidArgument, router.accepts_port, 0)
        self.assertRaises(InvalidArgument, self.state.router_from_id, "nobody")
        self.assertRaises(InvalidArgument, self.state.router_from_id, "a b")
        self.assertFalse(self.state.router_from_id("F" * 40).in_consensus)

    def test_same_nickname(self) -> None:
        """
        Case 80: relays that share a nickname are all there, and the name alone is ambiguous.
        """
        self.tor.emit("NEWCONSENSUS", data=(entry(1, "twin") + entry(2, "twin") + entry(3)).encode())
        self.assertEqual(len(self.state.routers.by_nickname("twin")), 2)
        self.assertNotIn("twin", self.state.routers)
        first = self.state.routers["1" * 40]
        self.assertFalse(first.name_is_unique)
        self.assertEqual((first.name, first.unique_name), ("twin", first.id_hex))
        self.assertRaises(InvalidArgument, self.state.router_from_id, "twin")

    def test_consensus(self) -> None:
        """
        Case 79: a consensus replaces the old one: who left is gone, who stays is the same object, who changed says so.
        """
        verifyObject(IRouterListener, RouterListenerMixin())
        recorder = Recorder()
        self.state.router_listeners.add(recorder)
        stays, leaves = self.state.routers["relay1"], self.state.routers["relay9"]
        for _ in range(3):
            self.tor.emit("NEWCONSENSUS", data=(entry(1, bandwidth=99) + entry(2) + entry(11 - 1, "late")).encode())
        self.assertEqual(len(self.state.routers), 3)
        self.assertIs(self.state.routers["relay1"], stays)
        self.assertEqual(stays.bandwidth, 99)
        self.assertFalse(leaves.in_consensus)
        self.assertEqual(leaves.nickname, "relay9")
        name, joined, left, changed = recorder.told[0]
        self.assertEqual(name, "routers_changed")
        self.assertEqual([router.nickname for router in joined], ["late"])
        self.assertEqual(len(left), 8)
        self.assertIn(leaves, left)
        self.assertEqual(changed, [stays])
        self.assertEqual(recorder.told[1:], [("routers_changed", [], [], [])] * 2)

    def test_some(self) -> None:
        """
        NS changes the relays that it names.
        """
        self.tor.emit("NS", data=entry(1, bandwidth=77).encode())
        self.assertEqual((self.state.routers["relay1"].bandwidth, len(self.state.routers)), (77, 10))

    def test_malformed(self) -> None:
        """
        A consensus that cannot be cut changes nothing, and is logged.
        """
        self.tor.emit("NEWCONSENSUS", data=b"garbage\n")
        self.assertEqual(len(self.flushLoggedErrors()), 1)
        self.assertEqual(len(self.state.routers), 10)

    def test_slices(self) -> None:
        """
        A large consensus is taken over in slices; meanwhile the old one is whole, and the reactor has its turn.
        """
        big = "".join(
            f"r n{i} {base64.b64encode(i.to_bytes(20, 'big')).decode().rstrip('=')} "
            f"AAAAAAAAAAAAAAAAAAAAAAAAAAA 2038-01-01 00:00:00 10.0.0.1 9001 0\ns Fast\nw Bandwidth=1\n"
            for i in range(8000)
        ).encode()
        self.tor.emit("NEWCONSENSUS", data=big)
        self.tor.emit("NEWCONSENSUS", data=consensus(1))
        sizes = []
        later = self.clock.callLater

        def counted(*arguments: Any) -> Any:
            sizes.append(len(self.state.routers))
            return later(*arguments)

        self.patch(self.clock, "callLater", counted)
        self.clock.advance(0)
        self.assertGreater(len(sizes), 2)
        self.assertLessEqual(set(sizes), {10, 8000})
        self.assertEqual(len(self.state.routers), 1)


class OtherTests(StateCase):
    """
    Guards, OR connections, addresses, bandwidth, and the end.
    """

    def test_guards(self) -> None:
        """
        Entry guards come and go; those of the second layer are none.
        """
        name = f"${'5' * 40}~relay5"
        for status, expected in (("NEW", "never-connected"), ("UP", "up"), ("DOWN", "down")):
            self.tor.emit(f"GUARD ENTRY {name} {status}")
            self.assertEqual(self.state.entry_guards["5" * 40].status, expected)
        self.tor.emit(f"GUARD ENTRY {name} GOOD_L2")
        self.tor.emit(f"GUARD ENTRY {name} DROPPED")
        self.assertNotIn("5" * 40, self.state.entry_guards)

    def test_or_connections(self) -> None:
        """
        Connections to relays are kept while they last.
        """
        self.tor.emit(f"ORCONN ${'1' * 40}~relay1 LAUNCHED ID=4")
        self.tor.emit(f"ORCONN ${'1' * 40}~relay1 CONNECTED ID=4")
        self.assertEqual(self.state.model.or_connections["4"].status, "CONNECTED")
        self.tor.emit(f"ORCONN ${'1' * 40}~relay1 CLOSED REASON=DONE ID=4")
        self.assertEqual(self.state.model.or_connections, {})

    def test_bandwidth(self) -> None:
        """
        The last five minutes, second by second; liveness and build timeouts as Tor said them last.
        """
        for second in range(400):
            self.tor.emit(f"BW {second} 1")
        self.assertEqual(len(self.state.model.bandwidth), 300)
        self.assertEqual(self.state.model.bandwidth[-1], (399, 1))
        self.tor.emit("NETWORK_LIVENESS DOWN")
        self.assertIs(self.state.model.liveness, False)
        self.tor.emit("BUILDTIMEOUT_SET COMPUTED TOTAL_TIMES=100 TIMEOUT_MS=1500")
        assert self.state.model.build_timeout is not None
        self.assertEqual(self.state.model.build_timeout.timeout_ms, 1500)

    def test_addresses(self) -> None:
        """
        Case 86: mappings are added, replaced, and expire by the clock; one without end stays. No timer is left.
        """
        verifyObject(IAddrListener, AddrListenerMixin())
        recorder = Recorder()
        self.state.address_listeners.add(recorder)
        soon = (datetime.now(timezone.utc) + timedelta(days=2)).strftime("%Y-%m-%d %H:%M:%S")
        self.tor.emit(f'ADDRMAP a.example 10.0.0.1 "{soon}" EXPIRES="{soon}" CACHED="NO"')
        self.tor.emit('ADDRMAP b.example 10.0.0.2 NEVER CACHED="NO"')
        self.assertEqual(self.state.model.addresses["b.example"], AddressMapping("b.example", "10.0.0.2", None))
        (timer,) = self.clock.getDelayedCalls()
        self.assertApproximates(timer.getTime(), 2 * 86400, 5)
        self.tor.emit(f'ADDRMAP a.example <error> "{soon}" error=yes EXPIRES="{soon}" CACHED="NO"')
        self.assertNotIn("a.example", self.state.model.addresses)
        past = (datetime.now(timezone.utc) - timedelta(seconds=5)).strftime("%Y-%m-%d %H:%M:%S")
        self.tor.emit(f'ADDRMAP c.example 10.0.0.3 "{past}" EXPIRES="{past}" CACHED="NO"')
        self.clock.advance(0)
        self.assertNotIn("c.example", self.state.model.addresses)
        self.assertIn(("addrmap_expired", "c.example"), recorder.told)
        self.successResultOf(self.state.close())
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_on(self) -> None:
        """
        One happening can have a function of its own; there is nothing else to listen to.
        """
        seen: list[Circuit | Stream] = []
        self.state.on("circuit_built", seen.append)
        self.state.on("stream_new", seen.append)
        circuit = self.successResultOf(self.state.build_circuit(None))
        self.tor.network.new_stream("a:1")
        self.assertEqual(seen, [circuit, *self.state.streams.values()])
        self.assertRaises(InvalidArgument, self.state.on, "circuit_exploded", print)

    def test_failing_listener(self) -> None:
        """
        Case 33: a listener that fails is logged; others hear, and the picture is right.
        """

        @implementer(ICircuitListener)
        class Fails(CircuitListenerMixin):
            def circuit_new(self, circuit: Circuit) -> object:
                raise KeyError

        recorder = Recorder()
        self.state.add_circuit_listener(Fails())
        self.state.add_circuit_listener(recorder)
        self.tor.emit("CIRC 5 LAUNCHED")
        self.assertEqual(len(self.flushLoggedErrors(KeyError)), 1)
        self.assertEqual(recorder.told[0][0], "circuit_new")
        self.assertRaises(InvalidArgument, self.state.add_circuit_listener, object())

    def test_resync(self) -> None:
        """
        After a reconnection the listeners hear what changed, and what still exists is the same object.
        """
        stays = self.successResultOf(self.state.build_circuit(None))
        goes = self.successResultOf(self.state.build_circuit(None))
        self.tor.drop()
        self.tor.network.close_circuit(goes.id)
        recorder = Recorder()
        self.state.add_circuit_listener(recorder)
        self.successResultOf(self.state.follow(self.tor.connect(self.clock)))
        self.assertEqual(recorder.told, [("circuit_closed", goes)])
        self.assertIs(self.state.circuits[stays.id], stays)
        self.tor.emit(f"CIRC {stays.id} CLOSED")
        self.assertEqual(self.state.circuits, {})

    def test_country(self) -> None:
        """
        Countries are Tor's own knowledge.
        """
        self.tor.info["ip-to-country/10.1.0.1"] = "au"
        router: Router = self.state.routers["relay1"]
        self.assertEqual(self.successResultOf(router.get_location()), "au")
        self.assertIsNone(self.successResultOf(self.state.router_from_id("F" * 40).get_location()))
        self.assertEqual(self.successResultOf(self.state.routers.countries([router])), {"10.1.0.1": "au"})




class FilterTests(SynchronousTestCase):
    """
    What is asked of Tor, for those who must allow it.
    """

    def test_documented(self) -> None:
        """
        Case 37: the page says what is asked, each command as it is sent; what it calls needed is needed, and the rest is not.
        """
        page = (pathlib.Path(__file__).parents[3] / "docs" / "howto" / "watch-circuits.rst").read_text(encoding="utf-8")
        told = page.partition("Behind a filter")[2]
        clock = Clock()
        tor = FakeTor()
        tor.info["ns/all"] = ""
        protocol = tor.connect(clock)
        before = len(tor.received)
        self.successResultOf(TorState.from_protocol(clock, protocol))
        sent = tor.received[before:]
        needed = [line.strip() for line in told.splitlines() if line.startswith(("   SETEVENTS", "   GETINFO"))]
        self.assertEqual([command for command in sent if command in needed], needed)
        for command in sent:
            for word in command.split(" ")[1:]:
                self.assertIn(word, told)
            filtered = FakeTor()
            filtered.info["ns/all"] = ""
            answers = filtered._answers[command.split(" ")[0]]

            def answer(connection: Any, asked: Any, command: str = command, answers: Any = answers) -> Any:
                if asked.line == command:
                    raise Refusal.of(510, "Command filtered")
                return answers(connection, asked)

            filtered.answer(command.split(" ")[0], answer)
            following = TorState.from_protocol(clock, filtered.connect(clock))
            if command in needed:
                self.failureResultOf(following, TorRefused)
            else:
                self.successResultOf(following)
