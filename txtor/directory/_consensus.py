# -*- test-case-name: txtor.test.directory.test_consensus -*-
"""
The consensus: what a majority of the authorities says of the network, in both flavours.

See dir-spec 3.4.1, Vote and consensus status document formats, and 3.10, Consensus flavours.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Literal

from txtor.errors import UnsupportedDocument, VerificationFailed

from ._authorities import Authorities
from ._encoding import aware
from ._fields import Field, optional, read_item
from ._grammar import Grammar, Index, any_number, maybe
from ._key_certificate import KeyCertificate
from ._network_status import NetworkStatus
from ._readers import read_integer
from ._status_rules import RULES
from ._status_signatures import SignatureCount, count_signatures
from ._status_values import read_weights

#: By flavour, the hash function that its signatures use.
FLAVOURS: dict[str, Literal["sha1", "sha256"]] = {"ns": "sha1", "microdesc": "sha256"}
#: For how long before and after its time tor makes do with a consensus that is not live.
USABLE = timedelta(hours=24)


class Consensus(NetworkStatus):
    """
    A consensus, of the flavour ``ns`` or ``microdesc``.

    Reading one does not mean believing it: see `verify`.

    See dir-spec 3.4.1, Vote and consensus status document formats.
    """

    __slots__ = ()

    status = "consensus"
    grammar = Grammar(
        "consensus",
        "dir-spec 3.4.1",
        RULES | {
            "consensus-method": maybe(1, exact=True),
            "vote-digest": any_number(1),
            "bandwidth-weights": maybe(),
        },
        {0: "network-status-version"},
    )  # fmt: skip

    consensus_method = Field(
        "consensus-method",
        lambda document, places: read_item(document, places[0], read_integer(1, 10**6)) if places else 1,
    )
    """
    By which rules it was computed.
    """

    bandwidth_weights = optional("bandwidth-weights", read_weights)
    """
    By name, as ``"Wgg"``, how much of a router's bandwidth counts for a position, in parts of
    `Parameters.bandwidth_weight_scale`.
    """

    def _check_structure(self, index: Index) -> None:
        if self.flavour not in FLAVOURS:
            rule = f"a consensus of the flavour {self.flavour[:40]!r}"
            raise UnsupportedDocument(self.grammar.document, rule, 1, self.grammar.section, "network-status-consensus-3")
        super()._check_structure(index)
        named: set[str] = set()
        for place, source in zip(index["dir-source"], self.sources, strict=True):
            if source.identity in named:
                raise self._refuse(f"{source.nickname} has the identity of another authority", place)
            if not source.is_legacy and (source.contact is None or source.vote_digest is None):
                raise self._refuse(f"{source.nickname} has no contact or no vote-digest", place)
            named.add(source.identity)
        for place, signature in zip(index["directory-signature"], self.signatures, strict=True):
            if signature.identity not in named:
                raise self._refuse("the signature is of nobody among the authorities that the document names", place)

    def count_signatures(
        self, authorities: Authorities, certificates: Iterable[KeyCertificate], *, now: datetime
    ) -> SignatureCount:
        """
        Judge each signature. Nothing follows from it yet; `verify` draws the conclusion.

        :param authorities: those that the caller knows.
        :param certificates: the key certificates that are at hand; they are checked.
        :param now: the time at which they must be in force.
        :raises MalformedDocument: the consensus or a certificate cannot be read.
        :raises VerificationFailed: what is signed is ambiguous.
        :raises InvalidArgument: the time is not aware.
        """
        algorithm = FLAVOURS[self.flavour]
        digest = self.digest(algorithm, encoding="raw")
        return count_signatures(
            self.signatures, algorithm, digest, authorities=authorities, certificates=certificates, now=aware(now)
        )

    def verify(
        self,
        authorities: Authorities,
        certificates: Iterable[KeyCertificate],
        *,
        now: datetime,
        flavour: str | None = None,
        grace: timedelta = timedelta(0),
        previous: Consensus | None = None,
    ) -> SignatureCount:
        """
        Check that the consensus is to be believed: structure, flavour, signatures, time.

        :param authorities: those that the caller knows. More than half of all that vote must have signed.
        :param certificates: the key certificates that are at hand; they are checked.
        :param now: the time at which it must be in force, and the certificates.
        :param flavour: the one that was asked for, or ``None`` for either.
        :param grace: how long before and after its time it is still taken; `USABLE` is what tor makes do with.
        :param previous: one that is held already; an older one is refused.
        :return: what became of each signature.
        :raises MalformedDocument: it cannot be read.
        :raises VerificationFailed: something is wrong; the first thing that is.
        :raises MissingCertificates: too few signatures could be checked.
        :raises InvalidArgument: the time is not aware.

        See dir-spec 5.1, Downloading network-status documents.
        """
        now = aware(now)
        self.check()
        if flavour is not None and flavour != self.flavour:
            raise self._failed(f"the flavour is {self.flavour} where {flavour} was asked for")
        count = self.count_signatures(authorities, certificates, now=now)
        count.check(self.grammar.document, self.grammar.section)
        if now > self.valid_until + grace:
            raise self._failed(f"it expired at {self.valid_until:%Y-%m-%d %H:%M:%S} and it is {now:%Y-%m-%d %H:%M:%S}")
        if now < self.valid_after - grace:
            raise self._failed(f"it is not valid before {self.valid_after:%Y-%m-%d %H:%M:%S} and it is {now:%Y-%m-%d %H:%M:%S}")
        if previous is not None and self.valid_after < previous.valid_after:
            raise self._failed(f"one of {previous.valid_after:%Y-%m-%d %H:%M:%S} is held already, and this one is older")
        return count

    def _failed(self, rule: str) -> VerificationFailed:
        return VerificationFailed(self.grammar.document, rule, None, self.grammar.section)
