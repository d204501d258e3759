# -*- test-case-name: txtor.test.onion.test_ring -*-
"""
The hash ring: which directories hold the descriptor of a service.

See rend-spec-v3, "Where to publish a hidden service descriptor". Where text and tor differ, tor decides: the parameters are
written with underscores, and the index of a relay has the period's number before its length.
"""

from __future__ import annotations

import hashlib
from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from txtor.directory import RouterStatus
from txtor.errors import InvalidArgument

from ._periods import TimePeriod, int8


@dataclass(frozen=True)
class HSDir:
    """
    A relay that holds descriptors of onion services: with the flag HSDir, and HSDir=2 among its protocols.

    :ivar fingerprint: its RSA identity, 40 hexadecimal digits.
    :ivar ed25519_identity: 32 bytes; a relay that has none, or whose is not known, is not on the ring.
    """

    fingerprint: str
    ed25519_identity: bytes


def select_hsdirs(routers: Iterable[RouterStatus], ed25519_identities: Mapping[str, bytes]) -> list[HSDir]:
    """
    The directories for onion services of a network status.

    :param routers: its relays. Where an entry does not say which protocols the relay speaks, as on the control port, the flag
        is enough.
    :param ed25519_identities: by fingerprint, from the relays' microdescriptors or server descriptors.
    """
    return [
        HSDir(router.fingerprint, ed25519_identities[router.fingerprint])
        for router in routers
        if "HSDir" in router.flags
        and (router.protocols is None or router.protocols.supports("HSDir", 2))
        and router.fingerprint in ed25519_identities
    ]


@dataclass(frozen=True)
class RingParameters:
    """
    How many directories hold a descriptor: the parameters of a consensus.

    :ivar replicas: places on the ring for each descriptor (``hsdir_n_replicas``).
    :ivar spread_store: directories that a service uploads to, for each replica.
    :ivar spread_fetch: those of them that a client may ask.
    """

    replicas: int = 2
    spread_store: int = 4
    spread_fetch: int = 3

    @classmethod
    def of_consensus(cls, params: Mapping[str, int]) -> RingParameters:
        """
        Those of a consensus, within tor's bounds.
        """

        def bounded(name: str, default: int, high: int) -> int:
            return min(max(params.get(name, default), 1), high)

        return cls(
            bounded("hsdir_n_replicas", 2, 16), bounded("hsdir_spread_store", 4, 128), bounded("hsdir_spread_fetch", 3, 128)
        )


def node_index(ed25519_identity: bytes, shared_random: bytes, period: TimePeriod) -> bytes:
    """
    Where a relay stands on the ring; ``HSDIR_INDEX=`` of events is this in hexadecimal.
    """
    when = int8(period.number) + int8(period.length)
    return hashlib.sha3_256(b"node-idx" + ed25519_identity + shared_random + when).digest()


def service_index(blinded: bytes, replica: int, period: TimePeriod) -> bytes:
    """
    Where a replica of a service's descriptor stands on the ring; the first replica is 1.
    """
    when = int8(period.length) + int8(period.number)
    return hashlib.sha3_256(b"store-at-idx" + blinded + int8(replica) + when).digest()


def divide_directories(
    indexes: Mapping[str, bytes], places: Sequence[bytes], spread: int = RingParameters.spread_store
) -> tuple[frozenset[str], ...]:
    """
    Which directories of a descriptor belong to which replica, where no more of the ring is known than they: for each replica the
    nearest ones behind its place that no replica before it has.

    :param indexes: by fingerprint, the place of each directory (`node_index`).
    :param places: those of the replicas (`service_index`), in order.
    :param spread: how many directories a replica has.
    """
    left = {directory: int.from_bytes(index, "big") for directory, index in indexes.items()}
    divided = []
    for place in places:
        start = int.from_bytes(place, "big")
        nearest = sorted(left, key=lambda directory: (left[directory] - start) % (1 << 256))[:spread]
        for directory in nearest:
            del left[directory]
        divided.append(frozenset(nearest))
    return tuple(divided)


@dataclass(frozen=True)
class HashRing:
    """
    The directories of one time period, in the order of the ring.

    :ivar period: whose blinded keys are looked up.
    :ivar shared_random: 32 bytes (`DescriptorSlot` says which belongs to which period).
    :ivar relays: the directories, in any order.
    """

    period: TimePeriod
    shared_random: bytes
    relays: Iterable[HSDir]
    _ring: list[tuple[bytes, HSDir]] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if len(self.shared_random) != 32:
            raise InvalidArgument("A shared random value is 32 bytes.")
        ring = [(node_index(each.ed25519_identity, self.shared_random, self.period), each) for each in self.relays]
        ring.sort(key=lambda place: place[0])
        object.__setattr__(self, "relays", tuple(relay for _, relay in ring))
        object.__setattr__(self, "_ring", ring)

    def index_of(self, fingerprint: str) -> str | None:
        """
        The place of a directory, as events write it (``HSDIR_INDEX=``), or ``None`` where it is not on the ring.
        """
        return next((index.hex().upper() for index, each in self._ring if each.fingerprint == fingerprint), None)

    def directories(self, blinded: bytes, replicas: int = 2, spread: int = 4) -> list[list[HSDir]]:
        """
        The directories of a service: for each replica those that follow its place. None is taken twice.

        :param blinded: the blinded public key of the period.
        :param spread: how many for each replica; `RingParameters` has one number for services and one for clients.
        :raises InvalidArgument: the key has not 32 bytes, or a number is not within tor's bounds.
        """
        if len(blinded) != 32 or not (1 <= replicas <= 16 and 1 <= spread <= 128):
            raise InvalidArgument("A blinded key is 32 bytes; there are 1 to 16 replicas and 1 to 128 directories for each.")
        taken: set[HSDir] = set()
        chosen = []
        for replica in range(1, replicas + 1):
            start = bisect_left(self._ring, service_index(blinded, replica, self.period), key=lambda place: place[0])
            around = (relay for _, relay in self._ring[start:] + self._ring[:start])
            own: list[HSDir] = []
            for relay in around:
                if len(own) == spread:
                    break
                if relay not in taken:
                    taken.add(relay)
                    own.append(relay)
            chosen.append(own)
        return chosen
