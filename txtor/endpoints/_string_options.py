# -*- test-case-name: txtor.test.endpoints.test_client_string -*-
"""
Options of endpoint strings, read by a table.

A word that is not in the table is an error that names the nearest one that is: an option misspelt must not be an option left out.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from difflib import get_close_matches
from typing import Any, TypeAlias

from txtor.errors import InvalidArgument

#: Reads an option: is given the prefix of the string, the option's name and its text.
Reader: TypeAlias = "Callable[[str, str, str], Any]"

_YES = ("yes", "true", "on", "1")
_NO = ("no", "false", "off", "0")


def read_flag(prefix: str, name: str, text: str) -> bool:
    """
    Read ``yes`` or ``no``.

    :raises InvalidArgument: it is neither.
    """
    if text.lower() not in _YES + _NO:
        raise InvalidArgument(f"The option {name}= of {a(prefix)} string must be yes or no, not {text[:40]!r}.")
    return text.lower() in _YES


def read_port(prefix: str, name: str, text: str) -> int:
    """
    Read a port, 1 to 65535.

    :raises InvalidArgument: it is none.
    """
    if not (text.isascii() and text.isdigit() and len(text) <= 5 and 1 <= int(text) <= 65535):
        raise InvalidArgument(f"The {name} of {a(prefix)} string must be a number from 1 to 65535, not {text[:40]!r}.")
    return int(text)


def read_text(prefix: str, name: str, text: str) -> str:
    """
    Take the text as it is.
    """
    return text


def one_of(*words: str) -> Reader:
    """
    A reader of an option that can have these values.
    """
    return lambda prefix, name, text: choose(prefix, text, words, f"{name}=")


def a(prefix: str) -> str:
    """
    The kind of string, with its article.
    """
    return f"{'an' if prefix[0] in 'aeiou' else 'a'} {prefix}:"


def read_options(prefix: str, readers: Mapping[str, Reader], given: Mapping[str, str]) -> dict[str, Any]:
    """
    Read every option that was given.

    :raises InvalidArgument: there is no such option, or it cannot have the value.
    """
    names = tuple(readers)
    return {name: readers[choose(prefix, name, names, "The option")](prefix, name, text) for name, text in given.items()}


def choose(prefix: str, word: str, words: tuple[str, ...], what: str) -> str:
    """
    A word of a list, or an error that names the one that was probably meant.
    """
    if word in words:
        return word
    by_lower = {each.lower(): each for each in words}
    near = get_close_matches(word.lower(), by_lower, n=1, cutoff=0.5)
    meant = f" Did you mean {by_lower[near[0]]!r}?" if near else ""
    raise InvalidArgument(f"{what} {word[:40]!r} of {a(prefix)} string is none of: {', '.join(words)}.{meant}")


def take_positional(
    prefix: str, names: tuple[str, ...], args: tuple[str, ...], options: dict[str, str]
) -> tuple[str, ...]:
    """
    What stands first in a string or has names. It is taken out of the options.

    :param names: what they are called, in order.
    :raises InvalidArgument: one is missing or is there twice, or there are too many.
    """
    shape = ":".join((prefix, *names))
    if len(args) > len(names):
        raise InvalidArgument(
            f"{a(prefix).capitalize()} string is {shape} and options with names; {args[len(names)][:40]!r} is too much. "
            "A colon inside a value is written \\:."
        )
    given = dict(zip(names, args, strict=False))
    for name in names:
        if name in given and name in options:
            raise InvalidArgument(f"The {name} of {a(prefix)} string is given twice.")
        if name not in given and name not in options:
            raise InvalidArgument(f"{a(prefix).capitalize()} string needs a {name}: {shape}")
    return tuple(given.get(name) or options.pop(name, "") for name in names)
