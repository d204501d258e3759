# -*- test-case-name: txtor.test.state.test_on_network -*-
"""
The live picture on real Tors: that it equals what Tor itself reports, and that streams go where they were sent.
"""

from __future__ import annotations

import random
from typing import Any

from twisted.internet.defer import Deferred, gatherResults
from twisted.internet.protocol import Factory, Protocol
from twisted.internet.task import deferLater
from twisted.python.failure import Failure

from txtor import connect
from txtor._deferred import deferred
from txtor.directory import index_routers
from txtor.errors import Disconnected, SocksError
from txtor.events import CircuitEvent, StreamEvent
from txtor.state import Circuit, CircuitFailed, Router, TorState
from txtor.testing import TorNetworkTestCase


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
        """
        for attempt in range(20):
            values = await state.protocol.get_info("circuit-status", "stream-status")
            reported = {
                str(event.id): (event.status, event.purpose, event.path)
                for event in map(CircuitEvent, filter(None, values["circuit-status"].split("\n")))
            }
            streams = {
                str(event.id): (event.status, event.circuit or "0", event.target)
                for event in map(StreamEvent, filter(None, values["stream-status"].split("\n")))
            }
            ours = {each.id: (each.status, each.purpose, each.route) for each in state.circuits.values()}
            our_streams = {each.id: (each.status, each.circuit_id, each.target) for each in state.streams.values()}
            if (ours, our_streams) == (reported, streams):
                return
            await deferLater(self.reactor, 0.05)
        self.assertEqual((ours, our_streams), (reported, streams), f"after {attempt} attempts")

    @deferred
    async def test_same_as_tor(self) -> None:
        """
        After circuits and streams that open and close at random the picture equals what Tor reports, and nothing is left of what
        has gone.
        """
        state = self.states[0]
        before = set(state.circuits)
        circuits: list[Circuit] = []
        callers: list[Caller] = []
        for _ in range(60):
            act = self.chance.random()
            if act < 0.35 or not circuits:
                circuits.append(await self.built(state))
            elif act < 0.8:
                calls = [Deferred.fromCoroutine(self.call(self.chance.choice(circuits))) for _ in range(4)]
                callers += await gatherResults(calls)
            elif act < 0.9 and callers:
                callers.pop(self.chance.randrange(len(callers))).hang_up()
            else:
                await circuits.pop(self.chance.randrange(len(circuits))).close()
        await self.assertSame(state)
        for caller in callers:
            caller.hang_up()
        await gatherResults([circuit.close() for circuit in circuits])
        await gatherResults([caller.gone for caller in callers])
        await self.assertSame(state)
        left = [each for each in state.circuits.values() if each.purpose == "CONTROLLER" and each.id not in before]
        self.assertEqual(left, [])
        self.assertEqual([each for each in state.streams.values() if each.target_port == self.port], [])

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
