# -*- test-case-name: txtor.test.state.test_reducers -*-
"""
How an event changes the picture: ``(model, text) -> change``.

Pure: nothing is sent, no listener is called, no Deferred fires. A change says what there was before, so that the mirror can tell
others. These run for every event that Tor sends, so only the id, the status and the circuit are read here; all else stays
text until somebody wants it.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from txtor.errors import ProtocolViolation
from txtor.events import AddrMapEvent, GuardEvent, StreamEvent
from txtor.grammar import parse_time

from ._circuit import Circuit
from ._model import AddressMapping, EntryGuard, Model
from ._stream import Stream

if TYPE_CHECKING:
    from ._torstate import TorState

#: A circuit, and its status before; ``None`` when it was not heard of.
CircuitChange = tuple[Circuit, "str | None"]

#: A stream, its status before, and its circuit before.
StreamChange = tuple[Stream, "str | None", str]


def reduce_circuit(state: TorState, model: Model, text: str) -> CircuitChange:
    """
    CIRC, or a line of ``circuit-status``.
    """
    words = text.split(" ", 2)
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
    circuit.text = text
    return circuit, before


def reduce_circuit_minor(model: Model, text: str) -> Circuit | None:
    """
    CIRC_MINOR: the circuit is described anew; its status stays.

    :return: the circuit, where there is one.
    """
    circuit = model.circuits.get(text.split(" ", 1)[0])
    if circuit is not None:
        circuit.text = text
    return circuit


def reduce_stream(state: TorState, model: Model, text: str) -> StreamChange:
    """
    STREAM, or a line of ``stream-status``.
    """
    words = text.split(" ", 3)
    stream_id = words[0]
    status = words[1] if len(words) > 1 else ""
    circuit_id = words[2] if len(words) > 2 else "0"
    streams = model.streams
    stream = streams.get(stream_id)
    if stream is None:
        stream = Stream(state, stream_id)
        stream.first_text = text
        before, circuit_before = None, "0"
        if status != "CLOSED":
            streams[stream_id] = stream
    else:
        before, circuit_before = stream.status, stream.circuit_id
        if status == "CLOSED":
            del streams[stream_id]
    stream.status = status
    stream.text = text
    if status in ("DETACHED", "CONTROLLER_WAIT"):  # these still name the circuit that the stream was on
        circuit_id = "0"
        event = StreamEvent(text)
        stream.last_reason = event.remote_reason or event.reason or stream.last_reason
    stream.circuit_id = circuit_id
    return stream, before, circuit_before


def reduce_stream_bandwidth(model: Model, text: str) -> None:
    """
    STREAM_BW: bytes since the last one. It comes for streams alone that have moved some.
    """
    try:
        words = text.split(" ", 3)
        stream = model.streams.get(words[0])
        if stream is not None:
            written, read = int(words[1]), int(words[2])  # before anything has changed
            stream.bytes_written += written
            stream.bytes_read += read
    except (ValueError, IndexError):
        pass  # words are missing, or no numbers: there is nothing to count


def reduce_or_connection(model: Model, text: str) -> None:
    """
    ORCONN, or a line of ``orconn-status``: kept until it is over.
    """
    words = text.split(" ")
    key = words[-1] if words[-1].startswith("ID=") else words[0]
    if len(words) > 1 and words[1] in ("CLOSED", "FAILED"):
        model.or_texts.pop(key.removeprefix("ID="), None)
    else:
        model.or_texts[key.removeprefix("ID=")] = text


def reduce_guard(model: Model, text: str, now: datetime) -> EntryGuard | None:
    """
    GUARD: an entry guard is new, up, down or dropped. Those of the second layer are none of ours.

    :return: the guard, where something is known of it now that was not before. One that is dropped has that for its status.
    """
    event = GuardEvent(text)
    name = event.router
    if event.guard_type != "ENTRY" or name is None or name.fingerprint is None:
        return None
    before = model.guards.get(name.fingerprint)
    if event.status in ("DROPPED", "BAD"):
        model.guards.pop(name.fingerprint, None)
        return None if before is None else EntryGuard(name, event.status.lower())
    if event.status in ("NEW", "UP", "GOOD"):
        guard = EntryGuard(name, "never-connected" if event.status == "NEW" else "up")
    elif event.status == "DOWN":
        guard = EntryGuard(name, "down", now)
    else:
        return None
    model.guards[name.fingerprint] = guard
    return None if guard == before else guard


def reduce_address(model: Model, text: str) -> AddressMapping | None:
    """
    ADDRMAP: a mapping is new or replaced. A failed look-up maps nothing and ends what there was.

    :return: the mapping, or ``None`` where there is none.
    """
    words = text.split(" ", 2)
    if len(words) < 3:
        return None
    source, target, rest = words
    if target in ("<error>", source) or "error" in rest.lower():
        event = AddrMapEvent(text)
        if event.destination is None or event.error is not None or source == target:
            model.addresses.pop(source, None)
            return None
    mapping = AddressMapping(source, target, _expiry(text, rest))
    model.addresses[source] = mapping
    return mapping


def _expiry(text: str, rest: str) -> datetime | None:
    if rest.startswith("NEVER"):
        return None
    at = rest.find('EXPIRES="')
    try:
        return parse_time(rest[at + 9 : at + 28])
    except ProtocolViolation:  # it may be said in another way
        return AddrMapEvent(text).expiry
