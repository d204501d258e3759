# -*- test-case-name: txtor.test.process.test_bridges -*-
"""
A Tor that is launched to use bridges, and a pluggable transport.
"""

from __future__ import annotations

import pathlib
import sys
from collections.abc import Callable
from typing import Any

from twisted.internet.defer import CancelledError, Deferred

import txtor
from txtor.process import BootstrapProgress
from txtor.test.process import transport
from txtor.testing import TorNetworkTestCase


class BridgeTests(TorNetworkTestCase):
    """
    A relay of the network as a bridge.
    """

    def bridge(self, *words: str) -> str:
        """
        Its line of torrc.
        """
        bridge = self.network.exits[0]
        return " ".join([*words, f"127.0.0.1:{bridge.or_port}", bridge.fingerprint or ""])

    def launch(self, progress: Callable[[BootstrapProgress], None] | None, *words: str, **more: Any) -> Deferred[txtor.Tor]:
        """
        Launch a Tor that knows this bridge.
        """
        torrc = self.network.clients[0].read("torrc").splitlines()
        authorities = [line.split(" ", 1)[1] for line in torrc if line.startswith("DirAuthority ")]
        options = {"DirAuthority": authorities, "TestingTorNetwork": 1, "UseBridges": 1, "Bridge": self.bridge(*words), **more}
        return txtor.launch(self.reactor, config=options, timeout=60, progress=progress)

    async def bootstrap(self, *words: str, **more: Any) -> None:
        """
        See that it comes to its network by the bridge.
        """
        async with await self.launch(None, *words, **more) as tor:
            self.assertEqual(await tor.protocol.get_conf_list("Bridge"), [self.bridge(*words)])
            self.assertEqual(await tor.protocol.get_info_single("status/circuit-established"), "1")
            self.assertIn(self.network.exits[0].fingerprint or "none", await tor.protocol.get_info_single("entry-guards"))

    async def test_bridge(self) -> None:
        """
        A bridge alone.
        """
        await self.bootstrap()

    async def test_transport(self) -> None:
        """
        A bridge through a transport, which Tor starts and which ends with it.
        """
        seen = pathlib.Path(self.mktemp()).absolute()
        command = f"plain exec {sys.executable} {transport.__file__} {seen}"
        await self.bootstrap("plain", ClientTransportPlugin=command)
        self.assertIn(f"127.0.0.1:{self.network.exits[0].or_port}", seen.read_text(encoding="ascii").splitlines())

    async def test_no_such_program(self) -> None:
        """
        A transport that cannot be started is told by the warnings of the progress, long before the time is over.
        """
        told: Deferred[str] = Deferred()

        def progress(reached: BootstrapProgress) -> None:
            for warning in reached.warnings:
                if "/no/such/program" in warning and not told.called:
                    told.callback(warning)

        launching = self.launch(progress, "plain", ClientTransportPlugin="plain exec /no/such/program")
        self.assertIn("terminated", await told)
        launching.cancel()
        await self.assertFailure(launching, CancelledError)
