# -*- test-case-name: txtor.test.directory.test_tar -*-
"""
Members of a tar archive as they come by, without a seek, without a file on the disk and within bounds.

The standard library's reader takes whole extended headers into memory, whatever their size; this one reads regular members and
nothing else. See POSIX pax, "ustar Interchange Format" and "pax Extended Header", and GNU tar, "Basic Tar Format".
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from txtor.errors import MalformedDocument

from ._limits import Limits

_BLOCK = 512
_LONGEST_HEADER = 1024 * 1024
_OCTAL = frozenset(b"01234567")
_REGULAR = (b"0", b"\0", b"7")


def _refuse(rule: str) -> MalformedDocument:
    return MalformedDocument("tar archive", rule)


def is_tar(head: bytes) -> bool:
    """
    Whether a file is a tar archive, by its first 512 bytes.
    """
    return len(head) >= _BLOCK and head[257:262] == b"ustar"


class _Source:
    """
    Bytes to be had in the sizes that are wanted.
    """

    def __init__(self, chunks: Iterable[bytes]) -> None:
        self._chunks = iter(chunks)
        self._held = b""

    def pieces(self, size: int) -> Iterator[bytes]:
        """
        The next so many bytes, as they come.
        """
        while size > 0:
            if not self._held:
                self._held = next(self._chunks, b"")
                if not self._held:
                    raise _refuse(f"cut short: {size} bytes are missing")
            piece, self._held = self._held[:size], self._held[size:]
            size -= len(piece)
            yield piece

    def read(self, size: int) -> bytes:
        return b"".join(self.pieces(size))

    def skip(self, size: int) -> None:
        for _ in self.pieces(size):
            pass


class Member:
    """
    A regular member of an archive. It can be read while it passes by, and not later.

    :ivar name: as the archive has it: never a path to write to.
    :ivar size: bytes.
    """

    def __init__(self, name: str, size: int, source: _Source) -> None:
        self.name = name
        self.size = size
        self._source = source
        self._left = size

    def chunks(self) -> Iterator[bytes]:
        """
        Its bytes, once.
        """
        for piece in self._source.pieces(self._left):
            self._left -= len(piece)
            yield piece

    def finish(self) -> None:
        """
        Go to its end.
        """
        self._source.skip(self._left + -self.size % _BLOCK)
        self._left = 0


class _Header(NamedTuple):
    name: str
    size: int
    kind: bytes


def _text(field: bytes) -> str:
    return field.partition(b"\0")[0].decode("utf-8", "surrogateescape")


def _number(field: bytes, what: str) -> int:
    """
    A number of a header: octal digits, or base 256 where the first bit says so.
    """
    if field[0] == 0x80:
        return int.from_bytes(field[1:], "big")
    digits = field.strip(b" \0")
    if not _OCTAL.issuperset(digits):
        raise _refuse(f"the {what} of a member is not a number: {field!r}")
    return int(digits or b"0", 8)


def _read_header(block: bytes) -> _Header:
    found = _number(block[148:156], "checksum")
    if found != sum(block) - sum(block[148:156]) + 8 * 0x20:
        raise _refuse("the checksum of a member's header is wrong")
    name, prefix = _text(block[:100]), _text(block[345:500]) if block[257:263] == b"ustar\0" else ""
    return _Header(f"{prefix}/{name}" if prefix else name, _number(block[124:136], "size"), block[156:157])


def _read_pax(data: bytes) -> dict[bytes, bytes]:
    """
    The records of an extended header: ``length key=value`` and a line end.
    """
    records = {}
    place = 0
    while place < len(data):
        digits = data[place : place + 10].partition(b" ")[0]
        size = int(digits) if digits.isdigit() else 0
        record = data[place + len(digits) + 1 : place + size]
        key, equals, value = record.partition(b"=")
        if not equals or value[-1:] != b"\n" or len(record) != size - len(digits) - 1:
            raise _refuse("an extended header is broken")
        records[key] = value[:-1]
        place += size
    return records


def members(chunks: Iterable[bytes], limits: Limits) -> Iterator[Member]:
    """
    The regular members of an archive, in order. Links, devices and folders are passed over.

    :raises MalformedDocument: the archive is broken or cut short, or exceeds a limit.
    """
    source = _Source(chunks)
    extended: dict[bytes, bytes] = {}
    count = 0
    while (block := source.read(_BLOCK)).strip(b"\0"):
        count += 1
        if count > limits.members:
            raise _refuse(f"more than {limits.members} members")
        header = _read_header(block)
        if header.kind in (b"x", b"L"):
            data = _read_extension(source, header.size)
            extended.update(_read_pax(data) if header.kind == b"x" else {b"path": data.rstrip(b"\0")})
            continue
        if header.kind in (b"g", b"K"):
            source.skip(header.size + -header.size % _BLOCK)
            continue
        header, extended = _extend(header, extended), {}
        if header.kind == b"S":
            raise _refuse(f"{header.name!r} is a sparse member")
        if header.kind in _REGULAR:
            if header.size > limits.member:
                raise _refuse(f"{header.name!r} has more than {limits.member} bytes")
            member = Member(header.name, header.size, source)
            yield member
            member.finish()


def _read_extension(source: _Source, size: int) -> bytes:
    if size > _LONGEST_HEADER:
        raise _refuse(f"an extended header of more than {_LONGEST_HEADER} bytes")
    data = source.read(size)
    source.skip(-size % _BLOCK)
    return data


def _extend(header: _Header, extended: dict[bytes, bytes]) -> _Header:
    """
    A header with what an extended one before it says.
    """
    if b"path" in extended:
        header = header._replace(name=_text(extended[b"path"]))
    if b"size" in extended:
        digits = extended[b"size"]
        if not digits.isdigit() or len(digits) > 20:
            raise _refuse("the size in an extended header is not a number")
        header = header._replace(size=int(digits))
    return header
