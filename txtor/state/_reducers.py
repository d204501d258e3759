# -*- test-case-name: txtor.test.state.test_reducers -*-
"""
How an event changes the picture: ``(model, event) -> change``.

Pure: nothing is sent, no listener is called, no Deferred fires. A change says what there was before, so that the mirror can tell
others; what is the same as before is no change. Only the id, the status and the circuit are read here; all else stays text
until somebody wants it.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from txtor.events import (
    AddrMapEvent,
    CircuitEvent,
    CircuitMinorEvent,
    GuardEvent,
    ORConnEvent,
    StreamBandwidthEvent,
    StreamEvent,
)

from ._circuit import Circuit
from ._model import AddressMapping, EntryGuard, Model
from ._stream import Stream

if TYPE_CHECKING:
    from ._torstate import TorState

#: What a circuit or stream was before: its status (and circuit), or ``None`` when it was not heard of.
CircuitChange = tuple[Circuit, "str | None"]
StreamChange = tuple[Stream, "str | None", str]


def reduce_circuit(state: TorState, model: Model, event: CircuitEvent) -> CircuitChange:
    """
    CIRC, or a line of ``circuit-status``.

    :return: the circuit, and its status before.
    """
    words = event.text.split(" ", 2)
    circuit_id = words[0]
    status = words[1] if len(words) > 1 else ""
    circuits = model.circuits
    circuit = circuits.get(circuit_id)
    if circuit is None:
        circuit = Circuit(state, circuit_id)
        before = None
        if status not in ("CLOSED", "FAILED"):
            circuits[circuit_id] = circuit
    else:
        before = circuit.status or None  # made by build_circuit(), and not heard of yet
        if status in ("CLOSED", "FAILED"):
            del circuits[circuit_id]
    circuit.status = status
    circuit.event = event
    return circuit, before


def reduce_circuit_minor(model: Model, event: CircuitMinorEvent) -> Circuit | None:
    """
    CIRC_MINOR: the circuit is described anew; its status stays.

    :return: the circuit, or ``None`` when it was not heard of.
    """
    circuit = model.circuits.get(event.text.split(" ", 1)[0])
    if circuit is not None:
        circuit.event = event
    return circuit


def reduce_stream(state: TorState, model: Model, event: StreamEvent) -> StreamChange:
    """
    STREAM, or a line of ``stream-status``.

    :return: the stream, its status before, and its circuit before.
    """
    words = event.text.split(" ", 3)
    stream_id = words[0]
    status = words[1] if len(words) > 1 else ""
    circuit_id = words[2] if len(words) > 2 else "0"
    streams = model.streams
    stream = streams.get(stream_id)
    if stream is None:
        stream = Stream(state, stream_id)
        stream.first_event = event
        before, circuit_before = None, "0"
        if status != "CLOSED":
            streams[stream_id] = stream
    else:
        before, circuit_before = stream.status, stream.circuit_id
        if status == "CLOSED":
            del streams[stream_id]
    stream.status = status
    stream.event = event
    stream.circuit_id = circuit_id
    if status == "DETACHED":
        stream.circuit_id = "0"
        stream.last_reason = event.remote_reason or event.reason
    return stream, before, circuit_before


def reduce_stream_bandwidth(model: Model, event: StreamBandwidthEvent) -> Stream | None:
    """
    STREAM_BW: bytes since the last one. It comes for streams alone that have moved some.
    """
    stream = model.streams.get(event.id or "")
    if stream is not None:
        stream.bytes_written += event.written or 0
        stream.bytes_read += event.read or 0
    return stream


def reduce_or_connection(model: Model, event: ORConnEvent) -> None:
    """
    ORCONN: kept until it is over.
    """
    key = event.id or event.target or ""
    if event.status in ("CLOSED", "FAILED"):
        model.or_connections.pop(key, None)
    else:
        model.or_connections[key] = event


def reduce_guard(model: Model, event: GuardEvent, now: datetime) -> None:
    """
    GUARD: an entry guard is new, up, down or dropped. Those of the second layer are none of ours.
    """
    name = event.router
    if event.guard_type != "ENTRY" or name is None or name.fingerprint is None:
        return
    if event.status in ("DROPPED", "BAD"):
        model.guards.pop(name.fingerprint, None)
    elif event.status in ("NEW", "UP", "GOOD"):
        model.guards[name.fingerprint] = EntryGuard(name, "never-connected" if event.status == "NEW" else "up")
    elif event.status == "DOWN":
        model.guards[name.fingerprint] = EntryGuard(name, "down", now)


def reduce_address(model: Model, event: AddrMapEvent) -> AddressMapping | None:
    """
    ADDRMAP: a mapping is new or replaced. A failed look-up maps nothing and ends what there was.

    :return: the mapping, or ``None`` where there is none.
    """
    source, target = event.hostname, event.destination
    if source is None:
        return None
    if target is None or event.error is not None or source == target:
        model.addresses.pop(source, None)
        return None
    mapping = AddressMapping(source, target, event.expiry)
    model.addresses[source] = mapping
    return mapping
