"""
What the tests of onion services share: a genuine descriptor, the keys of test vectors, introduction points.
"""

from __future__ import annotations

import hashlib
import itertools
import pathlib
from collections.abc import Callable
from datetime import datetime, timezone

from txtor.onion import (
    DescriptorSlot,
    IntroductionPoint,
    LinkSpecifier,
    OnionAddress,
    OnionKey,
    OnionTiming,
    TimePeriod,
    descriptor_slots,
)

#: A descriptor of tor 0.4.9.11, of a private network with a consensus each 20 seconds.
GENUINE = (pathlib.Path(__file__).parent.parent / "data" / "onion-descriptor-pow").read_bytes()
GENUINE_ADDRESS = OnionAddress.parse("6lhwsu4rkjtx7fj6q53ehja2rsq2quxg6e5ejl6zuxldbbau2k65cdid")
GENUINE_TIMING = OnionTiming(8, 20)
GENUINE_PERIOD = TimePeriod(3740316, 8)
GENUINE_NOW = datetime(2026, 11, 22, 12, 54, tzinfo=timezone.utc)

#: The key of the vectors: its seed counts from 0 to 31.
KEY = OnionKey.from_seed(bytes(range(32)))
NOW = datetime(2016, 4, 13, 11, 15, 1, tzinfo=timezone.utc)
PERIOD = TimePeriod(16903)


def slot(now: datetime = NOW) -> DescriptorSlot:
    """
    The descriptor that clients ask for at a time.
    """
    return descriptor_slots(now, None, None).for_clients


def random(seed: int = 0) -> Callable[[int], bytes]:
    """
    A source of bytes that are the same in each run.
    """
    counter = itertools.count()
    return lambda size: hashlib.shake_256(b"%d %d" % (seed, next(counter))).digest(size)


def point(number: int) -> IntroductionPoint:
    """
    An introduction point with keys of its own.
    """
    address = LinkSpecifier(0, bytes([127, 0, 0, number, 0x23, 0x29]))
    identity = LinkSpecifier(2, hashlib.sha1(bytes([number])).digest())
    return IntroductionPoint(
        (address, identity, LinkSpecifier(3, bytes([number]) * 32)),
        hashlib.sha256(b"onion %d" % number).digest(),
        OnionKey.from_seed(bytes([number]) * 32).public_key,
        hashlib.sha256(b"enc %d" % number).digest(),
    )
