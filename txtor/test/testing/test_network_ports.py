# -*- test-case-name: txtor.test.testing.test_network_ports -*-
"""
Ports on loopback that are held until they are used.
"""

from __future__ import annotations

import socket

from twisted.trial.unittest import SynchronousTestCase

from txtor.testing._network_ports import HeldPorts, hold


class HeldPortsTests(SynchronousTestCase):
    """
    `HeldPorts`.
    """

    def test_distinct_and_ours(self) -> None:
        """
        All numbers differ, and nobody else can bind one, even with SO_REUSEADDR, before they are released.
        """
        held = HeldPorts([None] * 50)
        self.addCleanup(held.release)
        self.assertEqual(len(set(held.ports)), 50)
        for port in held.ports:
            self.assertIsNone(hold(port))

    def test_below_outgoing_ports(self) -> None:
        """
        No port is one that a system gives to outgoing connections.
        """
        held = HeldPorts([None] * 20)
        self.addCleanup(held.release)
        self.assertTrue(all(1024 <= port < 32768 for port in held.ports))

    def test_released(self) -> None:
        """
        Released ports can be bound at once.
        """
        held = HeldPorts([None])
        held.release()
        again = hold(held.ports[0])
        assert again is not None
        again.close()

    def test_wishes(self) -> None:
        """
        A port that is free is had again; one that is taken is replaced by another.
        """
        before = HeldPorts([None, None])
        self.addCleanup(before.release)
        free, taken = before.ports
        before.release()
        with socket.socket() as other:
            other.bind(("127.0.0.1", taken))
            other.listen()
            held = HeldPorts([free, taken])
            self.addCleanup(held.release)
        self.assertEqual(held.ports[0], free)
        self.assertNotIn(held.ports[1], (free, taken))
