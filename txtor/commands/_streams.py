# -*- test-case-name: txtor.test.commands.test_streams -*-
"""
Streams: control-spec 3.13, 3.15 and 3.16.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum
from typing import ClassVar

from txtor.errors import InvalidArgument
from txtor.grammar import bare, identifier

from ._command import Acknowledged, line, replace, several, whole_number

_LONGEST_CIRCUIT = 255


class StreamCloseReason(IntEnum):
    """
    Why a stream is closed, as a RELAY_END cell says it. See tor-spec, "Closing streams".
    """

    MISC = 1
    RESOLVEFAILED = 2
    CONNECTREFUSED = 3
    EXITPOLICY = 4
    DESTROY = 5
    DONE = 6
    TIMEOUT = 7
    NOROUTE = 8
    HIBERNATING = 9
    INTERNAL = 10
    RESOURCELIMIT = 11
    CONNRESET = 12
    TORPROTOCOL = 13
    NOTDIRECTORY = 14


@dataclass(frozen=True)
class AttachStream(Acknowledged):
    """
    Attach a stream that waits for its controller (CONTROLLER_WAIT) to a circuit.

    :ivar stream_id: the stream.
    :ivar circuit_id: a built circuit; 0 lets Tor choose one.
    :ivar hop: from which relay of the circuit the stream shall leave, the first being 1; ``None`` for the last. Tor takes no 1.

    See control-spec 3.13, ATTACHSTREAM.
    """

    stream_id: str | int
    circuit_id: str | int = "0"
    hop: int | None = None
    keyword: ClassVar[str] = "ATTACHSTREAM"

    def __post_init__(self) -> None:
        replace(
            self,
            stream_id=identifier(self.stream_id, "The identifier of a stream"),
            circuit_id=identifier(self.circuit_id, "The identifier of a circuit"),
        )
        if self.hop is not None:
            whole_number(self.hop, "The hop to leave a circuit from", 1, _LONGEST_CIRCUIT)

    def to_wire(self) -> bytes:
        """
        The whole command.
        """
        hop = "" if self.hop is None else f"HOP={self.hop}"
        return line(self.keyword, str(self.stream_id), str(self.circuit_id), hop)


@dataclass(frozen=True)
class RedirectStream(Acknowledged):
    """
    Give a stream another target. It helps only before the stream is attached.

    :ivar stream_id: the stream.
    :ivar address: a host name or IP address.
    :ivar port: 1 to 65535; ``None`` leaves it.

    See control-spec 3.15, REDIRECTSTREAM.
    """

    stream_id: str | int
    address: str
    port: int | None = None
    keyword: ClassVar[str] = "REDIRECTSTREAM"

    def __post_init__(self) -> None:
        replace(self, stream_id=identifier(self.stream_id, "The identifier of a stream"))
        bare(self.address, "The address to redirect a stream to")
        if self.port is not None:
            whole_number(self.port, "The port to redirect a stream to", 1, 65535)

    def to_wire(self) -> bytes:
        """
        The whole command.
        """
        return line(self.keyword, str(self.stream_id), self.address, "" if self.port is None else str(self.port))


@dataclass(frozen=True)
class CloseStream(Acknowledged):
    """
    Close a stream.

    :ivar stream_id: the stream.
    :ivar reason: a `StreamCloseReason`, its name, or another number from 1 to 255. 0 is refused, since Tor then tells
        the application that its connection was made.
    :ivar flags: for newer Tors; today's knows none and ignores them.

    See control-spec 3.16, CLOSESTREAM.
    """

    stream_id: str | int
    reason: int | str = StreamCloseReason.MISC
    flags: Iterable[str] = ()
    keyword: ClassVar[str] = "CLOSESTREAM"

    def __post_init__(self) -> None:
        reason = self.reason
        if isinstance(reason, str):
            named = StreamCloseReason.__members__.get(reason.upper())
            if named is None:
                raise InvalidArgument(f"There is no reason {reason[:40]!r} to close a stream.")
            reason = named
        replace(
            self,
            stream_id=identifier(self.stream_id, "The identifier of a stream"),
            reason=whole_number(reason, "The reason to close a stream", 1, 255),
            flags=several(self.flags, "A flag of CLOSESTREAM"),
        )

    def to_wire(self) -> bytes:
        """
        The whole command.
        """
        return line(self.keyword, str(self.stream_id), str(self.reason), *self.flags)
