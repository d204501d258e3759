# -*- test-case-name: txtor.test.onion.test_keys -*-
"""
The secret keys of onion services, as Tor keeps them: the scalar and the prefix that a seed is hashed to.

No secret is in a ``repr``, a text, an error or a pickle. See rend-spec-v3, Appendix A and G, and control-spec 3.27, ADD_ONION.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Callable

from txtor.errors import InvalidArgument

from ._address import OnionAddress
from ._ed25519_math import L, clamp, decode_point, encode_point, multiply, public_of, sign
from ._encoding import read_base64, write_base64
from ._periods import TimePeriod
from ._secret import Secret

KEY_TYPE = "ED25519-V3"
_BLIND_PREFIX = b"Derive temporary signing key hash input"


class OnionKey(Secret):
    """
    The identity key of an onion service. Who has it is the service.
    """

    __slots__ = ("_address", "_expanded")

    def __init__(self, expanded: bytes) -> None:
        """
        :param expanded: the 64 bytes of Tor's key file and of `blob`: a scalar and a prefix. Not a seed: `from_seed` takes one.
        :raises InvalidArgument: it is not that.
        """
        if not isinstance(expanded, (bytes, bytearray)) or len(expanded) != 64:
            hint = " (32 bytes are a seed: OnionKey.from_seed takes one)" if _length(expanded) == 32 else ""
            raise InvalidArgument(f"The secret key of an onion service is 64 bytes{hint}.")
        if clamp(expanded[:32]) != int.from_bytes(expanded[:32], "little"):
            raise InvalidArgument(
                "These 64 bytes are not the expanded secret key of an onion service, but most likely a seed with its public "
                "key, as other programs keep them: give the first 32 bytes to OnionKey.from_seed."
            )
        self._expanded = bytes(expanded)
        self._address: OnionAddress | None = None

    @classmethod
    def generate(cls, random: Callable[[int], bytes] = secrets.token_bytes) -> OnionKey:
        """
        Make a new key.

        :param random: gives as many random bytes as it is asked for.
        """
        return cls.from_seed(random(32))

    @classmethod
    def from_seed(cls, seed: bytes) -> OnionKey:
        """
        The key of an Ed25519 seed, as RFC 8032 and most programs keep secret keys.

        :param seed: 32 bytes.
        :raises InvalidArgument: it is of another length.
        """
        if not isinstance(seed, (bytes, bytearray)) or len(seed) != 32:
            raise InvalidArgument("The seed of an Ed25519 key is 32 bytes.")
        digest = hashlib.sha512(seed).digest()
        return cls(clamp(digest[:32]).to_bytes(32, "little") + digest[32:])

    @classmethod
    def from_blob(cls, text: str) -> OnionKey:
        """
        Read a key as ADD_ONION gives it.

        :param text: ``"ED25519-V3:"`` and the base64 of the 64 bytes, with or without padding.
        :raises InvalidArgument: it is not that; the error holds nothing of it.
        """
        key_type, colon, body = text.partition(":") if isinstance(text, str) else ("", "", "")
        if not colon:
            raise InvalidArgument(f"The key of an onion service begins with its type: '{KEY_TYPE}:' and then the key.")
        if key_type.upper() != KEY_TYPE:
            raise InvalidArgument(f"Onion services of version 3 have keys of the type {KEY_TYPE}.")
        return cls(read_base64(body, "The key of an onion service"))

    @property
    def address(self) -> OnionAddress:
        """
        The address of the service whose key it is.
        """
        if self._address is None:
            self._address = OnionAddress(public_of(self._scalar))
        return self._address

    @property
    def public_key(self) -> bytes:
        """
        The Ed25519 public key, 32 bytes.
        """
        return self.address.public_key

    @property
    def expanded(self) -> bytes:
        """
        The secret itself, 64 bytes.
        """
        return self._expanded

    @property
    def blob(self) -> str:
        """
        The secret as ADD_ONION wants and gives it: ``"ED25519-V3:..."``.
        """
        return f"{KEY_TYPE}:{write_base64(self._expanded)}"

    @property
    def _scalar(self) -> int:
        return int.from_bytes(self._expanded[:32], "little")

    def sign(self, message: bytes) -> bytes:
        """
        Sign with the identity key itself; 64 bytes. Tor never does: its descriptors are signed with blinded keys.
        """
        return sign(self._scalar, self._expanded[32:], self.public_key, message)

    def blind(self, period: TimePeriod) -> BlindedKey:
        """
        The key of the service for one time period.

        See rend-spec-v3, Appendix A.2.
        """
        factor = clamp(period.blinding_hash(self.public_key))
        prefix = hashlib.sha512(_BLIND_PREFIX + self._expanded[32:]).digest()[:32]
        return BlindedKey(factor * self._scalar % L, prefix)

    def __eq__(self, other: object) -> bool:
        return hmac.compare_digest(self._expanded, other._expanded) if isinstance(other, OnionKey) else NotImplemented

    def __hash__(self) -> int:
        return hash(self.public_key)

    def __repr__(self) -> str:
        return f"<OnionKey of {self.address.hostname}>"


class BlindedKey(Secret):
    """
    The secret key of an onion service for one time period; it signs the certificate in the service's descriptors.
    """

    __slots__ = ("_prefix", "_scalar", "public_key")

    #: The blinded public key, 32 bytes; the specification's A' or KP_hs_blind_id.
    public_key: bytes

    def __init__(self, scalar: int, prefix: bytes) -> None:
        """
        :param scalar: the blinded secret scalar (a').
        :param prefix: 32 bytes (RH').
        """
        self._scalar = scalar
        self._prefix = prefix
        self.public_key = public_of(scalar)

    @property
    def expanded(self) -> bytes:
        """
        The secret itself, 64 bytes: the scalar, less than L, and the prefix.
        """
        return self._scalar.to_bytes(32, "little") + self._prefix

    def sign(self, message: bytes) -> bytes:
        """
        Sign; 64 bytes.
        """
        return sign(self._scalar, self._prefix, self.public_key, message)

    def __repr__(self) -> str:
        return f"<BlindedKey {self.public_key.hex()}>"


def blinded_public_key(address: OnionAddress, period: TimePeriod) -> bytes:
    """
    The blinded public key of a service for a time period: 32 bytes, which need no secret.

    See rend-spec-v3, Appendix A.2.
    """
    point = decode_point(address.public_key)
    assert point is not None  # an OnionAddress has been checked
    return encode_point(multiply(clamp(period.blinding_hash(address.public_key)), point))


def _length(value: object) -> int:
    return len(value) if isinstance(value, (bytes, bytearray, str)) else -1
