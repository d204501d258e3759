# -*- test-case-name: txtor.test.directory.test_ed25519 -*-
"""
Ed25519 as Tor's documents use it: signatures, and keys that were made for Curve25519.

The library that verifies refuses a signature whose S is not reduced, and takes keys that nobody should believe: points of small
order, under which one signature fits every message, and second spellings of one key. Both are refused here before anything is
verified. See cert-spec and dir-spec 2.1.1, ntor-onion-key-crosscert.
"""

from __future__ import annotations

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from txtor.errors import InvalidArgument

_P = 2**255 - 19
_TOP = 1 << 255
#: The y of the eight points whose order divides 8. The last two are of order 8: the roots of d*y^4 + 2*y^2 - 1.
_Y8 = 0x7A03AC9277FDC74EC6CC392CFA53202A0F67100D760B3CBA4FD84D3D706A17C7
_SMALL_ORDER = frozenset({0, 1, _P - 1, _Y8, _P - _Y8})
#: All that no key may be, with either sign: those points, and the second spellings, whose y is not reduced.
_BAD_KEYS = frozenset((y | top).to_bytes(32, "little") for y in (*_SMALL_ORDER, *range(_P, _TOP)) for top in (0, _TOP))


def is_good_ed25519_key(key: bytes) -> bool:
    """
    Whether 32 bytes may be a key: the only spelling of its point, which is not of small order.

    A key that is no point of the curve at all passes; nothing verifies with it.
    """
    return len(key) == 32 and key not in _BAD_KEYS


def verify_ed25519(key: bytes, signature: bytes, message: bytes) -> bool:
    """
    Whether a signature is by a key.

    :param key: 32 bytes.
    :param signature: 64 bytes; any other number is no signature.
    :return: ``False`` as well for a key of small order, one in a second spelling, and one that is no point.
    """
    if len(signature) != 64 or not is_good_ed25519_key(key):
        return False
    try:
        Ed25519PublicKey.from_public_bytes(key).verify(signature, message)
    except (InvalidSignature, ValueError):  # ValueError: no key that the library can load
        return False
    return True


def ed25519_from_x25519(key: bytes, sign: int) -> bytes | None:
    """
    The Ed25519 key that belongs to a Curve25519 key.

    :param key: 32 bytes; its top bit is not looked at.
    :param sign: 0 or 1, the bit that Curve25519 does not know.
    :return: 32 bytes, or ``None`` for the one key that has no such point.
    :raises InvalidArgument: the key is not 32 bytes, or the sign is no bit.

    See dir-spec 2.1.1, "Converting a curve25519 public key to an ed25519 public key".
    """
    if len(key) != 32 or sign not in (0, 1):
        raise InvalidArgument("A Curve25519 key is 32 bytes, and its sign is 0 or 1.")
    u = (int.from_bytes(key, "little") & (_TOP - 1)) % _P
    if u == _P - 1:
        return None
    y = (u - 1) * pow(u + 1, -1, _P) % _P
    return (y | sign << 255).to_bytes(32, "little")


def x25519_from_ed25519(key: bytes) -> bytes | None:
    """
    The Curve25519 key that belongs to an Ed25519 key, whose top bit is lost.

    :param key: 32 bytes.
    :return: 32 bytes, or ``None`` for the identity, which has none.
    :raises InvalidArgument: the key is not 32 bytes.
    """
    if len(key) != 32:
        raise InvalidArgument("An Ed25519 key is 32 bytes.")
    y = (int.from_bytes(key, "little") & (_TOP - 1)) % _P
    if y == 1:
        return None
    return ((1 + y) * pow(1 - y, -1, _P) % _P).to_bytes(32, "little")
