"""
The command for ``twist`` and ``twistd``: its options, and whole programs.
"""

from __future__ import annotations

import os
import signal
import tempfile

from twisted.application.service import IService, IServiceMaker
from twisted.plugin import getPlugins
from twisted.python.usage import UsageError
from twisted.trial.unittest import SynchronousTestCase

from txtor.process import LaunchOptions
from txtor.service import Status, TorService
from txtor.tap import Options, make_service
from txtor.test.process.leftovers import is_running, running_children
from txtor.test.programs import ProgramTestCase, name_of
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


class ProgramTests(ProgramTestCase):
    """
    Whole programs.
    """

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
            tors = [pid for pid in running_children(transport.pid) if "tor" in name_of(pid)]
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
