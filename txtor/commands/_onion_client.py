# -*- test-case-name: txtor.test.commands.test_onion_client -*-
"""
The keys by which Tor, as a client, is let in by onion services: control-spec 3.30 to 3.32.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass, field
from typing import ClassVar

from txtor.errors import InvalidArgument, ProtocolViolation
from txtor.grammar import Reply, bare, onion_address, parse_arguments

from ._command import Outcome, line, replace, require_success

_KEY_TYPE = "x25519"
_KEY_LENGTH = 32
_CLIENT_NAME_BYTES = 16


def _address(address: str) -> str:
    if not isinstance(address, str):
        raise InvalidArgument(f"The address of an onion service must be text, not {type(address).__name__}.")
    return onion_address(address)


def _key(key: str | bytes) -> str:
    """
    The words for a client's private key; no error shows it.
    """
    if isinstance(key, bytes):
        if len(key) != _KEY_LENGTH:
            raise InvalidArgument(f"The private key of a client is {_KEY_LENGTH} bytes long.")
        return f"{_KEY_TYPE}:{base64.b64encode(key).decode()}"
    if not isinstance(key, str):
        raise InvalidArgument(f"The private key of a client must be text or bytes, not {type(key).__name__}.")
    kind, colon, blob = key.partition(":")
    if not colon:
        kind, blob = _KEY_TYPE, key
    if kind == _KEY_TYPE:
        try:
            secret = base64.b64decode(blob + "=" * (-len(blob) % 4), validate=True)
        except ValueError:
            secret = b""
        if len(secret) != _KEY_LENGTH:
            raise InvalidArgument(f"The private key of a client is {_KEY_TYPE}: and the base64 of {_KEY_LENGTH} bytes.")
        return f"{_KEY_TYPE}:{base64.b64encode(secret).decode()}"
    try:
        return bare(key, "The private key of a client")
    except InvalidArgument:
        raise InvalidArgument("The private key of a client must be printable ASCII without spaces and quotes.") from None


@dataclass(frozen=True)
class OnionClientAuthAdd:
    """
    Give Tor the key that lets it in at an onion service.

    The reply is an `Outcome`: 250, done; 251, another key was replaced; 252, done, and a descriptor that was there could be
    opened with it.

    :ivar address: the service's.
    :ivar key: the x25519 private key: 32 bytes, or their base64 with or without ``x25519:``. It appears in no error and
        no ``repr``.
    :ivar client_name: a name for it, of at most 16 bytes; Tor would answer a longer one twice.
    :ivar permanent: keep it on disk, which needs ClientOnionAuthDir in torrc.

    See control-spec 3.30, ONION_CLIENT_AUTH_ADD.
    """

    address: str
    key: str | bytes = field(repr=False)
    client_name: str | None = None
    permanent: bool = False
    keyword: ClassVar[str] = "ONION_CLIENT_AUTH_ADD"

    def __post_init__(self) -> None:
        replace(self, address=_address(self.address), key=_key(self.key))
        if self.client_name is not None and len(bare(self.client_name, "The name of a client")) > _CLIENT_NAME_BYTES:
            raise InvalidArgument(f"The name of a client has at most {_CLIENT_NAME_BYTES} bytes: {self.client_name[:40]!r}")

    def to_wire(self) -> bytes:
        """
        The whole command.
        """
        name = "" if self.client_name is None else f"ClientName={self.client_name}"
        return line(self.keyword, self.address, str(self.key), name, "Flags=Permanent" if self.permanent else "")

    def parse_reply(self, reply: Reply) -> Outcome:
        """
        Read the reply.

        :raises InvalidConfigurationValue: Tor cannot keep the key, or it is none.
        """
        require_success(reply, self.keyword, [str(self.key).partition(":")[2]])
        return Outcome(reply.status, reply.text)


@dataclass(frozen=True)
class OnionClientAuthRemove:
    """
    Have Tor forget the key for an onion service, also on disk.

    The reply is an `Outcome`: 250, done; 251, there was none.

    :ivar address: the service's.

    See control-spec 3.31, ONION_CLIENT_AUTH_REMOVE.
    """

    address: str
    keyword: ClassVar[str] = "ONION_CLIENT_AUTH_REMOVE"

    def __post_init__(self) -> None:
        replace(self, address=_address(self.address))

    def to_wire(self) -> bytes:
        """
        The whole command.
        """
        return line(self.keyword, self.address)

    def parse_reply(self, reply: Reply) -> Outcome:
        """
        Read the reply.
        """
        require_success(reply, self.keyword)
        return Outcome(reply.status, reply.text)


@dataclass(frozen=True)
class OnionClientAuth:
    """
    A key that lets Tor in at an onion service.

    :ivar address: the service's, without ``.onion``.
    :ivar key: the private key, as ``x25519:`` and base64. It does not appear in the ``repr``.
    :ivar client_name: or ``None``.
    :ivar flags: ``("Permanent",)`` where it is on disk.
    """

    address: str
    key: str = field(repr=False)
    client_name: str | None = None
    flags: tuple[str, ...] = ()


@dataclass(frozen=True)
class OnionClientAuthView:
    """
    Ask for the keys that Tor has. The reply is a tuple of `OnionClientAuth`.

    :ivar address: of one service; ``None`` for all.

    See control-spec 3.32, ONION_CLIENT_AUTH_VIEW.
    """

    address: str | None = None
    keyword: ClassVar[str] = "ONION_CLIENT_AUTH_VIEW"

    def __post_init__(self) -> None:
        if self.address is not None:
            replace(self, address=_address(self.address))

    def to_wire(self) -> bytes:
        """
        The whole command.
        """
        return line(self.keyword, self.address or "")

    def parse_reply(self, reply: Reply) -> tuple[OnionClientAuth, ...]:
        """
        Read the reply.

        :raises ProtocolViolation: a line ``CLIENT`` lacks an address or a key.
        """
        require_success(reply, self.keyword)
        entries = []
        for text in (reply_line.text for reply_line in reply.lines):
            if not text.startswith("CLIENT "):
                continue
            positional, keywords = parse_arguments(text)
            # The padding of base64 makes a key look like KEY=value only if it has no colon before it, and it has one.
            if len(positional) < 3:
                raise ProtocolViolation("A line of the reply to ONION_CLIENT_AUTH_VIEW lacks an address or a key.")
            flags = tuple(filter(None, keywords.get("Flags", "").split(",")))
            entries.append(OnionClientAuth(positional[1], positional[2], keywords.get("ClientName"), flags))
        return tuple(entries)
