# -*- test-case-name: txtor.test.commands.test_authentication -*-
"""
The commands that a connection may send before it is authenticated: control-spec 3.5, 3.21 and 3.24.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import ClassVar, NamedTuple

from txtor.errors import InvalidArgument, ProtocolViolation
from txtor.grammar import Reply, encode, parse_arguments

from ._command import Acknowledged, data_block, line, replace, require_success, whole_number

_HASH_LENGTH = 32


class ProtocolInfoReply(NamedTuple):
    """
    What Tor tells of itself before authentication.

    :ivar protocol_version: the version of the control protocol, which is 1.
    :ivar methods: the ways to authenticate, as ``("COOKIE", "SAFECOOKIE")``; any one of them is enough.
    :ivar cookie_file: the path of the cookie file as Tor sees it, which in a container or chroot is not the path here.
    :ivar tor_version: as ``"0.4.9.11"``; ``None`` if it was not told.
    :ivar lines: all lines as they came, the unknown ones too.
    """

    protocol_version: int
    methods: tuple[str, ...]
    cookie_file: bytes | None
    tor_version: str | None
    lines: tuple[str, ...]


@dataclass(frozen=True)
class ProtocolInfo:
    """
    Ask how to authenticate. Tor hangs up when it is asked twice before authentication.

    :ivar versions: of the control protocol, that we understand.

    See control-spec 3.21, PROTOCOLINFO.
    """

    versions: Iterable[int] = (1,)
    keyword: ClassVar[str] = "PROTOCOLINFO"

    def __post_init__(self) -> None:
        if not isinstance(self.versions, Iterable):
            raise InvalidArgument("Versions of the control protocol must stand in a list or tuple.")
        versions = tuple(whole_number(version, "A version of the control protocol", 0, 1 << 31) for version in self.versions)
        replace(self, versions=versions)

    def to_wire(self) -> bytes:
        """
        The whole command.
        """
        return line(self.keyword, *map(str, self.versions))

    def parse_reply(self, reply: Reply) -> ProtocolInfoReply:
        """
        Read the reply.

        :raises TorRefused: Tor refuses; before authentication it hangs up then.
        :raises ProtocolViolation: the first line is not ``PROTOCOLINFO`` and a version.
        """
        require_success(reply, self.keyword)
        texts = tuple(reply_line.text for reply_line in reply.lines)
        word, _, version = texts[0].partition(" ")
        if word != self.keyword or not (version.isascii() and version.isdigit() and len(version) < 10):
            raise ProtocolViolation(f"Not the beginning of a reply to PROTOCOLINFO: {texts[0][:80]!r}")
        methods: dict[str, None] = {}
        cookie_file = tor_version = None
        for text in texts[1:]:
            kind, _, rest = text.partition(" ")
            arguments = parse_arguments(rest).keywords
            if kind == "AUTH":
                methods.update(dict.fromkeys(filter(None, arguments.get("METHODS", "").split(","))))
                if cookie_file is None and "COOKIEFILE" in arguments:
                    cookie_file = encode(arguments["COOKIEFILE"])
            elif kind == "VERSION" and tor_version is None:
                tor_version = arguments.get("Tor")
        return ProtocolInfoReply(int(version), tuple(methods), cookie_file, tor_version, texts)


class AuthChallengeReply(NamedTuple):
    """
    Tor's proof that it knows the cookie.

    :ivar server_hash: 32 bytes, to be compared in constant time.
    :ivar server_nonce: 32 bytes.
    """

    server_hash: bytes
    server_nonce: bytes


@dataclass(frozen=True)
class AuthChallenge:
    """
    Begin SAFECOOKIE authentication. Tor hangs up where it refuses.

    :ivar nonce: random bytes, at least one; 32 are usual.

    See control-spec 3.24, AUTHCHALLENGE.
    """

    nonce: bytes
    keyword: ClassVar[str] = "AUTHCHALLENGE"

    def __post_init__(self) -> None:
        if not isinstance(self.nonce, bytes) or not self.nonce:
            raise InvalidArgument("The nonce of AUTHCHALLENGE must be at least one byte.")

    def to_wire(self) -> bytes:
        """
        The whole command.
        """
        return line(self.keyword, "SAFECOOKIE", self.nonce.hex())

    def parse_reply(self, reply: Reply) -> AuthChallengeReply:
        """
        Read the reply.

        :raises TorRefused: Tor refuses, and hangs up.
        :raises ProtocolViolation: SERVERHASH or SERVERNONCE is missing, or is not 64 hexadecimal digits.
        """
        require_success(reply, self.keyword)
        arguments = parse_arguments(reply.text).keywords
        return AuthChallengeReply(
            _hexadecimal(arguments.get("SERVERHASH", ""), "SERVERHASH"),
            _hexadecimal(arguments.get("SERVERNONCE", ""), "SERVERNONCE"),
        )


def _hexadecimal(digits: str, what: str) -> bytes:
    try:
        value = bytes.fromhex(digits)
    except ValueError:
        value = b""
    # fromhex skips blanks, so the length is looked at on both sides
    if len(digits) != 2 * _HASH_LENGTH or len(value) != _HASH_LENGTH:
        raise ProtocolViolation(f"The {what} of AUTHCHALLENGE is not {2 * _HASH_LENGTH} hexadecimal digits.")
    return value


@dataclass(frozen=True)
class Authenticate(Acknowledged):
    """
    Authenticate. Tor hangs up where it refuses.

    :ivar proof: a password, the cookie, or the hash of SAFECOOKIE; nothing where Tor wants nothing. It is sent in
        hexadecimal, so it may hold any byte, and appears in no error and no ``repr``.

    See control-spec 3.5, AUTHENTICATE.
    """

    proof: str | bytes = field(default=b"", repr=False)
    keyword: ClassVar[str] = "AUTHENTICATE"

    def __post_init__(self) -> None:
        if isinstance(self.proof, str):
            replace(self, proof=data_block(self.proof, "The password"))
        elif not isinstance(self.proof, bytes):
            raise InvalidArgument(f"What authenticates must be text or bytes, not {type(self.proof).__name__}.")

    def to_wire(self) -> bytes:
        """
        The whole command.
        """
        assert isinstance(self.proof, bytes)  # since it was made
        return line(self.keyword, self.proof.hex())

    def parse_reply(self, reply: Reply) -> None:
        """
        Read the reply.

        :raises TorRefused: Tor does not take the proof, and hangs up.
        """
        assert isinstance(self.proof, bytes)
        require_success(reply, self.keyword, [self.proof.hex(), self.proof.hex().upper()])
