# -*- test-case-name: txtor.test.fetch.test_response -*-
"""
Tests of requests and answers of HTTP.
"""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from txtor.directory import DOWNLOAD_LIMITS, Limits
from txtor.errors import InvalidArgument, MalformedDocument, ProtocolViolation, TorError, UnsupportedDocument
from txtor.fetch._response import MOST_HEAD, ResponseReader, format_request, parse_head

ANSWER = (
    b"HTTP/1.0 200 OK\r\nDate: Tue, 24 Nov 2026 13:28:26 GMT\r\nContent-Type: text/plain\r\nContent-Encoding: deflate\r\n"
    b"Content-Length: 5\r\n\r\nhello"
)


def read(pieces: list[bytes], limits: Limits = DOWNLOAD_LIMITS) -> tuple[int, bytes]:
    """
    Status and body of an answer whose connection ends.
    """
    reader = ResponseReader(limits)
    for piece in pieces:
        reader.feed(piece)
    return reader.finish().status, b"".join(reader.pieces())


class RequestTests(SynchronousTestCase):
    """
    `format_request`.
    """

    def test_request(self) -> None:
        """
        One request, with the encodings that can be read.
        """
        lines = format_request("/tor/keys/all", "[::1]:80").decode().split("\r\n")
        self.assertEqual(lines[:2], ["GET /tor/keys/all HTTP/1.0", "Host: [::1]:80"])
        self.assertIn("deflate", lines[2])
        self.assertEqual(lines[3:], ["", ""])

    def test_paths(self) -> None:
        """
        No path can hold a second request or header.
        """
        for path in ("", "tor/keys", "/a b", "/a\r\nX: y", "/a\n", "/\0", "/é", "/" + "a" * 9000):
            self.assertRaises(InvalidArgument, format_request, path, "host")


class ResponseTests(SynchronousTestCase):
    """
    `ResponseReader`.
    """

    def test_whole(self) -> None:
        """
        Head and body; names of headers in any capitals.
        """
        reader = ResponseReader(DOWNLOAD_LIMITS)
        reader.feed(ANSWER)
        head = reader.finish()
        self.assertTrue(reader.is_complete)
        self.assertEqual((head.status, head.reason, head.length, head.encoding), (200, "OK", 5, "deflate"))
        self.assertEqual(head.header("content-type"), "text/plain")
        self.assertEqual(b"".join(reader.pieces()), b"hello")

    def test_split(self) -> None:
        """
        Byte by byte, and split anywhere.
        """
        self.assertEqual(read([bytes([byte]) for byte in ANSWER]), (200, b"hello"))
        for place in range(len(ANSWER)):
            self.assertEqual(read([ANSWER[:place], ANSWER[place:]]), (200, b"hello"))

    def test_trailing(self) -> None:
        """
        What comes behind the announced length is not looked at.
        """
        self.assertEqual(read([ANSWER, b" and more"]), (200, b"hello"))

    def test_without_length(self) -> None:
        """
        The end of the connection is the end of the answer, as tor has it for what it compresses on the fly.
        """
        reader = ResponseReader(DOWNLOAD_LIMITS)
        reader.feed(b"HTTP/1.0 404 Not found\r\n\r\n")
        self.assertFalse(reader.is_complete)
        self.assertEqual((reader.finish().status, reader.finish().reason), (404, "Not found"))
        self.assertEqual(reader.finish().encoding, "identity")

    def test_cut_short(self) -> None:
        """
        An answer that is not all there is no answer.
        """
        for end in (0, 10, len(ANSWER) - 6, len(ANSWER) - 1):
            self.assertRaises(ProtocolViolation, read, [ANSWER[:end]])

    def test_no_answer(self) -> None:
        """
        What is no answer of HTTP is told as that.
        """
        for head in (
            b"SSH-2.0-OpenSSH",
            b"HTTP/2 200 OK",
            b"HTTP/1.0 20 OK",
            b"HTTP/1.0 2x0 OK",
            "HTTP/1.0 ٢٠٠ OK".encode(),
            b"HTTP/1.0 200 OK\r\nno colon",
            b"HTTP/1.0 200 OK\r\n: nameless",
            b"HTTP/1.0 200 OK\r\nA: b\r\n folded: line",
        ):
            self.assertRaises(ProtocolViolation, parse_head, head)
        for header in (b"Content-Length: -1", b"Content-Length: 1\r\nContent-Length: 2", b"Transfer-Encoding: chunked"):
            self.assertRaises(ProtocolViolation, read, [b"HTTP/1.1 200 OK\r\n" + header + b"\r\n\r\nabc"])

    def test_unknown_encoding(self) -> None:
        """
        An encoding that nobody asked for is told by its name.
        """
        head = parse_head(b"HTTP/1.0 200 OK\r\nContent-Encoding: br")
        error = self.assertRaises(UnsupportedDocument, lambda: head.encoding)
        self.assertIn("'br'", str(error))

    def test_bounds(self) -> None:
        """
        An endless head and an endless body end at their bound, and an announced one before it comes.
        """
        reader = ResponseReader(DOWNLOAD_LIMITS)
        with self.assertRaises(ProtocolViolation):
            for _ in range(MOST_HEAD):
                reader.feed(b"HTTP/1.0 200 OK\r\nA: b")
        reader = ResponseReader(Limits(total=1000))
        reader.feed(b"HTTP/1.0 200 OK\r\n\r\n" + b"a" * 1000)
        self.assertRaises(MalformedDocument, reader.feed, b"a")
        reader = ResponseReader(Limits(total=1000))
        self.assertRaises(MalformedDocument, reader.feed, b"HTTP/1.0 200 OK\r\nContent-Length: 1001\r\n\r\n")

    @given(st.lists(st.one_of(st.binary(max_size=40), st.sampled_from([ANSWER, b"HTTP/1.0 200 OK\r\n", b"\r\n\r\n"]))))
    @settings(max_examples=150)
    def test_anything(self, pieces: list[bytes]) -> None:
        """
        Whatever comes is an answer, or the declared error.
        """
        try:
            status, _ = read(pieces)
        except TorError:
            return
        self.assertTrue(0 <= status <= 999)
