"""
Tests for ``txtor.directory._router_index``.
"""

from __future__ import annotations

import pickle
import time
from collections.abc import Generator
from typing import TypeVar

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from txtor.directory import (
    RouterStatus,
    RouterStatuses,
    compare_routers,
    compare_routers_in_slices,
    index_routers,
    index_routers_in_slices,
)
from txtor.directory._router_index import MAX_ROUTERS, find_router, identity_of
from txtor.errors import InvalidArgument, MalformedDocument
from txtor.test.directory.statuses import entry

T = TypeVar("T")
BLOCK = b"".join(entry(number) for number in range(50))


def steps(slices: Generator[None, None, T]) -> tuple[T, int, float]:
    """
    Drive a generator.

    :return: its result, the number of its steps, and how long the median of them took.
    """
    taken = []
    while True:
        start = time.process_time()
        try:
            next(slices)
        except StopIteration as stop:
            taken.append(time.process_time() - start)
            return stop.value, len(taken), sorted(taken)[len(taken) // 2]
        taken.append(time.process_time() - start)


class RouterIndexTests(SynchronousTestCase):
    """
    Finding entries in a block.
    """

    def test_mapping(self) -> None:
        """
        Entries are found by fingerprint in any spelling and by identity, and come in their order.
        """
        routers = index_routers(BLOCK)
        self.assertEqual(len(routers), 50)
        self.assertEqual(b"".join(map(bytes, routers.values())), BLOCK)
        for fingerprint, router in routers.items():
            self.assertEqual(router.fingerprint, fingerprint)
            for key in (fingerprint, fingerprint.lower(), f"${fingerprint}"):
                self.assertIs(routers[key], router)
                self.assertIn(key, routers)
            self.assertIs(routers[router.identity], router)
            self.assertIn(router.identity, routers)
        for absent in ("0" * 40, "nickname", b"short", bytes(20), 7):
            self.assertNotIn(absent, routers)
        self.assertRaises(KeyError, routers.__getitem__, "nickname")
        self.assertRaises(KeyError, routers.__getitem__, "0" * 40)
        self.assertIsNone(routers.get("0" * 40))
        self.assertEqual(pickle.loads(pickle.dumps(routers)), routers)
        self.assertIn("50", repr(routers))

    def test_empty(self) -> None:
        """
        No entries are an empty mapping.
        """
        self.assertEqual(len(index_routers(b"")), 0)
        self.assertEqual(steps(index_routers_in_slices(b""))[0], RouterStatuses())

    def test_slices(self) -> None:
        """
        In slices the same comes out, and half of the steps take well under 10 ms. Case 28 of the owed ones.
        """
        block = b"".join(entry(number) for number in range(8000))
        whole = index_routers(block)
        routers, count, median = steps(index_routers_in_slices(block))
        self.assertEqual(list(routers.values()), list(whole.values()))
        self.assertGreater(count, 10)
        self.assertLess(median, 0.01)

    def test_known_entries_are_kept(self) -> None:
        """
        An entry that did not change is the object of before; one that did is another.
        """
        before = index_routers(BLOCK)
        after, _, _ = steps(index_routers_in_slices(BLOCK.replace(b"Bandwidth=1007", b"Bandwidth=1"), before))
        kept = [name for name in before if after[name] is before[name]]
        self.assertEqual(len(kept), 49)
        (changed,) = compare_routers(before, after).changed
        self.assertEqual(changed.bandwidth, 1)

    def test_changes(self) -> None:
        """
        What joined, left and changed is told, in steps or at once.
        """
        old = index_routers(b"".join(entry(number) for number in range(6000)))
        new = index_routers(b"".join(entry(number, bandwidth=5 if number == 77 else None) for number in range(10, 6003)))
        changes, count, median = steps(compare_routers_in_slices(old, new))
        self.assertEqual([router.nickname for router in changes.joined], ["relay6000", "relay6001", "relay6002"])
        self.assertEqual([router.nickname for router in changes.left], [f"relay{number}" for number in range(10)])
        self.assertEqual([router.nickname for router in changes.changed], ["relay77"])
        self.assertIs(changes.changed[0], new[changes.changed[0].fingerprint])
        self.assertEqual(compare_routers(old, new), changes)
        self.assertGreater(count, 4)
        self.assertLess(median, 0.01)

    def test_refused(self) -> None:
        """
        A block that is none, an identity that is none, and a router that is there twice are refused.
        """
        for block, words in [
            (b"x" + BLOCK, "begin"),
            (BLOCK + entry(3), "twice"),
            (entry(0) + b"r nick\n", "words"),
            (entry(0) + b"r nick AAAA\n", "words"),
            (entry(0) + entry(1).replace(b"relay1 ", b"relay1 \xff"), "base64"),
            (BLOCK.replace(b"\n", b"\r\n"), "carriage return"),
            (BLOCK + b"\0", "NUL"),
        ]:
            error = self.assertRaises(MalformedDocument, index_routers, block)
            self.assertIn(words, error.rule)

    def test_separators(self) -> None:
        """
        Between the words of the first line may be tabs and more than one space: the identity is the second word all the same.
        """
        for separator in (b"\t", b"  ", b" \t", b"\t "):
            odd = entry(1).replace(b" ", separator, 9).replace(b"r" + separator, b"r ", 1)
            routers = index_routers(entry(0) + odd + entry(2))
            self.assertEqual(list(routers), list(index_routers(entry(0) + entry(1) + entry(2))))
            self.assertEqual([router.fingerprint for router in routers.values()], list(routers))

    def test_bound(self) -> None:
        """
        There are at most 100,000 routers.
        """
        block = b"".join(b"r x %027d=\n" % 0 for _ in range(MAX_ROUTERS + 1))
        self.assertRaises(MalformedDocument, index_routers, block)

    def test_bisection(self) -> None:
        """
        One entry of a sorted block is found without the others, and what is not there is not found.
        """
        entries = [entry(number) for number in range(300)]
        entries.sort(key=lambda each: RouterStatus.parse(each).identity)
        block = b"".join(entries)
        routers = index_routers(block)
        for router in routers.values():
            self.assertEqual(find_router(block, router.identity), router)
        for absent in (bytes(20), b"\xff" * 20, b"\x80" * 20):
            self.assertIsNone(find_router(block, absent))
        self.assertIsNone(find_router(b"", bytes(20)))
        self.assertRaises(InvalidArgument, identity_of, "nickname")

    @given(st.binary(max_size=60), st.integers(0, len(BLOCK)))
    @settings(max_examples=100)
    def test_any_bytes(self, noise: bytes, place: int) -> None:
        """
        A block with anything in it is a mapping from which its bytes come back, or malformed.
        """
        block = BLOCK[:place] + noise + BLOCK[place:]
        try:
            routers = index_routers(block)
        except MalformedDocument:
            return
        self.assertEqual(b"".join(map(bytes, routers.values())), block if block.endswith(b"\n") else block + b"\n")
        for router in routers.values():
            try:
                router.check()
            except MalformedDocument:
                pass
