"""
The command for ``twist`` and ``twistd``: its options, and whole programs.
"""

from __future__ import annotations

import os
import signal
import sys
import tempfile
from typing import Any

from twisted.application.service import IService, IServiceMaker
from twisted.internet.defer import Deferred
from twisted.internet.protocol import ProcessProtocol
from twisted.plugin import getPlugins
from twisted.python.failure import Failure
from twisted.python.usage import UsageError
from twisted.trial.unittest import SynchronousTestCase

from txtor.process import LaunchOptions
from txtor.service import Status, TorService
from txtor.tap import Options, make_service
from txtor.test.process.leftovers import NothingLeftTestCase, is_running, reactor, running_children
from txtor.test.service.test_service import Reactor


def parsed(*arguments: str) -> Options:
    """
    Read a command line.
    """
    options = Options()
    options.parseOptions(list(arguments))
    return options


class OptionsTests(SynchronousTestCase):
    """
    What can be said on the command line.
    """

    def test_plugin(self) -> None:
        """
        Twisted finds the command, its options and what makes the service.
        """
        (maker,) = (each for each in getPlugins(IServiceMaker) if each.tapname == "txtor")
        self.assertIs(maker.options, Options)
        self.assertTrue(callable(maker.makeService))

    def test_nothing(self) -> None:
        """
        Without options it connects to the usual places.
        """
        service = make_service(parsed(), Reactor())
        self.assertIsInstance(service, TorService)
        self.assertTrue(IService.providedBy(service))
        self.assertEqual((service.name, service.health.status), ("txtor", Status.STOPPED))

    def test_launch(self) -> None:
        """
        A Tor of our own, with its options in their order.
        """
        options = parsed("-l", "-o", "ContactInfo a b", "-o", "AvoidDiskWrites 1", "-d", "data", "-s", "auto", "-w", "controlled")
        expected = LaunchOptions(
            [("ContactInfo", "a b"), ("AvoidDiskWrites", "1")], None, "data", "auto", wait="controlled"
        )
        self.assertEqual(options["launch-options"], expected)

    def test_onions(self) -> None:
        """
        Onion services, each with the file of its key or without.
        """
        options = parsed("--onion", "80 127.0.0.1:8080", "--onion-key", "k", "--onion", "81")
        self.assertEqual(options["onions"], [("80 127.0.0.1:8080", os.path.abspath("k")), ("81", None)])

    def test_contradictions(self) -> None:
        """
        What makes no sense is told as a person needs it.
        """
        for arguments, word in (
            (["--onion-key", "k"], "--onion before"),
            (["--launch", "--control", "tcp:9051"], "--launch"),
            (["--data-directory", "d"], "--data-directory"),
            (["-o", "A b"], "--option"),
            (["--launch", "-o", "RunAsDaemon 1"], "runasdaemon"),
            (["--launch", "-w", "soon"], "soon"),
            (["--launch", "-o", "%include /etc/passwd"], "%include"),
        ):
            self.assertIn(word, str(self.assertRaises(UsageError, parsed, *arguments)))
        options = parsed("--password-file", "/nowhere/at/all")
        self.assertIn("/nowhere/at/all", str(self.assertRaises(UsageError, make_service, options, Reactor())))
        self.assertIn("nonsense", str(self.assertRaises(UsageError, make_service, parsed("-c", "nonsense"), Reactor())))


class Program(ProcessProtocol):
    """
    A program, what it logs, and its end.
    """

    def __init__(self) -> None:
        self.said = ""
        self.waiting: list[tuple[str, Deferred[None]]] = []
        self.ended: Deferred[int | None] = Deferred()

    def childDataReceived(self, childFD: int, data: bytes) -> None:  # noqa: N803  # Twisted's name
        """
        It logged something.
        """
        self.said += data.decode()
        for word, waiter in list(self.waiting):
            if word in self.said:
                self.waiting.remove((word, waiter))
                waiter.callback(None)

    def says(self, word: str) -> Deferred[None]:
        """
        Wait until it has logged a word.
        """
        waiter: Deferred[None] = Deferred()
        self.waiting.append((word, waiter))
        self.childDataReceived(1, b"")
        return waiter

    def processEnded(self, reason: Failure) -> None:
        """
        It has ended.
        """
        for _, waiter in self.waiting:
            waiter.errback(AssertionError(self.said))
        self.ended.callback(getattr(reason.value, "exitCode", None))


class ProgramTests(NothingLeftTestCase):
    """
    Whole programs.
    """

    OFFLINE = ("-o", "DisableNetwork 1", "-o", "GeoIPFile /dev/null", "-o", "GeoIPv6File /dev/null", "-w", "controlled")

    TWIST = "from twisted.application.twist._twist import Twist; Twist.main()"
    TWISTD = "from twisted.scripts.twistd import run; run()"

    def run_program(self, *arguments: str) -> tuple[Program, Any]:
        """
        Start one.
        """
        program = Program()
        environment = {**os.environ, "TMPDIR": self.folder, "PYTHONPATH": os.pathsep.join(sys.path)}
        words = [sys.executable, "-c", *arguments]
        return program, reactor.spawnProcess(program, sys.executable, words, environment)

    async def test_twist(self) -> None:
        """
        ``twist`` runs a Tor and an onion service, whose key is kept in a file; a Tor that is killed comes back, and the address
        with it; SIGINT ends all.
        """
        folder = tempfile.mkdtemp(dir="/tmp")
        key = f"{folder}/key"
        onion = ("--onion", "80 127.0.0.1:8080", "--onion-key", key)
        addresses = set()
        for _ in range(2):
            program, transport = self.run_program(self.TWIST, "--log-format=text", "txtor", "--launch", *self.OFFLINE, *onion)
            await program.says(".onion for 80")
            addresses.add(program.said.partition("Tor publishes ")[2].split()[0])
            tors = [pid for pid in running_children(transport.pid) if "tor" in _name(pid)]
            self.assertEqual(len(tors), 1)
            os.kill(tors[0], signal.SIGKILL)
            await program.says("Tor is not there")
            program.said = ""
            await program.says("Tor is ready.")
            transport.signalProcess("INT")
            await program.ended
            self.assertFalse(is_running(tors[0]))
        self.assertEqual(len(addresses), 1)
        self.assertEqual(os.stat(key).st_mode & 0o777, 0o600)
        os.unlink(key)
        os.rmdir(folder)

    async def test_twistd(self) -> None:
        """
        ``twistd -n`` says why there is no Tor; an onion service that cannot be is told, and SIGTERM ends it.
        """
        pidfile = f"--pidfile={self.mktemp()}"
        bad = ("-o", "NoSuchOption 1")
        program, transport = self.run_program(self.TWISTD, "-n", pidfile, "txtor", "--launch", *self.OFFLINE, *bad)
        await program.says("Unknown option 'NoSuchOption'")
        transport.signalProcess("TERM")
        await program.ended
        program, transport = self.run_program(
            self.TWISTD, "-n", pidfile, "txtor", "--launch", *self.OFFLINE, "--onion", "not a port"
        )
        await program.says("There is no onion service for not a port")
        await program.says("Tor is ready.")
        transport.signalProcess("TERM")
        await program.ended


def _name(pid: int) -> str:
    with open(f"/proc/{pid}/comm", encoding="ascii") as file:
        return file.read().strip()
