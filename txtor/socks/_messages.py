# -*- test-case-name: txtor.test.socks.test_messages -*-
"""
The messages of SOCKS5 with Tor's extensions: values to bytes, bytes to values.

A reader is given all that has come so far. It answers ``None`` as long as more is needed, and raises as soon as it is certain
that what comes is not SOCKS5. See RFC 1928, RFC 1929 and Tor's socks-extensions.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import IntEnum
from socket import AF_INET, AF_INET6, inet_ntop
from typing import NamedTuple

from txtor.errors import InvalidArgument, SocksProtocolViolation

from ._hosts import AddressType, Target

NO_AUTHENTICATION = 0
USERNAME_PASSWORD = 2
NO_ACCEPTABLE_METHODS = 0xFF
SUCCEEDED = 0


class Command(IntEnum):
    """
    The CMD byte of a request.

    See RFC 1928 4 and socks-extensions, Name lookup.
    """

    CONNECT = 0x01
    RESOLVE = 0xF0
    RESOLVE_PTR = 0xF1


@dataclass(frozen=True)
class Credentials:
    """
    A user name and a password, at most 255 bytes each; Tor isolates streams by them.

    See RFC 1929 2, and socks-extensions for empty ones.
    """

    username: bytes
    password: bytes = field(repr=False)

    def __post_init__(self) -> None:
        for what, value in (("user name", self.username), ("password", self.password)):
            if len(value) > 255:
                raise InvalidArgument(f"A SOCKS {what} must not be longer than 255 bytes; this one has {len(value)}.")


class SocksReply(NamedTuple):
    """
    The answer to a request.

    :ivar code: 0 where it succeeded.
    :ivar address: an IPv4 or IPv6 address as text, or a name. For RESOLVE and RESOLVE_PTR it is what was looked up.
    :ivar port: as the server gave it; of no meaning for look-ups.

    See RFC 1928 6.
    """

    code: int
    address: str
    port: int


def greeting(authenticate: bool) -> bytes:
    """
    The first message. Exactly one method is offered, so that the server cannot leave the credentials out.

    See RFC 1928 3.
    """
    return b"\x05\x01\x02" if authenticate else b"\x05\x01\x00"


def username_password(credentials: Credentials) -> bytes:
    """
    The message that authenticates.

    See RFC 1929 2.
    """
    username, password = credentials.username, credentials.password
    return b"\x01%c%b%c%b" % (len(username), username, len(password), password)


def request(command: Command, target: Target) -> bytes:
    """
    The message that says what is wanted.

    See RFC 1928 4 and socks-extensions, Name lookup.
    """
    return b"\x05%c\x00%c%b%b" % (command, target.type, target.address, target.port.to_bytes(2, "big"))


def read_method(buffer: bytearray) -> int | None:
    """
    Read the server's choice of a method.

    :raises SocksProtocolViolation: it is no SOCKS5 server.
    """
    if buffer and buffer[0] != 5:
        raise SocksProtocolViolation(f"The server does not speak SOCKS5; it said {bytes(buffer[:60])!r}.")
    return _whole(buffer, buffer[1] if len(buffer) >= 2 else None)


def read_status(buffer: bytearray) -> int | None:
    """
    Read whether the server took the credentials: 0 where it did.

    :raises SocksProtocolViolation: the version is wrong.
    """
    # RFC 1929 has version 1 here. Where tor takes a user name for a future form of isolation, it answers with a whole reply of
    # RFC 1928, which begins with 5 and a code.
    if buffer and buffer[0] not in (1, 5):
        raise SocksProtocolViolation(f"The answer to the password is not SOCKS5: {bytes(buffer[:60])!r}.")
    if len(buffer) > 2 and buffer[1] != SUCCEEDED:
        return buffer[1]
    return _whole(buffer, buffer[1] if len(buffer) >= 2 else None)


def _whole(buffer: bytearray, value: int | None) -> int | None:
    """
    A two byte answer, behind which nothing may come, since the server was not asked anything yet.
    """
    if len(buffer) > 2:
        raise SocksProtocolViolation(f"The server said more than it was asked for: {bytes(buffer[:60])!r}.")
    return value


def read_reply(buffer: bytearray) -> tuple[SocksReply, int] | None:
    """
    Read the answer to a request.

    A refusal is complete with its second byte, the code, since what would follow has no meaning.

    :return: the answer and its length; what is behind it in the buffer belongs to the application.
    :raises SocksProtocolViolation: the version, the address type or the name is wrong.
    """
    if buffer and buffer[0] != 5:
        raise SocksProtocolViolation(f"The answer is not SOCKS5: {bytes(buffer[:60])!r}.")
    if len(buffer) >= 2 and buffer[1] != SUCCEEDED:
        return SocksReply(buffer[1], "", 0), 2
    if len(buffer) < 5:
        return None
    read_address = _ADDRESSES.get(buffer[3])
    if read_address is None:
        raise SocksProtocolViolation(f"The answer has the unknown address type {buffer[3]}.")
    begin, end = (5, 5 + buffer[4]) if buffer[3] == AddressType.NAME else (4, 8 if buffer[3] == AddressType.IPV4 else 20)
    if len(buffer) < end + 2:
        return None
    address = read_address(bytes(buffer[begin:end]))
    return SocksReply(buffer[1], address, int.from_bytes(buffer[end : end + 2], "big")), end + 2


def _read_name(name: bytes) -> str:
    """
    A name in a reply is somebody else's DNS record: nothing that is no printable ASCII gets through.
    """
    text = name.decode("latin-1")
    if not text.isascii() or not text.isprintable():
        raise SocksProtocolViolation(f"The answer holds a name that is none: {name[:60]!r}.")
    return text


_ADDRESSES: dict[int, Callable[[bytes], str]] = {
    AddressType.IPV4: lambda address: inet_ntop(AF_INET, address),
    AddressType.IPV6: lambda address: inet_ntop(AF_INET6, address),
    AddressType.NAME: _read_name,
}
