# -*- test-case-name: txtor.test.commands.test_info_values -*-
"""
Tests of the types of GETINFO's values, on what tor 0.4.9 told.
"""

from __future__ import annotations

import ipaddress
from datetime import datetime, timezone
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from txtor.commands import AddressMapping, ConfigDefault, ConfigName, EntryGuard, InfoName, ReadWritten, parse_info
from txtor.errors import ProtocolViolation
from txtor.grammar import RouterName

FINGERPRINT = "8A9F41D8B4FD9A8C0B8FA5E6EC6C4F3FC1C0C5B1"
TIME = datetime(2026, 11, 22, 14, 49, 32, tzinfo=timezone.utc)


class ValueTests(SynchronousTestCase):
    """
    Each kind of value, good and bad.
    """

    def assert_values(self, key: str, values: dict[str, Any], wrong: list[str]) -> None:
        """
        Some texts are these values; some are none.
        """
        for text, value in values.items():
            found = parse_info(key, text)
            self.assertEqual(found, value)
            self.assertIs(type(found), type(value))
        for text in wrong:
            self.assertRaises(ProtocolViolation, parse_info, key, text)

    def test_truth(self) -> None:
        """
        0 and 1.
        """
        self.assert_values("dormant", {"0": False, "1": True}, ["", "2", "true", "01", " 1"])

    def test_numbers(self) -> None:
        """
        Whole numbers, also below zero, and nothing else that Python would take for one.
        """
        values = {"0": 0, "-1": -1, "12345678901": 12345678901}
        self.assert_values("process/uid", values, ["", "-", "1.0", "1_0", " 1", "٣", "9" * 21, "--1"])

    def test_pairs(self) -> None:
        """
        Two numbers, and many pairs.
        """
        self.assert_values("accounting/bytes", {"1 2": ReadWritten(1, 2)}, ["", "1", "1 2 3", "1,2"])
        pairs = {"": [], "1,2 3,4": [ReadWritten(1, 2), ReadWritten(3, 4)]}
        self.assert_values("bw-event-cache", pairs, ["1", "1,2,3", "a,b"])

    def test_times(self) -> None:
        """
        Times are aware and in UTC, but for the one whose zone Tor does not tell.
        """
        self.assert_values("accounting/interval-end", {"2026-11-22 14:49:32": TIME}, ["", "2026-13-22 14:49:32", "now"])
        self.assert_values("consensus/valid-after", {"2026-11-22 14:49:32": TIME, "": None}, ["2026-13-22 14:49:32", "now"])
        self.assert_values("current-time/utc", {"2026-11-22T14:49:32": TIME}, [""])
        self.assert_values("current-time/local", {"2026-11-22T14:49:32": TIME.replace(tzinfo=None)}, [""])

    def test_addresses(self) -> None:
        """
        IP addresses of both versions.
        """
        values = {"127.0.0.1": ipaddress.IPv4Address("127.0.0.1"), "::1": ipaddress.IPv6Address("::1")}
        self.assert_values("address", values, ["", "a.example", "1"])

    def test_lists(self) -> None:
        """
        Words, lines, items with commas, quoted strings; nothing is an empty list.
        """
        self.assert_values("events/names", {"CIRC BW": ["CIRC", "BW"], "": []}, [])
        self.assert_values("onions/current", {"a\nb": ["a", "b"], "a": ["a"], "": []}, [])
        self.assert_values("status/version/recommended", {"0.4.8.1,0.4.9.1": ["0.4.8.1", "0.4.9.1"], "": []}, [])
        values = {'"127.0.0.1:9050" "unix:/a b/s"': ["127.0.0.1:9050", "unix:/a b/s"], "": []}
        self.assert_values("net/listeners/socks", values, ['"a', 'a"b'])

    def test_tables_of_names(self) -> None:
        """
        Options, their defaults, and keys of GETINFO.
        """
        names = [ConfigName("A", "Boolean"), ConfigName("B", "LineList")]
        values: dict[str, Any] = {"A Boolean\nB LineList more words": names, "": []}
        self.assert_values("config/names", values, ["A", "A Boolean\nB"])
        values = {'A "0"\nA "x\\n"': [ConfigDefault("A", "0"), ConfigDefault("A", "x\n")], "": []}
        self.assert_values("config/defaults", values, ["A", "A 0", 'A "'])
        values = {"a/* -- Words -- more.\nb": [InfoName("a/*", "Words -- more."), InfoName("b", "")]}
        self.assert_values("info/names", values, [])

    def test_guards(self) -> None:
        """
        With a time where there is one.
        """
        relay = RouterName(FINGERPRINT, "nick")
        self.assert_values(
            "entry-guards",
            {
                f"${FINGERPRINT}~nick up\n${FINGERPRINT} down 2026-11-22 14:49:32\n": [
                    EntryGuard(relay, "up", None),
                    EntryGuard(RouterName(FINGERPRINT, None), "down", TIME),
                ],
                f"${FINGERPRINT}~nick never-connected": [EntryGuard(relay, "never-connected", None)],
            },
            ["$1 up", f"${FINGERPRINT}", f"${FINGERPRINT} down yesterday"],
        )

    def test_mappings(self) -> None:
        """
        For ever, or until a time; an address may be empty.
        """
        self.assert_values(
            "address-mappings/all",
            {
                'a.example 127.0.0.1 "2026-11-22 14:49:32"\n*.x *.y NEVER\na  NEVER': [
                    AddressMapping("a.example", "127.0.0.1", TIME),
                    AddressMapping("*.x", "*.y"),
                    AddressMapping("a", ""),
                ],
                "": [],
            },
            ["a b", "a b never", 'a b "x"', "a b c NEVER"],
        )

    def test_downloads(self) -> None:
        """
        Numbers and times where they are known, and text.
        """
        text = "next-attempt-at 2026-11-22 14:49:32\nn-download-failures 0\nschedule DL_SCHED_GENERIC\nnew a b"
        value = {"next-attempt-at": TIME, "n-download-failures": 0, "schedule": "DL_SCHED_GENERIC", "new": "a b"}
        wrong = ["schedule", "n-download-failures x", "next-attempt-at x"]
        self.assert_values("downloads/networkstatus/ns", {text: value}, wrong)

    def test_reachability(self) -> None:
        """
        By port.
        """
        self.assert_values("status/reachability-succeeded", {"OR=1 DIR=0": {"OR": True, "DIR": False}}, ["OR", "OR=x"])

    def test_events(self) -> None:
        """
        What is written as events are is read as events.
        """
        circuits = parse_info("circuit-status", f"5 BUILT ${FINGERPRINT}~nick PURPOSE=GENERAL\n6 LAUNCHED PURPOSE=TESTING")
        self.assertEqual([(circuit.id, circuit.status, circuit.purpose) for circuit in circuits],
                         [("5", "BUILT", "GENERAL"), ("6", "LAUNCHED", "TESTING")])  # fmt: skip
        self.assertEqual(parse_info("circuit-status", ""), [])
        (stream,) = parse_info("stream-status", "7 SENTCONNECT 5 a.example:80")
        self.assertEqual((stream.id, stream.status, stream.target), ("7", "SENTCONNECT", "a.example:80"))
        (connection,) = parse_info("orconn-status", f"${FINGERPRINT}~nick CONNECTED")
        self.assertEqual(connection.status, "CONNECTED")
        phase = parse_info("status/bootstrap-phase", 'NOTICE BOOTSTRAP PROGRESS=100 TAG=done SUMMARY="Done"')
        self.assertEqual((phase.action, phase.arguments["PROGRESS"], phase.arguments["SUMMARY"]), ("BOOTSTRAP", "100", "Done"))
        text = 'TimeStarted="2026-11-22 14:49:32" CountrySummary=us=16,de=8 IPVersions=v4=16,v6=8'
        seen = parse_info("status/clients-seen", text)
        self.assertEqual(seen.keywords["CountrySummary"], "us=16,de=8")
