# -*- test-case-name: txtor.test.test_listener -*-
"""
Calling what a caller gave us, whose failure is his own: it is logged, and harms nobody else.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any

from twisted.internet.defer import Deferred
from twisted.logger import Logger

_log = Logger()


def watch_result(log: Logger, message: str, result: object, **told: Any) -> None:
    """
    A listener may return a Deferred or a coroutine; its failure is logged as one that is raised.

    :param log: who logs it.
    :param message: what is logged, as a format of the logger.
    :param told: what the format names.
    """
    if isinstance(result, Coroutine):
        result = Deferred.fromCoroutine(result)
    if isinstance(result, Deferred):
        result.addErrback(lambda failure: log.failure(message, failure, **told))


def tell(listener: Callable[..., object], *arguments: Any) -> None:
    """
    Call a function of the caller's, which may return a Deferred or coroutine. Its failure is logged.
    """
    message = "A listener failed: {listener!r}"
    try:
        result = listener(*arguments)
    except Exception:  # a listener's failure harms nobody else
        _log.failure(message, listener=listener)
    else:
        watch_result(_log, message, result, listener=listener)
