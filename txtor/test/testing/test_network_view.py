# -*- test-case-name: txtor.test.testing.test_network_view -*-
"""
The description of a private network that others attach to.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.internet.endpoints import clientFromString
from twisted.internet.testing import MemoryReactorClock
from twisted.trial.unittest import SynchronousTestCase

from txtor.errors import InvalidArgument, LaunchError
from txtor.testing import NetworkView, NodeView, attach
from txtor.testing._network_view import parse_description

PORTS = {"control_port": 1001, "socks_port": 1002}
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from(["version", "nodes", "owner", "ports"]) | st.text(), inner),
    max_leaves=20,
)


class NodeViewTests(SynchronousTestCase):
    """
    `NodeView`.
    """

    def test_files(self) -> None:
        """
        What tor has written is read: identity, process id and log. What it has not written yet is absent.
        """
        node = NodeView("exit0", "exit", self.mktemp(), {"control_port": 1, "or_port": 2})
        self.assertEqual((node.fingerprint, node.pid, node.log), (None, None, []))
        os.mkdir(node.data_directory)
        for name, text in (("fingerprint", "exit0 ABCD\n"), ("pid", "77\n"), ("notices.log", "one\ntwo\n")):
            with open(node.path(name), "w") as file:
                file.write(text)
        self.assertEqual((node.fingerprint, node.pid, node.log), ("ABCD", 77, ["one", "two"]))

    def test_client_has_no_identity(self) -> None:
        """
        A client has no fingerprint.
        """
        self.assertIsNone(NodeView("client0", "client", "/nowhere", PORTS).fingerprint)

    def test_control_endpoint(self) -> None:
        """
        Twisted understands the control endpoint, whatever is in the path; where that is too long for a socket, it is TCP.
        """
        short = NodeView("client0", "client", "/a:b\\c=d/client0", PORTS)
        clientFromString(MemoryReactorClock(), short.control_endpoint)
        self.assertEqual(short.control_endpoint, "unix:/a\\:b\\\\c\\=d/client0/control")
        long = NodeView("client0", "client", "/" + "x" * 100, PORTS)
        self.assertEqual((long.control_socket, long.control_endpoint), (None, "tcp:127.0.0.1:1001"))


class DescriptionTests(SynchronousTestCase):
    """
    `NetworkView.describe` and `attach`.
    """

    def setUp(self) -> None:
        """
        A network of two nodes.
        """
        exit0 = NodeView("exit0", "exit", "/d/exit0", {"control_port": 1003, "or_port": 1004})
        self.network = NetworkView("/d", (NodeView("client0", "client", "/d/client0", PORTS), exit0))

    def test_round_trip(self) -> None:
        """
        Who attaches sees the same network.
        """
        path = self.mktemp()
        with open(path, "w") as file:
            file.write(self.network.describe(os.getpid()))
        seen = attach(path)
        self.assertEqual([vars(node) for node in seen.nodes], [vars(node) for node in self.network.nodes])
        self.assertEqual(seen.directory, "/d")
        self.assertEqual([node.nickname for node in seen.clients], ["client0"])
        self.assertEqual(seen.node("exit0").or_port, 1004)
        self.assertEqual((seen.authorities, seen.relays), ((), ()))
        self.assertRaises(InvalidArgument, seen.node, "exit1")

    def test_gone(self) -> None:
        """
        A network whose owner has ended is not attached to.
        """
        process = subprocess.Popen([sys.executable, "-c", ""])
        process.wait()
        error = self.assertRaises(LaunchError, parse_description, self.network.describe(process.pid))
        self.assertIn("does not run any more", str(error))

    def test_other_version(self) -> None:
        """
        A description of another version is refused, and the error names it.
        """
        text = json.dumps({**json.loads(self.network.describe(os.getpid())), "version": 99})
        self.assertIn("99", str(self.assertRaises(InvalidArgument, parse_description, text)))

    def test_no_file(self) -> None:
        """
        A file that is not there, and one that is no text, are the caller's mistake.
        """
        self.assertRaises(InvalidArgument, attach, self.mktemp())
        self.assertRaises(InvalidArgument, attach, "/")
        self.assertRaises(InvalidArgument, attach, "a\0b")

    def test_no_process(self) -> None:
        """
        The owner is a number that no process has, however large.
        """
        for owner in (2**31, 2**64, 10**30):
            self.assertRaises(LaunchError, parse_description, self.network.describe(owner))

    @settings(max_examples=200)
    @given(st.text() | VALUES.map(json.dumps), st.sampled_from(["version", "owner", "nodes", "directory"]), VALUES)
    def test_anything(self, text: str, key: str, value: object) -> None:
        """
        Whatever the text is, there is a network or one of the two errors.
        """
        changed = json.dumps({**json.loads(self.network.describe(os.getpid())), key: value})
        for one in (text, changed):
            try:
                self.assertIsInstance(parse_description(one), NetworkView)
            except (InvalidArgument, LaunchError):
                continue
