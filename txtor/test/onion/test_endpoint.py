# -*- test-case-name: txtor.test.onion.test_endpoint -*-
"""
Server endpoints behind onion services: a Tor in memory, and ports of loopback.
"""

from __future__ import annotations

import os
import sys
from typing import Any

from twisted.application.internet import StreamServerEndpointService
from twisted.internet.defer import CancelledError, Deferred, succeed
from twisted.internet.endpoints import TCP4ClientEndpoint, TCP4ServerEndpoint, UNIXServerEndpoint
from twisted.internet.error import CannotListenError, ConnectError
from twisted.internet.interfaces import IAddress, IListeningPort, IStreamServerEndpoint
from twisted.internet.protocol import Factory, Protocol
from twisted.logger import capturedLogs, formatEvent
from twisted.trial.unittest import TestCase
from zope.interface.verify import verifyObject

from txtor import Tor
from txtor._deferred import deferred
from txtor.errors import InvalidArgument, OnionAddressCollision, UnrecognizedCommand
from txtor.onion import OnionTerms, TorOnionEndpoint, write_onion_directory
from txtor.test.onion.services import KEY, OnionTor

ADDRESS = KEY.address.bare


class Lease:
    """
    A Tor that counts what happens to it.
    """

    def __init__(self, protocol: Any) -> None:
        self.protocol = protocol
        self.released = 0

    def release(self) -> Deferred[None]:
        self.released += 1
        return succeed(None)


class EndpointTests(TestCase):
    """
    `Tor.create_onion_endpoint`, and what is under it.
    """

    reactor: Any

    def setUp(self) -> None:
        self.reactor = sys.modules["twisted.internet.reactor"]
        self.tor = OnionTor()
        self.controller = Tor(self.reactor, self.tor.connect(self.reactor))
        self.factory = Factory.forProtocol(Protocol)

    def endpoint(self, **arguments: Any) -> TorOnionEndpoint:
        """
        An endpoint of `KEY`'s service, which is not waited for.
        """
        return self.controller.create_onion_endpoint(80, KEY, **{"wait": "none", **arguments})

    async def refused(self, port: int) -> None:
        """
        Nobody listens at a port.
        """
        await self.assertFailure(TCP4ClientEndpoint(self.reactor, "127.0.0.1", port).connect(self.factory), ConnectError)

    @deferred
    async def test_listen(self) -> None:
        """
        The port knows its onion address; when it stops, the service and the port on this machine are gone. Case 102.
        """
        endpoint = self.endpoint()
        verifyObject(IStreamServerEndpoint, endpoint)
        with capturedLogs() as logged:
            port: Any = await endpoint.listen(self.factory)
        self.assertIn(f"Listening behind {KEY.address.hostname}:80", [formatEvent(event) for event in logged])
        verifyObject(IListeningPort, port)
        host = port.getHost()
        verifyObject(IAddress, host)
        self.assertEqual((host.onion_uri, host.onion_port, host.onion_service), (KEY.address.hostname, 80, port.onion_service))
        self.assertEqual(host.onion_address, KEY.address)
        self.assertIn(KEY.address.hostname, repr(port) + repr(host))
        local = port.local_address
        self.assertEqual(port.onion_service.ports, (f"80 127.0.0.1:{local.port}",))
        self.assertRaises(CannotListenError, port.startListening)
        await port.stopListening()
        await port.stopListening()
        self.assertEqual(self.tor.onions, [])
        await self.refused(local.port)

    @deferred
    async def test_addresses(self) -> None:
        """
        Addresses are equal when host name and port are.
        """
        port: Any = await self.endpoint().listen(self.factory)
        first = port.getHost()
        await port.stopListening()
        port = await self.endpoint().listen(self.factory)
        self.assertEqual((first, hash(first)), (port.getHost(), hash(port.getHost())))
        self.assertNotEqual(first, "x")
        await port.stopListening()

    @deferred
    async def test_nothing_before(self) -> None:
        """
        An endpoint that is never used asks nothing of Tor. Case 103.
        """
        asked: list[object] = []
        terms = OnionTerms(wait="none")
        TorOnionEndpoint(self.reactor, lambda: asked.append(1) or succeed(None), 80, terms)  # type: ignore[func-returns-value]
        self.endpoint()
        self.assertEqual((asked, self.tor.received), ([], []))

    @deferred
    async def test_twice(self) -> None:
        """
        Listening twice makes two services; with one key the second is a collision, which leaves no open port. Case 103.
        """
        endpoint = self.controller.create_onion_endpoint(80, wait="none")
        ports: list[Any] = [await endpoint.listen(self.factory) for _ in range(2)]
        self.assertEqual(len({port.getHost().onion_uri for port in ports}), 2)
        await ports[0].stopListening()
        self.assertEqual(self.tor.onions, [ports[1].onion_service.address.bare])
        await ports[1].stopListening()
        port: Any = await self.endpoint().listen(self.factory)
        await self.assertFailure(self.endpoint().listen(self.factory), OnionAddressCollision)
        await port.stopListening()

    @deferred
    async def test_local(self) -> None:
        """
        Where to listen on this machine can be said: a port, or an endpoint, also of a socket. Case 103.
        """
        probe: Any = await TCP4ServerEndpoint(self.reactor, 0, interface="127.0.0.1").listen(self.factory)
        number = probe.getHost().port
        await self.assertFailure(self.endpoint(local=number).listen(self.factory), CannotListenError)
        self.assertEqual(self.tor.onions, [])
        await probe.stopListening()
        path = os.path.abspath(self.mktemp())
        for local, target in (
            (number, f"127.0.0.1:{number}"),
            (TCP4ServerEndpoint(self.reactor, number, interface="127.0.0.1"), f"127.0.0.1:{number}"),
            (UNIXServerEndpoint(self.reactor, path), f"unix:{path}"),
        ):
            port: Any = await self.endpoint(local=local).listen(self.factory)
            self.assertEqual(port.onion_service.ports, (f"80 {target}",))
            await port.stopListening()

    @deferred
    async def test_waiting_and_cancelling(self) -> None:
        """
        Listening waits for the publication and tells of it; a cancel leaves nothing behind. Case 98.
        """
        seen: list[str] = []
        endpoint = self.endpoint(wait="first")
        endpoint.add_progress_listener(lambda percent, word, sentence: seen.append(word))
        listening = endpoint.listen(self.factory)
        self.tor.upload(ADDRESS, 1)
        self.tor.stored(ADDRESS, 1)
        port: Any = await listening
        self.assertEqual(seen, ["upload_started", "upload_stored", "published"])
        await port.stopListening()
        listening = endpoint.listen(self.factory)
        self.assertEqual(self.tor.onions, [ADDRESS])
        listening.cancel()
        await self.assertFailure(listening, CancelledError)
        self.assertEqual(self.tor.onions, [])

    @deferred
    async def test_lease(self) -> None:
        """
        A Tor is released once: when the port stops, also if Tor does not remove the service, or at once when that fails.
        """
        lease = Lease(self.controller.protocol)
        endpoint = TorOnionEndpoint(self.reactor, lambda: succeed(lease), 80, OnionTerms(wait="none"))
        port: Any = await endpoint.listen(self.factory)
        self.assertEqual(lease.released, 0)
        self.tor.refuse("DEL_ONION", 510, "Command filtered")
        await self.assertFailure(port.stopListening(), UnrecognizedCommand)
        await port.stopListening()
        self.assertEqual(lease.released, 1)
        await self.refused(port.onion_service.ports[0].rpartition(":")[2])
        self.tor.refuse("ADD_ONION", 510, "Command filtered")
        await self.assertFailure(endpoint.listen(self.factory), UnrecognizedCommand)
        self.assertEqual(lease.released, 2)

    @deferred
    async def test_files(self) -> None:
        """
        An endpoint behind a service with files.
        """
        folder = os.path.abspath(self.mktemp())
        write_onion_directory(folder, KEY)
        endpoint = self.controller.create_filesystem_onion_endpoint(80, folder, wait="none")
        port: Any = await endpoint.listen(self.factory)
        self.assertEqual(port.getHost().onion_uri, KEY.address.hostname)
        self.assertEqual(port.onion_service.directory, folder)
        await port.stopListening()

    @deferred
    async def test_service(self) -> None:
        """
        A service of an application listens by it, and stops.
        """
        service = StreamServerEndpointService(self.endpoint(), self.factory)
        service.startService()
        self.assertEqual(self.tor.onions, [ADDRESS])
        await service.stopService()
        self.assertEqual(self.tor.onions, [])

    def test_wrong_arguments(self) -> None:
        """
        What cannot be is told when the endpoint is made.
        """
        for arguments in ({"version": 2}, {"wait": "some"}, {"local": "x"}, {"local": 70000}, {"local": True}):
            self.assertRaises(InvalidArgument, self.endpoint, **arguments)
        self.assertRaises(InvalidArgument, self.controller.create_onion_endpoint, 0)
        self.assertRaises(InvalidArgument, self.controller.create_filesystem_onion_endpoint, 80, "relative")
        self.assertRaises(TypeError, self.controller.create_onion_endpoint, 80, bogus=1)
