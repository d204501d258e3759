# -*- test-case-name: txtor.test.onion.test_periods -*-
"""
Time periods, and what changes with them: blinded keys, subcredentials, shared random values, the two descriptors of a service.

Everything is reckoned from the *valid-after* of a consensus, since tor does so; the clock serves where there is none.
See rend-spec-v3, "Time periods" and "When to upload descriptors", and srv-spec.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone

from txtor.errors import InvalidArgument

_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
_BASE_POINT_TEXT = (
    b"(15112221349535400772501151409588531511454012693041857206046113283949847762202, "
    b"46316835694926478169428394003475163141307993866256225615783033603165251855960)"
)
#: tor's bounds for ``hsdir_interval``, in minutes. On test networks, which do not ask it, periods may be shorter.
_INTERVAL_BOUNDS = (5, 14400)
_SHORTEST = 1


def int8(number: int) -> bytes:
    """
    Eight bytes, the greatest first: the specification's INT_8.
    """
    return number.to_bytes(8, "big")


def unix(when: datetime) -> int:
    """
    The whole seconds since 1970 of an aware datetime.

    :raises InvalidArgument: it does not say its zone, or is before 1970.
    """
    if not isinstance(when, datetime) or when.tzinfo is None:
        raise InvalidArgument("A time must be an aware datetime, as datetime.now(timezone.utc) is.")
    seconds = (when - _EPOCH) // timedelta(seconds=1)
    if seconds < 0:
        raise InvalidArgument(f"A time before 1970: {when}")
    return seconds


@dataclass(frozen=True)
class TimePeriod:
    """
    A time period, in which a service has one blinded key.

    :ivar number: periods are counted from 1970.
    :ivar length: in minutes.
    """

    number: int
    length: int = 1440

    def __post_init__(self) -> None:
        if not (0 <= self.number < 2**63 and _SHORTEST <= self.length <= _INTERVAL_BOUNDS[1]):
            raise InvalidArgument(f"Not a time period: number {self.number}, {self.length} minutes.")

    @property
    def next(self) -> TimePeriod:
        """
        The period after this.
        """
        return TimePeriod(self.number + 1, self.length)

    @property
    def previous(self) -> TimePeriod:
        """
        The period before this.
        """
        return TimePeriod(self.number - 1, self.length)

    def blinding_hash(self, public_key: bytes) -> bytes:
        """
        The hash of a service's public key whose clamped number blinds its keys (h).
        """
        when = b"key-blind" + int8(self.number) + int8(self.length)
        return hashlib.sha3_256(b"Derive temporary signing key\0" + public_key + _BASE_POINT_TEXT + when).digest()

    @property
    def disaster_shared_random(self) -> bytes:
        """
        What stands for the shared random value where the consensus has none; 32 bytes.

        See rend-spec-v3, "If the consensus has no shared random value".
        """
        return hashlib.sha3_256(b"shared-random-disaster" + int8(self.length) + int8(self.number)).digest()


@dataclass(frozen=True)
class OnionTiming:
    """
    How a network reckons periods and shared random values.

    :ivar period_length: of a time period, in minutes (``hsdir_interval``).
    :ivar voting_interval: between two consensuses, in seconds.
    :ivar voting_offset: how long after a multiple of the interval a consensus is valid, in seconds; not 0 on test networks alone.
    """

    period_length: int = 1440
    voting_interval: int = 3600
    voting_offset: int = 0

    def __post_init__(self) -> None:
        if not (_SHORTEST <= self.period_length <= _INTERVAL_BOUNDS[1] and 1 <= self.voting_interval <= 86400):
            raise InvalidArgument(f"Not the timing of a network: {self}")
        if not 0 <= self.voting_offset < self.voting_interval:
            raise InvalidArgument(f"Not the timing of a network: {self}")

    @classmethod
    def of_consensus(
        cls, valid_after: datetime, fresh_until: datetime, params: Mapping[str, int], testing: bool = False
    ) -> OnionTiming:
        """
        The timing that a consensus says.

        :param testing: whether the network is one of ``TestingTorNetwork``, where a period is 24 voting intervals long and
            the parameter does not count.
        :raises InvalidArgument: the times make no sense.
        """
        interval = unix(fresh_until) - unix(valid_after)
        if interval <= 0:
            raise InvalidArgument(f"A consensus that is fresh until {fresh_until} is not valid after {valid_after}.")
        low, high = _INTERVAL_BOUNDS
        length = 24 * interval // 60 if testing else min(max(params.get("hsdir_interval", 1440), low), high)
        return cls(length, interval, unix(valid_after) % interval)

    @property
    def _offset(self) -> int:
        """
        How many minutes after a multiple of their length periods begin.
        """
        return 12 * self.voting_interval // 60

    def period(self, when: datetime) -> TimePeriod:
        """
        The time period of a moment.
        """
        minutes = unix(when) // 60 - self._offset
        return TimePeriod(max(minutes, 0) // self.period_length, self.period_length)

    def start(self, period: TimePeriod) -> datetime:
        """
        When a time period begins.

        :raises InvalidArgument: that is beyond what a datetime holds.
        """
        try:
            return _EPOCH + timedelta(minutes=period.number * period.length + self._offset)
        except OverflowError:
            raise InvalidArgument(f"The period is too far away: {period}") from None

    def shared_random_run(self, when: datetime) -> datetime:
        """
        When the run of the shared random protocol began that makes the *next* value; the current value counts from here.
        """
        votes = (unix(when) - self.voting_offset) // self.voting_interval
        return _EPOCH + timedelta(seconds=votes // 24 * 24 * self.voting_interval + self.voting_offset)

    def between_period_and_shared_random(self, when: datetime) -> bool:
        """
        Whether a period has begun since the shared random value last changed: 12:00 to 00:00 UTC on the public network.
        """
        run = self.shared_random_run(when)
        begins = self.start(self.period(run).next)
        return not run <= when < begins


@dataclass(frozen=True)
class DescriptorSlot:
    """
    One of the two descriptors that a service keeps published.

    :ivar period: whose blinded key signs it.
    :ivar shared_random: the shared random value that places it on the ring, 32 bytes.
    :ivar run_start: when the run of the shared random protocol began that its revision counter is reckoned from.
    """

    period: TimePeriod
    shared_random: bytes
    run_start: datetime

    def revision_seconds(self, now: datetime) -> int:
        """
        The time that its revision counter stands for, in seconds of at least 1.

        :raises InvalidArgument: now is before the run, or too long after it.
        """
        seconds = 1 + unix(now) - unix(self.run_start)
        if not 1 <= seconds <= 2**18:
            raise InvalidArgument(f"No revision counter exists for {now}: the run began at {self.run_start}.")
        return seconds


@dataclass(frozen=True)
class DescriptorSlots:
    """
    The two descriptors of a service at one time.

    :ivar first: in an earlier period, or placed by an earlier value, than `second`.
    :ivar for_clients: the one of them that clients ask for.
    """

    first: DescriptorSlot
    second: DescriptorSlot
    for_clients: DescriptorSlot


def descriptor_slots(
    valid_after: datetime, previous: bytes | None, current: bytes | None, timing: OnionTiming | None = None
) -> DescriptorSlots:
    """
    Which two descriptors every service publishes, and which one clients want.

    :param valid_after: of the consensus.
    :param previous: the previous shared random value of the consensus, 32 bytes, or ``None`` where it has none.
    :param current: the current one.
    :param timing: of the network; of the public one by default.
    :raises InvalidArgument: a value has not 32 bytes, or the time has no zone.

    See rend-spec-v3, "When to upload descriptors".
    """
    timing = timing or OnionTiming()
    for value in (previous, current):
        if value is not None and len(value) != 32:
            raise InvalidArgument("A shared random value is 32 bytes.")
    run = timing.shared_random_run(valid_after)
    earlier_run = run - timedelta(seconds=24 * timing.voting_interval)
    late = timing.between_period_and_shared_random(valid_after)
    period = timing.period(valid_after)
    early_period = period.previous if late else period
    late_period = early_period.next
    first = DescriptorSlot(early_period, previous or early_period.disaster_shared_random, earlier_run)
    second = DescriptorSlot(late_period, current or late_period.disaster_shared_random, run)
    return DescriptorSlots(first, second, second if late else first)


def credential(public_key: bytes) -> bytes:
    """
    A value that only who knows the address knows; 32 bytes.
    """
    return hashlib.sha3_256(b"credential" + public_key).digest()


def subcredential(public_key: bytes, blinded: bytes) -> bytes:
    """
    The credential of a service in one time period; 32 bytes. Both layers of a descriptor are encrypted with it.

    :param blinded: the blinded public key of the period.

    See rend-spec-v3, "Subcredentials".
    """
    return hashlib.sha3_256(b"subcredential" + credential(public_key) + blinded).digest()
