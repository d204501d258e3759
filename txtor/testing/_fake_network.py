# -*- test-case-name: txtor.test.testing.test_fake_tor -*-
"""
The circuits and streams of a `FakeTor`: as much of a network as a unit test needs.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from txtor.errors import ProtocolViolation
from txtor.grammar import ReplyLine, RouterName

from ._fake_config import OK, Refusal
from ._fake_line import FakeCommand

if TYPE_CHECKING:
    from ._fake_tor import Answer, FakeConnection, FakeTor

_CREATED = "TIME_CREATED=2026-01-01T00:00:00.000000"
_REASONS = ("", "MISC", "RESOLVEFAILED", "CONNECTREFUSED", "EXITPOLICY", "DESTROY", "DONE", "TIMEOUT", "NOROUTE", "HIBERNATING")


@dataclass
class FakeCircuit:
    """
    A circuit: its path as `RouterName`, its status and its purpose.
    """

    id: str
    path: list[RouterName] = field(default_factory=list)
    status: str = "LAUNCHED"
    purpose: str = "GENERAL"

    def describe(self, status: str | None = None, path: int | None = None) -> str:
        """
        The circuit as in a CIRC event or ``circuit-status``.
        """
        hops = ",".join(str(name) for name in self.path[:path])
        return " ".join(word for word in (self.id, status or self.status, hops, f"PURPOSE={self.purpose}", _CREATED) if word)


@dataclass
class FakeStream:
    """
    A stream: its target, its status, and its circuit, ``"0"`` for none.
    """

    id: str
    target: str
    status: str = "NEW"
    circuit: str = "0"


class FakeNetwork:
    """
    What a `FakeTor` would know of the network.

    :ivar relays: by fingerprint, the nickname of each relay that a path may name.
    :ivar builds: whether circuits build; else they stay LAUNCHED until `build` or `close_circuit`.
    """

    def __init__(self, tor: FakeTor) -> None:
        self._tor = tor
        self._ids = iter(range(1, 1 << 32))
        self.relays: dict[str, str] = {f"{digit:X}" * 40: f"relay{digit}" for digit in range(10)}
        self.builds = True
        self.circuits: dict[str, FakeCircuit] = {}
        self.streams: dict[str, FakeStream] = {}

    def next_id(self) -> str:
        """
        An identifier that was not used yet.
        """
        return str(next(self._ids))

    def relay(self, word: str) -> RouterName:
        """
        The relay that a word names.

        :raises Refusal: there is none.
        """
        try:
            name = RouterName.parse(word)
        except ProtocolViolation:
            name = RouterName(None, None)
        for fingerprint, nickname in self.relays.items():
            if fingerprint == name.fingerprint or (name.fingerprint is None and nickname == name.nickname):
                return RouterName(fingerprint, nickname)
        raise Refusal.of(552, f'No such router "{word}"')

    def circuit_status(self) -> str:
        """
        The answer to ``GETINFO circuit-status``.
        """
        return "\n".join(circuit.describe() for circuit in self.circuits.values())

    def stream_status(self) -> str:
        """
        The answer to ``GETINFO stream-status``.
        """
        return "\n".join(f"{each.id} {each.status} {each.circuit} {each.target}" for each in self.streams.values())

    def build(self, circuit: FakeCircuit) -> None:
        """
        Let a circuit build, hop by hop.
        """
        for hops in range(1, len(circuit.path) + 1):
            circuit.status = "EXTENDED"
            self._tor.emit(f"CIRC {circuit.describe(path=hops)}")
        circuit.status = "BUILT"
        self._tor.emit(f"CIRC {circuit.describe()}")

    def close_circuit(self, circuit_id: str, reason: str = "REQUESTED", status: str = "CLOSED") -> None:
        """
        End a circuit; its streams are detached.
        """
        circuit = self.circuits.pop(circuit_id)
        for stream in self.streams.values():
            if stream.circuit == circuit_id:
                self._move(stream, "DETACHED", "0", " REASON=END REMOTE_REASON=DESTROY")
        self._tor.emit(f"CIRC {circuit.describe(status)} REASON={reason}")

    def new_stream(self, target: str) -> FakeStream:
        """
        Let an application open a stream. It waits for the controller where ``__LeaveStreamsUnattached`` is set.
        """
        stream = FakeStream(self.next_id(), target)
        self.streams[stream.id] = stream
        more = "SOURCE_ADDR=127.0.0.1:40000 PURPOSE=USER CLIENT_PROTOCOL=SOCKS5"
        self._tor.emit(f"STREAM {stream.id} NEW 0 {target} {more}")
        if self._tor.configuration.get("__LeaveStreamsUnattached") == ["1"]:
            self._move(stream, "CONTROLLER_WAIT", "0")
        return stream

    def attach(self, stream: FakeStream, circuit: str) -> None:
        """
        Let a stream succeed on a circuit.
        """
        self._move(stream, "SENTCONNECT", circuit)
        self._move(stream, "SUCCEEDED", circuit)

    def close_stream(self, stream_id: str, reason: str = "DONE") -> None:
        """
        End a stream.
        """
        stream = self.streams.pop(stream_id)
        self._tor.emit(f"STREAM {stream_id} CLOSED {stream.circuit} {stream.target} REASON={reason}")

    def _move(self, stream: FakeStream, status: str, circuit: str, more: str = "") -> None:
        stream.status, stream.circuit = status, circuit
        self._tor.emit(f"STREAM {stream.id} {status} {circuit} {stream.target}{more}")


def _circuit(connection: FakeConnection, circuit_id: str) -> FakeCircuit:
    circuit = connection.tor.network.circuits.get(circuit_id)
    if circuit is None:
        raise Refusal.of(552, f'Unknown circuit "{circuit_id}"')
    return circuit


def _stream(connection: FakeConnection, stream_id: str) -> FakeStream:
    stream = connection.tor.network.streams.get(stream_id)
    if stream is None:
        raise Refusal.of(552, f'Unknown stream "{stream_id}"')
    return stream


def _words(command: FakeCommand, count: int) -> list[str]:
    if len(command.words) < count:
        raise Refusal.of(512, f"Bad arguments to {command.keyword}: Need at least {count} argument(s)")
    return command.words


def _purpose(words: list[str]) -> str | None:
    for word in words:
        key, _, value = word.partition("=")
        if key.lower() == "purpose":
            if value.lower() not in ("general", "controller"):
                raise Refusal.of(552, f'Unknown purpose "{value}"')
            return value.upper()
    return None


def _extendcircuit(connection: FakeConnection, command: FakeCommand) -> list[ReplyLine]:
    circuit_id, *rest = _words(command, 1)
    network = connection.tor.network
    relays = [network.relay(word) for word in rest[0].split(",")] if rest and "=" not in rest[0] else []
    purpose = _purpose(rest)
    if circuit_id == "0":
        if not relays:
            relays = [RouterName(fingerprint, nickname) for fingerprint, nickname in list(network.relays.items())[:3]]
        if not relays:
            raise Refusal.of(551, "Couldn't start circuit")
        circuit = FakeCircuit(network.next_id(), relays, purpose=purpose or "GENERAL")
        network.circuits[circuit.id] = circuit
        connection.after_reply(lambda: connection.tor.emit(f"CIRC {circuit.describe(path=0)}"))
    else:
        circuit = _circuit(connection, circuit_id)
        if not relays:
            raise Refusal.of(512, "syntax error: path required.")
        circuit.path += relays
    if network.builds:
        connection.after_reply(lambda: network.build(circuit))
    return [ReplyLine(250, f"EXTENDED {circuit.id}")]


def _setcircuitpurpose(connection: FakeConnection, command: FakeCommand) -> list[ReplyLine]:
    circuit_id, *rest = _words(command, 1)
    circuit, purpose = _circuit(connection, circuit_id), _purpose(rest)
    if purpose is None:
        raise Refusal.of(552, "No purpose given")
    old, circuit.purpose = circuit.purpose, purpose
    connection.after_reply(
        lambda: connection.tor.emit(f"CIRC_MINOR {circuit.describe('PURPOSE_CHANGED')} OLD_PURPOSE={old}")
    )
    return OK


def _closecircuit(connection: FakeConnection, command: FakeCommand) -> list[ReplyLine]:
    circuit_id, *flags = _words(command, 1)
    network = connection.tor.network
    _circuit(connection, circuit_id)
    used = any(stream.circuit == circuit_id for stream in network.streams.values())
    if not (used and "ifunused" in (flag.lower() for flag in flags)):
        connection.after_reply(lambda: network.close_circuit(circuit_id))
    return OK


def _attachstream(connection: FakeConnection, command: FakeCommand) -> list[ReplyLine]:
    stream_id, circuit_id, *_ = _words(command, 2)
    stream, network = _stream(connection, stream_id), connection.tor.network
    if stream.status != "CONTROLLER_WAIT":
        raise Refusal.of(555, "Connection is not managed by controller.")
    if circuit_id == "0":
        circuit_id = next((each.id for each in network.circuits.values() if each.status == "BUILT"), "0")
    elif _circuit(connection, circuit_id).status != "BUILT":
        raise Refusal.of(551, "Can't attach stream to non-open origin circuit")
    connection.after_reply(lambda: network.attach(stream, circuit_id))
    return OK


def _redirectstream(connection: FakeConnection, command: FakeCommand) -> list[ReplyLine]:
    stream_id, address, *port = _words(command, 2)
    stream = _stream(connection, stream_id)
    if port and not port[0].isdigit():
        raise Refusal.of(512, f'Cannot parse port "{port[0]}"')
    stream.target = f"{address}:{port[0] if port else stream.target.rpartition(':')[2]}"
    connection.after_reply(lambda: connection.tor.emit(f"STREAM {stream_id} REMAP {stream.circuit} {stream.target}"))
    return OK


def _closestream(connection: FakeConnection, command: FakeCommand) -> list[ReplyLine]:
    stream_id, reason, *_ = _words(command, 2)
    _stream(connection, stream_id)
    if not reason.isdigit() or int(reason) > 255:
        raise Refusal.of(552, f'Unrecognized reason "{reason}"')
    word = _REASONS[int(reason)] if int(reason) < len(_REASONS) else "MISC"
    connection.after_reply(lambda: connection.tor.network.close_stream(stream_id, word))
    return OK


NETWORK_ANSWERS: Mapping[str, Answer] = {
    "ATTACHSTREAM": _attachstream,
    "CLOSECIRCUIT": _closecircuit,
    "CLOSESTREAM": _closestream,
    "EXTENDCIRCUIT": _extendcircuit,
    "REDIRECTSTREAM": _redirectstream,
    "SETCIRCUITPURPOSE": _setcircuitpurpose,
}
