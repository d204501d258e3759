# -*- test-case-name: txtor.test.endpoints.test_onion_names -*-
"""
The names of onion services and their endpoints that programs know from txtorcon: called as those programs call them.
"""

from __future__ import annotations

import inspect
import os
import sys
from collections.abc import Callable
from typing import Any
from unittest import mock
from weakref import WeakKeyDictionary

from twisted.internet.endpoints import TCP4ServerEndpoint, serverFromString
from twisted.internet.protocol import Factory, Protocol
from twisted.trial.unittest import SynchronousTestCase, TestCase

from txtor import DISCARD, EphemeralOnionService, Tor, TorConfig
from txtor._deferred import deferred
from txtor.endpoints import OnionServerEndpoint, OnionServerStringParser
from txtor.endpoints._server_string import OPTIONS
from txtor.onion import DiskTerms, FilesystemOnionService, OnionTerms, TorOnionEndpoint, write_onion_directory
from txtor.service import TorService
from txtor.test.onion.services import KEY, OnionTor

#: The arguments that may be positional, in their order; with the defaults where there are any.
SIGNATURES: dict[Callable[..., Any], str] = {
    Tor.create_onion_service: (
        "ports, private_key=None, version=3, progress=None, await_all_uploads=False, single_hop=None, detach=None"
    ),
    Tor.create_filesystem_onion_service: (
        "ports, onion_service_dir, version=3, group_readable=False, progress=None, await_all_uploads=False"
    ),
    Tor.create_onion_endpoint: "port, private_key=None, version=3, single_hop=None",
    Tor.create_filesystem_onion_endpoint: "port, hs_dir, group_readable=False, version=3",
    EphemeralOnionService.create: (
        "reactor, tor, ports, detach=None, private_key=None, version=3, progress=None, await_all_uploads=False, single_hop=None"
    ),
    FilesystemOnionService.create: (
        "reactor, tor, hsdir, ports, version=3, group_readable=False, progress=None, await_all_uploads=False"
    ),
}


class SignatureTests(SynchronousTestCase):
    """
    What can be given by position.
    """

    def test_signatures(self) -> None:
        """
        The same arguments in the same order, with the same defaults.
        """
        for function, expected in SIGNATURES.items():
            found = [
                parameter.name if parameter.default is parameter.empty else f"{parameter.name}={parameter.default}"
                for parameter in inspect.signature(function).parameters.values()
                if parameter.kind is parameter.POSITIONAL_OR_KEYWORD and parameter.name != "self"
            ]
            self.assertEqual(", ".join(found), expected, function)

    def test_attributes(self) -> None:
        """
        Services, addresses and endpoints have the attributes.
        """
        for kind, names in (
            (EphemeralOnionService, "hostname private_key version remove"),
            (FilesystemOnionService, "hostname private_key version remove"),
            (OnionServerEndpoint, "system_tor global_tor private_tor add_progress_listener listen"),
        ):
            self.assertEqual([name for name in names.split() if not hasattr(kind, name)], [])

    def test_options(self) -> None:
        """
        The options of the string.
        """
        known = "localPort controlPort hiddenServiceDir privateKey privateKeyFile version singleHop"
        self.assertLessEqual(set(known.split()), set(OPTIONS))
        self.assertEqual(OnionServerStringParser.prefix, "onion")


class CallingTests(TestCase):
    """
    A Tor in memory, which is not waited for.
    """

    reactor: Any

    def setUp(self) -> None:
        self.reactor = sys.modules["twisted.internet.reactor"]
        self.tor = OnionTor()
        self.controller = Tor(self.reactor, self.tor.connect(self.reactor))
        self.factory = Factory.forProtocol(Protocol)

    def keep(self, reactor: Any, tor: Any, **more: Any) -> TorService:
        """
        A service with the Tor in memory, whatever was asked for.
        """
        return TorService(reactor, self.tor.endpoint())

    def directory(self) -> str:
        """
        A directory with a key.
        """
        folder: str = os.path.abspath(self.mktemp())
        write_onion_directory(folder, KEY)
        return folder

    def added(self) -> str:
        """
        The last command that made a service.
        """
        return [line for line in self.tor.received if line.startswith("ADD_ONION")][-1]

    @deferred
    async def test_with_configuration(self) -> None:
        """
        A service of a configuration, of a connection, and of a `Tor`; one whose key comes from before.
        """
        config = await TorConfig.from_protocol(self.controller.protocol)
        for tor in (config, self.controller.protocol, self.controller):
            service = await EphemeralOnionService.create(
                self.reactor, tor, ["80 127.0.0.1:8083"], private_key=KEY.blob, wait="none"
            )
            self.assertEqual((service.hostname, service.private_key), (KEY.address.hostname, KEY.blob))
            await service.remove()
        for tor in (config, self.controller.protocol, self.controller):
            filed = await FilesystemOnionService.create(
                self.reactor, tor, self.directory(), ["9999 127.0.0.1:8083"], version=3, wait="none"
            )
            self.assertEqual((filed.hostname, filed.version), (KEY.address.hostname, 3))
            self.assertEqual(list(filed.ports), ["9999 127.0.0.1:8083"])
            self.assertTrue(os.path.isdir(filed.directory))
            await filed.remove()
        await config.stop()

    @deferred
    async def test_ports(self) -> None:
        """
        Ports in all their forms.
        """
        for ports, expected in (
            ([80], "80 127.0.0.1:80"),
            ([(80, 8080)], "80 127.0.0.1:8080"),
            (["80 127.0.0.1:1234"], "80 127.0.0.1:1234"),
            (["80 unix:/run/web"], "80 unix:/run/web"),
            ([(80, "unix:/run/web")], "80 unix:/run/web"),
        ):
            service = await self.controller.create_onion_service(ports=ports, private_key=DISCARD, version=3, wait="none")
            self.assertEqual((list(service.ports), service.private_key, service.version), ([expected], None, 3))
            self.assertIn("DiscardPK", self.added())
            await service.remove()

    @deferred
    async def test_progress(self) -> None:
        """
        Progress is three words, to a function or to those who were added to an endpoint; the address of the port has the names.
        """
        steps: list[Any] = []
        endpoint = self.controller.create_onion_endpoint(80, KEY.blob)
        endpoint.add_progress_listener(lambda percent, tag, summary: steps.append((percent, tag, summary)))
        waiting = endpoint.listen(self.factory)
        self.assertEqual(self.tor.onions, [KEY.address.bare])
        self.tor.upload(KEY.address.bare, 1)
        self.tor.stored(KEY.address.bare, 1)
        port = await waiting
        self.assertEqual(steps[-1][:2], (100, "published"))
        host = port.getHost()
        self.assertEqual((host.onion_uri, host.onion_port, host.onion_service.private_key), (KEY.address.hostname, 80, KEY.blob))
        self.assertIs(port.onion_service, host.onion_service)
        await port.stopListening()

    @deferred
    async def test_constructors(self) -> None:
        """
        The three places that an endpoint has its Tor from, with a service of each kind.
        """
        with mock.patch.multiple("txtor.endpoints._tors", TorService=self.keep, _shared=WeakKeyDictionary()):
            for terms in (OnionTerms(KEY, wait="none"), DiskTerms(self.directory(), wait="none")):
                control = TCP4ServerEndpoint(self.reactor, 0)
                endpoints: list[TorOnionEndpoint] = [
                    OnionServerEndpoint.system_tor(self.reactor, control, 80, terms),  # type: ignore[arg-type]  # not used
                    OnionServerEndpoint.global_tor(self.reactor, 80, terms),
                    OnionServerEndpoint.private_tor(self.reactor, 80, terms),
                ]
                for endpoint in endpoints:
                    port = await endpoint.listen(self.factory)
                    self.assertEqual(port.getHost().onion_uri, KEY.address.hostname)
                    await port.stopListening()

    @deferred
    async def test_string(self) -> None:
        """
        The string as programs write it.
        """
        free = await TCP4ServerEndpoint(self.reactor, 0, interface="127.0.0.1").listen(self.factory)
        number = free.getHost().port
        await free.stopListening()
        with mock.patch.multiple("txtor.endpoints._tors", TorService=self.keep, _shared=WeakKeyDictionary()):
            endpoint = serverFromString(
                self.reactor, f"onion:80:localPort={number}:version=3:hiddenServiceDir={self.directory()}:wait=none"
            )
        port: Any = await endpoint.listen(self.factory)
        self.assertEqual(port.onion_service.hostname, KEY.address.hostname)
        self.assertEqual(list(port.onion_service.ports), [f"80 127.0.0.1:{number}"])
        await port.stopListening()
