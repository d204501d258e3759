# -*- test-case-name: txtor.test.testing.test_fake_config -*-
"""
Tests of the configuration of a `FakeTor`: the same on a real Tor is in ``txtor.test.config.test_on_tor``.
"""

from __future__ import annotations

from typing import Any

from twisted.internet.defer import Deferred
from twisted.trial.unittest import SynchronousTestCase

from txtor.commands import GetConfGroup, SetConf
from txtor.errors import InvalidConfigurationValue, UnrecognizedArgument, UnrecognizedEntity
from txtor.events import ConfChangedEvent
from txtor.testing import FakeTor

SERVICES = [
    ("HiddenServiceDir", "/one"), ("HiddenServiceMaxStreams", "5"), ("HiddenServicePort", "80"),
    ("HiddenServiceDir", "/two"), ("HiddenServicePort", '81 unix:"/a b"'),
]


class FakeConfigurationTests(SynchronousTestCase):
    """
    What is set, told and refused.
    """

    def setUp(self) -> None:
        """
        A controller that listens to changes.
        """
        self.tor = FakeTor()
        self.protocol = self.tor.connect()
        self.heard: list[Any] = []
        self.successResultOf(self.protocol.add_event_listener("CONF_CHANGED", self.hear))

    def hear(self, event: ConfChangedEvent) -> None:
        """
        Note what has changed.
        """
        self.heard.append(event.changed)

    def group(self) -> list[tuple[str, str]]:
        """
        The onion services as Tor tells them.
        """
        result: list[tuple[str, str]] = self.successResultOf(self.protocol.send(GetConfGroup()))
        return result

    def send(self, pairs: list[tuple[str, Any]]) -> Deferred[None]:
        """
        Set options.
        """
        return self.protocol.send(SetConf(pairs))

    def test_services(self) -> None:
        """
        Onion services are one ordered list, which any of their options replaces; the event names each option once.
        """
        self.successResultOf(self.send(SERVICES))
        self.assertEqual(self.group(), SERVICES)
        self.assertEqual(self.successResultOf(self.protocol.get_conf_list("HiddenServiceDir")), ["/one", "/two"])
        self.assertEqual(self.heard[0]["HiddenServiceDir"], ["/one", "/two"])
        self.successResultOf(self.send(SERVICES))
        self.assertEqual(len(self.heard), 1)
        self.successResultOf(self.protocol.reset_conf("HiddenServiceDir"))
        self.assertEqual((self.group(), self.heard[1]), ([], {"HiddenServiceDir": None}))

    def test_refused_services(self) -> None:
        """
        An option before the first directory, or a directory without a port, changes nothing at all.
        """
        for pairs in ([("HiddenServicePort", "80"), *SERVICES], SERVICES[:2], [*SERVICES, ("HiddenServiceDir", "/three")]):
            self.failureResultOf(self.send([("Nickname", "x"), *pairs]), UnrecognizedArgument)
        self.assertEqual((self.group(), self.heard), ([], []))
        self.failureResultOf(self.send([*SERVICES, ("DataDirectory", "/x")]), InvalidConfigurationValue)
        self.assertEqual(self.group(), [])

    def test_ports(self) -> None:
        """
        A port that is set to nothing is announced as the group that it belongs to.
        """
        self.successResultOf(self.send([("SocksPort", ["9050", "9051"])]))
        self.successResultOf(self.send([("SocksPort", None)]))
        self.assertEqual(self.heard, [{"SocksPort": ["9050", "9051"]}, {"SocksPortLines": None}])

    def test_load(self) -> None:
        """
        LOADCONF gives everything that it does not name its default, and is all or nothing.
        """
        self.successResultOf(self.send([*SERVICES, ("Nickname", "x"), ("SocksPort", ["1", "2"])]))
        self.successResultOf(self.protocol.load_conf('SocksPort 3 # x\nContactInfo "a\\nb"'))
        self.assertEqual((self.group(), self.tor.configuration.get("Nickname")), ([], []))
        self.assertEqual(self.tor.configuration.get("SocksPort"), ["3"])
        self.assertEqual(self.heard[1]["ContactInfo"], ["a\nb"])
        for torrc in ("Bogus 1", 'Nickname "x'):
            self.failureResultOf(self.protocol.load_conf(torrc), UnrecognizedEntity)
        self.assertEqual(self.tor.configuration.get("SocksPort"), ["3"])

    def test_defaults(self) -> None:
        """
        The defaults are told as tor tells them.
        """
        text = self.successResultOf(self.protocol.get_info_single("config/defaults"))
        self.assertIn('MaxCircuitDirtiness "600"', text.split("\n"))
