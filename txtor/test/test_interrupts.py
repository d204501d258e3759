# -*- test-case-name: txtor.test.test_interrupts -*-
"""
Ctrl-C works: whatever a program and its Tor are at, SIGINT ends both in seconds, and nothing is left.
"""

from __future__ import annotations

import os
import shutil
import signal
import socket
import tempfile
from typing import Any

from txtor.test.process.leftovers import is_running, reactor, running_children, until
from txtor.test.programs import Program, ProgramTestCase, name_of

#: How long it may take: a Tor that does not answer is killed after five seconds.
SECONDS = 10

#: A Tor that finds no network: of the directory authority that it knows, nothing is there.
NOWHERE = "127.0.0.1:1 orport=2 v3ident=0000000000000000000000000000000000000000 0000000000000000000000000000000000000000"

REACT = """
import sys
from twisted.internet.defer import Deferred
from twisted.internet.task import react
import txtor

OPTIONS = {"GeoIPFile": "/dev/null", "GeoIPv6File": "/dev/null"}

async def main(reactor, what, place=None):
    if what == "connect":
        service = txtor.TorService(reactor, place)
        service.add_status_listener(lambda health: print(health.status.name, flush=True))
        service.startService()
        await Deferred()
    if what == "bootstrap":
        await txtor.launch(reactor, lambda *reached: print("Bootstraps", flush=True), config={**OPTIONS, "DirAuthority": place})
    await txtor.launch(reactor, config={**OPTIONS, "DisableNetwork": 1}, tor_binary=place, wait="controlled")
    print("Tor is ready.", flush=True)
    await Deferred()

react(main, sys.argv[1:])
"""


UNCLEAN = """
import sys
import txtor
from twisted.internet import reactor
from twisted.trial import reporter, runner, unittest

class UncleanTests(unittest.TestCase):
    async def test_left(self):
        options = {"DisableNetwork": 1, "GeoIPFile": "/dev/null", "GeoIPv6File": "/dev/null"}
        self.tor = await txtor.launch(reactor, config=options, wait="controlled")
        self.fail("and its Tor is left")

suite = runner.TestLoader().loadClass(UncleanTests)
runner.TrialRunner(reporter.TextReporter, workingDirectory=sys.argv[1]).run(suite)
"""


class UncleanTests(ProgramTestCase):
    """
    A test that fails and leaves its Tor, whose pipes and timers trial then takes from the reactor.
    """

    async def test_left(self) -> None:
        """
        The run ends all the same when the reactor stops, and the Tor with it.
        """
        begun = reactor.seconds()
        program, _ = self.run_program(UNCLEAN, self.mktemp())
        await program.ended
        self.assertIn("and its Tor is left", program.said)
        self.assertLess(reactor.seconds() - begun, SECONDS)


class InterruptTests(ProgramTestCase):
    """
    A program on ``react``, and ``twist txtor``.

    :ivar place: a folder for what the programs need.
    """

    timeout = 120

    async def setUp(self) -> None:  # type: ignore[override]  # trial takes coroutines
        """
        Make it.
        """
        await super().setUp()
        self.place = tempfile.mkdtemp(dir="/tmp")
        self.addCleanup(shutil.rmtree, self.place)

    def programs(self, react: tuple[str, ...], twist: tuple[str, ...]) -> list[tuple[Program, Any]]:
        """
        Start both.
        """
        return [
            self.run_program(REACT, *react),
            self.run_program(self.TWIST, "--log-format=text", "txtor", *twist),
        ]

    async def interrupt(self, program: Program, transport: Any) -> None:
        """
        Press Ctrl-C, and see that all ends.
        """
        children = running_children(transport.pid)
        self.assertFalse(program.ended.called, program.said)
        begun = reactor.seconds()
        transport.signalProcess("INT")
        await program.ended
        self.assertLess(reactor.seconds() - begun, SECONDS)
        for pid in children:
            await until(lambda pid=pid: not is_running(pid))

    async def test_launching(self) -> None:
        """
        While a tor has been started and says nothing.
        """
        binary = os.path.join(self.place, "tor")
        with open(binary, "w", encoding="ascii") as file:
            file.write("#!/bin/sh\nexec sleep 1000\n")
        os.chmod(binary, 0o700)
        for program, transport in self.programs(("launch", binary), ("--launch", "--tor-binary", binary)):
            await until(lambda pid=transport.pid: "sleep" in [name_of(child) for child in running_children(pid)])
            await self.interrupt(program, transport)

    async def test_bootstrapping(self) -> None:
        """
        While Tor looks for its network in vain.
        """
        running = self.programs(("bootstrap", NOWHERE), ("--launch", "-o", f"DirAuthority {NOWHERE}"))
        for (program, transport), word in zip(running, ("Bootstraps", "Tor starts: 0%"), strict=True):
            await program.says(word)
            await self.interrupt(program, transport)

    async def test_connected(self) -> None:
        """
        While all is well.
        """
        for program, transport in self.programs(("launch",), ("--launch", *self.OFFLINE)):
            await program.says("Tor is ready.")
            await self.interrupt(program, transport)

    async def test_stopped(self) -> None:
        """
        While Tor stands still and hears nothing.
        """
        for program, transport in self.programs(("launch",), ("--launch", *self.OFFLINE)):
            await program.says("Tor is ready.")
            (tor,) = [child for child in running_children(transport.pid) if name_of(child) == "tor"]
            os.kill(tor, signal.SIGSTOP)
            await self.interrupt(program, transport)

    async def test_reconnecting(self) -> None:
        """
        While there is no Tor to connect to.
        """
        where = f"unix:{self.place}/nothing"
        running = self.programs(("connect", where), ("--control", where))
        for (program, transport), word in zip(running, ("WAITING", "Tor is not there"), strict=True):
            await program.says(word)
            await self.interrupt(program, transport)

    async def test_connecting(self) -> None:
        """
        While what listens there does not answer.
        """
        with socket.socket(socket.AF_UNIX) as silent:
            silent.bind(f"{self.place}/silent")
            silent.listen()
            silent.setblocking(False)
            where = f"unix:{self.place}/silent"
            for program, transport in self.programs(("connect", where), ("--control", where)):
                peers: list[socket.socket] = []

                def accepted(peers: list[socket.socket] = peers) -> bool:
                    try:
                        peers.append(silent.accept()[0])
                    except BlockingIOError:
                        return False
                    return True

                await until(accepted)
                await self.interrupt(program, transport)
                peers[0].close()
