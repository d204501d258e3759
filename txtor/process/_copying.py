# -*- test-case-name: txtor.test.process.test_launch -*-
"""
A copy of what tor says, for a file of the caller's.
"""

from __future__ import annotations

from typing import Protocol

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
