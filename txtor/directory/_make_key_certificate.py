# -*- test-case-name: txtor.test.directory.test_make -*-
"""
Writing key certificates, signed as an authority signs them.

See dir-spec 3.1, Creating key certificates.
"""

from __future__ import annotations

import hashlib
from datetime import datetime

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

from ._key_certificate import KeyCertificate
from ._make import write_item, write_time
from ._rsa import RSAKey, rsa_der, sign_rsa


def make_key_certificate(
    identity: RSAPrivateKey, signing: RSAPrivateKey, *, published: datetime, expires: datetime, address: str | None = None
) -> KeyCertificate:
    """
    Make and sign a key certificate.

    :param identity: the authority's identity key, of at least 1024 bits.
    :param signing: the key that signs its votes and consensuses, likewise.
    :param published: from when on it is good.
    :param expires: the first moment at which it is no longer good.
    :param address: the authority's ``ip4:port``, or ``None`` for a certificate without.
    :raises InvalidArgument: the address holds a line end, or a time is not aware.
    :raises MalformedDocument: a key is too small.

    See dir-spec 3.1, Creating key certificates.
    """
    name = RSAKey(rsa_der(identity))
    body = write_item("dir-key-certificate-version 3")
    if address is not None:
        body += write_item(f"dir-address {address}")
    body += write_item(f"fingerprint {name.fingerprint}")
    body += write_item(f"dir-key-published {write_time(published)}")
    body += write_item(f"dir-key-expires {write_time(expires)}")
    body += write_item("dir-identity-key", "RSA PUBLIC KEY", name.der)
    body += write_item("dir-signing-key", "RSA PUBLIC KEY", rsa_der(signing))
    body += write_item("dir-key-crosscert", "ID SIGNATURE", sign_rsa(signing, name.digest))
    return KeyCertificate(certify(body, identity))


def certify(body: bytes, identity: RSAPrivateKey) -> bytes:
    """
    Sign a key certificate.

    :param body: everything above the certification, as it stands; it is not looked at.
    :return: the whole document.
    """
    covered = body + b"dir-key-certification\n"
    signature = sign_rsa(identity, hashlib.sha1(covered).digest())
    return covered + write_item("dir-key-certification", "SIGNATURE", signature).partition(b"\n")[2]
