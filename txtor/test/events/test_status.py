"""
Tests of status events, signals and clients seen.
"""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from txtor.events import (
    ClientsSeenEvent,
    NetworkLivenessEvent,
    SignalEvent,
    StatusClientEvent,
    StatusEvent,
    StatusGeneralEvent,
    StatusServerEvent,
    parse_event,
)

from .sample import utc


class StatusTests(SynchronousTestCase):
    """
    STATUS_GENERAL, STATUS_CLIENT, STATUS_SERVER.
    """

    def test_types(self) -> None:
        """
        Severity, action and arguments of each.
        """
        for name, event_class, text, arguments in (
            ("GENERAL", StatusGeneralEvent, "WARN CLOCK_JUMPED TIME=-3600 IDLE=0", {"TIME": "-3600", "IDLE": "0"}),
            ("CLIENT", StatusClientEvent, "NOTICE CONSENSUS_ARRIVED", {}),
            ("SERVER", StatusServerEvent, "NOTICE HIBERNATION_STATUS STATUS=SOFT", {"STATUS": "SOFT"}),
        ):
            event = parse_event(f"STATUS_{name}", text)
            self.assertIs(type(event), event_class)
            assert isinstance(event, StatusEvent)
            self.assertEqual([event.severity, event.action], text.split(" ")[:2])
            self.assertEqual(event.arguments, arguments)
            self.assertEqual(event.status_type, name)

    def test_bootstrap(self) -> None:
        """
        BOOTSTRAP as it goes well.
        """
        event = StatusClientEvent(
            'NOTICE BOOTSTRAP PROGRESS=45 TAG=requesting_descriptors SUMMARY="Asking for relay descriptors"'
        )
        self.assertEqual((event.action, event.progress, event.tag), ("BOOTSTRAP", 45, "requesting_descriptors"))
        self.assertEqual(event.summary, "Asking for relay descriptors")
        self.assertEqual((event.warning, event.reason, event.count, event.recommendation), (None,) * 4)

    def test_bootstrap_trouble(self) -> None:
        """
        BOOTSTRAP as it does not; the warning is quoted without escapes, and may hold quotes.
        """
        event = StatusClientEvent(
            'WARN BOOTSTRAP PROGRESS=5 TAG=conn SUMMARY="Connecting to a relay" WARNING="No route to "host", really" '
            'REASON=NOROUTE COUNT=3 RECOMMENDATION=warn HOSTID="D86DA3C398B53EDB95E6CC3E4178364DA4FF18DB" '
            'HOSTADDR="192.0.2.1:9001"'
        )
        self.assertEqual((event.severity, event.progress, event.summary), ("WARN", 5, "Connecting to a relay"))
        self.assertEqual((event.warning, event.reason, event.count), ('No route to "host", really', "NOROUTE", 3))
        self.assertEqual(event.recommendation, "warn")
        self.assertEqual((event.hostid, event.hostaddr), ("D86DA3C398B53EDB95E6CC3E4178364DA4FF18DB", "192.0.2.1:9001"))

    def test_quoted_twice(self) -> None:
        """
        What Tor quotes twice is had without either pair.
        """
        event = StatusClientEvent('WARN SOCKS_UNKNOWN_PROTOCOL DATA=""GET / HTTP\\r\\n"" MORE=1')
        self.assertEqual(event.arguments, {"DATA": "GET / HTTP\r\n", "MORE": "1"})


class OtherTests(SynchronousTestCase):
    """
    NETWORK_LIVENESS, SIGNAL, CLIENTS_SEEN.
    """

    def test_liveness(self) -> None:
        """
        NETWORK_LIVENESS.
        """
        self.assertEqual([NetworkLivenessEvent(text).status for text in ("UP", "DOWN", "")], ["UP", "DOWN", None])

    def test_signal(self) -> None:
        """
        SIGNAL.
        """
        self.assertEqual(SignalEvent("NEWNYM").signal, "NEWNYM")

    def test_clients_seen(self) -> None:
        """
        CLIENTS_SEEN: a time and two counts.
        """
        event = ClientsSeenEvent('TimeStarted="2026-11-22 12:00:00" CountrySummary=us=16,de=8,??=8 IPVersions=v4=16,v6=8')
        self.assertEqual(event.time_started, utc(2026, 11, 22, 12))
        self.assertEqual(event.country_summary, {"us": 16, "de": 8, "??": 8})
        self.assertEqual(event.ip_versions, {"v4": 16, "v6": 8})
        self.assertEqual(ClientsSeenEvent("CountrySummary=").country_summary, {})
