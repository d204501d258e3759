# -*- test-case-name: txtor.test.directory.test_consensus -*-
"""
Whether enough authorities signed a digest.

What counts are *authorities* of those that the caller knows: one that signed twice is one, one that nobody knows is none, and one
that did not sign counts among those of whom more than half are needed. A signature that is wrong does not spoil the others.
See dir-spec 3.4.1, directory-signature, and 5.1.
"""

from __future__ import annotations

import enum
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from txtor.errors import MissingCertificates, VerificationFailed

from ._authorities import Authorities
from ._key_certificate import KeyCertificate
from ._status_values import DocumentSignature


class SignatureOutcome(enum.Enum):
    """
    What became of a signature.
    """

    GOOD = "good"
    UNKNOWN_AUTHORITY = "unknown authority"
    """Nobody among the authorities that the caller knows."""
    OTHER_ALGORITHM = "other algorithm"
    """The hash function is not the one of this flavour."""
    REPEATED = "repeated"
    """The authority's second signature; the first one counts."""
    MISSING_CERTIFICATE = "missing certificate"
    BAD_CERTIFICATE = "bad certificate"
    BAD_SIGNATURE = "bad signature"


@dataclass(frozen=True)
class SignatureVerdict:
    """
    A signature and what became of it.

    :ivar reason: in words, where there is more to say than `outcome` does.
    """

    signature: DocumentSignature
    outcome: SignatureOutcome
    reason: str = ""

    def __str__(self) -> str:
        return f"{self.signature.identity}: {self.outcome.value}{self.reason and f' ({self.reason})'}"


@dataclass(frozen=True)
class SignatureCount:
    """
    What became of the signatures on a network status.

    :ivar verdicts: one for each signature, in order.
    :ivar needed: how many authorities must have signed.
    :ivar known: how many there are.
    """

    verdicts: tuple[SignatureVerdict, ...]
    needed: int
    known: int

    @property
    def good(self) -> frozenset[str]:
        """
        The identities of the authorities whose signatures are good.
        """
        return frozenset(verdict.signature.identity for verdict in self.verdicts if verdict.outcome is SignatureOutcome.GOOD)

    @property
    def missing(self) -> tuple[tuple[str, str], ...]:
        """
        The key certificates that are missing: identity and digest of the signing key.
        """
        found = [v.signature for v in self.verdicts if v.outcome is SignatureOutcome.MISSING_CERTIFICATE]
        return tuple((signature.identity, signature.signing_key_digest) for signature in found)

    @property
    def is_enough(self) -> bool:
        """
        Whether enough authorities signed.
        """
        return self.known > 0 and len(self.good) >= self.needed

    def check(self, document: str, section: str) -> None:
        """
        Raise what follows from the count.

        :raises MissingCertificates: not enough, and certificates that are missing could make it so.
        :raises VerificationFailed: not enough.
        """
        if self.is_enough:
            return
        told = f"{len(self.good)} of {self.known} known authorities signed it where {self.needed} are needed"
        if self.known and len(self.good) + len({identity for identity, _ in self.missing}) >= self.needed:
            raise MissingCertificates(document, f"{told}; certificates are missing", self.missing, section)
        details = "".join(f"; {verdict}" for verdict in self.verdicts[:16] if verdict.outcome is not SignatureOutcome.GOOD)
        raise VerificationFailed(document, told + details, None, section)


def count_signatures(
    signatures: Sequence[DocumentSignature],
    algorithm: str,
    digest: bytes,
    *,
    authorities: Authorities,
    certificates: Iterable[KeyCertificate],
    now: datetime,
) -> SignatureCount:
    """
    Judge signatures.

    :param algorithm: the hash function that they must be made with.
    :param digest: what they must hold.
    :param now: the time at which certificates must be in force.
    :raises MalformedDocument: a certificate cannot be read.
    """
    found: dict[tuple[str, str], list[KeyCertificate]] = {}
    for certificate in certificates:
        found.setdefault((certificate.fingerprint, certificate.signing_key_digest), []).append(certificate)
    seen: set[str] = set()
    verdicts = []
    for signature in signatures:
        if signature.identity not in authorities.v3idents:
            outcome, reason = SignatureOutcome.UNKNOWN_AUTHORITY, ""
        elif signature.algorithm != algorithm:
            outcome, reason = SignatureOutcome.OTHER_ALGORITHM, signature.algorithm[:40]
        elif signature.identity in seen:
            outcome, reason = SignatureOutcome.REPEATED, ""
        else:
            seen.add(signature.identity)
            held = found.get((signature.identity, signature.signing_key_digest), [])
            outcome, reason = _judge(signature, digest, held, authorities, now)
        verdicts.append(SignatureVerdict(signature, outcome, reason))
    return SignatureCount(tuple(verdicts), authorities.majority, len(authorities.v3idents))


def _judge(
    signature: DocumentSignature, digest: bytes, held: list[KeyCertificate], authorities: Authorities, now: datetime
) -> tuple[SignatureOutcome, str]:
    """
    Judge one signature of a known authority.

    :param held: the certificates that are said to be for its key.
    """
    reason = ""
    for certificate in held:
        try:
            certificate.verify(now=now, authorities=authorities.v3idents)
        except VerificationFailed as error:
            reason = error.rule
            continue
        good = certificate.signing_key.verifies(signature.signature, digest)
        return (SignatureOutcome.GOOD, "") if good else (SignatureOutcome.BAD_SIGNATURE, "")
    return (SignatureOutcome.BAD_CERTIFICATE, reason) if held else (SignatureOutcome.MISSING_CERTIFICATE, "")
