# -*- test-case-name: txtor.test.directory.test_rsa -*-
"""
RSA as Tor's directory uses it: PKCS#1 v1.5 padding around a bare digest, without the DigestInfo of the standard.

The library that does the arithmetic takes any key it can compute with; documents may not. So the key is judged here, before
anything is computed with it: strict DER of an ``RSAPublicKey``, exponent 65537, an odd modulus, a size that is allowed. What a
signature holds is compared for equality: a digest behind or before something else is no signature. See dir-spec 1.3, Signing
documents.
"""

from __future__ import annotations

import hashlib

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey, generate_private_key
from cryptography.hazmat.primitives.serialization import load_der_public_key

from txtor.errors import InvalidArgument, MalformedDocument

EXPONENT = 65537
MIN_BITS = 1024
MAX_BITS = 4096
_DOCUMENT, _SECTION = "RSA key", "tor-spec 0.3"
_PADDING = PKCS1v15()
# What stands around the modulus in the keys of all relays: 1024 bits, exponent 65537.
_RELAY_KEY_HEAD, _RELAY_KEY_TAIL = bytes.fromhex("30818902818100"), bytes.fromhex("0203010001")
_RELAY_KEY_SIZE = len(_RELAY_KEY_HEAD) + 128 + len(_RELAY_KEY_TAIL)

if not hasattr(RSAPublicKey, "recover_data_from_signature"):  # an error at once, rather than a check left out later
    raise ImportError("cryptography is too old to check the signatures of directory documents.")


class RSAKey:
    """
    A public RSA key of a relay or an authority.

    :ivar der: its DER, as documents carry it.
    :ivar bits: the size of its modulus.
    :ivar digest: the SHA-1 of the DER, 20 bytes: what the fingerprint of a relay is.
    """

    __slots__ = ("_key", "bits", "der", "digest")

    def __init__(self, der: bytes, bits: int | None = None) -> None:
        """
        :param der: an ``RSAPublicKey``.
        :param bits: the size that it must have, or ``None`` for 1024 up to 4096.
        :raises MalformedDocument: it is no such key, or its exponent, modulus or size is not allowed.
        """
        self.der = der
        self.bits = _judge(der, bits)
        self.digest = hashlib.sha1(der).digest()
        self._key: RSAPublicKey | None = None

    @property
    def fingerprint(self) -> str:
        """
        The digest as 40 upper-case hexadecimal digits.
        """
        return self.digest.hex().upper()

    def payload(self, signature: bytes) -> bytes | None:
        """
        What a signature holds.

        :return: the bytes inside the padding, or ``None`` where the signature is not one by this key.
        """
        if self._key is None:
            key = load_der_public_key(self.der)
            assert isinstance(key, RSAPublicKey)  # its DER was judged to be one
            self._key = key
        try:
            return self._key.recover_data_from_signature(signature, _PADDING, None)
        except (InvalidSignature, ValueError):  # ValueError: a signature of another length than the modulus
            return None

    def verifies(self, signature: bytes, digest: bytes) -> bool:
        """
        Whether a signature is by this key and holds the digest and nothing else.
        """
        return self.payload(signature) == digest

    def __eq__(self, other: object) -> bool:
        return self.der == other.der if isinstance(other, RSAKey) else NotImplemented

    def __hash__(self) -> int:
        return hash(self.der)

    def __reduce__(self) -> tuple[type[RSAKey], tuple[bytes]]:
        return type(self), (self.der,)

    def __repr__(self) -> str:
        return f"<RSAKey {self.fingerprint} of {self.bits} bits>"


def _judge(der: bytes, bits: int | None) -> int:
    """
    Check the DER of a key.

    :return: the size of its modulus.
    """
    size = 0
    modulus = _modulus_of(der)
    # A positive DER integer has a zero byte in front when, and only when, its first bit would be the sign.
    if modulus[:1] == b"\0" and modulus[1:2] >= b"\x80":
        size = 8 * len(modulus) - 8
    elif b"\0" < modulus[:1] < b"\x80":
        size = 8 * len(modulus) - 8 + modulus[0].bit_length()
    fault = ""
    if not size:
        fault = "not an RSA public key with the exponent 65537"
    elif size != bits if bits is not None else not MIN_BITS <= size <= MAX_BITS:
        allowed = str(bits) if bits is not None else f"{MIN_BITS} to {MAX_BITS}"
        fault = f"an RSA key of {size} bits where {allowed} are allowed"
    elif not modulus[-1] & 1:
        fault = "an RSA key with an even modulus"
    if fault:
        raise MalformedDocument(_DOCUMENT, fault, None, _SECTION)
    return size


def _modulus_of(der: bytes) -> bytes:
    """
    The integer that is the modulus, or nothing where the DER is not that of a key with the exponent 65537.
    """
    if len(der) == _RELAY_KEY_SIZE and der.startswith(_RELAY_KEY_HEAD) and der.endswith(_RELAY_KEY_TAIL):
        return der[len(_RELAY_KEY_HEAD) - 1 : -len(_RELAY_KEY_TAIL)]
    outer = _element(der, 0, 0x30)
    if outer is not None and outer[1] == len(der):
        first = _element(der, outer[0], 0x02)
        if first is not None and der[first[1] :] == _RELAY_KEY_TAIL:
            return der[first[0] : first[1]]
    return b""


def _element(der: bytes, place: int, tag: int) -> tuple[int, int] | None:
    """
    Where the contents of a DER element begin and end, or ``None`` where there is no such element.
    """
    if der[place : place + 1] != bytes([tag]) or len(der) < place + 2:
        return None
    length, begin = der[place + 1], place + 2
    if length & 0x80:
        count = length & 0x7F
        length = int.from_bytes(der[begin : begin + count], "big")
        # DER writes a length with as few bytes as it takes.
        if not 1 <= count <= 2 or length < (0x80 if count == 1 else 0x100):
            return None
        begin += count
    return (begin, begin + length) if begin + length <= len(der) else None


def rsa_der(key: RSAPrivateKey) -> bytes:
    """
    The ``RSAPublicKey`` of a private key, as documents carry it.
    """
    numbers = key.public_key().public_numbers()
    return _der(0x30, _der_integer(numbers.n) + _der_integer(numbers.e))


def _der(tag: int, content: bytes) -> bytes:
    size = len(content)
    if size < 0x80:
        return bytes([tag, size]) + content
    length = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes([tag, 0x80 | len(length)]) + length + content


def _der_integer(value: int) -> bytes:
    return _der(0x02, value.to_bytes(value.bit_length() // 8 + 1, "big"))


def sign_rsa(key: RSAPrivateKey, digest: bytes) -> bytes:
    """
    Sign a bare digest, as Tor does. For documents made in tests: this arithmetic is not constant-time.

    :raises InvalidArgument: the digest does not fit into the key.

    See dir-spec 1.3, Signing documents.
    """
    numbers = key.private_numbers()
    modulus = numbers.public_numbers.n
    size = (modulus.bit_length() + 7) // 8
    if len(digest) > size - 11:
        raise InvalidArgument(f"{len(digest)} bytes do not fit into a signature of {size} bytes.")
    block = int.from_bytes(b"\x00\x01" + b"\xff" * (size - 3 - len(digest)) + b"\x00" + digest, "big")
    first, second = pow(block, numbers.dmp1, numbers.p), pow(block, numbers.dmq1, numbers.q)
    value = second + numbers.q * ((first - second) * numbers.iqmp % numbers.p)
    return value.to_bytes(size, "big")


def generate_rsa(bits: int = 1024) -> RSAPrivateKey:
    """
    A new private key, of the size that relays have unless another is asked for.
    """
    return generate_private_key(EXPONENT, bits)
