# -*- test-case-name: txtor.test.control.test_connect -*-
"""
Finding a control port, and opening it: one authenticated connection, or one error that says all that was tried.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from typing import TypeAlias

from twisted.internet.error import ConnectBindError, ConnectError
from twisted.internet.error import ConnectionRefusedError as Refused
from twisted.internet.interfaces import IReactorCore, IReactorTCP, IReactorTime, IReactorUNIX, IStreamClientEndpoint

from txtor._deferred import deferred
from txtor.errors import (
    AuthenticationError,
    ControlPortNotFound,
    Disconnected,
    InvalidArgument,
    ProtocolViolation,
    TorError,
)

from ._authenticate import Password
from ._factory import TorProtocolFactory
from ._protocol import TorControlProtocol

#: An endpoint, or a string that names one, as ``"tcp:127.0.0.1:9051"`` or ``"unix:/run/tor/control"``.
ControlEndpoint: TypeAlias = "IStreamClientEndpoint | str"

#: Where Tor listens when nobody says otherwise: Debian's and others' control socket, the port of tor, that of Tor Browser.
USUAL_PLACES = ("unix:/run/tor/control", "tcp:127.0.0.1:9051", "tcp:127.0.0.1:9151")

HINT = (
    "Tor opens a control port only when it is told to: add the lines 'ControlPort 9051' and 'CookieAuthentication 1' "
    "to its torrc (/etc/tor/torrc on many systems) and reload it."
)


class IConnectReactor(IReactorTCP, IReactorUNIX, IReactorTime, IReactorCore):
    """
    What connecting needs of a reactor.
    """


def default_places(environment: Mapping[str, str] | None = None) -> list[str]:
    """
    Where to look for a control port, in order, as endpoint strings.

    :param environment: instead of the process's. ``TOR_CONTROL_PORT`` (or txtorcon's ``TX_CONTROL_PORT``) names the only place: a
        port, ``address:port``, ``unix:/path`` or an endpoint string. Without it, the usual places.
    """
    names = os.environ if environment is None else environment
    for name in ("TOR_CONTROL_PORT", "TX_CONTROL_PORT"):
        if value := names.get(name):
            return [_place(value.strip(), name)]
    return list(USUAL_PLACES)


def default_cookie_file(environment: Mapping[str, str] | None = None) -> bytes | None:
    """
    The cookie file that the environment names in ``TOR_CONTROL_COOKIE_FILE``, or ``None``.
    """
    value = (os.environ if environment is None else environment).get("TOR_CONTROL_COOKIE_FILE")
    return os.fsencode(value) if value else None


def _place(value: str, name: str) -> str:
    if value.isascii() and value.isdigit():
        return f"tcp:127.0.0.1:{value}"
    if value.startswith("/"):
        return f"unix:{value.replace(':', chr(92) + ':')}"
    if value.startswith(("unix:", "tcp:", "tcp4:", "tcp6:", "ssl:", "tls:", "haproxy:")):
        return value
    host, colon, port = value.rpartition(":")
    if colon and host and port.isdigit():
        return f"tcp:{host.strip('[]').replace(':', chr(92) + ':')}:{port}"
    raise InvalidArgument(f"{name} is no port, address, path or endpoint string: {value!r}")


@deferred
async def open_control(
    reactor: IConnectReactor,
    endpoint: ControlEndpoint,
    password: Password = None,
    allow_plain_cookie: bool = False,
    cookie_file: bytes | None = None,
) -> TorControlProtocol:
    """
    Connect to one control port and authenticate.

    When Tor refuses one method, it hangs up; the methods that are left are tried on new connections. No connection is left
    open behind an error.

    :param endpoint: an endpoint or an endpoint string.
    :param password: see `TorControlProtocol.authenticate`, as for the two that follow.
    :return: an authenticated connection.
    :raises AuthenticationError: no method worked; that of the first refusal, which tells most.
    :raises Disconnected: nothing listens there, or it hung up.
    :raises ProtocolViolation: what listens there is no control port.
    :raises InvalidArgument: the endpoint string is malformed.
    """
    target = client_endpoint(reactor, endpoint)
    without: frozenset[str] = frozenset()
    first: AuthenticationError | None = None
    while True:
        protocol = await _connected(reactor, target)
        try:
            await protocol.authenticate(password, allow_plain_cookie, without, cookie_file)
        except AuthenticationError as error:
            first = first or error
            if error.tried is None or not error.untried:
                raise first from first.__cause__
            without |= {error.tried}
        except Disconnected as error:
            raise Disconnected(f"It hung up before authentication was done ({error.reason}). Is it a control port?") from error
        finally:
            if not protocol.is_authenticated:
                protocol.cut()
        if protocol.is_authenticated:
            return protocol


def client_endpoint(reactor: object, endpoint: ControlEndpoint) -> IStreamClientEndpoint:
    """
    The endpoint that a string names; an endpoint is returned as it is.

    :raises InvalidArgument: the string is malformed.
    """
    if not isinstance(endpoint, str):
        return endpoint
    from twisted.internet.endpoints import clientFromString  # which imports all of TLS

    try:
        parsed: IStreamClientEndpoint = clientFromString(reactor, endpoint)
        return parsed
    except (ValueError, TypeError, KeyError, IndexError) as error:  # whatever Twisted's parsers make of a malformed string
        raise InvalidArgument(f"Not an endpoint string: {endpoint!r} ({error})") from error


async def _connected(reactor: IConnectReactor, endpoint: IStreamClientEndpoint) -> TorControlProtocol:
    try:
        protocol = await endpoint.connect(TorProtocolFactory(reactor=reactor))
    except Refused as error:
        raise Disconnected("Nothing listens there.") from error
    except (ConnectError, ConnectBindError) as error:
        raise Disconnected(_why_not(error)) from error
    assert isinstance(protocol, TorControlProtocol)  # what the factory builds
    return protocol


def _why_not(error: Exception) -> str:
    number = getattr(error, "osError", None)
    words = {2: "There is no such socket.", 13: "Permission denied: your user may not open this socket."}
    return words.get(number if isinstance(number, int) else 0, f"It cannot be reached: {error}")


@deferred
async def find_control(
    reactor: IConnectReactor,
    places: Iterable[ControlEndpoint],
    password: Password = None,
    allow_plain_cookie: bool = False,
    cookie_file: bytes | None = None,
) -> TorControlProtocol:
    """
    Try some control ports in turn and take the first that opens.

    :raises ControlPortNotFound: none did; the text says for each what happened.
    """
    attempts: list[tuple[str, Exception]] = []
    for place in places:
        try:
            return await open_control(reactor, place, password, allow_plain_cookie, cookie_file)
        except InvalidArgument:
            raise
        except (AuthenticationError, Disconnected, ProtocolViolation, TorError) as error:
            attempts.append((place if isinstance(place, str) else repr(place), error))
    unreachable = all(isinstance(error, Disconnected) for _, error in attempts)
    raise ControlPortNotFound(attempts, HINT if unreachable else "")
