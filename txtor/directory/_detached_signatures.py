# -*- test-case-name: txtor.test.directory.test_detached_signatures -*-
"""
Detached signatures: what authorities send each other when all have computed the same consensus.

See dir-spec 3.9, Exchanging detached signatures.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple

from txtor.errors import VerificationFailed

from ._authorities import Authorities
from ._consensus import FLAVOURS, Consensus
from ._document import Document
from ._encoding import aware, hexadecimal
from ._fields import repeated, required
from ._grammar import Grammar, any_number, once, some
from ._items import Item
from ._key_certificate import KeyCertificate
from ._readers import argument, read_time
from ._status_signatures import SignatureCount, count_signatures
from ._status_values import DocumentSignature, read_signature, signature_of


class FlavourDigest(NamedTuple):
    """
    The digest of a consensus of another flavour.

    :ivar digest: in upper-case hexadecimal.
    """

    flavour: str
    algorithm: str
    digest: str


class FlavourSignature(NamedTuple):
    """
    The signature on a consensus of another flavour.
    """

    flavour: str
    signature: DocumentSignature


def _read_digest(item: Item) -> FlavourDigest:
    digest = argument(item, 2)
    flavour, algorithm = item.arguments[:2]
    sizes = {"sha1": 20, "sha256": 32}
    return FlavourDigest(flavour, algorithm, hexadecimal(digest, sizes.get(algorithm, len(digest) // 2)).hex().upper())


def _read_signature(item: Item) -> FlavourSignature:
    argument(item, 3)
    return FlavourSignature(item.arguments[0], signature_of(item.arguments[1:4], item))


class DetachedSignatures(Document):
    """
    Signatures on the consensus of one hour, in all its flavours.

    See dir-spec 3.9, Exchanging detached signatures.
    """

    __slots__ = ()

    grammar = Grammar(
        "detached signatures",
        "dir-spec 3.9",
        {
            "consensus-digest": once(1),
            "valid-after": once(2),
            "fresh-until": once(2),
            "valid-until": once(2),
            "additional-digest": any_number(3),
            "additional-signature": any_number(4, "SIGNATURE"),
            "directory-signature": some(2, "SIGNATURE"),
        },
        {0: "consensus-digest"},
    )

    consensus_digest = required("consensus-digest", lambda item: hexadecimal(argument(item, 0), 20).hex().upper())
    """
    The SHA-1 of what is signed of the consensus, 40 upper-case hexadecimal digits.
    """

    valid_after = required("valid-after", read_time)
    fresh_until = required("fresh-until", read_time)
    valid_until = required("valid-until", read_time)
    additional_digests = repeated("additional-digest", _read_digest)
    additional_signatures = repeated("additional-signature", _read_signature)
    signatures = repeated("directory-signature", read_signature)
    """
    The signatures on the consensus that has no flavour.
    """

    def signatures_of(self, flavour: str) -> tuple[DocumentSignature, ...]:
        """
        The signatures on the consensus of a flavour: ``"ns"``, ``"microdesc"`` or one that txtor does not know.
        """
        if flavour == "ns":
            return self.signatures
        return tuple(signature for name, signature in self.additional_signatures if name == flavour)

    def digests_of(self, flavour: str) -> dict[str, str]:
        """
        By hash function, the digests of the consensus of a flavour; of two for one function, the first.
        """
        if flavour == "ns":
            return {"sha1": self.consensus_digest}
        return {found.algorithm: found.digest for found in reversed(self.additional_digests) if found.flavour == flavour}

    def verify(
        self, consensus: Consensus, authorities: Authorities, certificates: Iterable[KeyCertificate], *, now: datetime
    ) -> SignatureCount:
        """
        Check that these are signatures on a consensus, and by enough authorities.

        :param consensus: the one that they are said to be on; its own signatures do not count here.
        :param authorities: those that the caller knows.
        :param certificates: the key certificates that are at hand; they are checked.
        :param now: the time at which certificates must be in force.
        :return: what became of each signature.
        :raises MalformedDocument: one of the documents cannot be read.
        :raises VerificationFailed: they are of another consensus, or too few of them are good.
        :raises MissingCertificates: too few signatures could be checked.
        :raises InvalidArgument: the time is not aware.
        """
        count = self.count_signatures(consensus, authorities, certificates, now=now)
        count.check(self.grammar.document, self.grammar.section)
        return count

    def count_signatures(
        self, consensus: Consensus, authorities: Authorities, certificates: Iterable[KeyCertificate], *, now: datetime
    ) -> SignatureCount:
        """
        Check that these are signatures on a consensus, and judge each: some are enough to add to those that are held.

        :raises VerificationFailed: they are of another consensus.
        """
        now = aware(now)
        self.check()
        for name in ("valid_after", "fresh_until", "valid_until"):
            if getattr(self, name) != getattr(consensus, name):
                raise self._failed(f"{name.replace('_', '-')} is not that of the consensus")
        digests = self.digests_of(consensus.flavour)
        known = [name for name in digests if name in ("sha1", "sha256")]
        for name in known:
            if digests[name] != consensus.digest("sha1" if name == "sha1" else "sha256"):
                raise self._failed(f"its {name} digest is not that of the consensus")
        if not known:
            raise self._failed(f"it has no digest of the flavour {consensus.flavour}")
        algorithm = FLAVOURS[consensus.flavour]
        digest = consensus.digest(algorithm, encoding="raw")
        found = self.signatures_of(consensus.flavour)
        return count_signatures(found, algorithm, digest, authorities=authorities, certificates=certificates, now=now)

    def _failed(self, rule: str) -> VerificationFailed:
        return VerificationFailed(self.grammar.document, rule, None, self.grammar.section)
