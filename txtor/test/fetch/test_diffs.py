# -*- test-case-name: txtor.test.fetch.test_diffs -*-
"""
Tests of asking directory servers for what has changed since a consensus, in memory.
"""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from txtor.directory import Consensus, ConsensusDiff, DirectoryQuery, make_consensus_diff
from txtor.errors import (
    DirectoryServerError,
    DirectoryUnavailable,
    InvalidArgument,
    MalformedDocument,
    MissingCertificates,
    VerificationFailed,
)
from txtor.fetch import DirectoryClient, Fetched
from txtor.test.directory.statuses import THEN, authority, certificates, consensus, known, resigned

from .servers import ClockCase, Server, answer

BASE, NEXT = consensus("microdesc"), consensus("microdesc", hours=1)
DIFF = bytes(make_consensus_diff(BASE, NEXT))
CERTIFICATES = b"".join(bytes(each) for each in certificates(0, 1, 2))


class Cache(Server):
    """
    A directory cache: it sends a difference to whoever asks for one, and the whole to others.
    """

    def __init__(self, diff: bytes, whole: bytes = NEXT.raw, status: str = "200 OK", **options: Any) -> None:
        super().__init__(**options)
        self.diff = diff
        self.whole = whole
        self.status = status

    def reply(self, request: bytes) -> Iterable[bytes]:
        """
        By what the request says.
        """
        if b"GET /tor/keys/fp-sk/" in request:
            return [answer(CERTIFICATES)]
        if b"\r\nX-Or-Diff-From-Consensus: " in request:
            return [answer(zlib.compress(self.diff), "Content-Encoding: deflate", status=self.status)]
        return [answer(zlib.compress(self.whole), "Content-Encoding: deflate")]


class DiffCase(ClockCase):
    """
    A client that has a consensus already.
    """

    def client(self, *servers: Server) -> DirectoryClient:
        """
        A client of servers.
        """
        return DirectoryClient(self.clock, servers)

    def fetch(self, *servers: Server, base: Consensus | None = BASE) -> Fetched:
        """
        What it gets.
        """
        return self.result(self.client(*servers).fetch(DirectoryQuery.consensus("microdesc", base=base)))


class FetchTests(DiffCase):
    """
    `DirectoryClient.fetch` for a query with a base.
    """

    def test_request(self) -> None:
        """
        The request names the base by the digest of its signed part, as dir-spec 4.6 wants it.
        """
        cache = Cache(DIFF)
        self.fetch(cache)
        (request,) = cache.requests
        digest = hashlib.sha3_256(BASE.signed_range()).hexdigest().upper()
        self.assertIn(f"\r\nX-Or-Diff-From-Consensus: {digest}\r\n".encode(), request)
        self.assertTrue(request.endswith(b"\r\n\r\n"))
        self.assertEqual(DirectoryQuery.consensus("microdesc").headers(), ())

    def test_diff(self) -> None:
        """
        The difference is applied, and what it leads to is the consensus to the byte.
        """
        found = self.fetch(Cache(DIFF))
        self.assertEqual([bytes(each) for each in found.matched], [NEXT.raw])
        self.assertEqual((found.diffs, found.broken, found.failures), ((ConsensusDiff.parse(DIFF),), (), ()))

    def test_whole(self) -> None:
        """
        A server that has no difference sends the whole.
        """
        found = self.fetch(Cache(NEXT.raw))
        self.assertEqual([bytes(each) for each in found.matched], [NEXT.raw])
        self.assertEqual(found.diffs, ())

    def test_unchanged(self) -> None:
        """
        Where the base is the newest it is what comes.
        """
        cache = Cache(b"", status="304 Not modified")
        found = self.fetch(cache)
        self.assertEqual((found.matched, found.diffs, len(cache.requests)), ((BASE,), (), 1))

    def test_unchanged_unasked(self) -> None:
        """
        That nothing has changed is no answer to whoever has nothing.
        """
        waiting = self.client(Server(answer(b"", status="304 Not modified"))).fetch(DirectoryQuery.consensus("microdesc"))
        (_, failure), *_ = self.error(waiting, DirectoryUnavailable).failures
        assert isinstance(failure, DirectoryServerError)
        self.assertEqual(failure.status, 304)

    def test_diff_unasked(self) -> None:
        """
        A difference is no answer to whoever has nothing.
        """
        waiting = self.client(Server(answer(DIFF))).fetch(DirectoryQuery.consensus("microdesc"))
        self.error(waiting, DirectoryUnavailable)

    def test_useless(self) -> None:
        """
        A difference from another base, one that does not lead where it says, and what only begins like one: the same server is
        asked for the whole, and what was wrong is told.
        """
        digests = DIFF.split(b"\n")[1].split(b" ")[1:]
        wrong = [
            (bytes(make_consensus_diff(consensus("microdesc", hours=2), NEXT)), VerificationFailed),
            (DIFF.replace(digests[1], digests[0]), VerificationFailed),
            (DIFF + b"5d\n", MalformedDocument),
            (DIFF[:-3], MalformedDocument),
            (DIFF[:40], MalformedDocument),
            (b"network-status-diff-version 1\n" + b"hash " + digests[0] + b" " + digests[1] + b"\n99999d\n", MalformedDocument),
        ]
        for diff, kind in wrong:
            cache = Cache(diff)
            found = self.fetch(cache)
            self.assertEqual([bytes(each) for each in found.matched], [NEXT.raw])
            self.assertEqual((found.diffs, [type(error) for error in found.broken]), ((), [kind]), diff[-80:])
            self.assertEqual((len(cache.requests), found.failures), (2, ()))
            self.assertNotIn(b"X-Or-Diff", cache.requests[1])

    def test_other_flavour(self) -> None:
        """
        A difference that leads to another flavour is refused as the consensus would be, and the next server asked.
        """
        other = bytes(make_consensus_diff(BASE, resigned(BASE, b"version 3 microdesc", b"version 3")))
        found = self.fetch(Cache(other), Cache(DIFF))
        self.assertEqual([bytes(each) for each in found.matched], [NEXT.raw])
        ((_, failure),) = found.failures
        self.assertIn("ns was not asked for", str(failure))

    def test_wrong_base(self) -> None:
        """
        A base of another flavour is refused before anybody is asked.
        """
        error = self.assertRaises(InvalidArgument, DirectoryQuery.consensus, "ns", base=BASE)
        self.assertIn("microdesc", str(error))

    @given(st.integers(len(b"network-status-diff-version"), len(DIFF)), st.binary(max_size=20), st.integers(0, 40))
    @settings(max_examples=100)
    def test_anything(self, place: int, put: bytes, cut: int) -> None:
        """
        Whatever a server makes of a difference, what comes is the consensus that it promised.
        """
        found = self.fetch(Cache(DIFF[:place] + put + DIFF[place + cut :]))
        self.assertEqual([bytes(each) for each in found.matched], [NEXT.raw])


class GetConsensusTests(DiffCase):
    """
    `DirectoryClient.get_consensus`.
    """

    def get(self, *servers: Server, **options: Any) -> Consensus:
        """
        The consensus.
        """
        return self.result(self.client(*servers).get_consensus(now=NEXT.valid_after, **options))

    def refused(self, kind: type[Exception], *servers: Server, **options: Any) -> Any:
        """
        Why there is none.
        """
        return self.error(self.client(*servers).get_consensus(now=NEXT.valid_after, **options), kind)

    def test_verified(self) -> None:
        """
        By the authorities that are known, with the certificates that the server sends; whole and as a difference.
        """
        for base in (None, BASE):
            cache = Cache(DIFF)
            self.assertEqual(self.get(cache, base=base, authorities=known(0, 1, 2)).raw, NEXT.raw)
            paths = [request.split(b" ")[1] for request in cache.requests]
            signers = "+".join(sorted(authority(number).v3ident[:6] for number in range(3)))
            self.assertEqual(paths[0].decode(), f"/tor/status-vote/current/consensus-microdesc/{signers}")
            self.assertEqual(paths[1].count(b"+"), 2)
            self.assertEqual(len(paths), 2)

    def test_certificates(self) -> None:
        """
        Certificates that are held need not be asked for.
        """
        cache = Cache(DIFF)
        self.get(cache, authorities=known(0, 1, 2), certificates=certificates(0, 1, 2))
        self.assertEqual(len(cache.requests), 1)

    def test_not_verified(self) -> None:
        """
        Without authorities nothing is verified.
        """
        self.assertEqual(self.get(Cache(DIFF), base=BASE).raw, NEXT.raw)

    def test_forged(self) -> None:
        """
        A difference proves nothing: one that leads to a consensus that nobody known signed is refused.
        """
        self.refused(VerificationFailed, Cache(DIFF), base=BASE, authorities=known(3, 4, 5))
        forged = Consensus(NEXT.raw.replace(b"Wgg=5001", b"Wgg=5002"))
        diff = bytes(make_consensus_diff(BASE, forged))
        error = self.refused(VerificationFailed, Cache(diff, forged.raw), base=BASE, authorities=known(0, 1, 2))
        self.assertIn("0 of 3", error.rule)

    def test_passed_over(self) -> None:
        """
        A server that sends what must not be believed is passed over, and so is one that has nothing newer than what is old.
        """
        forged, stale = NEXT.raw.replace(b"Wgg=5001", b"Wgg=5002"), Cache(b"", status="304 Not modified")
        for bad in (Cache(forged, forged), Cache(b"", b"", status="503 Busy"), stale):
            good = Cache(DIFF)
            late = NEXT.valid_until
            waiting = self.client(bad, good).get_consensus(base=BASE, authorities=known(0, 1, 2), now=late, grace=timedelta(0))
            self.assertEqual(self.result(waiting).raw, NEXT.raw)
            self.assertIn(b"X-Or-Diff", good.requests[0])

    def test_first_doubt(self) -> None:
        """
        Where nothing is to be believed, why of the first is told.
        """
        forged = NEXT.raw.replace(b"Wgg=5001", b"Wgg=5002")
        servers = [Server(refuses=True), Cache(b"", forged), Cache(b"", consensus("microdesc", hours=9).raw)]
        error = self.refused(VerificationFailed, *servers, authorities=known(0, 1, 2), grace=timedelta(0))
        self.assertIn("0 of 3", error.rule)

    def test_missing_certificates(self) -> None:
        """
        Without certificates it is neither good nor bad.
        """
        self.refused(MissingCertificates, Cache(DIFF), authorities=known(0, 1, 2), certificates=())

    def test_rollback(self) -> None:
        """
        What is older than the base is refused.
        """
        error = self.refused(VerificationFailed, Cache(BASE.raw), base=NEXT, authorities=known(0, 1, 2))
        self.assertIn("held already", error.rule)
        self.assertEqual(THEN, BASE.valid_after)
