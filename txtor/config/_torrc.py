# -*- test-case-name: txtor.test.config.test_torrc -*-
r"""
The text of a torrc, read and written without loss.

A torrc is kept as the pieces that it consists of, each with the very text that it was read from: one for each option with all
its continuation lines, one for each blank line or comment between. Only what is changed is written anew.

How tor reads it: an option is a word and the rest of the line. A value that begins with a quote is a CString, and nothing but a
comment may follow it. Another one ends at a ``#`` or at the end of the line, without the blanks around it; a backslash before the
end of the line joins the next one, and in what is so joined each ``#`` begins a comment up to the end of *its* line.
See tor(1), THE CONFIGURATION FILE FORMAT.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from txtor.errors import InvalidArgument, MalformedDocument, ProtocolViolation
from txtor.grammar import decode, encode, find_closing_quote, option_name, quote_cstring, unquote_cstring

_SPACE = " \t\r\v\f"
_NAME = re.compile(r"(?:[^\s#\\]|\\(?!\n))*", re.ASCII)
_STOP = re.compile(r"\\\n|#|\n")
_JOINTS = re.compile(r"#[^\n]*\n?|\\\n")
_PLAIN = frozenset(chr(byte) for byte in range(0x20, 0x7F)) - frozenset("#\\")

#: How many bytes a torrc may have.
MAX_SIZE = 16 * 1024 * 1024


@dataclass(frozen=True)
class TorrcLine:
    """
    A piece of a torrc.

    :ivar text: what it was read from, or what was written, with its line ends.
    :ivar name: the option as it is spelled, without ``+`` and ``/``; ``"%include"``; ``None`` for a blank line or comment.
    :ivar value: the value as tor reads it, perhaps empty; ``None`` where there is no option.
    :ivar prefix: ``"+"`` where the value is added to those of other files, ``"/"`` where the option is cleared, else empty.
    """

    text: str
    name: str | None = None
    value: str | None = None
    prefix: str = ""


def format_value(value: str) -> str:
    """
    A value as it stands in a torrc: quoted where it would be read as something else.

    :raises InvalidArgument: it holds what tor cannot take.
    """
    quoted = quote_cstring(value)
    plain = not value or (_PLAIN.issuperset(value) and value[0] not in ' "' and value[-1] != " ")
    return value if plain else quoted


def format_line(name: str, value: str, prefix: str = "") -> str:
    """
    A line of a torrc, pure ASCII.

    :raises InvalidArgument: the name is none, or the value holds what tor cannot take.
    """
    if prefix not in ("", "+", "/"):
        raise InvalidArgument(f"What stands before an option is + or /, not {prefix[:20]!r}.")
    if name != "%include":
        option_name(name)
    return f"{prefix}{name} {format_value(value)}".rstrip(" ") + "\n"


class Torrc:
    """
    The text of a torrc: ``str()`` gives it, unchanged but for what was changed.

    :param lines: its pieces.
    """

    def __init__(self, lines: Iterable[TorrcLine] = ()) -> None:
        self._lines = list(lines)

    def __repr__(self) -> str:
        return f"<Torrc of {sum(line.name is not None for line in self._lines)} options>"  # values may be secret

    def __str__(self) -> str:
        return "".join(line.text for line in self._lines)

    def __iter__(self) -> Iterator[TorrcLine]:
        return iter(list(self._lines))

    def __bytes__(self) -> bytes:
        return encode(str(self))

    @classmethod
    def parse(cls, text: str | bytes) -> Torrc:
        """
        Read a torrc. What its options mean is not looked at, and no file that it includes.

        :param text: text or bytes; bytes that are not UTF-8 are surrogates in ``str()`` and come back by ``bytes()``.
        :raises MalformedDocument: Tor could not read it; the error has the number of the line.
        :raises InvalidArgument: it is no text, or longer than `MAX_SIZE`.
        """
        if isinstance(text, bytes):
            text = decode(text)
        if not isinstance(text, str):
            raise InvalidArgument(f"A torrc is text or bytes, not {type(text).__name__}.")
        if len(text) > MAX_SIZE:
            raise InvalidArgument(f"A torrc of more than {MAX_SIZE} characters is not read.")
        return cls(_pieces(text))

    def get(self, option: str) -> list[str]:
        """
        The values of an option, in any capitals, in order. Those that are only cleared (``/Option``) are left out.
        """
        return [value for name, value in self.pairs() if name.lower() == option.lower()]

    def pairs(self) -> list[tuple[str, str]]:
        """
        All options and their values in order, without files that are included and options that are cleared.
        """
        return [
            (line.name, line.value or "")
            for line in self._lines
            if line.name is not None and line.name != "%include" and line.prefix != "/"
        ]

    @property
    def includes(self) -> list[str]:
        """
        What ``%include`` names, in order.
        """
        return [line.value or "" for line in self._lines if line.name == "%include"]

    def set(self, option: str, *values: str) -> None:
        """
        Give an option new values. Lines that say already what they shall stay as they are, comments and all; the others
        are replaced where they stand.

        :param values: none to remove the option.
        :raises InvalidArgument: the name is none, or a value holds what tor cannot take.
        """
        new = [TorrcLine(format_line(option, value), option, value) for value in values]
        lines: list[TorrcLine] = []
        place: int | None = None
        for line in self._lines:
            if line.name is None or line.name.lower() != option.lower():
                lines.append(line)
                continue
            if new:
                wanted = new.pop(0)
                lines.append(line if (line.value, line.prefix) == (wanted.value, "") else wanted)
                place = len(lines)
        self._lines = lines
        self._insert(len(lines) if place is None else place, new)

    def add(self, option: str, value: str, prefix: str = "") -> None:
        """
        Put a line at the end.

        :param prefix: ``"+"`` to add to what other files say, ``"/"`` to clear it.
        :raises InvalidArgument: the name is none, or the value holds what tor cannot take.
        """
        self._insert(len(self._lines), [TorrcLine(format_line(option, value, prefix), option, value, prefix)])

    def _insert(self, place: int, lines: list[TorrcLine]) -> None:
        if lines and place:
            last = self._lines[place - 1]
            self._lines[place - 1] = TorrcLine(_ended(last.text), last.name, last.value, last.prefix)
        self._lines[place:place] = lines


# -- reading ----------------------------------------------------------------------------------------------------------


def _pieces(text: str) -> Iterator[TorrcLine]:
    at = number = 0
    if "\0" in text:
        raise MalformedDocument("torrc", "a NUL ends it for tor", text.count("\n", 0, text.index("\0")) + 1)
    while at < len(text):
        start = _skip(text, at, _SPACE)
        if start == len(text) or text[start] in "#\n":
            end = _line_end(text, start)
            yield TorrcLine(text[at:end])
        else:
            prefix, name, value, end = _option(text, start, number + 1)
            yield TorrcLine(text[at:end], name, value, prefix)
        number += text.count("\n", at, end)
        at = end


def _option(text: str, start: int, number: int) -> tuple[str, str, str, int]:
    """
    Read an option.

    :param number: the number of its line, for errors.
    :return: its prefix, name and value, and where the next piece begins.
    """
    prefix = text[start] if text[start] in "+/" else ""
    match = _NAME.match(text, start)
    assert match is not None  # it may be empty
    name = match[0][len(prefix) :]
    if not name:
        raise MalformedDocument("torrc", "there is no name of an option", number)
    at = _skip(text, match.end(), " \t")
    if text[at : at + 1] == '"':
        value, end = _quoted(text, at, number)
    else:
        value, end = _unquoted(text, at)
    return prefix, name, value, end


def _quoted(text: str, at: int, number: int) -> tuple[str, int]:
    end = find_closing_quote(text, at)
    if end < 0:
        raise MalformedDocument("torrc", "a quote is not closed", number)
    try:
        value = unquote_cstring(text[at : end + 1])
    except ProtocolViolation:
        raise MalformedDocument("torrc", "a quoted value has an escape that does not exist", number) from None
    if "\n" in text[at:end]:
        raise MalformedDocument("torrc", "a quote is not closed on its line", number)
    if "\0" in value:
        raise MalformedDocument("torrc", "a quoted value holds a NUL", number)
    behind = _skip(text, end + 1, " \t")
    if text.startswith("\r\n", behind):
        behind += 1
    if text[behind : behind + 1] not in ("", "#", "\n"):
        raise MalformedDocument("torrc", "something stands behind a quoted value", number)
    return value, _line_end(text, behind)


def _unquoted(text: str, at: int) -> tuple[str, int]:
    """
    Read a value that is not quoted, over all lines that are joined to its first.

    :return: the value, and where the next piece begins.
    """
    here = at
    joined = False
    while (match := _STOP.search(text, here)) is not None:
        if match[0] == "\\\n":
            joined = True
            here = match.end()
        elif match[0] == "#" and joined:
            here = _line_end(text, match.start())
        else:
            break
    stop = len(text) if match is None else match.start()
    raw = text[at:stop].rstrip(_SPACE + "\n")
    return _JOINTS.sub("", raw) if joined else raw, _line_end(text, stop)


def _ended(text: str) -> str:
    """
    A piece, which may be the last of its file, so that another can follow and its value stays what it is.
    """
    if not text.endswith("\n"):
        text += " \n" if text.endswith("\\") else "\n"  # a backslash would join what follows
    return text if len(list(_pieces(f"{text}x"))) > 1 else f"{text}\n"


def _skip(text: str, at: int, characters: str) -> int:
    while at < len(text) and text[at] in characters:
        at += 1
    return at


def _line_end(text: str, at: int) -> int:
    """
    Where the line after this one begins.
    """
    end = text.find("\n", at)
    return len(text) if end < 0 else end + 1
