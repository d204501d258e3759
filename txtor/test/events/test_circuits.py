"""
Tests of events about circuits, and what they are built over.
"""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from txtor.events import (
    BuildTimeoutSetEvent,
    CircuitEvent,
    CircuitMinorEvent,
    CircuitStatus,
    GuardEvent,
    ORConnEvent,
    ProofOfWork,
)
from txtor.grammar import RouterName

from .sample import utc

ONE = "$D86DA3C398B53EDB95E6CC3E4178364DA4FF18DB~auth002"
TWO = "$72EDA8C71A96ECF02ACEF0013C1383EEBDF71671"
ONION = "6lhwsu4rkjtx7fj6q53ehja2rsq2quxg6e5ejl6zuxldbbau2k65cdid"


class CircuitTests(SynchronousTestCase):
    """
    CIRC.
    """

    def test_all(self) -> None:
        """
        Every attribute that a circuit can have.
        """
        event = CircuitEvent(
            f"16 CLOSED {ONE},{TWO} BUILD_FLAGS=IS_INTERNAL,NEED_UPTIME PURPOSE=HS_CLIENT_REND HS_STATE=HSCR_JOINED "
            f'REND_QUERY={ONION} TIME_CREATED=2026-11-22T12:58:25.704529 SOCKS_USERNAME="a b" SOCKS_PASSWORD="c\\"d" '
            "REASON=DESTROYED REMOTE_REASON=FINISHED"
        )
        self.assertEqual((event.id, event.status), ("16", "CLOSED"))
        self.assertEqual(
            event.path,
            (
                RouterName("D86DA3C398B53EDB95E6CC3E4178364DA4FF18DB", "auth002"),
                RouterName("72EDA8C71A96ECF02ACEF0013C1383EEBDF71671", None),
            ),
        )
        self.assertEqual(event.build_flags, ("IS_INTERNAL", "NEED_UPTIME"))
        self.assertEqual((event.purpose, event.hs_state, event.rend_query), ("HS_CLIENT_REND", "HSCR_JOINED", ONION))
        self.assertEqual(event.time_created, utc(2026, 11, 22, 12, 58, 25, 704529))
        self.assertEqual((event.reason, event.remote_reason), ("DESTROYED", "FINISHED"))
        self.assertEqual((event.socks_username, event.socks_password), ("a b", 'c"d'))
        self.assertEqual((event.hs_pow, event.conflux_id, event.conflux_rtt), (None, None, None))

    def test_new_keywords(self) -> None:
        """
        Case 48: proof of work and conflux.
        """
        event = CircuitEvent(f"7 BUILT {ONE} PURPOSE=CONFLUX_LINKED HS_POW=v1,25 CONFLUX_ID={'AB' * 16} CONFLUX_RTT=4123")
        self.assertEqual(event.hs_pow, ProofOfWork("v1", 25))
        self.assertEqual((event.conflux_id, event.conflux_rtt), ("AB" * 16, 4123))
        self.assertEqual(CircuitEvent("7 BUILT HS_POW=v2").hs_pow, ProofOfWork("v2", None))

    def test_no_path(self) -> None:
        """
        While a circuit has no path, the third word is a key already.
        """
        event = CircuitEvent("55 LAUNCHED BUILD_FLAGS=NEED_UPTIME PURPOSE=GENERAL")
        self.assertEqual((event.path, event.build_flags, event.purpose), ((), ("NEED_UPTIME",), "GENERAL"))

    def test_old_names(self) -> None:
        """
        Tors before 0.2.2 join fingerprint and nickname by an equals sign where the relay is Named.
        """
        event = CircuitEvent(f"1 EXTENDED {TWO}=moria,{ONE} PURPOSE=GENERAL")
        self.assertEqual([name.nickname for name in event.path], ["moria", "auth002"])
        self.assertEqual(event.purpose, "GENERAL")

    def test_guard_wait(self) -> None:
        """
        Case 41: a status that only circuit-status tells.
        """
        self.assertEqual(CircuitEvent(f"5 GUARD_WAIT {ONE} PURPOSE=GENERAL").status, CircuitStatus.GUARD_WAIT)

    def test_identifiers(self) -> None:
        """
        Identifiers are text, as the specification allows letters in them.
        """
        self.assertEqual(CircuitEvent("aZ0123456789abcd BUILT").id, "aZ0123456789abcd")

    def test_broken_values(self) -> None:
        """
        Case 40: what cannot be read is None, and its text stays.
        """
        event = CircuitEvent("5 BUILT $BROKEN TIME_CREATED=yesterday CONFLUX_RTT=fast")
        self.assertEqual((event.time_created, event.conflux_rtt), (None, None))
        self.assertEqual(event.keywords, {"TIME_CREATED": "yesterday", "CONFLUX_RTT": "fast"})
        self.assertEqual(event.path, (RouterName(None, "$BROKEN"),))


class CircuitMinorTests(SynchronousTestCase):
    """
    CIRC_MINOR.
    """

    def test_purpose_changed(self) -> None:
        """
        A new purpose, the old one, and the same description as CIRC has, with quoted names of users (case 42).
        """
        event = CircuitMinorEvent(
            f"60 PURPOSE_CHANGED {ONE} PURPOSE=HS_SERVICE_REND HS_STATE=HSSR_CONNECTING TIME_CREATED=2026-11-22T12:58:25.704529 "
            'SOCKS_USERNAME="a b OLD_PURPOSE=EVIL" OLD_PURPOSE=HS_VANGUARDS OLD_HS_STATE=HSSI_CONNECTING'
        )
        self.assertEqual((event.id, event.event, event.purpose), ("60", "PURPOSE_CHANGED", "HS_SERVICE_REND"))
        self.assertEqual((event.old_purpose, event.old_hs_state), ("HS_VANGUARDS", "HSSI_CONNECTING"))
        self.assertIsNone(event.old_time_created)
        self.assertEqual(event.socks_username, "a b OLD_PURPOSE=EVIL")

    def test_cannibalized(self) -> None:
        """
        A circuit that is used anew has a new time and tells the old one.
        """
        event = CircuitMinorEvent(f"9 CANNIBALIZED {ONE} OLD_PURPOSE=GENERAL OLD_TIME_CREATED=2026-11-22T12:00:00.000000")
        self.assertEqual((event.event, event.old_time_created), ("CANNIBALIZED", utc(2026, 11, 22, 12)))


class ORConnTests(SynchronousTestCase):
    """
    ORCONN.
    """

    def test_relay(self) -> None:
        """
        The target is a relay.
        """
        event = ORConnEvent(f"{ONE} CLOSED REASON=IOERROR NCIRCS=2 ID=17")
        self.assertEqual(event.router, RouterName("D86DA3C398B53EDB95E6CC3E4178364DA4FF18DB", "auth002"))
        self.assertEqual((event.target, event.address, event.port), (ONE, None, None))
        self.assertEqual((event.status, event.reason, event.num_circuits, event.id), ("CLOSED", "IOERROR", 2, "17"))

    def test_address(self) -> None:
        """
        The target is an address while the relay is not known.
        """
        for target, address in (("192.0.2.7:9001", "192.0.2.7"), ("[2001:db8::7]:9001", "2001:db8::7")):
            event = ORConnEvent(f"{target} LAUNCHED ID=3")
            self.assertEqual((event.target, event.router), (target, None))
            self.assertEqual((event.address, event.port), (address, 9001))
            self.assertEqual((event.reason, event.num_circuits), (None, None))


class GuardTests(SynchronousTestCase):
    """
    GUARD.
    """

    def test_guard(self) -> None:
        """
        A guard of the second layer, as vanguards have it.
        """
        event = GuardEvent(f"ENTRY {ONE} GOOD_L2")
        self.assertEqual((event.guard_type, event.status), ("ENTRY", "GOOD_L2"))
        self.assertEqual(event.router, RouterName("D86DA3C398B53EDB95E6CC3E4178364DA4FF18DB", "auth002"))


class BuildTimeoutSetTests(SynchronousTestCase):
    """
    BUILDTIMEOUT_SET.
    """

    def test_all(self) -> None:
        """
        Integers and shares.
        """
        event = BuildTimeoutSetEvent(
            "COMPUTED TOTAL_TIMES=124 TIMEOUT_MS=9019 XM=1375 ALPHA=0.855662 CUTOFF_QUANTILE=0.800000 TIMEOUT_RATE=0.137097 "
            "CLOSE_MS=21850 CLOSE_RATE=0.072581"
        )
        self.assertEqual((event.set_type, event.total_times, event.timeout_ms, event.xm), ("COMPUTED", 124, 9019, 1375))
        self.assertEqual((event.alpha, event.cutoff_quantile, event.timeout_rate), (0.855662, 0.8, 0.137097))
        self.assertEqual((event.close_ms, event.close_rate), (21850, 0.072581))
