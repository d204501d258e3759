# -*- test-case-name: txtor.test.control.test_blocks -*-
"""
Data blocks as they arrive: nothing is looked at but each new chunk, for the line that ends the block.
"""

from __future__ import annotations

from collections.abc import Callable

from txtor.errors import ProtocolViolation
from txtor.grammar import unstuff

_TERMINATOR = b"\r\n.\r\n"


class Block:
    """
    A block that is kept until it is complete.

    :param limit: how many bytes it may hold.
    """

    __slots__ = ("_limit", "_pieces", "_size", "_tail")

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._pieces: list[bytes] = []
        self._size = 0
        # The CR LF of the head line is half of the terminator of an empty block.
        self._tail = b"\r\n"

    def feed(self, data: bytes) -> bytes | None:
        """
        Take a chunk.

        :return: what follows the block, or ``None`` while it is not complete.
        :raises ProtocolViolation: the block is over its limit.
        """
        window = self._tail + data
        end = window.find(_TERMINATOR)
        if end < 0:
            self._size += len(data)
            if self._size > self._limit:
                raise ProtocolViolation(f"A data block is longer than the limit of {self._limit} bytes.")
            self._pieces.append(data)
            self._tail = window[-4:]
            return None
        self._pieces.append(data[: max(0, end - len(self._tail))])
        overlap = len(self._tail) - end  # how much of the terminator, or of the head's CR LF, is in earlier pieces
        content = b"".join(self._pieces)
        if overlap > 0:
            content = content[: max(0, len(content) - overlap)]
        self._pieces = [content]
        return window[end + len(_TERMINATOR) :]

    def content(self) -> bytes:
        """
        The complete block as a value.
        """
        return unstuff(self._pieces[0])


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
