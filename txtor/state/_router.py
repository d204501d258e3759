# -*- test-case-name: txtor.test.state.test_torstate -*-
"""
One relay, as the consensus describes it at the moment.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from txtor._deferred import deferred
from txtor.directory import PortSummary, RouterStatus
from txtor.errors import InvalidArgument
from txtor.grammar import RouterName

from ._changes import RouterChanged
from ._iteration import LIMIT, Changes

if TYPE_CHECKING:
    from ._routers import RouterMap


class Router:
    """
    A relay. It stays the same object while its entry changes from consensus to consensus.

    :ivar identity: the 20 bytes of its fingerprint.
    :ivar status: its entry, in which every line is readable; ``None`` for one that is in no consensus. One that has left the
        consensus keeps its last entry, and `in_consensus` says so.

    See dir-spec 3.4.1, router status entries.
    """

    __slots__ = ("__weakref__", "_map", "_nickname", "identity", "in_consensus", "status")

    def __init__(self, routers: RouterMap, identity: bytes, status: RouterStatus | None, nickname: str | None = None) -> None:
        self._map = routers
        self._nickname = nickname
        self.identity = identity
        self.status = status
        self.in_consensus = status is not None

    def __repr__(self) -> str:
        return f"<Router {self}>"

    def __str__(self) -> str:
        """
        The relay as commands take it: ``$fingerprint``.
        """
        return f"${self.fingerprint}"

    def __format__(self, spec: str) -> str:
        return format(str(self), spec)

    @property
    def from_consensus(self) -> bool:
        """
        Whether it is in the consensus, under the name that txtorcon gave it.
        """
        return self.in_consensus

    @property
    def fingerprint(self) -> str:
        """
        40 upper-case hexadecimal digits.
        """
        return self.identity.hex().upper()

    @property
    def id_hex(self) -> str:
        """
        The fingerprint with ``$``, as txtorcon has it.
        """
        return f"${self.fingerprint}"

    @property
    def nickname(self) -> str | None:
        """
        Its nickname, which others may bear too; ``None`` where it is unknown.
        """
        return self._nickname if self.status is None else self.status.nickname

    @property
    def name(self) -> str:
        """
        Its nickname, or its fingerprint with ``$`` where there is none.
        """
        return self.nickname or self.id_hex

    @property
    def long_name(self) -> RouterName:
        """
        Fingerprint and nickname.
        """
        return RouterName(self.fingerprint, self.nickname)

    @property
    def name_is_unique(self) -> bool:
        """
        Whether no other relay of the consensus bears its nickname.
        """
        return self.nickname is not None and len(self._map.by_nickname(self.nickname)) == 1

    @property
    def unique_name(self) -> str:
        """
        The nickname where it is unique, else the fingerprint with ``$``.
        """
        return self.name if self.name_is_unique else self.id_hex

    @property
    def address(self) -> str | None:
        """
        Its IPv4 address.
        """
        return None if self.status is None else self.status.address

    ip = address

    @property
    def ip_v6(self) -> list[tuple[str, int]]:
        """
        Its IPv6 addresses, each with its port.
        """
        return [] if self.status is None else [pair for pair in self.status.or_addresses if ":" in pair[0]]

    @property
    def or_port(self) -> int | None:
        """
        The port for OR connections.
        """
        return None if self.status is None else self.status.or_port

    @property
    def dir_port(self) -> int | None:
        """
        The port for directory requests; 0 for none.
        """
        return None if self.status is None else self.status.dir_port

    @property
    def flags(self) -> frozenset[str]:
        """
        Fast, Guard, Exit and so on, and words of newer authorities.
        """
        return frozenset() if self.status is None else self.status.flags

    @property
    def bandwidth(self) -> int | None:
        """
        Its weight in the consensus, in kB/s; ``None`` where it has none.
        """
        return None if self.status is None else self.status.bandwidth

    @property
    def modified(self) -> datetime | None:
        """
        When its descriptor was published; ``None`` in the consensuses of today, which no longer say it.
        """
        return None if self.status is None else self.status.published

    @property
    def policy(self) -> PortSummary | None:
        """
        The ports that it lets out, in short. A Tor that uses microdescriptors does not tell it here.
        """
        return None if self.status is None else self.status.exit_policy

    def accepts_port(self, port: int) -> bool:
        """
        Whether it probably lets out a port, by its `policy`. Without one, its Exit flag decides.

        :raises InvalidArgument: this is no port.
        """
        if not 1 <= port <= 65535:
            raise InvalidArgument(f"Not a port: {port!r}")
        policy = self.policy
        return "Exit" in self.flags if policy is None else port in policy

    def changes(self, limit: int = LIMIT) -> Changes[RouterChanged]:
        """
        What happens to this relay from now on, for ``async for``. It ends when the relay leaves the consensus, and at once when
        it is in none. (A relay that comes back is another object.)

        :param limit: how many changes are kept while nobody asks for them.
        :return: gives a value for each entry of its that is another than before, and a last one when it leaves. It fails with
            `Disconnected` when the connection to Tor goes away, and with `TooManyChanges` when there were more than the limit.
        :raises InvalidArgument: the limit is no number from 1 on.
        """
        return self._map.changes_of(self, limit)

    @deferred
    async def get_location(self) -> str | None:
        """
        Its country, by Tor's own tables: two lower-case letters, or ``"??"``; ``None`` where it has no address.

        :raises InternalTorError: this Tor has no tables.
        """
        if self.address is None:
            return None
        return await self._map.country_of(self.address)


