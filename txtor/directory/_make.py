# -*- test-case-name: txtor.test.directory.test_make -*-
"""
Writing the pieces of documents: items, objects, Ed25519 certificates, and the keys of a relay.

For documents made in tests, simulations and private networks. Keys are held by the library that does the arithmetic; no function
here shows one.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timezone

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from txtor.errors import InvalidArgument
from txtor.grammar import encode

from ._certificate import CertificateExtension
from ._ed25519 import x25519_from_ed25519
from ._encoding import aware
from ._rsa import RSAKey, generate_rsa, rsa_der

_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
_SIGNING_KEY = 4
_LINE = 64


def public_bytes(key: Ed25519PrivateKey) -> bytes:
    """
    The 32 bytes of a key's public half.
    """
    return key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)


def write_item(line: str, label: str | None = None, data: bytes = b"") -> bytes:
    """
    Write an item.

    :param line: the keyword and its arguments.
    :param label: of the object, or ``None`` for an item without.
    :param data: the bytes of the object.
    :raises InvalidArgument: the line does not begin with a keyword, or holds what would make it more than one line.
    """
    head = _check(line)
    if label is None:
        return head + b"\n"
    _check(label)
    text = b64encode(data).decode("ascii")
    body = "".join(text[place : place + _LINE] + "\n" for place in range(0, len(text), _LINE))
    return head + f"\n-----BEGIN {label}-----\n{body}-----END {label}-----\n".encode("ascii")


def _check(line: str) -> bytes:
    """
    The bytes of a text that must stay one line.
    """
    first = line[:1]
    if not (first.isascii() and first.isalnum()) or any(char in line for char in "\r\n\0"):
        raise InvalidArgument(f"Not a line of a document: {line[:80]!r}")
    try:
        return encode(line)
    except UnicodeEncodeError:
        raise InvalidArgument("A text with a lone surrogate cannot be written.") from None


def write_time(time: datetime) -> str:
    """
    Write a time as documents have it.

    :raises InvalidArgument: the time is not aware.
    """
    return f"{aware(time):%Y-%m-%d %H:%M:%S}"


def make_ed25519_certificate(
    type: int,  # noqa: A002  # the word of cert-spec
    key: bytes,
    signer: Ed25519PrivateKey,
    *,
    expires: datetime,
    named: bool = True,
    extensions: Sequence[CertificateExtension] = (),
) -> bytes:
    """
    Make and sign an Ed25519 certificate.

    :param type: the number of its type.
    :param key: the 32 bytes that it certifies.
    :param signer: the key that signs it.
    :param expires: until when it is good; rounded down to a whole hour.
    :param named: whether it names the key that signed it, in an extension.
    :param extensions: further ones.
    :return: its bytes.
    :raises InvalidArgument: the key is not 32 bytes, the type no byte, the time not aware or out of range.

    See cert-spec 2.1, Ed25519 certificates.
    """
    hours = int((aware(expires) - _EPOCH).total_seconds()) // 3600
    found = [CertificateExtension(_SIGNING_KEY, 0, public_bytes(signer))] if named else []
    found += extensions
    if len(key) != 32 or not 0 <= type < 256 or not 0 <= hours < 2**32 or len(found) > 255:
        raise InvalidArgument("A certificate is of a type below 256, for a key of 32 bytes, until a time from 1970 on.")
    body = bytes([1, type]) + hours.to_bytes(4, "big") + b"\x01" + key + bytes([len(found)])
    for extension in found:
        body += len(extension.data).to_bytes(2, "big") + bytes([extension.type, extension.flags]) + extension.data
    return body + signer.sign(body)


@dataclass(frozen=True)
class RelayKeys:
    """
    The private keys of a relay.

    :ivar identity: its RSA identity, 1024 bits.
    :ivar master: its Ed25519 identity.
    :ivar signing: the Ed25519 key that signs its descriptors.
    :ivar ntor: the key of its ntor handshake, as the Ed25519 key that belongs to it.
    :ivar onion: the RSA key of the TAP handshake, or ``None``.
    :ivar families: the keys of the families that it is a member of.
    """

    identity: RSAPrivateKey = field(repr=False)
    master: Ed25519PrivateKey = field(repr=False)
    signing: Ed25519PrivateKey = field(repr=False)
    ntor: Ed25519PrivateKey = field(repr=False)
    onion: RSAPrivateKey | None = field(default=None, repr=False)
    families: tuple[Ed25519PrivateKey, ...] = field(default=(), repr=False)

    @classmethod
    def generate(cls, *, onion_key: bool = True, families: Sequence[Ed25519PrivateKey] = ()) -> RelayKeys:
        """
        Make new keys.

        :param onion_key: whether to make one for the TAP handshake, which relays since 0.4.9 do not need.
        """
        generate = Ed25519PrivateKey.generate
        onion = generate_rsa() if onion_key else None
        return cls(generate_rsa(), generate(), generate(), generate(), onion, tuple(families))

    @property
    def identity_key(self) -> RSAKey:
        """
        The public half of `identity`.
        """
        return RSAKey(rsa_der(self.identity))

    @property
    def fingerprint(self) -> str:
        """
        The relay's fingerprint, 40 upper-case hexadecimal digits.
        """
        return self.identity_key.fingerprint

    @property
    def ntor_onion_key(self) -> bytes:
        """
        The Curve25519 key of the ntor handshake, 32 bytes.
        """
        key = x25519_from_ed25519(public_bytes(self.ntor))
        assert key is not None  # the identity point is nobody's key
        return key

    @property
    def ntor_sign(self) -> int:
        """
        The sign bit that Curve25519 does not know, of the key that signs for the ntor key.
        """
        return public_bytes(self.ntor)[31] >> 7
