# -*- test-case-name: txtor.test.directory.test_scale -*-
"""
Many files on several processors.
"""

from __future__ import annotations

import multiprocessing
import pathlib
import pickle
from concurrent.futures import Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from datetime import datetime, timezone
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from txtor.directory import Document, Progress, ServerDescriptor, map_documents, parse, verify_documents
from txtor.errors import CannotVerify, InvalidArgument, MalformedDocument, VerificationFailed

from .documents import EXIT_LIST, broken_descriptors, real


def nickname(document: Document) -> str:
    """
    What a worker makes of a descriptor.
    """
    assert isinstance(document, ServerDescriptor)
    return document.nickname


def fail(document: Document) -> None:
    """
    A function with a bug.
    """
    raise ZeroDivisionError(bytes(document)[:10])


class Inline(Executor):
    """
    An executor that does the work when it is handed out, and counts.
    """

    def __init__(self) -> None:
        self.submitted = 0

    def submit(self, fn: Any, /, *args: Any, **kwargs: Any) -> Future[Any]:
        self.submitted += 1
        future: Future[Any] = Future()
        try:
            future.set_result(fn(*args, **kwargs))
        except ZeroDivisionError as error:
            future.set_exception(error)
        return future


class Cluster:
    """
    What somebody else's cluster looks like from here: it has ``submit``, all that goes there and comes back is pickled, and it is
    no `Executor` of the standard library.
    """

    def submit(self, fn: Any, /, *args: Any) -> Future[Any]:
        """
        Do the work as a machine would that has only the bytes.
        """
        future: Future[Any] = Future()
        called, given = pickle.loads(pickle.dumps((fn, args)))
        future.set_result(pickle.loads(pickle.dumps(called(*given))))
        return future


class ScaleTests(SynchronousTestCase):
    """
    `map_documents` and `verify_documents`.
    """

    def files(self, count: int) -> list[pathlib.Path]:
        """
        Files of three descriptors each, of which the second is broken.
        """
        folder = pathlib.Path(self.mktemp())
        folder.mkdir()
        paths = [folder / f"{number:03}" for number in range(count)]
        for path in paths:
            path.write_bytes(broken_descriptors(3, 1))
        return paths

    def test_processes(self) -> None:
        """
        In a pool of processes every file is read, in order, and errors come back with their places.
        """
        paths = self.files(5)
        told: list[Progress] = []
        with ProcessPoolExecutor(2, multiprocessing.get_context("forkserver")) as executor:
            found = list(map_documents(executor, [paths[0].parent], nickname, pending=2, progress=told.append))
        self.assertEqual([result.path for result in found], list(map(str, paths)))
        self.assertEqual([len(result.results) for result in found], [2] * 5)
        error, place = found[3].errors[0]
        self.assertIsInstance(error, MalformedDocument)
        self.assertEqual(place.source, str(paths[3]))
        self.assertEqual(told[-1], Progress(5, 5, 10, 5))
        self.assertEqual([progress.done for progress in told], [1, 2, 3, 4, 5])

    def test_cluster(self) -> None:
        """
        Anything with ``submit`` will do, wherever it does the work.
        """
        cluster: Any = Cluster()
        found = list(map_documents(cluster, self.files(2), nickname))
        self.assertEqual([(len(result.results), len(result.errors)) for result in found], [(2, 1)] * 2)
        self.assertEqual(found[0].errors[0][0].document, "server descriptor")
        good = [reading.get() for reading in parse(real("server-descriptors"))]
        late = datetime(2090, 1, 1, tzinfo=timezone.utc)
        self.assertEqual([error for _, error in verify_documents(cluster, good)], [None] * len(good))
        self.assertTrue(all("expired" in str(error) for _, error in verify_documents(cluster, good, now=late)))

    def test_bounded(self) -> None:
        """
        No more is handed out than was allowed, and closing the iterator ends the run.
        """
        executor = Inline()
        results = map_documents(executor, self.files(9), nickname, pending=3)
        next(results)
        self.assertEqual(executor.submitted, 4)
        next(results)
        self.assertEqual(executor.submitted, 5)
        results.close()
        self.assertEqual(executor.submitted, 5)

    def test_failing_function(self) -> None:
        """
        A bug in the function is the caller's to see.
        """
        with self.assertRaises(ZeroDivisionError):
            list(map_documents(Inline(), self.files(2), fail))

    def test_arguments(self) -> None:
        """
        A path that is none, a type that is none, and empty bounds are mistakes.
        """
        paths = self.files(1)
        for arguments in ({"paths": [paths[0] / "x"]}, {"paths": paths, "type": "x"}, {"paths": paths, "pending": 0}):
            with self.assertRaises(InvalidArgument):
                list(map_documents(Inline(), function=nickname, **arguments))
        with self.assertRaises(InvalidArgument):
            list(verify_documents(Inline(), [], batch=0))

    def test_verify(self) -> None:
        """
        Good descriptors are good, a changed one is not, and what cannot be judged alone is neither.
        """
        good = [reading.get() for reading in parse(real("server-descriptors"))]
        changed = ServerDescriptor(bytes(good[0]).replace(b"\nbandwidth ", b"\nbandwidth 1"))
        documents: list[Document] = [*good, changed, *(reading.get() for reading in parse(EXIT_LIST))]
        told: list[Progress] = []
        with ThreadPoolExecutor(2) as executor:
            found = list(verify_documents(executor, documents, batch=2, pending=2, progress=told.append))
        self.assertEqual([document for document, _ in found], documents)
        self.assertEqual([error for _, error in found[:-2]], [None] * 7)
        self.assertIsInstance(found[-2][1], VerificationFailed)
        self.assertIsInstance(found[-1][1], CannotVerify)
        self.assertEqual(told[-1], Progress(9, None, 7, 2))

    def test_verify_in_processes(self) -> None:
        """
        Signatures are checked in other processes, at a time that the caller gives.
        """
        good = [reading.get() for reading in parse(real("server-descriptors"))]
        late = datetime(2090, 1, 1, tzinfo=timezone.utc)
        with ProcessPoolExecutor(2, multiprocessing.get_context("forkserver")) as executor:
            in_time = list(verify_documents(executor, good, batch=3))
            too_late = list(verify_documents(executor, good, batch=3, now=late))
        self.assertEqual([error for _, error in in_time], [None] * 7)
        self.assertTrue(all("expired" in str(error) for _, error in too_late))
