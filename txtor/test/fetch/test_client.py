# -*- test-case-name: txtor.test.fetch.test_client -*-
"""
Tests of the client of directory servers, in memory.
"""

from __future__ import annotations

import gzip
import lzma
import zlib
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.endpoints import HostnameEndpoint
from twisted.internet.testing import MemoryReactorClock

from txtor.directory import Consensus, DirectoryAuthority, DirectoryQuery, Limits, Microdescriptor
from txtor.errors import (
    DirectoryServerError,
    DirectoryUnavailable,
    InvalidArgument,
    MalformedDocument,
    ProtocolViolation,
    UnsupportedDocument,
)
from txtor.fetch import DirectoryClient, Fetched
from txtor.test.directory.samples import sample

from .servers import ClockCase, Server, answer

CONSENSUS = sample("network-1/consensus")
MICRODESC = sample("network-1/consensus-microdesc")
DESCRIPTORS = sample("network-1/server-descriptors")
MICRODESCRIPTORS = [
    each for each in Microdescriptor.parse_many(sample("network-1/microdescs")) if isinstance(each, Microdescriptor)
]
DIGESTS = [each.digest("sha256", "base64") for each in MICRODESCRIPTORS]


class ClientCase(ClockCase):
    """
    Clients of servers in memory.
    """

    def client(self, *servers: Server, **options: Any) -> DirectoryClient:
        """
        A client of servers.
        """
        return DirectoryClient(self.clock, servers, **options)

    def fetch(self, query: DirectoryQuery, *servers: Server, **options: Any) -> Fetched:
        """
        What a client gets.
        """
        return self.result(self.client(*servers, **options).fetch(query))

    def failures(self, query: DirectoryQuery, *servers: Server, **options: Any) -> list[Exception]:
        """
        Why a client gets nothing.
        """
        error: DirectoryUnavailable = self.error(self.client(*servers, **options).fetch(query), DirectoryUnavailable)
        self.assertEqual(error.resource, query.path())
        return [failure for _, failure in error.failures]


class FetchTests(ClientCase):
    """
    `DirectoryClient.fetch`, when all is well.
    """

    def test_consensus(self) -> None:
        """
        What was asked for, as it was sent; the connection ends.
        """
        server = Server(answer(CONSENSUS))
        found = self.fetch(DirectoryQuery.consensus("ns"), server)
        (consensus,) = found.matched
        self.assertIsInstance(consensus, Consensus)
        self.assertEqual(bytes(consensus), CONSENSUS)
        self.assertEqual((found.missing, found.refused, found.broken, found.failures), (frozenset(), (), (), ()))
        self.assertTrue(server.requests[0].startswith(b"GET /tor/status-vote/current/consensus HTTP/1.0\r\n"))
        self.assertEqual(server.ended, 1)

    def test_encodings(self) -> None:
        """
        Each encoding that servers use, whole and in small pieces.
        """
        lzma_alone = lzma.compress(CONSENSUS, lzma.FORMAT_ALONE)
        for name, body in (
            ("identity", CONSENSUS),
            ("deflate", zlib.compress(CONSENSUS)),
            ("gzip", gzip.compress(CONSENSUS)),
            ("x-tor-lzma", lzma_alone),
        ):
            whole = answer(body, f"Content-Encoding: {name}")
            for pieces in ([whole], [whole[place : place + 7] for place in range(0, len(whole), 7)]):
                (consensus,) = self.fetch(DirectoryQuery.consensus("ns"), Server(*pieces)).matched
                self.assertEqual(bytes(consensus), CONSENSUS)

    def test_length(self) -> None:
        """
        With a length the answer is complete before the server closes, and we do.
        """
        server = Server(answer(CONSENSUS, length=True), b"more", closes=False)
        self.assertEqual(len(self.fetch(DirectoryQuery.consensus("ns"), server).matched), 1)
        self.assertEqual(server.ended, 1)

    def test_all(self) -> None:
        """
        All documents of a kind.
        """
        found = self.fetch(DirectoryQuery.server_descriptors(), Server(answer(DESCRIPTORS)))
        self.assertEqual(b"".join(map(bytes, found.matched)), DESCRIPTORS)

    def test_broken_document(self) -> None:
        """
        One document of many that cannot be read is told, and the others are there.
        """
        broken = DESCRIPTORS.replace(b"\npublished ", b"\npublished x", 1)
        found = self.fetch(DirectoryQuery.server_descriptors(), Server(answer(broken)))
        self.assertEqual(len(found.matched), DESCRIPTORS.count(b"\nrouter-signature\n") - 1)
        (error,) = found.broken
        self.assertIn("published", str(error))


class SeveralServersTests(ClientCase):
    """
    Servers are tried in turn.
    """

    def test_in_turn(self) -> None:
        """
        The first that has it is the last that is asked; who failed comes last the next time.
        """
        down, empty = Server(refuses=True), Server(answer(b"", status="404 Not found"))
        good, other = Server(answer(CONSENSUS)), Server(answer(CONSENSUS))
        client = self.client(down, empty, good, other)
        found = self.result(client.fetch(DirectoryQuery.consensus("ns")))
        self.assertEqual(len(found.matched), 1)
        reasons = [failure for _, failure in found.failures]
        self.assertIn("refused", str(reasons[0]))
        assert isinstance(reasons[1], DirectoryServerError)
        self.assertEqual((reasons[1].status, str(reasons[1])), (404, "404 Not found"))
        self.assertEqual(other.requests, [])
        self.result(client.fetch(DirectoryQuery.consensus("ns")))
        self.assertEqual((len(empty.requests), len(good.requests)), (1, 2))

    def test_gathered(self) -> None:
        """
        What one does not have, another may; what none has is missing.
        """
        query = DirectoryQuery.microdescriptors([*DIGESTS[:3], "A" * 43])
        first = Server(answer(bytes(MICRODESCRIPTORS[0])))
        second = Server(answer(bytes(MICRODESCRIPTORS[0]) + bytes(MICRODESCRIPTORS[2]) + bytes(MICRODESCRIPTORS[1])))
        found = self.fetch(query, first, second)
        self.assertEqual({each.digest("sha256", "base64") for each in found.matched}, set(DIGESTS[:3]))
        self.assertEqual((found.missing, found.refused), (frozenset(["A" * 43]), ()))
        self.assertEqual(len(found.servers), 2)

    def test_nobody(self) -> None:
        """
        Where nobody has it, the error says for each why.
        """
        servers = [Server(refuses=True), Server(answer(b"", status="503 Directory busy"))]
        first, second = self.failures(DirectoryQuery.consensus("ns"), *servers)
        self.assertIn("refused", str(first))
        self.assertEqual(str(second), "503 Directory busy")


class WrongAnswerTests(ClientCase):
    """
    What was not asked for is not taken.
    """

    def test_another_flavour(self) -> None:
        """
        A consensus of the other flavour is refused, and the next server asked.
        """
        found = self.fetch(DirectoryQuery.consensus("ns"), Server(answer(MICRODESC)), Server(answer(CONSENSUS)))
        (consensus,) = found.matched
        self.assertEqual(consensus.flavour, "ns")
        self.assertEqual([bytes(each.document) for each in found.refused], [MICRODESC])

    def test_another_digest(self) -> None:
        """
        Case 131: a document whose digest is not the one that was asked for.
        """
        wanted = DirectoryQuery.microdescriptors(DIGESTS[:1])
        (failure,) = self.failures(wanted, Server(answer(bytes(MICRODESCRIPTORS[1]))))
        self.assertIn(f"{DIGESTS[1]} was not asked for", str(failure))
        changed = bytes(MICRODESCRIPTORS[0]).replace(b"\nntor-onion-key ", b"\nx y\nntor-onion-key ")
        self.assertEqual(len(self.failures(wanted, Server(answer(changed)))), 1)

    def test_another_kind(self) -> None:
        """
        A consensus in the place of the signatures, as servers send it for a path of their own.
        """
        (failure,) = self.failures(DirectoryQuery.detached_signatures(), Server(answer(CONSENSUS)))
        self.assertIn("a consensus was not asked for", str(failure))

    def test_no_documents(self) -> None:
        """
        Nothing, and what is no document.
        """
        query = DirectoryQuery.consensus("ns")
        self.assertIn("empty", str(self.failures(query, Server(answer(b"")))[0]))
        (failure,) = self.failures(query, Server(answer(b"<html>\n</html>\n")))
        self.assertIsInstance(failure, DirectoryServerError)

    def test_no_http(self) -> None:
        """
        Other protocols, and answers that are cut short.
        """
        query = DirectoryQuery.consensus("ns")
        cut = answer(CONSENSUS, length=True)[:-1]
        for sent in (b"220 smtp\r\n\r\n", b"", cut):
            (failure,) = self.failures(query, Server(sent))
            self.assertIsInstance(failure, ProtocolViolation)

    def test_broken_off(self) -> None:
        """
        A connection that is broken off gave no answer.
        """
        (failure,) = self.failures(DirectoryQuery.consensus("ns"), Server(answer(CONSENSUS), aborts=True))
        self.assertIsInstance(failure, DirectoryServerError)
        self.assertIn("it was lost", str(failure))

    @given(
        st.integers(0, len(MICRODESC)),
        st.binary(max_size=20),
        st.integers(0, 40),
        st.sampled_from(["identity", "deflate", "gzip", "x-tor-lzma", "x-zstd"]),
        st.booleans(),
    )
    @settings(max_examples=100)
    def test_anything(self, place: int, put: bytes, cut: int, encoding: str, compress: bool) -> None:
        """
        Whatever a server makes of a consensus, what comes is the consensus or the declared error.
        """
        body = MICRODESC[:place] + put + MICRODESC[place + cut :]
        sent = zlib.compress(body) if compress else body
        server = Server(answer(sent, f"Content-Encoding: {encoding}"))
        waiting = self.client(server).fetch(DirectoryQuery.consensus("microdesc"))
        outcome: list[Any] = []
        waiting.addBoth(outcome.append)
        self.work()
        if not isinstance(outcome[0], Fetched):
            outcome[0].trap(DirectoryUnavailable)
        else:
            self.assertIn(bytes(outcome[0].matched[0]), body)

    def test_cut_compression(self) -> None:
        """
        A compressed answer without its end is an error and not a short document.
        """
        body = zlib.compress(DESCRIPTORS)[:-10]
        (failure,) = self.failures(
            DirectoryQuery.server_descriptors(), Server(answer(body, "Content-Encoding: deflate"))
        )
        self.assertIsInstance(failure, MalformedDocument)

    def test_encoding(self) -> None:
        """
        An encoding that cannot be read.
        """
        (failure,) = self.failures(DirectoryQuery.consensus("ns"), Server(answer(b"abc", "Content-Encoding: br")))
        self.assertIsInstance(failure, UnsupportedDocument)

    def test_bounds(self) -> None:
        """
        Endless answers, and bombs, end at their bound; the connection is closed, though the server goes on.
        """
        query, limits = DirectoryQuery.consensus("ns"), Limits(total=100_000, ratio=25)
        endless = Server(answer(b""), *[b"a" * 1000] * 200, closes=False)
        bomb = Server(answer(zlib.compress(b"a" * 10_000_000), "Content-Encoding: deflate"))
        for server in (endless, bomb):
            (failure,) = self.failures(query, server, limits=limits)
            self.assertIsInstance(failure, MalformedDocument)
            self.assertEqual(server.ended, 1)


class EndTests(ClientCase):
    """
    Time and cancelling.
    """

    def start(self, *servers: Server) -> Deferred[Fetched]:
        """
        Ask, with ten seconds for each.
        """
        return self.client(*servers, timeout=10).fetch(DirectoryQuery.consensus("ns"))

    def test_timeout(self) -> None:
        """
        A server that says nothing, or not all, or is never reached, costs its time and no more.
        """
        silent, slow = Server(closes=False), Server(answer(CONSENSUS)[:100], closes=False)
        far, good = Server(never_connects=True), Server(answer(CONSENSUS))
        waiting = self.start(silent, slow, far, good)
        for _ in range(3):
            self.assertNoResult(waiting)
            self.clock.advance(10)
        found = self.result(waiting)
        self.assertEqual([str(failure) for _, failure in found.failures], ["no complete answer within 10 s"] * 3)
        self.assertEqual((silent.ended, slow.ended, far.cancelled), (1, 1, 1))

    def test_cancel(self) -> None:
        """
        Cancelling closes the connection, and no other server is asked.
        """
        silent, other = Server(closes=False), Server(answer(CONSENSUS))
        waiting = self.start(silent, other)
        waiting.cancel()
        self.failureResultOf(waiting, CancelledError)
        self.assertEqual((silent.ended, other.requests), (1, []))

    def test_cancel_connecting(self) -> None:
        """
        Cancelling before there is a connection gives up connecting.
        """
        far = Server(never_connects=True)
        waiting = self.start(far)
        waiting.cancel()
        self.failureResultOf(waiting, CancelledError)
        self.assertEqual(far.cancelled, 1)

    def test_cancel_reading(self) -> None:
        """
        Cancelling while documents are read stops that as well.
        """
        waiting = self.client(Server(answer(DESCRIPTORS))).fetch(DirectoryQuery.server_descriptors())
        self.assertNoResult(waiting)
        waiting.cancel()
        self.failureResultOf(waiting, CancelledError)
        self.work()


class ServerTests(ClockCase):
    """
    How servers are named.
    """

    def asked(self, servers: Any) -> list[tuple[str, int]]:
        """
        Which hosts and ports a client makes endpoints for.
        """
        found = []

        def through(host: str, port: int) -> Any:
            found.append((host, port))
            return Server()

        DirectoryClient(self.clock, servers, through=through)
        return found

    def test_names(self) -> None:
        """
        Texts, pairs, authorities; one or several.
        """
        authority = DirectoryAuthority("a", "127.0.0.1", 9030, "0" * 40)
        self.assertEqual(self.asked("127.0.0.1:80"), [("127.0.0.1", 80)])
        self.assertEqual(self.asked("[::1]:80"), [("::1", 80)])
        self.assertEqual(self.asked(("example.com", 80)), [("example.com", 80)])
        self.assertEqual(self.asked(authority), [("127.0.0.1", 9030)])
        self.assertEqual(self.asked([authority, "127.0.0.2:81"]), [("127.0.0.1", 9030), ("127.0.0.2", 81)])

    def test_straight(self) -> None:
        """
        Without anything to go through, connections are straight.
        """
        reactor = MemoryReactorClock()
        client = DirectoryClient(reactor, "127.0.0.1:80")
        self.assertEqual(repr(client), "<DirectoryClient of 127.0.0.1:80>")
        waiting = client.fetch(DirectoryQuery.consensus("ns"))
        reactor.advance(0)
        self.assertEqual(reactor.tcpClients[0][:2], ("127.0.0.1", 80))
        waiting.cancel()
        self.failureResultOf(waiting, CancelledError)
        self.assertIsInstance(client._servers[0][1], HostnameEndpoint)

    def test_mistakes(self) -> None:
        """
        The caller's mistakes are told before anything is sent.
        """
        texts = ("nowhere", "127.0.0.1", "127.0.0.1:0", "a b:80")
        for servers in (*texts, [], [None], 5, [("a", "b")], ["a:1"] * 300, ("a", 1, 2)):
            self.assertRaises(InvalidArgument, DirectoryClient, MemoryReactorClock(), servers)
        for timeout in (0, -1, float("nan")):
            self.assertRaises(InvalidArgument, DirectoryClient, self.clock, "127.0.0.1:80", timeout=timeout)
        server = Server()
        waiting = DirectoryClient(self.clock, server).fetch(DirectoryQuery("/a b", Consensus))
        self.error(waiting, InvalidArgument)
        self.assertEqual(server.requests, [])
