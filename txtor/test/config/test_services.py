# -*- test-case-name: txtor.test.config.test_services -*-
"""
Tests of onion services as values.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from txtor.config import HiddenService, ServicePort, Target
from txtor.config._services import SERVICES_KIND, services_of
from txtor.errors import InvalidArgument, ProtocolViolation

NAMES = st.sampled_from(["HiddenServiceDir", "HiddenServicePort", "HiddenServiceMaxStreams", "HiddenServiceFuture"])
PAIRS = st.lists(st.tuples(NAMES, st.text(max_size=10)), max_size=10)


class HiddenServiceTests(SynchronousTestCase):
    """
    One service.
    """

    def test_making(self) -> None:
        """
        A service is made of a directory, ports in any form, and options.
        """
        service = HiddenService(
            Path("/a"),
            [80, "81 8081", (82, "127.0.0.1:8082"), (83, 8083), ServicePort(84, Target(path="/a b"))],
            {"HiddenServiceMaxStreams": 5, "HiddenServicePoWDefensesEnabled": True, "HiddenServiceFuture": ["x", "y"]},
        )
        self.assertEqual(service.ports, ("80", "81 8081", "82 127.0.0.1:8082", "83 8083", '84 unix:"/a b"'))
        self.assertEqual(service.pairs()[0], ("HiddenServiceDir", "/a"))
        self.assertEqual(service.get("hiddenservicepowdefensesenabled"), ("1",))
        self.assertEqual(service.get("HiddenServiceFuture"), ("x", "y"))
        self.assertEqual(service.get("HiddenServiceVersion"), ())

    def test_nonsense(self) -> None:
        """
        What is no service is refused when it is made.
        """
        make: Any = HiddenService
        arguments: tuple[Any, ...]
        for arguments in (
            ("",), ("/a\0", [80]), (5.5, [80]), ("/a", 80), ("/a", "80"), ("/a", [0]), ("/a", [None]), ("/a", [True]),
            ("/a", ["x"]), ("/a", [80], {"Nickname": "x"}), ("/a", [80], {"HiddenServiceDir": "/b"}), ("/a", [80], {"a b": 1}),
            ("/a", [80], {"HiddenServiceMaxStreams": {}}),
        ):
            self.assertRaises(InvalidArgument, make, *arguments)

    def test_changed(self) -> None:
        """
        Case 68: an option is changed in its place and everything else stays as it was.
        """
        (service,) = services_of(
            [
                ("HiddenServiceDir", "/a"), ("HiddenServiceFuture", "x"), ("HiddenServiceMaxStreams", "5"),
                ("HiddenServicePort", "80"), ("HiddenServiceFuture", "y"), ("HiddenServicePort", "81"),
            ]
        )
        changed = service.changed({"hiddenservicemaxstreams": 6})
        self.assertEqual(changed.lines, (*service.lines[:1], ("HiddenServiceMaxStreams", "6"), *service.lines[2:]))
        removed = service.changed({"HiddenServiceFuture": None, "HiddenServicePort": [82], "HiddenServiceNew": "z"})
        expected = (("HiddenServiceMaxStreams", "5"), ("HiddenServicePort", "82"), ("HiddenServiceNew", "z"))
        self.assertEqual(removed.lines, expected)
        self.assertRaises(InvalidArgument, service.changed, {"HiddenServicePort": "x"})
        self.assertEqual(service.changed({}), service)

    def test_checked(self) -> None:
        """
        What Tor would refuse without saying why: no port, and one directory twice.
        """
        self.assertRaises(InvalidArgument, SERVICES_KIND.write, "HiddenServices", [HiddenService("/a")])
        twice = [HiddenService("/a", [80]), HiddenService("/a/", [81])]
        self.assertRaises(InvalidArgument, SERVICES_KIND.write, "HiddenServices", twice)

    def test_stray_line(self) -> None:
        """
        A line before the first directory belongs to no service.
        """
        self.assertRaises(ProtocolViolation, services_of, [("HiddenServicePort", "80")])

    @settings(max_examples=100)
    @given(PAIRS)
    def test_round_trip(self, pairs: list[tuple[str, str]]) -> None:
        """
        Case 68: whatever lines there are, they come back in their order.
        """
        pairs = [("HiddenServiceDir", "/a"), *pairs]
        self.assertEqual([pair for service in services_of(pairs) for pair in service.pairs()], pairs)
        self.assertEqual(SERVICES_KIND.pairs("HiddenServices", SERVICES_KIND.read("HiddenServices", pairs)), pairs)
