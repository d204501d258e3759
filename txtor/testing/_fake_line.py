# -*- test-case-name: txtor.test.testing.test_fake_tor -*-
"""
How tor reads what a controller sends: an independent reader of control-spec 2.2, oddities of tor 0.4.9 included.
"""

from __future__ import annotations

from typing import NamedTuple

from txtor.errors import ProtocolViolation
from txtor.grammar import decode, unquote_cstring, unstuff

#: What tor strips at the ends of a command's arguments.
_BLANK = " \t\v\r\n"


class FakeCommand(NamedTuple):
    """
    A command as a Tor received it.

    :ivar keyword: in upper case, without ``+``.
    :ivar arguments: what follows it, stripped.
    :ivar data: the data block of a ``+`` command.
    """

    keyword: str
    arguments: str
    data: bytes | None = None

    @property
    def words(self) -> list[str]:
        """
        The arguments split at spaces, as tor splits positional ones.
        """
        return [word for word in self.arguments.split(" ") if word]

    @property
    def line(self) -> str:
        """
        The command as one text.
        """
        return f"{self.keyword} {self.arguments}".rstrip()

    def options(self) -> list[tuple[str, str | None]]:
        """
        The arguments of SETCONF and RESETCONF: names, each with its value, which tor reads as a CString when it is quoted.

        :raises ProtocolViolation: tor would answer that it cannot parse the arguments.
        """
        pairs: list[tuple[str, str | None]] = []
        rest = self.arguments
        while rest := rest.lstrip(_BLANK):
            end = next((i for i, char in enumerate(rest) if char in _BLANK or char == "="), len(rest))
            name, rest = rest[:end], rest[end:]
            if not rest.startswith("="):
                pairs.append((name, None))
                continue
            rest = rest[1:]
            if rest.startswith('"'):
                quoted, rest = _quoted(rest)
                pairs.append((name, unquote_cstring(quoted)))
            else:
                end = next((i for i, char in enumerate(rest) if char in _BLANK), len(rest))
                pairs.append((name, rest[:end]))
                rest = rest[end:]
        return pairs


def _quoted(text: str) -> tuple[str, str]:
    at = 1
    while at < len(text) and text[at] != '"':
        at += 2 if text[at] == "\\" else 1
    if at >= len(text):
        raise ProtocolViolation("a quoted value does not end")
    return text[: at + 1], text[at + 1 :]


class CommandReader:
    """
    From bytes to commands.
    """

    def __init__(self) -> None:
        self._rest = b""
        self._head: FakeCommand | None = None
        self._data: list[bytes] = []

    def feed(self, data: bytes) -> list[FakeCommand]:
        """
        Take a chunk.

        :return: the commands that are complete.
        """
        *lines, self._rest = (self._rest + data).split(b"\n")
        complete = []
        for raw in lines:
            line = raw.removesuffix(b"\r")
            if self._head is None:
                command = _head(line)
                if line.startswith(b"+"):
                    self._head = command
                else:
                    complete.append(command)
            elif line == b".":
                block = b"\r\n".join(self._data)
                complete.append(self._head._replace(data=unstuff(block) + b"\n" if self._data else b""))
                self._head, self._data = None, []
            else:
                self._data.append(line)
        return complete


def _head(line: bytes) -> FakeCommand:
    text = decode(line.split(b"\0", 1)[0]).removeprefix("+")
    end = next((i for i, char in enumerate(text) if char in _BLANK), len(text))
    return FakeCommand(text[:end].upper(), text[end:].strip(_BLANK))
