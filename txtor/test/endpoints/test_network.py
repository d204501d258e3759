# -*- test-case-name: txtor.test.endpoints.test_network -*-
"""
``tor:`` strings on real Tors: the private network.
"""

from __future__ import annotations

import json
import os
import pathlib
import sys
from typing import Any
from unittest import mock

from twisted.internet.defer import Deferred, gatherResults
from twisted.internet.endpoints import clientFromString
from twisted.internet.protocol import Factory
from twisted.internet.task import deferLater
from twisted.internet.utils import getProcessOutputAndValue

import txtor
from txtor._deferred import deferred
from txtor.endpoints._shared import socks_of_control, socks_of_launched
from txtor.test.process.leftovers import is_running
from txtor.test.socks.own_client import client_options
from txtor.test.socks.test_network import GREETING, Everybody, Greets
from txtor.test.socks.test_transport import Sink
from txtor.testing import TorNetworkTestCase

#: Connects by both kinds of strings, waits for the greeting, and returns from its ``main`` without closing anything of Tor's.
PROGRAM = """
import json, sys
from unittest import mock

import txtor
from twisted.internet.defer import Deferred
from twisted.internet.endpoints import clientFromString
from twisted.internet.protocol import Factory, Protocol
from twisted.internet.task import react

port, control, config = json.loads(sys.argv[1])

class Greeted(Protocol):
    def __init__(self):
        self.gone = Deferred()
    def dataReceived(self, data):
        self.transport.loseConnection()
    def connectionLost(self, reason):
        self.gone.callback(None)

async def launch(reactor):
    tor = await txtor.launch(reactor, config=[tuple(pair) for pair in config])
    print(tor.process.pid)
    return tor

async def main(reactor):
    with mock.patch("txtor.endpoints._tors.launch", lambda reactor: Deferred.fromCoroutine(launch(reactor))):
        for option in ("launch=yes", "control=" + control):
            endpoint = clientFromString(reactor, f"tor:127.0.0.1:{port}:{option}")
            await (await endpoint.connect(Factory.forProtocol(Greeted))).gone

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
        tors: list[txtor.Tor] = []

        def remember(tor: txtor.Tor) -> txtor.Tor:
            tors.append(tor)
            return tor

        def launch(reactor: Any) -> Deferred[txtor.Tor]:
            return txtor.launch(reactor, config=client_options(self.network), timeout=60).addCallback(remember)

        with mock.patch("txtor.endpoints._tors.launch", launch):
            shared = socks_of_launched(self.reactor)
            self.addCleanup(shared.close)
            await gatherResults([self.greeted("launch=yes") for _ in range(3)])
            (tor,) = tors
            assert tor.process is not None and tor.process.pid is not None
            first = tor.process.pid
            tor.process.send_signal(9)
            await tor.process.when_ended()
            while shared._lease is not None:  # the connection's end comes by itself
                await deferLater(self.reactor, 0.01)
            await self.greeted("launch=yes")
            self.assertEqual(len(tors), 2)
            assert tors[1].process is not None and tors[1].process.pid is not None
            second = tors[1].process.pid
            self.assertEqual([is_running(first), is_running(second)], [False, True])
            await shared.close()
            self.assertFalse(is_running(second))

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
