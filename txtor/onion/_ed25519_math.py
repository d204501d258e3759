# -*- test-case-name: txtor.test.onion.test_ed25519_math -*-
"""
The little of Ed25519 that onion services need and that the `cryptography` package does not offer.

That package signs with a seed, which it hashes itself. An onion service signs with a *scalar*: Tor keeps the hashed form of its
keys, and each time period has a blinded key whose scalar is a product, of which no seed exists. So points are added, multiplied
and encoded here. Signatures are never verified here: `cryptography` does that.

**Not constant-time.** Python's integers take more or less time with their values, so somebody who measures the time of many
signatures of one key very finely, on the same machine, may learn something of the key. txtor signs a certificate for each
descriptor with it, a few in an hour and never at the wish of a stranger; a program that holds a key worth more lets Tor do it.

Points are in extended coordinates (X, Y, Z, T) with x = X/Z, y = Y/Z, xy = T/Z. Scalars are little-endian on the wire.
See RFC 8032 5.1 and rend-spec-v3, Appendix A.
"""

from __future__ import annotations

import hashlib

Point = tuple[int, int, int, int]

#: The field is the integers modulo P; the base point generates a group of L elements; D is the constant of the curve.
P = 2**255 - 19
L = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, -1, P) % P
_SQRT_MINUS_1 = pow(2, (P - 1) // 4, P)

IDENTITY: Point = (0, 1, 1, 0)


def _recover_x(y: int, sign: int) -> int | None:
    """
    The x of a point, from its y and the lowest bit of x; ``None`` where the curve has no such point.
    """
    square = (y * y - 1) * pow(D * y * y + 1, -1, P) % P
    if square == 0:
        return None if sign else 0
    x = pow(square, (P + 3) // 8, P)
    if (x * x - square) % P:
        x = x * _SQRT_MINUS_1 % P
    if (x * x - square) % P:
        return None
    return P - x if x & 1 != sign else x


def decode_point(encoded: bytes) -> Point | None:
    """
    Read a point.

    :param encoded: 32 bytes.
    :return: the point, or ``None`` where there is none, or the encoding is not the one that `encode_point` gives (y >= P).
    """
    number = int.from_bytes(encoded, "little")
    y, sign = number & (2**255 - 1), number >> 255
    if len(encoded) != 32 or y >= P:
        return None
    x = _recover_x(y, sign)
    return None if x is None else (x, y, 1, x * y % P)


def encode_point(point: Point) -> bytes:
    """
    The 32 bytes of a point.
    """
    inverse = pow(point[2], -1, P)
    x, y = point[0] * inverse % P, point[1] * inverse % P
    return (y | (x & 1) << 255).to_bytes(32, "little")


def add(left: Point, right: Point) -> Point:
    """
    The sum of two points, equal or not.
    """
    x1, y1, z1, t1 = left
    x2, y2, z2, t2 = right
    a = (y1 - x1) * (y2 - x2) % P
    b = (y1 + x1) * (y2 + x2) % P
    c = 2 * t1 * t2 * D % P
    d = 2 * z1 * z2 % P
    e, f, g, h = b - a, d - c, d + c, b + a
    return e * f % P, g * h % P, f * g % P, e * h % P


def _double(point: Point) -> Point:
    """
    Twice a point; cheaper than `add`.
    """
    x, y, z, _ = point
    a = x * x % P
    b = y * y % P
    h = a + b
    e = h - (x + y) * (x + y) % P
    g = a - b
    f = 2 * z * z % P + g
    return e * f % P, g * h % P, f * g % P, e * h % P


def multiply(scalar: int, point: Point) -> Point:
    """
    A multiple of a point.

    :param scalar: not negative; four bits of it are taken at a time.
    """
    multiples = [IDENTITY, point]
    for _ in range(14):
        multiples.append(add(multiples[-1], point))
    result = IDENTITY
    for shift in range((scalar.bit_length() + 3) // 4 * 4 - 4, -1, -4):
        result = _double(_double(_double(_double(result))))
        result = add(result, multiples[scalar >> shift & 15])
    return result


def _base() -> Point:
    point = decode_point((4 * pow(5, -1, P) % P).to_bytes(32, "little"))
    assert point is not None
    return point


#: The base point: y = 4/5, x even.
BASE = _base()


def is_identity(point: Point) -> bool:
    """
    Whether it is the neutral element.
    """
    return point[0] % P == 0 and (point[1] - point[2]) % P == 0


def in_prime_order_subgroup(point: Point) -> bool:
    """
    Whether a point is one that a secret key has: in the group of L elements, and not its neutral element.
    """
    return not is_identity(point) and is_identity(multiply(L, point))


def clamp(half: bytes) -> int:
    """
    The scalar of 32 bytes: a multiple of 8 with bit 254 set and bit 255 clear.
    """
    return int.from_bytes(half, "little") & (2**254 - 8) | 2**254


def public_of(scalar: int) -> bytes:
    """
    The encoded public key of a scalar.
    """
    return encode_point(multiply(scalar % L, BASE))


def sign(scalar: int, prefix: bytes, public: bytes, message: bytes) -> bytes:
    """
    Sign with a scalar.

    :param scalar: the secret scalar.
    :param prefix: the 32 secret bytes that make the signature's nonce (RH).
    :param public: the public key of the scalar.
    :return: 64 bytes, which any implementation of Ed25519 verifies.

    See RFC 8032 5.1.6, from step 2 on.
    """
    nonce = int.from_bytes(hashlib.sha512(prefix + message).digest(), "little") % L
    commitment = public_of(nonce)
    challenge = int.from_bytes(hashlib.sha512(commitment + public + message).digest(), "little") % L
    return commitment + ((nonce + challenge * scalar) % L).to_bytes(32, "little")
