# -*- test-case-name: txtor.test.state.test_on_network -*-
"""
The live picture on real Tors: that it equals what Tor itself reports, and that streams go where they were sent.
"""

from __future__ import annotations

import gc
import random
import signal
import weakref
from typing import Any

from twisted.internet.defer import Deferred, DeferredList, gatherResults
from twisted.internet.protocol import Factory, Protocol
from twisted.internet.task import deferLater
from twisted.python.failure import Failure

from txtor import Tor, connect, launch
from txtor._deferred import deferred
from txtor.directory import index_routers
from txtor.errors import Disconnected, SocksError
from txtor.events import CircuitEvent, StreamEvent
from txtor.state import Circuit, CircuitFailed, GuardChanged, PathRules, Router, Stream, StreamChanged, TorState, among
from txtor.testing import NodeView, TorNetworkTestCase


class Echo(Protocol):
    """
    Says everything back.
    """

    def __init__(self, all_of_them: list[Echo]) -> None:
        self.gone: Deferred[None] = Deferred()
        all_of_them.append(self)

    def connectionLost(self, reason: Failure | None = None) -> None:
        self.gone.callback(None)

    def dataReceived(self, data: bytes) -> None:
        assert self.transport is not None
        self.transport.write(data)


class Caller(Protocol):
    """
    Says something, and waits for the answer.
    """

    def __init__(self) -> None:
        self.answer: Deferred[bytes] = Deferred()
        self.gone: Deferred[None] = Deferred()

    def connectionMade(self) -> None:
        assert self.transport is not None
        self.transport.write(b"hello")

    def hang_up(self) -> None:
        """
        End the connection.
        """
        assert self.transport is not None
        self.transport.loseConnection()

    def dataReceived(self, data: bytes) -> None:
        self.answer.callback(data)

    def connectionLost(self, reason: Failure | None = None) -> None:
        self.gone.callback(None)


class NetworkTests(TorNetworkTestCase):
    """
    Two Tors, their pictures, and something to connect to.
    """

    @deferred
    async def setUp(self) -> None:  # type: ignore[override]  # trial waits for a Deferred
        await super().setUp()
        self.states: list[TorState] = []
        for client in self.network.clients[:2]:
            tor = await connect(self.reactor, client.control_endpoint)
            self.addCleanup(tor.close)
            await tor.protocol.reset_conf("__LeaveStreamsUnattached")  # a run that was killed may have left it
            state = await TorState.from_protocol(self.reactor, tor.protocol)
            self.addCleanup(state.close)
            self.states.append(state)
        echoes: list[Echo] = []
        listening = self.reactor.listenTCP(0, Factory.forProtocol(lambda: Echo(echoes)), interface="127.0.0.1")
        self.port = listening.getHost().port

        @deferred
        async def silence() -> None:
            await listening.stopListening()
            for echo in echoes:
                if not echo.gone.called and echo.transport is not None:
                    echo.transport.loseConnection()
            await gatherResults([echo.gone for echo in echoes])

        self.addCleanup(silence)
        self.chance = random.Random(20261124)

    def exits(self, state: TorState) -> list[Router]:
        """
        The relays that let out to loopback, in an order of our own.
        """
        fingerprints = [node.fingerprint or "" for node in self.network.exits]
        self.chance.shuffle(fingerprints)
        return [state.routers[fingerprint] for fingerprint in fingerprints]

    async def built(self, state: TorState) -> Circuit:
        """
        A circuit of ours.
        """
        circuit = await state.build_circuit(self.exits(state)[: self.chance.choice((2, 3))], purpose="controller")
        return await circuit.when_built()

    async def call(self, circuit: Circuit) -> Caller:
        """
        A connection over a circuit, which works.
        """
        caller = await circuit.stream_via("127.0.0.1", self.port).connect(Factory.forProtocol(Caller))
        assert isinstance(caller, Caller)
        assert await caller.answer == b"hello"
        return caller

    async def assertSame(self, state: TorState) -> None:
        """
        The picture is what Tor reports. What changes between the two answers may make it wait for an event that is on the way.
        That a circuit waits for a better guard (GUARD_WAIT) is told in no event: the last that was heard of it is its last hop.
        """
        for attempt in range(40):
            values = await state.protocol.get_info("circuit-status", "stream-status", "ns/all")
            reported = {
                str(event.id): (event.status if event.status != "GUARD_WAIT" else "EXTENDED", event.purpose, event.path)
                for event in map(CircuitEvent, filter(None, values["circuit-status"].split("\n")))
            }
            streams = {
                str(event.id): (event.status, event.circuit or "0", event.target)
                for event in map(StreamEvent, filter(None, values["stream-status"].split("\n")))
            }
            relays = dict(index_routers(values["ns/all"].encode() + b"\n"))
            ours = {
                each.id: (each.status if each.status != "GUARD_WAIT" else "EXTENDED", each.purpose, each.route)
                for each in state.circuits.values()
            }
            our_streams = {each.id: (each.status, each.circuit_id, each.target) for each in state.streams.values()}
            our_relays = dict(state.routers.statuses)
            if (ours, our_streams, our_relays) == (reported, streams, relays):
                return
            await deferLater(self.reactor, 0.05)
        for name, mine, other in (
            ("circuits", ours, reported),
            ("streams", our_streams, streams),
            ("relays", our_relays, relays),
        ):
            differing = {key: (mine.get(key), other.get(key)) for key in {*mine, *other} if mine.get(key) != other.get(key)}
            self.assertEqual(differing, {}, f"{name}, here and as Tor reports them, after {attempt} attempts")

    async def kill(self, node: NodeView, circuits: list[Circuit]) -> int:
        """
        Take a relay from the network for a moment, so that it drops all its connections. Those of the circuits over it of which
        Tor is not told are closed by us.

        :return: how many were closed by the relay's end.
        """
        names = [[name.fingerprint for name in circuit.route] for circuit in circuits]
        over = [circuit for circuit, path in zip(circuits, names, strict=True) if node.fingerprint in path]
        relay = await connect(self.reactor, node.control_endpoint)
        try:
            await relay.protocol.set_conf("DisableNetwork", "1")
            at_once = [circuit for circuit, path in zip(circuits, names, strict=True) if path[0] == node.fingerprint]
            await gatherResults([circuit.when_closed() for circuit in at_once])
        finally:
            await relay.protocol.reset_conf("DisableNetwork")
            await relay.close()
        await gatherResults([circuit.close() for circuit in over])
        return [circuit.reason for circuit in over].count("DESTROYED")

    async def built_again(self, state: TorState) -> Circuit:
        """
        A circuit, where a relay of its path may just have come back.
        """
        while True:
            try:
                return await self.built(state)
            except CircuitFailed:
                await deferLater(self.reactor, 0.1)

    @deferred
    async def test_same_as_tor(self) -> None:
        """
        While 200 circuits and 500 streams open and close at random, some of them because a relay goes away, the picture equals
        what Tor reports; and nothing is kept of what has gone.
        """
        state, before = self.states[0], set(self.states[0].circuits)
        seen: list[weakref.ref[Circuit | Stream]] = []
        state.on_circuit_new(lambda circuit: seen.append(weakref.ref(circuit)))
        state.on_stream_new(lambda stream: seen.append(weakref.ref(stream)))
        circuits: list[Circuit] = []
        callers: list[Caller] = []
        killed = opened = 0
        for turn in range(10):
            circuits += await gatherResults([Deferred.fromCoroutine(self.built_again(state)) for _ in range(20)])
            calls = [Deferred.fromCoroutine(self.call(self.chance.choice(circuits))) for _ in range(50)]
            callers += await gatherResults(calls)
            opened += len(calls)
            await self.assertSame(state)
            if turn in (3, 7):
                killed += await self.kill(self.network.exits[-1], circuits)
            callers = [caller for caller in callers if not caller.gone.called]
            for caller in self.chance.sample(callers, min(len(callers), 40)):
                caller.hang_up()
            closing = self.chance.sample(circuits, min(len(circuits), 15))
            await gatherResults([circuit.close() for circuit in closing])
            circuits = [circuit for circuit in circuits if not circuit.is_over]
            await self.assertSame(state)
        self.assertGreater(killed, 5)
        self.assertEqual(opened, 500)
        for caller in callers:
            caller.hang_up()
        await gatherResults([circuit.close() for circuit in circuits])
        await gatherResults([caller.gone for caller in callers])
        await self.assertSame(state)
        left = [each for each in state.circuits.values() if each.purpose == "CONTROLLER" and each.id not in before]
        self.assertEqual(left, [])
        self.assertEqual([each for each in state.streams.values() if each.target_port == self.port], [])
        self.assertGreaterEqual(len(seen), 700)
        circuits, callers, closing, calls = [], [], [], []
        gc.collect()
        there = {*state.circuits.values(), *state.streams.values()}
        self.assertEqual([found for found in (each() for each in seen) if found is not None and found not in there], [])

    @deferred
    async def test_routers(self) -> None:
        """
        The relays are those that Tor has, entry by entry.
        """
        for state in self.states:
            reported = index_routers((await state.protocol.get_info_bytes("ns/all"))["ns/all"])
            self.assertEqual(sorted(reported), sorted(state.routers))
            for fingerprint, status in reported.items():
                self.assertEqual(state.routers[fingerprint].flags, status.flags)

    @deferred
    async def test_streams_on_their_circuits(self) -> None:
        """
        Cases 91 and 92: 300 connections at once over 20 circuits of two Tors, each on the circuit that it was given, as Tor
        itself says; one endpoint object may connect many times.
        """
        circuits = [await self.built(state) for state in self.states for _ in range(10)]
        endpoints = [circuit.stream_via("127.0.0.1", self.port) for circuit in circuits]
        connecting = [endpoint.connect(Factory.forProtocol(Caller)) for _ in range(15) for endpoint in endpoints]
        callers: list[Any] = await gatherResults(connecting)
        self.assertEqual(await gatherResults([caller.answer for caller in callers]), [b"hello"] * 300)
        for state in self.states:
            status = await state.protocol.get_info_single("stream-status")
            counted: dict[str, int] = {}
            for line in filter(None, status.split("\n")):
                _, _, circuit_id, target = line.split(" ", 3)
                if target == f"127.0.0.1:{self.port}":
                    counted[circuit_id] = counted.get(circuit_id, 0) + 1
            ours = [circuit for circuit in circuits if state.circuits.get(circuit.id) is circuit]
            self.assertEqual(counted, {circuit.id: 15 for circuit in ours})
        for caller in callers:
            caller.transport.loseConnection()
        await gatherResults([caller.gone for caller in callers])
        await gatherResults([circuit.close() for circuit in circuits])

    @deferred
    async def test_circuit_that_dies(self) -> None:
        """
        Case 90: a target that refuses, a name that does not exist, and a circuit that ends fail at once; nothing hangs.
        """
        circuit = await self.built(self.states[0])
        closed = self.reactor.listenTCP(0, Factory.forProtocol(Protocol), interface="127.0.0.1")
        port = closed.getHost().port
        await closed.stopListening()
        for host, number in (("127.0.0.1", port), ("no-such-name.invalid", 80)):
            with self.assertRaises(SocksError):
                await circuit.stream_via(host, number).connect(Factory.forProtocol(Caller))
        endpoint = circuit.stream_via("127.0.0.1", self.port)
        await circuit.close()
        with self.assertRaises(CircuitFailed):
            await endpoint.connect(Factory.forProtocol(Caller))
        building = await self.states[0].build_circuit(self.exits(self.states[0])[:3], purpose="controller")
        connecting = building.stream_via("127.0.0.1", self.port).connect(Factory.forProtocol(Caller))
        await building.close()
        with self.assertRaises(CircuitFailed):
            await connecting

    @deferred
    async def test_option(self) -> None:
        """
        Case 95: when the picture is closed, Tor decides about its streams again.
        """
        state = self.states[1]
        caller = await self.call(await self.built(state))
        self.assertEqual(await state.protocol.get_conf_single("__LeaveStreamsUnattached"), "1")
        await state.close()
        self.assertEqual(await state.protocol.get_conf_single("__LeaveStreamsUnattached"), "0")
        caller.hang_up()
        await caller.gone

    @deferred
    async def test_families(self) -> None:
        """
        Relays that name each other are one family as soon as the consensus knows it, and stand in no path together.
        """
        one, other, *_ = self.network.exits
        for node in (one, other):
            relay = await connect(self.reactor, node.control_endpoint)
            self.addCleanup(relay.close)
            self.addCleanup(relay.protocol.reset_conf, "MyFamily")
            await relay.protocol.set_conf("MyFamily", f"${one.fingerprint},${other.fingerprint}")
        routers = self.states[0].routers
        while one.fingerprint not in (families := await routers.families()):  # until authorities and client have heard of it
            await deferLater(self.reactor, 0.5)
        self.assertEqual(families, {one.fingerprint: {other.fingerprint}, other.fingerprint: {one.fingerprint}})
        exits = {node.fingerprint for node in self.network.exits}
        rules = PathRules(
            length=3,
            guard=False,
            everywhere=[among(filter(None, exits))],
            distinct_subnets=False,
            families=families,
            chance=self.chance,
        )
        for _ in range(5):
            circuit = await (await self.states[0].build_circuit(rules, purpose="controller")).when_built()
            names = {router.fingerprint for router in circuit.path}
            self.assertEqual(len(names & {one.fingerprint, other.fingerprint}), 1)
            await circuit.close()

    @deferred
    async def test_changes(self) -> None:
        """
        What happens to a circuit and its stream is gone through in the order in which Tor says it, to the end.
        """
        state = self.states[0]
        circuit = await state.build_circuit(self.exits(state)[:3], purpose="controller")
        words: list[str] = []
        hops: list[int] = []

        async def follow_circuit() -> None:
            async for change in circuit.changes():
                words.append(change.what)
                hops.append(len(change.event.path))

        streams: list[str] = []

        async def follow_streams() -> None:
            async for change in state.changes(StreamChanged):
                if change.stream.target_port == self.port:
                    streams.append(change.what)
                    if change.what == "CLOSED":
                        break

        following = [Deferred.fromCoroutine(follow_circuit()), Deferred.fromCoroutine(follow_streams())]
        await circuit.when_built()
        caller = await self.call(circuit)
        caller.hang_up()
        await following[1]
        await circuit.close()
        await following[0]
        self.assertEqual(words[-5:], ["EXTENDED", "EXTENDED", "EXTENDED", "BUILT", "CLOSED"])
        self.assertEqual(hops[-5:], [1, 2, 3, 3, 3])
        self.assertEqual((streams[0], streams[-1]), ("NEW", "CLOSED"))
        self.assertIn("SUCCEEDED", streams)
        lost = anext(state.changes())
        state.protocol.cut()
        with self.assertRaises(Disconnected):
            while True:
                await lost
                lost = anext(state.changes())

    @deferred
    async def test_reload(self) -> None:
        """
        Tor forgets the option when it is told to read its torrc again, and is given it again: streams still find their circuits.
        """
        state = self.states[1]
        circuit = await self.built(state)
        callers = [await self.call(circuit)]
        reloaded: Deferred[Any] = Deferred()
        await state.protocol.add_event_listener("SIGNAL", lambda event: None if reloaded.called else reloaded.callback(event))
        await state.protocol.signal("RELOAD")
        self.assertEqual((await reloaded).signal, "RELOAD")
        self.assertEqual(await state.protocol.get_conf_single("__LeaveStreamsUnattached"), "1")
        callers.append(await self.call(circuit))
        for caller in callers:
            caller.hang_up()
        await gatherResults([caller.gone for caller in callers])

    @deferred
    async def test_lost(self) -> None:
        """
        A connection that goes away tells whoever waits, and a new one goes on where the old one ended.
        """
        state = self.states[0]
        circuit = await self.built(state)
        closing = circuit.when_closed()
        state.protocol.cut()
        with self.assertRaises(Disconnected):
            await closing
        tor = await connect(self.reactor, self.network.clients[0].control_endpoint)
        self.addCleanup(tor.close)
        await state.follow(tor.protocol)
        self.assertIs(state.circuits[circuit.id], circuit)
        await circuit.close()
        await self.assertSame(state)


class KilledTests(TorNetworkTestCase):
    """
    A Tor of our own, on the network, which is killed.
    """

    async def launch(self) -> Tor:
        """
        A client that can build circuits.
        """
        torrc = self.network.clients[0].read("torrc").splitlines()
        authorities = [line.split(" ", 1)[1] for line in torrc if line.startswith("DirAuthority ")]
        config: list[Any] = [("DirAuthority", authorities), ("TestingTorNetwork", 1), ("GeoIPFile", "/dev/null")]
        tor = await launch(self.reactor, config=config, timeout=60)
        self.addCleanup(tor.quit)
        return tor

    @deferred
    async def test_killed(self) -> None:
        """
        When Tor is killed with -9 in the middle, everybody who waits for anything is told; and what is there of the next Tor is
        not taken for what was there of the old one.
        """
        tor = await self.launch()
        state = await tor.create_state()
        self.addCleanup(state.close)
        assert tor.process is not None
        self.assertEqual(state.tor_pid, tor.process.pid)
        path = [f"${node.fingerprint}" for node in self.network.exits[:2]]
        built = await (await state.build_circuit(path, purpose="controller")).when_built()
        building = await state.build_circuit(path, purpose="controller")
        told: list[Circuit] = []

        @state.on_circuit_closed
        def closed(circuit: Circuit, **why: str) -> None:
            told.append(circuit)

        waiting: list[Deferred[Any]] = [
            built.when_closed(),
            building.when_closed(),
            anext(built.changes()),
            anext(state.changes(GuardChanged)),
            state.resolve("no-such-name.invalid"),
            state.protocol.get_info_bytes("ns/all"),
        ]
        tor.process.send_signal(signal.SIGKILL)
        results = await DeferredList(waiting, consumeErrors=True)
        failures = [result for _, result in results if isinstance(result, Failure)]
        self.assertEqual([type(each.value) for each in failures[:4]], [Disconnected] * 4)
        self.assertIn(len(failures), (5, 6))  # Tor may have answered the last question
        with self.assertRaises(Disconnected):
            await built.when_closed()
        another = await self.launch()
        circuits = list(state.circuits.values())
        await state.follow(another.protocol)
        self.assertNotEqual(state.tor_pid, tor.process.pid)
        self.assertEqual({circuit.status for circuit in circuits}, {"CLOSED"})
        self.assertIn(built, told)
        self.assertEqual(set(circuits) & set(state.circuits.values()), set())
