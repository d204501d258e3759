"""
Keys for documents that tests make. RSA keys take a while, so each is made once in a run.
"""

from __future__ import annotations

import functools

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

from txtor.directory import RelayKeys, generate_rsa


@functools.cache
def relay_keys(number: int = 0) -> RelayKeys:
    """
    The keys of a relay that is in one family, by a number.
    """
    return RelayKeys.generate(families=[Ed25519PrivateKey.generate()])


@functools.cache
def rsa_key(bits: int, number: int = 0) -> RSAPrivateKey:
    """
    An RSA key of some size, by a number.
    """
    return generate_rsa(bits)
