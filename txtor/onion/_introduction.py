# -*- test-case-name: txtor.test.onion.test_introduction -*-
"""
Introduction points: the relays at which a service waits, as its descriptor names them.

See rend-spec-v3, "Hidden service descriptors: introduction points".
"""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from datetime import datetime

from txtor.directory import (
    Document,
    Ed25519Certificate,
    Item,
    ed25519_from_x25519,
    encoding,
    fields,
    is_good_ed25519_key,
    rules,
    write_item,
)
from txtor.errors import InvalidArgument, VerificationFailed

from ._encoding import write_base64

SECTION = "rend-spec-v3 2.5.2.2"
DOCUMENT = "onion service introduction point"
AUTH_KEY_TYPE, ENC_KEY_TYPE = 0x09, 0x0B
_IPV4, _IPV6, _RSA_ID, _ED25519_ID = range(4)
_SIZES = {_IPV4: 6, _IPV6: 18, _RSA_ID: 20, _ED25519_ID: 32}


@dataclass(frozen=True)
class LinkSpecifier:
    """
    One way to name a relay.

    :ivar type: 0 IPv4 address and port, 1 IPv6 address and port, 2 RSA identity, 3 Ed25519 identity; others are kept.
    :ivar data: its bytes.
    """

    type: int
    data: bytes

    @property
    def text(self) -> str:
        """
        An address with its port, a fingerprint, or the bytes in hexadecimal.
        """
        if self.type == _IPV4:
            return f"{ipaddress.IPv4Address(self.data[:4])}:{int.from_bytes(self.data[4:], 'big')}"
        if self.type == _IPV6:
            return f"[{ipaddress.IPv6Address(self.data[:16])}]:{int.from_bytes(self.data[16:], 'big')}"
        return self.data.hex().upper()


def parse_link_specifiers(data: bytes) -> tuple[LinkSpecifier, ...]:
    """
    Read a count and as many link specifiers.
    """
    found, place = [], 1
    for _ in range(data[0] if data else 0):
        kind, length = (data[place], data[place + 1]) if place + 2 <= len(data) else (0, len(data))
        body = data[place + 2 : place + 2 + length]
        if len(body) != length or len(body) != _SIZES.get(kind, length):
            raise encoding.BadValue("a link specifier is cut or of a wrong length")
        found.append(LinkSpecifier(kind, body))
        place += 2 + length
    if not found or place != len(data):
        raise encoding.BadValue("there are no link specifiers, or bytes behind them")
    return tuple(found)


def format_link_specifiers(specifiers: tuple[LinkSpecifier, ...]) -> bytes:
    """
    Write link specifiers: the inverse of `parse_link_specifiers`.

    :raises InvalidArgument: there are none, more than 255, or one has a wrong length.
    """
    body = b""
    for each in specifiers:
        if not (0 <= each.type <= 255 and len(each.data) <= 255 and len(each.data) == _SIZES.get(each.type, len(each.data))):
            raise InvalidArgument(f"Not a link specifier: {each}")
        body += bytes([each.type, len(each.data)]) + each.data
    if not 1 <= len(specifiers) <= 255:
        raise InvalidArgument("An introduction point has 1 to 255 link specifiers.")
    return bytes([len(specifiers)]) + body


@dataclass(frozen=True)
class IntroductionPoint:
    """
    An introduction point of a service.

    :ivar link_specifiers: how to reach the relay; Tor wants its IPv4 address and RSA identity at least.
    :ivar onion_key: the relay's key for ntor handshakes, x25519, 32 bytes.
    :ivar auth_key: the key by which the relay knows the service, Ed25519, 32 bytes.
    :ivar enc_key: the key for which clients encrypt what the service reads, x25519, 32 bytes.
    :ivar unrecognized_lines: what else its descriptor says of it.
    """

    link_specifiers: tuple[LinkSpecifier, ...]
    onion_key: bytes
    auth_key: bytes
    enc_key: bytes
    unrecognized_lines: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not len(self.onion_key) == len(self.auth_key) == len(self.enc_key) == 32:
            raise InvalidArgument("The keys of an introduction point have 32 bytes.")
        if not is_good_ed25519_key(self.auth_key) or ed25519_from_x25519(self.enc_key, 0) is None:
            raise InvalidArgument("A key of the introduction point is no key.")
        format_link_specifiers(self.link_specifiers)

    def _specified(self, kind: int) -> bytes | None:
        return next((each.data for each in self.link_specifiers if each.type == kind), None)

    @property
    def fingerprint(self) -> str | None:
        """
        The relay's RSA identity as 40 hexadecimal digits, or ``None`` where it is not said.
        """
        identity = self._specified(_RSA_ID)
        return None if identity is None else identity.hex().upper()

    @property
    def ed25519_identity(self) -> bytes | None:
        """
        The relay's Ed25519 identity, or ``None`` where it is not said.
        """
        return self._specified(_ED25519_ID)

    @property
    def addresses(self) -> tuple[str, ...]:
        """
        The relay's addresses, each as ``"ip4:port"`` or ``"[ip6]:port"``.
        """
        return tuple([each.text for each in self.link_specifiers if each.type in (_IPV4, _IPV6)])

    @property
    def enc_key_certified(self) -> bytes:
        """
        The encryption key as the Ed25519 key that certificates can hold.
        """
        key = ed25519_from_x25519(self.enc_key, 0)
        assert key is not None  # looked at when the value was made
        return key


def _certificate(item: Item) -> Ed25519Certificate:
    return Ed25519Certificate.parse(item.object_bytes())


def _ntor(item: Item) -> bytes | None:
    """
    A key for ntor, or ``None`` for one of another type.
    """
    kind, key = item.arguments[:2]
    return encoding.base64(key, 32) if kind == "ntor" else None


class IntroductionPointBlock(Document):
    """
    The lines of one introduction point.
    """

    __slots__ = ()

    grammar = rules.Grammar(
        DOCUMENT,
        SECTION,
        {
            "introduction-point": rules.once(1),
            "onion-key": rules.some(2),
            "auth-key": rules.once(0, "ED25519 CERT"),
            "enc-key": rules.some(2),
            "enc-key-cert": rules.once(0, "ED25519 CERT"),
            "legacy-key": rules.maybe(0, "RSA PUBLIC KEY"),
            "legacy-key-cert": rules.maybe(0, "CROSSCERT"),
        },
        {0: "introduction-point"},
    )

    link_specifiers = fields.required(
        "introduction-point", lambda item: parse_link_specifiers(encoding.base64(item.arguments[0]))
    )
    onion_keys = fields.repeated("onion-key", _ntor)
    auth_key = fields.required("auth-key", _certificate)
    enc_keys = fields.repeated("enc-key", _ntor)
    enc_key_cert = fields.required("enc-key-cert", _certificate)

    def verified(self, descriptor_signing_key: bytes, now: datetime) -> IntroductionPoint:
        """
        Check both certificates.

        :raises MalformedDocument: a value cannot be read.
        :raises VerificationFailed: a key is missing or no key, or a certificate is wrong.
        """
        onion_key, enc_key = _only(self.onion_keys, "onion-key"), _only(self.enc_keys, "enc-key")
        self.auth_key.verify(descriptor_signing_key, now=now, type=AUTH_KEY_TYPE)
        self.enc_key_cert.verify(descriptor_signing_key, now=now, type=ENC_KEY_TYPE)
        if self.auth_key.signing_key is None or self.enc_key_cert.signing_key is None:
            raise VerificationFailed(DOCUMENT, "a certificate does not name its signing key", None, SECTION)
        try:
            point = IntroductionPoint(
                self.link_specifiers, onion_key, self.auth_key.key, enc_key, self.unrecognized_lines
            )
        except InvalidArgument as error:
            raise VerificationFailed(DOCUMENT, str(error), None, SECTION) from None
        if self.enc_key_cert.key != point.enc_key_certified:
            raise VerificationFailed(DOCUMENT, "enc-key-cert is for another key than enc-key", None, SECTION)
        return point


def _only(keys: tuple[bytes | None, ...], keyword: str) -> bytes:
    """
    The one key of a type that is known.
    """
    known = [key for key in keys if key is not None]
    if len(known) != 1:
        raise VerificationFailed(DOCUMENT, f"{len(known)} keys '{keyword} ntor' where one belongs", None, SECTION)
    return known[0]


def format_introduction_point(point: IntroductionPoint, auth_cert: bytes, enc_cert: bytes) -> bytes:
    """
    Write the lines of an introduction point.

    :param auth_cert: that certifies its authentication key.
    :param enc_cert: that certifies its encryption key.
    """
    return (
        write_item(f"introduction-point {write_base64(format_link_specifiers(point.link_specifiers))}")
        + write_item(f"onion-key ntor {write_base64(point.onion_key)}")
        + write_item("auth-key", "ED25519 CERT", auth_cert)
        + write_item(f"enc-key ntor {write_base64(point.enc_key)}")
        + write_item("enc-key-cert", "ED25519 CERT", enc_cert)
    )
