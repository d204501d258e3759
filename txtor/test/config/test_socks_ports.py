# -*- test-case-name: txtor.test.config.test_socks_ports -*-
"""
Tests of endpoints of a Tor's SocksPort.
"""

from __future__ import annotations

from typing import Any

from twisted.internet.protocol import Factory, Protocol
from twisted.internet.testing import MemoryReactorClock

from txtor.errors import InvalidArgument, InvalidConfigurationValue, SocksPortNotFound

from .configured import ConfiguredTestCase


class EndpointTests(ConfiguredTestCase):
    """
    Where they connect to.
    """

    def setUp(self) -> None:
        """
        A reactor that only notes who is to be connected to.
        """
        super().setUp()
        self.reactor: Any = MemoryReactorClock()

    def set_ports(self, *lines: str) -> None:
        """
        Tor has some lines of SocksPort.
        """
        self.config.SocksPort = list(lines)
        self.save()

    def connect(self, port: int | str | None = None) -> Any:
        """
        Where an endpoint connects to.
        """
        return self.connected(self.config.socks_endpoint(self.reactor, port))

    def connected(self, endpoint: Any) -> Any:
        """
        Connect, and tell where to.
        """
        for list_ in (self.reactor.tcpClients, self.reactor.unixClients):
            list_.clear()
        self.waiting = endpoint.connect(Factory.forProtocol(Protocol))
        if self.reactor.unixClients:
            return self.reactor.unixClients[0][0]
        return self.reactor.tcpClients[0][:2] if self.reactor.tcpClients else None

    def test_lines(self) -> None:
        """
        Case 65: lines with flags, a quoted unix socket, other addresses; the first is taken if nothing is said.
        """
        self.set_ports("9050 IsolateDestPort", 'unix:"/a b" IsolateDestAddr', "10.0.0.1:9051", "[::1]:9052", "0.0.0.0:9053")
        for port, place in (
            (None, ("127.0.0.1", 9050)), (9050, ("127.0.0.1", 9050)), ("9051", ("10.0.0.1", 9051)), (9052, ("::1", 9052)),
            ("[::1]:9052 Flag", ("::1", 9052)), (9053, ("127.0.0.1", 9053)), ('unix:"/a b"', "/a b"),
        ):
            self.assertEqual(self.connect(port), place)
        for wrong in (9059, "unix:/a", "10.0.0.2:9051", "x"):
            self.assertRaises(InvalidArgument, self.config.socks_endpoint, self.reactor, wrong)

    def test_default(self) -> None:
        """
        Case 65: a SocksPort that is not set is Tor's default, and one that is 0 is none.
        """
        self.tor.configuration.change([("SocksPort", None)], reset=False)
        self.successResultOf(self.config.refresh())
        self.assertEqual((self.config.SocksPort, self.connect()), ([], ("127.0.0.1", 9050)))
        self.set_ports()
        self.assertRaises(InvalidArgument, self.config.socks_endpoint, self.reactor)

    def test_auto(self) -> None:
        """
        A port that Tor chooses is asked for when it is connected to.
        """
        self.set_ports("auto", "9050", "auto Flag", "unix:/a")
        self.tor.info["net/listeners/socks"] = '"127.0.0.1:4001" "127.0.0.1:9050" "127.0.0.1:4002" "unix:/a"'
        self.assertEqual(self.connect(), ("127.0.0.1", 4001))
        self.tor.info["net/listeners/socks"] = '"127.0.0.1:4003" "127.0.0.1:9050"'
        self.assertEqual(self.connect("auto"), ("127.0.0.1", 4003))
        self.tor.info["net/listeners/socks"] = ""
        self.assertIsNone(self.connect())
        self.failureResultOf(self.waiting, SocksPortNotFound)

    def test_create(self) -> None:
        """
        A port that is there is taken, and one that is not is added to those that there are.
        """
        there = self.successResultOf(self.config.create_socks_endpoint(self.reactor, 9050))
        self.assertEqual(self.connected(there), ("127.0.0.1", 9050))
        self.assertEqual(self.sent("SETCONF"), [])
        made = self.config.create_socks_endpoint(self.reactor, 'unix:"/a b" IsolateDestPort')
        self.assertEqual(self.connected(self.successResultOf(made)), "/a b")
        self.assertEqual(self.config.SocksPort, ["9050", 'unix:"/a b" IsolateDestPort'])
        self.failureResultOf(self.config.create_socks_endpoint(self.reactor, "nonsense"), InvalidArgument)
        self.tor.refuse("SETCONF", 553, "Unable to set option: Failed to bind one of the listener ports.")
        self.failureResultOf(self.config.create_socks_endpoint(self.reactor, 9051), InvalidConfigurationValue)
        self.assertEqual(len(self.config.SocksPort), 2)

    def test_create_with_default(self) -> None:
        """
        Where no SocksPort is set, that of Tor's default stays when another is added.
        """
        self.tor.configuration.change([("SocksPort", None)], reset=False)
        self.successResultOf(self.config.refresh())
        self.successResultOf(self.config.create_socks_endpoint(self.reactor, 9060))
        self.assertEqual(self.config.SocksPort, ["9050", "9060"])
