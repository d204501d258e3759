"""
What shall be launched, checked before anything starts.
"""

from __future__ import annotations

import os
import pathlib
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from txtor.errors import InvalidArgument
from txtor.process import LaunchOptions
from txtor.process._plan import make_plan


def torrc(**options: Any) -> dict[str, str]:
    """
    The lines, those that are there once.
    """
    plan = make_plan(LaunchOptions(**options))
    return dict(plan.torrc(plan.control_address or "/p/control", "/p/data"))


class PlanTests(SynchronousTestCase):
    """
    Arguments, and the torrc that they give.
    """

    def test_standard(self) -> None:
        """
        By default: a socket of ours, any free SocksPort.
        """
        self.assertEqual(
            torrc(),
            {
                "ControlPort": 'unix:"/p/control"',
                "CookieAuthentication": "1",
                "DataDirectory": "/p/data",
                "Log": "notice stdout",
                "SocksPort": "auto",
            },
        )

    def test_ports(self) -> None:
        """
        Ports are numbers or sockets, whose paths may hold spaces.
        """
        self.assertEqual(torrc(socks_port=0)["SocksPort"], "0")
        self.assertEqual(torrc(socks_port="unix:/a b")["SocksPort"], 'unix:"/a b"')
        self.assertEqual(torrc(socks_port='unix:"/a b" WorldWritable')["SocksPort"], 'unix:"/a b" WorldWritable')
        self.assertEqual(torrc(config={"socksport": 1})["socksport"], "1")
        self.assertNotIn("SocksPort", torrc(config={"socksport": 1}))
        self.assertEqual(torrc(control_port=9051)["ControlPort"], "127.0.0.1:9051")
        self.assertEqual(torrc(control_port="9051")["ControlPort"], "127.0.0.1:9051")
        self.assertEqual(torrc(control_port='unix:/a "b')["ControlPort"], 'unix:"/a \\"b"')
        self.assertEqual([name for name, _ in make_plan(LaunchOptions({"ControlPort": 0})).pairs], ["SocksPort"])

    def test_single_onion(self) -> None:
        """
        The mode without anonymity has no SocksPort.
        """
        lines = torrc(non_anonymous_mode=True)
        self.assertEqual((lines["SocksPort"], lines["HiddenServiceSingleHopMode"]), ("0", "1"))

    def test_data_directory(self) -> None:
        """
        A data directory, given in either way, is made absolute, and its option is written once.
        """
        for options in ({"data_directory": pathlib.Path("d")}, {"config": {"datadirectory": "d"}}):
            plan = make_plan(LaunchOptions(**options))
            self.assertEqual(plan.data_directory, os.path.abspath("d"))
            self.assertEqual([name for name, _ in plan.pairs if name.lower() == "datadirectory"], [])

    def test_user(self) -> None:
        """
        A user can be given in either way.
        """
        self.assertEqual(make_plan(LaunchOptions(user="debian-tor")).pairs[0], ("User", "debian-tor"))
        self.assertEqual(LaunchOptions({"User": "debian-tor"}).tor_user, "debian-tor")

    def test_threshold(self) -> None:
        """
        What to wait for: a word or a percentage.
        """
        waits: tuple[Any, ...] = ("bootstrapped", "controlled", 50)
        self.assertEqual([make_plan(LaunchOptions(wait=wait)).threshold for wait in waits], [100, 0, 50])

    def test_secrets(self) -> None:
        """
        Values of options, which may be secret, are in no text of an object.
        """
        options = LaunchOptions({"HashedControlPassword": "16:SECRET"})
        self.assertNotIn("SECRET", repr(options) + repr(make_plan(options)))

    def test_refused(self) -> None:
        """
        Contradictions, and what is no value.
        """
        wrong: list[dict[str, Any]] = [
            {"wait": "soon"},
            {"wait": 101},
            {"wait": True},
            {"config": {"RunAsDaemon": 1}},
            {"config": {"cookieauthentication": 0}},
            {"config": {"__OwningControllerProcess": 1}},
            {"config": {"SocksPort": 1}, "socks_port": 2},
            {"config": {"DataDirectory": "a"}, "data_directory": "b"},
            {"data_directory": ""},
            {"data_directory": "a\0b"},
            {"data_directory": 3},
            {"data_directory": "\ud800"},
            {"socks_port": 65536},
            {"socks_port": True},
            {"control_port": 0},
            {"control_port": "x"},
            {"control_port": "\u0661"},
            {"control_port": "9" * 5000},
            {"control_port": "unix:/" + "a" * 107},
            {"control_port": "unix:/a\nb"},
            {"control_port": "unix:/a\0b"},
            {"control_port": "unix:/\ud800"},
        ]
        for options in wrong:
            self.assertRaises(InvalidArgument, torrc, **options)
