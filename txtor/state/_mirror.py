# -*- test-case-name: txtor.test.state.test_mirror -*-
"""
What feeds the picture: subscribe first, then ask for everything, then apply what comes.

Tor answers in order and a snapshot is taken when the question is read. So an event that comes before the answer about circuits is
in that answer already, and is not applied; one that comes after it is. Each kind of thing has its own such moment. Tor may
write an event after the answer that already knows of it: applying it again leads through the same states to the same end.

The same procedure follows a reconnection: then the listeners are told what changed while nobody looked. See control-spec 4.1.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

from twisted.internet.defer import Deferred, gatherResults
from twisted.logger import Logger

from txtor._deferred import deferred
from txtor.commands import GetInfo, GetInfoBytes
from txtor.errors import Disconnected, ProtocolViolation, TorRefused
from txtor.events import (
    AddrMapEvent,
    BandwidthEvent,
    BuildTimeoutSetEvent,
    CircuitEvent,
    CircuitMinorEvent,
    GuardEvent,
    NetworkLivenessEvent,
    NetworkStatusEvent,
    NewConsensusEvent,
    ORConnEvent,
    StreamBandwidthEvent,
    StreamEvent,
)
from txtor.grammar import RouterName, parse_time, split_words

from . import _reducers as reducers
from ._model import AddressMapping, EntryGuard, Validity

if TYPE_CHECKING:
    from txtor.control import TorControlProtocol

    from ._torstate import TorState

_log = Logger()

_CONSENSUS_KEYS = ("consensus/valid-after", "consensus/fresh-until", "consensus/valid-until")


class Mirror:
    """
    Keeps the picture of one Tor like the Tor.
    """

    def __init__(self, state: TorState) -> None:
        self._state = state
        self._model = state.model
        self._protocol: TorControlProtocol | None = None
        self._live: set[str] = set()
        self._gone: Deferred[Any] | None = None
        self._handlers: dict[str, Callable[[Any], object]] = {
            "CIRC": self._circuit,
            "CIRC_MINOR": self._circuit_minor,
            "STREAM": self._stream,
            "STREAM_BW": self._stream_bandwidth,
            "ORCONN": self._or_connection,
            "ADDRMAP": self._address,
            "GUARD": self._guard,
            "BW": self._bandwidth,
            "NEWCONSENSUS": self._new_consensus,
            "NS": self._network_status,
            "NETWORK_LIVENESS": self._liveness,
            "BUILDTIMEOUT_SET": self._build_timeout,
        }

    # -- beginning and ending ------------------------------------------------------------------------------------------

    @deferred
    async def follow(self, protocol: TorControlProtocol) -> None:
        """
        Mirror the Tor at the other end of a connection, from now on.

        :raises TorRefused: Tor, or a filter, does not let us listen or look.
        :raises Disconnected: the connection went away before the picture was complete.
        """
        self._protocol = protocol
        self._live.clear()
        self._gone = protocol.when_disconnected()
        self._gone.addCallbacks(self._lost, lambda failure: None)
        subscribed = protocol.add_event_listeners(self._handlers)
        looked = [
            protocol.send(GetInfo(("circuit-status",))).addCallback(self._circuits_seen),
            protocol.send(GetInfo(("stream-status",))).addCallback(self._streams_seen),
            protocol.send(GetInfoBytes(("ns/all",))).addCallback(self._routers_seen),
            self._optional("address-mappings/all", self._addresses_seen),
            self._optional("entry-guards", self._guards_seen),
            self._optional("orconn-status", self._or_connections_seen),
            self._optional("network-liveness", self._liveness_seen),
            self._look_at_validity(),
        ]
        try:
            await gatherResults([subscribed, *looked], consumeErrors=True)
        except Exception as error:  # the first of several failures: the one that explains the others
            cause = getattr(error, "subFailure", None)
            if cause is not None:
                cause.raiseException()
            raise

    def stop(self) -> Deferred[None]:
        """
        Mirror no more; the picture stays as it is.
        """
        protocol, self._protocol = self._protocol, None
        gone, self._gone = self._gone, None
        if gone is not None:
            gone.cancel()
        if protocol is None:
            return gatherResults([]).addCallback(lambda _: None)
        removed = [protocol.remove_event_listener(event, handler) for event, handler in self._handlers.items()]
        return gatherResults(removed, consumeErrors=True).addCallbacks(lambda _: None, lambda failure: None)

    def _lost(self, reason: Disconnected) -> None:
        self._live.clear()
        self._state.lost(reason)

    def _optional(self, key: str, seen: Callable[[str], object]) -> Deferred[Any]:
        """
        Ask for what not every Tor, and not every filter, tells.
        """
        assert self._protocol is not None  # follow() has set it

        def refused(failure: Any) -> None:
            failure.trap(TorRefused)
            _log.debug("Tor does not tell {key}: {error}", key=key, error=failure.value)

        return self._protocol.send(GetInfo((key,))).addCallbacks(lambda values: seen(values[key]), refused)

    def _look_at_validity(self) -> Deferred[Any]:
        assert self._protocol is not None  # follow() has set it

        def seen(values: dict[str, str]) -> None:
            try:
                self._model.validity = Validity(*(parse_time(values[key]) for key in _CONSENSUS_KEYS))
            except ProtocolViolation as error:
                _log.warn("Tor gives odd times for its consensus: {error}", error=error)

        def refused(failure: Any) -> None:
            failure.trap(TorRefused)
            self._model.validity = None  # it has no consensus

        return self._protocol.send(GetInfo(_CONSENSUS_KEYS)).addCallbacks(seen, refused)

    # -- snapshots -----------------------------------------------------------------------------------------------------

    def _circuits_seen(self, values: dict[str, str]) -> None:
        model = self._model
        missing = dict(model.circuits)
        for line in filter(None, values["circuit-status"].split("\n")):
            event = CircuitEvent(line)
            missing.pop(event.id or "", None)
            self._apply_circuit(event)
        for circuit_id in missing:  # gone while nobody looked; why, nobody says any more
            self._apply_circuit(CircuitEvent(f"{circuit_id} CLOSED"))
        self._live.add("circuits")

    def _streams_seen(self, values: dict[str, str]) -> None:
        model = self._model
        missing = dict(model.streams)
        for line in filter(None, values["stream-status"].split("\n")):
            event = StreamEvent(line)
            missing.pop(event.id or "", None)
            self._apply_stream(event)
        for stream in missing.values():
            self._apply_stream(StreamEvent(f"{stream.id} CLOSED 0 {stream.target}"))
        self._live.add("streams")

    @deferred
    async def _routers_seen(self, values: dict[str, bytes]) -> None:
        self._live.add("routers")
        await self._state.routers.replace(values["ns/all"])

    def _addresses_seen(self, text: str) -> None:
        model = self._model
        missing = dict(model.addresses)
        for line in filter(None, text.split("\n")):
            source, target, *when = [word.strip('"') for word in split_words(line)]
            expires = _time_or_none(when[0]) if when else None
            missing.pop(source, None)
            mapping = AddressMapping(source, target, expires)
            if model.addresses.get(source) != mapping:
                model.addresses[source] = mapping
                self._state.addresses_changed(mapping)
        for source in missing:
            self._state.address_expired(source)
        self._live.add("addresses")

    def _guards_seen(self, text: str) -> None:
        guards = self._model.guards
        guards.clear()
        for line in filter(None, text.split("\n")):
            word, status, *since = [*line.split(" ", 2), ""][:3]
            try:
                name = RouterName.parse(word)
            except ProtocolViolation as error:
                _log.warn("Tor names an odd guard: {error}", error=error)
                continue
            if name.fingerprint is not None:
                guards[name.fingerprint] = EntryGuard(name, status, _time_or_none(since[0]) if since else None)
        self._live.add("guards")

    def _or_connections_seen(self, text: str) -> None:
        connections = self._model.or_connections
        connections.clear()
        for line in filter(None, text.split("\n")):
            reducers.reduce_or_connection(self._model, ORConnEvent(line))
        self._live.add("or_connections")

    def _liveness_seen(self, text: str) -> None:
        self._model.liveness = text.lower() == "up"
        self._live.add("liveness")

    # -- events --------------------------------------------------------------------------------------------------------

    def _circuit(self, event: CircuitEvent) -> None:
        if "circuits" in self._live:
            self._apply_circuit(event)

    def _apply_circuit(self, event: CircuitEvent) -> None:
        state = self._state
        circuit, before = reducers.reduce_circuit(state, self._model, event)
        if state.circuit_listeners.all and (before != circuit.status or before == "EXTENDED"):
            _tell_circuit(state, circuit, before)
        circuit.tell()

    def _circuit_minor(self, event: CircuitMinorEvent) -> None:
        if "circuits" in self._live:
            reducers.reduce_circuit_minor(self._model, event)

    def _stream(self, event: StreamEvent) -> None:
        if "streams" in self._live:
            self._apply_stream(event)

    def _apply_stream(self, event: StreamEvent) -> None:
        state = self._state
        stream, before, circuit_before = reducers.reduce_stream(state, self._model, event)
        if state.stream_listeners.all:
            _tell_stream(state, stream, before, circuit_before)
        stream.tell()
        if stream.status == "CONTROLLER_WAIT":
            state.attaching.consider(stream)

    def _stream_bandwidth(self, event: StreamBandwidthEvent) -> None:
        if "streams" in self._live:
            reducers.reduce_stream_bandwidth(self._model, event)

    def _or_connection(self, event: ORConnEvent) -> None:
        if "or_connections" in self._live:
            reducers.reduce_or_connection(self._model, event)

    def _address(self, event: AddrMapEvent) -> None:
        if "addresses" not in self._live:
            return
        mapping = reducers.reduce_address(self._model, event)
        if mapping is not None:
            self._state.addresses_changed(mapping)

    def _guard(self, event: GuardEvent) -> None:
        if "guards" in self._live:
            reducers.reduce_guard(self._model, event, datetime.now(timezone.utc))

    def _bandwidth(self, event: BandwidthEvent) -> None:
        self._model.bandwidth.append((event.read or 0, event.written or 0))

    def _liveness(self, event: NetworkLivenessEvent) -> None:
        self._model.liveness = event.status == "UP"

    def _build_timeout(self, event: BuildTimeoutSetEvent) -> None:
        self._model.build_timeout = event

    @deferred
    async def _new_consensus(self, event: NewConsensusEvent) -> None:
        if "routers" in self._live and self._protocol is not None:
            validity = self._look_at_validity()
            await self._state.routers.replace(event.data or b"")
            await _quiet(validity)

    @deferred
    async def _network_status(self, event: NetworkStatusEvent) -> None:
        if "routers" in self._live:
            await self._state.routers.update(event.data or b"")


async def _quiet(waiting: Deferred[Any]) -> None:
    try:
        await waiting
    except Disconnected:
        pass  # the end of the connection is told elsewhere


def _time_or_none(text: str) -> datetime | None:
    try:
        return parse_time(text)
    except ProtocolViolation:
        return None


def _tell_circuit(state: TorState, circuit: Any, before: str | None) -> None:
    call = state.circuit_listeners.call
    if before is None:
        call("circuit_new", circuit)
    status = circuit.status
    if status == "LAUNCHED":
        call("circuit_launched", circuit)
    elif status == "EXTENDED":
        path = circuit.path
        if path:
            call("circuit_extend", circuit, path[-1])
    elif status == "BUILT":
        call("circuit_built", circuit)
    elif status == "CLOSED":
        call("circuit_closed", circuit, **circuit.flags)
    elif status == "FAILED":
        call("circuit_failed", circuit, **circuit.flags)


def _tell_stream(state: TorState, stream: Any, before: str | None, circuit_before: str) -> None:
    call = state.stream_listeners.call
    status = stream.status
    if before is None:
        call("stream_new", stream)
    if stream.circuit_id not in ("0", circuit_before) and stream.circuit is not None:
        call("stream_attach", stream, stream.circuit)
    if status == before:
        return
    if status == "SUCCEEDED":
        call("stream_succeeded", stream)
    elif status == "DETACHED":
        call("stream_detach", stream, **stream.event.keywords)
    elif status == "CLOSED":
        call("stream_closed", stream, **stream.event.keywords)
    elif status == "FAILED":
        call("stream_failed", stream, **stream.event.keywords)

