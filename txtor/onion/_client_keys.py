# -*- test-case-name: txtor.test.onion.test_client_keys -*-
"""
Client authorization: the x25519 keys of the clients that a service lets in, in all spellings that Tor has.

The service knows public keys, each client its secret one. On the control port secret keys are base64 and public keys base32; in
files both are base32. See rend-spec-v3, "Client authorization" and Appendix G.1, and control-spec 3.30, ONION_CLIENT_AUTH_ADD.
"""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Callable

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey

from txtor.errors import InvalidArgument

from ._encoding import read_base32, read_base64, write_base32, write_base64
from ._secret import Secret

KEY_TYPE = "x25519"
_PROBE = X25519PrivateKey.from_private_bytes(b"\1" * 32)


def _read(text: str, what: str) -> bytes:
    """
    Read 32 bytes in base64 or base32, with or without ``x25519:`` or ``descriptor:x25519:``, as in a file of Tor.
    """
    if not isinstance(text, str):
        raise InvalidArgument(f"{what} must be text.")
    prefix, colon, body = text.removesuffix("\n").rpartition(":")
    if colon and prefix not in (KEY_TYPE, f"descriptor:{KEY_TYPE}"):
        raise InvalidArgument(f"{what} has another type than '{KEY_TYPE}:' or 'descriptor:{KEY_TYPE}:'.")
    if len(body.rstrip("=")) == 43:
        return read_base64(body, what)
    if len(body.rstrip("=")) == 52:
        return read_base32(body, what)
    raise InvalidArgument(f"{what} must be 32 bytes in base64 (44 characters) or base32 (52 characters).")


class ClientAuthPublicKey:
    """
    What a service knows of a client that it lets in.
    """

    __slots__ = ("public_bytes",)

    #: The key, 32 bytes.
    public_bytes: bytes

    def __init__(self, public_bytes: bytes) -> None:
        """
        :param public_bytes: 32 bytes.
        :raises InvalidArgument: it is no public key of x25519 that keeps a secret: of small order, as all zeros.
        """
        if not isinstance(public_bytes, (bytes, bytearray)) or len(public_bytes) != 32:
            raise InvalidArgument("The public key of a client is 32 bytes.")
        try:
            _PROBE.exchange(X25519PublicKey.from_public_bytes(bytes(public_bytes)))
        except ValueError:
            raise InvalidArgument("The public key of a client is no key: everybody could be that client.") from None
        self.public_bytes = bytes(public_bytes)

    @classmethod
    def parse(cls, text: str) -> ClientAuthPublicKey:
        """
        Read it in any spelling: base32 or base64, bare, as ``x25519:...`` or as the line of an ``.auth`` file.

        :raises InvalidArgument: it is none of them.
        """
        return cls(_read(text, "The public key of a client"))

    @property
    def base32(self) -> str:
        """
        As ``ClientAuthV3=`` of ADD_ONION wants it: 52 upper-case characters.
        """
        return write_base32(self.public_bytes)

    @property
    def auth_line(self) -> str:
        """
        What an ``.auth`` file holds: ``"descriptor:x25519:..."``.
        """
        return f"descriptor:{KEY_TYPE}:{self.base32}"

    def __str__(self) -> str:
        return self.base32

    def __repr__(self) -> str:
        return f"ClientAuthPublicKey.parse({self.base32!r})"

    def __eq__(self, other: object) -> bool:
        return self.public_bytes == other.public_bytes if isinstance(other, ClientAuthPublicKey) else NotImplemented

    def __hash__(self) -> int:
        return hash(self.public_bytes)


class ClientAuthKey(Secret):
    """
    The secret key of a client, with which it is let in to a service.
    """

    __slots__ = ("_private", "_secret")

    def __init__(self, secret: bytes) -> None:
        """
        :param secret: 32 bytes.
        :raises InvalidArgument: it is of another length, or all zeros, which Tor refuses.
        """
        if not isinstance(secret, (bytes, bytearray)) or len(secret) != 32:
            raise InvalidArgument("The secret key of a client is 32 bytes.")
        if not any(secret):
            raise InvalidArgument("The secret key of a client must not be all zeros.")
        self._secret = bytes(secret)
        self._private = X25519PrivateKey.from_private_bytes(self._secret)

    @classmethod
    def generate(cls, random: Callable[[int], bytes] = secrets.token_bytes) -> ClientAuthKey:
        """
        Make a new key.

        :param random: gives as many random bytes as it is asked for.
        """
        return cls(random(32))

    @classmethod
    def parse(cls, text: str) -> ClientAuthKey:
        """
        Read it in any spelling: base64 or base32, bare, as ``x25519:...`` or as ``descriptor:x25519:...``.

        :raises InvalidArgument: it is none of them; the error holds nothing of it.
        """
        return cls(_read(text, "The secret key of a client"))

    @property
    def secret_bytes(self) -> bytes:
        """
        The secret itself, 32 bytes.
        """
        return self._secret

    @property
    def public_key(self) -> ClientAuthPublicKey:
        """
        What the service has to know of it.
        """
        return ClientAuthPublicKey(self._private.public_key().public_bytes_raw())

    @property
    def blob(self) -> str:
        """
        The secret as ONION_CLIENT_AUTH_ADD wants it: ``"x25519:..."`` and base64.
        """
        return f"{KEY_TYPE}:{write_base64(self._secret)}"

    @property
    def base32(self) -> str:
        """
        The secret as ``.auth_private`` files have it: 52 upper-case characters.
        """
        return write_base32(self._secret)

    def exchange(self, public_bytes: bytes) -> bytes:
        """
        The secret that it shares with the owner of a public key; 32 bytes.

        :raises InvalidArgument: the public key is of small order, so that the secret would be none.
        """
        try:
            return self._private.exchange(X25519PublicKey.from_public_bytes(public_bytes))
        except ValueError:
            raise InvalidArgument("The other public key is no key.") from None

    def __eq__(self, other: object) -> bool:
        return hmac.compare_digest(self._secret, other._secret) if isinstance(other, ClientAuthKey) else NotImplemented

    def __hash__(self) -> int:
        return hash(self.public_key)

    def __repr__(self) -> str:
        return f"<ClientAuthKey with the public key {self.public_key.base32}>"
