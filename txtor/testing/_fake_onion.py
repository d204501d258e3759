# -*- test-case-name: txtor.test.test_contract -*-
"""
The onion services of a `FakeTor`, and the keys with which it is let in by others. It uploads nothing and fetches nothing: the
test says what happens, by events.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import TYPE_CHECKING

from txtor.errors import InvalidArgument
from txtor.grammar import ReplyLine, onion_address
from txtor.onion import OnionKey

from ._fake_config import OK, Refusal
from ._fake_line import FakeCommand

if TYPE_CHECKING:
    from ._fake_tor import Answer, FakeConnection


def _words(command: FakeCommand, count: int) -> list[str]:
    if len(command.words) < count:
        raise Refusal.of(512, f"Bad arguments to {command.keyword}: Need at least {count} argument(s)")
    return command.words


def _is_address(text: str) -> bool:
    """
    Whether it is an address as tor takes it on the control port: in lower case, without ``.onion``.
    """
    try:
        return onion_address(text) == text
    except InvalidArgument:
        return False


def _all_onions(connection: FakeConnection) -> list[list[str]]:
    return [connection.tor.detached_onions, *(each.onions for each in connection.tor.connections)]


def _add_onion(connection: FakeConnection, command: FakeCommand) -> list[ReplyLine]:
    key, *rest = _words(command, 1)
    if not any(word.lower().startswith("port=") for word in rest):
        raise Refusal.of(512, "Missing 'Port' argument")
    kind, _, blob = key.partition(":")
    if kind == "NEW" and blob in ("BEST", "ED25519-V3"):
        secret = OnionKey.generate().expanded
    elif kind == "ED25519-V3":
        try:
            secret = base64.b64decode(blob + "=" * (-len(blob) % 4), validate=True)
        except ValueError:
            secret = b""
        if len(secret) != 64:
            raise Refusal.of(512, "Failed to decode ED25519-V3 key")
    else:
        raise Refusal.of(513, "Invalid key type")
    try:
        address = OnionKey(secret).address.bare
    except InvalidArgument:
        raise Refusal.of(551, "Failed to generate onion address") from None
    if any(address in onions for onions in _all_onions(connection)):
        raise Refusal.of(550, "Onion address collision")
    flags = [flag for word in rest if word.lower().startswith("flags=") for flag in word.lower()[6:].split(",")]
    (connection.tor.detached_onions if "detach" in flags else connection.onions).append(address)
    lines = [f"ServiceID={address}"]
    if kind == "NEW" and "discardpk" not in flags:
        lines.append(f"PrivateKey=ED25519-V3:{base64.b64encode(secret).decode()}")
    return [ReplyLine(250, line) for line in [*lines, "OK"]]


def _del_onion(connection: FakeConnection, command: FakeCommand) -> list[ReplyLine]:
    (address, *_) = _words(command, 1)
    if not _is_address(address.lower()):
        raise Refusal.of(512, "Malformed Onion Service address")
    for onions in (connection.onions, connection.tor.detached_onions):
        if address in onions:
            onions.remove(address)
            return OK
    raise Refusal.of(552, "Unknown Onion Service address")


def _hsfetch(connection: FakeConnection, command: FakeCommand) -> list[ReplyLine]:
    address, *servers = _words(command, 1)
    if not _is_address(address.lower()):
        raise Refusal.of(513, f'Invalid argument "{address}"')
    for word in servers:
        connection.tor.network.relay(word.partition("=")[2])
    return OK


def _hspost(connection: FakeConnection, command: FakeCommand) -> list[ReplyLine] | None:
    arguments = [word.partition("=") for word in command.words]
    addresses = [value for name, _, value in arguments if name.upper() == "HSADDRESS"]
    if not addresses:
        return None  # as tor does
    if not _is_address(addresses[0]):
        raise Refusal.of(512, "Malformed onion address")
    for name, _, value in arguments:
        if name.upper() == "SERVER":
            connection.tor.network.relay(value)
    return OK


def _client_address(command: FakeCommand, count: int) -> str:
    if len(command.words) < count:
        raise Refusal.of(512, f"Incomplete {command.keyword} command")
    address = command.words[0]
    if not _is_address(address):
        raise Refusal.of(512, f'Invalid v3 address "{address}"')
    return address


def _client_add(connection: FakeConnection, command: FakeCommand) -> list[ReplyLine]:
    address = _client_address(command, 2)
    _, key, *rest = command.words
    kind, _, blob = key.partition(":")
    if kind != "x25519":
        raise Refusal.of(552, f'Unrecognized key type "{kind}"')
    try:
        secret = base64.b64decode(blob + "=" * (-len(blob) % 4), validate=True)
    except ValueError:
        secret = b""
    if len(secret) != 32:
        raise Refusal.of(512, "Failed to decode x25519 private key")
    options = {name.lower(): value for name, _, value in (word.partition("=") for word in rest)}
    if "Permanent" in options.get("flags", "") and not connection.tor.configuration.get("ClientOnionAuthDir"):
        raise Refusal.of(553, f'Unable to store creds for "{address}"')
    keys = connection.tor.client_keys
    flags = " Flags=Permanent" if options.get("flags") else ""
    name = f" ClientName={options['clientname']}" if "clientname" in options else ""
    before = keys.get(address)
    keys[address] = f"{address} x25519:{base64.b64encode(secret).decode()}{flags}{name}"
    return OK if before is None else [ReplyLine(251, "Client for onion existed and replaced")]


def _client_remove(connection: FakeConnection, command: FakeCommand) -> list[ReplyLine]:
    address = _client_address(command, 1)
    if connection.tor.client_keys.pop(address, None) is None:
        return [ReplyLine(251, f'No credentials for "{address}"')]
    return OK


def _client_view(connection: FakeConnection, command: FakeCommand) -> list[ReplyLine]:
    wanted = _client_address(command, 1) if command.words else None
    keys = connection.tor.client_keys
    entries = [f"CLIENT {entry}" for address, entry in keys.items() if wanted in (None, address)]
    first = "ONION_CLIENT_AUTH_VIEW" if wanted is None else f"ONION_CLIENT_AUTH_VIEW {wanted}"
    return [ReplyLine(250, line) for line in [first, *entries, "OK"]]


ONION_ANSWERS: Mapping[str, Answer] = {
    "ADD_ONION": _add_onion,
    "DEL_ONION": _del_onion,
    "HSFETCH": _hsfetch,
    "HSPOST": _hspost,
    "ONION_CLIENT_AUTH_ADD": _client_add,
    "ONION_CLIENT_AUTH_REMOVE": _client_remove,
    "ONION_CLIENT_AUTH_VIEW": _client_view,
}
