"""
A service over real Tors, to which bad things happen.
"""

from __future__ import annotations

import os
import shutil
import signal
import socket
import tempfile
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.protocol import Factory
from twisted.internet.task import deferLater
from twisted.protocols.wire import Echo

from txtor import DISCARD
from txtor.errors import Disconnected, InvalidArgument, LaunchError, TorError
from txtor.onion import DiskTerms
from txtor.process import LaunchOptions, launch_tor
from txtor.service import Backoff, KeptOnionService, Status, TorService
from txtor.test.process.leftovers import OFFLINE, NothingLeftTestCase, is_running, reactor, until

FAST = Backoff(0.01, 2, 0.2, 0, 0)


class LaunchedTestCase(NothingLeftTestCase):
    """
    A service with a Tor of its own.
    """

    def start(
        self,
        config: dict[str, Any] | None = None,
        tor_binary: str | None = None,
        ping: float | None = 1,
        **arguments: Any,
    ) -> TorService:
        """
        A service that runs. It is stopped after the test, and nothing is left.
        """
        options = LaunchOptions({**OFFLINE, **(config or {})}, wait="controlled", **arguments)
        service = TorService(reactor, options, tor_binary=tor_binary, backoff=FAST, launch_timeout=30, ping=ping)
        service.startService()
        self.addCleanup(service.stopService)
        return service

    async def kill(self, service: TorService) -> TorError:
        """
        Kill the Tor of a service.

        :return: when the service has noticed, what it was told.
        """
        assert service.tor is not None and service.tor.process is not None
        lost = service.when_lost()
        service.tor.process.send_signal(signal.SIGKILL)
        return await lost


class LaunchingTests(LaunchedTestCase):
    """
    Bad things that happen to a Tor of the service's own.
    """

    async def test_onion_service(self) -> None:
        """
        An onion service has the same address and key on the next Tor, until it is removed; what cannot be kept is refused.
        """
        service = self.start()
        onion = await service.create_onion_service("80 127.0.0.1:8080", wait="none")
        self.assertIn(onion.hostname, repr(onion))
        address, key = onion.hostname, onion.private_key
        await self.kill(service)
        tor = await service.when_ready()
        self.assertEqual(await tor.protocol.get_info_single("onions/current"), address.removesuffix(".onion"))
        self.assertEqual((onion.hostname, onion.private_key), (address, key))
        await onion.remove()
        self.assertEqual(await tor.protocol.get_info_single("onions/current"), "")
        self.assertEqual(service.restore, [])
        for arguments in ({"private_key": DISCARD}, {"detach": True}):
            refused: Deferred[Any] = service.create_onion_service(80, **arguments)
            await self.assertFailure(refused, InvalidArgument)

    async def test_onion_service_with_files(self) -> None:
        """
        A service with files stands in the configuration of each Tor, and again after a SIGHUP, until it is removed.
        """
        service, place = self.start(), tempfile.mkdtemp(dir="/tmp")
        self.addCleanup(shutil.rmtree, place)
        onion = await service.keep_onion_service(DiskTerms(f"{place}/site", wait="none"), "80 127.0.0.1:8080")
        address = onion.hostname
        await self.kill(service)
        tor = await service.when_ready()
        self.assertEqual(await tor.protocol.get_conf_single("HiddenServiceDir"), f"{place}/site")
        changes: list[Any] = []
        await service.add_event_listener("CONF_CHANGED", lambda event: changes.append(event.changed))
        await tor.signal("RELOAD")
        await until(lambda: len(changes) == 2)
        self.assertEqual((changes[0], changes[1]["HiddenServiceDir"]), ({"HiddenServiceOptions": None}, [f"{place}/site"]))
        self.assertEqual(await tor.protocol.get_conf_single("HiddenServiceDir"), f"{place}/site")
        self.assertEqual((onion.hostname, service.health.problems), (address, ()))
        await onion.remove()
        self.assertEqual(await tor.protocol.get_conf("HiddenServiceDir"), {"HiddenServiceDir": None})

    async def test_onion_endpoint(self) -> None:
        """
        An endpoint that listens before there is a Tor, and behind each one that there is: at the same address and the same port
        of this machine, until it stops listening.
        """
        service = self.start()
        steps: list[str] = []
        endpoint = service.create_onion_endpoint(80, wait="none", max_streams=5)
        endpoint.add_progress_listener(lambda percent, word, sentence: steps.append(word))
        port = await endpoint.listen(Factory.forProtocol(Echo))
        host, local = port.getHost().onion_uri, port.local_address
        self.assertIsInstance(port.onion_service, KeptOnionService)
        self.assertEqual(port.getHost().onion_address.hostname, host)
        for _ in range(2):
            await self.kill(service)
            tor = await service.when_ready()
            self.assertEqual(await tor.protocol.get_info_single("onions/current"), host.removesuffix(".onion"))
            self.assertEqual(list(port.onion_service.current.ports), [f"80 127.0.0.1:{local.port}"])  # type: ignore[attr-defined,union-attr]
        self.assertEqual((port.getHost().onion_uri, port.local_address), (host, local))
        await port.stopListening()
        self.assertEqual(await tor.protocol.get_info_single("onions/current"), "")
        self.assertEqual(service.restore, [])
        self.assertRaises(InvalidArgument, service.create_onion_endpoint, 0)
        detached: Deferred[Any] = service.create_onion_endpoint(80, detach=True).listen(Factory.forProtocol(Echo))
        await self.assertFailure(detached, InvalidArgument)

    async def test_stopped_for_a_moment(self) -> None:
        """
        A Tor that stands still for a moment is waited for; one that stands still is replaced.
        """
        service = self.start()
        tor = await service.when_ready()
        assert tor.process is not None and tor.process.pid is not None
        os.kill(tor.process.pid, signal.SIGSTOP)
        answer = service.get_info("version")
        await deferLater(reactor, 0.3, lambda: None)
        os.kill(tor.process.pid, signal.SIGCONT)
        self.assertIn("version", await answer)
        self.assertIs(service.tor, tor)
        lost = service.when_lost()
        tor.process.send_signal(signal.SIGSTOP)
        await lost
        another = await service.when_ready()
        self.assertIsNot(another, tor)
        self.assertIsNone(tor.process.pid)

    async def test_folder_removed(self) -> None:
        """
        Something has tidied up the temporary files while the Tor ran; the next one has new ones.
        """
        service = self.start()
        tor = await service.when_ready()
        for name in os.listdir(self.folder):
            shutil.rmtree(os.path.join(self.folder, name))
        lost = service.when_lost()
        await tor.signal("HALT")
        await lost
        await service.when_ready()

    async def test_shut_down_by_somebody(self) -> None:
        """
        A Tor that somebody ends politely is started again.
        """
        service = self.start()
        tor = await service.when_ready()
        lost = service.when_lost()
        await tor.signal("HALT")
        await lost
        await service.when_ready()

    async def test_port_taken(self) -> None:
        """
        As long as another has its port, the cause is told; when the port is free, it comes up.
        """
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            port = taken.getsockname()[1]
            service = self.start({"DisableNetwork": 0, "SocksPort": port})
            error = await self.assertFailure(service.when_ready(failures=2), LaunchError)
            self.assertIn("Could not bind", str(error))
            self.assertEqual(service.health.error, error)
        await service.when_ready()

    async def test_bad_data_directory(self) -> None:
        """
        A data directory that cannot be used is told with Tor's words.
        """
        service = self.start(data_directory="/dev/null")
        waiting: Deferred[Any] = service.when_ready(failures=1)
        error = await self.assertFailure(waiting, LaunchError)
        self.assertEqual(error.exit_status, 1)

    async def test_stop_at_any_moment(self) -> None:
        """
        It stops at any moment of a launch, and may be started again.
        """
        service = self.start()
        for delay in (0.0, 0.02, 0.05, 0.1):
            await deferLater(reactor, delay, lambda: None)
            waiting = service.when_ready()
            await service.stopService()
            if not waiting.called:
                self.fail("who waits must be told")
            waiting.addErrback(lambda failure: failure.trap(Disconnected))
            self.assertEqual(os.listdir(self.folder), [])
            service.startService()
        await service.when_ready()

    async def test_stop_a_stopped_one(self) -> None:
        """
        Stopping ends in seconds, whatever its Tor does.
        """
        service = self.start()
        tor = await service.when_ready()
        assert tor.process is not None and tor.process.pid is not None
        pid = tor.process.pid
        tor.process.send_signal(signal.SIGSTOP)
        begun = reactor.seconds()
        await service.stopService()
        self.assertLess(reactor.seconds() - begun, 10)
        self.assertFalse(is_running(pid))


class ConnectingTests(NothingLeftTestCase):
    """
    A Tor that others run.
    """

    async def test_restarted(self) -> None:
        """
        The Tor goes, and its control socket with it; another comes at the same place, and the service with it. Its socket
        deleted, the Tor serves on over the connection that is there.
        """
        folder = tempfile.mkdtemp()
        options = LaunchOptions(OFFLINE, f"unix:{folder}/control", f"{folder}/data", wait="controlled")
        service = TorService(reactor, f"unix:{folder}/control", backoff=FAST)
        service.startService()
        error = await self.assertFailure(service.when_ready(failures=1), Disconnected)
        self.assertIn("no such socket", str(error))
        for _ in range(2):
            launched = await launch_tor(reactor, options)
            await service.when_ready()
            lost = service.when_lost()
            os.unlink(f"{folder}/control")
            await service.get_info("version")
            launched.process.send_signal(signal.SIGKILL)
            await lost
            await launched.process.when_ended()
            self.assertIn(service.health.status, (Status.WAITING, Status.OPENING))
        await service.stopService()
        shutil.rmtree(folder)

    async def test_reloaded_with_other_ports(self) -> None:
        """
        A SIGHUP that moves the control port leaves the connection that is there.
        """
        folder = tempfile.mkdtemp()
        launched = await launch_tor(reactor, LaunchOptions(OFFLINE, f"unix:{folder}/c", wait="controlled"))
        service = TorService(reactor, f"unix:{folder}/c", backoff=FAST)
        service.startService()
        tor = await service.when_ready()
        reloaded: list[object] = []
        await service.add_event_listener("SIGNAL", reloaded.append)
        torrc = (await launched.protocol.get_info_single("config-file")).strip()
        with open(torrc, encoding="ascii") as file:
            text = file.read()
        with open(torrc, "w", encoding="ascii") as file:
            file.write(text.replace(f"{folder}/c", f"{folder}/d"))
        launched.process.send_signal(signal.SIGHUP)
        await until(lambda: reloaded and "d" in os.listdir(folder))
        await service.get_info("version")
        self.assertIs(service.tor, tor)
        await service.stopService()
        await launched.process.end()
        shutil.rmtree(folder)
