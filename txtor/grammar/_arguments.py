# -*- test-case-name: txtor.test.grammar.test_arguments -*-
"""
What stands behind a keyword on a line that tor sends: words, some of them ``KEY=value``, some of those quoted.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from txtor.errors import ProtocolViolation

from ._strings import find_closing_quote, unquote_cstring

#: A quote without a backslash of its own before it, and nothing or a space behind it.
_CLOSING_QUOTE = re.compile(r'(?<!\\)(?:\\\\)*"(?= |\Z)')

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

    A quoted string begins at the beginning of a word or behind its first ``=``, and ends at a quote that a space or the end
    follows, which also survives what tor quotes twice or without escaping (``DATA=""GET / HT""``). One that never ends is
    an ordinary word. Two spaces in a row have an empty word between them: an empty address in ADDRMAP is one.

    Joined by single spaces, the words are the text again.
    """
    words = text.split(" ")
    if '"' in text:
        for word in words:
            if '"' in word and not _is_whole(word):
                return _split_quoted_words(text)
    return words


def _opening_quote(word: str) -> int:
    """
    Where a quoted string begins in a word: at its beginning or behind its first ``=``; otherwise -1.
    """
    if word[:1] == '"':
        return 0
    behind = word.find("=") + 1
    return behind if behind and word[behind : behind + 1] == '"' else -1


def _is_whole(word: str) -> bool:
    """
    Whether a word that holds a quote needs nothing of what follows: the plain split was right there.
    """
    quote = _opening_quote(word)
    return quote < 0 or find_closing_quote(word, quote) == len(word) - 1


def _split_quoted_words(text: str) -> list[str]:
    """
    The words of a line in which a quoted string may hold spaces.
    """
    words: list[str] = []
    at = 0
    end = len(text)
    while at <= end:
        stop = text.find(" ", at)
        if stop < 0:
            stop = end
        quote = _opening_quote(text[at:stop])
        if quote >= 0:
            closing = _CLOSING_QUOTE.search(text, at + quote + 1)
            if closing is None:
                # None behind this one, so none behind a later one: not to look again keeps the work linear.
                return words + text[at:].split(" ")
            stop = closing.end()
        words.append(text[at:stop])
        at = stop + 1
    return words


def is_argument_key(text: str) -> bool:
    """
    Whether a text can stand before the ``=`` of a ``KEY=value``: letters, digits, ``_`` and ``-``.
    """
    return bool(text) and _KEY.issuperset(text)


def unquote_value(word: str) -> str:
    """
    What a word means: a quoted one without its quotes and escapes, any other as it stands.

    Some values tor quotes twice (``""GET / HT""``) and some without escaping: of the first, both pairs are taken away, and of
    the others, an escape that does not exist is kept. Nothing makes this fail.
    """
    if len(word) < 2 or word[0] != '"' or word[-1] != '"':
        return word
    if len(word) >= 4 and word[1] == '"' and word[-2] == '"':
        word = word[1:-1]
    return unquote_cstring(word, strict=False) if "\\" in word else word[1:-1]


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
        if equals and is_argument_key(key):
            if key not in keywords:
                keywords[key] = unquote_value(value)
        else:
            positional.append(unquote_value(word))
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
