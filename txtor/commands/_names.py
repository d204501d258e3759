# -*- test-case-name: txtor.test.commands.test_names -*-
"""
Names and addresses: control-spec 3.8 and 3.20.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar, NamedTuple

from txtor.errors import InvalidArgument, ProtocolViolation, TorRefused, refusal
from txtor.grammar import Reply, bare

from ._command import Acknowledged, line, listed, replace

#: Statuses that refuse the whole command and not one mapping: it never came to reading the arguments.
_WHOLE_COMMAND = frozenset({500, 510, 511, 514})


class AddressMapping(NamedTuple):
    """
    One address standing for another.

    :ivar original: what applications ask for. Where Tor was asked to choose it, what it chose.
    :ivar replacement: what Tor connects to in its place.
    :ivar expires: in UTC; ``None`` for never.
    """

    original: str
    replacement: str
    expires: datetime | None = None


def _address(value: str, what: str) -> str:
    """
    An address: bare, and without the ``=`` that would end it.
    """
    if "=" in bare(value, what):
        raise InvalidArgument(f"{what} must not hold '=': {value[:80]!r}")
    return value


@dataclass(frozen=True)
class MapAddress:
    """
    Have Tor connect to other addresses in place of some.

    The reply is a dictionary by the original addresses as they were given: for each the `AddressMapping`, or the `TorRefused`
    for that one alone.

    :ivar mappings: original address to replacement. For ``"."``, ``"0.0.0.0"`` and ``"::"`` Tor chooses a name or an address
        that is not in use. An address that is mapped to itself is mapped no more.

    See control-spec 3.8, MAPADDRESS.
    """

    mappings: Mapping[str, str]
    keyword: ClassVar[str] = "MAPADDRESS"

    def __post_init__(self) -> None:
        if not isinstance(self.mappings, Mapping) or not self.mappings:
            raise InvalidArgument("MAPADDRESS takes a mapping of at least one address.")
        pairs = {
            _address(original, "An address to be mapped"): _address(replacement, "The replacement of an address")
            for original, replacement in self.mappings.items()
        }
        replace(self, mappings=pairs)

    def __hash__(self) -> int:
        return hash(tuple(self.mappings.items()))

    def to_wire(self) -> bytes:
        """
        The whole command.

        :raises InvalidArgument: it is too long.
        """
        return line(self.keyword, *(f"{original}={replacement}" for original, replacement in self.mappings.items()))

    def parse_reply(self, reply: Reply) -> dict[str, AddressMapping | TorRefused]:
        """
        Read the reply, whose lines each have their own status.

        :raises TorRefused: the whole command was refused.
        :raises ProtocolViolation: there is not one line for each mapping, or a line is not a mapping.
        """
        if len(reply.lines) != len(self.mappings) or reply.status in _WHOLE_COMMAND:
            if not reply.is_success:
                raise reply.refusal(self.keyword)
            raise ProtocolViolation(f"MAPADDRESS of {len(self.mappings)} was answered with {len(reply.lines)} lines.")
        outcomes: dict[str, AddressMapping | TorRefused] = {}
        for original, answer in zip(self.mappings, reply.lines, strict=True):
            if 200 <= answer.status < 300:
                mapped, equals, replacement = answer.text.partition("=")
                if not equals:
                    raise ProtocolViolation(f"Not an answer of MAPADDRESS: {answer.text[:80]!r}")
                outcomes[original] = AddressMapping(mapped, replacement)
            else:
                outcomes[original] = refusal(answer.status, answer.text, self.keyword)
        return outcomes


@dataclass(frozen=True)
class Resolve(Acknowledged):
    """
    Have Tor look up names. What it finds comes as ADDRMAP events: listen to them before.

    :ivar addresses: host names, or IP addresses when ``reverse``.
    :ivar reverse: find the names of addresses. Tor 0.4.9 does so for IPv4 alone.

    See control-spec 3.20, RESOLVE.
    """

    addresses: Iterable[str]
    reverse: bool = False
    keyword: ClassVar[str] = "RESOLVE"

    def __post_init__(self) -> None:
        # With a "=" in it, Tor would take it for an option of the command.
        addresses = tuple(_address(value, "A name to resolve") for value in listed(self.addresses, "The names to resolve"))
        if not addresses:
            raise InvalidArgument("RESOLVE takes at least one name.")
        replace(self, addresses=addresses)

    def to_wire(self) -> bytes:
        """
        The whole command.

        :raises InvalidArgument: it is too long.
        """
        return line(self.keyword, "mode=reverse" if self.reverse else "", *self.addresses)
