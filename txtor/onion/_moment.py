# -*- test-case-name: txtor.test.onion.test_moment -*-
"""
What time it is for a Tor: which consensus it has, and so which period clients of onion services are in.
"""

from __future__ import annotations

import base64
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timezone

from txtor._deferred import deferred
from txtor.control import TorControlProtocol
from txtor.directory import encoding
from txtor.errors import DocumentError, InvalidArgument, ProtocolViolation, TorRefused

from ._periods import DescriptorSlots, OnionTiming, TimePeriod, descriptor_slots

#: Tells the time, as an aware datetime.
Now = Callable[[], datetime]


def utc_now() -> datetime:
    """
    The time of this machine.
    """
    return datetime.now(timezone.utc)


@dataclass(frozen=True)
class NetworkMoment:
    """
    A moment of a Tor's network.

    :ivar valid_after: of the consensus that Tor has; the clock's time where it has none, or does not tell.
    :ivar timing: of the network.
    """

    valid_after: datetime
    timing: OnionTiming

    @property
    def period(self) -> TimePeriod:
        """
        The time period whose descriptors clients ask for.
        """
        return self.timing.period(self.valid_after)


async def network_moment(protocol: TorControlProtocol, now: Now = utc_now) -> NetworkMoment:
    """
    Ask a Tor what time it is.

    The length of periods is that of the public network, or of a test network (TestingTorNetwork): a consensus that sets
    ``hsdir_interval`` is not asked for it, for its size.

    :raises ProtocolViolation: Tor says what is no time.
    """
    try:
        told = await protocol.get_info("consensus/valid-after", "consensus/fresh-until")
    except TorRefused:  # it has no consensus, or somebody filters
        return NetworkMoment(now(), OnionTiming())
    testing = await protocol.get_conf_single("TestingTorNetwork", default="0") == "1"
    try:
        valid_after, fresh_until = (encoding.time(told[key]) for key in ("consensus/valid-after", "consensus/fresh-until"))
        return NetworkMoment(valid_after, OnionTiming.of_consensus(valid_after, fresh_until, {}, testing))
    except (encoding.BadValue, DocumentError, InvalidArgument) as error:
        raise ProtocolViolation(f"Tor tells no time of its consensus: {told}") from error


@deferred
async def current_slots(protocol: TorControlProtocol, now: Now = utc_now) -> DescriptorSlots:
    """
    Which two descriptors a service has to publish now, as a Tor sees it: what `make_onion_descriptor` wants to know.

    :raises TorRefused: Tor has no consensus.
    :raises ProtocolViolation: Tor says what is no time or no shared random value.
    """
    told = await protocol.get_info("consensus/valid-after", "sr/previous", "sr/current")
    moment = await network_moment(protocol, now)
    try:
        previous, current = (base64.b64decode(told[key], validate=True) or None for key in ("sr/previous", "sr/current"))
        return descriptor_slots(moment.valid_after, previous, current, moment.timing)
    except ValueError as error:  # InvalidArgument is one too
        raise ProtocolViolation(f"Tor tells no shared random values: {told}") from error
