# -*- test-case-name: txtor.test.testing.test_shared -*-
"""
One network for a whole run of tests, with trial and with pytest.
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile

from twisted.internet import reactor
from twisted.internet.defer import gatherResults
from twisted.internet.task import deferLater
from twisted.trial.unittest import TestCase

from txtor.errors import InvalidArgument, LaunchError
from txtor.testing import TorNetworkTestCase, shared_network
from txtor.testing._network_process import Children
from txtor.testing._shared import NetworkProcess, _Shared

from .test_network import is_gone

PYTEST = """
pytest_plugins = ["txtor.testing.pytest_plugin"]

def test_first(tor_network):
    assert len(tor_network.authorities) >= 1

def test_second(tor_network):
    assert tor_network.clients[0].socks_port
"""


RUN_PYTEST = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-c", os.devnull]


class SharedNetworkTests(TorNetworkTestCase):
    """
    `TorNetworkTestCase` and `shared_network`.
    """

    async def test_ready(self) -> None:
        """
        The case has a network that runs.
        """
        self.assertTrue(self.network.authorities)
        self.assertTrue(self.network.clients)
        self.assertTrue(self.network.exits)
        for node in self.network.nodes:
            assert node.pid is not None
            self.assertFalse(is_gone(node.pid))

    async def test_the_same(self) -> None:
        """
        Whoever asks gets the same network, also when several ask at once.
        """
        networks = await gatherResults([shared_network(self.reactor) for _ in range(3)])
        self.assertEqual({network.directory for network in networks}, {self.network.directory})

    async def test_pytest(self) -> None:
        """
        The fixture gives tests of pytest the network that the variable names.
        """
        with open("test_it.py", "w") as file:
            file.write(PYTEST)
        children = Children(self.reactor)
        description = os.path.join(self.network.directory, "network.json")
        self.patch(os, "environ", {**os.environ, "TXTOR_TEST_NETWORK": description, "PYTHONPATH": os.pathsep.join(sys.path)})
        command = [*RUN_PYTEST, "--rootdir", ".", "test_it.py"]
        lines = await children.run(command, os.getcwd())
        self.assertIn("2 passed", lines[-1])


class OwnNetworkTests(TestCase):
    """
    The child process that runs a network where none is named.
    """

    timeout = 180

    def setUp(self) -> None:
        """
        A place for its temporary files.
        """
        self.place = tempfile.mkdtemp(prefix="t-")
        self.addCleanup(shutil.rmtree, self.place)
        self.patch(os, "environ", {**os.environ, "TMPDIR": self.place})

    async def test_own(self) -> None:
        """
        It gives a network that runs; when it is ended, nothing is left.
        """
        process = NetworkProcess("--authorities", "1", "--exits", "3", "--clients", "1")
        self.addCleanup(process.end)
        while (network := process.look()) is None:
            await deferLater(reactor, 0.1)
        pids = [node.pid for node in network.nodes]
        self.assertFalse(any(is_gone(pid) for pid in pids))
        process.end()
        self.assertTrue(all(is_gone(pid) for pid in pids))
        self.assertEqual(os.listdir(self.place), [])

    def test_no_tor(self) -> None:
        """
        Without tor, each test fails with the reason and how to install it; it is tried once, not for each test.
        """
        self.patch(os, "environ", {**os.environ, "PATH": self.place})
        shared = _Shared()
        with self.assertRaises(LaunchError) as first:
            while shared.look({}) is None:
                pass
        with self.assertRaises(LaunchError) as second:
            shared.look({})
        for caught in (first, second):
            self.assertIn("apt-get install tor", str(caught.exception))

    def test_named_but_not_there(self) -> None:
        """
        A variable that names no description is a mistake, and no reason to start another network.
        """
        self.assertRaises(InvalidArgument, _Shared().look, {"TXTOR_TEST_NETWORK": self.mktemp()})

    async def test_pytest_without_tor(self) -> None:
        """
        Without tor, tests of pytest fail, and say how to install it.
        """
        path = os.path.join(self.place, "test_it.py")
        with open(path, "w") as file:
            file.write(PYTEST)
        environment = {**os.environ, "PATH": self.place, "PYTHONPATH": os.pathsep.join(map(os.path.abspath, sys.path))}
        environment.pop("TXTOR_TEST_NETWORK", None)
        self.patch(os, "environ", environment)
        command = [*RUN_PYTEST, "--rootdir", self.place, path]
        with self.assertRaises(LaunchError) as caught:
            await Children(reactor).run(command, self.place)  # type: ignore[arg-type]  # the reactor is a module to mypy
        said = "\n".join(caught.exception.output)
        self.assertIn("apt-get install tor", said)
        self.assertIn("2 errors", said)
