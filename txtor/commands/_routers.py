# -*- test-case-name: txtor.test.commands.test_routers -*-
"""
Relays' descriptors: control-spec 3.12 and 3.14.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

from txtor.grammar import Reply, bare, relay

from ._command import Acknowledged, Outcome, data_block, line, line_with_data, replace, require_success


@dataclass(frozen=True)
class SetRouterPurpose(Acknowledged):
    """
    Change what a descriptor is for. It is obsolete, and Tor says so (511); it is here for old Tors.

    :ivar router: a fingerprint with or without ``$``, or a nickname.
    :ivar purpose: ``"general"``, ``"controller"`` or ``"bridge"``.

    See control-spec 3.12, SETROUTERPURPOSE.
    """

    router: str
    purpose: str
    keyword: ClassVar[str] = "SETROUTERPURPOSE"

    def __post_init__(self) -> None:
        replace(self, router=relay(self.router))
        bare(self.purpose, "The purpose of a descriptor")

    def to_wire(self) -> bytes:
        """
        The whole command.
        """
        return line(self.keyword, self.router, self.purpose)


@dataclass(frozen=True)
class PostDescriptor:
    """
    Give Tor the server descriptor of a relay.

    The reply is an `Outcome`: 250 where Tor took it, 251 and why where it did not need it, as one that is not newer.

    :ivar descriptor: the document.
    :ivar purpose: ``"general"``, ``"controller"`` or ``"bridge"``; ``None`` is general.
    :ivar cache: whether Tor, if it is a directory cache, may serve it to others; ``None`` is what Tor does by itself.

    See control-spec 3.14, POSTDESCRIPTOR.
    """

    descriptor: str | bytes = field(repr=False)
    purpose: str | None = None
    cache: bool | None = None
    keyword: ClassVar[str] = "POSTDESCRIPTOR"

    def __post_init__(self) -> None:
        replace(self, descriptor=data_block(self.descriptor, "A descriptor"))
        if self.purpose is not None:
            bare(self.purpose, "The purpose of a descriptor")

    def to_wire(self) -> bytes:
        """
        The whole command with its data block.

        :raises InvalidArgument: it is too long.
        """
        purpose = "" if self.purpose is None else f"purpose={self.purpose}"
        cache = "" if self.cache is None else f"cache={'yes' if self.cache else 'no'}"
        assert isinstance(self.descriptor, bytes)  # since it was made
        return line_with_data([self.keyword, purpose, cache], self.descriptor)

    def parse_reply(self, reply: Reply) -> Outcome:
        """
        Read the reply.

        :raises InvalidDescriptor: Tor does not take the descriptor.
        :raises UnrecognizedEntity: there is no such purpose.
        """
        require_success(reply, self.keyword)
        return Outcome(reply.status, reply.text)
