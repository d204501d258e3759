# -*- test-case-name: txtor.test.onion.test_secrets -*-
"""
The secrets of onion services and their clients, through a whole life on the private network: what is logged, what objects and
errors say of themselves, and which files there are.
"""

from __future__ import annotations

import base64
import os
import pathlib
import shutil
import tempfile
import traceback
from collections.abc import Callable, Iterator
from datetime import datetime, timezone
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.endpoints import quoteStringArgument, serverFromString
from twisted.internet.protocol import Factory, Protocol
from twisted.logger import ILogObserver, LogEvent, eventAsText, globalLogPublisher
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase
from zope.interface import implementer

from txtor import DISCARD, TorService, connect
from txtor._deferred import deferred
from txtor.commands import AddOnion, OnionClientAuthAdd
from txtor.errors import TorError
from txtor.onion import ClientAuthKey, OnionKey, OnionKeyFile, OnionTerms, make_onion_descriptor, write_client_key
from txtor.test.onion.test_on_network import OnNetworkCase, greeter


@implementer(ILogObserver)
class Secrets:
    """
    Secrets, in every spelling, and the texts in which they must not be.
    """

    def __init__(self) -> None:
        self.spellings: dict[str, str] = {}
        self.texts: list[str] = []

    def know(self, name: str, secret: bytes) -> None:
        """
        A secret. Half of it is one, too.
        """
        size = len(secret) // 2
        for half in (secret[:size], secret[size:]):
            for spelled in (half.hex(), base64.b32encode(half).decode(), repr(half)[2:-1]):
                self.spellings[spelled.lower()[:20]] = name
        for start in range(3):  # base64 differs with where it begins
            for half in (secret[start:size], secret[size + start :]):
                self.spellings[base64.b64encode(half).decode().lower()[:20]] = name
        self.spellings[str(int.from_bytes(secret[:32], "little"))] = name

    def key(self, key: OnionKey | str) -> OnionKey:
        """
        The key of a service.
        """
        found = OnionKey.from_blob(key) if isinstance(key, str) else key
        self.know(f"the key of {found.address}", found.expanded)
        return found

    def client(self) -> ClientAuthKey:
        """
        A new key of a client.
        """
        key = ClientAuthKey.generate()
        self.know("the key of a client", base64.b64decode(key.blob.partition(":")[2] + "=="))
        return key

    def __call__(self, event: LogEvent) -> None:
        """
        Something was logged: its text with the traceback, and what stands in it.
        """
        self.texts.append(eventAsText(event, includeTraceback=True))
        self.see(*event.values())

    def see(self, *things: object) -> None:
        """
        What things say of themselves.
        """
        self.texts += [f"{thing!r} {thing}" for thing in things]

    def see_error(self, error: BaseException) -> None:
        """
        An error, and what tracebacks show of it.
        """
        self.see(error, error.args, *vars(error).values())
        self.texts += [Failure(error).getTraceback(), "".join(traceback.format_exception(error))]

    def shown(self) -> Iterator[str]:
        """
        Which secret is in which text.
        """
        for text in self.texts:
            lower = text.lower()
            for spelling, name in self.spellings.items():
                if spelling in lower:
                    yield f"{name}: {text}"


class SecretsTests(SynchronousTestCase):
    """
    That a secret is found where it is.
    """

    def test_found(self) -> None:
        """
        In each spelling, in logs, objects and errors.
        """
        key = OnionKey.generate()
        for spelled in (
            key.blob,
            key.expanded.hex().upper(),
            str(key.expanded),
            base64.b32encode(key.expanded).decode(),
            base64.b64encode(b"\0" + key.expanded).decode(),
            f"x{int.from_bytes(key.expanded[:32], 'little')}x",
        ):
            secrets = Secrets()
            secrets.key(key)
            secrets.see_error(ValueError(f"Not a key: {spelled}"))
            self.assertTrue(list(secrets.shown()), spelled)
        secrets.texts.clear()
        secrets({"log_format": "made {it}", "it": key.blob})
        self.assertTrue(list(secrets.shown()))
        secrets.texts.clear()
        secrets.see(key, key.address)
        self.assertEqual(list(secrets.shown()), [])


class LifeTests(OnNetworkCase):
    """
    A whole life, with everything logged.
    """

    @deferred
    async def setUp(self) -> None:  # type: ignore[override]  # trial waits for the Deferred, and its stubs do not know
        await super().setUp()
        self.secrets = Secrets()
        globalLogPublisher.addObserver(self.secrets)
        self.addCleanup(globalLogPublisher.removeObserver, self.secrets)
        self.folder = tempfile.mkdtemp(dir=self.network.clients[0].data_directory)
        self.addCleanup(shutil.rmtree, self.folder)

    def nothing_shown(self) -> None:
        """
        No secret in a text, and no file that others can read but for what everybody may know.
        """
        self.assertGreater(len(self.secrets.texts), 20)
        self.assertEqual(list(self.secrets.shown()), [])
        for path in pathlib.Path(self.folder).rglob("*"):
            self.assertEqual(path.stat().st_mode & 0o077, 0, path)

    async def fails(self, call: Callable[[], Deferred[Any]]) -> None:
        """
        Something fails, and says nothing of a secret.
        """
        try:
            await call()
        except TorError as error:
            self.secrets.see_error(error)
        else:
            self.fail("It does not fail.")

    @deferred
    async def test_services(self) -> None:
        """
        Services of every kind: made, refused, given other clients, listened with, moved and removed.
        """
        secrets, server = self.secrets, self.server
        friend = secrets.client()
        made = await server.create_onion_service([(80, greeter(b"x"))], clients=[friend.public_key])
        key = secrets.key(made.private_key or "")
        secrets.see(made, made.report, made.address, made.clients, made._terms, made._watch, made._targets, key)
        await self.fails(lambda: server.create_onion_service([80], key))
        for wrong in (key.blob[:-20], key.blob.partition(":")[2], key.blob.replace("-V3", "-V4"), f"{key.blob} Port=81"):
            await self.fails(lambda wrong=wrong: server.create_onion_service([80], wrong))  # type: ignore[misc]
            await self.fails(lambda wrong=wrong: server.protocol.queue_command(f"ADD_ONION {wrong} Port=x"))  # type: ignore[misc]
        await self.fails(lambda: made.set_clients([friend]))  # type: ignore[list-item]  # its secret half
        await made.set_clients([friend.public_key])
        there = await connect(self.reactor, self.network.exits[0].control_endpoint)
        self.addCleanup(there.close)
        moved = await made.move_to(there)
        secrets.see(moved, AddOnion(key.blob, [80]), OnionTerms(key.blob), OnionTerms(key))
        await moved.remove()
        discarded = await server.create_onion_service([80], DISCARD, wait="none")
        self.assertIsNone(discarded.private_key)
        secrets.see(discarded, DISCARD)
        await discarded.remove()
        filed = await server.create_filesystem_onion_service([80], f"{self.folder}/filed", clients={"friend": friend.public_key})
        secrets.key(filed.private_key)
        secrets.see(filed, filed.report, filed._terms)
        await filed.remove()
        self.nothing_shown()

    @deferred
    async def test_endpoints(self) -> None:
        """
        Endpoints and their strings, keys in files, a service that is kept, a descriptor that is made.
        """
        secrets, folder = self.secrets, self.folder
        key = secrets.key(OnionKey.generate())
        factory = Factory.forProtocol(Protocol)
        control = quoteStringArgument(self.network.clients[0].control_endpoint)
        quoted = quoteStringArgument(key.blob)
        endpoints = [
            self.server.create_onion_endpoint(80, key, wait="none"),
            self.server.create_onion_endpoint(80, OnionKeyFile(f"{folder}/key"), wait="none"),
            serverFromString(self.reactor, f"onion:80:controlPort={control}:privateKey={quoted}:wait=none"),
        ]
        for endpoint in endpoints:
            port: Any = await endpoint.listen(factory)
            secrets.key(port.onion_service.private_key)
            secrets.see(endpoint, port, port.getHost())
            await port.stopListening()
        slots = await self.server.onion_descriptor_slots()
        blinded = key.blind(slots.for_clients.period)
        secrets.know("a blinded key", blinded.expanded)
        secrets.see(blinded, key, make_onion_descriptor(key, [], slots.for_clients, datetime.now(timezone.utc)))
        service = TorService(self.reactor, self.network.clients[0].control_endpoint)
        service.startService()
        self.addCleanup(service.stopService)
        kept = await service.create_onion_service([80], key, wait="none")
        secrets.see(kept, kept.current, service, service.health)
        await kept.remove()
        with open(f"{folder}/broken", "wb") as file:
            file.write(key.expanded)
        os.chmod(f"{folder}/broken", 0o600)
        await self.fails(lambda: self.server.create_onion_service([80], OnionKeyFile(f"{folder}/broken")))
        self.nothing_shown()

    @deferred
    async def test_clients(self) -> None:
        """
        The keys of clients: given to Tor, listed, used, refused.
        """
        secrets, client = self.secrets, self.client
        friend, stranger = secrets.client(), secrets.client()
        service = await self.server.create_onion_service([(80, greeter(b"x"))], clients=[friend.public_key], wait="all")
        secrets.key(service.private_key or "")
        holders = sorted(service.report.wanted.holding)[:1]
        for key in (None, stranger):
            await self.fails(lambda key=key: client.get_onion_descriptor(service.address, key, servers=holders))  # type: ignore[misc]
        content = await client.get_onion_descriptor(service.address, friend, servers=holders)
        secrets.see(content, content.middle, content.inner, friend, friend.public_key)
        authentication = client.onion_authentication(service.address, friend.blob, name="me")
        async with authentication:
            listed = await client.onion_authentications()
            secrets.see(authentication, listed, *listed)
            self.assertEqual(await self.visit(service.address), b"x")
        secrets.see(OnionClientAuthAdd(service.address.bare, friend.blob, "me"))
        await self.fails(lambda: client.onion_authentication(service.address, friend, permanent=True).add())
        for wrong in (friend.blob[:-8], friend.blob.replace("x25519", "x448"), friend.blob.partition(":")[2]):
            command = f"ONION_CLIENT_AUTH_ADD {service.address.bare} {wrong}"
            await self.fails(lambda command=command: client.protocol.queue_command(command))  # type: ignore[misc]
        for wrong in (friend.blob[:-3], friend.blob + "A"):
            with self.assertRaises(TorError) as caught:
                client.onion_authentication(service.address, wrong)
            secrets.see_error(caught.exception)
        os.mkdir(f"{self.folder}/clients", 0o700)
        write_client_key(f"{self.folder}/clients", service.address, friend)
        await service.remove()
        self.nothing_shown()
