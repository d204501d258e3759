# -*- test-case-name: txtor.test.commands.test_info -*-
"""
GETINFO: control-spec 3.9. Programs ask it more often than anything else, so it is kept cheap.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NoReturn

from txtor.errors import ProtocolViolation
from txtor.grammar import Reply, ReplyLine, decode, encode

from ._command import MAX_COMMAND_SIZE, line, several


class _Question:
    """
    A GETINFO command, but for the form of its values.

    :ivar keys: as they were given, in a tuple.
    """

    __slots__ = ("keys",)

    keyword = "GETINFO"

    def __init__(self, keys: Iterable[str]) -> None:
        self.keys = several(keys, "A key of GETINFO")

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.keys!r})"

    def __eq__(self, other: object) -> bool:
        return type(other) is type(self) and isinstance(other, _Question) and other.keys == self.keys

    def __hash__(self) -> int:
        return hash((type(self), self.keys))

    def to_wire(self) -> bytes:
        """
        The whole command.

        :raises InvalidArgument: it is too long.
        """
        wire = f"GETINFO {' '.join(self.keys)}\r\n".encode()
        return wire if 10 < len(wire) <= MAX_COMMAND_SIZE else line("GETINFO", *self.keys)

    def _answers(self, reply: Reply) -> Iterator[tuple[str, ReplyLine]]:
        """
        Each key with the line that answers it.

        Tor repeats the keys as they were asked, in order, each as often as it was asked.

        :raises TorRefused: the reply is no success.
        :raises ProtocolViolation: it answers another question.
        """
        keys, lines = self.keys, reply.lines
        if len(lines) != len(keys) + 1 or not 200 <= lines[-1].status < 300:
            self._complain(reply)
        for key, answer in zip(keys, lines, strict=False):
            if not answer.text.startswith(key + "=") or not 200 <= answer.status < 300:
                self._complain(reply)
            yield key, answer

    def _complain(self, reply: Reply) -> NoReturn:
        if not reply.is_success:
            raise reply.refusal("GETINFO")
        answered = ", ".join(reply_line.text.partition("=")[0][:80] for reply_line in reply.lines[:-1][:10])
        raise ProtocolViolation(f"GETINFO of {len(self.keys)} keys was answered with other values ({answered}).")


class GetInfo(_Question):
    """
    Ask Tor for values, as text.

    The reply is a dictionary by the keys as they were asked. In a value of several lines they are joined by LF, without
    a final one; bytes that are not UTF-8 are surrogates. `GetInfoBytes` gives the bytes, `parse_info` types.

    One key that fails fails all. Tor 0.4.9 aborts, where it is a directory authority, at ``downloads/desc/descs``.

    :param keys: as ``("version", "ns/all")``; Tor tells small and capital letters apart. None for an empty reply.
    :raises InvalidArgument: a key is empty, or holds more than printable ASCII without space and quote.

    See control-spec 3.9, GETINFO.
    """

    __slots__ = ()

    def parse_reply(self, reply: Reply) -> dict[str, str]:
        """
        Read the reply.

        :raises UnrecognizedEntity: Tor does not know a key.
        :raises InternalTorError: Tor cannot tell a value now.
        :raises ProtocolViolation: the reply answers other keys.
        """
        return {
            key: answer.text[len(key) + 1 :] if answer.data is None else decode(answer.data)
            for key, answer in self._answers(reply)
        }


class GetInfoBytes(_Question):
    """
    Ask Tor for values, as bytes; in all else as `GetInfo`.

    See control-spec 3.9, GETINFO.
    """

    __slots__ = ()

    def parse_reply(self, reply: Reply) -> dict[str, bytes]:
        """
        Read the reply, as `GetInfo.parse_reply` does.
        """
        return {
            key: encode(answer.text[len(key) + 1 :]) if answer.data is None else answer.data
            for key, answer in self._answers(reply)
        }
