# -*- test-case-name: txtor.test.testing.test_network_directory -*-
"""
The directory of a private network.
"""

from __future__ import annotations

import os

from twisted.trial.unittest import SynchronousTestCase

from txtor.errors import InvalidArgument, LaunchError
from txtor.testing._network_directory import NetworkDirectory
from txtor.testing._network_torrc import lasting, quote

NAMES = {"authority0": "authority", "exit0": "exit"}


class NetworkDirectoryTests(SynchronousTestCase):
    """
    `NetworkDirectory`.
    """

    def test_temporary(self) -> None:
        """
        A temporary directory is ours alone, and removed with all that is in it.
        """
        directory = NetworkDirectory(None)
        directory.make_nodes(NAMES)
        self.assertEqual(os.stat(directory.path).st_mode & 0o777, 0o700)
        directory.close()
        self.assertFalse(os.path.exists(directory.path))

    def test_kept(self) -> None:
        """
        Another directory stays, with the ports of the last run, but does not say that a network runs there.
        """
        path = self.mktemp()
        directory = NetworkDirectory(path)
        directory.make_nodes(NAMES)
        directory.keep_ports({"exit0": {"or_port": 1001}})
        with open(directory.file("network.json"), "w"):
            pass
        directory.close()
        again = NetworkDirectory(path)
        self.addCleanup(again.close)
        self.assertEqual(again.kept_ports(), {("exit0", "or_port"): 1001})
        self.assertFalse(os.path.exists(again.file("network.json")))

    def test_in_use(self) -> None:
        """
        Two networks do not share a directory.
        """
        path = self.mktemp()
        directory = NetworkDirectory(path)
        self.addCleanup(directory.close)
        self.assertRaises(InvalidArgument, NetworkDirectory, path)

    def test_other_authorities(self) -> None:
        """
        A directory with other authorities' keys is not used: the relays there would not believe the new ones.
        """
        directory = NetworkDirectory(self.mktemp())
        self.addCleanup(directory.close)
        directory.make_nodes(NAMES)
        self.assertRaises(InvalidArgument, directory.make_nodes, {**NAMES, "authority1": "authority"})

    def test_unusable(self) -> None:
        """
        Where no directory can be made, the error says so.
        """
        self.assertRaises(LaunchError, NetworkDirectory, "/dev/null/network")

    def test_unreadable_ports(self) -> None:
        """
        A file of ports that is broken costs nothing but the ports.
        """
        directory = NetworkDirectory(self.mktemp())
        self.addCleanup(directory.close)
        wrong = ["", "{", "[]", "3", "\udcff", "[" * 99999]
        for text in [*wrong, '{"a": 3}', '{"a": {"b": "c"}}', '{"a": {"b": 0}}', '{"a": {"b": 70000}}']:
            with open(directory.file("ports.json"), "w", encoding="utf-8", errors="surrogateescape") as file:
                file.write(text)
            self.assertEqual(directory.kept_ports(), {})


class TorrcTests(SynchronousTestCase):
    """
    `quote` and `lasting`.
    """

    def test_quote(self) -> None:
        """
        Quotes and backslashes of a path do not end the value.
        """
        self.assertEqual(quote('/a "b" #\\c'), '"/a \\"b\\" #\\\\c"')

    def test_lasting(self) -> None:
        """
        A torrc is the same as before where only the owner and the time of the first vote differ.
        """
        torrc = "ORPort 1\n__OwningControllerProcess {0}\nTestingV3AuthVotingStartOffset {0}\nExitRelay 1\n"
        self.assertEqual(lasting(torrc.format(1)), lasting(torrc.format(2)))
        self.assertEqual(lasting(torrc.format(1)), ["ORPort 1", "ExitRelay 1"])
