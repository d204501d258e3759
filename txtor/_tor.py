# -*- test-case-name: txtor.test.test_traffic -*-
"""
The facade: `connect` and `launch`, and `Tor`, which stands for one running Tor.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import TYPE_CHECKING

from twisted.internet.defer import Deferred

from txtor._deferred import OneAtATime, deferred
from txtor._documents import Documents
from txtor._listener import tell
from txtor._tor_onion import OnionMethods
from txtor._traffic import Traffic
from txtor.commands import DropOwnership
from txtor.control import (
    ControlEndpoint,
    IConnectReactor,
    Identity,
    Password,
    Readiness,
    TorControlProtocol,
    default_cookie_file,
    default_places,
    find_control,
    open_control,
)
from txtor.errors import InvalidArgument, TorError

if TYPE_CHECKING:
    from twisted.python.failure import Failure

    from txtor.config import TorConfig
    from txtor.directory import TorVersion
    from txtor.process import ILaunchReactor, Options, ProgressListener, TorProcess, Writable
    from txtor.state import TorState


class Tor(Documents, OnionMethods, Traffic):
    """
    One running Tor, which we control.

    Made by `connect` and `launch`. As an asynchronous context manager it closes the connection at the end, and Tor goes on;
    one that was launched is ended, unless it was disowned.

    :ivar protocol: the connection, for everything that has no method here.
    :ivar process: the process of a Tor that was launched, or ``None``.
    :ivar control_endpoint: where the control port of a Tor that was launched is, as a string for `connect`; or ``None``.
    """

    def __init__(
        self,
        reactor: IConnectReactor,
        protocol: TorControlProtocol,
        process: TorProcess | None = None,
        control_endpoint: str | None = None,
    ) -> None:
        self._reactor = reactor
        self.protocol = protocol
        self.process = process
        self.control_endpoint = control_endpoint
        self._readiness = Readiness(protocol)
        self._identity = Identity(reactor, protocol)
        self._config: TorConfig | None = None
        self._config_turn = OneAtATime()

    def __repr__(self) -> str:
        return f"<Tor {self.protocol.version or 'of unknown version'}>"

    async def __aenter__(self) -> Tor:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self.process is not None and self.process.is_owned:
            await self.quit()
        else:
            await self.close()

    @property
    def version(self) -> TorVersion | None:
        """
        Tor's version, which compares as Tor's own versions do; ``None`` where PROTOCOLINFO told none.

        See version-spec.
        """
        from txtor.directory import TorVersion  # all of the directory's documents come with it

        told = self.protocol.version
        return None if told is None else TorVersion.parse(told)

    def signal(self, name: str) -> Deferred[None]:
        """
        Send Tor a signal; see `TorControlProtocol.signal`.
        """
        return self.protocol.signal(name)

    def new_identity(self) -> Deferred[float]:
        """
        Have Tor use new circuits for what comes next (NEWNYM).

        :return: fires when Tor has really acted on it, with the seconds that this took. Tor acts at most once in ten seconds,
            whoever asks, so it may take as long.
        :raises CommandTimeout: Tor accepted the signal and did not act, as a Tor without client ports does.
        :raises Disconnected: the connection went away meanwhile.

        See control-spec 3.7, SIGNAL.
        """
        return self._identity.new()

    @deferred
    async def newnym_wait(self) -> float:
        """
        In how many seconds Tor would act on a NEWNYM that is asked for now; 0 if at once.

        What happened before the first call of this or of `new_identity` is not known, and taken as long ago.
        """
        await self._identity.listen()
        return self._identity.wait()

    @deferred
    async def is_newnym_available(self) -> bool:
        """
        Whether Tor would act on a NEWNYM at once, as far as is known.
        """
        return await self.newnym_wait() == 0

    def is_ready(self) -> Deferred[bool]:
        """
        Whether Tor can be used at once: it knows enough of the network, has built a circuit, and has not ceased to for lack of
        use. Whether SIGNAL DORMANT made it sleep, Tor does not tell.

        :raises TorRefused: a filter in front of Tor does not let us ask.

        See control-spec 3.9, ``dormant``, ``status/enough-dir-info`` and ``status/circuit-established``.
        """
        return self._readiness.is_ready()

    def become_ready(self) -> Deferred[None]:
        """
        Wake Tor (SIGNAL ACTIVE), and wait until it knows enough of the network and has built a circuit. Without a network this
        takes until there is one: give it a limit by ``addTimeout``. A Tor that was idle builds circuits when they are needed.

        :raises TorRefused: a filter in front of Tor does not let us.
        :raises Disconnected: the connection went away meanwhile.

        See control-spec 3.7, SIGNAL.
        """
        return self._readiness.become_ready()

    def create_state(self) -> Deferred[TorState]:
        """
        A live picture of this Tor: its circuits, streams and relays, as they are at every moment.

        :return: fires when the picture is complete.
        :raises TorRefused: Tor, or a filter in front of it, does not let us listen or look.
        """
        from txtor.state import TorState  # documents come with it

        return TorState.from_protocol(self._reactor, self.protocol)

    @deferred
    async def get_config(self) -> TorConfig:
        """
        The configuration of this Tor, kept current. It is read when it is first asked for; later calls give the same object.

        :raises TorRefused: a filter in front of Tor does not let us read.
        """
        from txtor.config import TorConfig
        from txtor.onion import check_onion_directory

        async with self._config_turn:
            if self._config is None:
                self._config = await TorConfig.from_protocol(self.protocol, check_keys=check_onion_directory)
            return self._config

    def close(self) -> Deferred[None]:
        """
        End the connection. Tor goes on, unless this connection owns it, as that of a launched Tor does (see `disown`).
        """
        return self.protocol.quit()

    @deferred
    async def disown(self) -> None:
        """
        Let a Tor that was launched live on: it ends no more with this connection, nor with this program, however that ends.

        Keep its `control_endpoint`, with which `connect` finds it again as long as it lives. Its temporary files are removed when
        it has ended; a data directory that was given to `launch` stays. `quit` still ends it.

        :raises InvalidArgument: it was not launched, or a `txtor.TorService` has launched it, which ends it. Nothing was sent.
        :raises TorRefused: a filter in front of Tor does not let us; it still ends with this program.
        :raises LaunchError: its torrc, which names us as its owner, cannot be written; it still ends with this program.
        :raises Disconnected: the connection went away meanwhile; so does this Tor.

        See control-spec 3.33, DROPOWNERSHIP, and ``__OwningControllerProcess`` in tor(1).
        """
        process = self.process
        if process is None:
            raise InvalidArgument("This Tor was not launched by us, and lives on anyway.")
        process.check_disownable()
        await self.protocol.reset_conf("__OwningControllerProcess")
        await self.protocol.send(DropOwnership())
        await process.disown()

    @deferred
    async def quit(self, grace: float = 5.0) -> None:
        """
        Have Tor exit, and wait until it is gone.

        One that was launched is told to halt, killed when it does not, and reaped, and its temporary files are removed; this
        works whatever state it is in, and if it has ended already.

        :param grace: how many seconds a Tor that was launched may take to end by itself.
        :raises TorRefused: a Tor that was not launched, or a filter in front of it, does not take the signal.
        :raises Disconnected: there is no connection to a Tor that was not launched.
        """
        process = self.process
        if process is None:
            gone = self.protocol.when_disconnected()
            await self.protocol.signal("HALT")
            await gone
            return

        def not_told(failure: Failure) -> None:
            failure.trap(TorError)  # the connection is gone before the process, or something filters it
            process.send_signal(signal.SIGTERM)

        self.protocol.signal("HALT").addErrback(not_told)
        await process.end(grace, terminate=False)


@deferred
async def connect(
    reactor: IConnectReactor,
    control_endpoint: ControlEndpoint | Sequence[ControlEndpoint] | None = None,
    password: Password = None,
    *,
    password_function: Password = None,
    allow_plain_cookie: bool = False,
) -> Tor:
    """
    Connect to a running Tor and authenticate.

    This costs two or three commands (PROTOCOLINFO, perhaps AUTHCHALLENGE, AUTHENTICATE), which every filter in front of a control
    port allows.

    :param control_endpoint: an endpoint, a string that names one (``"tcp:127.0.0.1:9051"``), or several of them to try in turn.
        With ``None`` the usual places in turn: what ``TOR_CONTROL_PORT`` names in the environment (and
        ``TOR_CONTROL_COOKIE_FILE``), or else ``/run/tor/control``, port 9051, port 9151.
    :param password: text, bytes, or a function that returns one, now or as a Deferred or coroutine. It is called only when it is
        needed.
    :param password_function: the same, under the name that txtorcon gives it.
    :param allow_plain_cookie: whether a Tor that offers COOKIE but not SAFECOOKIE may be shown the cookie.
    :return: a `Tor`. Nothing but authentication has been asked of it.
    :raises AuthenticationError: one endpoint was given and no method worked there; the subclass is the cause.
    :raises Disconnected: one endpoint was given and nothing, or no control port, is there.
    :raises ProtocolViolation: one endpoint was given and what listens there is no control port.
    :raises ControlPortNotFound: several places were tried, none worked; the text says what happened at each.
    :raises InvalidArgument: an endpoint string is malformed, or both ``password`` and ``password_function`` are given.

    See control-spec 3.5, 3.21 and 3.24.
    """
    if password is not None and password_function is not None:
        raise InvalidArgument("Give password or password_function, which are two names of one argument.")
    secret = password if password is not None else password_function
    if control_endpoint is None:
        found = find_control(reactor, default_places(), secret, allow_plain_cookie, default_cookie_file())
    elif isinstance(control_endpoint, Sequence) and not isinstance(control_endpoint, str):
        found = find_control(reactor, control_endpoint, secret, allow_plain_cookie)
    else:
        found = open_control(reactor, control_endpoint, secret, allow_plain_cookie)
    return Tor(reactor, await found)


@deferred
async def launch(  # noqa: PLR0917  # the order that programs know from txtorcon
    reactor: ILaunchReactor,
    progress_updates: Callable[[int, str, str], object] | None = None,
    control_port: int | str | None = None,
    data_directory: str | os.PathLike[str] | None = None,
    socks_port: int | str | None = None,
    non_anonymous_mode: bool | None = None,
    stdout: Writable | None = None,
    stderr: Writable | None = None,
    timeout: float | None = 180.0,
    tor_binary: str | os.PathLike[str] | None = None,
    user: str | None = None,
    *,
    kill_on_stderr: bool = False,
    config: Options | None = None,
    wait: str | int = "bootstrapped",
    progress: ProgressListener | None = None,
) -> Tor:
    """
    Start a Tor of our own, and control it.

    It ends with this program, however that ends, and with its control connection, unless `Tor.disown` lets it live on. Temporary
    files go with it. It knows no torrc but what is given here.

    :param progress_updates: is called with percent, tag and summary, as txtorcon does.
    :param control_port: a port on 127.0.0.1, or ``"unix:/path"``. By default a socket in a folder that only we can read.
    :param data_directory: where Tor keeps its state and what it knows of the network, which makes the next start faster. It
        is made where it is missing, and stays. By default a temporary one.
    :param socks_port: ``SocksPort``: a port, ``"unix:/path"``, ``"auto"`` (by default) or 0.
    :param non_anonymous_mode: run single onion services, without a SocksPort.
    :param stdout: gets a copy of what tor prints, by its method ``write``.
    :param stderr: the same of its standard error.
    :param timeout: seconds until it must be ready, or ``None``.
    :param tor_binary: its path; by default that of PATH, else of the usual folders, else Tor Browser's.
    :param user: the user that Tor becomes, where we are root.
    :param kill_on_stderr: whether anything on its standard error is a failure.
    :param config: more options of torrc, any that this tor knows: a mapping, pairs where their order matters, as that of
        ``HiddenServiceDir`` and what belongs to it, or a `txtor.config.Torrc`. A list gives an option several lines.
    :param wait: ``"bootstrapped"``: until Tor has built a circuit; ``"controlled"``: until we control it, which is possible
        without a network; or a percentage of bootstrapping.
    :param progress: is called with each `txtor.process.BootstrapProgress`. It may return a Deferred or coroutine; if it
        fails, that is logged.
    :return: a `Tor` with a `process`.
    :raises LaunchError: tor ended, could not be controlled, or was not ready in time: with its own last warnings and its exit
        status. Nothing is left of it. The same goes for cancelling.
    :raises TorNotFound: there is no tor binary.
    :raises InvalidArgument: arguments contradict each other, or are none. Nothing was started.

    See tor(1), and control-spec 3.23, TAKEOWNERSHIP.
    """
    from txtor.process import BootstrapProgress, LaunchOptions, launch_tor  # connecting needs nothing of it

    told: list[int] = []

    def report(reached: BootstrapProgress) -> None:
        if progress is not None:
            tell(progress, reached)
        if progress_updates is not None and reached.percent not in told:  # txtorcon's callbacks know of no warnings
            told.append(reached.percent)
            tell(progress_updates, reached.percent, reached.tag, reached.summary)

    launched = await launch_tor(
        reactor,
        LaunchOptions(config, control_port, data_directory, socks_port, non_anonymous_mode, user, wait),
        tor_binary=tor_binary,
        timeout=timeout,
        progress=report,
        outputs=(stdout, stderr),
        kill_on_stderr=kill_on_stderr,
    )
    return Tor(reactor, launched.protocol, launched.process, launched.control_endpoint)
