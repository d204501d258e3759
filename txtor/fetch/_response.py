# -*- test-case-name: txtor.test.fetch.test_response -*-
"""
HTTP/1.0 as directory servers speak it: a request of a few lines, and an answer that ends with its length or its connection.

Everything of an answer is bounded. It is asked for with HTTP/1.0, so that no server may cut it into chunks. See dir-spec 6,
Standards compliance.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from txtor.directory import Limits
from txtor.errors import InvalidArgument, MalformedDocument, ProtocolViolation, UnsupportedDocument
from txtor.grammar import decode

#: The longest head of an answer; tor's has some 300 bytes.
MOST_HEAD = 16 * 1024
_MOST_PATH = 8 * 1024
_PIECE = 32 * 1024
_END = b"\r\n\r\n"

#: What txtor can decode with nothing but the standard library, the best first.
ACCEPTED = "x-tor-lzma, deflate, gzip, identity"
_KNOWN = frozenset(("x-tor-lzma", "deflate", "gzip", "x-gzip", "x-zstd", "zstd", "identity"))


def format_request(path: str, host: str, headers: Iterable[tuple[str, str]] = ()) -> bytes:
    """
    A request for a document.

    :param path: of the resource.
    :param host: the server, with its port, as a URL holds it.
    :param headers: further ones.
    :raises InvalidArgument: the path could not be sent as one.
    """
    printable = path.isascii() and path.isprintable() and " " not in path
    if not printable or not path.startswith("/") or len(path) > _MOST_PATH:
        raise InvalidArgument(f"Not the path of a resource: {path[:80]!r}")
    lines = [f"GET {path} HTTP/1.0", f"Host: {host}", f"Accept-Encoding: {ACCEPTED}"]
    lines += [f"{name}: {value}" for name, value in headers]
    return "\r\n".join([*lines, "", ""]).encode("ascii")


@dataclass(frozen=True)
class ResponseHead:
    """
    How an answer begins.

    :ivar status: as 200.
    :ivar reason: what the server says of it.
    :ivar headers: names in lower case, and values, in order.
    """

    status: int
    reason: str
    headers: tuple[tuple[str, str], ...]

    def header(self, name: str) -> str | None:
        """
        The value of a header, or ``None``.

        :raises ProtocolViolation: it is there with two values.
        """
        found = {value for key, value in self.headers if key == name}
        if len(found) > 1:
            raise ProtocolViolation(f"An answer with two values of {name}.")
        return found.pop() if found else None

    @property
    def length(self) -> int | None:
        """
        How many bytes follow; ``None`` where the connection's end tells.

        :raises ProtocolViolation: it is no number.
        """
        text = self.header("content-length")
        if text is None:
            return None
        if not (text.isascii() and text.isdigit() and len(text) <= 12):
            raise ProtocolViolation(f"Not a length of an answer: {text[:40]!r}")
        return int(text)

    @property
    def encoding(self) -> str:
        """
        How the documents are compressed.

        :raises UnsupportedDocument: in a way that txtor does not know.
        """
        encoding = (self.header("content-encoding") or "identity").lower()
        if encoding not in _KNOWN:
            raise UnsupportedDocument("directory answer", f"the encoding {encoding[:40]!r}", None, "dir-spec 6.1", encoding[:40])
        return encoding


def parse_head(data: bytes) -> ResponseHead:
    """
    Read the head of an answer.

    :param data: its lines, without the empty one.
    :raises ProtocolViolation: it is none.
    """
    first, *lines = decode(data).split("\r\n")
    version, _, rest = first.partition(" ")
    status, _, reason = rest.partition(" ")
    if not version.startswith("HTTP/1.") or len(status) != 3 or not (status.isascii() and status.isdigit()):
        raise ProtocolViolation(f"Not an answer of HTTP: {first[:80]!r}")
    headers = []
    for line in lines:
        name, colon, value = line.partition(":")
        if not colon or not name or name.strip() != name:
            raise ProtocolViolation(f"Not a header of HTTP: {line[:80]!r}")
        headers.append((name.lower(), value.strip()))
    return ResponseHead(int(status), reason[:200], tuple(headers))


class ResponseReader:
    """
    Takes an answer as it comes.

    :ivar head: how it begins; ``None`` until that is there.
    """

    def __init__(self, limits: Limits) -> None:
        """
        :param limits: of which `Limits.total` bounds the body as it is sent.
        """
        self.head: ResponseHead | None = None
        self._limits = limits
        self._held = bytearray()
        self._length: int | None = None

    @property
    def is_complete(self) -> bool:
        """
        Whether all is there that was announced. Without a length only `finish` tells.
        """
        return self._length is not None and len(self._held) == self._length

    def feed(self, data: bytes) -> None:
        """
        Take some bytes. What stands behind the announced length is no part of the answer.

        :raises ProtocolViolation: it is no answer.
        :raises MalformedDocument: it is too long.
        """
        start = max(len(self._held) - len(_END) + 1, 0)
        self._held += data
        if self.head is None:
            end = self._held.find(_END, start)
            if (len(self._held) if end < 0 else end) > MOST_HEAD:
                raise ProtocolViolation(f"An answer whose head is longer than {MOST_HEAD} bytes.")
            if end < 0:
                return
            self.head = parse_head(bytes(self._held[:end]))
            if self.head.header("transfer-encoding") is not None:
                raise ProtocolViolation("An answer in a transfer encoding, to a request of HTTP/1.0.")
            self._length = self.head.length
            del self._held[: end + len(_END)]
        if self._length is not None:
            del self._held[self._length :]
        if max(len(self._held), self._length or 0) > self._limits.total:
            raise MalformedDocument("directory answer", f"it is longer than {self._limits.total} bytes")

    def finish(self) -> ResponseHead:
        """
        The connection ended.

        :return: the head.
        :raises ProtocolViolation: the answer was not complete.
        """
        if self.head is None:
            raise ProtocolViolation(f"The answer ended after {len(self._held)} bytes, within its head.")
        if self._length is not None and len(self._held) < self._length:
            raise ProtocolViolation(f"The answer ended after {len(self._held)} of {self._length} bytes.")
        return self.head

    def pieces(self) -> Iterator[bytes]:
        """
        The body, as it was sent, in pieces that take little time each.
        """
        for place in range(0, len(self._held), _PIECE):
            yield bytes(self._held[place : place + _PIECE])
