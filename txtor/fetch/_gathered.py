# -*- test-case-name: txtor.test.fetch.test_client -*-
"""
What directory servers have answered to a query so far, and in the end.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from txtor.directory import ConsensusDiff, DirectoryQuery, Document, Refused
from txtor.errors import DirectoryServerError, DirectoryUnavailable, DocumentError, TorError

from ._answer import Answered


@dataclass(frozen=True)
class Fetched:
    """
    What directory servers answered.

    :ivar matched: the documents that were asked for. That they were does not make them true.
    :ivar missing: the fingerprints or digests for which none came from any server.
    :ivar refused: what else came, each with the reason why it is not taken.
    :ivar broken: why documents could not be read.
    :ivar diffs: the differences of which consensuses were made that were sent so, from `DirectoryQuery.base`.
    :ivar servers: those that sent something that was asked for.
    :ivar failures: by server, why another did not.
    """

    matched: tuple[Any, ...]
    missing: frozenset[str]
    refused: tuple[Refused, ...]
    broken: tuple[DocumentError, ...]
    diffs: tuple[ConsensusDiff, ...]
    servers: tuple[str, ...]
    failures: tuple[tuple[str, TorError], ...]


class Gathered:
    """
    What has come so far for a query.

    :ivar broken: why documents, or differences, could not be read.
    """

    def __init__(self, query: DirectoryQuery) -> None:
        self.broken: list[DocumentError] = []
        self._query = query
        self._documents: dict[Document, None] = {}
        self._diffs: list[ConsensusDiff] = []
        self._servers: list[str] = []
        self._failures: list[tuple[str, TorError]] = []
        self._answer = query.accept(())

    def take(self, server: str, answered: Answered) -> None:
        """
        A server answered with documents.
        """
        before = len(self._answer.matched)
        readings, diff = answered
        documents = answered.documents
        self._documents.update(dict.fromkeys(documents))
        broken = [reading.error for reading in readings if reading.error is not None]
        self.broken += broken
        self._answer = self._query.accept(self._documents)
        if len(self._answer.matched) > before:
            self._servers.append(server)
            self._diffs += [] if diff is None else [diff]
            return
        refused = [refused.reason for refused in self._answer.refused if refused.document in documents[:16]]
        reasons = [str(error) for error in broken] + refused
        told = "; ".join(reasons[:3]) or "an empty answer"
        self.fail(server, DirectoryServerError(f"it sent nothing that was asked for: {told}"))

    def fail(self, server: str, error: TorError) -> None:
        """
        A server sent nothing of use.
        """
        self._failures.append((server, error))

    @property
    def is_complete(self) -> bool:
        return bool(self._answer.matched) and not self._answer.missing

    def result(self) -> Fetched:
        """
        :raises DirectoryUnavailable: nothing that was asked for has come.
        """
        matched, refused, missing = self._answer
        if not matched:
            raise DirectoryUnavailable(self._query.path(), self._failures)
        told = (tuple(self.broken), tuple(self._diffs), tuple(self._servers), tuple(self._failures))
        return Fetched(matched, missing, refused, *told)
