# -*- test-case-name: txtor.test.service.test_chaos -*-
"""
A service over real Tors, to which the worst happens: it comes back by itself, or says the exact cause, and leaves nothing behind.

``TXTOR_KILLS`` in the environment is how often a Tor is killed; by default a few times.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import tempfile
from collections import Counter
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.task import deferLater

from txtor import Tor
from txtor.errors import ControlPortNotFound, Disconnected, LaunchError, ProtocolViolation
from txtor.events import ConfChangedEvent
from txtor.process import Launched, LaunchOptions, launch_tor
from txtor.service import Health, Status, TorService
from txtor.test.process.leftovers import (
    OFFLINE,
    NothingLeftTestCase,
    open_descriptors,
    reactor,
    running_children,
    until,
)

from .test_on_tor import FAST, LaunchedTestCase

KILLS = int(os.environ.get("TXTOR_KILLS", "5"))


def footprint() -> tuple[Counter[str], int, int]:
    """
    What this process has open, by kind; how many calls are scheduled; and how many processes it has started.
    """
    descriptors = Counter(name.partition(":[")[0] for name in open_descriptors())
    return descriptors, len(reactor.getDelayedCalls()), len(running_children())


class KilledTests(LaunchedTestCase):
    """
    A Tor that is killed again and again.
    """

    timeout = 60 + 3 * KILLS

    async def test_nothing_is_left(self) -> None:
        """
        After each kill the events, the options, the configuration, the state and the onion service are there again, and no
        process, descriptor, delayed call or temporary file more than before.
        """
        service = self.start()
        heard: list[ConfChangedEvent] = []
        await service.add_event_listener("CONF_CHANGED", heard.append)
        await service.set_conf([("MaxCircuitDirtiness", 77)])
        state = await service.create_state()
        config = await service.get_config()
        onion = await service.create_onion_service("80 127.0.0.1:8080", wait="none")
        address = onion.hostname.removesuffix(".onion")
        before, pids = footprint(), set()
        for number in range(KILLS):
            assert service.tor is not None and service.tor.process is not None
            pids.add(service.tor.process.pid)
            await self.kill(service)
            tor = await service.when_ready()
            self.assertEqual(await tor.protocol.get_info_single("onions/current"), address)
            self.assertEqual(await tor.protocol.get_conf_single("MaxCircuitDirtiness"), "77")
            self.assertEqual((state.protocol, config.protocol), (tor.protocol, tor.protocol))
            heard.clear()
            await tor.protocol.set_conf("ContactInfo", f"number {number}")
            await until(lambda: heard and config.ContactInfo is not None)
            self.assertEqual((len(heard), config.ContactInfo), (1, f"number {number}"))
            self.assertEqual(service.health.problems, ())
            await until(lambda: footprint() == before)
            self.assertEqual(len(os.listdir(self.folder)), 1)
        self.assertEqual((len(pids), service.health.connections), (KILLS, KILLS + 1))
        self.assertIsInstance(service.health.error, LaunchError)
        self.assertIn("SIGKILL", str(service.health.error))


class DiskTests(LaunchedTestCase):
    """
    A disk that is full, as far as the Tor can tell: it may write no file.
    """

    async def test_full(self) -> None:
        """
        A Tor that runs goes on. One that starts is told with Tor's own words for the cause, and comes up when there is room.
        """
        place = tempfile.mkdtemp(dir="/tmp")
        self.addCleanup(shutil.rmtree, place)
        binary, limit = os.path.join(place, "tor"), os.path.join(place, "limit")
        with open(binary, "w", encoding="ascii") as file:
            file.write(f'#!/bin/sh\ntrap "" XFSZ\nulimit -f "$(cat {limit})"\nexec {shutil.which("tor")} "$@"\n')
        os.chmod(binary, 0o700)
        self.let_write(limit, "unlimited")
        service = self.start(tor_binary=binary, data_directory=os.path.join(place, "data"))
        tor = await service.when_ready()
        assert tor.process is not None and tor.process.pid is not None
        self.let_write(limit, "0")
        await self.kill(service)
        waiting: Deferred[Tor] = service.when_ready(failures=2)
        error = await self.assertFailure(waiting, LaunchError)
        self.assertIn("File too large", str(error))
        self.assertEqual(service.health.error, error)
        self.let_write(limit, "unlimited")
        await service.when_ready()

    def let_write(self, limit: str, blocks: str) -> None:
        """
        How large a file the next Tor may write.
        """
        with open(limit, "w", encoding="ascii") as file:
            file.write(blocks)


class TakenTests(LaunchedTestCase):
    """
    A port that another takes as soon as it is free.
    """

    async def test_control_port(self) -> None:
        """
        The port is taken when the Tor is killed: the cause is told; when it is free, the Tor comes up.
        """
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port: int = free.getsockname()[1]
        service = self.start(control_port=port)
        await service.when_ready()
        taken = socket.socket()
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)

        def take(health: Health) -> None:
            while health.status is Status.WAITING and not taken.getsockname()[1]:
                with contextlib.suppress(OSError):  # the system is not done with the Tor that was killed
                    taken.bind(("127.0.0.1", port))
                    taken.listen()

        service.add_status_listener(take)
        await self.kill(service)
        error = await self.assertFailure(service.when_ready(failures=2), LaunchError)
        self.assertIn(f"Could not bind to 127.0.0.1:{port}: Address already in use", str(error))
        self.assertEqual(service.health.error, error)
        service.remove_status_listener(take)
        taken.close()
        await service.when_ready()


class StoppedTests(LaunchedTestCase):
    """
    A Tor that stands still.
    """

    async def test_for_seconds(self) -> None:
        """
        Where nobody looks whether it answers, it is waited for: commands and changes are done when it goes on.
        """
        service = self.start(ping=None)
        tor = await service.when_ready()
        config = await service.get_config()
        assert tor.process is not None
        tor.process.send_signal(signal.SIGSTOP)
        config.ContactInfo = "x"
        waiting: list[Deferred[Any]] = [service.get_info("version"), config.save()]
        await deferLater(reactor, 2, lambda: None)
        self.assertEqual([one.called for one in waiting], [False, False])
        tor.process.send_signal(signal.SIGCONT)
        for one in waiting:
            await one
        self.assertIs(service.tor, tor)
        self.assertEqual(await tor.protocol.get_conf_single("ContactInfo"), "x")


class MovedTests(NothingLeftTestCase):
    """
    A Tor of others, whose control port is not where it was.

    :ivar place: a folder for its sockets.
    """

    async def setUp(self) -> None:  # type: ignore[override]  # trial takes coroutines
        """
        It runs.
        """
        await super().setUp()
        self.place = tempfile.mkdtemp(dir="/tmp")
        self.addCleanup(shutil.rmtree, self.place)
        self.launched = await self.launch("one")
        self.addCleanup(self.end)

    def end(self) -> Deferred[None]:
        """
        End the one that runs now.
        """
        return self.launched.process.end()

    def launch(self, name: str) -> Deferred[Launched]:
        """
        A Tor with its control socket there.
        """
        return launch_tor(reactor, LaunchOptions(OFFLINE, f"unix:{self.place}/{name}", wait="controlled"))

    def serve(self, places: str | list[str] | None, **arguments: Any) -> TorService:
        """
        A service that looks there.
        """
        service = TorService(reactor, places, backoff=FAST, **arguments)
        service.startService()
        self.addCleanup(service.stopService)
        return service

    async def move(self, name: str) -> None:
        """
        SIGHUP, after which Tor has its control socket elsewhere.
        """
        torrc = (await self.launched.protocol.get_info_single("config-file")).strip()
        with open(torrc, encoding="ascii") as file:
            text = file.read()
        with open(torrc, "w", encoding="ascii") as file:
            file.write(text.replace(f"{self.place}/one", f"{self.place}/{name}"))
        self.launched.process.send_signal(signal.SIGHUP)
        await until(lambda: os.listdir(self.place) == [name])

    async def lose(self, service: TorService) -> None:
        """
        Only the connection is lost.
        """
        lost = service.when_lost()
        tor = await service.when_ready()
        tor.protocol.cut()
        self.assertIsInstance(await lost, Disconnected)

    async def test_another_of_several(self) -> None:
        """
        The service that knows several places finds it again; the one that knows only the old one says that nothing is there.
        """
        knowing = self.serve([f"unix:{self.place}/one", f"unix:{self.place}/two"])
        other = self.serve(f"unix:{self.place}/one")
        tors = [await service.when_ready() for service in (knowing, other)]
        await self.move("two")
        for service, tor in zip((knowing, other), tors, strict=True):
            await service.get_info("version")  # the connection that is there stays
            self.assertIs(service.tor, tor)
            await self.lose(service)
        pid = await (await knowing.when_ready()).protocol.get_info_single("process/pid")
        self.assertEqual(pid, str(self.launched.process.pid))
        waiting: Deferred[Tor] = other.when_ready(failures=2)
        error = await self.assertFailure(waiting, Disconnected)
        self.assertIn("There is no such socket", str(error))
        self.assertEqual(other.health.error, error)

    async def test_usual_places(self) -> None:
        """
        The usual places are looked up at each attempt: here what the environment names, which has changed meanwhile.
        """
        self.patch(os, "environ", {**os.environ, "TOR_CONTROL_PORT": f"unix:{self.place}/one"})
        service = self.serve(None)
        await service.when_ready()
        await self.move("two")
        await self.lose(service)
        error = await self.assertFailure(service.when_ready(failures=2), ControlPortNotFound)
        self.assertIn(f"unix:{self.place}/one: There is no such socket", str(error))
        os.environ["TOR_CONTROL_PORT"] = f"unix:{self.place}/two"
        await service.when_ready()

    async def test_socket_deleted(self) -> None:
        """
        The socket is deleted while the service is connected, which harms nothing, and then the connection is lost: the cause
        is told, and a Tor that is there again is found.
        """
        service = self.serve(f"unix:{self.place}/one")
        await service.when_ready()
        os.unlink(f"{self.place}/one")
        await service.get_info("version")
        await self.lose(service)
        error = await self.assertFailure(service.when_ready(failures=2), Disconnected)
        self.assertIn("There is no such socket", str(error))
        await self.launched.process.end()
        self.launched = await self.launch("one")
        await service.when_ready()

    async def test_stands_still(self) -> None:
        """
        A Tor that stands still takes the connection and lets nobody in: that is told; when it goes on, the service has it.
        """
        self.launched.process.send_signal(signal.SIGSTOP)
        service = self.serve(f"unix:{self.place}/one", connect_timeout=0.3)
        waiting: Deferred[Tor] = service.when_ready(failures=2)
        error = await self.assertFailure(waiting, Disconnected)
        self.assertIn("does not answer", str(error))
        self.launched.process.send_signal(signal.SIGCONT)
        await service.when_ready()

    async def test_something_else_listens(self) -> None:
        """
        Where the control port was, something else answers: that is told, and Tor is found when it is back.
        """
        service = self.serve(f"unix:{self.place}/one")
        await service.when_ready()
        await self.move("two")
        with socket.socket(socket.AF_UNIX) as other:
            other.bind(f"{self.place}/one")
            other.listen()
            other.setblocking(False)
            await self.lose(service)
            waiting: Deferred[Tor] = service.when_ready(failures=2)

            def answer() -> bool:
                with contextlib.suppress(BlockingIOError):
                    connection, _ = other.accept()
                    with connection:
                        connection.sendall(b"SSH-2.0-other\r\n")
                return waiting.called

            await until(answer)
            error = await self.assertFailure(waiting, ProtocolViolation)
        self.assertIn("SSH-2.0", str(error))
        self.assertEqual(service.health.error, error)
        os.unlink(f"{self.place}/one")
        await self.launched.process.end()
        self.launched = await self.launch("one")
        await service.when_ready()

    async def test_reloaded(self) -> None:
        """
        SIGHUP has Tor forget what was set, and the service sets it again; the configuration shows it.
        """
        service = self.serve(f"unix:{self.place}/one")
        config = await service.get_config()
        async with config.transaction() as change:
            change.MaxCircuitDirtiness = 77
        await service.set_conf([("ContactInfo", "x")])
        await self.move("two")
        tor = await service.when_ready()

        async def is_set_again() -> bool:
            told = await tor.protocol.get_conf("MaxCircuitDirtiness", "ContactInfo")
            return list(told.values()) == ["77", "x"]

        while not await is_set_again():
            await deferLater(reactor, 0.02, lambda: None)
        await until(lambda: (config.MaxCircuitDirtiness, config.ContactInfo) == (77, "x"))
