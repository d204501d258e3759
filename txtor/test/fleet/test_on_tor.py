# -*- test-case-name: txtor.test.fleet.test_on_tor -*-
"""
A fleet of real Tors in one process. ``TXTOR_FLEET`` in the environment is how many; by default a few.
"""

from __future__ import annotations

import os
import signal

from twisted.internet.defer import Deferred, gatherResults

from txtor import Tor
from txtor.commands import GetInfo
from txtor.errors import Disconnected
from txtor.fleet import Fleet, FleetEvent
from txtor.process import LaunchOptions
from txtor.service import Health, Status, TorService
from txtor.test.process.leftovers import OFFLINE, NothingLeftTestCase, is_running, reactor, running_children, until
from txtor.test.programs import name_of
from txtor.test.service.test_on_tor import FAST

COUNT = int(os.environ.get("TXTOR_FLEET", "4"))

PID = GetInfo(("process/pid",))


class RealFleetTests(NothingLeftTestCase):
    """
    Tors without a network.
    """

    timeout = 60 + 5 * COUNT

    async def setUp(self) -> None:  # type: ignore[override]  # trial takes coroutines
        """
        The fleet runs.
        """
        await super().setUp()
        self.fleet = Fleet()
        for number in range(COUNT):
            self.add(f"tor{number}")
        self.fleet.startService()
        self.addCleanup(self.fleet.stopService)
        ready = await self.fleet.when_ready(failures=3)
        self.assertEqual(ready.errors, {})

    def add(self, name: str) -> None:
        """
        Another Tor.
        """
        options = LaunchOptions({**OFFLINE, "SocksPort": 0}, wait="controlled")
        self.fleet.add(name, TorService(reactor, options, backoff=FAST))

    def tors(self) -> set[int]:
        """
        The processes of Tors.
        """
        return {pid for pid in running_children() - self.children if is_running(pid) and name_of(pid) == "tor"}

    async def test_as_one(self) -> None:
        """
        One command asks each; an event says whose it is; each has its turn.
        """
        told = await self.fleet.send(PID)
        self.assertEqual({int(value["process/pid"]) for value in told.values.values()}, self.tors())
        self.assertEqual((len(told.values), told.errors), (COUNT, {}))
        heard: list[FleetEvent] = []
        await self.fleet.add_event_listener("CONF_CHANGED", heard.append)
        changed = await self.fleet.use(lambda tor: tor.protocol.set_conf("ContactInfo", "x"))
        self.assertTrue(changed.is_complete)
        await until(lambda: len(heard) == COUNT)
        self.assertEqual({event.member for event in heard}, set(self.fleet.members))

        def pid(tor: Tor) -> Deferred[str]:
            return tor.protocol.get_info_single("process/pid")

        asked = [self.fleet.use_one(pid, "least-loaded") for _ in range(COUNT)]
        self.assertEqual(len(set(await gatherResults(asked))), COUNT)
        self.assertEqual(set(self.fleet.loads.values()), {0})

    async def test_one_is_lost(self) -> None:
        """
        One that is killed is told, and passed over until it is back; the others answer meanwhile.
        """
        seen: list[tuple[str, Status]] = []

        def listener(name: str, health: Health) -> None:
            seen.append((name, health.status))

        self.fleet.add_status_listener(listener)
        victim = self.fleet.members["tor0"]
        assert victim.tor is not None and victim.tor.process is not None
        lost = victim.when_lost()
        victim.tor.process.send_signal(signal.SIGKILL)
        await lost
        told = await self.fleet.send(PID)
        self.assertEqual((len(told.values), list(told.errors)), (COUNT - 1, ["tor0"]))
        self.assertIsInstance(told.errors["tor0"], Disconnected)
        self.assertNotIn(victim, [self.fleet.choose() for _ in range(COUNT)])
        await victim.when_ready()
        self.assertIn(victim, [self.fleet.choose() for _ in range(COUNT)])
        self.assertEqual({name for name, _ in seen}, {"tor0"})
        self.assertEqual({health.status for health in self.fleet.health.values()}, {Status.READY})

    async def test_come_and_go(self) -> None:
        """
        One that is added is launched, one that is removed is ended, and the others run on.
        """
        before = self.tors()
        self.add("another")
        await self.fleet.members["another"].when_ready()
        (new,) = self.tors() - before
        self.assertEqual(len((await self.fleet.send(PID)).values), COUNT + 1)
        service = await self.fleet.remove("another")
        self.assertEqual((service.health.status, is_running(new)), (Status.STOPPED, False))
        self.assertEqual(self.tors(), before)
