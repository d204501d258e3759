# -*- test-case-name: txtor.test.state.test_export -*-
"""
A picture as plain data, for JSON and the like, and as a table for people.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from txtor.events import BuildTimeoutSetEvent, ORConnEvent

    from ._circuit import Circuit
    from ._model import Model
    from ._router import Router
    from ._stream import Stream
    from ._torstate import TorState


def _time(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat()


def circuit_as_dict(circuit: Circuit) -> dict[str, Any]:
    """
    A circuit as plain data. SOCKS passwords are left out.
    """
    return {
        "id": circuit.id,
        "status": circuit.status,
        "purpose": circuit.purpose,
        "path": [{"fingerprint": name.fingerprint, "nickname": name.nickname} for name in circuit.route],
        "build_flags": list(circuit.build_flags),
        "hs_state": circuit.hs_state,
        "rend_query": circuit.rend_query,
        "hs_pow": None if circuit.hs_pow is None else circuit.hs_pow._asdict(),
        "conflux_id": circuit.conflux_id,
        "conflux_rtt": circuit.conflux_rtt,
        "socks_username": circuit.socks_username,
        "reason": circuit.reason,
        "remote_reason": circuit.remote_reason,
        "time_created": _time(circuit.time_created),
        "streams": [stream.id for stream in circuit.streams],
    }


def stream_as_dict(stream: Stream) -> dict[str, Any]:
    """
    A stream as plain data. SOCKS passwords are left out.
    """
    return {
        "id": stream.id,
        "status": stream.status,
        "circuit": None if stream.circuit_id == "0" else stream.circuit_id,
        "target_host": stream.target_host,
        "target_port": stream.target_port,
        "source_addr": stream.source_addr,
        "source_port": stream.source_port,
        "purpose": stream.purpose,
        "client_protocol": stream.client_protocol,
        "socks_username": stream.socks_username,
        "nym_epoch": stream.nym_epoch,
        "session_group": stream.session_group,
        "iso_fields": list(stream.iso_fields),
        "reason": stream.reason,
        "remote_reason": stream.remote_reason,
        "bytes_read": stream.bytes_read,
        "bytes_written": stream.bytes_written,
    }


def router_as_dict(router: Router) -> dict[str, Any]:
    """
    A relay as plain data.
    """
    return {
        "fingerprint": router.fingerprint,
        "nickname": router.nickname,
        "address": router.address,
        "or_port": router.or_port,
        "dir_port": router.dir_port,
        "ip_v6": [{"address": address, "port": port} for address, port in router.ip_v6],
        "flags": sorted(router.flags),
        "bandwidth": router.bandwidth,
        "modified": _time(router.modified),
        "exit_policy": None if router.policy is None else str(router.policy),
        "in_consensus": router.in_consensus,
    }


def _or_connection_as_dict(key: str, connection: ORConnEvent) -> dict[str, Any]:
    router = connection.router
    return {
        "id": key,
        "target": connection.target,
        "fingerprint": None if router is None else router.fingerprint,
        "nickname": None if router is None else router.nickname,
        "status": connection.status,
        "circuit_count": connection.num_circuits,
    }


def _build_timeout_as_dict(event: BuildTimeoutSetEvent) -> dict[str, Any]:
    names = "set_type total_times timeout_ms xm alpha cutoff_quantile timeout_rate close_ms close_rate"
    return {name: getattr(event, name) for name in names.split()}


def state_as_dict(state: TorState, routers: bool = False) -> dict[str, Any]:
    """
    A whole picture as plain data: dicts, lists, text, numbers, booleans and ``None``.

    :param routers: with the relays, of which there may be ten thousand.
    """
    model = state.model
    validity = model.validity
    told: dict[str, Any] = {
        "version": state.protocol.version,
        "tor_pid": state.tor_pid,
        "circuits": [circuit_as_dict(circuit) for circuit in model.circuits.values()],
        "streams": [stream_as_dict(stream) for stream in model.streams.values()],
        "entry_guards": [
            {"fingerprint": fingerprint, "nickname": guard.router.nickname, "status": guard.status, "since": _time(guard.since)}
            for fingerprint, guard in model.guards.items()
        ],
        "addresses": [
            {"source": each.source, "target": each.target, "expires": _time(each.expires)} for each in model.addresses.values()
        ],
        "or_connections": [_or_connection_as_dict(key, each) for key, each in model.or_connections.items()],
        "network_liveness": model.liveness,
        "bandwidth": [{"read": read, "written": written} for read, written in model.bandwidth],
        "build_timeout": None if model.build_timeout is None else _build_timeout_as_dict(model.build_timeout),
        "consensus": None
        if validity is None
        else {name: _time(getattr(validity, name)) for name in ("valid_after", "fresh_until", "valid_until")},
        "router_count": len(state.routers),
    }
    if routers:
        told["routers"] = [router_as_dict(router) for router in state.routers.values()]
    return told


def _columns(rows: Iterable[Sequence[str]]) -> str:
    kept = list(rows)
    widths = [max(len(row[place]) for row in kept) for place in range(len(kept[0]))]
    lines = ("  ".join(word.ljust(width) for word, width in zip(row, widths, strict=True)).rstrip() for row in kept)
    return "\n".join(lines)


def state_as_table(state: TorState, everything: bool = False) -> str:
    """
    The circuits and streams of a picture, as text in columns. What is not printable, as an application may have put into a
    target, is shown by escapes.

    :param everything: with the entry guards, the connections to relays and the addresses that stand for others.
    """
    circuits = [
        (circuit.id, circuit.status, circuit.purpose or "", " ".join(router.name for router in circuit.path))
        for circuit in state.circuits.values()
    ]
    streams = [(stream.id, stream.status, stream.circuit_id, stream.target) for stream in state.streams.values()]
    tables: list[tuple[tuple[str, ...], Sequence[tuple[str, ...]]]] = [
        (("CIRCUIT", "STATUS", "PURPOSE", "PATH"), circuits),
        (("STREAM", "STATUS", "CIRCUIT", "TARGET"), streams),
    ]
    if everything:
        tables += _more_tables(state.model)
    parts = [_columns([heads, *([_printable(word) for word in row] for row in rows)]) for heads, rows in tables if rows]
    return "\n\n".join(parts)


def _more_tables(model: Model) -> list[tuple[tuple[str, ...], Sequence[tuple[str, ...]]]]:
    guards = [(guard.router.nickname or "", guard.status, _when(guard.since)) for guard in model.guards.values()]
    connections = [(key, each.status or "", each.target or "") for key, each in model.or_connections.items()]
    addresses = [(each.source, each.target, _when(each.expires)) for each in model.addresses.values()]
    return [
        (("GUARD", "STATUS", "SINCE"), guards),
        (("CONNECTION", "STATUS", "RELAY"), connections),
        (("ADDRESS", "STANDS FOR", "UNTIL"), addresses),
    ]


def _when(moment: datetime | None) -> str:
    return "" if moment is None else f"{moment:%Y-%m-%d %H:%M:%S}"


def _printable(text: str) -> str:
    return "".join(char if char.isprintable() else ascii(char)[1:-1] for char in text)
