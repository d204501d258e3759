# -*- test-case-name: txtor.test.grammar.test_strings -*-
r"""
The two quoted codings of the control port, which are never mixed up.

A *QuotedString* has one escape, a backslash and any byte, which is that byte. tor reads it in AUTHENTICATE and AUTHCHALLENGE and
nowhere else. A *CString* has C's escapes; it is what tor reads in SETCONF and RESETCONF, and whatever tor itself quotes. See
control-spec 2.1.1.
"""

from __future__ import annotations

import re

from txtor.errors import InvalidArgument, ProtocolViolation

from ._text import decode, encode

_ESCAPES = {"\n": "\\n", "\r": "\\r", "\t": "\\t", "\\": "\\\\", '"': '\\"', "'": "\\'"}
_TO_CSTRING = {byte: f"\\{byte:03o}" for byte in range(256) if not 0x20 <= byte <= 0x7E}
_TO_CSTRING.update({ord(char): escape for char, escape in _ESCAPES.items()})
_FROM_CSTRING = {escape[1:].encode(): char.encode() for char, escape in _ESCAPES.items()}
_ESCAPED = re.compile(rb"\\(?:([0-7]{1,3})|x([0-9A-Fa-f]{2})|(.?))", re.DOTALL)
_ESCAPED_BYTE = re.compile(r"\\(.)", re.DOTALL)


def _to_bytes(value: str | bytes) -> bytes:
    if isinstance(value, bytes):
        data = value
    else:
        try:
            data = encode(value)
        except UnicodeEncodeError:
            raise InvalidArgument("A text with a lone surrogate cannot be sent.") from None
    if b"\0" in data:
        raise InvalidArgument("A NUL cannot be sent to Tor in any coding.")
    return data


def quote_cstring(value: str | bytes) -> str:
    """
    Write a CString, with its quotes. What is not printable ASCII becomes an escape, so the result fits in any line.

    :param value: a text, or bytes where they need not be UTF-8 (a path).
    :raises InvalidArgument: the value holds a NUL, which tor cannot take, or a surrogate that stands for no byte.

    See control-spec 2.1.1, CString.
    """
    return f'"{_to_bytes(value).decode("latin-1").translate(_TO_CSTRING)}"'


def unquote_cstring(text: str, strict: bool = True) -> str:
    """
    Read a CString, with its quotes.

    :param strict: ``False`` keeps an escape that does not exist as it stands: tor quotes some values without escaping them.
    :return: the value; bytes that are not UTF-8 are surrogates, as `decode` makes them.
    :raises ProtocolViolation: there are no quotes around it, or (when strict) an escape does not exist or a bare quote is inside.

    See control-spec 2.1.1, CString.
    """
    if len(text) < 2 or text[0] != '"' or text[-1] != '"':
        raise ProtocolViolation(f"Not a quoted string: {text[:80]!r}")
    inner = text[1:-1]
    if "\\" not in inner:
        if strict and '"' in inner:
            raise ProtocolViolation(f"A bare quote is inside a quoted string: {text[:80]!r}")
        return inner
    if strict and '"' in _ESCAPED_BYTE.sub("", inner):
        raise ProtocolViolation(f"A bare quote is inside a quoted string: {text[:80]!r}")

    def unescape(match: re.Match[bytes]) -> bytes:
        octal, hexadecimal, char = match.groups()
        if octal is not None and int(octal, 8) < 256:
            return bytes([int(octal, 8)])
        if hexadecimal is not None:
            return bytes([int(hexadecimal, 16)])
        if char in _FROM_CSTRING:
            return _FROM_CSTRING[char]
        if strict:
            raise ProtocolViolation(f"No such escape: {match.group().decode('latin-1')!r} in {text[:80]!r}")
        return match.group()

    return decode(_ESCAPED.sub(unescape, encode(inner)))


def quote_string(value: str | bytes) -> str:
    """
    Write a QuotedString, with its quotes.

    :raises InvalidArgument: the value holds CR, LF or NUL, which have no place in a QuotedString.

    See control-spec 2.1.1, QuotedString.
    """
    text = decode(_to_bytes(value))
    if "\r" in text or "\n" in text:
        raise InvalidArgument("A QuotedString cannot hold a line end.")
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def unquote_string(text: str) -> str:
    """
    Read a QuotedString, with its quotes: a backslash and a character are that character.

    :raises ProtocolViolation: the quotes are missing, or one stands inside without a backslash.

    See control-spec 2.1.1, QuotedString.
    """
    if len(text) < 2 or text[0] != '"' or find_closing_quote(text, 0) != len(text) - 1:
        raise ProtocolViolation(f"Not a quoted string: {text[:80]!r}")
    return _ESCAPED_BYTE.sub(r"\1", text[1:-1])


def find_closing_quote(text: str, start: int) -> int:
    """
    The index of the quote that ends the quoted string which begins at ``start``, or -1.

    Both codings escape a quote by a backslash.
    """
    at = start + 1
    while True:
        at = text.find('"', at)
        if at < 0:
            return -1
        backslashes = at - 1
        while backslashes > start and text[backslashes] == "\\":
            backslashes -= 1
        if (at - 1 - backslashes) % 2 == 0:
            return at
        at += 1
