"""
Starting real Tors, and what is left of them: nothing.
"""

from __future__ import annotations

import io
import os
import pwd
import shutil
import signal
import socket
import sys
import tempfile
from typing import Any

from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.protocol import ProcessProtocol
from twisted.internet.task import deferLater
from twisted.python.failure import Failure

import txtor
from txtor.errors import Disconnected, InvalidArgument, LaunchError, TorNotFound
from txtor.process import BootstrapProgress
from txtor.testing import TorNetworkTestCase

from .leftovers import OFFLINE, NothingLeftTestCase, is_running, reactor, running_children, until


def launch(**arguments: Any) -> Deferred[Any]:
    """
    Launch a Tor without a network.
    """
    config = {**OFFLINE, **arguments.pop("config", {})}
    return txtor.launch(reactor, **{"config": config, "wait": "controlled", "timeout": 30, **arguments})


class LaunchTests(NothingLeftTestCase):
    """
    Launches that succeed.
    """

    async def test_controlled(self) -> None:
        """
        Without a network we control it: through a socket in a private folder, by cookie, as its owner. Case 60.
        """
        tor = await launch()
        assert tor.process is not None
        values = await tor.protocol.get_conf("ControlPort", "SocksPort", "__OwningControllerProcess")
        self.assertEqual((values["SocksPort"], values["__OwningControllerProcess"]), ("auto", str(os.getpid())))
        folder = os.path.dirname(str(values["ControlPort"])[6:])
        self.assertEqual(os.stat(folder).st_mode & 0o777, 0o700)
        self.assertEqual(os.stat(f"{folder}/torrc").st_mode & 0o777, 0o600)
        self.assertEqual(await tor.protocol.get_info_single("process/pid"), str(tor.process.pid))
        pid = tor.process.pid
        assert pid is not None
        self.assertTrue(is_running(pid))
        await tor.quit()
        self.assertEqual((tor.process.pid, tor.process.exit_status, tor.process.signal), (None, 0, None))
        self.assertEqual(tor.process.ending, "tor exited.")
        await tor.quit()

    async def test_many_warm(self) -> None:
        """
        Ten of ten warm launches succeed, and nothing is left after them. Cases 58 and 63.
        """
        data = tempfile.mkdtemp()
        for _ in range(10):
            async with await launch(data_directory=os.path.join(data, "a b")):
                pass
        self.assertIn("state", os.listdir(f"{data}/a b"))
        shutil.rmtree(data)

    async def test_surroundings_are_kept(self) -> None:
        """
        tor has our environment and working directory, and the caller's options are as they were. Case 61.
        """
        self.patch(os, "environ", {**os.environ, "TXTOR_SEEN": "yes"})
        config = {"HashedControlPassword": "16:" + "0" * 58, "ControlPort": "auto", **OFFLINE}
        before = dict(config)
        async with await launch(config=config) as tor:
            assert tor.process is not None
            with open(f"/proc/{tor.process.pid}/environ", "rb") as file:
                self.assertIn(b"TXTOR_SEEN=yes", file.read().split(b"\0"))
            self.assertEqual(os.readlink(f"/proc/{tor.process.pid}/cwd"), os.getcwd())
        self.assertEqual(config, before)

    async def test_ports_of_the_caller(self) -> None:
        """
        The control port may be a port or a socket at a place of the caller's, and tor may be another user.
        """
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        user = pwd.getpwuid(os.getuid()).pw_name
        async with await launch(control_port=port, user=user) as tor:
            self.assertEqual(await tor.protocol.get_conf_single("User"), user)
            self.assertEqual(await tor.protocol.get_info_single("net/listeners/control"), f'"127.0.0.1:{port}"')
        folder = tempfile.mkdtemp()
        async with await launch(control_port=f"unix:{folder}/a control"):
            self.assertIn("a control", os.listdir(folder))
        shutil.rmtree(folder)

    async def test_odd_folders(self) -> None:
        """
        The folder for temporary files may have any name. Case 58.
        """
        for name in (b"\xc3\xa9 x", b"\"q\\#", b"\xff", b"-'a'; %s$HOME"):
            place = os.path.join(os.fsencode(self.folder), name)
            os.mkdir(place)
            self.patch(tempfile, "tempdir", os.fsdecode(place))
            async with await launch():
                self.assertEqual(len(os.listdir(place)), 1)
            os.rmdir(place)

    async def test_another_user(self) -> None:
        """
        As root, Tor can become another user; who is not root is told by tor that this cannot be.
        """
        os.chmod(self.folder, 0o755)
        if os.geteuid() != 0:
            error = await self.assertFailure(launch(user="nobody"), LaunchError)
            self.assertEqual(error.exit_status, 1)
            return
        async with await launch(user="nobody") as tor:
            assert tor.process is not None
            self.assertEqual(os.stat(f"/proc/{tor.process.pid}").st_uid, pwd.getpwnam("nobody").pw_uid)

    async def test_copies_of_output(self) -> None:
        """
        What tor prints can be had, and progress in both ways; a listener that fails is logged and harms nothing. Case 32.
        """
        output, errors = io.StringIO(), io.StringIO()
        reached: list[BootstrapProgress] = []
        told: list[tuple[int, str, str]] = []

        async def progress(one: BootstrapProgress) -> None:
            reached.append(one)
            raise ZeroDivisionError

        tor = await launch(stdout=output, stderr=errors, progress=progress, progress_updates=lambda *a: told.append(a))
        await tor.quit()
        self.assertIn("Opened Control listener", output.getvalue())
        self.assertEqual(errors.getvalue(), "")
        self.assertEqual(told[-1], (0, "starting", "Starting"))
        self.assertEqual(reached[-1].percent, 0)
        self.assertEqual(len(self.flushLoggedErrors(ZeroDivisionError)), len(reached))

    async def test_killed(self) -> None:
        """
        A Tor that is killed is noticed; commands fail at once, and `quit` still fires. Case 28.
        """
        tor = await launch()
        assert tor.process is not None
        gone = tor.protocol.when_disconnected()
        tor.process.send_signal(signal.SIGKILL)
        self.assertIsInstance(await gone, Disconnected)
        await self.assertFailure(tor.protocol.get_info("version"), Disconnected)
        await tor.process.when_ended()
        self.assertEqual(tor.process.ending, "tor was ended by the signal SIGKILL.")
        await tor.quit()

    async def test_stopped(self) -> None:
        """
        A Tor that does not move any more is killed after a while. Case 62.
        """
        tor = await launch()
        assert tor.process is not None
        tor.process.send_signal(signal.SIGSTOP)
        await tor.quit(grace=0.3)
        self.assertEqual(tor.process.signal, signal.SIGKILL)

    async def test_connection_closed(self) -> None:
        """
        The Tor ends with its connection, which owns it.
        """
        tor = await launch()
        assert tor.process is not None
        await tor.close()
        await tor.process.when_ended()
        self.assertEqual(tor.process.exit_status, 0)

    async def test_impossible_directory(self) -> None:
        """
        The option that makes tor die: the command's error says during which command it went. Case 64.
        """
        tor = await launch()
        assert tor.process is not None
        setting: Deferred[Any] = tor.protocol.set_conf("HiddenServiceDir", "/nowhere/at/all", "HiddenServicePort", "80")
        error = await self.assertFailure(setting, Disconnected)
        self.assertEqual(error.command, "SETCONF")
        await tor.process.when_ended()
        self.assertEqual(tor.process.exit_status, 1)
        self.assertIn("broken state", "".join(tor.process.last_words))


class FailureTests(NothingLeftTestCase):
    """
    Launches that fail, and say why.
    """

    async def fails(self, *words: str, **arguments: Any) -> LaunchError:
        """
        Launch, and find words in the error.
        """
        error: LaunchError = await self.assertFailure(launch(**arguments), LaunchError)
        for word in words:
            self.assertIn(word, str(error))
        return error

    async def test_bad_torrc(self) -> None:
        """
        tor's own words and its exit status. Case 59.
        """
        error = await self.fails("exited with status 1", "Unknown option 'Foo'", config={"Foo": "bar"})
        self.assertEqual(error.exit_status, 1)
        self.assertTrue(any("Unknown option" in line for line in error.output))

    async def test_port_in_use(self) -> None:
        """
        A SocksPort, and a control port, that somebody else has. Case 59.
        """
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            port = taken.getsockname()[1]
            await self.fails("Could not bind", f"127.0.0.1:{port}", config={"DisableNetwork": 0}, socks_port=port)
            await self.fails("Could not bind", f"127.0.0.1:{port}", control_port=port)

    async def test_no_data_directory(self) -> None:
        """
        A data directory that cannot be made, by us or by tor. Case 59.
        """
        await self.fails("/dev/null", data_directory="/dev/null/a/b")
        await self.fails("exited with status 1", "/dev/null", data_directory="/dev/null")

    async def test_no_binary(self) -> None:
        """
        A binary that is not there, or no program at all; nothing was started. Case 63.
        """
        for binary in ("/nowhere/tor", "no-such-tor", __file__, "a\0b"):
            error = await self.assertFailure(launch(tor_binary=binary), TorNotFound)
            self.assertEqual(error.places, (binary,))

    async def test_contradiction(self) -> None:
        """
        What cannot be meant is refused before anything starts.
        """
        wrong: list[dict[str, Any]] = [
            {"config": {"RunAsDaemon": 1}},
            {"timeout": 0},
            {"timeout": "1"},
            {"timeout": float("nan")},
            {"timeout": float("inf")},
            {"tor_binary": 3},
            {"user": "no such user"},
        ]
        for arguments in wrong:
            await self.assertFailure(launch(**arguments), InvalidArgument)

    async def test_timeout(self) -> None:
        """
        A Tor that never bootstraps: the error says how far it came.
        """
        await self.fails("not ready after 0.5 s", "0% (starting)", wait="bootstrapped", timeout=0.5)

    async def test_odd_program(self) -> None:
        """
        A program that is not tor, floods its standard error with what is no UTF-8, ignores TERM, and says that it listens
        where it does not: all is read, and it is killed. Case 62.
        """
        path = os.path.join(tempfile.mkdtemp(), "tor")
        with open(path, "w", encoding="ascii") as file:
            file.write(
                "#!/bin/sh\ntrap '' TERM INT HUP\necho \"[notice] Opened Control listener connection (ready) on "
                '$(dirname "$2")/control"\nwhile :; do printf "x\\377\\n" >&2; done\n'
            )
        os.chmod(path, 0o700)
        await self.fails("not ready after 0.5 s", "x\udcff", tor_binary=path, timeout=0.5)
        await self.fails("wrote to its standard error", tor_binary=path, kill_on_stderr=True)
        shutil.rmtree(os.path.dirname(path))

    async def test_output_held_open(self) -> None:
        """
        A child of tor's that holds the output open for ever does not keep us.
        """
        path = os.path.join(tempfile.mkdtemp(), "tor")
        with open(path, "w", encoding="ascii") as file:
            file.write("#!/bin/sh\nsleep 30 3>&- &\necho $! >&2\nexit 3\n")
        os.chmod(path, 0o700)
        error = await self.fails("exited with status 3", tor_binary=path)
        os.kill(int(error.output[0]), signal.SIGKILL)
        shutil.rmtree(os.path.dirname(path))

    async def test_cancelled(self) -> None:
        """
        Cancelled at any moment, nothing stays. Case 29.
        """
        for delay in (0.0, 0.03, 0.06, 0.1, 0.2):
            launching = launch(wait="bootstrapped")
            await deferLater(reactor, delay, lambda: None)
            launching.cancel()
            await self.assertFailure(launching, CancelledError)
            self.assertEqual(running_children() - self.children, set())


SCRIPT = """
import sys
from twisted.internet import reactor
from twisted.internet.defer import Deferred
import txtor

async def main():
    tor = await txtor.launch(reactor, config={"DisableNetwork": 1, "GeoIPFile": "/dev/null", "GeoIPv6File": "/dev/null"},
                             wait="controlled")
    socket = (await tor.protocol.get_conf_single("ControlPort"))[6:]
    print(tor.process.pid, socket, flush=True)

Deferred.fromCoroutine(main()).addErrback(lambda failure: (failure.printTraceback(sys.stdout), reactor.stop()))
reactor.run()
"""


ATTACHING = """
import os, signal, sys
from zope.interface import implementer
from twisted.internet import reactor
from twisted.internet.defer import Deferred
import txtor
from txtor.state import IStreamAttacher

@implementer(IStreamAttacher)
class Attacher:
    def attach_stream(self, stream, circuits):
        return None
    def attach_stream_failure(self, stream, failure):
        pass

async def main():
    tor = await txtor.launch(reactor, config={"DisableNetwork": 1, "GeoIPFile": "/dev/null", "GeoIPv6File": "/dev/null"},
                             wait="controlled")
    socket = (await tor.protocol.get_conf_single("ControlPort"))[6:]
    state = await txtor.TorState.from_protocol(reactor, tor.protocol)
    await state.set_attacher(Attacher())
    pid = tor.process.pid
    os.kill(pid, signal.SIGKILL)
    await tor.process.when_ended()
    print(pid, socket, flush=True)

Deferred.fromCoroutine(main()).addErrback(lambda failure: (failure.printTraceback(sys.stdout), reactor.stop()))
reactor.run()
"""


class Program(ProcessProtocol):
    """
    A program that has launched a Tor.
    """

    def __init__(self) -> None:
        self.said = b""
        self.ready: Deferred[None] = Deferred()
        self.ended: Deferred[int | None] = Deferred()

    def outReceived(self, data: bytes) -> None:
        """
        It tells where its Tor is.
        """
        self.said += data
        if b"\n" in self.said and not self.ready.called:
            self.ready.callback(None)

    def processEnded(self, reason: Failure) -> None:
        """
        It is gone.
        """
        self.ended.callback(getattr(reason.value, "signal", None))


class ParentTests(NothingLeftTestCase):
    """
    However the program ends, its Tor and the temporary files end too.
    """

    async def ends_by(self, *names: str, script: str = SCRIPT) -> None:
        """
        Run a program that launches a Tor, and send it signals.
        """
        program = Program()
        environment = {**os.environ, "TMPDIR": self.folder, "PYTHONPATH": os.pathsep.join(sys.path)}
        transport = reactor.spawnProcess(program, sys.executable, [sys.executable, "-c", script], environment)
        await program.ready
        pid, path = program.said.decode().split()
        self.assertEqual(is_running(int(pid)), script is SCRIPT)
        self.assertTrue(path.startswith(self.folder))
        if names == ("STOP tor", "KILL"):
            os.kill(int(pid), signal.SIGSTOP)
        transport.signalProcess(names[-1])
        await program.ended
        await until(lambda: not is_running(int(pid)))
        await until(lambda: os.listdir(self.folder) == [])

    async def test_killed(self) -> None:
        """
        Even KILL leaves nothing.
        """
        await self.ends_by("KILL")

    async def test_killed_while_tor_is_stopped(self) -> None:
        """
        Nor when its Tor cannot notice.
        """
        await self.ends_by("STOP tor", "KILL")

    async def test_shut_down(self) -> None:
        """
        When the reactor stops, the Tor is ended before the program.
        """
        await self.ends_by("INT")
        await self.ends_by("TERM")


    async def test_shut_down_after_attaching(self) -> None:
        """
        A program that has attached streams, and whose Tor was killed, ends as well. Case 30.
        """
        await self.ends_by("TERM", script=ATTACHING)


class NetworkTests(TorNetworkTestCase):
    """
    With a network.
    """

    async def test_bootstrapped(self) -> None:
        """
        Progress is reported up to 100 %, and then the Tor is ready.
        """
        torrc = self.network.clients[0].read("torrc").splitlines()
        authorities = [line.split(" ", 1)[1] for line in torrc if line.startswith("DirAuthority ")]
        config: list[Any] = [("DirAuthority", authorities), ("TestingTorNetwork", 1), ("GeoIPFile", "/dev/null")]
        percents: list[int] = []
        tor = await txtor.launch(self.reactor, lambda percent, tag, summary: percents.append(percent), config=config, timeout=60)
        try:
            self.assertEqual(percents, sorted(set(percents)))
            self.assertEqual((percents[0], percents[-1]), (0, 100))
            self.assertEqual(await tor.protocol.get_info_single("status/circuit-established"), "1")
        finally:
            await tor.quit()
