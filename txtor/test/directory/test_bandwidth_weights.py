"""
Tests for ``txtor.directory._bandwidth_weights``.
"""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from txtor.directory import BandwidthTotals, RouterStatus, compute_bandwidth_weights, weight_for
from txtor.errors import InvalidArgument
from txtor.test.directory.statuses import entry

NAMES = "Wbd Wbe Wbg Wbm Wdb Web Wed Wee Weg Wem Wgb Wgd Wgg Wgm Wmb Wmd Wme Wmg Wmm".split()
#: Sums of the routers of the public network's consensus of 2025-11-04 17:00, and its own line of weights.
PUBLIC = BandwidthTotals(98354644, 36101558, 47473181, 15006092)
PUBLIC_WEIGHTS = [int(word) for word in "1888 0 4238 10000 10000 10000 6223 10000 6223 10000 10000 1888 5762".split()]
PUBLIC_WEIGHTS += [5762, 10000, 1888, 0, 4238, 10000]


class BandwidthWeightsTests(SynchronousTestCase):
    """
    Computing bandwidth weights.
    """

    def test_public_network(self) -> None:
        """
        The weights of a real consensus come out again.
        """
        self.assertEqual(list(compute_bandwidth_weights(PUBLIC).items()), list(zip(NAMES, PUBLIC_WEIGHTS, strict=True)))

    def test_cases(self) -> None:
        """
        Each case of the specification, worked out by hand.
        """
        for totals, expected in [
            # 1: a third each; Wee = (E+G+M)/3E, Wmg = (2G-E-M)/3G
            (BandwidthTotals(400, 400, 100, 100), "Wgd 3333 Wed 3333 Wmd 3333 Wee 7500 Wme 2500 Wmg 2500 Wgg 7500"),
            # 2a: both scarce and so unequal that all of D goes to the smaller
            (BandwidthTotals(300, 100, 50, 550), "Wgg 10000 Wee 10000 Wmg 0 Wme 0 Wmd 0 Wed 10000 Wgd 0"),
            (BandwidthTotals(100, 300, 50, 550), "Wgg 10000 Wee 10000 Wmg 0 Wme 0 Wmd 0 Wed 0 Wgd 10000"),
            # 2b: both scarce, D shared
            (BandwidthTotals(300, 320, 380, 100), "Wgg 10000 Wee 3750 Wmg 0 Wme 6250 Wmd 1754 Wed 6491 Wgd 1754"),
            # 2b where a weight would be out of range: Wme = (G-M)/E < 0
            (BandwidthTotals(200, 200, 200, 400), "Wgg 10000 Wee 10000 Wmg 0 Wme 0 Wmd 0 Wed 6666 Wgd 3334"),
            # 3a: one so scarce that all of D goes to it
            (BandwidthTotals(100, 600, 100, 200), "Wgg 10000 Wgd 10000 Wmd 0 Wed 0 Wmg 0 Wme 3333 Wee 6667"),
            (BandwidthTotals(600, 100, 100, 200), "Wee 10000 Wed 10000 Wmd 0 Wgd 0 Wme 0 Wmg 3333 Wgg 6667"),
            (BandwidthTotals(100, 400, 100, 600), "Wgg 10000 Wgd 10000 Wmd 0 Wed 0 Wmg 0 Wme 0 Wee 10000"),
            # 3b: one scarce, D shared
            (BandwidthTotals(100, 500, 300, 100), "Wgg 10000 Wgd 7777 Wmg 0 Wee 6000 Wme 4000 Wmd 1111 Wed 1111"),
            (BandwidthTotals(500, 100, 300, 100), "Wee 10000 Wed 7777 Wme 0 Wgg 6000 Wmg 4000 Wmd 1111 Wgd 1111"),
        ]:
            words = expected.split()
            weights = compute_bandwidth_weights(totals)
            self.assertEqual([(name, str(weights[name])) for name in words[::2]], list(zip(words[::2], words[1::2], strict=True)))
            self.assertEqual(list(weights), NAMES)

    @given(st.tuples(*[st.integers(1, 10**8)] * 4), st.integers(1, 10**6))
    @settings(max_examples=150)
    def test_any_network(self, sums: tuple[int, int, int, int], scale: int) -> None:
        """
        Whatever the network, the weights that share a class add up to the scale, but for rounding.
        """
        weights = compute_bandwidth_weights(BandwidthTotals(*sums), scale)
        self.assertEqual(list(weights), NAMES)
        for total in ("Wgg Wmg", "Wee Wme", "Wgd Wed Wmd"):
            self.assertLessEqual(abs(sum(weights[name] for name in total.split()) - scale), 3)

    def test_totals(self) -> None:
        """
        Routers are added by class; a bad exit is no exit.
        """
        flags = ["Guard", "Exit", "Guard Exit", "Fast", "Exit BadExit", "Guard Exit BadExit"]
        entries = [entry(number, bandwidth=10**number, flags=text) for number, text in enumerate(flags)]
        totals = BandwidthTotals.of(map(RouterStatus.parse, entries))
        self.assertEqual(totals, (1 + 1 + 100000, 1 + 10, 1 + 100, 1 + 1000 + 10000))

    def test_positions(self) -> None:
        """
        How much a router counts for a position.
        """
        weights = compute_bandwidth_weights(PUBLIC)
        four = [RouterStatus.parse(entry(0, flags=text)) for text in ("Guard", "Exit", "Exit Guard", "Fast")]
        guard, exit_, _, _ = four
        self.assertEqual([weight_for(one, "guard", weights) for one in four], [0.5762, 0, 0.1888, 0.5762])
        self.assertEqual([weight_for(one, "middle", weights) for one in four], [0.4238, 0, 0.1888, 1])
        self.assertEqual([weight_for(one, "exit", weights) for one in four], [0.6223, 1, 0.6223, 1])
        self.assertEqual(weight_for(guard, "directory", weights), 0.4238)
        self.assertEqual(weight_for(exit_, "guard", {}), 1.0)
        self.assertEqual(weight_for(guard, "guard", weights | {"Wgd": -1}), 1.0)

    def test_refused(self) -> None:
        """
        Empty classes, a scale of nothing, and positions that are none.
        """
        self.assertRaises(InvalidArgument, compute_bandwidth_weights, BandwidthTotals(0, 1, 1, 1))
        self.assertRaises(InvalidArgument, compute_bandwidth_weights, PUBLIC, 0)
        self.assertRaises(InvalidArgument, weight_for, RouterStatus.parse(entry(0)), "last", {})
