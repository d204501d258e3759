# -*- test-case-name: txtor.test.fetch.test_documents -*-
"""
Reading what has come, beside a running reactor.
"""

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator
from typing import TypeVar

from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import Cooperator

from txtor.directory import FILE_LIMITS, Document, DocumentStream, Limits, Reading, cooperate

T = TypeVar("T")
_PIECE = 256 * 1024


def cooperator(reactor: IReactorTime) -> Cooperator:
    """
    Who shares out a reactor's time, one slice of work for each turn.
    """
    return Cooperator(terminationPredicateFactory=lambda: lambda: True, scheduler=lambda work: reactor.callLater(0, work))


def slices(data: bytes) -> Iterator[bytes]:
    """
    Bytes in pieces that take little time each.
    """
    return (data[place : place + _PIECE] for place in range(0, len(data), _PIECE))


def _steps(
    pieces: Iterable[bytes], kind: type[Document] | None, check: bool, limits: Limits, source: str
) -> Iterator[Reading | None]:
    stream = DocumentStream(kind, check=check, limits=limits, source=source)
    for piece in pieces:
        yield from stream.feed_in_steps(piece)
        yield None
    yield from stream.finish_in_steps()


async def read_documents(
    reactor: IReactorTime,
    pieces: Iterable[bytes],
    kind: type[Document] | None = None,
    *,
    check: bool = True,
    limits: Limits = FILE_LIMITS,
    source: str = "",
) -> list[Reading]:
    """
    Read documents.

    :param pieces: their bytes.
    :param kind: of which class all are; without it each tells.
    :param check: whether each is checked at once.
    :param source: where they are from, for their places.
    :return: each document, and each error in its place.
    :raises DocumentError: the pieces, when they are made, broke off with it.
    """
    found: list[Reading] = []
    await cooperate(cooperator(reactor), _steps(pieces, kind, check, limits, source), found.append)
    return found


async def in_slices(reactor: IReactorTime, work: Generator[None, None, T]) -> T:
    """
    Do work that goes in steps of some milliseconds.

    :return: what it returns.
    """
    results: list[T] = []

    def steps() -> Iterator[None]:
        results.append((yield from work))

    await cooperate(cooperator(reactor), steps(), lambda nothing: None)
    return results[0]
