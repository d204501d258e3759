# -*- test-case-name: txtor.test.onion.test_ports -*-
"""
The ports of onion services in all their spellings.
"""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.internet.address import IPv4Address, IPv6Address, UNIXAddress
from twisted.internet.interfaces import IListeningPort
from twisted.internet.protocol import Factory
from twisted.trial.unittest import SynchronousTestCase
from zope.interface import implementer

from txtor.commands import AddOnion
from txtor.errors import InvalidArgument
from txtor.onion._ports import parse_ports


@implementer(IListeningPort)
class Listening:
    """
    A port that listens at an address.
    """

    def __init__(self, address: Any) -> None:
        self.address = address

    def getHost(self) -> Any:
        return self.address

    def startListening(self) -> None:
        raise AssertionError("it listens")

    def stopListening(self) -> None:
        raise AssertionError("it is another's")


def words(ports: Any) -> list[str]:
    """
    Ports as text.
    """
    return [str(port) for port in parse_ports(ports)]


class PortTests(SynchronousTestCase):
    """
    Case 8: what Tor takes, and what it must not be asked.
    """

    def test_spellings(self) -> None:
        """
        A number, a pair, and texts with a blank or a comma.
        """
        for given_port, expected in (
            (80, "80 127.0.0.1:80"),
            ("80", "80 127.0.0.1:80"),
            ((80, 8080), "80 127.0.0.1:8080"),
            (("80", "8080"), "80 127.0.0.1:8080"),
            ("80 8080", "80 127.0.0.1:8080"),
            ("80 unix:/run/a,b", "80 unix:/run/a,b"),
            ("80,", "80 127.0.0.1:80"),
            ("80,8080", "80 127.0.0.1:8080"),
            ("80 127.0.0.1:8080", "80 127.0.0.1:8080"),
            ("80 localhost:8083", "80 localhost:8083"),
            ((80, "[::1]:80"), "80 [::1]:80"),
            ("80 unix:/run/web.sock", "80 unix:/run/web.sock"),
            ((80, "unix:/run/a,b"), "80 unix:/run/a,b"),
        ):
            self.assertEqual(words([given_port]), [expected])
        self.assertEqual(words(80), ["80 127.0.0.1:80"])
        self.assertEqual(words("80 81"), ["80 127.0.0.1:81"])
        self.assertEqual(len(words([80, (80, 81), "443 1"])), 3)

    def test_listening(self) -> None:
        """
        Something that listens already is a target where Tor can reach it. Case 103.
        """
        for address, expected in (
            (IPv4Address("TCP", "127.0.0.1", 8080), "127.0.0.1:8080"),
            (IPv4Address("TCP", "0.0.0.0", 8080), "127.0.0.1:8080"),
            (IPv6Address("TCP", "::", 8080), "[::1]:8080"),
            (IPv6Address("TCP", "::1", 8080), "[::1]:8080"),
            (UNIXAddress("/run/web.sock"), "unix:/run/web.sock"),
            (UNIXAddress(b"/run/web.sock"), "unix:/run/web.sock"),
        ):
            self.assertEqual(words([(80, Listening(address))]), [f"80 {expected}"])
        for unreachable in (UNIXAddress(None), object()):
            self.assertRaises(InvalidArgument, parse_ports, [(80, Listening(unreachable))])

    def test_factory(self) -> None:
        """
        A factory has no target yet.
        """
        factory = Factory()
        (port,) = parse_ports([(80, factory)])
        self.assertIs(port.factory, factory)

    def test_wrong(self) -> None:
        """
        What is no port or no target is refused, and says why.
        """
        wrong: list[Any] = [
            [],
            None,
            object(),
            [0],
            [65536],
            [-1],
            [True],
            [1.5],
            [None],
            [""],
            ["x"],
            ["+80"],
            [(80,)],
            [(80, 81, 82)],
            [(80, None)],
            [(80, 0)],
            [(80, "")],
            [(80, "host")],
            [(80, "127.0.0.1:0")],
            [(80, "127.0.0.1:80 Flags=Detach")],
            [(80, "127.0.0.1:80\r\nQUIT")],
            [(80, "::1:80")],
            [(80, "unix:")],
            [(80, "unix:relative")],
            [(80, "unix:/a b")],
            [(80, 'unix:"/a"')],
            [(80, object())],
            ["80 unix:/a b"],
        ]
        for ports in wrong:
            self.assertRaises(InvalidArgument, parse_ports, ports)

    @settings(max_examples=150)
    @given(st.one_of(st.text(), st.tuples(st.one_of(st.integers(), st.text()), st.one_of(st.integers(), st.text()))))
    def test_anything(self, port: Any) -> None:
        """
        Anything is a port that the command takes, or the one declared error.
        """
        try:
            ports = parse_ports([port])
        except InvalidArgument:
            return
        command = AddOnion(ports=[(each.virtual, each.target) for each in ports])
        self.assertEqual(len(command.to_wire().split()), 3)
