# -*- test-case-name: txtor.test.grammar.test_arguments -*-
"""
What stands behind a keyword on a line that tor sends: words, some of them ``KEY=value``, some of those quoted.
"""

from __future__ import annotations

from typing import NamedTuple

from txtor.errors import ProtocolViolation

from ._strings import find_closing_quote, unquote_cstring

_KEY = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-")


class Arguments(NamedTuple):
    """
    The arguments of a line, told apart.

    :ivar positional: the words that are not ``KEY=value``, in order, quoted ones unquoted.
    :ivar keywords: by key, the value, unquoted. A key that comes twice has its first value.
    """

    positional: tuple[str, ...]
    keywords: dict[str, str]


def split_words(text: str) -> list[str]:
    """
    The words of a line, as they stand: split at each single space that is not inside a quoted string.

    A quoted string begins at the beginning of a word or behind a ``=``, and ends at a quote that a space or the end follows,
    which also survives what tor quotes twice or without escaping (``DATA=""GET / HT""``). One that never ends is
    an ordinary word. Two spaces in a row have an empty word between them: an empty address in ADDRMAP is one.

    Joined by single spaces, the words are the text again.
    """
    words = text.split(" ")
    if '"' not in text:
        return words
    joined = []
    at = 0
    end = len(text)
    while at <= end:
        stop = text.find(" ", at)
        if stop < 0:
            stop = end
        quote = text.find('"', at, stop)
        if quote == at or (quote > at and text[quote - 1] == "="):
            stop = _end_of_quoted(text, quote, stop)
        joined.append(text[at:stop])
        at = stop + 1
    return joined


def _end_of_quoted(text: str, quote: int, otherwise: int) -> int:
    """
    Where the word ends that a quoted string beginning at ``quote`` ends, or ``otherwise`` if it never does.
    """
    close = find_closing_quote(text, quote)
    while close >= 0:
        if close + 1 == len(text) or text[close + 1] == " ":
            return close + 1
        # A quote in the middle of a word: tor did not escape. Look for one that can be the end.
        at = text.find('"', close + 1)
        while at >= 0 and text[at - 1] == "\\":
            at = text.find('"', at + 1)
        close = at
    return otherwise


def _value(word: str) -> str:
    if len(word) > 1 and word[0] == '"' and word[-1] == '"':
        return unquote_cstring(word, strict=False)
    return word


def parse_arguments(text: str) -> Arguments:
    """
    Tell positional words and ``KEY=value`` words apart.

    A word is ``KEY=value`` if what stands before its first ``=`` is not empty and holds only letters, digits, ``_`` and ``-``.
    Nothing that tor or an application writes makes this fail: what looks like neither is positional.

    See control-spec 2.1.1 and 2.3, and the remark there that clients must tolerate more arguments than they know.
    """
    positional = []
    keywords: dict[str, str] = {}
    if not text:
        return Arguments((), keywords)
    for word in split_words(text):
        key, equals, value = word.partition("=")
        if equals and key and _KEY.issuperset(key):
            if key not in keywords:
                keywords[key] = _value(value) if value[:1] == '"' else value
        else:
            positional.append(_value(word) if word[:1] == '"' else word)
    return Arguments(tuple(positional), keywords)


def split_quoted(text: str) -> list[str]:
    """
    A list of quoted strings and bare words separated by spaces, unquoted: ``"127.0.0.1:9050" "unix:/a b/s"``.

    :raises ProtocolViolation: a quoted string does not end, or holds an escape that does not exist.
    """
    values = []
    for word in split_words(text):
        if word[:1] == '"':
            values.append(unquote_cstring(word))
        elif '"' in word:
            raise ProtocolViolation(f"A quote where none belongs: {text[:80]!r}")
        elif word:
            values.append(word)
    return values
