# -*- test-case-name: txtor.test.config.test_memory -*-
"""
Tests of what is remembered of a configuration.
"""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from txtor.config import OptionMemory


class MemoryTests(SynchronousTestCase):
    """
    What is kept for the next Tor.
    """

    def setUp(self) -> None:
        """
        One that knows nothing.
        """
        self.memory = OptionMemory()

    def test_last_value_stands(self) -> None:
        """
        Each option is kept once, in any capitals, a list in its order; one that was emptied is kept as empty.
        """
        self.memory.remember([("ContactInfo", "a"), ("Log", "notice stdout"), ("log", "warn stderr")])
        self.memory.remember([("contactinfo", "b"), ("ExitNodes", None)])
        expected = [[("contactinfo", "b")], [("Log", "notice stdout"), ("log", "warn stderr")], [("ExitNodes", None)]]
        self.assertEqual(self.memory.groups(), expected)

    def test_services_are_one_group(self) -> None:
        """
        Options of onion services replace all of them; those that only begin alike are by themselves.
        """
        self.memory.remember([("HiddenServiceDir", "/a"), ("HiddenServicePort", "80"), ("HiddenServiceStatistics", 0)])
        self.memory.remember([("HiddenServiceSingleHopMode", 1)])
        self.memory.remember([("hiddenservicedir", "/b"), ("HiddenServicePort", "81")])
        self.assertEqual(
            self.memory.groups(),
            [
                [("hiddenservicedir", "/b"), ("HiddenServicePort", "81")],
                [("HiddenServiceStatistics", 0)],
                [("HiddenServiceSingleHopMode", 1)],
            ],
        )
        self.memory.forget([("HiddenServiceDir", None)])
        self.assertEqual(len(self.memory.groups()), 2)

    def test_two_names_of_one_list(self) -> None:
        """
        ``SocksPort`` and ``__SocksPort`` are one list for Tor: what was set last is all of it.
        """
        self.memory.remember([("SocksPort", "1"), ("__SocksPort", "2")])
        self.assertEqual(self.memory.groups(), [[("SocksPort", "1"), ("__SocksPort", "2")]])
        self.memory.remember([("__SocksPort", "3")])
        self.assertEqual(self.memory.groups(), [[("__SocksPort", "3")]])

    def test_forget(self) -> None:
        """
        What is reset is forgotten; what RESETCONF gives a value is set.
        """
        self.memory.remember([("SocksPort", "1"), ("ContactInfo", "a")])
        self.memory.forget([("socksport", None), ("__SocksPort", "2"), ("Nickname", None)])
        self.assertEqual(self.memory.groups(), [[("ContactInfo", "a")], [("__SocksPort", "2")]])

    def test_torrc(self) -> None:
        """
        A torrc takes the place of everything that was set before.
        """
        self.memory.remember([("ContactInfo", "a")])
        self.memory.replace("Nickname x\n")
        self.assertEqual((self.memory.torrc, self.memory.groups()), ("Nickname x\n", []))

    def test_repr(self) -> None:
        """
        Values may be secret.
        """
        self.assertEqual(repr(self.memory), "<OptionMemory of nothing>")
        self.memory.remember([("Socks5ProxyPassword", "hush")])
        self.assertEqual(repr(self.memory), "<OptionMemory of socks5proxypassword>")
