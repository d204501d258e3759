# -*- test-case-name: txtor.test.directory.test_scale -*-
"""
Many files and many signatures, on as many processors as there are.

The work is given to an executor of the caller's choice, any of `concurrent.futures`, and its results come back in order. No more
work is handed out than can be done soon, so that neither files nor results pile up in memory. Closing the iterator ends the run:
what has not begun is cancelled.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from concurrent.futures import Executor, Future
from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from itertools import islice
from os import PathLike
from typing import Any, Generic, NamedTuple, TypeVar

from txtor.errors import CannotVerify, DocumentError, InvalidArgument

from ._document import Document
from ._extra_info import ExtraInfo
from ._key_certificate import KeyCertificate
from ._limits import FILE_LIMITS, Limits
from ._reading import find_files, parse
from ._server_descriptor import ServerDescriptor
from ._stream import Place

T = TypeVar("T")
R = TypeVar("R")
D = TypeVar("D", bound=Document)


class Progress(NamedTuple):
    """
    How far a run has come.

    :ivar done: files, or documents that were verified.
    :ivar total: of them all, or ``None`` where it is not known.
    :ivar documents: that were good.
    :ivar errors: that were not.
    """

    done: int
    total: int | None
    documents: int
    errors: int


@dataclass
class FileResult(Generic[R]):
    """
    What a file held.

    :ivar path: the file.
    :ivar results: of each document, what the function made of it; in order.
    :ivar errors: of each that could not be read, the error and its place.
    """

    path: str
    results: list[R] = field(default_factory=list)
    errors: list[tuple[DocumentError, Place]] = field(default_factory=list)


def _in_order(executor: Executor, calls: Iterable[Callable[[], R]], pending: int) -> Generator[R, None, None]:
    """
    The results of some calls, of which no more than so many are handed out at a time.
    """
    if pending < 1:
        raise InvalidArgument(f"At least one piece of work must be handed out, not {pending}.")
    rest = iter(calls)
    waiting: deque[Future[R]] = deque(executor.submit(call) for call in islice(rest, pending))
    try:
        while waiting:
            result = waiting.popleft().result()
            waiting.extend(executor.submit(call) for call in islice(rest, 1))
            yield result
    finally:
        for future in waiting:
            future.cancel()


def _map_file(
    path: str, function: Callable[[Any], R], kind: str | type[Document] | None, check: bool, limits: Limits
) -> FileResult[R]:
    """
    Read one file and call the function with each document: what a worker does.
    """
    found: FileResult[R] = FileResult(path)
    for reading in parse(path, kind, check=check, limits=limits):
        if reading.document is not None:
            found.results.append(function(reading.document))
        elif reading.error is not None:
            found.errors.append((reading.error, reading.place))
    return found


def map_documents(
    executor: Executor,
    paths: Iterable[str | PathLike[str]],
    function: Callable[[Any], R],
    *,
    type: str | type[Document] | None = None,  # noqa: A002  # the word of the annotation
    check: bool = True,
    limits: Limits = FILE_LIMITS,
    pending: int = 16,
    progress: Callable[[Progress], None] | None = None,
) -> Generator[FileResult[R], None, None]:
    """
    Call a function with every document of many files.

    :param executor: who does it; for a pool of processes, the function and its results must be such as can be pickled.
    :param paths: files, and folders all of whose files are read. They are listed when the run begins.
    :param function: called with each document, in the worker. What it raises ends the run, and comes out of the iterator.
    :param type: of which kind all documents are; without it each tells.
    :param check: whether documents are checked before the function sees them.
    :param limits: what may be read.
    :param pending: how many files are handed out at a time.
    :param progress: called after each file.
    :return: what each file held, in the order of the files.
    :raises InvalidArgument: there is no such type, or no file at a path.
    """
    files = [file for path in paths for file in find_files(path)]
    calls = [partial(_map_file, file, function, type, check, limits) for file in files]
    documents = errors = 0
    with closing(_in_order(executor, calls, pending)) as results:
        for done, result in enumerate(results, 1):
            documents += len(result.results)
            errors += len(result.errors)
            if progress is not None:
                progress(Progress(done, len(files), documents, errors))
            yield result


def _verify_batch(documents: Sequence[Document], now: datetime | None) -> list[DocumentError | None]:
    """
    Verify some documents: what a worker does.
    """
    return [_verify(document, now) for document in documents]


def _verify(document: Document, now: datetime | None) -> DocumentError | None:
    if not isinstance(document, ServerDescriptor | KeyCertificate | ExtraInfo):
        return CannotVerify(document.grammar.document, "alone it cannot be verified")
    # What is read of a document to verify it goes again with it: a batch of read ones is many times as large as its bytes.
    document = type(document)(document.raw)
    try:
        document.verify(now=document.published if now is None else now)
    except DocumentError as error:
        return error
    return None


def verify_documents(
    executor: Executor,
    documents: Iterable[D],
    *,
    now: datetime | None = None,
    batch: int = 64,
    pending: int = 16,
    progress: Callable[[Progress], None] | None = None,
) -> Generator[tuple[D, DocumentError | None], None, None]:
    """
    Verify the signatures of many documents.

    :param documents: of kinds that are verified alone: server descriptors and key certificates. Of others the outcome is
        `CannotVerify`, as of extra-infos whose Ed25519 signature is good.
    :param now: the time at which they must be good, or ``None`` for the time at which each was published.
    :param batch: how many a worker is given at a time.
    :param pending: how many batches are handed out at a time.
    :param progress: called after each batch.
    :return: each document in order, with ``None`` where it is good, or what is wrong with it.
    """
    if batch < 1:
        raise InvalidArgument(f"A batch holds at least one document, not {batch}.")
    handed: deque[list[D]] = deque()

    def calls() -> Iterator[Callable[[], list[DocumentError | None]]]:
        rest = iter(documents)
        while some := list(islice(rest, batch)):
            handed.append(some)
            yield partial(_verify_batch, some, now)

    done = errors = 0
    with closing(_in_order(executor, calls(), pending)) as outcomes:
        for outcome in outcomes:
            some = handed.popleft()
            done += len(some)
            errors += sum(error is not None for error in outcome)
            if progress is not None:
                progress(Progress(done, None, done - errors, errors))
            yield from zip(some, outcome, strict=True)
