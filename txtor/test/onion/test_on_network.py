# -*- test-case-name: txtor.test.onion.test_on_network -*-
"""
Onion services on the private network: one Tor has them, another one visits them.
"""

from __future__ import annotations

import shutil
import tempfile
from datetime import datetime, timezone
from typing import Any

from twisted.internet.defer import Deferred, gatherResults
from twisted.internet.endpoints import clientFromString, quoteStringArgument, serverFromString
from twisted.internet.protocol import Factory, Protocol

from txtor import DISCARD, Tor, connect, launch
from txtor._deferred import deferred
from txtor.commands import GetConfGroup
from txtor.errors import (
    ClientAuthorizationNeeded,
    ClientKeyNotAccepted,
    OnionAddressCollision,
    OnionClientAuthorizationMissing,
    OnionClientAuthorizationWrong,
)
from txtor.onion import ClientAuthKey, OnionAddress, OnionKey, make_onion_descriptor
from txtor.socks import TorSocksEndpoint
from txtor.test.serving import Reader
from txtor.test.socks.own_client import client_options
from txtor.testing import TorNetworkTestCase

#: Longer than any of this takes, in seconds.
PATIENCE = 60


def greeter(text: bytes) -> Factory:
    """
    A server that says something and hangs up.
    """

    class Greeter(Protocol):
        def connectionMade(self) -> None:
            assert self.transport is not None
            self.transport.write(text)
            self.transport.loseConnection()

    return Factory.forProtocol(Greeter)


class OnNetworkCase(TorNetworkTestCase):
    """
    Two clients of the network.
    """

    @deferred
    async def setUp(self) -> None:  # type: ignore[override]  # trial waits for the Deferred, and its stubs do not know
        await super().setUp()
        self.server = await self.controller(0)
        self.client = await self.controller(1)

    async def controller(self, number: int) -> Tor:
        """
        A connection to one of the network's clients, closed at the end. It has a consensus that is not old.
        """
        tor = await connect(self.reactor, self.network.clients[number].control_endpoint)
        self.addCleanup(tor.close)
        await tor.protocol.set_conf("FetchDirInfoEarly", "1", "FetchDirInfoExtraEarly", "1")
        return tor

    async def visit(self, address: OnionAddress, port: int = 80) -> bytes:
        """
        Connect to a service through the client, and hear what it says.
        """
        socks = self.network.clients[1].socks_endpoint
        assert socks is not None
        endpoint = TorSocksEndpoint(clientFromString(self.reactor, socks), address.hostname, port)
        reader = await endpoint.connect(Factory.forProtocol(Reader)).addTimeout(PATIENCE, self.reactor)
        assert isinstance(reader, Reader)
        return await reader.done.addTimeout(PATIENCE, self.reactor)


class ServiceTests(OnNetworkCase):
    """
    Services without files.
    """

    @deferred
    async def test_published_and_visited(self) -> None:
        """
        A service is published at all directories, visited on both of its ports, its descriptor read, and removed.
        """
        seen: list[int] = []
        service = await self.server.create_onion_service(
            [(80, greeter(b"eighty")), (81, greeter(b"eighty-one"))],
            progress=lambda percent, word, sentence: seen.append(percent),
            wait="all",
        )
        self.assertEqual((seen[-1], service.report.wanted.open), (100, frozenset()))
        self.assertEqual(await self.visit(service.address), b"eighty")
        self.assertEqual(await self.visit(service.address, 81), b"eighty-one")
        content = await self.client.get_onion_descriptor(service.hostname, servers=sorted(service.report.wanted.holding)[:1])
        relays = {node.fingerprint for node in self.network.nodes}
        self.assertLessEqual({each.fingerprint for each in content.introduction_points}, relays)
        self.assertEqual(len(content.introduction_points), 3)
        key = service.private_key
        await self.assertFailure(self.server.create_onion_service([80], key), OnionAddressCollision)
        await service.remove()
        self.assertEqual(await self.server.protocol.get_info_single("onions/current"), "")
        again = await self.server.create_onion_service([80], key, wait="none")
        self.assertEqual(again.address, service.address)

    @deferred
    async def test_many(self) -> None:
        """
        Many services at once, each of which waits for its own publication; all can be visited.
        """
        making = [self.server.create_onion_service([(80, greeter(f"{number}".encode()))], DISCARD) for number in range(8)]
        services = await gatherResults(making)
        self.assertEqual(len({service.hostname for service in services}), 8)
        heard = await gatherResults([Deferred.fromCoroutine(self.visit(service.address)) for service in services])
        self.assertEqual(heard, [f"{number}".encode() for number in range(8)])
        for service in services:
            self.assertIsNone(service.private_key)
            await service.remove()

    @deferred
    async def test_clients(self) -> None:
        """
        A service with one client: that one is let in, another one and nobody in particular are not; when another one takes its
        place, it is out. Proof of work is offered and seen. Case 104.
        """
        friend, stranger = ClientAuthKey.generate(), ClientAuthKey.generate()
        ports = [(80, greeter(b"friend"))]
        service = await self.server.create_onion_service(
            ports, clients={"friend": friend.public_key}, wait="all", pow_enabled=True
        )
        holders = sorted(service.report.wanted.holding)[:1]

        def fetch(key: ClientAuthKey | None) -> Deferred[Any]:
            return self.client.get_onion_descriptor(service.address, key, servers=holders)

        content = await fetch(friend)
        self.assertTrue(content.authorized)
        self.assertIsNotNone(content.inner.pow_params)
        await self.assertFailure(fetch(None), ClientAuthorizationNeeded)
        await self.assertFailure(fetch(stranger), ClientKeyNotAccepted)
        async with self.client.onion_authentication(service.address, friend):
            self.assertEqual(await self.visit(service.address), b"friend")
        await service.set_clients([stranger.public_key])
        holders = sorted(service.report.wanted.holding)[:1]
        await self.assertFailure(fetch(friend), ClientKeyNotAccepted)
        self.assertTrue((await fetch(stranger)).authorized)
        await service.remove()

    @deferred
    async def test_post(self) -> None:
        """
        A descriptor that txtor made is posted through one Tor and fetched through the other.
        """
        key = OnionKey.generate()
        holder = self.network.authorities[0].fingerprint
        assert holder is not None
        slots = await self.server.onion_descriptor_slots()
        made = make_onion_descriptor(key, [], slots.for_clients, datetime.now(timezone.utc))
        report = await self.server.post_onion_descriptor(made, key.address, servers=[holder])
        self.assertEqual(report.holding, {holder})
        content = await self.client.get_onion_descriptor(key.address, servers=[holder])
        self.assertEqual(bytes(content.descriptor), bytes(made))

    @deferred
    async def test_endpoint(self) -> None:
        """
        An endpoint listens behind a service: it is visited at the address of its port, and gone when that stops. Case 102.
        """
        port: Any = await self.server.create_onion_endpoint(80).listen(greeter(b"endpoint"))
        self.assertEqual(await self.visit(port.getHost().onion_address, port.getHost().onion_port), b"endpoint")
        await port.stopListening()
        self.assertEqual(await self.server.protocol.get_info_single("onions/current"), "")

    @deferred
    async def test_string(self) -> None:
        """
        The same by a string, with a key that is kept in a file: the address is the same the next time. Cases 102, 103, 117.
        """
        folder = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, folder)
        control = quoteStringArgument(self.network.clients[0].control_endpoint)
        endpoint = serverFromString(self.reactor, f"onion:80:controlPort={control}:privateKeyFile={folder}/key:timeout=60")
        port: Any = await endpoint.listen(greeter(b"string"))
        address = port.getHost().onion_address
        self.assertEqual(await self.visit(address), b"string")
        gone = port.onion_service.protocol.when_disconnected()
        await port.stopListening()
        await gone
        again = serverFromString(self.reactor, f"onion:80:controlPort={control}:privateKeyFile={folder}/key:wait=none")
        port = await again.listen(greeter(b"string"))
        self.assertEqual(port.getHost().onion_address, address)
        await port.stopListening()


class DiskServiceTests(OnNetworkCase):
    """
    Services with files.
    """

    @deferred
    async def test_two(self) -> None:
        """
        Two services stand in the configuration, one of them for one client. The one is visited, the other one's descriptor
        is for that client; when one is removed the other stays, and it comes back with its address. Case 67.
        """
        folder = tempfile.mkdtemp(dir=self.network.clients[0].data_directory)
        self.addCleanup(shutil.rmtree, folder)
        friend = ClientAuthKey.generate()
        one, two = await gatherResults(
            [
                self.server.create_filesystem_onion_service([(80, greeter(b"files"))], f"{folder}/one"),
                self.server.create_filesystem_onion_service(
                    "80 127.0.0.1:9", f"{folder}/two", clients={"friend": friend.public_key}, wait="all"
                ),
            ]
        )
        self.assertEqual(await self.visit(one.address), b"files")
        holders = sorted(two.report.wanted.holding)[:1]
        self.assertTrue((await self.client.get_onion_descriptor(two.address, friend, servers=holders)).authorized)
        await self.assertFailure(self.client.get_onion_descriptor(two.address, servers=holders), ClientAuthorizationNeeded)
        self.assertEqual(OnionKey.from_blob(one.private_key).address, one.address)
        await one.remove()
        told = await self.server.protocol.send(GetConfGroup())
        self.assertEqual([value for name, value in told if name == "HiddenServiceDir"], [f"{folder}/two"])
        again = await self.server.create_filesystem_onion_service([80], f"{folder}/one", wait="none")
        self.assertEqual(again.address, one.address)
        await gatherResults([again.remove(), two.remove()])
        self.assertEqual(await self.server.protocol.send(GetConfGroup()), [])


class RefusedTests(OnNetworkCase):
    """
    What a visitor is told whom a service does not let in. The visitor is a Tor that tells all that it knows (ExtendedErrors).
    """

    async def visitor(self) -> Tor:
        """
        One more client of the network.
        """
        tor = await launch(
            self.reactor, config=client_options(self.network), socks_port="auto ExtendedErrors", timeout=PATIENCE
        )
        self.addCleanup(tor.quit)
        return tor

    @deferred
    async def test_refused(self) -> None:
        """
        Without a key, with a wrong one, and with one that is no longer accepted, each has its own error; the right key opens the
        same service on the same Tor. Case 104.
        """
        friend, stranger = ClientAuthKey.generate(), ClientAuthKey.generate()
        visitor = await self.visitor()
        ports = [(80, greeter(b"friend"))]
        service = await self.server.create_onion_service(ports, clients=[friend.public_key], wait="all")

        @deferred
        async def visit() -> bytes:
            reader: Any = await visitor.stream_via(service.hostname, 80).connect(Factory.forProtocol(Reader))
            heard: bytes = await reader.done
            return heard

        await self.assertFailure(visit(), OnionClientAuthorizationMissing)
        async with visitor.onion_authentication(service.address, stranger):
            await self.assertFailure(visit(), OnionClientAuthorizationWrong)
        async with visitor.onion_authentication(service.address, friend):
            self.assertEqual(await visit(), b"friend")
            await service.set_clients([stranger.public_key])
            await self.assertFailure(visit(), OnionClientAuthorizationWrong)
        await service.remove()
