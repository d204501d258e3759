# -*- test-case-name: txtor.test.endpoints.test_kept_on_network -*-
"""
``onion:`` strings whose Tor ends and comes back, on the private network.
"""

from __future__ import annotations

import os
import shutil
import signal
import tempfile
from typing import Any
from unittest import mock
from weakref import WeakKeyDictionary

from twisted.internet.defer import gatherResults
from twisted.internet.endpoints import quoteStringArgument, serverFromString

from txtor._deferred import deferred
from txtor.errors import SocksError
from txtor.onion import OnionAddress
from txtor.process import LaunchOptions, launch_tor
from txtor.test.onion.test_on_network import OnNetworkCase, greeter
from txtor.test.process.leftovers import is_running, until
from txtor.test.socks.own_client import client_options


class KeptStringTests(OnNetworkCase):
    """
    From the string to a visitor, who comes through a Tor that knows the way of before.
    """

    @deferred
    async def setUp(self) -> None:  # type: ignore[override]  # trial waits for the Deferred
        await super().setUp()
        self.folder = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, self.folder)
        early = ("FetchDirInfoEarly", "1"), ("FetchDirInfoExtraEarly", "1")  # it is not to have an old consensus
        self.options = client_options(self.network, *early)

    @deferred
    async def comes_back(self, port: Any, before: object) -> None:
        """
        Wait until a port is behind a service of another Tor, and that is published.
        """
        await until(lambda: port.onion_service.protocol is not before)
        await port.onion_service.current.when_published()

    @deferred
    async def visit_again(self, address: OnionAddress) -> bytes:
        """
        Visit a service that has moved. The visitor may try the old way first.
        """
        await self.client.protocol.signal("NEWNYM")
        try:
            return await self.visit(address)
        except SocksError:
            return await self.visit(address)

    @deferred
    async def test_killed(self) -> None:
        """
        Two strings share a Tor, which is killed: it is launched again, and both services, of which one has files, can be visited
        at the same addresses. When both have stopped listening, it is gone.
        """
        options = LaunchOptions(self.options)
        with mock.patch.multiple("txtor.endpoints._tors", LaunchOptions=lambda: options, _shared=WeakKeyDictionary()):
            strings = ["onion:80:timeout=60", f"onion:80:timeout=60:hiddenServiceDir={self.folder}/site"]
            endpoints = [serverFromString(self.reactor, string) for string in strings]
        ports: list[Any] = await gatherResults([each.listen(greeter(b"hello")) for each in endpoints])
        for port in ports:
            self.addCleanup(port.stopListening)
        addresses = [port.getHost().onion_address for port in ports]
        for address in addresses:
            self.assertEqual(await self.visit(address), b"hello")
        before = ports[0].onion_service.protocol
        pids = [int(await before.get_info_single("process/pid"))]
        os.kill(pids[0], signal.SIGKILL)
        await gatherResults([self.comes_back(port, before) for port in ports])
        pids.append(int(await ports[1].onion_service.protocol.get_info_single("process/pid")))
        self.assertEqual([port.getHost().onion_address for port in ports], addresses)
        for address in addresses:
            self.assertEqual(await self.visit_again(address), b"hello")
        for port in ports:
            self.assertTrue(is_running(pids[1]))
            await port.stopListening()
        self.assertEqual([is_running(pid) for pid in pids], [False, False])

    @deferred
    async def test_restarted(self) -> None:
        """
        A Tor that others run ends, and after a while another listens at the same control port.
        """
        options = LaunchOptions(self.options, f"unix:{self.folder}/control", f"{self.folder}/data")
        launched = await launch_tor(self.reactor, options)
        control = quoteStringArgument(f"unix:{self.folder}/control")
        port: Any = await serverFromString(self.reactor, f"onion:80:timeout=60:controlPort={control}").listen(greeter(b"hello"))
        self.addCleanup(port.stopListening)
        address, before = port.getHost().onion_address, port.onion_service.protocol
        self.assertEqual(await self.visit(address), b"hello")
        await launched.process.end()
        launched = await launch_tor(self.reactor, options)
        self.addCleanup(launched.process.end)
        await self.comes_back(port, before)
        self.assertEqual(port.getHost().onion_address, address)
        self.assertEqual(await self.visit_again(address), b"hello")
        await port.stopListening()
        self.assertEqual(await launched.protocol.get_info_single("onions/current"), "")
