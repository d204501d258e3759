# -*- test-case-name: txtor.test.testing.test_network -*-
"""
A private network of real Tors: its life, and that nothing is left of it.
"""

from __future__ import annotations

import os
import shutil
import socket
import tempfile
from typing import Any

from twisted.internet import reactor
from twisted.internet.defer import Deferred, gatherResults
from twisted.internet.endpoints import TCP4ServerEndpoint
from twisted.internet.protocol import Factory, Protocol
from twisted.internet.task import deferLater
from twisted.protocols.wire import Echo
from twisted.python.failure import Failure
from twisted.trial.unittest import TestCase

from txtor.errors import InvalidArgument, LaunchError, TorNotFound
from txtor.socks import TorSocksEndpoint
from txtor.testing import TorNetwork, attach

#: The smallest network in which every relay can try itself.
SMALLEST = {"authorities": 1, "exits": 3, "clients": 1}


def is_gone(pid: int | None) -> bool:
    """
    Whether a process has ended and is reaped.
    """
    assert pid is not None
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return False


class Hello(Protocol):
    """
    Says a word and waits until it comes back.
    """

    def __init__(self) -> None:
        self.heard = b""
        self.came_back: Deferred[bytes] = Deferred()

    def connectionMade(self) -> None:
        """
        Say it.
        """
        assert self.transport is not None
        self.transport.write(b"hello")

    def dataReceived(self, data: bytes) -> None:
        """
        Hear it.
        """
        self.heard += data
        if len(self.heard) >= 5:
            assert self.transport is not None
            self.transport.loseConnection()

    def connectionLost(self, reason: Any = None) -> None:
        """
        Done.
        """
        self.came_back.callback(self.heard)


class NetworkTests(TestCase):
    """
    `TorNetwork`.
    """

    timeout = 180

    def setUp(self) -> None:
        """
        Temporary directories are made where we can see whether they are removed. The path is short enough for sockets.
        """
        self.place = tempfile.mkdtemp(prefix="t-")
        self.addCleanup(shutil.rmtree, self.place)
        self.patch(tempfile, "tempdir", self.place)
        self.told: list[tuple[int, str, str, str]] = []

    def network(self, **arguments: Any) -> TorNetwork:
        """
        A small network, which is stopped at the end of the test.
        """
        network = TorNetwork(
            reactor,  # type: ignore[arg-type]  # the reactor is a module to mypy
            progress=lambda *words: self.told.append(words),
            **{**SMALLEST, **arguments},
        )
        self.addCleanup(network.stop)
        return network

    async def try_circuits(self, network: TorNetwork) -> None:
        """
        Each of some connections, on circuits of their own, reaches a server on loopback and comes back.
        """
        port = await TCP4ServerEndpoint(reactor, 0, interface="127.0.0.1").listen(Factory.forProtocol(Echo))
        endpoint = f"tcp:127.0.0.1:{network.clients[0].socks_port}"

        async def hello(number: int) -> bytes:
            target = TorSocksEndpoint(
                endpoint,
                "127.0.0.1",
                port.getHost().port,
                username=f"user{number}",
                reactor=reactor,
            )
            protocol = await target.connect(Factory.forProtocol(Hello))
            return await protocol.came_back  # type: ignore[attr-defined, no-any-return]

        self.addCleanup(port.stopListening)
        answers = await gatherResults([Deferred.fromCoroutine(hello(number)) for number in range(6)])
        self.assertEqual(answers, [b"hello"] * 6)

    async def test_life(self) -> None:
        """
        It starts and is usable at once; a node is killed and started again; it stops and nothing runs; started again from what
        it kept it has the same keys and ports, but for one that another program has taken.
        """
        path = os.path.join(self.place, "kept # directory")
        network = self.network(directory=path, torrc={"exit0": ["ContactInfo somebody"]})
        await network.start()
        self.check_started(network)
        await self.try_circuits(network)
        await self.check_node(network)
        pids = [node.pid for node in network.nodes]
        await network.stop()
        await network.stop()
        self.assertTrue(all(is_gone(pid) for pid in pids))
        self.assertFalse(os.path.exists(os.path.join(path, "network.json")))

        kept = [node.describe() for node in network.nodes]
        with socket.socket() as other:
            taken = network.node("exit1").or_port
            other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            other.bind(("127.0.0.1", taken))
            other.listen()
            again = self.network(directory=path)
            await again.start()
        ports = next(node["ports"] for node in kept if node["nickname"] == "exit1")
        self.assertEqual(ports.pop("or_port"), taken)
        now = [node.describe() for node in again.nodes]
        moved = next(node["ports"] for node in now if node["nickname"] == "exit1")
        self.assertNotEqual(moved.pop("or_port"), taken)
        self.assertEqual(now, kept)
        await self.try_circuits(again)

    def check_started(self, network: TorNetwork) -> None:
        """
        What is true of a network that has started: progress only grew, every file is there, and others can attach.
        """
        percents = [told[0] for told in self.told]
        self.assertEqual(percents, sorted(percents))
        self.assertEqual((percents[0], percents[-1], network.percent), (0, 100, 100))
        self.assertEqual({told[1] for told in self.told} - {""}, {node.nickname for node in network.nodes})
        for node in network.nodes:
            self.assertFalse(is_gone(node.pid))
            self.assertEqual(len(node.fingerprint or ""), 0 if node.role == "client" else 40)
            self.assertEqual(os.path.getsize(node.cookie_path), 32)
            assert node.control_socket is not None
            self.assertTrue(os.path.exists(node.control_socket))
            self.assertIn("Bootstrapped", "\n".join(node.log))
        seen = attach(os.path.join(network.directory, "network.json"))
        self.assertEqual([node.describe() for node in seen.nodes], [node.describe() for node in network.nodes])
        self.assertEqual([node.pid for node in seen.nodes], [node.pid for node in network.nodes])
        self.assertIn("ContactInfo somebody\n", network.node("exit0").read("torrc"))

    async def check_node(self, network: TorNetwork) -> None:
        """
        A node is killed, stays dead, and comes back where it was; one that runs is not started twice.
        """
        node, before = network.exits[0], network.exits[0].pid
        with self.assertRaises(InvalidArgument):
            await node.start()
        await node.kill()
        self.assertTrue(is_gone(before))
        self.assertIsNone(node.pid)
        ports = (node.control_port, node.or_port)
        await node.start()
        self.assertEqual((node.percent, node.control_port, node.or_port), (100, *ports))
        self.assertNotEqual(node.pid, before)
        await node.stop()
        self.assertIsNone(attach(os.path.join(network.directory, "network.json")).node("exit0").pid)
        await node.start()
        with self.assertRaises(InvalidArgument):
            await network.start()

    async def test_bad_torrc(self) -> None:
        """
        A node that does not start fails the network, with that node's own last words, and nothing is left. Case 59.
        """
        network = self.network(torrc={"exit1": "Nonsense 1"})
        with self.assertRaises(LaunchError) as caught:
            await network.start()
        self.assertIn("exit1 ended", caught.exception.reason)
        self.assertIn("Nonsense", "\n".join(caught.exception.output))
        self.assertEqual(caught.exception.exit_status, 1)
        self.assertEqual(os.listdir(self.place), [])
        self.assertEqual([node.pid for node in network.nodes], [None] * 5)

    async def test_no_tor(self) -> None:
        """
        Without a tor binary the error says how to install it, and nothing is left. Case 63.
        """
        for binary in ("/nonexistent/tor", "no-such-tor"):
            with self.assertRaises(TorNotFound) as caught:
                await self.network(tor_binary=binary).start()
            self.assertIn("apt-get install tor", str(caught.exception))
        self.assertEqual(os.listdir(self.place), [])

    async def test_stopped_while_starting(self) -> None:
        """
        A start that is under way when the network is stopped fails, once everything has ended.
        """
        network = self.network()
        starting = network.start()
        while not network.nodes or network.nodes[0].pid is None:
            await deferLater(reactor, 0.05)
        pids = [node.pid for node in network.nodes if node.pid is not None]
        failures: list[Failure] = []
        starting.addErrback(failures.append)
        await network.stop()
        await starting
        self.assertIn("stopped before it was ready", failures[0].value.reason)  # type: ignore[union-attr]
        self.assertTrue(all(is_gone(pid) for pid in pids))
        self.assertEqual(os.listdir(self.place), [])

    async def test_cancelled(self) -> None:
        """
        Cancelling a start while keys are made ends it and leaves nothing.
        """
        network = self.network()
        starting = network.start()
        await deferLater(reactor, 0.1)
        starting.addErrback(lambda failure: None)
        starting.cancel()
        await network.stop()
        self.assertEqual(os.listdir(self.place), [])

    async def test_too_slow(self) -> None:
        """
        A network that is not ready in time says which node was how far, and leaves nothing. It can be tried again.
        """
        network = self.network(timeout=2)
        for _ in range(2):
            with self.assertRaises(LaunchError) as caught:
                await network.start()
            self.assertIn("not ready after 2 s", str(caught.exception))
            self.assertEqual(os.listdir(self.place), [])

    async def test_progress_that_fails(self) -> None:
        """
        A progress function that raises is logged, and does not stop the network.
        """
        network = TorNetwork(reactor, progress=lambda *_: 1 / 0, timeout=0.5, **SMALLEST)  # type: ignore[arg-type]
        with self.assertRaises(LaunchError):
            await network.start()
        self.assertTrue(self.flushLoggedErrors(ZeroDivisionError))
