# -*- test-case-name: txtor.test.process.test_launch -*-
"""
Calling what a caller gave us, whose failure is his own.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any, Protocol

from twisted.internet.defer import Deferred
from twisted.logger import Logger

_log = Logger()


class Writable(Protocol):
    """
    What takes a copy of tor's output, as an open text file.
    """

    def write(self, text: str, /) -> object:
        """
        Take some text.
        """


def copy(output: Writable | None, data: bytes) -> None:
    """
    Write some output to a file of the caller's. Its failure is logged.
    """
    if output is not None:
        try:
            output.write(data.decode("utf-8", "replace"))
        except Exception:  # the caller's file, which must not stop the reading
            _log.failure("A copy of tor's output could not be written")


def tell(listener: Callable[..., object], *arguments: Any) -> None:
    """
    Call a function of the caller's, which may return a Deferred or coroutine. Its failure is logged.
    """
    try:
        result = listener(*arguments)
    except Exception:  # a listener's failure harms nobody else
        _log.failure("A listener failed: {listener!r}", listener=listener)
        return
    if isinstance(result, Coroutine):
        result = Deferred.fromCoroutine(result)
    if isinstance(result, Deferred):
        result.addErrback(lambda failure: _log.failure("A listener failed: {listener!r}", failure, listener=listener))
