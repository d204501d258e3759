# -*- test-case-name: txtor.test.state.test_mirror -*-
"""
What feeds the picture: subscribe first, then ask for everything, then apply what comes.

Tor answers in order and a snapshot is taken when the question is read. So an event that comes before the answer about circuits is
in that answer already, and is not applied; one that comes after it is. Each kind of thing has its own such moment. Tor may
write an event after the answer that already knows of it: applying it again leads through the same states to the same end.

The same procedure follows a reconnection: then the listeners are told what changed while nobody looked. See control-spec 4.1.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

from twisted.internet.defer import Deferred, gatherResults
from twisted.logger import Logger

from txtor._deferred import deferred, forget_cancelled
from txtor.commands import GetInfo, GetInfoBytes
from txtor.errors import Disconnected, ProtocolViolation, TorRefused
from txtor.events import BuildTimeoutSetEvent, CircuitEvent, NetworkStatusEvent, NewConsensusEvent, StreamEvent
from txtor.grammar import RouterName, parse_time, split_words, time_or_none

from . import _reducers as reducers
from ._circuit import Circuit
from ._listeners import Listeners, tell_all, tell_each
from ._model import AddressMapping, EntryGuard, Validity
from ._reducers import reduce_circuit, reduce_stream
from ._stream import Stream

if TYPE_CHECKING:
    from txtor.control import TorControlProtocol

    from ._torstate import TorState

_log = Logger()

_CIRCUIT_HAPPENINGS = {
    "LAUNCHED": "circuit_launched",
    "BUILT": "circuit_built",
    "CLOSED": "circuit_closed",
    "FAILED": "circuit_failed",
}
_STREAM_HAPPENINGS = {
    "SUCCEEDED": "stream_succeeded",
    "DETACHED": "stream_detach",
    "CLOSED": "stream_closed",
    "FAILED": "stream_failed",
}
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
        self._circuits_live = self._streams_live = False  # the same, for those that are asked for each event
        self._gone: Deferred[Any] | None = None
        self._handlers: dict[str, Callable[[Any], object]] = {
            "CIRC": self._circuit,
            "CIRC_MINOR": self._circuit_minor,
            "STREAM": self._stream,
            "STREAM_BW": self._stream_bandwidth,
            "ORCONN": self._or_connection,
            "ADDRMAP": self._address,
            "GUARD": self._guard,
            "BW": self._model.bandwidth_texts.append,
            "NETWORK_LIVENESS": self._liveness,
            "BUILDTIMEOUT_SET": self._build_timeout,
            "SIGNAL": self._signal,
        }
        self._event_handlers: dict[str, Callable[[Any], object]] = {
            "NEWCONSENSUS": self._new_consensus,
            "NS": self._network_status,
        }

    # -- beginning and ending ------------------------------------------------------------------------------------------

    @deferred
    async def follow(self, protocol: TorControlProtocol) -> None:
        """
        Mirror the Tor at the other end of a connection, from now on.

        :raises TorRefused: Tor, or a filter, does not let us listen or look.
        :raises Disconnected: the connection went away before the picture was complete.
        """
        self.stop()  # what is left of an old connection tells nothing any more
        self._protocol = protocol
        self._rest()
        self._gone = protocol.when_disconnected()
        self._gone.addCallbacks(self._lost, forget_cancelled)
        subscribed = protocol.add_event_listeners(self._event_handlers, self._handlers)
        looked = [
            self._optional("process/pid", self._process_seen),  # first: all that follows is about this process
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
        handlers = {**self._handlers, **self._event_handlers}
        removed = protocol.remove_event_listeners(handlers)
        return removed.addErrback(lambda failure: None)  # the Tor is gone, or its filter keeps us: we listen no more

    def _rest(self) -> None:
        self._live.clear()
        self._circuits_live = self._streams_live = False

    def _lost(self, reason: Disconnected) -> None:
        self._rest()
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
            if not all(values.values()):  # it has no consensus yet
                self._state.validity_is(None)
                return
            try:
                self._state.validity_is(Validity(*(parse_time(values[key]) for key in _CONSENSUS_KEYS)))
            except ProtocolViolation as error:
                _log.warn("Tor gives odd times for its consensus: {error}", error=error)

        def refused(failure: Any) -> None:
            failure.trap(TorRefused)
            self._state.validity_is(None)  # it has no consensus

        return self._protocol.send(GetInfo(_CONSENSUS_KEYS)).addCallbacks(seen, refused)

    # -- snapshots -----------------------------------------------------------------------------------------------------

    def _process_seen(self, text: str) -> None:
        before, self._state.tor_pid = self._state.tor_pid, int(text) if text.isdigit() else None
        if before not in (None, self._state.tor_pid):  # another Tor, which numbers its circuits and streams from the beginning
            self._circuits_live = self._streams_live = True
            self._circuits_gone(list(self._model.circuits))
            self._streams_gone(list(self._model.streams.values()))
            self._circuits_live = self._streams_live = False

    def _circuits_seen(self, values: dict[str, str]) -> None:
        missing = dict(self._model.circuits)
        self._circuits_live = True
        for line in filter(None, values["circuit-status"].split("\n")):
            known = missing.pop(line.split(" ", 1)[0], None)
            if known is None:
                self._circuit(line)
            else:
                self._circuit_again(known, line)
        self._circuits_gone(missing)

    def _circuits_gone(self, circuit_ids: Iterable[str]) -> None:
        """
        They have gone while nobody looked; why, nobody says any more.
        """
        for circuit_id in circuit_ids:
            self._circuit(f"{circuit_id} CLOSED")

    def _streams_gone(self, streams: Iterable[Stream]) -> None:
        for stream in streams:
            self._stream(f"{stream.id} CLOSED 0 {stream.target}")

    def _circuit_again(self, known: Circuit, line: str) -> None:
        """
        A circuit that we know, or another that has its id since Tor was started again. Nothing is told where nothing changed.
        """
        now = CircuitEvent(line)
        created = known.time_created
        if created is not None and now.time_created not in (None, created):
            self._circuit(f"{known.id} CLOSED")
        elif (known.status, known.route) == (now.status, now.path):
            same = known.flags == now.keywords
            known.text = line
            if not same and (methods := self._state.circuit_listeners.calls.get("circuit_changed")):
                tell_each(methods, known)
            return
        self._circuit(line)

    def _streams_seen(self, values: dict[str, str]) -> None:
        missing = dict(self._model.streams)
        self._streams_live = True
        for line in filter(None, values["stream-status"].split("\n")):
            known = missing.pop(line.split(" ", 1)[0], None)
            if known is None or not _is_same(known, StreamEvent(line)):
                self._stream(line)
        self._streams_gone(missing.values())

    @deferred
    async def _routers_seen(self, values: dict[str, bytes]) -> None:
        self._live.add("routers")
        await self._state.routers.replace(values["ns/all"])

    def _addresses_seen(self, text: str) -> None:
        model = self._model
        missing = dict(model.addresses)
        for line in filter(None, text.split("\n")):
            source, target, *when = [word.strip('"') for word in split_words(line)]
            expires = time_or_none(when[0]) if when else None
            missing.pop(source, None)
            mapping = AddressMapping(source, target, expires)
            if model.addresses.get(source) != mapping:
                model.addresses[source] = mapping
                self._state.address_mapped(mapping)
        for source in missing:
            self._state.address_expired(source)
        self._live.add("addresses")

    def _guards_seen(self, text: str) -> None:
        guards = self._model.guards
        before = dict(guards)
        guards.clear()
        for line in filter(None, text.split("\n")):
            word, status, *since = [*line.split(" ", 2), ""][:3]
            try:
                name = RouterName.parse(word)
            except ProtocolViolation as error:
                _log.warn("Tor names an odd guard: {error}", error=error)
                continue
            if name.fingerprint is not None:
                guards[name.fingerprint] = EntryGuard(name, status, time_or_none(since[0]) if since else None)
        self._live.add("guards")
        for fingerprint, guard in guards.items():
            if before.pop(fingerprint, None) != guard:
                self._state.guard_is(guard)
        for guard in before.values():
            self._state.guard_is(replace(guard, status="dropped"))

    def _or_connections_seen(self, text: str) -> None:
        self._model.or_texts.clear()
        for line in filter(None, text.split("\n")):
            reducers.reduce_or_connection(self._model, line)
        self._live.add("or_connections")

    def _liveness_seen(self, text: str) -> None:
        self._state.liveness_is(text.lower() == "up")
        self._live.add("liveness")

    # -- events --------------------------------------------------------------------------------------------------------

    def _circuit(self, text: str) -> None:
        if not self._circuits_live:
            return
        state = self._state
        circuit, before = reduce_circuit(state, self._model, text)
        listeners = state.circuit_listeners
        if listeners.calls:
            _tell_circuit(listeners, circuit, before)
        if circuit.is_awaited:
            circuit.tell()

    def _circuit_minor(self, text: str) -> None:
        if self._circuits_live:
            circuit = reducers.reduce_circuit_minor(self._model, text)
            if circuit is not None and (methods := self._state.circuit_listeners.calls.get("circuit_changed")):
                tell_each(methods, circuit)

    def _stream(self, text: str) -> None:
        if not self._streams_live:
            return
        state = self._state
        stream, before, circuit_before = reduce_stream(state, self._model, text)
        listeners = state.stream_listeners
        if listeners.calls:
            _tell_stream(listeners, stream, before, circuit_before)
        if stream.is_awaited:
            stream.tell()
        if stream.status == "CONTROLLER_WAIT":
            state.attaching.consider(stream)

    def _stream_bandwidth(self, text: str) -> None:
        if self._streams_live:
            reducers.reduce_stream_bandwidth(self._model, text)

    def _or_connection(self, text: str) -> None:
        if "or_connections" in self._live:
            reducers.reduce_or_connection(self._model, text)

    def _address(self, text: str) -> None:
        if "addresses" in self._live:
            mapping = reducers.reduce_address(self._model, text)
            if mapping is not None:
                self._state.address_mapped(mapping)

    def _guard(self, text: str) -> None:
        if "guards" in self._live:
            guard = reducers.reduce_guard(self._model, text, datetime.now(timezone.utc))
            if guard is not None:
                self._state.guard_is(guard)

    def _liveness(self, text: str) -> None:
        self._state.liveness_is(text == "UP")

    def _build_timeout(self, text: str) -> None:
        self._model.build_timeout = BuildTimeoutSetEvent(text)

    def _signal(self, text: str) -> object:
        return self._state.attaching.reloaded() if text == "RELOAD" else None

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


def _is_same(known: Stream, now: StreamEvent) -> bool:
    if (known.status, known.target) != (now.status, now.target):
        return False
    return known.status in ("DETACHED", "CONTROLLER_WAIT") or known.circuit_id == (now.circuit or "0")


def _tell_circuit(listeners: Listeners[Any], circuit: Circuit, before: str | None) -> None:
    calls, status = listeners.calls, circuit.status
    if before is None and (methods := calls.get("circuit_new")):
        tell_each(methods, circuit)
    if status == "EXTENDED":
        if (methods := calls.get("circuit_extend")) and (last := circuit.last_router) is not None:
            tell_all(methods, (circuit, last), {})
    elif status != before and (methods := calls.get(_CIRCUIT_HAPPENINGS.get(status, ""))):
        if status in ("CLOSED", "FAILED"):
            tell_all(methods, (circuit,), circuit.event.keywords.copy())
        else:
            tell_each(methods, circuit)
    if methods := calls.get("circuit_changed"):
        tell_each(methods, circuit)


def _tell_stream(listeners: Listeners[Any], stream: Stream, before: str | None, circuit_before: str) -> None:
    calls, status = listeners.calls, stream.status
    if before is None and (methods := calls.get("stream_new")):
        tell_each(methods, stream)
    if stream.circuit_id not in ("0", circuit_before) and "stream_attach" in calls and (circuit := stream.circuit) is not None:
        tell_all(calls["stream_attach"], (stream, circuit), {})
    if status != before and (methods := calls.get(_STREAM_HAPPENINGS.get(status, ""))):
        if status == "SUCCEEDED":
            tell_each(methods, stream)
        else:
            tell_all(methods, (stream,), stream.event.keywords.copy())
    if methods := calls.get("stream_changed"):
        tell_each(methods, stream)
