# -*- test-case-name: txtor.test.onion.test_address -*-
"""
Onion addresses, version 3.

See rend-spec-v3, "Encoding onion addresses".
"""

from __future__ import annotations

import base64
import hashlib

from txtor.errors import InvalidArgument
from txtor.grammar import onion_address

from ._ed25519_math import decode_point, in_prime_order_subgroup

VERSION = b"\x03"
_HOSTNAME = frozenset("abcdefghijklmnopqrstuvwxyz0123456789-_")


def _check_point(public_key: bytes) -> None:
    """
    Refuse what no secret key belongs to.

    Adding one of the seven points of small order to a key gives further addresses with right checksums that the owner of the one
    could serve: tor refuses them, so that a service has one name.
    """
    point = decode_point(public_key)
    if point is None:
        raise InvalidArgument("The onion address is not one: its key is no point of Ed25519's curve.")
    if not in_prime_order_subgroup(point):
        raise InvalidArgument("The onion address is not one: its key is no key of Ed25519, but has a part of small order.")


def _subdomain(text: str) -> str:
    """
    Check the labels before an address.
    """
    labels = text.split(".")
    if len(text) > 190 or not all(label and len(label) <= 63 and _HOSTNAME.issuperset(label) for label in labels):
        raise InvalidArgument(f"Not a name under an onion address: {text[:80]!r}")
    return text


class OnionAddress:
    """
    The address of an onion service: its public key, with a checksum.

    Two are equal when they name one service; ``str()`` gives `hostname`.
    """

    __slots__ = ("_bare", "public_key", "subdomain")

    #: The Ed25519 public key, 32 bytes; the specification's A or KP_hs_id.
    public_key: bytes
    #: What stood before the address, as ``"www"``, in lower case; mostly empty. It means something to the service alone.
    subdomain: str

    def __init__(self, public_key: bytes) -> None:
        """
        :param public_key: 32 bytes.
        :raises InvalidArgument: it is no public key: of another length, no point of the curve, or of small order in part.
        """
        if not isinstance(public_key, (bytes, bytearray)) or len(public_key) != 32:
            raise InvalidArgument("The public key of an onion service is 32 bytes.")
        self.public_key = bytes(public_key)
        _check_point(self.public_key)
        checksum = hashlib.sha3_256(b".onion checksum" + self.public_key + VERSION).digest()[:2]
        self._bare = base64.b32encode(self.public_key + checksum + VERSION).decode("ascii").lower()
        self.subdomain = ""

    @classmethod
    def from_public_key(cls, public_key: bytes) -> OnionAddress:
        """
        The address of a service's identity key: the constructor under the name of what it does.

        :raises InvalidArgument: it is no public key.
        """
        return cls(public_key)

    @classmethod
    def parse(cls, text: str | OnionAddress) -> OnionAddress:
        """
        Read an address as people write it.

        :param text: in either case, with or without ``.onion``, one final dot, and names before it (``"www.…onion"``).
        :raises InvalidArgument: it is no version 3 onion address, its checksum is wrong, or its key is no key.
        """
        if isinstance(text, OnionAddress):
            return text
        if not isinstance(text, str):
            raise InvalidArgument(f"An onion address must be text, not {type(text).__name__}.")
        if len(text) > 255 or not text.isascii():  # ASCII: other scripts have letters whose lower case is in the alphabet
            raise InvalidArgument(f"Not a version 3 onion address: {text[:80]!r}")
        subdomain, dot, name = text.lower().removesuffix(".").removesuffix(".onion").rpartition(".")
        address = cls(base64.b32decode(onion_address(name).upper())[:32])
        if dot:
            address.subdomain = _subdomain(subdomain)
        return address

    @property
    def bare(self) -> str:
        """
        The 56 characters that commands and events of the control port want, in lower case.
        """
        return self._bare

    @property
    def hostname(self) -> str:
        """
        The service's host name: `bare` with ``.onion`` behind it.
        """
        return self._bare + ".onion"

    @property
    def full_hostname(self) -> str:
        """
        The host name with what stood before it, as a SOCKS target wants it.
        """
        return f"{self.subdomain}.{self.hostname}" if self.subdomain else self.hostname

    def __str__(self) -> str:
        return self.hostname

    def __repr__(self) -> str:
        return f"OnionAddress.parse({self.full_hostname!r})"

    def __eq__(self, other: object) -> bool:
        return self.public_key == other.public_key if isinstance(other, OnionAddress) else NotImplemented

    def __hash__(self) -> int:
        return hash(self.public_key)
