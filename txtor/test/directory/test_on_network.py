# -*- test-case-name: txtor.test.directory.test_on_network -*-
"""
What a real authority sends for each question, in each encoding.
"""

from __future__ import annotations

from twisted.internet.defer import Deferred
from twisted.internet.protocol import Protocol
from twisted.web.client import Agent
from twisted.web.http_headers import Headers

from txtor._deferred import deferred
from txtor.directory import (
    Consensus,
    DirectoryQuery,
    Document,
    ServerDescriptor,
    decompress,
    parse,
)
from txtor.testing import TorNetworkTestCase

from .test_compression import COMPRESSORS


class Body(Protocol):
    """
    The body of an answer. tor ends it by closing the connection, as HTTP/1.0 allows.
    """

    def __init__(self) -> None:
        self.data = b""
        self.complete: Deferred[bytes] = Deferred()

    def dataReceived(self, data: bytes) -> None:
        """
        More.
        """
        self.data += data

    def connectionLost(self, reason: object = None) -> None:
        """
        The end.
        """
        self.complete.callback(self.data)


class AuthorityTests(TorNetworkTestCase):
    """
    A directory port of the private network.
    """

    @deferred
    async def ask(self, query: DirectoryQuery, encoding: str = "identity") -> tuple[str, list[Document]]:
        """
        Ask the first authority.

        :return: the encoding of the answer, and its documents.
        """
        port = self.network.authorities[0].dir_port
        url = f"http://127.0.0.1:{port}{query.path()}".encode()
        response = await Agent(self.reactor).request(b"GET", url, Headers({"Accept-Encoding": [encoding]}))
        self.assertEqual(response.code, 200, query.path())
        body = Body()
        response.deliverBody(body)
        data = await body.complete
        sent = response.headers.getRawHeaders("content-encoding", ["identity"])[0]
        return sent, [reading.get() for reading in parse(decompress(data, sent))]

    @deferred
    async def test_every_question(self) -> None:
        """
        For every resource that an authority always has, all that comes was asked for, and all that was asked for comes.
        """
        _, (status,) = await self.ask(DirectoryQuery.consensus("ns"))
        _, certificates = await self.ask(DirectoryQuery.key_certificates())
        _, descriptors = await self.ask(DirectoryQuery.server_descriptors())
        assert isinstance(status, Consensus)
        authorities = [source.identity for source in status.sources]
        fingerprints = [found.fingerprint for found in descriptors if isinstance(found, ServerDescriptor)]
        _, (micro,) = await self.ask(DirectoryQuery.consensus("microdesc", authorities))
        assert isinstance(micro, Consensus)
        digests = [router.microdescriptor_digest for router in micro.routers.values() if router.microdescriptor_digest]
        signing = [(found.fingerprint, found.signing_key_digest) for found in certificates]  # type: ignore[attr-defined]
        for query in (
            DirectoryQuery.key_certificates(authorities),
            DirectoryQuery.key_certificates(signing_keys=signing),
            DirectoryQuery.server_descriptors(fingerprints),
            DirectoryQuery.server_descriptors(digests=[found.digest() for found in descriptors]),
            DirectoryQuery.extra_infos(fingerprints),
            DirectoryQuery.microdescriptors(digests),
            DirectoryQuery.vote(),
            DirectoryQuery.vote(authorities[0]),
        ):
            _, found = await self.ask(query)
            answer = query.accept(found)
            self.assertEqual((answer.refused, answer.missing), ((), frozenset()), query.path())
            self.assertEqual(len(answer.matched), len(found))
            self.assertGreater(len(found), 0)

    @deferred
    async def test_every_encoding(self) -> None:
        """
        The consensus says the same in every encoding that tor and this Python know.
        """
        encodings = [name for name in ("gzip", "deflate", "x-zstd", "x-tor-lzma") if name in COMPRESSORS]
        asked = [self.ask(DirectoryQuery.consensus(), encoding) for encoding in encodings]
        for encoding, answer in zip(encodings, asked, strict=True):
            sent, (consensus,) = await answer
            # A server may answer in another encoding than was asked for, and tor has deflate in the place of gzip.
            self.assertIn(sent, ("gzip", "deflate") if encoding == "gzip" else (encoding,))
            self.assertIsInstance(consensus, Consensus)
