# -*- test-case-name: txtor.test.control.test_blocks -*-
"""
Data blocks as they arrive: nothing is looked at but each new chunk, for the line that ends the block.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from txtor.errors import ProtocolViolation

_TERMINATOR = b"\r\n.\r\n"
_ALL_BUT_ONE = len(_TERMINATOR) - 1
#: Where a line begins with a dot, or a CR ends no line. Most blocks have neither, but for the dot at their end.
_find_odd = re.compile(rb"\r(?:[^\n]|\n\.)").search


class Block:
    """
    A block that is kept until it is complete.

    One search finds its end and tells whether anything must be unstuffed. A chunk is tidied at once, while the processor has it.

    :param limit: how many bytes it may hold.
    """

    __slots__ = ("_limit", "_pieces", "_raw", "_size", "_tail")

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._size = 0
        self._pieces: list[bytes] = []
        self._raw: list[bytes] | None = None  # from where something is odd
        # What may be a part of the terminator. The CR LF of the head line is half of that of an empty block.
        self._tail = b"\r\n"

    def feed(self, data: bytes) -> bytes | None:
        """
        Take a chunk.

        :return: what follows the block, or ``None`` while it is not complete.
        :raises ProtocolViolation: the block is over its limit.
        """
        window = self._tail + data
        end = self._find_end(window)
        if end >= 0:
            self._keep(window[:end])
            return window[end + len(_TERMINATOR) :]
        self._size += len(data)
        if self._size > self._limit:
            raise ProtocolViolation(f"A data block is longer than the limit of {self._limit} bytes.")
        self._keep(window[:-_ALL_BUT_ONE])
        self._tail = window[-_ALL_BUT_ONE:]
        return None

    def _find_end(self, window: bytes) -> int:
        if self._raw is not None:
            return window.find(_TERMINATOR)
        odd = _find_odd(window)
        if odd is None:
            return -1
        end = window.find(_TERMINATOR, odd.start())
        if end != odd.start() and not _TERMINATOR.startswith(window[odd.start() :]):  # which is not known to be odd yet
            self._raw = []
        return end

    def _keep(self, piece: bytes) -> None:
        if self._raw is None:
            self._pieces.append(piece.translate(None, b"\r"))
        else:
            self._raw.append(piece)

    def content(self) -> bytes:
        """
        The complete block as a value.
        """
        if self._raw is not None:
            self._pieces.append(b"".join(self._raw).replace(b"\r\n.", b"\r\n").replace(b"\r\n", b"\n"))
        pieces = [piece for piece in self._pieces if piece]
        if pieces:
            pieces[0] = pieces[0][1:]  # the end of the head line
        return b"".join(pieces)


class LineBlock:
    """
    A block whose lines are handed on as they arrive and not kept.

    :param line_received: called with each line, its added dot removed, without its end.
    :param limit: how many bytes one line may hold.
    """

    __slots__ = ("_limit", "_line_received", "_rest", "failure")

    def __init__(self, line_received: Callable[[bytes], object], limit: int) -> None:
        self._line_received = line_received
        self._limit = limit
        self._rest = b""
        #: What the caller's function raised; it is not called again.
        self.failure: Exception | None = None

    def feed(self, data: bytes) -> bytes | None:
        """
        Take a chunk, as `Block.feed` does.
        """
        lines = (self._rest + data).split(b"\r\n")
        rest = lines.pop()
        for index, line in enumerate(lines):
            if line == b".":
                self._rest = b""
                return b"\r\n".join([*lines[index + 1 :], rest])
            self._hand_on(line[1:] if line.startswith(b".") else line)
        if len(rest) > self._limit:
            raise ProtocolViolation(f"A line of a data block is longer than the limit of {self._limit} bytes.")
        self._rest = rest
        return None

    def _hand_on(self, line: bytes) -> None:
        if self.failure is None:
            try:
                self._line_received(line)
            except Exception as error:  # the caller's code: its command fails, the connection stays
                self.failure = error

    def content(self) -> bytes:
        """
        Nothing: the lines have gone to the caller.

        :raises Exception: what the caller's function raised.
        """
        return b""
