# -*- test-case-name: txtor.test.commands.test_onion -*-
"""
Onion services and their descriptors: control-spec 3.26 to 3.29.

Addresses are given in either case, with or without ``.onion``; Tor gets the bare lower-case form, since it takes no other.
"""

from __future__ import annotations

import base64
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import ClassVar, TypeAlias

from txtor.errors import InvalidArgument, ProtocolViolation
from txtor.grammar import Reply, bare, onion_address, relay

from ._command import (
    Acknowledged,
    data_block,
    line,
    line_with_data,
    listed,
    replace,
    require_success,
    several,
    whole_number,
)

#: A virtual port, or one and its target: a port here, ``"address:port"`` or ``"unix:/path"``.
Port: TypeAlias = "int | str | tuple[int, int | str]"

_BASE32 = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567")
_SECRET_KEY_LENGTH = 64
_CLIENT_KEY_DIGITS = 52
_UNSIGNED = (1 << 32) - 1


def _port(port: Port) -> str:
    """
    The words for one virtual port of a service.

    :raises InvalidArgument: a port is not from 1 to 65535, or the target cannot be sent.
    """
    virtual: object = port
    target: object = None
    if isinstance(port, tuple):
        if len(port) != 2:
            raise InvalidArgument("A port of an onion service is a virtual port, or one and its target.")
        virtual, target = port
    elif isinstance(port, str):
        virtual, comma, rest = port.partition(",")
        target = rest if comma else None
    number = _port_number(virtual, "The virtual port of an onion service")
    return number if target is None else f"{number},{_target(target)}"


def _port_number(port: object, what: str) -> str:
    if isinstance(port, str) and port.isascii() and port.isdigit() and len(port) <= 5:
        port = int(port)
    if not isinstance(port, int):
        raise InvalidArgument(f"{what} must be an integer from 1 to 65535: {str(port)[:40]!r}")
    return str(whole_number(port, what, 1, 65535))


def _target(target: object) -> str:
    what = "The target of an onion service's port"
    if isinstance(target, int):
        return _port_number(target, what)
    if not isinstance(target, str):
        raise InvalidArgument(f"{what} must be a port or text, not {type(target).__name__}.")
    if target.startswith("unix:"):
        bare(target, f"{what}, a path of a socket,")
        if target == "unix:":
            raise InvalidArgument(f"{what} names no path behind 'unix:'.")
        return target
    if target.isascii() and target.isdigit():
        return _port_number(target, what)
    address, _, port = bare(target, what).rpartition(":")
    if not address:
        raise InvalidArgument(f"{what} must be a port, 'address:port' or 'unix:/path': {target[:80]!r}")
    return f"{address}:{_port_number(port, what)}"


def _service_key(key: str) -> tuple[str, str]:
    """
    Check the key of a service; no error shows it.

    :return: the type, and the rest.
    """
    if not isinstance(key, str):
        raise InvalidArgument(f"The key of an onion service must be text, not {type(key).__name__}.")
    kind, colon, blob = key.partition(":")
    if not colon:
        raise InvalidArgument("The key of an onion service begins with its type, as 'ED25519-V3:', or is 'NEW:BEST'.")
    if kind.upper() == "RSA1024" or (kind.upper() == "NEW" and blob.upper() == "RSA1024"):
        raise InvalidArgument("Keys of type RSA1024 are those of version 2 onion services, which Tor has no more.")
    if kind.upper() == "ED25519-V3":
        try:
            secret = base64.b64decode(blob + "=" * (-len(blob) % 4), validate=True)
        except ValueError:
            secret = b""
        if len(secret) != _SECRET_KEY_LENGTH:
            raise InvalidArgument(f"A key of type ED25519-V3 is the base64 of {_SECRET_KEY_LENGTH} bytes.")
    try:
        bare(key, "The key of an onion service")
    except InvalidArgument:
        raise InvalidArgument("The key of an onion service must be printable ASCII without spaces and quotes.") from None
    return kind, blob


def _client_key(key: str) -> str:
    what = "The public key of a client"
    if not isinstance(key, str) or len(key) != _CLIENT_KEY_DIGITS or not _BASE32.issuperset(key.upper()):
        raise InvalidArgument(f"{what} must be {_CLIENT_KEY_DIGITS} base32 characters: {str(key)[:80]!r}")
    return key


@dataclass(frozen=True)
class AddOnionReply:
    """
    A new onion service.

    :ivar service_id: its address without ``.onion``.
    :ivar private_key: ``ED25519-V3:`` and base64, which `AddOnion.key` takes; ``None`` where it was given to Tor, or is not
        wanted (DiscardPK). It does not appear in the ``repr``.
    :ivar client_auth: the public keys of the clients that are let in.
    :ivar others: lines that txtor does not know.
    """

    service_id: str
    private_key: str | None = field(default=None, repr=False)
    client_auth: tuple[str, ...] = ()
    others: tuple[str, ...] = field(default=(), repr=False)


@dataclass(frozen=True)
class AddOnion:
    """
    Make an onion service, which lives as long as the connection does, unless it is detached.

    :ivar key: ``"NEW:BEST"``, ``"NEW:ED25519-V3"``, or ``ED25519-V3:`` and the base64 of a 64-byte expanded secret key. It
        appears in no error and no ``repr``.
    :ivar ports: at least one, each a virtual port, which goes to the same port of 127.0.0.1, or a pair (or a text with a
        comma) of a virtual port and a target: a port, ``"address:port"`` or ``"unix:/path"``. Tor takes no blank in a path here.
    :ivar flags: of DiscardPK, Detach, MaxStreamsCloseCircuit, V3Auth, NonAnonymous, in any case. V3Auth is added where
        ``client_auth`` wants it.
    :ivar max_streams: of one circuit, 0 to 65535; 0 is no limit.
    :ivar client_auth: public keys of the clients to let in, 52 base32 characters each; none lets in everybody.
    :ivar pow_enabled: whether clients must work when the service is busy. Tor knows this, and the next two, since 0.4.9.2.
    :ivar pow_queue_rate: introductions a second.
    :ivar pow_queue_burst: how many introductions may come at once.

    See control-spec 3.27, ADD_ONION.
    """

    key: str = field(default="NEW:BEST", repr=False)
    ports: Iterable[Port] = ()
    flags: Iterable[str] = ()
    max_streams: int | None = None
    client_auth: Iterable[str] = ()
    pow_enabled: bool | None = None
    pow_queue_rate: int | None = None
    pow_queue_burst: int | None = None
    keyword: ClassVar[str] = "ADD_ONION"

    def __post_init__(self) -> None:
        _service_key(self.key)
        if isinstance(self.ports, (str, bytes)) or not isinstance(self.ports, Iterable):
            raise InvalidArgument("The ports of an onion service must stand in a list or tuple.")
        ports = tuple(_port(port) for port in self.ports)
        if not ports:
            raise InvalidArgument("An onion service needs at least one port.")
        client_auth = tuple(_client_key(key) for key in listed(self.client_auth, "The public keys of clients"))
        replace(self, ports=ports, flags=self._all_flags(bool(client_auth)), client_auth=client_auth)
        for value, what, highest in (
            (self.max_streams, "MaxStreams", 65535),
            (self.pow_queue_rate, "PoWQueueRate", _UNSIGNED),
            (self.pow_queue_burst, "PoWQueueBurst", _UNSIGNED),
        ):
            if value is not None:
                whole_number(value, what, 0, highest)

    def _all_flags(self, authorized: bool) -> tuple[str, ...]:
        flags = several(self.flags, "A flag of an onion service")
        if any("," in flag for flag in flags):
            raise InvalidArgument("Flags of an onion service are given one by one, and hold no comma.")
        wanted = any(flag.lower() == "v3auth" for flag in flags)
        if wanted and not authorized:
            raise InvalidArgument("The flag V3Auth needs the public key of at least one client (client_auth).")
        return (*flags, "V3Auth") if authorized and not wanted else flags

    def to_wire(self) -> bytes:
        """
        The whole command.

        :raises InvalidArgument: it is too long.
        """
        options = {
            "MaxStreams": self.max_streams,
            "PoWDefensesEnabled": None if self.pow_enabled is None else 1 if self.pow_enabled else 0,
            "PoWQueueRate": self.pow_queue_rate,
            "PoWQueueBurst": self.pow_queue_burst,
        }
        flags = ",".join(self.flags)
        return line(
            self.keyword,
            self.key,
            f"Flags={flags}" if flags else "",
            *(f"{name}={value}" for name, value in options.items() if value is not None),
            *(f"Port={port}" for port in self.ports),
            *(f"ClientAuthV3={key}" for key in self.client_auth),
        )

    def parse_reply(self, reply: Reply) -> AddOnionReply:
        """
        Read the reply.

        :raises UnspecifiedTorError: there is such a service already.
        :raises ArgumentSyntaxError: an option cannot be taken, or is newer than this Tor.
        :raises ProtocolViolation: the address is missing or is none.
        """
        require_success(reply, self.keyword, [self.key.partition(":")[2]] if not self._is_new() else ())
        service_id = private_key = None
        client_auth, others = [], []
        for text in (reply_line.text for reply_line in reply.lines[:-1]):
            name, _, value = text.partition("=")
            if name == "ServiceID":
                service_id = value
            elif name == "PrivateKey":
                private_key = value
            elif name == "ClientAuthV3":
                client_auth.append(value)
            else:
                others.append(text)
        try:
            address = onion_address(service_id or "")
        except InvalidArgument:
            raise ProtocolViolation("ADD_ONION was answered without the address of a service.") from None
        return AddOnionReply(address, private_key, tuple(client_auth), tuple(others))

    def _is_new(self) -> bool:
        return self.key[:4].upper() == "NEW:"


@dataclass(frozen=True)
class DelOnion(Acknowledged):
    """
    End an onion service that this connection made, or that is detached.

    :ivar address: the service's.

    See control-spec 3.28, DEL_ONION.
    """

    address: str
    keyword: ClassVar[str] = "DEL_ONION"

    def __post_init__(self) -> None:
        replace(self, address=_onion(self.address))

    def to_wire(self) -> bytes:
        """
        The whole command.
        """
        return line(self.keyword, self.address)


@dataclass(frozen=True)
class HsFetch(Acknowledged):
    """
    Fetch the descriptor of an onion service. What comes of it are HS_DESC and HS_DESC_CONTENT events: listen before.

    :ivar address: the service's.
    :ivar servers: relays to ask in place of those that are responsible, each a fingerprint or nickname.

    See control-spec 3.26, HSFETCH.
    """

    address: str
    servers: Iterable[str] = ()
    keyword: ClassVar[str] = "HSFETCH"

    def __post_init__(self) -> None:
        replace(self, address=_onion(self.address), servers=_servers(self.servers))

    def to_wire(self) -> bytes:
        """
        The whole command.

        :raises InvalidArgument: it is too long.
        """
        return line(self.keyword, self.address, *(f"SERVER={server}" for server in self.servers))


@dataclass(frozen=True)
class HsPost(Acknowledged):
    """
    Upload the descriptor of an onion service. What comes of it are HS_DESC events: listen before.

    :ivar descriptor: the document.
    :ivar address: the service's; without it Tor would not answer.
    :ivar servers: relays to give it to in place of those that are responsible, each a fingerprint or nickname.

    See control-spec 3.29, HSPOST.
    """

    descriptor: str | bytes = field(repr=False)
    address: str
    servers: Iterable[str] = ()
    keyword: ClassVar[str] = "HSPOST"

    def __post_init__(self) -> None:
        replace(
            self,
            descriptor=data_block(self.descriptor, "A descriptor"),
            address=_onion(self.address),
            servers=_servers(self.servers),
        )

    def to_wire(self) -> bytes:
        """
        The whole command with its data block.

        :raises InvalidArgument: it is too long.
        """
        assert isinstance(self.descriptor, bytes)  # since it was made
        servers = (f"SERVER={server}" for server in self.servers)
        return line_with_data([self.keyword, *servers, f"HSADDRESS={self.address}"], self.descriptor)


def _onion(address: str) -> str:
    if not isinstance(address, str):
        raise InvalidArgument(f"The address of an onion service must be text, not {type(address).__name__}.")
    return onion_address(address)


def _servers(servers: Iterable[str]) -> tuple[str, ...]:
    return tuple(relay(server, "A server of descriptors") for server in listed(servers, "The servers of descriptors"))
