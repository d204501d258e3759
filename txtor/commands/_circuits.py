# -*- test-case-name: txtor.test.commands.test_circuits -*-
"""
Circuits: control-spec 3.10, 3.11 and 3.17.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import ClassVar

from txtor.errors import InvalidArgument, ProtocolViolation
from txtor.grammar import Reply, bare, identifier, relay

from ._command import Acknowledged, line, listed, replace, require_success


@dataclass(frozen=True)
class ExtendCircuit:
    """
    Build a circuit, or make one longer. The reply is its identifier, as text; it has still to be built then.

    :ivar circuit_id: the circuit to make longer; 0 for a new one.
    :ivar path: relays, each a fingerprint with or without ``$`` and nickname, or a nickname alone. Without any, Tor
        chooses the path of a new circuit.
    :ivar purpose: ``"general"`` or ``"controller"``. Tor uses a general circuit, which it is without a purpose, for
        anybody's streams.

    See control-spec 3.10, EXTENDCIRCUIT.
    """

    circuit_id: str | int = "0"
    path: Iterable[str] = ()
    purpose: str | None = None
    keyword: ClassVar[str] = "EXTENDCIRCUIT"

    def __post_init__(self) -> None:
        circuit_id = identifier(self.circuit_id, "The identifier of a circuit")
        path = tuple(relay(hop, "A relay of the path") for hop in listed(self.path, "The relays of a path"))
        if circuit_id != "0" and not path:
            raise InvalidArgument("A circuit is made longer by at least one relay.")
        if self.purpose is not None:
            bare(self.purpose, "The purpose of a circuit")
        replace(self, circuit_id=circuit_id, path=path)

    def to_wire(self) -> bytes:
        """
        The whole command.

        :raises InvalidArgument: it is too long.
        """
        purpose = "" if self.purpose is None else f"purpose={self.purpose}"
        return line(self.keyword, str(self.circuit_id), ",".join(self.path), purpose)

    def parse_reply(self, reply: Reply) -> str:
        """
        Read the reply.

        :raises InternalTorError: Tor could not start the circuit, as without a network.
        :raises UnrecognizedEntity: there is no such circuit, relay or purpose, or no descriptor of a relay.
        :raises ProtocolViolation: it is not ``EXTENDED`` and an identifier.
        """
        require_success(reply, self.keyword)
        word, _, rest = reply.text.partition(" ")
        circuit_id = rest.partition(" ")[0]
        if word != "EXTENDED" or not (circuit_id.isascii() and circuit_id.isalnum()):
            raise ProtocolViolation(f"Not a reply to EXTENDCIRCUIT: {reply.text[:80]!r}")
        return circuit_id


@dataclass(frozen=True)
class SetCircuitPurpose(Acknowledged):
    """
    Change what a circuit is for.

    :ivar circuit_id: the circuit.
    :ivar purpose: ``"general"`` or ``"controller"``; of another one Tor says 552.

    See control-spec 3.11, SETCIRCUITPURPOSE.
    """

    circuit_id: str | int
    purpose: str
    keyword: ClassVar[str] = "SETCIRCUITPURPOSE"

    def __post_init__(self) -> None:
        replace(self, circuit_id=identifier(self.circuit_id, "The identifier of a circuit"))
        bare(self.purpose, "The purpose of a circuit")

    def to_wire(self) -> bytes:
        """
        The whole command.
        """
        return line(self.keyword, str(self.circuit_id), f"purpose={self.purpose}")


@dataclass(frozen=True)
class CloseCircuit(Acknowledged):
    """
    Close a circuit.

    :ivar circuit_id: the circuit.
    :ivar if_unused: only where no stream uses it. Tor says the same whether it closed it or not.

    See control-spec 3.17, CLOSECIRCUIT.
    """

    circuit_id: str | int
    if_unused: bool = False
    keyword: ClassVar[str] = "CLOSECIRCUIT"

    def __post_init__(self) -> None:
        replace(self, circuit_id=identifier(self.circuit_id, "The identifier of a circuit"))

    def to_wire(self) -> bytes:
        """
        The whole command.
        """
        return line(self.keyword, str(self.circuit_id), "IfUnused" if self.if_unused else "")
