# -*- test-case-name: txtor.test.onion.test_listing -*-
"""
Which services there are, on a Tor in memory.
"""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from txtor import Tor
from txtor.errors import Disconnected, ProtocolViolation
from txtor.test.onion.services import OnionTor


class ListingTests(SynchronousTestCase):
    """
    Two connections to one Tor.
    """

    def setUp(self) -> None:
        self.tor = OnionTor()
        self.other = Tor(self.tor.clock, self.tor.connect(self.tor.clock))

    def test_listed(self) -> None:
        """
        The connection's own and those that are detached, and none of another connection.
        """
        self.assertEqual(self.successResultOf(self.other.onion_services()), ())
        made = {
            name: self.successResultOf(tor.create_onion_service([80], wait="none", detach=detach))
            for name, tor, detach in (
                ("own", self.other, None), ("theirs", self.tor.controller, None), ("detached", self.tor.controller, True)
            )
        }  # fmt: skip
        listed = {each.hostname: each for each in self.successResultOf(self.other.onion_services())}
        self.assertEqual(
            {name: each.detached for name, each in listed.items()},
            {made["own"].hostname: False, made["detached"].hostname: True},
        )
        self.assertIn(made["own"].hostname.removesuffix(".onion"), repr(listed[made["own"].hostname]))

    def test_removed(self) -> None:
        """
        One that is detached is removed over another connection; that it has gone already is no error.
        """
        service = self.successResultOf(self.tor.controller.create_onion_service([80], wait="none", detach=True))
        (listed,) = self.successResultOf(self.other.onion_services())
        self.successResultOf(listed.remove())
        self.assertEqual(self.tor.onions, [])
        self.successResultOf(listed.remove())
        self.successResultOf(service.remove())
        self.tor.drop()
        self.failureResultOf(listed.remove(), Disconnected)

    def test_nonsense(self) -> None:
        """
        A Tor that tells what is no address is not understood.
        """
        self.tor.info["onions/detached"] = "x"
        self.failureResultOf(self.other.onion_services(), ProtocolViolation)
