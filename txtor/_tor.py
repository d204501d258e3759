# -*- test-case-name: txtor.test.test_tor -*-
"""
The facade: `connect`, and `Tor`, which stands for one running Tor.
"""

from __future__ import annotations

from collections.abc import Sequence
from types import TracebackType
from typing import TYPE_CHECKING

from twisted.internet.defer import Deferred

from txtor._deferred import deferred
from txtor.control import (
    ControlEndpoint,
    IConnectReactor,
    Identity,
    Password,
    TorControlProtocol,
    default_cookie_file,
    default_places,
    find_control,
    open_control,
)
from txtor.errors import InvalidArgument

if TYPE_CHECKING:
    from txtor.directory import TorVersion

class Tor:
    """
    One running Tor, which we control.

    Made by `connect`. As an asynchronous context manager it closes the connection at the end, and Tor goes on.

    :ivar protocol: the connection, for everything that has no method here.
    """

    def __init__(self, reactor: IConnectReactor, protocol: TorControlProtocol) -> None:
        self._reactor = reactor
        self.protocol = protocol
        self._identity = Identity(reactor, protocol)

    def __repr__(self) -> str:
        return f"<Tor {self.protocol.version or 'of unknown version'}>"

    async def __aenter__(self) -> Tor:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
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

    def close(self) -> Deferred[None]:
        """
        End the connection. Tor goes on, unless this connection owns it.
        """
        return self.protocol.quit()

    @deferred
    async def quit(self) -> None:
        """
        Have Tor exit, and wait until the connection is gone.

        :raises TorRefused: Tor, or a filter in front of it, does not take the signal.
        """
        gone = self.protocol.when_disconnected()
        await self.protocol.signal("HALT")
        await gone


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
