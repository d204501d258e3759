"""
How tor 0.4.9 reads what is written to its control port: an oracle for tests, written from what tor was seen to do and from
nothing in `txtor.grammar`.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from txtor.grammar import Reply, ReplyLine, parse_reply_line

#: By command: how many positional arguments at most, and whether ``KEY=value`` arguments may follow them.
SYNTAX: dict[str, tuple[int, bool]] = {
    "ADD_ONION": (1, True),
    "ATTACHSTREAM": (2, True),
    "AUTHCHALLENGE": (2, False),
    "AUTHENTICATE": (1, False),
    "CLOSECIRCUIT": (1 << 30, False),
    "CLOSESTREAM": (1 << 30, False),
    "DEL_ONION": (1, False),
    "DROPGUARDS": (0, False),
    "DROPOWNERSHIP": (0, False),
    "DROPTIMEOUTS": (0, False),
    "EXTENDCIRCUIT": (1 << 30, True),
    "GETCONF": (1 << 30, False),
    "GETINFO": (1 << 30, False),
    "HSFETCH": (1, True),
    "MAPADDRESS": (1 << 30, False),
    "ONION_CLIENT_AUTH_ADD": (2, True),
    "ONION_CLIENT_AUTH_REMOVE": (1, False),
    "ONION_CLIENT_AUTH_VIEW": (1, False),
    "PROTOCOLINFO": (1 << 30, False),
    "QUIT": (1 << 30, False),
    "REDIRECTSTREAM": (1 << 30, False),
    "RESOLVE": (1 << 30, True),
    "SAVECONF": (1 << 30, False),
    "SETCIRCUITPURPOSE": (1 << 30, True),
    "SETEVENTS": (1 << 30, False),
    "SETROUTERPURPOSE": (1 << 30, False),
    "SIGNAL": (1, False),
    "TAKEOWNERSHIP": (0, False),
    "USEFEATURE": (1 << 30, False),
    "RESETCONF": (0, True),
    "SETCONF": (0, True),
}

#: The commands with a data block.
WITH_DATA: dict[str, tuple[int, bool]] = {"HSPOST": (0, True), "LOADCONF": (0, False), "POSTDESCRIPTOR": (0, True)}

_C_ESCAPES = {ord("n"): b"\n", ord("r"): b"\r", ord("t"): b"\t", ord("\\"): b"\\", ord('"'): b'"', ord("'"): b"'"}


class Heard(NamedTuple):
    """
    One command as tor understood it.
    """

    keyword: str
    positional: list[bytes]
    keywords: list[tuple[bytes, bytes | None]]
    data: bytes | None


class Misunderstood(Exception):
    """
    What tor would answer with an error of syntax, or wait for ever to be completed.
    """


def heard_by_tor(wire: bytes) -> list[Heard]:
    """
    Every command in what was written, one after the other.
    """
    commands = []
    while wire:
        line, newline, wire = wire.partition(b"\n")
        if not newline:
            raise Misunderstood("the line does not end")
        line = line.removesuffix(b"\r").partition(b"\0")[0]
        data = None
        if line.startswith(b"+"):
            data, wire = _block(wire)
            line = line[1:]
        commands.append(_command(line, data))
    return commands


def _block(wire: bytes) -> tuple[bytes, bytes]:
    lines = []
    while True:
        line, newline, wire = wire.partition(b"\n")
        if not newline:
            raise Misunderstood("the data do not end")
        line = line.removesuffix(b"\r")
        if line == b".":
            break
        lines.append(line.removeprefix(b"."))
    if not lines:
        raise Misunderstood("Empty body")
    return b"\n".join(lines), wire


def _command(line: bytes, data: bytes | None) -> Heard:
    match = re.match(rb"[^ \t\r\n\v\f]*", line)
    assert match is not None
    keyword = match.group().decode("latin-1").upper()
    known = SYNTAX if data is None else WITH_DATA
    if keyword not in known:
        raise Misunderstood(f"Unrecognized command {keyword}")
    rest = line[match.end() :].strip(b" \t\r\n\v")
    maximum, takes_keywords = known[keyword]
    if keyword in ("SETCONF", "RESETCONF"):
        return Heard(keyword, [], _options(rest), data)
    words = [word for word in rest.split(b" ") if word]
    if not takes_keywords:
        if len(words) > maximum:
            raise Misunderstood(f"Cannot accept more than {maximum} arguments")
        return Heard(keyword, words, [], data)
    positional = [] if maximum < 1 << 30 else [word for word in words if b"=" not in word]
    keywords = words[maximum:] if maximum < 1 << 30 else [word for word in words if b"=" in word]
    if maximum < 1 << 30:
        positional = words[:maximum]
    pairs: list[tuple[bytes, bytes | None]] = []
    for part in keywords:
        for word in re.split(rb"[ \t\r\n\v]+", part):
            if b'"' in word or b"=" not in word:
                raise Misunderstood("Cannot parse keyword argument(s)")
            key, _, value = word.partition(b"=")
            pairs.append((key, value))
    return Heard(keyword, positional, pairs, data)


def _options(rest: bytes) -> list[tuple[bytes, bytes | None]]:
    """
    The options of SETCONF: bare keys, keys with bare values, keys with CStrings.
    """
    pairs: list[tuple[bytes, bytes | None]] = []
    at = 0
    while at < len(rest):
        if rest[at : at + 1] in (b" ", b"\t", b"\r", b"\n", b"\v"):
            at += 1
            continue
        match = re.compile(rb"[^= \t\r\n\v]*").match(rest, at)
        assert match is not None
        key, at = match.group(), match.end()
        if rest[at : at + 1] != b"=":
            pairs.append((key, None))
            continue
        at += 1
        if rest[at : at + 1] == b'"':
            value, at = _cstring(rest, at)
        else:
            match = re.compile(rb"[^ \t\r\n\v]*").match(rest, at)
            assert match is not None
            value, at = match.group(), match.end()
        pairs.append((key, value))
    return pairs


def _cstring(rest: bytes, at: int) -> tuple[bytes, int]:
    value = b""
    at += 1
    while at < len(rest):
        byte = rest[at]
        if byte == ord('"'):
            return value, at + 1
        if byte != ord("\\"):
            value += bytes([byte])
            at += 1
            continue
        escape = rest[at + 1 : at + 4]
        octal = re.match(rb"[0-7]{1,3}", escape)
        if octal:
            code = int(octal.group(), 8)
            if not 0 < code < 256:
                raise Misunderstood("no such octal escape")
            value += bytes([code])
            at += 1 + len(octal.group())
        elif escape[:1] == b"x":
            value += bytes([int(rest[at + 2 : at + 4], 16)])
            at += 4
        elif escape and escape[0] in _C_ESCAPES:
            value += _C_ESCAPES[escape[0]]
            at += 2
        else:
            raise Misunderstood("no such escape")
    raise Misunderstood("the string does not end")


def reply(*lines: str | tuple[str, bytes]) -> Reply:
    """
    A reply from its lines as they stand on the wire: text, or a pair of the head of a data block and its content.
    """
    found = []
    for line in lines:
        head, data = (line, None) if isinstance(line, str) else line
        status, _, text = parse_reply_line(head)
        found.append(ReplyLine(status, text, data))
    return Reply(found)
