# -*- test-case-name: txtor.test.onion.test_moment -*-
"""
What time it is for a Tor in memory.
"""

from __future__ import annotations

import base64
from datetime import datetime, timezone

from twisted.internet.defer import Deferred
from twisted.trial.unittest import SynchronousTestCase

from txtor.errors import Disconnected, ProtocolViolation, UnrecognizedEntity
from txtor.onion import OnionTiming, TimePeriod, descriptor_slots
from txtor.onion._moment import NetworkMoment, network_moment
from txtor.test.onion.services import VALID_AFTER, OnionTor

NOW = datetime(2026, 1, 1, tzinfo=timezone.utc)


class MomentTests(SynchronousTestCase):
    """
    The consensus, where there is one.
    """

    def setUp(self) -> None:
        self.tor = OnionTor()
        self.protocol = self.tor.controller.protocol

    def moment(self) -> Deferred[NetworkMoment]:
        """
        Ask.
        """
        return Deferred.fromCoroutine(network_moment(self.protocol, lambda: NOW))

    def test_public(self) -> None:
        """
        On the public network a period is a day.
        """
        moment = self.successResultOf(self.moment())
        self.assertEqual((moment.valid_after, moment.timing), (VALID_AFTER, OnionTiming()))
        self.assertEqual(moment.period, TimePeriod(20781, 1440))

    def test_test_network(self) -> None:
        """
        On a test network it is 24 voting intervals.
        """
        self.tor.configuration.types["TestingTorNetwork"] = "Boolean"
        self.tor.configuration._values["TestingTorNetwork"] = ["1"]
        self.tor.info["consensus/fresh-until"] = "2026-11-24 12:00:10"
        self.assertEqual(self.successResultOf(self.moment()).timing, OnionTiming(4, 10, 0))

    def test_no_consensus(self) -> None:
        """
        Without a consensus the clock has to do; the slots of descriptors cannot be known.
        """
        self.tor.info.clear()
        self.assertEqual(self.successResultOf(self.moment()).valid_after, NOW)
        self.failureResultOf(self.tor.controller.onion_descriptor_slots(), UnrecognizedEntity)

    def test_nonsense(self) -> None:
        """
        What is no time, and an end before the beginning, is the peer's mistake; a lost connection is told as such.
        """
        for valid_after in ("", "soon", "2026-13-01 00:00:00", "2026-11-24 14:00:00", "1969-01-01 00:00:00"):
            self.tor.info["consensus/valid-after"] = valid_after
            self.failureResultOf(self.moment(), ProtocolViolation)
        self.tor.drop()
        self.failureResultOf(self.moment(), Disconnected)

    def test_slots(self) -> None:
        """
        The slots of descriptors follow from the time and the shared random values, of which Tor may have none.
        """
        values = (b"p" * 32, b"c" * 32)
        for previous, current in (values, (None, None)):
            self.tor.info["sr/previous"] = base64.b64encode(previous or b"")
            self.tor.info["sr/current"] = base64.b64encode(current or b"")
            slots = self.successResultOf(self.tor.controller.onion_descriptor_slots())
            self.assertEqual(slots, descriptor_slots(VALID_AFTER, previous, current))
        for nonsense in ("x", base64.b64encode(b"short").decode()):
            self.tor.info["sr/current"] = nonsense
            self.failureResultOf(self.tor.controller.onion_descriptor_slots(), ProtocolViolation)
