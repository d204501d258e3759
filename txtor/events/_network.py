# -*- test-case-name: txtor.test.events.test_network -*-
"""
News of the network's directory: NEWDESC, DESCCHANGED, AUTHDIR_NEWDESCS, NS, NEWCONSENSUS.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from txtor.errors import DocumentError
from txtor.grammar import RouterName, decode

from ._event import Event, MultiLineEvent
from ._read import as_router

if TYPE_CHECKING:
    from txtor.directory import RouterStatuses


class NewDescEvent(Event):
    """
    Tor has new descriptors of some relays. See control-spec 4.1.6.
    """

    __slots__ = ()

    keyword = "NEWDESC"
    description = "Tor has new descriptors of some relays."

    @property
    def routers(self) -> tuple[RouterName, ...]:
        """
        The relays, perhaps very many. One that txtor cannot read has its text as nickname.
        """
        return tuple([as_router(name) or RouterName(None, name) for name in self.positional])


class DescChangedEvent(Event):
    """
    This relay has a new descriptor of itself. See control-spec 4.1.9.
    """

    __slots__ = ()

    keyword = "DESCCHANGED"
    description = "The descriptor of this relay itself has changed."


class AuthDirNewDescsEvent(MultiLineEvent):
    """
    An authority was sent a descriptor; Tors before 0.3.2 tell it. See control-spec 4.1.8.
    """

    __slots__ = ()

    keyword = "AUTHDIR_NEWDESCS"
    description = "A directory authority was sent a descriptor, and took it or did not."

    def _part(self, index: int) -> bytes | None:
        parts = (self.data or b"").split(b"\n", 2)
        return parts[index] if len(parts) == 3 else None

    @property
    def action(self) -> str | None:
        """
        ``ACCEPTED``, ``DROPPED`` or ``REJECTED``.
        """
        part = self._part(0)
        return None if part is None else decode(part)

    @property
    def message(self) -> str | None:
        """
        Why.
        """
        part = self._part(1)
        return None if part is None else decode(part)

    @property
    def descriptor(self) -> bytes | None:
        """
        The descriptor, its lines ended by LF.
        """
        part = self._part(2)
        return None if part is None else part + b"\n"


class NetworkStatusEvent(MultiLineEvent):
    """
    The status of some relays has changed. See control-spec 4.1.12.
    """

    __slots__ = ()

    keyword = "NS"
    description = "What Tor knows of the status of some relays has changed."

    @property
    def routers(self) -> RouterStatuses | None:
        """
        By fingerprint, the entries of the relays, none of which is read yet; ``None`` if they cannot be told apart.

        It takes 15 milliseconds for ten thousand relays, each time: keep it. `txtor.directory.index_routers_in_slices` makes the
        same from `data` in steps.
        """
        from txtor.directory import index_routers  # brings cryptography with it, which a program may never need

        try:
            return index_routers(self.data or b"")
        except DocumentError:
            return None


class NewConsensusEvent(NetworkStatusEvent):
    """
    Tor has a new consensus; the event has all of its relays. See control-spec 4.1.15.
    """

    __slots__ = ()

    keyword = "NEWCONSENSUS"
    description = "Tor has a new consensus on the relays of the network."
