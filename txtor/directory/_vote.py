# -*- test-case-name: txtor.test.directory.test_vote -*-
"""
Votes: what one authority says of the network, before all agree.

See dir-spec 3.4.1, Vote and consensus status document formats.
"""

from __future__ import annotations

from datetime import datetime

from txtor.errors import VerificationFailed

from ._authorities import Authorities
from ._consensus import Consensus
from ._document import Document
from ._encoding import aware, base64
from ._fields import Field, optional, present, repeated, required
from ._grammar import Grammar, Index, any_number, maybe, once
from ._items import Item
from ._key_certificate import KeyCertificate
from ._network_status import NetworkStatus
from ._readers import read_fingerprint, read_time
from ._router_status import RouterStatus
from ._shared_random import read_commit
from ._status_rules import RULES
from ._status_values import DirectorySource, read_numbers, read_pairs

_FIRST, _LAST = "dir-key-certificate-version", "dir-key-certification"
_MOST_FLAGS = 64


def _read_certificate(document: Document, places: list[int]) -> KeyCertificate:
    """
    The certificate inside a vote: the items from its first through its last.
    """
    start = document.item_at(places[0]).start
    end = document.item_at(document.index[_LAST][0]).end
    certificate = KeyCertificate(document.raw[start:end])
    certificate.check()
    return certificate


def _read_digests(item: Item) -> dict[str, bytes]:
    """
    ``algorithm=digest`` words.
    """
    return {name: base64(value) for name, equals, value in [word.partition("=") for word in item.arguments] if equals}


class Vote(NetworkStatus):
    """
    The vote of an authority.

    See dir-spec 3.4.1, Vote and consensus status document formats.
    """

    __slots__ = ()

    status = "vote"
    grammar = Grammar(
        "vote",
        "dir-spec 3.4.1",
        RULES | dict(KeyCertificate.grammar.rules) | {
            "consensus-methods": once(1),
            "published": once(2),
            "flag-thresholds": maybe(),
            "bandwidth-file-headers": maybe(),
            "bandwidth-file-digest": maybe(),
            "shared-rand-participate": maybe(),
            "shared-rand-commit": any_number(4),
            "dir-source": once(6),
            "contact": maybe(),
            "legacy-dir-key": maybe(1),
            "directory-signature": once(2, "SIGNATURE"),
        },
        {0: "network-status-version"},
    )  # fmt: skip

    consensus_methods = required("consensus-methods", read_numbers)
    """
    The methods by which the authority could compute a consensus.
    """

    published = required("published", read_time)
    flag_thresholds = optional("flag-thresholds", read_pairs)
    """
    By name, where the authority drew the line for a flag; a number, or one with ``%``.
    """

    bandwidth_file_headers = optional("bandwidth-file-headers", read_pairs)
    bandwidth_file_digest = optional("bandwidth-file-digest", _read_digests)
    """
    By hash function, the digest of the bandwidth file that the vote used.
    """

    takes_part_in_shared_randomness = present("shared-rand-participate")
    shared_randomness_commits = repeated("shared-rand-commit", read_commit)
    legacy_dir_key = optional("legacy-dir-key", read_fingerprint)
    certificate = Field(_FIRST, _read_certificate)
    """
    The authority's key certificate, which stands inside the vote.
    """

    @property
    def source(self) -> DirectorySource:
        """
        The authority whose vote it is.
        """
        return self.sources[0]

    def _check_structure(self, index: Index) -> None:
        if self.flavour != "ns":
            raise self._refuse("a vote has no flavour", 0)
        super()._check_structure(index)
        start, end = index[_FIRST][0], index[_LAST][0]
        for keyword in KeyCertificate.grammar.rules:
            for place in index.get(keyword, []):
                if not start <= place <= end:
                    raise self._refuse(f"{keyword} stands outside the certificate", place)
        if len(self.known_flags) > _MOST_FLAGS:
            raise self._refuse(f"more than {_MOST_FLAGS} flags", index["known-flags"][0])
        committed = [commit.identity for commit in self.shared_randomness_commits]
        if len(set(committed)) != len(committed):
            raise self._refuse("two commits of one authority", index["shared-rand-commit"][0])

    def _check_router(self, router: RouterStatus) -> None:
        unknown = router.flags.difference(self.known_flags)
        if unknown:
            raise router._malformed(f"a flag that known-flags does not have: {min(unknown)[:40]!r}")

    def verify(self, authorities: Authorities, *, now: datetime) -> None:
        """
        Check that the vote is that of an authority: structure, certificate, signature, flags, reveals.

        :param authorities: those that the caller knows.
        :param now: the time at which the certificate must be in force.
        :raises MalformedDocument: it cannot be read.
        :raises VerificationFailed: something is wrong; the first thing that is.
        :raises InvalidArgument: the time is not aware.
        """
        now = aware(now)
        self.check()
        identities: set[str] = set()
        for _ in self.check_routers():
            pass
        for router in self.routers.values():
            identity = router.ed25519_identity
            if identity is not None and identity in identities:
                raise router._malformed("the Ed25519 identity of another router")
            identities.update([identity] if identity is not None else [])
        certificate, (signature,) = self.certificate, self.signatures
        certificate.verify(now=now, authorities=authorities.v3idents)
        if not certificate.fingerprint == self.source.identity == signature.identity:
            raise self._failed("certificate, dir-source and signature are not of one authority")
        if signature.algorithm != "sha1" or signature.signing_key_digest != certificate.signing_key_digest:
            raise self._failed("the signature is by another key than that of the certificate, or of another kind")
        if not certificate.signing_key.verifies(signature.signature, self.digest("sha1", encoding="raw")):
            raise self._failed("the signature is wrong")
        for commit in self.shared_randomness_commits:
            commit.verify()

    def check_counted(self, consensus: Consensus) -> None:
        """
        Check that a consensus was computed from this vote.

        :raises VerificationFailed: the authority did not take part in it, or with another vote.
        """
        digest = self.digest("sha1")
        listed = [source.vote_digest for source in consensus.sources if source.identity == self.source.identity]
        if digest not in listed:
            raise self._failed("the consensus names another vote" if listed else "the authority has no part in the consensus")

    def _failed(self, rule: str) -> VerificationFailed:
        return VerificationFailed(self.grammar.document, rule, None, self.grammar.section)
