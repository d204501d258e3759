# -*- test-case-name: txtor.test.endpoints.test_network -*-
"""
``tor:`` strings on real Tors: the private network.
"""

from __future__ import annotations

from typing import Any
from unittest import mock

from twisted.internet.defer import Deferred, gatherResults
from twisted.internet.endpoints import clientFromString
from twisted.internet.protocol import Factory
from twisted.internet.task import deferLater

import txtor
from txtor._deferred import deferred
from txtor.endpoints._shared import socks_of_control, socks_of_launched
from txtor.test.process.leftovers import is_running
from txtor.test.socks.own_client import client_options
from txtor.test.socks.test_network import GREETING, Everybody, Greets
from txtor.test.socks.test_transport import Sink
from txtor.testing import TorNetworkTestCase


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
        control = client.control_endpoint.replace("\\", "\\\\").replace(":", "\\:").replace("=", "\\=")
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
