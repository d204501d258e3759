# -*- test-case-name: txtor.test.directory.test_query -*-
"""
Questions to directory servers, and their answers.
"""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from txtor.directory import (
    DirectoryQuery,
    Document,
    ExtraInfo,
    KeyCertificate,
    Microdescriptor,
    ServerDescriptor,
    batches,
    parse,
)
from txtor.errors import InvalidArgument

from .documents import real

A, B = "A" * 40, "B" * 40


def documents(name: str) -> list[Document]:
    """
    The documents of a real file.
    """
    return [reading.get() for reading in parse(real(name))]


class PathTests(SynchronousTestCase):
    """
    The resources of dir-spec.
    """

    def test_network_statuses(self) -> None:
        """
        Consensuses, votes, signatures and bandwidth files.
        """
        start = "/tor/status-vote"
        for query, path in (
            (DirectoryQuery.consensus(), f"{start}/current/consensus-microdesc"),
            (DirectoryQuery.consensus("ns", [B, "a" * 40]), f"{start}/current/consensus/AAAAAA+BBBBBB"),
            (DirectoryQuery.vote(), f"{start}/current/authority"),
            (DirectoryQuery.vote("a" * 40, when="next"), f"{start}/next/{A}"),
            (DirectoryQuery.vote(digest=B), f"{start}/current/d/{B}"),
            (DirectoryQuery.detached_signatures(), f"{start}/next/consensus-signatures"),
            (DirectoryQuery.bandwidth_file("next"), f"{start}/next/bandwidth"),
        ):
            self.assertEqual(query.path(), path)

    def test_descriptors(self) -> None:
        """
        Certificates and descriptors: all, by fingerprint, and by digest. Keys are sorted, and each is asked for once.
        """
        for query, path in (
            (DirectoryQuery.key_certificates(), "/tor/keys/all"),
            (DirectoryQuery.key_certificates([B, A, A]), f"/tor/keys/fp/{A}+{B}"),
            (DirectoryQuery.key_certificates(signing_keys=[(B, A)]), f"/tor/keys/fp-sk/{B}-{A}"),
            (DirectoryQuery.server_descriptors(), "/tor/server/all"),
            (DirectoryQuery.server_descriptors([A]), f"/tor/server/fp/{A}"),
            (DirectoryQuery.server_descriptors(digests=[A, B]), f"/tor/server/d/{A}+{B}"),
            (DirectoryQuery.extra_infos(), "/tor/extra/all"),
            (DirectoryQuery.extra_infos(["b" * 40]), f"/tor/extra/fp/{B}"),
            (DirectoryQuery.microdescriptors(["A" * 43, "A" * 43 + "="]), "/tor/micro/d/" + "A" * 43),
        ):
            self.assertEqual(query.path(), path)

    def test_mistakes(self) -> None:
        """
        Nothing that is no key comes into a path, and no more than a request holds.
        """
        many = [f"{number:040X}" for number in range(97)]
        for ask in (
            lambda: DirectoryQuery.consensus("other"),
            lambda: DirectoryQuery.consensus(authorities=["../x"]),
            lambda: DirectoryQuery.vote("x"),
            lambda: DirectoryQuery.vote(when="past"),
            lambda: DirectoryQuery.key_certificates(signing_keys=[(A, "x")]),
            lambda: DirectoryQuery.key_certificates([]),
            lambda: DirectoryQuery.server_descriptors([]),
            lambda: DirectoryQuery.server_descriptors(many),
            lambda: DirectoryQuery.server_descriptors([A], digests=[A]),
            lambda: DirectoryQuery.extra_infos(digests=[A + "\n"]),
            lambda: DirectoryQuery.microdescriptors([A]),
            lambda: DirectoryQuery.microdescriptors([]),
        ):
            with self.assertRaises(InvalidArgument):
                ask()

    def test_batches(self) -> None:
        """
        A long list is cut into parts that fit.
        """
        keys = [f"{number:040X}" for number in range(200)]
        parts = list(batches(keys))
        self.assertEqual([len(part) for part in parts], [92, 92, 16])
        self.assertEqual([key for part in parts for key in part], keys)
        self.assertEqual(len(DirectoryQuery.server_descriptors(parts[0]).path().split("+")), 92)
        with self.assertRaises(InvalidArgument):
            list(batches(keys, 0))


class AnswerTests(SynchronousTestCase):
    """
    Whether what came is what was asked for.
    """

    def test_by_digest(self) -> None:
        """
        Of seven descriptors the two that were asked for are taken, by digest or fingerprint; what did not come is told. Case 131.
        """
        found = documents("server-descriptors")
        first, second = found[1], found[4]
        assert isinstance(first, ServerDescriptor) and isinstance(second, ServerDescriptor)
        by_digest = DirectoryQuery.server_descriptors(digests=[first.digest(), second.digest(), A]).accept(found)
        by_fingerprint = DirectoryQuery.server_descriptors([first.fingerprint, second.fingerprint, A]).accept(found)
        for answer in (by_digest, by_fingerprint):
            self.assertEqual(answer.matched, (first, second))
            self.assertEqual(len(answer.refused), 5)
            self.assertEqual(answer.missing, {A})

    def test_another_microdescriptor(self) -> None:
        """
        A microdescriptor with another digest than was asked for is refused. Case 26 of the documents, case 131.
        """
        wanted, other = documents("microdescs")[:2]
        assert isinstance(wanted, Microdescriptor)
        query = DirectoryQuery.microdescriptors([wanted.digest("sha256", "base64")])
        answer = query.accept([other])
        self.assertEqual((answer.matched, answer.refused[0].document), ((), other))
        self.assertEqual(query.accept([wanted, wanted]).matched, (wanted,))
        self.assertIn("twice", query.accept([wanted, wanted]).refused[0].reason)

    def test_consensus_for_signatures(self) -> None:
        """
        A consensus in place of detached signatures is refused. Case 26 of the documents.
        """
        query = DirectoryQuery.detached_signatures()
        answer = query.accept(documents("consensus"))
        self.assertEqual(len(answer.matched), 0)
        self.assertIn("not asked for", answer.refused[0].reason)
        self.assertEqual(len(query.accept(documents("consensus-signatures")).matched), 1)

    def test_flavours(self) -> None:
        """
        A consensus of the other flavour is refused, and so is a second one.
        """
        plain, microdesc = documents("consensus"), documents("consensus-microdesc")
        query = DirectoryQuery.consensus()
        answer = query.accept(plain + microdesc + microdesc)
        self.assertEqual(answer.matched, tuple(microdesc))
        self.assertEqual(len(answer.refused), 2)
        self.assertEqual(DirectoryQuery.consensus("ns").accept(microdesc).missing, {"ns"})

    def test_votes_and_bandwidth(self) -> None:
        """
        A vote is told by its authority and by its digest; a bandwidth file is one.
        """
        votes = documents("vote-auth000")
        identity = votes[0].source.identity  # type: ignore[attr-defined]  # it is a vote
        for query in (DirectoryQuery.vote(), DirectoryQuery.vote(identity), DirectoryQuery.vote(digest=votes[0].digest())):
            self.assertEqual(query.accept(votes).matched, tuple(votes))
        self.assertEqual(DirectoryQuery.vote(A).accept(votes).missing, {A})
        self.assertEqual(len(DirectoryQuery.bandwidth_file().accept(documents("bandwidth-next")).matched), 1)

    def test_key_certificates(self) -> None:
        """
        Certificates are told by their authority, which may have two, and by both of their keys.
        """
        found = documents("key-certificates")
        first = found[0]
        assert isinstance(first, KeyCertificate)
        query = DirectoryQuery.key_certificates([first.fingerprint])
        answer = query.accept([*found, first])
        self.assertEqual((answer.matched, len(answer.refused), answer.missing), ((first,), 3, frozenset()))
        rotated = KeyCertificate(bytes(first).replace(b"dir-key-expires 2", b"dir-key-expires 3"))
        self.assertEqual(query.accept([first, rotated]).matched, (first, rotated))
        self.assertEqual(len(query.accept(documents("microdescs")).refused), 7)
        pair = DirectoryQuery.key_certificates(signing_keys=[(first.fingerprint, first.signing_key_digest), (A, B)])
        answer = pair.accept(found)
        self.assertEqual((answer.matched, answer.missing), ((first,), {f"{A}-{B}"}))
        self.assertEqual(DirectoryQuery.key_certificates().accept(found).matched, tuple(found))

    def test_extra_infos(self) -> None:
        """
        Extra-infos are told by the digest in the server descriptor.
        """
        found = documents("extra-infos")
        digests = [descriptor.extra_info_digest for descriptor in documents("server-descriptors")]  # type: ignore[attr-defined]
        answer = DirectoryQuery.extra_infos(digests=[digest.sha1 for digest in digests]).accept(found)
        self.assertEqual((answer.matched, answer.refused, answer.missing), (tuple(found), (), frozenset()))
        assert isinstance(found[0], ExtraInfo)
        self.assertEqual(DirectoryQuery.extra_infos([found[0].fingerprint]).accept(found).matched, (found[0],))
