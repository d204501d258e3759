# -*- test-case-name: txtor.test.testing.test_fake_tor -*-
"""
What a `FakeTor` answers to each command: control-spec 3, as tor 0.4.9.11 does it.
"""

from __future__ import annotations

import hashlib
import hmac
import os
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from txtor.config import Torrc
from txtor.errors import DocumentError
from txtor.grammar import ReplyLine, quote_cstring, unquote_string

from ._fake_config import DEFAULTS, EVENTS, OK, Refusal, write_value
from ._fake_line import FakeCommand
from ._fake_network import NETWORK_ANSWERS
from ._fake_onion import ONION_ANSWERS

if TYPE_CHECKING:
    from ._fake_tor import Answer, FakeConnection

_SERVER_KEY = b"Tor safe cookie authentication server-to-controller hash"
_CLIENT_KEY = b"Tor safe cookie authentication controller-to-server hash"

SIGNALS = {
    "HUP": "RELOAD",
    "USR1": "DUMP",
    "USR2": "DEBUG",
    "RELOAD": "RELOAD",
    "DUMP": "DUMP",
    "DEBUG": "DEBUG",
    "NEWNYM": "NEWNYM",
    "CLEARDNSCACHE": "CLEARDNSCACHE",
    "HEARTBEAT": "HEARTBEAT",
    "ACTIVE": "ACTIVE",
    "DORMANT": "DORMANT",
    "INT": "",
    "TERM": "",
    "HALT": "",
    "SHUTDOWN": "",
}


def _need(command: FakeCommand, count: int) -> list[str]:
    if len(command.words) < count:
        raise Refusal.of(512, f"Bad arguments to {command.keyword}: Need at least {count} argument(s)")
    return command.words


def _ok(connection: FakeConnection, command: FakeCommand) -> list[ReplyLine]:
    return OK


# -- the session ------------------------------------------------------------------------------------------------------


def _protocolinfo(connection: FakeConnection, command: FakeCommand) -> list[ReplyLine]:
    for word in command.words:
        if not word.isdigit():
            if not connection.authenticated:
                connection.after_reply(connection.hang_up)
            raise Refusal.of(513, f'No such version "{word}"')
    if not connection.authenticated:
        if connection.asked_protocolinfo:
            connection.after_reply(connection.hang_up)
            raise Refusal.of(514, "Authentication required.")
        connection.asked_protocolinfo = True
    tor = connection.tor
    methods = [*(["COOKIE", "SAFECOOKIE"] if tor.cookie else []), *(["HASHEDPASSWORD"] if tor.password else [])]
    auth = f"AUTH METHODS={','.join(methods) or 'NULL'}"
    if tor.cookie_file is not None:
        auth += f" COOKIEFILE={quote_cstring(tor.cookie_file)}"
    lines = ["PROTOCOLINFO 1", auth, f"VERSION Tor={quote_cstring(tor.version)}", "OK"]
    return [ReplyLine(250, line) for line in lines]


def _authchallenge(connection: FakeConnection, command: FakeCommand) -> list[ReplyLine]:
    words = _need(command, 1)
    connection.after_reply(connection.hang_up)
    if words[0].upper() != "SAFECOOKIE":
        raise Refusal.of(513, "AUTHCHALLENGE only supports SAFECOOKIE authentication")
    if connection.tor.cookie is None:
        raise Refusal.of(515, "Cookie authentication is disabled")
    if len(words) != 2:
        raise Refusal.of(512, "Wrong number of arguments for AUTHCHALLENGE")
    try:
        nonce = unquote_string(words[1]).encode() if words[1].startswith('"') else bytes.fromhex(words[1])
    except ValueError:
        raise Refusal.of(513, "Invalid base16 client nonce") from None
    connection._after.pop()  # it went well: the connection stays
    server_nonce = os.urandom(32)
    message = connection.tor.cookie + nonce + server_nonce
    connection.challenge = hmac.new(_CLIENT_KEY, message, hashlib.sha256).digest()
    proof = hmac.new(_SERVER_KEY, message, hashlib.sha256).hexdigest().upper()
    return [ReplyLine(250, f"AUTHCHALLENGE SERVERHASH={proof} SERVERNONCE={server_nonce.hex().upper()}")]


def _authenticate(connection: FakeConnection, command: FakeCommand) -> list[ReplyLine]:
    tor, argument = connection.tor, command.arguments
    try:
        given = unquote_string(argument).encode() if argument.startswith('"') else bytes.fromhex(argument)
    except ValueError:
        connection.after_reply(connection.hang_up)
        raise Refusal.of(551, "Invalid hexadecimal encoding.  Maybe you tried a plain text password?") from None
    if connection.challenge is not None:
        accepted = hmac.compare_digest(given, connection.challenge)
        why = "Safe cookie response did not match expected value."
    elif tor.cookie is None and tor.password is None:
        accepted, why = True, ""
    else:
        accepted = given in (tor.cookie, tor.password)
        why = "Password did not match HashedControlPassword *or* authentication cookie."
    if not accepted:
        connection.after_reply(connection.hang_up)
        raise Refusal.of(515, f"Authentication failed: {why}")
    connection.authenticated = True
    return OK


def _quit(connection: FakeConnection, command: FakeCommand) -> list[ReplyLine]:
    connection.after_reply(connection.hang_up)
    return [ReplyLine(250, "closing connection")]


def _setevents(connection: FakeConnection, command: FakeCommand) -> list[ReplyLine]:
    wanted = [word.upper() for word in command.words if word.upper() != "EXTENDED"]
    for word in wanted:
        if word not in EVENTS:
            raise Refusal.of(552, f'Unrecognized event "{word}"')
    connection.events = frozenset(wanted)
    return OK


def _usefeature(connection: FakeConnection, command: FakeCommand) -> list[ReplyLine]:
    for word in command.words:
        if word.upper() not in ("VERBOSE_NAMES", "EXTENDED_EVENTS"):
            raise Refusal.of(552, f'Unrecognized feature "{word}"')
    return OK


def _signal(connection: FakeConnection, command: FakeCommand) -> list[ReplyLine]:
    (name, *_) = _need(command, 1)
    event = SIGNALS.get(name.upper())
    if event is None:
        raise Refusal.of(552, f'Unrecognized signal code "{name}"')
    connection.after_reply(lambda: connection.tor.emit(f"SIGNAL {event}") if event else connection.tor.drop())
    return OK


# -- information and configuration ------------------------------------------------------------------------------------


def _own_info(connection: FakeConnection, key: str) -> str | bytes | None:
    tor = connection.tor
    own: dict[str, Callable[[], str]] = {
        "version": lambda: tor.version,
        "events/names": lambda: " ".join(sorted(EVENTS)),
        "signal/names": lambda: " ".join(SIGNALS),
        "features/names": lambda: "VERBOSE_NAMES EXTENDED_EVENTS",
        "config/names": lambda: "\n".join(f"{name} {kind}" for name, kind in sorted(tor.configuration.types.items())),
        "config/defaults": lambda: "\n".join(f"{name} {quote_cstring(value)}" for name, value in sorted(DEFAULTS.items())),
        "onions/current": lambda: "\n".join(connection.onions),
        "onions/detached": lambda: "\n".join(tor.detached_onions),
        "circuit-status": tor.network.circuit_status,
        "stream-status": tor.network.stream_status,
        "status/bootstrap-phase": lambda: 'NOTICE BOOTSTRAP PROGRESS=100 TAG=done SUMMARY="Done"',
    }
    value = tor.info.get(key, own.get(key))
    return value() if callable(value) else value


def _getinfo(connection: FakeConnection, command: FakeCommand) -> list[ReplyLine]:
    answers, unknown = [], []
    for key in command.words:
        value = _own_info(connection, key)
        if value is None:
            unknown.append(ReplyLine(552, f'Unrecognized key "{key}"'))
            continue
        data = value if isinstance(value, bytes) else value.encode("utf-8", "surrogateescape")
        if b"\n" in data or b"\r" in data:
            answers.append(ReplyLine(250, f"{key}=", data))
        else:
            answers.append(ReplyLine(250, f"{key}={data.decode('utf-8', 'surrogateescape')}"))
    if unknown:
        raise Refusal(*unknown)
    return answers + OK


def _getconf(connection: FakeConnection, command: FakeCommand) -> list[ReplyLine]:
    return connection.tor.configuration.lines(command.words)


def _setconf(connection: FakeConnection, command: FakeCommand) -> list[ReplyLine]:
    return _change(connection, command, reset=False)


def _resetconf(connection: FakeConnection, command: FakeCommand) -> list[ReplyLine]:
    return _change(connection, command, reset=True)


def _change(connection: FakeConnection, command: FakeCommand, reset: bool) -> list[ReplyLine]:
    _tell(connection, connection.tor.configuration.change(command.options(), reset))
    return OK


def _tell(connection: FakeConnection, changed: list[tuple[str, list[str]]]) -> None:
    """
    Announce what has changed. A port without a value is announced as the group that it belongs to.
    """
    told = [f"{name}={write_value(value)}" for name, values in changed for value in values]
    types = connection.tor.configuration.types
    told += [f"{name}Lines" if f"{name}Lines" in types else name for name, values in changed if not values]
    if told:
        connection.after_reply(lambda: connection.tor.emit("CONF_CHANGED", *told))


def _mapaddress(connection: FakeConnection, command: FakeCommand) -> list[ReplyLine]:
    lines = []
    for word in command.words:
        source, equals, target = word.partition("=")
        if not equals:
            lines.append(ReplyLine(512, f"syntax error: mapping '{word}' is not of expected form 'foo=bar'."))
        elif "/" in source + target:
            lines.append(ReplyLine(512, f"syntax error: invalid address '{target}'"))
        else:
            lines.append(ReplyLine(250, f"{source}={target}"))
    if not lines:
        raise Refusal.of(512, "syntax error: not enough arguments to mapaddress.")
    return lines


def _setrouterpurpose(connection: FakeConnection, command: FakeCommand) -> list[ReplyLine]:
    raise Refusal.of(511, "SETROUTERPURPOSE is obsolete.")


def _loadconf(connection: FakeConnection, command: FakeCommand) -> list[ReplyLine]:
    if command.data is None:
        raise Refusal.of(510, 'Unrecognized command "LOADCONF"')
    try:
        torrc = Torrc.parse(command.data)
    except DocumentError as error:
        raise Refusal.of(552, f"Invalid config file: {error}") from None
    _tell(connection, connection.tor.configuration.load(torrc.pairs()))
    return OK


ANSWERS: Mapping[str, Answer] = {
    "AUTHCHALLENGE": _authchallenge,
    "AUTHENTICATE": _authenticate,
    "DROPGUARDS": _ok,
    "DROPOWNERSHIP": _ok,
    "DROPTIMEOUTS": _ok,
    "GETCONF": _getconf,
    "GETINFO": _getinfo,
    "LOADCONF": _loadconf,
    "MAPADDRESS": _mapaddress,
    "PROTOCOLINFO": _protocolinfo,
    "QUIT": _quit,
    "RESETCONF": _resetconf,
    "RESOLVE": _ok,
    "SAVECONF": _ok,
    "SETCONF": _setconf,
    "SETEVENTS": _setevents,
    "SETROUTERPURPOSE": _setrouterpurpose,
    "SIGNAL": _signal,
    "TAKEOWNERSHIP": _ok,
    "USEFEATURE": _usefeature,
    **NETWORK_ANSWERS,
    **ONION_ANSWERS,
}
