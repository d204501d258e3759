# -*- test-case-name: txtor.test.process.test_disown -*-
"""
A Tor that was launched, and lives on.
"""

from __future__ import annotations

import os
import shutil
import signal
import sys
from typing import Any

from twisted.internet.defer import Deferred

import txtor
from txtor.errors import InvalidArgument, TorRefused
from txtor.process import LaunchOptions
from txtor.service import TorService
from txtor.test.programs import name_of
from txtor.testing import FakeTor

from .leftovers import OFFLINE, NothingLeftTestCase, is_running, reactor, running_children, until
from .test_launch import Program, launch

SCRIPT = """
import os, sys
from twisted.internet.task import react
import txtor

async def main(reactor, how):
    tor = await txtor.launch(reactor, config={"DisableNetwork": 1, "GeoIPFile": "/dev/null", "GeoIPv6File": "/dev/null"},
                             wait="controlled")
    await tor.disown()
    print(tor.process.pid, tor.control_endpoint, flush=True)
    if how == "kill":
        os.kill(os.getpid(), 9)
    if how == "close":
        await tor.close()
    if how == "interrupt":
        os.killpg(0, 2)  # what a terminal does at Ctrl-C
        await txtor.connect(reactor, "unix:/nowhere")

react(main, sys.argv[1:])
"""


class DisownTests(NothingLeftTestCase):
    """
    Letting it live.
    """

    async def test_program_ends(self) -> None:
        """
        However the program ends, the Tor lives and is found again; when it ends, its temporary files go too.
        """
        for how in ("return", "close", "kill", "interrupt"):
            program = Program()
            environment = {**os.environ, "TMPDIR": self.folder, "PYTHONPATH": os.pathsep.join(sys.path)}
            setsid = "import os, sys; os.setsid(); exec(sys.argv.pop(1))"  # a terminal's signals go to the whole group
            reactor.spawnProcess(program, sys.executable, [sys.executable, "-c", setsid, SCRIPT, how], environment)
            await program.ended
            self.assertIn(b"unix:", program.said, how)
            pid, _, endpoint = program.said.decode().partition(" ")
            tor = await txtor.connect(reactor, endpoint.strip())
            self.assertEqual(await tor.protocol.get_info_single("process/pid"), pid)
            self.assertEqual(await tor.protocol.get_conf_single("__OwningControllerProcess"), None)
            self.assertEqual(len(os.listdir(self.folder)), 1)
            reloaded: Deferred[Any] = Deferred()
            await tor.protocol.add_event_listener("SIGNAL", reloaded.callback)
            await tor.signal("RELOAD")  # after which Tor looks at once whether its owner lives
            await reloaded
            self.assertEqual(await tor.protocol.get_conf_single("__OwningControllerProcess"), None)
            await tor.quit()
            await until(lambda pid=pid: not is_running(int(pid)))
            await until(lambda: os.listdir(self.folder) == [])

    async def test_while_we_run(self) -> None:
        """
        The connection may end, and another be made; the process is still known, and told when it ends.
        """
        folder = os.path.join(self.folder, "data")
        tor = await launch(data_directory=folder)
        async with tor:
            await tor.disown()
            await tor.disown()
            pid = tor.process.pid
        self.assertTrue(is_running(pid))
        again = await txtor.connect(reactor, tor.control_endpoint)
        self.assertEqual(await again.protocol.get_info_single("process/pid"), str(pid))
        await again.close()
        await tor.quit()
        self.assertFalse(is_running(pid))
        self.assertEqual(os.listdir(self.folder), ["data"])
        shutil.rmtree(folder)

    async def test_guard_is_gone(self) -> None:
        """
        Where somebody has killed the guard, nobody is left who would end it.
        """
        tor = await launch()
        (guard,) = [pid for pid in running_children() - self.children if name_of(pid) == "sh"]
        os.kill(guard, signal.SIGKILL)
        await tor.disown()
        await tor.quit()

    async def test_refused(self) -> None:
        """
        What was not launched cannot be disowned, nor what belongs to a service. What a filter refuses leaves it ours.
        """
        stranger = txtor.Tor(reactor, FakeTor().connect())
        await self.assertFailure(stranger.disown(), InvalidArgument)
        service = TorService(reactor, LaunchOptions(OFFLINE, wait="controlled"))
        service.startService()
        tor = await service.when_ready()
        await self.assertFailure(tor.disown(), InvalidArgument)
        await service.stopService()
        tor = await launch()
        fake = FakeTor()
        fake.refuse("RESETCONF", 510, "Command filtered")
        refused: Deferred[None] = txtor.Tor(reactor, fake.connect(), tor.process).disown()
        await self.assertFailure(refused, TorRefused)
        assert tor.process is not None
        self.assertTrue(tor.process.is_owned)
        await tor.quit()
