"""
Network statuses that tests make: three authorities, and relays by a number.
"""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Sequence
from datetime import datetime, timedelta, timezone

from txtor.directory import (
    Authorities,
    AuthorityKeys,
    Consensus,
    DirectoryAuthority,
    KeyCertificate,
    make_consensus,
    make_key_certificate,
    make_router_status,
    sign_status,
)
from txtor.test.directory.keys import rsa_key
from txtor.test.directory.samples import sample

#: When all that is made here is good.
THEN = datetime(2026, 11, 22, 13, 0, 0, tzinfo=timezone.utc)


@functools.cache
def authority(number: int) -> AuthorityKeys:
    """
    An authority, by a number.
    """
    identity, signing = rsa_key(1024, 100 + number), rsa_key(1024, 200 + number)
    certificate = make_key_certificate(
        identity, signing, published=THEN - timedelta(days=9), expires=THEN + timedelta(days=90)
    )
    return AuthorityKeys(f"auth{number}", identity, signing, certificate)


def known(*numbers: int) -> Authorities:
    """
    Authorities that somebody knows.
    """
    return Authorities(
        DirectoryAuthority(f"auth{number}", "127.0.0.1", 80, "0" * 40, authority(number).v3ident) for number in numbers
    )


def certificates(*numbers: int) -> list[KeyCertificate]:
    """
    Their key certificates.
    """
    return [authority(number).certificate for number in numbers]


def entry(number: int, flavour: str = "ns", bandwidth: int | None = None, flags: str = "Fast Running Valid") -> bytes:
    """
    The entry of a relay.
    """
    return make_router_status(
        f"relay{number}",
        hashlib.sha1(b"relay %d" % number).digest(),
        digest=hashlib.sha1(b"descriptor %d" % number).digest(),
        microdescriptor=hashlib.sha256(b"relay %d" % number).digest() if flavour == "microdesc" else None,
        address=f"10.0.{number // 256}.{number % 256}",
        bandwidth=1000 + number if bandwidth is None else bandwidth,
        flags=flags.split(),
        lines=["p accept 80,443"] if flavour == "ns" else [],
    )


@functools.cache
def consensus(flavour: str = "ns", routers: int = 20, hours: int = 0, signers: Sequence[int] = (0, 1, 2)) -> Consensus:
    """
    A consensus.

    :param hours: how much later than `THEN` it begins; some routers come, go and change with every hour.
    """
    numbers = [number for number in range(hours, routers + 2 * hours) if number % 7 or not hours]
    entries = [entry(number, flavour, bandwidth=1000 + number + hours * (number % 3 == 0)) for number in numbers]
    return make_consensus(
        entries,
        [authority(number) for number in signers],
        valid_after=THEN + timedelta(hours=hours),
        flavour=flavour,
        lines=["params bwweightscale=10000 circwindow=80"],
        weights={"Wgg": 5000 + hours},
    )


def body(document: Consensus) -> bytes:
    """
    A consensus without its signatures.
    """
    return document.signed_range().removesuffix(b"directory-signature ")


def resigned(document: Consensus, old: bytes, new: bytes, *numbers: int) -> Consensus:
    """
    A consensus in which something was replaced before it was signed.
    """
    text = body(document)
    assert old in text
    signers = [authority(number) for number in numbers or (0, 1, 2)]
    return Consensus(sign_status(text.replace(old, new, 1), signers, document.flavour))


@functools.cache
def genuine_authorities() -> tuple[Authorities, list[KeyCertificate]]:
    """
    The authorities of the real network of ``txtor/test/data``, and their certificates.
    """
    found = [one for one in KeyCertificate.parse_many(sample("network-1/key-certificates")) if isinstance(one, KeyCertificate)]
    return Authorities(DirectoryAuthority(None, "127.0.0.1", 80, "0" * 40, one.fingerprint) for one in found), found
