"""
One real Tor without a network, for tests of what a command does to it.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from typing import Any, TypeVar

from twisted.internet import reactor as _reactor
from twisted.internet.defer import Deferred
from twisted.internet.protocol import ProcessProtocol
from twisted.python.failure import Failure
from twisted.trial.unittest import TestCase

from txtor.commands import Command
from txtor.control import TorControlProtocol, open_control

T = TypeVar("T")

reactor: Any = _reactor

TORRC = """\
SocksPort 0
DisableNetwork 1
CookieAuthentication 1
Log notice stdout
"""


class LoneTor(ProcessProtocol):
    """
    The process.

    :ivar listening: fires when the control socket is open.
    :ivar ended: fires when the process has ended.
    """

    def __init__(self) -> None:
        self.listening: Deferred[None] = Deferred()
        self.ended: Deferred[None] = Deferred()
        self.said = b""

    def outReceived(self, data: bytes) -> None:
        """
        Look for the line that says that Tor listens.
        """
        self.said += data
        if b"Opened Control listener" in self.said and not self.listening.called:
            self.listening.callback(None)

    def processEnded(self, reason: Failure) -> None:
        """
        Tell who waits, with Tor's last words where it was too early.
        """
        if not self.listening.called:
            self.listening.errback(RuntimeError(f"tor ended: {self.said.decode('utf-8', 'replace')}"))
        self.ended.callback(None)


class LoneTorTestCase(TestCase):
    """
    Each test has a Tor of its own, which knows no network, in a directory of its own.

    :ivar directory: where its files are.
    :ivar tor: its process.
    :ivar protocol: an authenticated connection.
    """

    timeout = 60

    async def setUp(self) -> None:  # type: ignore[override]  # trial takes coroutines
        """
        Start Tor and connect.
        """
        binary = shutil.which("tor")
        if binary is None:
            self.fail("These tests need a tor binary; install it, for example with 'apt-get install tor'.")
        self.directory = tempfile.mkdtemp(prefix="txtor-")
        self.addCleanup(shutil.rmtree, self.directory)
        self.torrc = os.path.join(self.directory, "torrc")
        with open(self.torrc, "w", encoding="utf-8") as file:
            file.write(
                f"{TORRC}DataDirectory {self.directory}/data\nControlSocket {self.directory}/control\n"
                f"__OwningControllerProcess {os.getpid()}\n"
            )
        self.tor = LoneTor()
        arguments = ["tor", "-f", self.torrc, "--defaults-torrc", self.torrc + "-defaults", "--ignore-missing-torrc"]
        process = reactor.spawnProcess(self.tor, binary, arguments, env={"HOME": self.directory, "PATH": os.environ["PATH"]})
        self.addCleanup(lambda: self.tor.ended)
        self.addCleanup(lambda: process.pid and process.signalProcess("KILL"))
        await self.tor.listening
        self.protocol = await self.connect()

    async def connect(self) -> TorControlProtocol:
        """
        Another connection.
        """
        protocol = await open_control(reactor, f"unix:{self.directory}/control")
        self.addCleanup(protocol.when_disconnected)
        self.addCleanup(protocol.cut)
        return protocol

    def send(self, command: Command[T]) -> Deferred[T]:
        """
        Send a command on the connection.
        """
        return self.protocol.send(command)

    async def refuse(self, cause: type[Exception], command: Command[Any], *words: str) -> None:
        """
        Send a command that Tor refuses.

        :param words: what Tor says.
        """
        error = await self.assertFailure(self.send(command), cause)
        for word in words:
            self.assertIn(word, str(error))
