# -*- test-case-name: txtor.test.balance.test_rings -*-
"""
Which directories hold which descriptor, as a Tor sees its network: where to ask for those of back ends, where to post our own.

Tor posts to directories of its own choice only what belongs to the earlier of a service's two descriptors. So they are chosen
here, from the consensus that Tor has and the microdescriptors that it lists.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import Cooperator

from txtor._deferred import deferred
from txtor.directory import Consensus, Microdescriptor, cooperate
from txtor.onion import (
    DescriptorSlot,
    DescriptorSlots,
    HashRing,
    HSDir,
    OnionAddress,
    OnionTiming,
    RingParameters,
    blinded_public_key,
    descriptor_slots,
    select_hsdirs,
)

if TYPE_CHECKING:
    from txtor._tor import Tor


@dataclass(frozen=True)
class Rings:
    """
    The hash rings of one consensus.

    :ivar valid_after: of the consensus.
    :ivar slots: the two descriptors that every service keeps published now.
    :ivar relays: the directories.
    :ivar parameters: how many of them hold a descriptor.
    """

    valid_after: datetime
    slots: DescriptorSlots
    relays: tuple[HSDir, ...]
    parameters: RingParameters
    _made: dict[DescriptorSlot, HashRing] = field(default_factory=dict, init=False, repr=False, compare=False)

    def _around(self, address: OnionAddress, slot: DescriptorSlot, spread: int) -> tuple[str, ...]:
        ring = self._made.get(slot)
        if ring is None:
            ring = self._made[slot] = HashRing(slot.period, slot.shared_random, self.relays)
        chosen = ring.directories(blinded_public_key(address, slot.period), self.parameters.replicas, spread)
        return tuple([each.fingerprint for own in chosen for each in own])

    def storing(self, address: OnionAddress, slot: DescriptorSlot) -> tuple[str, ...]:
        """
        The fingerprints of the directories to which a service posts a descriptor.
        """
        return self._around(address, slot, self.parameters.spread_store)

    def asked(self, address: OnionAddress) -> tuple[str, ...]:
        """
        Those of the directories that clients ask for it now.
        """
        return self._around(address, self.slots.for_clients, self.parameters.spread_fetch)


@deferred
async def read_rings(reactor: IReactorTime, tor: Tor) -> Rings:
    """
    The rings of the consensus that a Tor has. On the public network this reads some ten thousand relays, in slices.

    :raises DocumentUnavailable: Tor has no consensus yet, or none of the flavour that lists microdescriptors
        (``UseMicrodescriptors 0``).
    :raises DocumentError: Tor's documents cannot be read.
    """
    testing = await tor.protocol.get_conf_single("TestingTorNetwork", default="0") == "1"
    consensus = await tor.get_consensus("microdesc")
    microdescriptors = await tor.get_microdescriptors()
    relays: list[HSDir] = []
    slices = Cooperator(terminationPredicateFactory=lambda: lambda: True, scheduler=lambda work: reactor.callLater(0, work))
    await cooperate(slices, _relays(consensus, microdescriptors), relays.append)
    timing = OnionTiming.of_consensus(consensus.valid_after, consensus.fresh_until, consensus.parameters, testing)
    previous, current = consensus.shared_randomness_previous, consensus.shared_randomness_current
    slots = descriptor_slots(consensus.valid_after, previous and previous.value, current and current.value, timing)
    return Rings(consensus.valid_after, slots, tuple(relays), RingParameters.of_consensus(consensus.parameters))


def _relays(consensus: Consensus, microdescriptors: tuple[Microdescriptor, ...]) -> Iterator[HSDir | None]:
    """
    The directories for onion services, with steps between them that find nothing.
    """
    by_digest: dict[str, Microdescriptor] = {}
    for each in microdescriptors:
        by_digest[each.digest("sha256", "base64")] = each
        yield None
    yield from consensus.routers_in_slices()
    for router in consensus.routers.values():
        found = by_digest.get(router.microdescriptor_digest or "")
        if found is not None and "NoEdConsensus" not in router.flags and (identity := found.ed25519_master_key) is not None:
            yield from select_hsdirs([router], {router.fingerprint: identity})
        yield None
