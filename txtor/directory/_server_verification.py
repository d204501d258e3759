# -*- test-case-name: txtor.test.directory.test_server_descriptor -*-
"""
Whether to believe a server descriptor.

Structure first, what costs little next, signatures last; each step refuses with its own words. See dir-spec 2.1.1, Server
descriptor format, and cert-spec, for the rules.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from ._certificate import Ed25519Certificate
from ._ed25519 import ed25519_from_x25519
from ._encoding import aware, unpadded

if TYPE_CHECKING:
    from ._rsa import RSAKey
    from ._server_descriptor import ServerDescriptor

IDENTITY_V_SIGNING, NTOR_CC_IDENTITY, FAMILY_V_IDENTITY = 0x04, 0x0A, 0x0C
_AHEAD = timedelta(hours=12)
_STALE = timedelta(hours=48)
_CROSSCERT_SIZE = 20 + 32


@dataclass(frozen=True)
class ServerDescriptorVerification:
    """
    A server descriptor is genuine; this is what was found.

    :ivar checked: the keywords of the signatures and certificates that were checked, in order. Descriptors before Tor 0.2.7 have
        only ``router-signature``.
    :ivar expires: when the first of its certificates expires, or ``None`` where it has none.
    :ivar is_stale: whether it is older than two days, after which a relay would have made another one.
    :ivar family_ids: the families that it is a member of, in the form of ``family-ids``; those whose certificate has expired are
        not among them.
    """

    checked: tuple[str, ...]
    expires: datetime | None
    is_stale: bool
    family_ids: frozenset[str]

    @property
    def has_ed25519(self) -> bool:
        """
        Whether the Ed25519 identity was checked, and not only the RSA one.
        """
        return "router-sig-ed25519" in self.checked


def verify_server_descriptor(
    descriptor: ServerDescriptor, now: datetime, digest: str | None, fingerprint: str | None
) -> ServerDescriptorVerification:
    """
    Do what `ServerDescriptor.verify` says.
    """
    now = aware(now)
    descriptor.index  # noqa: B018  # reading it checks the structure; other values are read when somebody asks for them
    signing_key = descriptor.signing_key
    if descriptor.stated_fingerprint not in (None, signing_key.fingerprint):
        raise descriptor._fail("the fingerprint is not that of the signing key", "fingerprint")
    checked: list[str] = []
    certificates: list[Ed25519Certificate] = []
    identity = descriptor.identity_certificate
    if identity is not None:
        checked, certificates = _check_ed25519_identity(descriptor, identity)
    _check_onion_key(descriptor, signing_key, checked)
    if identity is not None:
        descriptor._check_ed25519(identity)
        checked.append("router-sig-ed25519")
    if not signing_key.verifies(descriptor.signature, descriptor._check_rsa_range()):
        raise descriptor._fail("the RSA signature is wrong", "router-signature")
    checked.append("router-signature")
    expires = min(certificates, key=lambda one: one.expiration_hours).expires if certificates else None
    if expires is not None and expires < now:
        raise descriptor._fail(f"a certificate expired at {expires:%Y-%m-%d %H:%M:%S} and it is {now:%Y-%m-%d %H:%M:%S}")
    published = descriptor.published
    if published > now + _AHEAD:
        raise descriptor._fail(f"it was published more than 12 hours after {now:%Y-%m-%d %H:%M:%S}", "published")
    _check_listed(descriptor, digest, fingerprint)
    return ServerDescriptorVerification(tuple(checked), expires, published < now - _STALE, _family_ids(descriptor, now))


def _check_ed25519_identity(
    descriptor: ServerDescriptor, identity: Ed25519Certificate
) -> tuple[list[str], list[Ed25519Certificate]]:
    """
    Check the certificates around the master key.

    :return: what was checked, and the certificates whose dates count for the whole descriptor.
    """
    descriptor._check_certificate(identity, "identity-ed25519", IDENTITY_V_SIGNING, None)
    master_key = identity.signing_key
    if descriptor.stated_master_key != master_key:
        raise descriptor._fail("master-key-ed25519 is not the key that signed identity-ed25519", "master-key-ed25519")
    crosscert, ntor_key = descriptor.ntor_onion_key_crosscert, descriptor.ntor_onion_key
    assert crosscert is not None and ntor_key is not None  # the table says that identity-ed25519 needs them
    keyword = "ntor-onion-key-crosscert"
    converted = ed25519_from_x25519(ntor_key, crosscert.sign)
    if converted is None:
        raise descriptor._fail("the ntor key is no key that can sign", keyword)
    descriptor._check_certificate(crosscert.certificate, keyword, NTOR_CC_IDENTITY, converted, master_key)
    families = descriptor.family_certificates
    for certificate in families:
        descriptor._check_certificate(certificate, "family-cert", FAMILY_V_IDENTITY, None, master_key)
    checked = ["identity-ed25519", keyword] + ["family-cert"] * len(families)
    return checked, [identity, crosscert.certificate]


def _check_onion_key(descriptor: ServerDescriptor, signing_key: RSAKey, checked: list[str]) -> None:
    """
    Check that the key of the TAP handshake belongs to both identities.
    """
    signature, key = descriptor.onion_key_crosscert, descriptor.onion_key
    if signature is None:
        return
    assert key is not None  # the table says that onion-key-crosscert needs it
    payload = key.payload(signature)
    # The one place where more may follow what is specified: tor compares the beginning.
    wanted = signing_key.digest + (descriptor.ed25519_master_key or b"")
    if payload is None or len(wanted) != _CROSSCERT_SIZE or payload[:_CROSSCERT_SIZE] != wanted:
        raise descriptor._fail("onion-key-crosscert does not hold the two identities", "onion-key-crosscert")
    checked.append("onion-key-crosscert")


def _check_listed(descriptor: ServerDescriptor, digest: str | None, fingerprint: str | None) -> None:
    """
    Check that it is the descriptor that a consensus lists.
    """
    if digest is not None and descriptor.digest() != digest.upper():
        raise descriptor._fail("its digest is not the one that the consensus lists")
    if fingerprint is not None and descriptor.fingerprint != fingerprint.upper():
        raise descriptor._fail("its fingerprint is not the one that the consensus lists")


def _family_ids(descriptor: ServerDescriptor, now: datetime) -> frozenset[str]:
    """
    The families whose certificates are good now.
    """
    certificates = descriptor.family_certificates
    if not certificates:
        return frozenset()
    good = [certificate for certificate in certificates if certificate.expires >= now]
    return frozenset(f"ed25519:{unpadded(certificate.signing_key or b'')}" for certificate in good)
