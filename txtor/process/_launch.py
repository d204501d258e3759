# -*- test-case-name: txtor.test.process.test_launch -*-
"""
Starting a Tor: the shell around the bootstrap machine. It reads what tor prints, connects, and leaves nothing behind a failure.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from twisted.internet.defer import CancelledError, Deferred, gatherResults, succeed
from twisted.internet.endpoints import TCP4ClientEndpoint, UNIXClientEndpoint, quoteStringArgument
from twisted.internet.interfaces import IDelayedCall, IStreamClientEndpoint
from twisted.internet.task import deferLater
from twisted.python.failure import Failure

from txtor._deferred import deferred
from txtor._listener import tell
from txtor.commands import GetInfo, TakeOwnership
from txtor.control import TorControlProtocol, open_control
from txtor.errors import Disconnected, InvalidArgument, LaunchError, TorError, TorNotFound
from txtor.events import StatusClientEvent

from . import _bootstrap
from ._copying import Writable, copy
from ._find import environment_of, find_tor_binary
from ._logs import parse_bootstrapped, parse_control_listener, parse_log_line
from ._plan import OWNER, LaunchOptions, Plan, make_plan
from ._private import PrivateDirectory, in_session
from ._process import ILaunchReactor, TorProcess
from ._torrc import format_torrc

#: How long a Tor may take to start, unless the caller says otherwise.
TIMEOUT_SECONDS = 180.0

#: How long a Tor that could not start may take to end.
ABANDON_SECONDS = 1.0

_RETRY_SECONDS = 0.05

#: A control port that tor chooses.
ANY_PORT = "127.0.0.1:auto"

#: Is called with each progress.
ProgressListener: TypeAlias = Callable[[_bootstrap.BootstrapProgress], object]


@dataclass(frozen=True)
class Launched:
    """
    A Tor that runs.

    :ivar protocol: an authenticated connection, which owns it: Tor exits when this connection ends.
    :ivar process: its process.
    :ivar control_endpoint: where its control port is, as an endpoint string.
    """

    protocol: TorControlProtocol
    process: TorProcess
    control_endpoint: str


@deferred
async def launch_tor(
    reactor: ILaunchReactor,
    options: LaunchOptions | None = None,
    *,
    tor_binary: str | os.PathLike[str] | None = None,
    timeout: float | None = TIMEOUT_SECONDS,
    progress: ProgressListener | None = None,
    outputs: tuple[Writable | None, Writable | None] = (None, None),
    kill_on_stderr: bool = False,
    directory: PrivateDirectory | None = None,
) -> Launched:
    """
    Start a tor and wait until it can be used; see `txtor.launch`.

    :param outputs: what gets tor's standard output and its standard error.
    :param directory: a folder that outlives the process: the caller removes it.
    :raises LaunchError: tor did not start. No process and no temporary file is left.
    :raises InvalidArgument: the options contradict each other. Nothing was started.
    """
    plan = make_plan(options or LaunchOptions())
    check_seconds("timeout", timeout)
    binary = find_tor_binary() if tor_binary is None else _named(tor_binary)
    private = PrivateDirectory(reactor, plan.user) if directory is None else directory

    def clean_up() -> Deferred[None]:
        private.watch(None)
        return private.remove() if directory is None else succeed(None)

    launching = _Launching(reactor, plan, progress, kill_on_stderr, outputs)
    try:
        process = launching.spawn(binary, private, clean_up, is_ours=directory is None)
    except BaseException:  # whatever it was, the folder goes
        await clean_up()
        raise
    private.watch(process.pid)
    protocol = await launching.wait(timeout)
    return Launched(protocol, process, launching.control_endpoint)


def check_seconds(argument: str, seconds: object) -> None:
    """
    See that a caller gave a positive number of seconds, or ``None``.

    :raises InvalidArgument: he did not.
    """
    is_number = isinstance(seconds, int | float) and not isinstance(seconds, bool)
    if seconds is not None and not (is_number and 0 < seconds < float("inf")):  # type: ignore[operator]  # it is a number
        raise InvalidArgument(f"{argument} is a positive number of seconds or None, not {seconds!r}.")


def _named(binary: str | os.PathLike[str]) -> str:
    """
    The path of a binary that the caller names, which may be looked up in PATH.
    """
    name: object = os.fspath(binary) if isinstance(binary, os.PathLike) else binary
    if not isinstance(name, str):
        raise InvalidArgument(f"tor_binary is a path, not {type(name).__name__}.")
    found = None if "\0" in name else shutil.which(name)
    if found is None:
        raise TorNotFound([name])
    return os.path.abspath(found)


class _Launching:
    """
    One launch.
    """

    def __init__(
        self,
        reactor: ILaunchReactor,
        plan: Plan,
        progress: ProgressListener | None,
        kill_on_stderr: bool,
        outputs: tuple[Writable | None, Writable | None],
    ) -> None:
        self._reactor = reactor
        self._plan = plan
        self._progress = progress
        self._kill_on_stderr = kill_on_stderr
        self._outputs = dict(zip((1, 2), outputs, strict=True))
        self._core = _bootstrap.Core(plan.threshold)
        self._machine = _bootstrap.new_bootstrap(self._core)
        self._outcome: Deferred[None] = Deferred()
        self._connecting: Deferred[None] | None = None
        self._protocol: TorControlProtocol | None = None
        self._cause: BaseException | None = None

    # -- the process ---------------------------------------------------------------------------------------------------

    def spawn(
        self,
        binary: str,
        private: PrivateDirectory,
        clean_up: Callable[[], Deferred[None]],
        is_ours: bool,
    ) -> TorProcess:
        """
        Write the torrc and start tor.

        :param clean_up: see `TorProcess`.
        :param is_ours: whether the folder is for this tor alone.
        :raises LaunchError: it cannot be started, or a folder cannot be made.
        """
        plan = self._plan
        # A tor that becomes another user opens its unix sockets only then, and never while DisableNetwork is set.
        self._address = plan.control_address or (ANY_PORT if private.is_given_away else private.socket)
        data = plan.data_directory or os.path.join(private.path, "data")
        lines = plan.torrc(self._address, data)
        torrc = private.write("torrc", format_torrc([*lines, (OWNER, str(os.getpid()))]))
        arguments = [binary, "-f", torrc, "--defaults-torrc", f"{torrc}-defaults", "--ignore-missing-torrc"]

        async def spare() -> None:
            private.write("torrc", format_torrc(lines))  # which tor reads again when it is told to
            await private.spare()

        on_disown = spare if is_ours else None
        self._process = process = TorProcess(self._reactor, self._line_received, self._output_received, clean_up, on_disown)
        descriptors: dict[int, int | str] = {1: "r", 2: "r", 3: private.held}
        try:
            if plan.data_directory is not None:
                os.makedirs(os.path.dirname(data), mode=0o700, exist_ok=True)
            descriptors[0] = nothing = os.open(os.devnull, os.O_RDONLY)
            try:
                words = in_session([os.fsencode(word) for word in arguments])
                self._reactor.spawnProcess(process, words[0], words, environment_of(binary), None, childFDs=descriptors)
            finally:
                os.close(nothing)
        except OSError as error:
            raise LaunchError(f"{binary} cannot be started: {error}") from error
        process.when_ended().addCallback(self._process_ended)
        return process

    def _process_ended(self, _: object) -> None:
        self._machine.failed(f"{self._process.ending[:-1]} before it was ready.")
        self._act()

    def _output_received(self, fd: int, data: bytes) -> None:
        copy(self._outputs[fd], data)
        if fd == 2 and self._kill_on_stderr:
            self._machine.failed("tor wrote to its standard error.")
            self._act()

    def _line_received(self, fd: int, line: str) -> None:
        severity, message = parsed = parse_log_line(line)
        if parsed.is_warning:
            self._machine.complained(message)
        elif severity == "notice":
            reached = parse_bootstrapped(message)
            if reached is not None:
                self._machine.progressed(*reached)
            elif self._is_control_port(parse_control_listener(message)):
                self._machine.listener_opened()
        self._act()

    def _is_control_port(self, opened: str | None) -> bool:
        """
        Whether this listener, which our tor has opened, is the one that we connect to.
        """
        if opened is not None and self._address == ANY_PORT and opened.startswith("127.0.0.1:"):
            self._address = opened
        return opened == self._address

    # -- the control port ----------------------------------------------------------------------------------------------

    @property
    def control_endpoint(self) -> str:
        """
        Where the control port is, as an endpoint string.
        """
        if self._address.startswith("/"):
            return f"unix:{quoteStringArgument(self._address)}"
        return f"tcp:{self._address}"

    def _endpoint(self) -> IStreamClientEndpoint:
        if self._address.startswith("/"):
            return UNIXClientEndpoint(self._reactor, self._address)
        host, _, port = self._address.rpartition(":")
        return TCP4ClientEndpoint(self._reactor, host, int(port))

    @deferred
    async def _control(self) -> None:
        """
        Connect, take the ownership, and ask how far Tor has come: the listener is there first, so that no step is missed.
        """
        key = "status/bootstrap-phase"
        try:
            protocol = self._protocol = await self._open()
            protocol.when_disconnected().addCallback(self._control_lost)
            owned = protocol.send(TakeOwnership())
            listening = protocol.add_event_listener("STATUS_CLIENT", self._status_changed)
            phase = protocol.send(GetInfo((key,))).addCallback(lambda values: self._status_told(values[key]))
            await gatherResults([owned, listening, phase], consumeErrors=True)
        except CancelledError:
            return
        except Exception as error:  # whatever keeps us from it is what the launch fails with
            cause = getattr(error, "subFailure", None)
            self._cause = error if cause is None else cause.value
            if isinstance(self._cause, Disconnected):
                return  # the process ends, or is ended, and that is the reason
            self._machine.failed(f"Tor could not be controlled: {self._cause}")
        else:
            self._machine.controlled()
        self._act()

    async def _open(self) -> TorControlProtocol:
        """
        Connect. tor says that it listens a moment before or after it does; the launch's timeout ends the trying.
        """
        while True:
            try:
                return await open_control(self._reactor, self._endpoint())
            except Disconnected:
                await deferLater(self._reactor, _RETRY_SECONDS, lambda: None)

    def _control_lost(self, reason: Disconnected) -> None:
        if self._process.is_owned:
            self._process.end(terminate=False)  # it exits by itself, since this connection owned it

    def _status_changed(self, event: StatusClientEvent) -> None:
        if event.action != "BOOTSTRAP" or event.progress is None:
            return
        self._machine.progressed(event.progress, event.tag or "", event.summary or "")
        if event.warning:
            self._machine.complained(event.warning)
        self._act()

    def _status_told(self, text: str) -> None:
        self._status_changed(StatusClientEvent(text))

    # -- the machine ---------------------------------------------------------------------------------------------------

    @deferred
    async def wait(self, timeout: float | None) -> TorControlProtocol:
        """
        Wait until it is ready.

        :raises LaunchError: it did not get so far; nothing is left.
        """
        timer = None if timeout is None else self._reactor.callLater(timeout, self._timed_out, timeout)
        try:
            await self._outcome
        except BaseException:  # failed or cancelled: nothing may stay
            self._abandon(timer)
            await self._process.end(ABANDON_SECONDS)
            raise
        finally:
            if timer is not None and timer.active():
                timer.cancel()
        assert self._protocol is not None  # the machine is ready only after controlled()
        self._protocol.remove_event_listener("STATUS_CLIENT", self._status_changed).addErrback(_gone)
        return self._protocol

    def _abandon(self, timer: IDelayedCall | None) -> None:
        self._machine.failed("The launch was given up.")
        self._core.drain()
        if timer is not None and timer.active():
            timer.cancel()
        if self._connecting is not None:
            self._connecting.cancel()
        if self._protocol is not None:
            self._protocol.cut()

    def _timed_out(self, seconds: float) -> None:
        at = self._core.progress
        self._machine.failed(
            f"tor was not ready after {seconds:g} s; it had come to {at.percent}% ({at.tag}): {at.summary}."
        )
        self._act()

    def _act(self) -> None:
        self._core.perform(self._perform)

    def _perform(self, effect: _bootstrap.Effect) -> None:
        if isinstance(effect, _bootstrap.Connect):
            self._connecting = self._control()
        elif isinstance(effect, _bootstrap.Report):
            if self._progress is not None:
                tell(self._progress, effect.progress)
        elif self._outcome.called:
            return  # cancelled
        elif isinstance(effect, _bootstrap.Ready):
            self._outcome.callback(None)
        else:
            error = self._process.failure(effect.reason)
            if isinstance(self._cause, TorError):
                error.__cause__ = self._cause
            self._outcome.errback(error)


def _gone(failure: Failure) -> None:
    failure.trap(Disconnected)  # who uses the connection is told
