# -*- test-case-name: txtor.test.onion.test_ring -*-
"""
The hash ring.
"""

from __future__ import annotations

import hashlib

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from txtor.directory import RouterStatus
from txtor.errors import InvalidArgument
from txtor.onion import HashRing, HSDir, RingParameters, TimePeriod, node_index, select_hsdirs, service_index
from txtor.onion._ring import divide_directories

from .samples import KEY, PERIOD

BLINDED = KEY.blind(PERIOD).public_key
SRV = b"C" * 32


def relays(count: int) -> list[HSDir]:
    """
    Some directories.
    """
    return [HSDir(f"{number:040X}", hashlib.sha256(b"%d" % number).digest()) for number in range(count)]


class RingTests(SynchronousTestCase):
    """
    Indexes, and who follows whom.
    """

    def test_vector(self) -> None:
        """
        The indexes of a service and of a relay, which tor's own unit tests have.
        """
        self.assertEqual(
            [service_index(BLINDED, replica, PERIOD).hex() for replica in (1, 2)],
            [
                "dff895a5bd8a5e629b6b9c25bba7fd9a81330901aded9e093649fa65c4c279d6",
                "dc1e1cb34813b42761d32da7c3e3569d21ab24e59ef01ff871496c307197695e",
            ],
        )
        self.assertEqual(
            node_index(b"B" * 32, SRV, PERIOD).hex(), "29b5fa83c09e82166ced10950f83749b4e4709177add10f07deaf30b18f51de9"
        )

    def test_tor_unit_test(self) -> None:
        """
        Number and length stand in another order in the two indexes: period 42 of 1440 minutes tells them apart.
        """
        period = TimePeriod(42)
        self.assertEqual(
            service_index(b"B" * 32, 1, period),
            hashlib.sha3_256(
                b"store-at-idx" + b"B" * 32 + (1).to_bytes(8, "big") + (1440).to_bytes(8, "big") + (42).to_bytes(8, "big")
            ).digest(),
        )
        self.assertEqual(
            service_index(b"B" * 32, 1, period).hex(), "37e5cbbd56a22823714f18f1623ece5983a0d64c78495a8cfab854245e5f9a8a"
        )
        self.assertEqual(
            node_index(b"B" * 32, SRV, period).hex(), "db475361014a09965e7e5e4d4a25b8f8d4b8f16cb1d8a7e95eed50249cc1a2d5"
        )

    def test_order(self) -> None:
        """
        Each replica takes the relays that follow its place, around the end of the ring; none is taken twice.
        """
        ring = HashRing(PERIOD, SRV, relays(30))
        places = sorted((node_index(each.ed25519_identity, SRV, PERIOD), each) for each in relays(30))
        expected: list[list[HSDir]] = []
        taken: set[HSDir] = set()
        for replica in (1, 2):
            index = service_index(BLINDED, replica, PERIOD)
            order = [each for place, each in places if place >= index] + [each for place, each in places if place < index]
            own = [each for each in order if each not in taken][:4]
            taken.update(own)
            expected.append(own)
        self.assertEqual(ring.directories(BLINDED), expected)
        self.assertEqual(len(taken), 8)
        self.assertEqual(expected[0][:3], ring.directories(BLINDED, spread=3)[0])

    def test_index(self) -> None:
        """
        The place of a relay is what events call HSDIR_INDEX.
        """
        ring = HashRing(PERIOD, SRV, [HSDir("A" * 40, b"B" * 32)])
        self.assertEqual(ring.index_of("A" * 40), "29B5FA83C09E82166CED10950F83749B4E4709177ADD10F07DEAF30B18F51DE9")
        self.assertIsNone(ring.index_of("B" * 40))

    def test_select(self) -> None:
        """
        A directory has the flag, speaks HSDir=2, and its Ed25519 identity is known.
        """
        entry = b"r x %s 2038-01-01 00:00:00 127.0.0.1 9001 0\ns %s\npr %s\nw Bandwidth=1\n"
        good = entry % (b"A" * 27, b"HSDir Running", b"HSDir=1-2")
        for text, chosen in (
            (good, True),
            (good.replace(b"pr HSDir=1-2\n", b""), True),
            (good.replace(b"1-2", b"1"), False),
            (good.replace(b"HSDir Run", b"Run"), False),
            (good.replace(b"A" * 27, b"B" * 26 + b"A"), False),
        ):
            found = select_hsdirs([RouterStatus.parse(text)], {"0" * 40: b"e" * 32})
            self.assertEqual(found, [HSDir("0" * 40, b"e" * 32)] if chosen else [])

    def test_small_rings(self) -> None:
        """
        With fewer relays than places, each is taken once; an empty ring has none.
        """
        ring = HashRing(PERIOD, SRV, relays(6))
        first, second = ring.directories(BLINDED)
        self.assertEqual((len(first), len(second), len({*first, *second})), (4, 2, 6))
        self.assertEqual(HashRing(PERIOD, SRV, []).directories(BLINDED, 3), [[], [], []])

    def test_parameters(self) -> None:
        """
        The parameters are written with underscores and kept within tor's bounds.
        """
        self.assertEqual(RingParameters.of_consensus({}), RingParameters(2, 4, 3))
        params = {"hsdir_n_replicas": 99, "hsdir_spread_store": 0, "hsdir_spread_fetch": 7, "hsdir-n-replicas": 3}
        self.assertEqual(RingParameters.of_consensus(params), RingParameters(16, 1, 7))

    def test_refused(self) -> None:
        """
        Keys and values of wrong length, numbers out of bounds.
        """
        ring = HashRing(PERIOD, SRV, relays(2))
        self.assertRaises(InvalidArgument, HashRing, PERIOD, b"", relays(2))
        self.assertRaises(InvalidArgument, ring.directories, b"x")
        for replicas, spread in ((0, 4), (17, 4), (2, 0), (2, 129)):
            self.assertRaises(InvalidArgument, ring.directories, BLINDED, replicas, spread)

    @settings(max_examples=60)
    @given(st.integers(0, 40), st.integers(1, 16), st.integers(1, 10), st.randoms())
    def test_any_ring(self, count: int, replicas: int, spread: int, random: object) -> None:
        """
        The order in which relays are given does not matter; no relay is taken twice; as many as can be are taken.
        """
        given_order = relays(count)
        shuffled = sorted(given_order, key=lambda each: random.random())  # type: ignore[attr-defined]
        chosen = HashRing(PERIOD, SRV, given_order).directories(BLINDED, replicas, spread)
        self.assertEqual(HashRing(PERIOD, SRV, shuffled).directories(BLINDED, replicas, spread), chosen)
        flat = [each for own in chosen for each in own]
        indexes = {each.fingerprint: node_index(each.ed25519_identity, SRV, PERIOD) for each in flat}
        places = [service_index(BLINDED, replica + 1, PERIOD) for replica in range(replicas)]
        divided = [{each.fingerprint for each in own} for own in chosen]
        self.assertEqual(list(map(set, divide_directories(indexes, places, spread))), divided)
        self.assertEqual(len(flat), len(set(flat)))
        self.assertEqual(len(flat), min(count, replicas * spread))
