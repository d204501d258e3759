# -*- test-case-name: txtor.test.balance.test_rings -*-
"""
The directories that a Tor in memory sees.
"""

from __future__ import annotations

import base64
from datetime import timedelta

from twisted.trial.unittest import SynchronousTestCase

from txtor.balance._rings import Rings, read_rings
from txtor.directory import Microdescriptor, make_consensus
from txtor.errors import DocumentUnavailable
from txtor.onion import HSDir, RingParameters
from txtor.test.balance.network import FRONT, MICRODESC_KEY, DirectoryTor, fingerprint, microdescriptor, status
from txtor.test.directory.statuses import authority
from txtor.test.onion.services import VALID_AFTER


class RingsTests(SynchronousTestCase):
    """
    `read_rings`.
    """

    def setUp(self) -> None:
        self.tor = DirectoryTor()

    def read(self) -> Rings:
        """
        Read, in as many turns of the reactor as it takes.
        """
        reading = read_rings(self.tor.clock, self.tor.controller)
        self.tor.clock.pump([0.0] * 20)
        found: Rings = self.successResultOf(reading)
        return found

    def test_read(self) -> None:
        """
        Every directory with its identity, both slots, and as many directories as the consensus wants.
        """
        value = base64.b64encode(b"\5" * 32).decode()
        parameters = "params hsdir_interval=600 hsdir_n_replicas=1 hsdir_spread_fetch=2 hsdir_spread_store=5"
        self.tor.see(lines=[parameters, f"shared-rand-current-value 3 {value}"])
        rings = self.read()
        identities = {fingerprint(each): Microdescriptor.parse(microdescriptor(each)).ed25519_master_key for each in range(12)}
        self.assertEqual({each.fingerprint: each.ed25519_identity for each in rings.relays}, identities)
        self.assertEqual((rings.valid_after, rings.parameters), (VALID_AFTER, RingParameters(1, 5, 2)))
        self.assertEqual(rings.slots.second.shared_random, b"\5" * 32)
        self.assertEqual(rings.slots.first.period.length, 600)
        storing = rings.storing(FRONT.address, rings.slots.for_clients)
        self.assertEqual((len(storing), rings.asked(FRONT.address)), (5, storing[:2]))
        self.assertNotEqual(rings.storing(FRONT.address, rings.slots.first), rings.storing(FRONT.address, rings.slots.second))

    def test_not_directories(self) -> None:
        """
        Relays without the flag, without a known identity, or whose identity the authorities do not agree on are on no ring.
        """
        entries = [status(0), status(1, "Guard"), status(2), status(3, "HSDir", "NoEdConsensus")]
        made = make_consensus(entries, [authority(0)], valid_after=VALID_AFTER, flavour="microdesc")
        self.tor.info[MICRODESC_KEY] = bytes(made)
        self.tor.info["md/all"] = b"".join(map(microdescriptor, (0, 1, 3)))
        self.assertEqual([each.fingerprint for each in self.read().relays], [fingerprint(0)])

    def test_test_network(self) -> None:
        """
        A Tor of a test network has short periods, as its Tors do.
        """
        self.tor.see(interval=timedelta(seconds=10), lines=["params hsdir_interval=600"])
        self.assertEqual(self.read().slots.first.period.length, 600)
        self.tor.configuration.types = {**self.tor.configuration.types, "TestingTorNetwork": "Boolean"}
        self.tor.configuration.change([("TestingTorNetwork", "1")], reset=False)
        self.assertEqual(self.read().slots.first.period.length, 4)

    def test_no_consensus(self) -> None:
        """
        A Tor that has none, or uses none of the flavour that lists microdescriptors, says so.
        """
        del self.tor.info[MICRODESC_KEY]
        self.failureResultOf(read_rings(self.tor.clock, self.tor.controller), DocumentUnavailable)

    def test_no_directories(self) -> None:
        """
        An empty ring has no directories.
        """
        rings = Rings(VALID_AFTER, self.read().slots, (), RingParameters())
        self.assertEqual((rings.asked(FRONT.address), rings.storing(FRONT.address, rings.slots.second)), ((), ()))
        alone = Rings(VALID_AFTER, self.read().slots, (HSDir("A" * 40, b"e" * 32),), RingParameters())
        self.assertEqual(alone.asked(FRONT.address), ("A" * 40,))
