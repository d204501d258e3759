# -*- test-case-name: txtor.test.state.test_paths -*-
"""
Tests of choosing relays for a path.
"""

from __future__ import annotations

import base64
import random
from collections import Counter

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from txtor.directory import Relatives
from txtor.errors import Disconnected, InvalidArgument, TorRefused
from txtor.state import (
    PathRules,
    Router,
    TorState,
    among,
    between_percentiles,
    excluding,
    exits_to,
    has_flags,
    in_countries,
    lacks_flags,
)
from txtor.test.directory.documents import real
from txtor.test.directory.test_families import microdescriptor, name, network
from txtor.testing import FakeTor

ALL = "Exit Fast Guard Running Stable V2Dir Valid"


def relay(number: int, flags: str = ALL, bandwidth: int = 100, address: str | None = None, ports: str | None = None) -> str:
    """
    One relay of a made-up network.
    """
    identity = base64.b64encode(number.to_bytes(20, "big")).decode().rstrip("=")
    policy = f"p {ports}\n" if ports else ""
    where = address or f"10.{number}.0.1"
    return (
        f"r n{number} {identity} AAAAAAAAAAAAAAAAAAAAAAAAAAA 2038-01-01 00:00:00 {where} 9001 0\n"
        f"s {flags}\nw Bandwidth={bandwidth}\n{policy}"
    )


class PathCase(SynchronousTestCase):
    """
    A made-up network.
    """

    def network(self, *relays: str) -> TorState:
        """
        A picture of a network of some relays.
        """
        tor, clock = FakeTor(), Clock()
        tor.info["ns/all"] = "".join(relays)
        state: TorState = self.successResultOf(TorState.from_protocol(clock, tor.connect(clock)))
        return state

    def names(self, state: TorState, rules: PathRules) -> list[str]:
        """
        The nicknames of a path.
        """
        return [router.name for router in rules.choose(state.routers)]


class ConditionTests(PathCase):
    """
    Each condition by itself.
    """

    def test_conditions(self) -> None:
        """
        Flags, names, countries, ports and percentiles.
        """
        state = self.network(
            relay(1, bandwidth=10),
            relay(2, "Fast Running Valid", bandwidth=20),
            relay(3, "BadExit Exit Running Valid", bandwidth=30),
            relay(4, bandwidth=40, ports="accept 80,443"),
        )
        routers = list(state.routers.values())

        def those(condition: object) -> list[str]:
            return [router.name for router in routers if condition(router)]  # type: ignore[operator]  # it is one

        self.assertEqual(those(has_flags("Exit", "Fast")), ["n1", "n4"])
        self.assertEqual(those(lacks_flags("Exit")), ["n2"])
        self.assertEqual(those(exits_to(80)), ["n1", "n4"])
        self.assertEqual(those(exits_to(22)), ["n1"])
        self.assertEqual(those(among(["N1", routers[1], "$" + routers[2].fingerprint])), ["n1", "n2", "n3"])
        self.assertEqual(those(excluding(["n1"])), ["n2", "n3", "n4"])
        self.assertEqual(those(in_countries(["DE"], {"10.2.0.1": "de"})), ["n2"])
        self.assertEqual(those(between_percentiles(routers, 50, 100)), ["n3", "n4"])
        for low, high in ((50, 50), (-1, 3), (0, 101)):
            self.assertRaises(InvalidArgument, between_percentiles, routers, low, high)


class FamiliesTests(PathCase):
    """
    Asking Tor who is of one family with whom.
    """

    CONSENSUS = "dir/status-vote/current/consensus-microdesc"

    def setUp(self) -> None:
        lists = f"family ${name(1)} ${name(2)}\n"
        ids = "family-ids ed25519:x\n"
        texts = [microdescriptor(0), microdescriptor(1, lists), microdescriptor(2, lists + ids), microdescriptor(3, ids)]
        self.consensus, self.microdescriptors = (each.decode() for each in network(texts))
        self.tor, self.clock = FakeTor(), Clock()
        self.tor.info["ns/all"] = "".join(relay(number) for number in range(6))
        self.state: TorState = self.successResultOf(TorState.from_protocol(self.clock, self.tor.connect(self.clock)))

    def families(self) -> Relatives:
        """
        What Tor is asked for.
        """
        asking = self.state.routers.families()
        self.clock.pump([0] * 50)
        return self.successResultOf(asking)

    def test_microdescriptors(self) -> None:
        """
        By the consensus and microdescriptors; paths by rules keep relatives apart.
        """
        self.tor.info.update({self.CONSENSUS: self.consensus, "md/all": self.microdescriptors})
        families = self.families()
        self.assertEqual(families, {name(1): {name(2)}, name(2): {name(1), name(3)}, name(3): {name(2)}})
        rules = PathRules(families=families, everywhere=[among(["n1", "n2", "n3", "n4"])])
        for _ in range(30):
            self.assertNotIn("n2", self.names(self.state, rules))
        state = self.network(relay(1), relay(2), relay(3))
        self.assertRaises(InvalidArgument, PathRules(families=families).choose, state.routers)

    def test_descriptors(self) -> None:
        """
        A Tor that goes by server descriptors is asked for those.
        """
        self.tor.info["desc/all-recent"] = real("server-descriptors").decode()
        one, other = "B951BAA7AC60D6A31D82E64C5EE37716A93A1A0C", "BD621CBE30E34194CEC99418088E4AABF79C1500"
        self.assertEqual(self.families(), {one: {other}, other: {one}})

    def test_nothing(self) -> None:
        """
        A Tor that has neither says so: that nobody has a family is another thing than that nothing is known.
        """
        self.failureResultOf(self.state.routers.families(), TorRefused)
        self.tor.info["desc/all-recent"] = ""
        self.failureResultOf(self.state.routers.families(), TorRefused)
        self.tor.info.update({self.CONSENSUS: self.consensus, "md/all": ""})
        self.assertEqual(self.families(), {})
        self.tor.drop()
        self.failureResultOf(self.state.routers.families(), Disconnected)


class PathTests(PathCase):
    """
    Whole paths.
    """

    def test_usual(self) -> None:
        """
        A guard, a middle, an exit for the port; no relay twice; the same for the same random source.
        """
        state = self.network(*(relay(n, ALL if n % 2 else "Fast Running Valid") for n in range(1, 12)))
        for seed in range(40):
            path = PathRules(exit_port=80, chance=random.Random(seed)).choose(state.routers)
            self.assertEqual(len({router.identity for router in path}), 3)
            self.assertIn("Guard", path[0].flags)
            self.assertIn("Exit", path[2].flags)
            again = PathRules(exit_port=80, chance=random.Random(seed)).choose(state.routers)
            self.assertEqual(path, again)

    def test_subnets(self) -> None:
        """
        No two hops of one /16, unless that is allowed.
        """
        near = [relay(n, address=f"10.0.{n}.1") for n in range(1, 4)]
        state = self.network(*near)
        error = self.assertRaises(InvalidArgument, PathRules().choose, state.routers)
        self.assertIn("No relay fits hop", str(error))
        self.assertEqual(len(PathRules(distinct_subnets=False).choose(state.routers)), 3)

    def test_families(self) -> None:
        """
        Two relays that both say so are one family; one that says so alone is not.
        """
        state = self.network(relay(1), relay(2), relay(3, "Running Valid"))
        first, second, _ = (router.fingerprint for router in state.routers.values())
        both = {first: {second}, second: {first}}
        rules = PathRules(length=2, guard=False, families=both, conditions={0: [among(["n1"])], 1: [lacks_flags("Nothing")]})
        for _ in range(20):
            self.assertEqual(self.names(state, rules), ["n1", "n3"])
        alone = PathRules(2, guard=False, weighted=False, families={first: {second}}, conditions={0: [among(["n1"])]})
        self.assertIn(["n1", "n2"], [self.names(state, alone) for _ in range(60)])

    def test_subnets_of_ipv6(self) -> None:
        """
        No two hops of one IPv6 /32 either.
        """
        first, second, third = relay(1), relay(2), relay(3)
        near = [text.replace("\ns ", f"\na [2001:db8:{place}::1]:9001\ns ", 1) for place, text in enumerate((first, second))]
        state = self.network(*near, third)
        for _ in range(20):
            self.assertIn("n3", self.names(state, PathRules(length=2)))

    def test_the_only_one(self) -> None:
        """
        One that is hardly ever drawn is found where no other may stand.
        """
        many = [relay(number, bandwidth=10**6, address=f"10.0.0.{number}") for number in range(1, 60)]
        state = self.network(*many, relay(99, bandwidth=1, address="192.0.2.1"))
        rules = PathRules(length=2, guard=False, conditions={0: [excluding(["n99"])]})
        for _ in range(5):
            self.assertEqual(self.names(state, rules)[1], "n99")

    def test_slices(self) -> None:
        """
        Out of many relays a path is chosen in slices, and anew when a consensus comes meanwhile.
        """
        tor, clock = FakeTor(), Clock()
        tor.info["ns/all"] = "".join(relay(number, address=f"10.{number % 256}.0.1") for number in range(1500))
        following = TorState.from_protocol(clock, tor.connect(clock))
        clock.pump([0] * 100)
        state: TorState = self.successResultOf(following)
        looked: list[Router] = []
        rules = PathRules(length=2, everywhere=[lambda router: not looked.append(router)])  # type: ignore[func-returns-value]
        building = state.build_circuit(rules)
        self.assertNoResult(building)
        self.assertTrue(0 < len(looked) < 1500)
        tor.emit("NEWCONSENSUS", data="".join(relay(n, address=f"10.{n - 2000}.0.1") for n in range(2000, 2003)).encode())
        tor.network.relays.update({name(n): f"n{n}" for n in range(2000, 2003)})
        clock.pump([0] * 100)
        circuit = self.successResultOf(building)
        self.assertEqual({router.nickname for router in looked[-3:]}, {"n2000", "n2001", "n2002"})
        self.assertLessEqual({router.nickname for router in circuit.path}, {"n2000", "n2001", "n2002"})
        self.assertEqual(len(state.routers), 3)

    def test_conditions_by_hop(self) -> None:
        """
        Conditions on one hop, counted from the front or the back, and on all.
        """
        state = self.network(*(relay(n) for n in range(1, 8)))
        conditions = {0: [among(["n1"])], 1: [among(["n2", "n1"])], -1: [among(["n7"])]}
        rules = PathRules(length=4, conditions=conditions, everywhere=[excluding(["n3"])])
        path = self.names(state, rules)
        self.assertEqual((path[0], path[1], path[3]), ("n1", "n2", "n7"))
        self.assertNotIn("n3", path)

    def test_weights(self) -> None:
        """
        A relay of ten times the bandwidth is chosen about ten times as often; unweighted, as often as any.
        """
        relays = [relay(n, "Running Valid", 1000 if n == 1 else 100) for n in range(1, 11)]
        state = self.network(*relays)
        chance = random.Random(5)
        weighted = Counter(self.names(state, PathRules(1, guard=False, chance=chance))[0] for _ in range(1900))
        self.assertApproximates(weighted["n1"], 1000, 120)
        plain = Counter(self.names(state, PathRules(1, guard=False, weighted=False, chance=chance))[0] for _ in range(1000))
        self.assertApproximates(plain["n1"], 100, 50)

    def test_one_exit(self) -> None:
        """
        The last hop is chosen first, so the only exit is not spent as a guard.
        """
        state = self.network(relay(1), *(relay(n, "Guard Running V2Dir Valid") for n in range(2, 5)))
        for _ in range(20):
            self.assertEqual(self.names(state, PathRules(exit_port=443))[-1], "n1")

    def test_wrong_rules(self) -> None:
        """
        Rules that cannot be meant are refused when they are made.
        """
        for length in (0, 9, -1):
            self.assertRaises(InvalidArgument, PathRules, length)
        self.assertRaises(InvalidArgument, PathRules, 3, conditions={3: []})
        self.assertRaises(InvalidArgument, PathRules, 3, exit_port=0)

    def test_no_weights(self) -> None:
        """
        Relays without bandwidth are all equal.
        """
        state = self.network(*(relay(n, bandwidth=0) for n in range(1, 5)))
        self.assertEqual(len(self.names(state, PathRules())), 3)

    def test_build(self) -> None:
        """
        A circuit is built by rules; when nothing fits, nothing is sent.
        """
        tor, clock = FakeTor(), Clock()
        tor.info["ns/all"] = "".join(relay(n) for n in range(1, 6))
        tor.network.relays = {number.to_bytes(20, "big").hex().upper(): f"n{number}" for number in range(1, 6)}
        state: TorState = self.successResultOf(TorState.from_protocol(clock, tor.connect(clock)))
        circuit = self.successResultOf(state.build_circuit(PathRules(exit_port=80)))
        self.assertEqual(len(circuit.path), 3)
        sent = len(tor.received)
        self.failureResultOf(state.build_circuit(PathRules(conditions={0: [among(["nobody"])]})), InvalidArgument)
        self.assertEqual(len(tor.received), sent)


NETS = st.integers(0, 3)


class AnyRulesTests(PathCase):
    """
    Whatever the network and the rules.
    """

    @given(
        st.lists(st.tuples(st.sampled_from([ALL, "Running Valid", "Guard Running V2Dir Valid", "Fast"]), NETS), max_size=9),
        st.integers(1, 4),
        st.booleans(),
        st.integers(0, 1 << 30),
    )
    @settings(max_examples=60)
    def test_any(self, relays: list[tuple[str, int]], length: int, subnets: bool, seed: int) -> None:
        """
        A path that keeps the rules, or the one declared error.
        """
        state = self.network(*(relay(n, flags, address=f"10.{net}.{n}.1") for n, (flags, net) in enumerate(relays, 1)))
        rules = PathRules(length, distinct_subnets=subnets, chance=random.Random(seed))
        try:
            path: list[Router] = rules.choose(state.routers)
        except InvalidArgument:
            return
        self.assertEqual(len({router.identity for router in path}), length)
        self.assertTrue(all({"Running", "Valid"} <= router.flags for router in path))
        if subnets:
            self.assertEqual(len({(router.address or "").split(".")[1] for router in path}), length)
