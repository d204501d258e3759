# -*- test-case-name: txtor.test.socks.test_hosts -*-
"""
What a SOCKS request is made to: a host and a port, checked before a byte is sent.

A host that cannot be is refused here and never sent, least of all an onion address with a typing error, which would be
asked for in the network. Whatever is right goes to Tor as it is: no name is resolved on this side.
"""

from __future__ import annotations

from enum import IntEnum
from socket import AF_INET, AF_INET6, inet_pton
from typing import NamedTuple

from txtor.errors import InvalidArgument
from txtor.grammar import onion_address

_LABEL = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")


class AddressType(IntEnum):
    """
    The ATYP byte of requests and replies.

    See RFC 1928 4.
    """

    IPV4 = 1
    NAME = 3
    IPV6 = 4


class Target(NamedTuple):
    """
    A host and a port as a request carries them.

    :ivar type: how the host is written.
    :ivar host: the host as text: an address without brackets, or an ASCII name without a final dot.
    :ivar address: the DST.ADDR bytes: 4, 16, or a length and a name.
    :ivar port: 1 to 65535, or 0 where the request has no port.
    """

    type: AddressType
    host: str
    address: bytes
    port: int

    def __str__(self) -> str:
        if not self.port:
            return self.host
        return f"[{self.host}]:{self.port}" if self.type is AddressType.IPV6 else f"{self.host}:{self.port}"


def parse_target(host: str | bytes, port: int) -> Target:
    """
    Check and encode the destination of a connection.

    :param host: a name in any script, or an IPv4 or IPv6 address; brackets round an IPv6 address and one final dot of a
        name are dropped. Bytes are ASCII.
    :param port: 1 to 65535.
    :raises InvalidArgument: the host is none of these, is longer than 255 bytes, has a zone id, or is an onion address that
        is mistyped or of an old version; or the port is out of range.
    """
    if isinstance(port, bool) or not isinstance(port, int) or not 1 <= port <= 65535:
        raise InvalidArgument(f"A port must be a number from 1 to 65535, not {port!r:.40}.")
    return parse_host(host)._replace(port=port)


def parse_host(host: str | bytes) -> Target:
    """
    Check and encode a host alone, as a look-up wants it; see `parse_target`.

    :raises InvalidArgument: it is no host.
    """
    text = _ascii(host)
    if ":" in text or text[:1] == "[":
        return _ipv6(text)
    if text[-1:] == ".":
        text = text[:-1]
    labels = text.split(".")
    if labels[-1].isdigit():
        return _ipv4(text)
    return _name(text, labels)


def parse_address(host: str | bytes) -> Target:
    """
    Check and encode what must be an IPv4 or IPv6 address, as a reverse look-up wants it.

    :raises InvalidArgument: it is not one.
    """
    target = parse_host(host)
    if target.type is AddressType.NAME:
        raise InvalidArgument(f"Only an address can be looked up backwards, and this is a name: {target.host[:80]!r}")
    return target


def _ascii(host: str | bytes) -> str:
    """
    The host in ASCII; a name of another script in its IDNA form.
    """
    if isinstance(host, bytes):
        host = host.decode("latin-1")
        if not host.isascii():
            raise InvalidArgument(f"A host of bytes must be ASCII: {host[:80]!r}")
    elif not isinstance(host, str):
        raise InvalidArgument(f"A host must be text, not {type(host).__name__}.")
    if host.isascii():
        return host
    if len(host) > 255:
        raise InvalidArgument(f"A host name must not be longer than 255 bytes: {host[:40]!r}...")
    import idna  # tables of a megabyte, for the few names that need them

    try:
        return idna.encode(host, uts46=True).decode("ascii")
    except UnicodeError as error:
        raise InvalidArgument(f"Not an internationalized host name: {host[:80]!r} ({error})") from None


def _ipv6(text: str) -> Target:
    bare = text[1:-1] if text[:1] == "[" and text[-1:] == "]" else text
    if "%" in bare:
        raise InvalidArgument(f"A zone id means something on this machine only and cannot be sent: {text[:80]!r}")
    try:
        return Target(AddressType.IPV6, bare, inet_pton(AF_INET6, bare), 0)
    except (OSError, ValueError):  # ValueError: a NUL in it
        raise InvalidArgument(f"Not an IPv6 address: {text[:80]!r}") from None


def _ipv4(text: str) -> Target:
    try:
        return Target(AddressType.IPV4, text, inet_pton(AF_INET, text), 0)
    except (OSError, ValueError):
        raise InvalidArgument(f"Neither an IPv4 address nor a host name: {text[:80]!r}") from None


def _name(text: str, labels: list[str]) -> Target:
    if len(text) > 255:
        raise InvalidArgument(f"A host name must not be longer than 255 bytes: {text[:40]!r}...")
    if not all(labels) or not _LABEL.issuperset(text.replace(".", "")):
        raise InvalidArgument(f"Not a host name: {text[:80]!r}")
    if labels[-1].lower() == "onion":
        onion_address(labels[-2] if len(labels) > 1 else "")
    return Target(AddressType.NAME, text, bytes((len(text),)) + text.encode("ascii"), 0)
