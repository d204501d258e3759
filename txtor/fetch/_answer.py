# -*- test-case-name: txtor.test.fetch.test_diffs -*-
"""
What an answer holds: documents, or a difference from a consensus that is held, which makes one of it.

See dir-spec 4.6, Consensus diffs, and 6.1, X-Or-Diff-From-Consensus.
"""

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator
from typing import Any, NamedTuple

from txtor.directory import Consensus, ConsensusDiff, Document, Limits, Place, Reading, decompress_chunks
from txtor.errors import DirectoryServerError, DocumentError

from ._reading import in_slices, read_documents, slices
from ._response import ResponseReader

_MARK = b"network-status-diff-version"
_UNCHANGED = 304


class Answered(NamedTuple):
    """
    What a server sent.

    :ivar readings: documents and errors.
    :ivar diff: of what the document was made, or ``None`` where it was sent whole.
    """

    readings: list[Reading]
    diff: ConsensusDiff | None = None

    @property
    def documents(self) -> list[Document]:
        """
        Those that could be read.
        """
        return [reading.document for reading in self.readings if reading.document is not None]


class UselessDiff(Exception):  # no error for a caller: the whole is asked for
    """
    A difference was sent that does not lead from the base to anything.

    :ivar reason: what is wrong with it.
    """

    def __init__(self, reason: DocumentError) -> None:
        super().__init__(str(reason))
        self.reason = reason


async def read_answer(
    reactor: Any, answer: ResponseReader, base: Consensus | None, limits: Limits, source: str
) -> Answered:
    """
    Read an answer.

    :param answer: what has come.
    :param base: the consensus of which the server was told that it is held.
    :raises ProtocolViolation: the answer is not complete.
    :raises DirectoryServerError: the server sent none.
    :raises UselessDiff: a difference was sent that cannot be read or applied.
    :raises DocumentError: the body cannot be decompressed.
    """
    head = answer.finish()
    if head.status == _UNCHANGED and base is not None:
        return Answered([Reading(base, None, base.raw, Place(source))])
    if head.status != 200:
        raise DirectoryServerError(head.reason, head.status)
    pieces = decompress_chunks(answer.pieces(), head.encoding, limits)
    first = b""
    for piece in pieces:
        first += piece
        if len(first) >= len(_MARK):
            break
    if base is None or not first.startswith(_MARK):
        return Answered(await read_documents(reactor, _joined(first, pieces), limits=limits, source=source))
    sent = await in_slices(reactor, _collect(first, pieces))
    try:
        diff = await in_slices(reactor, ConsensusDiff.parse_in_slices(sent))
        made = await in_slices(reactor, diff.apply_in_slices(base))
    except DocumentError as error:
        raise UselessDiff(error) from error
    return Answered(await read_documents(reactor, slices(made.raw), limits=limits, source=source), diff)


def _joined(first: bytes, pieces: Iterable[bytes]) -> Iterator[bytes]:
    """
    The pieces with what was taken from them already.
    """
    yield first
    yield from pieces


def _collect(first: bytes, pieces: Iterable[bytes]) -> Generator[None, None, bytes]:
    """
    All of the pieces, with a turn for the reactor behind each.
    """
    found = [first]
    for piece in pieces:
        found.append(piece)
        yield
    return b"".join(found)
