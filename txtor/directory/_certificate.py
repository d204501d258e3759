# -*- test-case-name: txtor.test.directory.test_certificate -*-
"""
Ed25519 certificates: a key, what it is for, until when, and who says so.

See cert-spec 2.1, Ed25519 certificates.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timezone
from functools import cached_property
from typing import NamedTuple

from txtor.errors import CannotVerify, MalformedDocument, VerificationFailed

from ._ed25519 import is_good_ed25519_key, verify_ed25519
from ._encoding import BadValue, aware

_DOCUMENT = "Ed25519 certificate"
_SECTION = "cert-spec 2.1"
_LATEST_HOUR = int(datetime(9999, 12, 31, 23, tzinfo=timezone.utc).timestamp()) // 3600
_HEADER, _SIGNATURE = 39, 64
_SIGNING_KEY, _AFFECTS_VALIDATION = 4, 1

#: What the types of certificates are called in the specification, by their number.
CERTIFICATE_TYPES = {
    0x01: "TLS_LINK_X509",
    0x02: "RSA_ID_X509",
    0x03: "LINK_AUTH_X509",
    0x04: "IDENTITY_V_SIGNING",
    0x05: "SIGNING_V_TLS_CERT",
    0x06: "SIGNING_V_LINK_AUTH",
    0x07: "RSA_ID_V_IDENTITY",
    0x08: "BLINDED_ID_V_SIGNING",
    0x09: "HS_IP_V_SIGNING",
    0x0A: "NTOR_CC_IDENTITY",
    0x0B: "HS_IP_CC_SIGNING",
    0x0C: "FAMILY_V_IDENTITY",
}


class CertificateExtension(NamedTuple):
    """
    An extension of a certificate.

    :ivar type: its number; 4 is the key that signed the certificate.
    :ivar flags: bit 0 says that who does not know the extension must not believe the certificate.
    :ivar data: its bytes.
    """

    type: int
    flags: int
    data: bytes

    @property
    def affects_validation(self) -> bool:
        return bool(self.flags & _AFFECTS_VALIDATION)


@dataclass(frozen=True)
class Ed25519Certificate:
    """
    A certificate: `signing_key` says that `key` is its own for the purpose of `type`, until `expires`.

    :ivar raw: its bytes.
    :ivar type: the number of its type.
    :ivar expiration_hours: hours since 1970; the certificate is good up to and with this moment.
    :ivar key_type: what kind of key it certifies; 1, Ed25519, in all documents.
    :ivar key: the 32 bytes that it certifies.
    :ivar extensions: in order, those that txtor does not know included.
    :ivar signature: 64 bytes over everything before them.

    See cert-spec 2.1, Ed25519 certificates.
    """

    raw: bytes = field(repr=False)
    type: int
    expiration_hours: int
    key_type: int
    key: bytes
    extensions: tuple[CertificateExtension, ...]
    signature: bytes = field(repr=False)

    @classmethod
    def parse(cls, data: bytes) -> Ed25519Certificate:
        """
        Read the bytes of a certificate. They are not verified.

        :raises MalformedDocument: the version is not 1, the bytes are too few or too many, an extension is cut, there are two
            keys that signed, or an extension is unknown and must be known.
        """
        try:
            return cls._read(data)
        except BadValue as error:
            raise MalformedDocument(_DOCUMENT, str(error), None, _SECTION) from None

    @classmethod
    def _read(cls, data: bytes) -> Ed25519Certificate:
        if len(data) < _HEADER + 1 + _SIGNATURE:
            raise BadValue(f"{len(data)} bytes are too few for a certificate")
        if data[0] != 1:
            raise BadValue(f"version {data[0]} where 1 is known")
        extensions = _read_extensions(data)
        signers = []
        for kind, flags, content in extensions:
            if kind == _SIGNING_KEY:
                signers.append(content)
                if len(content) != 32:
                    raise BadValue(f"the key that signed it is {len(content)} bytes long")
            elif flags & _AFFECTS_VALIDATION:
                raise BadValue(f"extension {kind} is unknown and must be known")
        if len(signers) > 1:
            raise BadValue("two keys are said to have signed it")
        certificate = object.__new__(cls)
        # At once: the constructor of a frozen dataclass takes longer for its seven attributes than everything above.
        certificate.__dict__.update(
            raw=data,
            type=data[1],
            expiration_hours=int.from_bytes(data[2:6], "big"),
            key_type=data[6],
            key=data[7:_HEADER],
            extensions=extensions,
            signature=data[-_SIGNATURE:],
            signing_key=signers[0] if signers else None,
        )
        return certificate

    @property
    def type_name(self) -> str | None:
        """
        What the specification calls the type, as ``"IDENTITY_V_SIGNING"``, or ``None`` for a type that txtor does not know.
        """
        return CERTIFICATE_TYPES.get(self.type)

    @property
    def expires(self) -> datetime:
        """
        The last moment at which it is good; a moment behind the year 9999 is the last hour of that year.
        """
        return datetime.fromtimestamp(3600 * min(self.expiration_hours, _LATEST_HOUR), timezone.utc)

    @cached_property
    def signing_key(self) -> bytes | None:
        """
        The key that is said to have signed it, or ``None`` where the certificate does not say.
        """
        for extension in self.extensions:
            if extension.type == _SIGNING_KEY:
                return extension.data
        return None

    def check_signature(self, signing_key: bytes | None = None) -> None:
        """
        Check the signature alone: not the date, not the type.

        :param signing_key: the key that must have signed it; ``None`` takes the one that the certificate names.
        :raises VerificationFailed: it names another key, or the signature is not by the key.
        :raises CannotVerify: no key was given and it names none.
        """
        named = self.signing_key
        if signing_key is None and named is None:
            raise CannotVerify(_DOCUMENT, "the certificate does not name the key that signed it", None, _SECTION)
        if signing_key is not None and named is not None and signing_key != named:
            raise VerificationFailed(_DOCUMENT, "the certificate names another signing key", None, _SECTION)
        key = signing_key if signing_key is not None else named
        assert key is not None
        if not verify_ed25519(key, self.signature, self.raw[:-_SIGNATURE]):
            rule = "the signature is not by the signing key"
            if not is_good_ed25519_key(key):
                rule = "the signing key is of small order or in a second spelling"
            raise VerificationFailed(_DOCUMENT, rule, None, _SECTION)

    def certifies(self, signature: bytes, message: bytes) -> bool:
        """
        Whether a signature is by the key that this certificate certifies. Whether the certificate is good is another question.
        """
        return verify_ed25519(self.key, signature, message)

    def check_time(self, now: datetime) -> None:
        """
        Check the date alone.

        :raises VerificationFailed: the certificate has expired.
        :raises InvalidArgument: the time is not aware.
        """
        if aware(now) > self.expires:
            raise VerificationFailed(_DOCUMENT, f"it expired at {self.expires:%Y-%m-%d %H:%M:%S} and it is {now}", None, _SECTION)

    def verify(self, signing_key: bytes | None = None, *, now: datetime, type: int | None = None) -> None:  # noqa: A002
        """
        Check a certificate: type, signature, date.

        :param signing_key: the key that must have signed it; ``None`` takes the one that the certificate names.
        :param now: the time at which it must be good.
        :param type: the type that it must have, or ``None`` for any.
        :raises VerificationFailed: something is wrong; the first thing that is.
        :raises CannotVerify: no key was given and the certificate names none.
        :raises InvalidArgument: the time is not aware.
        """
        if type is not None and self.type != type:
            raise VerificationFailed(_DOCUMENT, f"it is of type {self.type} where {type} belongs", None, _SECTION)
        self.check_signature(signing_key)
        self.check_time(now)


def _read_extensions(data: bytes) -> tuple[CertificateExtension, ...]:
    """
    Read the extensions; they must fill what is between the header and the signature.
    """
    found = []
    place, end = _HEADER + 1, len(data) - _SIGNATURE
    for _ in range(data[_HEADER]):
        if place + 4 > end:
            raise BadValue("an extension is cut")
        length = int.from_bytes(data[place : place + 2], "big")
        start = place + 4
        if start + length > end:
            raise BadValue("an extension is cut")
        found.append(CertificateExtension(data[place + 2], data[place + 3], data[start : start + length]))
        place = start + length
    if place != end:
        raise BadValue("there are bytes behind the extensions")
    return tuple(found)
