# -*- test-case-name: txtor.test.directory.test_query -*-
"""
What to ask a directory server for, and whether an answer is what was asked for.

Nothing here talks to anybody: a `DirectoryQuery` gives the path of the resource, and judges the documents that came. A server may
send what it likes; only what was asked for, by digest, fingerprint or flavour, is taken. That it was asked for does not make it
true: verifying is another step.

See dir-spec 6, Standards compliance, and appendix B, Directory URLs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

from txtor.errors import InvalidArgument

from ._bandwidth_file import BandwidthFile
from ._consensus import Consensus
from ._detached_signatures import DetachedSignatures
from ._document import Document
from ._encoding import BadValue, base64, hexadecimal, unpadded
from ._extra_info import ExtraInfo
from ._key_certificate import KeyCertificate
from ._microdescriptor import Microdescriptor
from ._server_descriptor import ServerDescriptor
from ._vote import Vote

#: How many fingerprints or digests fit into one request, as tor bounds it.
MOST_FINGERPRINTS = 96
MOST_MICRODESCRIPTORS = 92

_WHEN = ("current", "next")


class Refused(NamedTuple):
    """
    A document that was not asked for.
    """

    document: Document
    reason: str


class Answer(NamedTuple):
    """
    The documents of an answer.

    :ivar matched: those that were asked for, in order.
    :ivar refused: those that were not, each with the reason.
    :ivar missing: the fingerprints or digests for which nothing came.
    """

    matched: tuple[Document, ...]
    refused: tuple[Refused, ...]
    missing: frozenset[str]


@dataclass(frozen=True)
class DirectoryQuery:
    """
    A resource of a directory server.

    :ivar resource: its path.
    :ivar type: the class that its documents are of.
    :ivar wanted: the keys that were asked for, as `key` gives them; ``None`` where all were, or there is one document without.
    :ivar key: from a document to what it can be asked for by.
    :ivar is_single: whether the answer is one document.
    :ivar base: a consensus that is held already: the answer may be what turns it into the one that is asked for.
    """

    resource: str
    type: Any
    wanted: frozenset[str] | None = None
    key: Callable[[Any], str] | None = None
    is_single: bool = False
    base: Consensus | None = None

    def path(self) -> str:
        """
        The path to ask for, without ``.z``: how the answer is compressed is agreed on in its headers.
        """
        return self.resource

    def headers(self) -> tuple[tuple[str, str], ...]:
        """
        What the head of the request says beside the path: from which consensus a difference is taken as well.

        See dir-spec 6.1, X-Or-Diff-From-Consensus.
        """
        return () if self.base is None else (("X-Or-Diff-From-Consensus", self.base.digest("sha3-256")),)

    def accept(self, documents: Iterable[Document]) -> Answer:
        """
        Tell what of an answer was asked for.

        :param documents: those of the answer, as `parse` reads them. Let it tell their kinds by their contents: a server that
            sends something else than the path promises is found out so.
        """
        matched: dict[str, Document] = {}
        refused = []
        for document in documents:
            key, reason = self._judge(document, matched)
            if reason:
                refused.append(Refused(document, reason))
            else:
                matched[key] = document
        missing = (self.wanted or frozenset()) - matched.keys()
        return Answer(tuple(matched.values()), tuple(refused), frozenset(missing))

    def _judge(self, document: Document, matched: dict[str, Document]) -> tuple[str, str]:
        """
        The key of a document, and why it is refused.
        """
        if not isinstance(document, self.type):
            return "", f"a {document.grammar.document} was not asked for"
        key = self.key(document) if self.key is not None else str(len(matched))
        if self.wanted is not None and key not in self.wanted:
            return key, f"{key} was not asked for"
        if key in matched:
            return key, f"{key} was sent twice"
        if self.is_single and matched:
            return key, "one document was asked for"
        return key, ""

    # -- network statuses ---------------------------------------------------------------------------------------------

    @classmethod
    def consensus(
        cls, flavour: str = "microdesc", authorities: Iterable[str] = (), *, base: Consensus | None = None
    ) -> DirectoryQuery:
        """
        The consensus.

        A server that keeps the base answers with a `ConsensusDiff`, of some hundredth of the size, or with status 304 where
        the base is the newest; any other sends the whole. `accept` judges what the difference leads to, as any consensus.

        :param flavour: ``"ns"`` or ``"microdesc"``.
        :param authorities: the identities of authorities that the client trusts; a server sends nothing that less than half of
            them signed.
        :param base: one that is held already, of the same flavour. That it can be trusted is not needed: a difference tells
            the digest of what it leads to, and that is verified as any consensus is.
        :raises InvalidArgument: there is no such flavour, an identity is no fingerprint, or the base is of another flavour.
        :raises DocumentError: the base cannot be read.
        """
        if flavour not in ("ns", "microdesc"):
            raise InvalidArgument(f"No flavour of a consensus: {flavour[:40]!r}")
        if base is not None and base.flavour != flavour:
            raise InvalidArgument(f"A base of the flavour {base.flavour}, where {flavour} is asked for.")
        name = "consensus" if flavour == "ns" else "consensus-microdesc"
        signers = "+".join(sorted(key[:6] for key in _fingerprints(authorities, None)))
        resource = f"/tor/status-vote/current/{name}{signers and '/' + signers}"
        return cls(resource, Consensus, frozenset([flavour]), lambda consensus: consensus.flavour, True, base)

    @classmethod
    def vote(cls, authority: str | None = None, *, digest: str | None = None, when: str = "current") -> DirectoryQuery:
        """
        A vote.

        :param authority: the identity of the authority whose it is; ``None`` for the server's own.
        :param digest: the digest of the vote; the authority is not looked at then.
        :param when: ``"current"`` or ``"next"``.
        """
        start = f"/tor/status-vote/{_when(when)}"
        if digest is not None:
            (wanted,) = _fingerprints([digest], 1)
            return cls(f"{start}/d/{wanted}", Vote, frozenset([wanted]), lambda vote: vote.digest("sha1"), True)
        if authority is None:
            return cls(f"{start}/authority", Vote, is_single=True)
        (wanted,) = _fingerprints([authority], 1)
        return cls(f"{start}/{wanted}", Vote, frozenset([wanted]), lambda vote: vote.source.identity, True)

    @classmethod
    def detached_signatures(cls) -> DirectoryQuery:
        """
        The signatures of the next consensus, while the authorities exchange them. In place of those of the current one, a
        server sends the consensus; there is no asking for them.
        """
        return cls("/tor/status-vote/next/consensus-signatures", DetachedSignatures, is_single=True)

    @classmethod
    def bandwidth_file(cls, when: str = "current") -> DirectoryQuery:
        """
        The bandwidth file that an authority votes with.

        :param when: ``"current"`` or ``"next"``.
        """
        return cls(f"/tor/status-vote/{_when(when)}/bandwidth", BandwidthFile, is_single=True)

    @classmethod
    def key_certificates(
        cls, authorities: Iterable[str] | None = None, *, signing_keys: Iterable[tuple[str, str]] | None = None
    ) -> DirectoryQuery:
        """
        Key certificates of authorities.

        :param authorities: their identities; ``None`` for all.
        :param signing_keys: pairs of an identity and the digest of a signing key, as a signature names them.
        """
        if signing_keys is not None:
            pairs = [tuple(_fingerprints(pair, 2, ordered=True)) for pair in signing_keys]
            wanted = frozenset("-".join(pair) for pair in pairs)
            _check_number(wanted, MOST_FINGERPRINTS)
            path = f"/tor/keys/fp-sk/{'+'.join(sorted(wanted))}"
            return cls(path, KeyCertificate, wanted, lambda found: f"{found.fingerprint}-{found.signing_key_digest}")
        if authorities is None:
            return cls("/tor/keys/all", KeyCertificate)
        fingerprints = _fingerprints(authorities, MOST_FINGERPRINTS)
        # An authority may have several certificates, so that its fingerprint is a key of more than one document.
        return _CertificatesByAuthority(f"/tor/keys/fp/{'+'.join(fingerprints)}", KeyCertificate, frozenset(fingerprints))

    # -- descriptors --------------------------------------------------------------------------------------------------

    @classmethod
    def server_descriptors(
        cls, fingerprints: Iterable[str] | None = None, *, digests: Iterable[str] | None = None
    ) -> DirectoryQuery:
        """
        Server descriptors of relays; of all, where neither fingerprints nor digests are given.

        :param fingerprints: at most 96; `batches` cuts longer lists.
        :param digests: at most 96, as a consensus of flavour ns names them.
        :raises InvalidArgument: there are none, too many, or one is no fingerprint.
        """
        return _descriptors(cls, "server", ServerDescriptor, fingerprints, digests)

    @classmethod
    def extra_infos(cls, fingerprints: Iterable[str] | None = None, *, digests: Iterable[str] | None = None) -> DirectoryQuery:
        """
        Extra-infos of relays; of all, where neither fingerprints nor digests are given.

        :param fingerprints: at most 96; `batches` cuts longer lists.
        :param digests: at most 96, as server descriptors name them.
        :raises InvalidArgument: there are none, too many, or one is no fingerprint.
        """
        return _descriptors(cls, "extra", ExtraInfo, fingerprints, digests)

    @classmethod
    def microdescriptors(cls, digests: Iterable[str]) -> DirectoryQuery:
        """
        Microdescriptors.

        :param digests: at most 92, in base64, as a consensus of flavour microdesc names them; `batches` cuts longer lists.
        :raises InvalidArgument: there are none, too many, or one is no digest.
        """
        try:
            wanted = frozenset(unpadded(base64(digest, 32)) for digest in digests)
        except BadValue as error:
            raise InvalidArgument(f"Not the digest of a microdescriptor: {error}") from None
        _check_number(wanted, MOST_MICRODESCRIPTORS)
        path = f"/tor/micro/d/{'-'.join(sorted(wanted))}"
        return cls(path, Microdescriptor, wanted, lambda found: found.digest("sha256", "base64"))


class _CertificatesByAuthority(DirectoryQuery):
    """
    Around a rotation of keys an authority has two certificates: each is told by its own digest.
    """

    def _judge(self, document: Document, matched: dict[str, Document]) -> tuple[str, str]:
        if not isinstance(document, KeyCertificate):
            return super()._judge(document, matched)
        assert self.wanted is not None
        key = document.fingerprint
        if key not in self.wanted:
            return key, f"{key} was not asked for"
        digest = document.digest("sha1")
        if any(other.digest("sha1") == digest for other in matched.values()):
            return digest, f"{digest} was sent twice"
        return (key if key not in matched else digest), ""


def _descriptors(
    cls: type[DirectoryQuery],
    folder: str,
    kind: type[Document],
    fingerprints: Iterable[str] | None,
    digests: Iterable[str] | None,
) -> DirectoryQuery:
    """
    Descriptors by fingerprint, by digest, or all.
    """
    if fingerprints is not None and digests is not None:
        raise InvalidArgument("Ask by fingerprints or by digests, not by both.")
    if digests is not None:
        wanted = _fingerprints(digests, MOST_FINGERPRINTS)
        return cls(f"/tor/{folder}/d/{'+'.join(wanted)}", kind, frozenset(wanted), lambda found: found.digest("sha1"))
    if fingerprints is not None:
        wanted = _fingerprints(fingerprints, MOST_FINGERPRINTS)
        return cls(f"/tor/{folder}/fp/{'+'.join(wanted)}", kind, frozenset(wanted), lambda found: found.fingerprint)
    return cls(f"/tor/{folder}/all", kind)


def batches(keys: Iterable[str], size: int = MOST_MICRODESCRIPTORS) -> Iterator[tuple[str, ...]]:
    """
    Cut a list of fingerprints or digests into parts that one request each can ask for.

    :param size: of a part; by default one that every kind of query takes.
    """
    if size < 1:
        raise InvalidArgument(f"A part holds at least one key, not {size}.")
    some: list[str] = []
    for key in keys:
        some.append(key)
        if len(some) == size:
            yield tuple(some)
            some = []
    if some:
        yield tuple(some)


def _when(word: str) -> str:
    if word not in _WHEN:
        raise InvalidArgument(f"Neither current nor next: {word[:40]!r}")
    return word


def _check_number(keys: Iterable[str], most: int) -> None:
    number = len(list(keys))
    if not 1 <= number <= most:
        raise InvalidArgument(f"{number} keys in one query, where 1 to {most} are possible.")


def _fingerprints(texts: Iterable[str], most: int | None, ordered: bool = False) -> list[str]:
    """
    Check fingerprints or SHA-1 digests.

    :param most: how many there may be, and one at least; ``None`` for any number.
    :param ordered: whether to keep order and repetitions.
    :return: in upper case, sorted, each once.
    """
    try:
        found = [hexadecimal(text, 20).hex().upper() for text in texts]
    except BadValue as error:
        raise InvalidArgument(f"Not a fingerprint or digest: {error}") from None
    if not ordered:
        found = sorted(set(found))
    if most is not None:
        _check_number(found, most)
    return found
