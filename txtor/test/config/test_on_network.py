# -*- test-case-name: txtor.test.config.test_on_network -*-
"""
SocksPorts of a real Tor with a network, by its configuration.
"""

from __future__ import annotations

import os
import shutil
import tempfile

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IStreamClientEndpoint
from twisted.internet.protocol import Factory, Protocol
from twisted.protocols.wire import Echo

from txtor import connect
from txtor._deferred import deferred
from txtor.endpoints import TorClientEndpoint
from txtor.test.serving import serve
from txtor.testing import TorNetworkTestCase


class Asking(Protocol):
    """
    Says something and waits for as much.
    """

    def __init__(self) -> None:
        self.answered: Deferred[bytes] = Deferred()
        self._heard = b""

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
        self._heard += data
        if len(self._heard) == 5:
            self.answered.callback(self._heard)


class SocksPortTests(TorNetworkTestCase):
    """
    Endpoints of ports that are there, that are added, and that Tor chooses.
    """

    async def ask(self, endpoint: IStreamClientEndpoint) -> bytes:
        """
        Ask an echo on loopback through a SOCKS server.
        """
        port = serve(self, Factory.forProtocol(Echo))
        asking = await TorClientEndpoint("127.0.0.1", port, endpoint, reactor=self.reactor).connect(Factory.forProtocol(Asking))
        assert isinstance(asking, Asking) and asking.transport is not None
        answer = await asking.answered
        asking.transport.loseConnection()
        return answer

    @deferred
    async def test_endpoints(self) -> None:
        """
        Case 65: the first SocksPort, a unix socket with a blank in its path, and one that Tor chooses: each leads through Tor.
        """
        directory = tempfile.mkdtemp(prefix="txtor-")
        self.addCleanup(shutil.rmtree, directory)
        async with await connect(self.reactor, self.network.clients[1].control_endpoint) as tor:
            config = await tor.get_config()
            before = list(config.SocksPort)
            try:
                self.assertEqual(await self.ask(config.socks_endpoint(self.reactor)), b"hello")
                for line in (f'unix:"{os.path.join(directory, "a b")}" IsolateDestPort', "auto IsolateDestAddr"):
                    made = await config.create_socks_endpoint(self.reactor, line)
                    self.assertEqual(await self.ask(made), b"hello", line)
                self.assertEqual(len(config.SocksPort), len(before) + 2)
            finally:
                config.SocksPort = before
                await config.save()
            self.assertEqual(await tor.protocol.get_conf_list("SocksPort"), before)
