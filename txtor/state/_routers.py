# -*- test-case-name: txtor.test.state.test_torstate -*-
"""
All relays of the consensus: found by fingerprint, nickname, address and flag, and kept as Tor has them.

Ten thousand entries are cut, not parsed, in slices that never hold the reactor long, and a `Router` object is made only for what
is looked at. When a new consensus has been cut, it takes the place of the old one at once.
"""

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator, Mapping, ValuesView
from typing import TYPE_CHECKING, Any, TypeVar

from twisted.internet.defer import Deferred, gatherResults
from twisted.internet.interfaces import IReactorTime

from txtor._deferred import OneAtATime, deferred
from txtor.commands import GetInfoBytes
from txtor.directory import (
    Relatives,
    RouterStatuses,
    compare_routers_in_slices,
    families_in_slices,
    families_of_descriptors_in_slices,
    index_routers,
    index_routers_in_slices,
)
from txtor.errors import InvalidArgument, ProtocolViolation, TorRefused
from txtor.grammar import RouterName

from ._changes import RouterChanged
from ._iteration import Changes
from ._router import Router

if TYPE_CHECKING:
    from ._torstate import TorState

T = TypeVar("T")

#: How many steps of work are done before the reactor gets its turn; one is about two milliseconds.
STEPS = 2

_CONSENSUS = "dir/status-vote/current/consensus-microdesc"
_MICRODESCRIPTORS = "md/all"
_DESCRIPTORS = "desc/all-recent"


class RouterMap(Mapping[str, Router]):
    """
    The relays of the consensus by fingerprint.

    A key is a fingerprint with or without ``$`` and ``~nickname``, or a nickname that only one relay has. Iteration gives
    fingerprints.
    """

    def __init__(self, state: TorState, clock: IReactorTime) -> None:
        self._state = state
        self._clock = clock
        self._turn = OneAtATime()
        self._statuses = RouterStatuses()
        self._objects: dict[bytes, Router] = {}
        self._nicknames: dict[str, list[bytes]] | None = None

    # -- finding -------------------------------------------------------------------------------------------------------

    @property
    def names(self) -> RouterNames:
        """
        By nickname, the relays that bear it.
        """
        return RouterNames(self)

    @property
    def nicknames(self) -> Mapping[str, list[bytes]]:
        """
        By nickname in lower case, the identities of the relays that bear it.
        """
        if self._nicknames is None:
            names: dict[str, list[bytes]] = {}
            for identity, status in self._statuses.by_identity.items():
                names.setdefault(status.nickname.lower(), []).append(identity)
            self._nicknames = names
        return self._nicknames

    @property
    def statuses(self) -> RouterStatuses:
        """
        The entries themselves, for who reads all of them.
        """
        return self._statuses

    def __len__(self) -> int:
        return len(self._statuses)

    def __iter__(self) -> Iterator[str]:
        return iter(self._statuses)

    def values(self) -> ValuesView[Router]:
        """
        The relays, in the order of the consensus.
        """
        return _RouterValues(self)

    def __contains__(self, key: object) -> bool:
        try:
            self[key]  # type: ignore[index]  # what is no text is not there
        except KeyError:
            return False
        return True

    def __getitem__(self, key: str) -> Router:
        if isinstance(key, str):
            try:
                name = RouterName.parse(key)
            except ProtocolViolation:
                raise KeyError(key) from None
            if name.fingerprint is None:
                found = self.by_nickname(name.nickname or "")
                if len(found) == 1:
                    return found[0]
            else:
                identity = bytes.fromhex(name.fingerprint)
                if identity in self._statuses.by_identity:
                    return self._object(identity)
        raise KeyError(key)

    def _object(self, identity: bytes) -> Router:
        router = self._objects.get(identity)
        if router is None:
            router = self._objects[identity] = Router(self, identity, self._statuses.by_identity.get(identity))
        return router

    def find(self, name: str) -> Router:
        """
        A relay by any of its names. One that is in no consensus is there when its fingerprint is given.

        :raises InvalidArgument: this is no name, or a nickname that no relay has, or several have.
        """
        try:
            parsed = RouterName.parse(name)
        except ProtocolViolation as error:
            raise InvalidArgument(str(error)) from None
        if parsed.fingerprint is not None:
            return self.named(parsed)
        found = self.by_nickname(name)
        if len(found) != 1:
            many = f"{len(found)} relays have" if found else "No relay has"
            raise InvalidArgument(f"{many} the nickname {name!r}; use a fingerprint.")
        return found[0]

    def named(self, name: RouterName) -> Router:
        """
        The relay of a circuit's path, whether or not it is in the consensus.
        """
        if name.fingerprint is None:
            found = self.by_nickname(name.nickname or "")
            return found[0] if len(found) == 1 else Router(self, b"", None, name.nickname)
        identity = bytes.fromhex(name.fingerprint)
        if identity in self._statuses.by_identity or identity in self._objects:
            return self._object(identity)
        return Router(self, identity, None, name.nickname)

    def with_long_name(self, word: str) -> Router | None:
        """
        The relay for a word of Tor's own, ``$fingerprint~nickname``; ``None`` for any other.
        """
        try:
            identity = bytes.fromhex(word[1:41])
        except ValueError:
            return None
        router = self._objects.get(identity)
        if router is not None:
            return router
        if identity in self._statuses.by_identity:
            return self._object(identity)
        try:
            return self.named(RouterName.parse(word))
        except ProtocolViolation:
            return None

    def by_nickname(self, nickname: str) -> list[Router]:
        """
        All relays that bear a nickname, in any case.
        """
        return [self._object(identity) for identity in self.nicknames.get(nickname.lower(), ())]

    def by_address(self, address: str) -> list[Router]:
        """
        All relays at an IPv4 or IPv6 address.
        """
        return [
            self._object(identity)
            for identity, status in self._statuses.by_identity.items()
            if status.address == address or any(host == address for host, _ in status.or_addresses)
        ]

    def with_flag(self, flag: str) -> list[Router]:
        """
        All relays that have a flag, as ``"Exit"`` or ``"Authority"``.
        """
        return [self._object(identity) for identity, status in self._statuses.by_identity.items() if flag in status.flags]

    def changes_of(self, router: Router, limit: int) -> Changes[RouterChanged]:
        """
        What happens to one relay; see `Router.changes`.
        """
        return self._state.watching.router_changes(router, limit)

    def country_of(self, address: str) -> Deferred[str]:
        """
        The country of an address; see `txtor.TorState.country_of`.
        """
        return self._state.country_of(address)

    @deferred
    async def countries(self, routers: Iterable[Router] | None = None) -> dict[str, str]:
        """
        The countries of some relays, by their IPv4 addresses, for `in_countries`.

        Tor's own tables are asked once for each address, all at once.

        :param routers: by default all. Ten thousand take some tenths of a second.
        :raises InternalTorError: this Tor has no tables.
        """
        chosen = self.values() if routers is None else routers
        addresses = sorted({router.address for router in chosen if router.address is not None})
        found = await gatherResults([self.country_of(address) for address in addresses], consumeErrors=True)
        return dict(zip(addresses, found, strict=True))

    @deferred
    async def families(self) -> Relatives:
        """
        The families of relays, for `PathRules`, by what Tor knows at the moment.

        Tor is asked for its consensus and all microdescriptors at once, or where it keeps none, for its server descriptors.
        Reading those of ten thousand relays takes some tenths of a second, in slices.

        :return: by fingerprint, the fingerprints of the others of its family: relays that name each other, or have a family id in
            common. A relay whose descriptor Tor does not have yet is not there.
        :raises TorRefused: Tor has no descriptors, or a filter in front of it does not tell them.
        :raises DocumentError: what Tor tells cannot be read.
        """
        protocol = self._state.protocol
        try:
            known = await protocol.send(GetInfoBytes((_CONSENSUS, _MICRODESCRIPTORS)))
        except TorRefused:  # it goes by server descriptors, or by nothing
            descriptors = (await protocol.send(GetInfoBytes((_DESCRIPTORS,))))[_DESCRIPTORS]
            if not descriptors:
                raise
            return await self.in_slices(families_of_descriptors_in_slices(descriptors + b"\n"))
        return await self.in_slices(families_in_slices(known[_CONSENSUS], known[_MICRODESCRIPTORS]))

    # -- changing ------------------------------------------------------------------------------------------------------

    async def replace(self, block: bytes) -> None:
        """
        Take over a whole consensus. Relays that are not in it are gone.

        :raises MalformedDocument: it cannot be cut; all stays as it was.
        """
        async with self._turn:
            await self._take_over(await self.in_slices(index_routers_in_slices(block, self._statuses)))

    async def update(self, block: bytes) -> None:
        """
        Take over some entries; the others stay.

        :raises MalformedDocument: they cannot be cut; all stays as it was.
        """
        async with self._turn:
            merged = dict(self._statuses.by_identity)
            merged.update(index_routers(block).by_identity)
            await self._take_over(RouterStatuses(merged))

    async def _take_over(self, new: RouterStatuses) -> None:
        listeners = self._state.router_listeners
        changes = await self.in_slices(compare_routers_in_slices(self._statuses, new)) if listeners.all else None
        self._statuses = new
        self._nicknames = None
        gone = []
        for identity, router in self._objects.items():
            status = new.by_identity.get(identity)
            router.in_consensus = status is not None
            if status is not None:
                router.status = status
            else:
                gone.append(identity)
        left = {identity: self._objects.pop(identity) for identity in gone}
        if changes is not None:
            listeners.call(
                "routers_changed",
                [self._object(status.identity) for status in changes.joined],
                [left.get(status.identity) or _departed(self, status.identity, status) for status in changes.left],
                [self._object(status.identity) for status in changes.changed],
            )

    async def in_slices(self, work: Generator[None, None, T]) -> T:
        """
        Do work that goes in steps, with turns for the reactor between them.

        :return: what it returns.
        """
        steps = 0
        while True:
            try:
                next(work)
            except StopIteration as stop:
                result: T = stop.value
                return result
            steps += 1
            if steps % STEPS == 0:
                turn: Deferred[None] = Deferred()
                self._clock.callLater(0, turn.callback, None)
                await turn


class _RouterValues(ValuesView[Router]):
    """
    The relays of the consensus, without looking each one up by its name.
    """

    _mapping: RouterMap

    def __iter__(self) -> Iterator[Router]:
        return (self._mapping._object(identity) for identity in self._mapping.statuses.by_identity)


class RouterNames(Mapping[str, list[Router]]):
    """
    The relays of the consensus by nickname. Keys are taken in any case, and given in lower case.
    """

    def __init__(self, routers: RouterMap) -> None:
        self._routers = routers

    def __getitem__(self, key: str) -> list[Router]:
        found = self._routers.by_nickname(key) if isinstance(key, str) else []
        if not found:
            raise KeyError(key)
        return found

    def __iter__(self) -> Iterator[str]:
        return iter(self._routers.nicknames)

    def __len__(self) -> int:
        return len(self._routers.nicknames)


def _departed(routers: RouterMap, identity: bytes, status: Any) -> Router:
    router = Router(routers, identity, status)
    router.in_consensus = False
    return router
