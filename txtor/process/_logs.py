# -*- test-case-name: txtor.test.process.test_logs -*-
"""
What tor prints while it starts: lines of its log, and what they say about bootstrapping. Pure functions.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import NamedTuple

#: How many bytes of one line are kept.
LONGEST_LINE = 4096

_LINE = re.compile(r"(?:\w{3} +\d{1,2} [\d:.]{8,15} )?\[(debug|info|notice|warn|err)\] (?:\{[A-Z]+\} )?(.*)", re.DOTALL)
_BOOTSTRAPPED = re.compile(r"Bootstrapped (\d{1,3})%(?: \(([\w-]+)\))?: ?(.*)", re.DOTALL)
_CONTROL = re.compile(r"Opened Control listener(?: connection)? \(ready\) on (.*)", re.DOTALL)


class LogLine(NamedTuple):
    """
    One line of tor's output.

    :ivar severity: ``"notice"``, ``"warn"``, ``"err"``...; empty where it is no line of the log.
    :ivar message: the text behind it, or the whole line.
    """

    severity: str
    message: str

    @property
    def is_warning(self) -> bool:
        """
        Whether tor complains.
        """
        return self.severity in ("warn", "err")


class Bootstrapped(NamedTuple):
    """
    How far tor has come.

    :ivar percent: 0 to 100.
    :ivar tag: the step, as ``"loading_descriptors"``; empty where tor did not tell.
    :ivar summary: the same in words.
    """

    percent: int
    tag: str
    summary: str


def parse_log_line(line: str) -> LogLine:
    """
    Take a line apart.
    """
    match = _LINE.fullmatch(line)
    return LogLine("", line) if match is None else LogLine(match[1], match[2])


def parse_bootstrapped(message: str) -> Bootstrapped | None:
    """
    How far tor has come, if this message says so.
    """
    match = _BOOTSTRAPPED.fullmatch(message)
    if match is None or int(match[1]) > 100:
        return None
    return Bootstrapped(int(match[1]), match[2] or "", match[3])


def parse_control_listener(message: str) -> str | None:
    """
    Where tor has opened a control port (``"127.0.0.1:9051"`` or a path), if this message says so.
    """
    match = _CONTROL.fullmatch(message)
    return None if match is None else match[1]


class LineSplitter:
    """
    From output, cut anywhere, to lines of bounded length. What is no UTF-8 becomes surrogates.

    :param line_received: takes each line.
    """

    def __init__(self, line_received: Callable[[str], None]) -> None:
        self._line_received = line_received
        self._partial = b""

    def feed(self, data: bytes) -> None:
        """
        Take some output.
        """
        *whole, partial = (self._partial + data).split(b"\n")
        self._partial = partial[:LONGEST_LINE]
        for line in whole:
            self._keep(line)

    def end(self) -> None:
        """
        There is no more: a line that does not end is one.
        """
        partial, self._partial = self._partial, b""
        if partial:
            self._keep(partial)

    def _keep(self, line: bytes) -> None:
        self._line_received(line[:LONGEST_LINE].decode("utf-8", "surrogateescape").rstrip("\r"))
