# -*- test-case-name: txtor.test.onion.test_periods -*-
"""
Time periods, credentials and the two descriptors of a service.
"""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from txtor.errors import InvalidArgument
from txtor.onion import OnionTiming, TimePeriod, credential, descriptor_slots, subcredential

from .samples import GENUINE_ADDRESS, GENUINE_PERIOD, GENUINE_TIMING, KEY, NOW, PERIOD

DAY = datetime(2026, 11, 22, tzinfo=timezone.utc)
PREVIOUS, CURRENT = b"p" * 32, b"c" * 32


class PeriodTests(SynchronousTestCase):
    """
    Periods and what is derived of them.
    """

    def test_vector(self) -> None:
        """
        Period, blinding hash, credential, subcredential and disaster value of a vector.
        """
        self.assertEqual(OnionTiming().period(NOW), PERIOD)
        self.assertEqual(
            PERIOD.blinding_hash(KEY.public_key).hex(), "9666fe866ec8968383c8e5ce3dc38ce38a962fc0a4086bd79070d1f0c866ab33"
        )
        self.assertEqual(
            credential(KEY.public_key).hex(), "bbf4e32bc68dea78b096da509271674c9c95b3d67bbab0a45672233e3e8adde0"
        )
        self.assertEqual(
            subcredential(KEY.public_key, KEY.blind(PERIOD).public_key).hex(),
            "008044820c2d9bb24f97c2700bf10e108052cc2ab783ee8d5edc822a8c7ec42a",
        )
        self.assertEqual(
            PERIOD.disaster_shared_random.hex(), "e7a6d7d2d9de116d1d8b5d49cdf3d070555a0fa60950ca6844ebcb88828b9f53"
        )

    def test_genuine(self) -> None:
        """
        The subcredential of a descriptor that tor made.
        """
        blinded = bytes.fromhex("fc3c792a1bef563d95295d2687e9bbc569fb2a978ccadd55c846a817dac519c2")
        self.assertEqual(
            subcredential(GENUINE_ADDRESS.public_key, blinded).hex(),
            "454b4b0a8bcc0b39cf9d089b1088419275931109aa75ede66dfad73efb3012c4",
        )

    def test_bounds(self) -> None:
        """
        A period begins at 12:00 UTC and ends before the next 12:00; with other intervals, elsewhere.
        """
        timing = OnionTiming()
        noon = DAY + timedelta(hours=12)
        period = timing.period(noon)
        self.assertEqual(timing.start(period), noon)
        self.assertEqual(timing.period(noon + timedelta(hours=24, seconds=-1)), period)
        self.assertEqual(timing.period(noon - timedelta(seconds=1)), period.previous)
        self.assertEqual(timing.period(noon + timedelta(hours=24)), period.next)
        start = GENUINE_TIMING.start(GENUINE_PERIOD)
        self.assertEqual(start, datetime(2026, 11, 22, 12, 52, tzinfo=timezone.utc))
        self.assertEqual(GENUINE_TIMING.period(start), GENUINE_PERIOD)

    def test_of_consensus(self) -> None:
        """
        The parameter is ``hsdir_interval``, within tor's bounds; a test network's period is 24 voting intervals.
        """
        hour, short = DAY + timedelta(hours=1), DAY + timedelta(seconds=20)
        self.assertEqual(OnionTiming.of_consensus(DAY, hour, {}), OnionTiming(1440, 3600))
        self.assertEqual(OnionTiming.of_consensus(DAY, hour, {"hsdir_interval": 720}), OnionTiming(720, 3600))
        self.assertEqual(OnionTiming.of_consensus(DAY, hour, {"hsdir-interval": 720}), OnionTiming(1440, 3600))
        self.assertEqual(OnionTiming.of_consensus(DAY, hour, {"hsdir_interval": 1}), OnionTiming(5, 3600))
        self.assertEqual(OnionTiming.of_consensus(DAY, hour, {"hsdir_interval": 99999}), OnionTiming(14400, 3600))
        self.assertEqual(OnionTiming.of_consensus(DAY, short, {}, testing=True), GENUINE_TIMING)
        self.assertRaises(InvalidArgument, OnionTiming.of_consensus, hour, DAY, {})
        self.assertRaises(InvalidArgument, OnionTiming.of_consensus, DAY, DAY, {})

    def test_offset(self) -> None:
        """
        On a test network consensuses may be valid some seconds after a multiple of their interval, and runs begin so too.
        """
        first = DAY + timedelta(seconds=6)
        timing = OnionTiming.of_consensus(first, first + timedelta(seconds=10), {}, testing=True)
        self.assertEqual(timing, OnionTiming(4, 10, 6))
        for seconds, start in ((0, 0), (239, 0), (240, 240), (-1, -240)):
            self.assertEqual(
                timing.shared_random_run(first + timedelta(seconds=seconds)), first + timedelta(seconds=start)
            )

    def test_refused(self) -> None:
        """
        Times without a zone or before 1970, negative periods, values of wrong length.
        """
        self.assertRaises(InvalidArgument, OnionTiming().period, datetime(2026, 1, 1))
        self.assertRaises(InvalidArgument, OnionTiming().period, datetime(1960, 1, 1, tzinfo=timezone.utc))
        self.assertRaises(InvalidArgument, OnionTiming().period, None)
        self.assertRaises(InvalidArgument, TimePeriod, -1)
        self.assertRaises(InvalidArgument, TimePeriod, 1, 0)
        self.assertRaises(InvalidArgument, lambda: TimePeriod(0).previous)
        self.assertRaises(InvalidArgument, OnionTiming().start, TimePeriod(2**62))
        self.assertRaises(InvalidArgument, OnionTiming, 1440, 0)
        self.assertRaises(InvalidArgument, OnionTiming, 1440, 10, 10)
        self.assertRaises(InvalidArgument, descriptor_slots, DAY, b"", None)


class SlotTests(SynchronousTestCase):
    """
    Which two descriptors a service has, and which one clients ask for.
    """

    def test_afternoon(self) -> None:
        """
        From 12:00 to 00:00: the previous period with the previous value, the current period with the current one, which
        clients want.
        """
        for hours in (12, 18, 23):
            now = DAY + timedelta(hours=hours)
            slots = descriptor_slots(now, PREVIOUS, CURRENT)
            period = OnionTiming().period(now)
            self.assertEqual((slots.first.period, slots.first.shared_random), (period.previous, PREVIOUS))
            self.assertEqual((slots.second.period, slots.second.shared_random), (period, CURRENT))
            self.assertIs(slots.for_clients, slots.second)
            self.assertEqual((slots.first.run_start, slots.second.run_start), (DAY - timedelta(days=1), DAY))

    def test_morning(self) -> None:
        """
        From 00:00 to 12:00: the current period with the previous value, which clients want, and the next one with the current.
        """
        for hours in (0, 6, 11):
            now = DAY + timedelta(hours=hours)
            slots = descriptor_slots(now, PREVIOUS, CURRENT)
            period = OnionTiming().period(now)
            self.assertEqual((slots.first.period, slots.first.shared_random), (period, PREVIOUS))
            self.assertEqual((slots.second.period, slots.second.shared_random), (period.next, CURRENT))
            self.assertIs(slots.for_clients, slots.first)

    def test_disaster(self) -> None:
        """
        Where the consensus has no values, those of the periods stand for them.
        """
        slots = descriptor_slots(DAY, None, CURRENT)
        self.assertEqual(slots.first.shared_random, slots.first.period.disaster_shared_random)
        self.assertEqual(slots.second.shared_random, CURRENT)
        slots = descriptor_slots(DAY, None, None)
        self.assertEqual(slots.second.shared_random, slots.second.period.disaster_shared_random)

    def test_revision_seconds(self) -> None:
        """
        The first second of a run is 1; before the run there is none, nor long after it.
        """
        slots = descriptor_slots(DAY, None, None)
        self.assertEqual(slots.second.revision_seconds(DAY), 1)
        self.assertEqual(slots.first.revision_seconds(DAY), 86401)
        self.assertRaises(InvalidArgument, slots.second.revision_seconds, DAY - timedelta(seconds=1))
        self.assertRaises(InvalidArgument, slots.second.revision_seconds, DAY + timedelta(days=4))

    @settings(max_examples=150)
    @given(
        st.datetimes(datetime(1975, 1, 1), datetime(2100, 1, 1), timezones=st.just(timezone.utc)),
        st.sampled_from([(1440, 3600), (8, 20), (1440, 1800), (720, 3600), (60, 300), (14400, 3600), (4, 10, 6)]),
    )
    def test_any_time(self, now: datetime, measures: tuple[int, ...]) -> None:
        """
        At any time of any network the two periods follow each other, clients want the current one, and what clients want
        changes only between two descriptors that both exist.
        """
        timing = OnionTiming(*measures)
        slots = descriptor_slots(now, PREVIOUS, CURRENT, timing)
        self.assertEqual(slots.second.period, slots.first.period.next)
        self.assertEqual(slots.for_clients.period, timing.period(now))
        self.assertLessEqual(slots.second.run_start, now)
        self.assertEqual(slots.second.run_start - slots.first.run_start, timedelta(seconds=24 * timing.voting_interval))
