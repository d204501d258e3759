# -*- test-case-name: txtor.test.endpoints.test_server_string -*-
"""
``onion:`` in ``serverFromString``.
"""

from __future__ import annotations

import os
import sys
from typing import Any
from unittest import mock
from weakref import WeakKeyDictionary

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.internet.endpoints import TCP4ServerEndpoint, serverFromString
from twisted.internet.interfaces import IStreamServerEndpoint, IStreamServerEndpointStringParser
from twisted.internet.protocol import Factory, Protocol
from twisted.internet.testing import MemoryReactorClock
from twisted.plugin import IPlugin, getPlugins
from twisted.trial.unittest import SynchronousTestCase, TestCase
from zope.interface.verify import verifyObject

from txtor._deferred import deferred
from txtor.endpoints import OnionServerEndpoint, OnionServerStringParser
from txtor.endpoints._server_string import OPTIONS
from txtor.errors import InvalidArgument, OnionKeyFileUnusable
from txtor.onion import ClientAuthKey, OnionKey, read_onion_key, write_onion_directory
from txtor.process import LaunchOptions
from txtor.service import TorService
from txtor.test.onion.services import KEY, OnionTor

FACTORY = Factory.forProtocol(Protocol)


class ParserTests(SynchronousTestCase):
    """
    What a string may hold. Case 117.
    """

    def parse(self, text: str) -> IStreamServerEndpoint:
        """
        The endpoint of a string.
        """
        endpoint: IStreamServerEndpoint = serverFromString(MemoryReactorClock(), text)
        return endpoint

    def test_plugin(self) -> None:
        """
        Twisted finds the parser, and makes endpoints by it.
        """
        parser = OnionServerStringParser()
        verifyObject(IStreamServerEndpointStringParser, parser)
        verifyObject(IPlugin, parser)
        found = [each for each in getPlugins(IStreamServerEndpointStringParser) if each.prefix == "onion"]
        self.assertEqual([type(each) for each in found], [OnionServerStringParser])
        for text in ("onion:80", "onion:port=80"):
            self.assertIsInstance(self.parse(text), OnionServerEndpoint)

    def test_table(self) -> None:
        """
        Each option is documented.
        """
        for name in OPTIONS:
            self.assertIn(f"``{name}=``", OnionServerStringParser.__doc__ or "")

    def test_misspelt(self) -> None:
        """
        An option that there is not is an error, with the one that was probably meant.
        """
        for wrong, right in (("hiddenservicedir=/x", "hiddenServiceDir"), ("privatKey=x", "privateKey"), ("key=1", "privateKey")):
            with self.assertRaises(InvalidArgument) as caught:
                self.parse(f"onion:80:{wrong}")
            self.assertIn(right, str(caught.exception))

    def test_wrong(self) -> None:
        """
        What cannot be is refused, without a connection, a process or a file.
        """
        for wrong in (
            "",
            "0",
            "65536",
            "x",
            "80:81",
            "80:port=81",
            "80:reactor=x",
            "80:version=2",
            "80:localPort=0",
            "80:localPort=1:local=tcp\\:1",
            "80:local=nonsense",
            "80:local=bogus\\:1",
            "80:controlPort=0",
            "80:controlPort=9051:tor=launch",
            "80:controlPort=9051:dataDirectory=/x",
            "80:tor=system:dataDirectory=/x",
            "80:tor=other",
            "80:hiddenServiceDir=relative",
            "80:hiddenServiceDir=/x:privateKey=DISCARD",
            "80:groupReadable=yes",
            "80:introductionPoints=4",
            "80:hiddenServiceDir=/x:introductionPoints=2",
            "80:hiddenServiceDir=/x:maxStreams=65536",
            "80:maxStreams=65536",
            "80:maxStreams=-1",
            "80:pow=1 or 2",
            "80:singleHop=maybe",
            "80:privateKey=x",
            "80:privateKey=DISCARD:privateKeyFile=x",
            "80:clients=",
            "80:clients=x",
            "80:wait=some",
            "80:timeout=-1",
            "80:timeout=1e9",
            "80:timeout=.",
        ):
            with self.assertRaises(InvalidArgument, msg=wrong):
                self.parse(f"onion:{wrong}")

    def test_secret(self) -> None:
        """
        No error shows a key.
        """
        secret = OnionKey.generate().blob.partition(":")[2]
        for text in (f"RSA1024\\:{secret}", f"ED25519-V3\\:{secret[:-8]}", secret):
            with self.assertRaises(InvalidArgument) as caught:
                self.parse(f"onion:80:privateKey={text.replace('=', chr(92) + '=')}")
            self.assertNotIn(secret[:8], str(caught.exception))

    @settings(max_examples=150)
    @given(st.dictionaries(st.sampled_from(sorted(OPTIONS)), st.text(max_size=12), max_size=4), st.text(max_size=6))
    def test_anything(self, options: dict[str, str], port: str) -> None:
        """
        Anything is an endpoint or the one declared error.
        """
        try:
            endpoint = OnionServerStringParser().parseStreamServer(MemoryReactorClock(), port, **options)
        except InvalidArgument:
            return
        self.assertIsInstance(endpoint, OnionServerEndpoint)


class ListeningTests(TestCase):
    """
    What comes of a string, on a Tor in memory.
    """

    reactor: Any

    def setUp(self) -> None:
        self.reactor = sys.modules["twisted.internet.reactor"]
        self.tor = OnionTor()
        self.asked: list[Any] = []

    def keep(self, reactor: Any, tor: Any, **more: Any) -> TorService:
        """
        A service with the Tor in memory, whatever was asked for.
        """
        self.asked.append(tor)
        return TorService(reactor, self.tor.endpoint())

    @deferred
    async def listen(self, text: str) -> Any:
        """
        Listen by a string.
        """
        with mock.patch.multiple("txtor.endpoints._tors", TorService=self.keep, _shared=WeakKeyDictionary()):
            endpoint = serverFromString(self.reactor, f"onion:80:wait=none{text}")
        self.assertEqual(self.tor.received, [])
        port = await endpoint.listen(FACTORY)
        self.addCleanup(port.stopListening)
        return port

    def added(self) -> str:
        """
        The command that made the service.
        """
        (line,) = [line for line in self.tor.received if line.startswith("ADD_ONION")]
        return line

    @deferred
    async def test_where_tor_is(self) -> None:
        """
        A control port, an endpoint, the usual places, or one of our own, which does not hide where the service does not.
        """
        for text, asked in (
            (":controlPort=9051", "tcp:127.0.0.1:9051"),
            (":controlPort=unix\\:/run/tor/control", "unix:/run/tor/control"),
            (":tor=system", None),
            ("", LaunchOptions()),
            (":tor=launch:dataDirectory=/data", LaunchOptions(data_directory="/data")),
            (":singleHop=yes", LaunchOptions(non_anonymous_mode=True)),
        ):
            del self.tor.received[:]
            port = await self.listen(text)
            self.assertEqual(self.asked.pop(), asked)
            await port.stopListening()

    @deferred
    async def test_key_and_clients(self) -> None:
        """
        A key, its clients, and a key that Tor tells nobody.
        """
        friend = ClientAuthKey.generate().public_key.base32
        key = KEY.blob.replace(":", "\\:").replace("=", "\\=")
        port = await self.listen(f":privateKey={key}:clients={friend}")
        self.assertEqual(port.getHost().onion_uri, KEY.address.hostname)
        self.assertTrue(self.added().endswith(f"ClientAuthV3={friend}"))
        del self.tor.received[:]
        port = await self.listen(":privateKey=DISCARD")
        self.assertIn("DiscardPK", self.added())

    @deferred
    async def test_key_file(self) -> None:
        """
        A file keeps the key: it is made when it is first used, closed to others, and used again; Tor's own files do as well.
        """
        path = os.path.abspath(self.mktemp())
        port = await self.listen(f":privateKeyFile={path}")
        address = port.onion_service.address
        self.assertEqual(os.stat(path).st_mode & 0o777, 0o600)
        await port.stopListening()
        del self.tor.received[:]
        self.assertEqual((await self.listen(f":privateKeyFile={path}")).onion_service.address, address)
        folder = os.path.abspath(self.mktemp())
        write_onion_directory(folder, KEY)
        del self.tor.received[:]
        port = await self.listen(f":privateKeyFile={folder}/hs_ed25519_secret_key")
        self.assertEqual(port.onion_service.address, KEY.address)

    @deferred
    async def test_key_file_unusable(self) -> None:
        """
        A file that holds no key is an error, and stays as it is. Case 99: whatever its last byte is.
        """
        path = os.path.abspath(self.mktemp())
        for content in (b"", b"no key\n", b"\xff", b"== ed25519v1-secret: type0 ==\0\0\0" + b"\n" * 63):
            with open(path, "wb") as file:
                file.write(content)
            del self.tor.received[:]
            await self.assertFailure(self.listen(f":privateKeyFile={path}"), OnionKeyFileUnusable)
            with open(path, "rb") as file:
                self.assertEqual(file.read(), content)
        del self.tor.received[:]
        await self.assertFailure(self.listen(":privateKeyFile=/nonexistent/key"), OnionKeyFileUnusable)

    @deferred
    async def test_directory(self) -> None:
        """
        A directory in which Tor keeps the key.
        """
        folder = os.path.abspath(self.mktemp())
        write_onion_directory(folder, KEY)
        port = await self.listen(f":hiddenServiceDir={folder}")
        self.assertEqual(port.onion_service.current.directory, folder)
        self.assertEqual(read_onion_key(folder).blob, port.onion_service.private_key)

    @deferred
    async def test_limits(self) -> None:
        """
        What limits clients, in both kinds of services.
        """
        await self.listen(":maxStreams=9:pow=yes")
        self.assertIn(" MaxStreams=9 PoWDefensesEnabled=1 ", self.added())
        del self.tor.received[:]
        folder = os.path.abspath(self.mktemp())
        write_onion_directory(folder, KEY)
        await self.listen(f":hiddenServiceDir={folder}:maxStreams=9:pow=yes:introductionPoints=5")
        (line,) = [line for line in self.tor.received if line.startswith("SETCONF")]
        for option in ("MaxStreams=9", "PoWDefensesEnabled=1", "NumIntroductionPoints=5"):
            self.assertIn(f" HiddenService{option}", line.replace(chr(34), ""))

    @deferred
    async def test_local(self) -> None:
        """
        Where to listen on this machine.
        """
        probe: Any = await TCP4ServerEndpoint(self.reactor, 0, interface="127.0.0.1").listen(FACTORY)
        number = probe.getHost().port
        await probe.stopListening()
        path = os.path.abspath(self.mktemp())
        for text, target in ((f":localPort={number}", f"127.0.0.1:{number}"), (f":local=unix\\:{path}", f"unix:{path}")):
            del self.tor.received[:]
            port = await self.listen(text)
            self.assertEqual(port.onion_service.ports, (f"80 {target}",))
            await port.stopListening()
