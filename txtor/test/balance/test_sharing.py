# -*- test-case-name: txtor.test.balance.test_sharing -*-
"""
What goes into the descriptor of a front end.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from random import Random

from twisted.trial.unittest import SynchronousTestCase

from txtor.balance._sharing import MOST, common_terms, share
from txtor.onion import DescriptorTerms, FlowControl, InnerLayer, IntroductionPoint, LinkSpecifier
from txtor.test.balance.network import point


class SharingTests(SynchronousTestCase):
    """
    `share` and `common_terms`.
    """

    def counts(self, *numbers: int) -> list[int]:
        """
        How many each back end has in the descriptor, which has so many introduction points.
        """
        points = {each: [point(each * 20 + own) for own in range(number)] for each, number in enumerate(numbers)}
        owners = {one.auth_key: each for each, own in points.items() for one in own}
        taken = share(points, Random(7))
        self.assertEqual(len(set(taken)), len(taken))
        counted = Counter(owners[one.auth_key] for one in taken)
        return [counted[each] for each in range(len(numbers))]

    def test_all_fit(self) -> None:
        """
        Where all fit, all are taken; those of one service are shuffled too.
        """
        self.assertEqual(self.counts(3, 3, 0, 5), [3, 3, 0, 5])
        self.assertEqual(self.counts(), [])
        orders = {tuple(share({1: [point(1), point(2), point(3)]}, Random(seed))) for seed in range(40)}
        self.assertEqual(len(orders), 6)

    def test_too_many(self) -> None:
        """
        Each has as many as another, give or take one, and who has fewer gives all.
        """
        self.assertEqual(self.counts(10, 10), [10, 10])
        self.assertEqual(self.counts(20, 2, 20), [9, 2, 9])
        self.assertEqual(sorted(self.counts(*[10] * 7)), [2, 3, 3, 3, 3, 3, 3])

    def test_relays(self) -> None:
        """
        Of several at one relay one is taken, and every back end has as many as can be: what the others can do without.
        """

        def at(relay: int, number: int) -> IntroductionPoint:
            links = (LinkSpecifier(0, bytes(6)), LinkSpecifier(2, bytes([relay]) * 20))
            return replace(point(number), link_specifiers=links)

        one, two, three = [at(1, 1)], [at(1, 2), at(2, 3)], [at(1, 4), at(2, 5), at(3, 6)]
        for seed in range(40):
            self.assertEqual(set(share({1: one, 2: two, 3: three}, Random(seed))), {one[0], two[1], three[2]})
            alike = share({1: [at(1, 1), at(2, 2), at(3, 3)], 2: [at(1, 4), at(2, 5), at(3, 6)]}, Random(seed))
            self.assertEqual({each.fingerprint for each in alike}, {"01" * 20, "02" * 20, "03" * 20})
            self.assertIn(len({point(number).auth_key for number in (1, 2, 3)} & {each.auth_key for each in alike}), (1, 2))

    def test_too_many_back_ends(self) -> None:
        """
        Where there are more than a descriptor holds, chance decides which of them are in it, so that all have their times.
        """
        points = {each: [point(each)] for each in range(25)}
        shares = [share(points, Random(seed)) for seed in range(40)]
        self.assertEqual({len(each) for each in shares}, {MOST})
        self.assertEqual(len({one for each in shares for one in each}), 25)

    def test_terms(self) -> None:
        """
        Only what all say is said. No proof of work, whose seeds are each one's own.
        """

        def layer(*lines: str) -> InnerLayer:
            return InnerLayer.parse("\n".join(["create2-formats 2", *lines, ""]).encode())

        one, other, single = "flow-control 1-2 31", "flow-control 1 31", "single-onion-service"
        pow_params = f"pow-params v1 {'A' * 43}= 5 2026-11-24T13:00:00"
        self.assertEqual(common_terms([layer(one, pow_params), layer(one)]), DescriptorTerms(flow_control=FlowControl("1-2", 31)))
        for layers in ([layer(one), layer(other)], [layer(one), layer()], []):
            self.assertIsNone(common_terms(layers).flow_control)
        self.assertTrue(common_terms([layer(single), layer(single)]).is_single_onion_service)
        for layers in ([layer(single), layer()], []):
            self.assertFalse(common_terms(layers).is_single_onion_service)
