# -*- test-case-name: txtor.test.grammar.test_reply -*-
"""
Replies and the lines that they are made of. See control-spec 2.3.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from txtor.errors import InvalidArgument, ProtocolViolation, TorRefused, refusal

from ._data import stuff
from ._text import encode

#: The status of a line that belongs to an event and to no command.
EVENT_STATUS = 650


class ReplyLine(NamedTuple):
    r"""
    One line of a reply: a MidReplyLine, a DataReplyLine or an EndReplyLine.

    :ivar status: three digits, as an integer.
    :ivar text: what stands behind the status and the ``-``, ``+`` or space.
    :ivar data: the data block of a DataReplyLine, its lines joined by LF; ``None`` for the other two.
    """

    status: int
    text: str
    data: bytes | None = None


class Reply:
    """
    A whole reply, or the lines of an event.

    Its lines may differ in their status: MAPADDRESS answers each mapping by itself.

    :ivar lines: the lines in order, at least one.
    """

    __slots__ = ("lines",)

    def __init__(self, lines: Sequence[ReplyLine]) -> None:
        self.lines = lines

    def __repr__(self) -> str:
        first = self.lines[0]
        more = f" and {len(self.lines) - 1} more" if len(self.lines) > 1 else ""
        return f"<Reply {first.status}{more}>"

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Reply):
            return NotImplemented
        return list(self.lines) == list(other.lines)

    def __hash__(self) -> int:
        return hash(tuple(self.lines))

    @property
    def status(self) -> int:
        """
        The status of the last line.
        """
        return self.lines[-1].status

    @property
    def text(self) -> str:
        """
        The text of the last line.
        """
        return self.lines[-1].text

    @property
    def is_success(self) -> bool:
        """
        Whether every line says 2xx.
        """
        return all(200 <= line.status < 300 for line in self.lines)

    def refusal(self, command: str = "") -> TorRefused:
        """
        The error for a reply that is not a success: the first refusing line gives the status and the text.

        :param command: the keyword of the command.
        """
        refusing = [line for line in self.lines if not 200 <= line.status < 300] or list(self.lines)
        text = "; ".join(line.text for line in refusing)
        return refusal(refusing[0].status, text, command, [(line.status, line.text) for line in self.lines])


def parse_reply_line(line: str) -> tuple[int, str, str]:
    """
    Take a line apart.

    :param line: one line without its CR LF.
    :return: the status, the separator (``-``, ``+`` or a space) and the text.
    :raises ProtocolViolation: the line does not begin with three digits and a separator. A line of three digits alone is
        an end line without text, as old tors sent.
    """
    status = line[:3]
    separator = line[3:4] or " "
    if not (len(status) == 3 and status.isascii() and status.isdigit() and separator in "-+ "):
        raise ProtocolViolation(f"Not a line of the control protocol: {line[:80]!r}")
    return int(status), separator, line[4:]


def format_reply(lines: Iterable[ReplyLine]) -> bytes:
    """
    Write a reply as tor does: the last line is an EndReplyLine, those before it Mid- and DataReplyLines.

    :raises InvalidArgument: the last line has data, or there are no lines: such a reply has no end.
    """
    before = list(lines)
    if not before or before[-1].data is not None:
        raise InvalidArgument("A reply must end with a line without data.")
    last = before.pop()
    parts = [
        b"%d-%s\r\n" % (line.status, encode(line.text))
        if line.data is None
        else b"%d+%s\r\n%s" % (line.status, encode(line.text), stuff(line.data))
        for line in before
    ]
    return b"".join([*parts, b"%d %s\r\n" % (last.status, encode(last.text))])
