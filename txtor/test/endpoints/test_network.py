# -*- test-case-name: txtor.test.endpoints.test_network -*-
"""
``tor:`` strings on real Tors: the private network.
"""

from __future__ import annotations

import json
import os
import pathlib
import signal
import sys
from typing import Any
from unittest import mock
from weakref import WeakKeyDictionary

from twisted.internet.defer import gatherResults
from twisted.internet.endpoints import clientFromString
from twisted.internet.protocol import Factory
from twisted.internet.utils import getProcessOutputAndValue

import txtor
from txtor._deferred import deferred
from txtor.endpoints._shared import socks_of_control, socks_of_launched
from txtor.process import LaunchOptions
from txtor.test.process.leftovers import is_running
from txtor.test.socks.own_client import client_options
from txtor.test.socks.test_network import GREETING, Everybody, Greets
from txtor.test.socks.test_transport import Sink
from txtor.testing import TorNetworkTestCase

#: Connects by both kinds of strings, waits for the greeting, and returns from its ``main`` without closing anything of Tor's.
PROGRAM = """
import json, sys
from unittest import mock

from twisted.internet.defer import Deferred
from twisted.internet.endpoints import clientFromString
from twisted.internet.protocol import Factory, Protocol
from twisted.internet.task import react
from txtor.endpoints._shared import socks_of_launched
from txtor.process import LaunchOptions as launch_options

port, control, config = json.loads(sys.argv[1])

class Greeted(Protocol):
    def __init__(self):
        self.gone = Deferred()
    def dataReceived(self, data):
        self.transport.loseConnection()
    def connectionLost(self, reason):
        self.gone.callback(None)

async def main(reactor):
    launched = launch_options([tuple(pair) for pair in config])
    with mock.patch("txtor.endpoints._tors.LaunchOptions", lambda: launched):
        for option in ("launch=yes", "control=" + control):
            endpoint = clientFromString(reactor, f"tor:127.0.0.1:{port}:{option}")
            await (await endpoint.connect(Factory.forProtocol(Greeted))).gone
    print(await socks_of_launched(reactor)._lease.protocol.get_info_single("process/pid"))

react(lambda reactor: Deferred.fromCoroutine(main(reactor)))
"""


def quoted(string: str) -> str:
    """
    The string of an endpoint as a value in another.
    """
    return string.replace("\\", "\\\\").replace(":", "\\:").replace("=", "\\=")


class StringTests(TorNetworkTestCase):
    """
    From the string to a server on loopback that greets.
    """

    @deferred
    async def setUp(self) -> None:  # type: ignore[override]  # trial waits for a Deferred
        await super().setUp()
        self.factory = Everybody(Greets)
        listening = self.reactor.listenTCP(0, self.factory, interface="127.0.0.1")
        self.port = listening.getHost().port

        @deferred
        async def stop() -> None:
            await listening.stopListening()
            for each in self.factory.made:
                if not each.lost.called:
                    each.transport.abortConnection()
                    await each.lost

        self.addCleanup(stop)

    @deferred
    async def greeted(self, options: str) -> None:
        """
        A connection by a string is greeted.
        """
        endpoint = clientFromString(self.reactor, f"tor:127.0.0.1:{self.port}:{options}")
        sink: Any = await endpoint.connect(Factory.forProtocol(Sink))
        await sink.when_received(len(GREETING))
        self.assertEqual(b"".join(sink.chunks), GREETING)
        sink.transport.loseConnection()
        await sink.lost

    @deferred
    async def test_control(self) -> None:
        """
        Ten connections at once find the SocksPort through one control connection, which ends with the program.
        """
        client = self.network.clients[1]
        shared = socks_of_control(self.reactor, client.control_endpoint)
        self.addCleanup(shared.close)
        control = quoted(client.control_endpoint)
        await gatherResults([self.greeted(f"control={control}:isolation=connection") for _ in range(10)])
        self.assertEqual(len(self.factory.made), 10)
        self.assertIsNotNone(shared._lease)
        await shared.close()
        self.assertIsNone(shared._lease)

    @deferred
    async def test_launch(self) -> None:
        """
        Connections at once launch one Tor, which is gone when the reactor has stopped. Killed, it is launched again.
        """
        options = LaunchOptions(client_options(self.network))
        with mock.patch.multiple("txtor.endpoints._tors", LaunchOptions=lambda: options, _shared=WeakKeyDictionary()):
            shared = socks_of_launched(self.reactor)
        self.addCleanup(shared.close)
        pids = []
        for _ in range(2):
            await gatherResults([self.greeted("launch=yes") for _ in range(3)])
            assert shared._lease is not None
            pids.append(int(await shared._lease.protocol.get_info_single("process/pid")))
            lost = shared._lease.protocol.when_disconnected()
            if len(pids) < 2:
                os.kill(pids[0], signal.SIGKILL)
                await lost
        self.assertEqual([is_running(pid) for pid in pids], [False, True])
        await shared.close()
        self.assertFalse(is_running(pids[1]))

    @deferred
    async def test_program(self) -> None:
        """
        A whole program that uses both and closes neither ends in order, and nothing of it is left.
        """
        control = quoted(self.network.clients[1].control_endpoint)
        given = json.dumps([self.port, control, client_options(self.network)])
        environment = {**os.environ, "PYTHONPATH": str(pathlib.Path(txtor.__file__).parents[1])}
        arguments = ("-Wall", "-c", PROGRAM, given)
        output, errors, status = await getProcessOutputAndValue(sys.executable, arguments, environment, reactor=self.reactor)
        self.assertEqual((status, errors), (0, b""))
        self.assertFalse(is_running(int(output)))
        self.assertEqual(len(self.factory.made), 2)
