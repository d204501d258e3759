# -*- test-case-name: txtor.test.grammar.test_checks -*-
"""
What may be put into a command. Everything that a caller hands to a command passes through here or is quoted.

tor reads most arguments raw, up to the next white space, and some characters split one argument into two or one line into two
commands. So a bare value holds only printable ASCII without a quote; whatever else is quoted where a CString is
read, and refused where none is.
"""

from __future__ import annotations

from txtor.errors import InvalidArgument

from ._text import encode
from ._tokens import is_fingerprint, is_nickname

_IDENTIFIER = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789")
_OPTION = _IDENTIFIER | {"_"}
_LINE_BREAKING = frozenset("\r\n\0\t\v\f")


def _shown(value: object) -> str:
    """
    How an error shows a value: its beginning if it is text, its type otherwise.
    """
    return repr(value[:80]) if isinstance(value, str) else type(value).__name__


def bare(value: str, what: str) -> str:
    """
    A value that stands in a command without quotes.

    :param what: how the error names it, as ``"the purpose"``.
    :raises InvalidArgument: it is empty or holds anything but printable ASCII without space and quote.
    """
    if not isinstance(value, str):
        raise InvalidArgument(f"{what} must be text, not {type(value).__name__}.")
    if not value or not (value.isascii() and value.isprintable()) or " " in value or '"' in value:
        raise InvalidArgument(
            f"{what} must be printable ASCII without spaces and quotes, since Tor reads it unquoted: {value[:80]!r}"
        )
    return value


def identifier(value: str | int, what: str) -> str:
    """
    The identifier of a circuit, stream or connection: 1 to 16 letters and digits.

    :param value: text, or a number that is not negative.
    :raises InvalidArgument: it is neither.

    See control-spec 2.1.1, CircuitID, StreamID, ConnID.
    """
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 10**16:
        return str(value)
    if not isinstance(value, str) or not 1 <= len(value) <= 16 or not _IDENTIFIER.issuperset(value):
        raise InvalidArgument(f"{what} must be 1 to 16 letters and digits: {_shown(value)}")
    return value


def option_name(value: str) -> str:
    """
    The name of a torrc option: ASCII letters, digits and underscores.

    :raises InvalidArgument: it is not.
    """
    if not isinstance(value, str) or not value or not _OPTION.issuperset(value):
        raise InvalidArgument(f"The name of an option holds letters, digits and underscores only: {_shown(value)}")
    return value


def fingerprint(value: str, what: str = "The fingerprint") -> str:
    """
    A relay's fingerprint as 40 upper-case hexadecimal digits.

    :param value: with or without ``$``, and with or without ``~nickname`` or ``=nickname`` behind it.
    :raises InvalidArgument: it is no fingerprint.
    """
    if isinstance(value, str):
        bare_value = value.removeprefix("$")
        digits, name = bare_value[:40], bare_value[40:]
        if is_fingerprint(digits) and (not name or (name[0] in "~=" and is_nickname(name[1:]))):
            return digits.upper()
    raise InvalidArgument(f"{what} must be 40 hexadecimal digits: {_shown(value)}")


def relay(value: str, what: str = "The relay") -> str:
    """
    A relay as tor reads one: ``$FINGERPRINT`` where a fingerprint is given (tor refuses ``$hex=nick``), or a nickname.

    :raises InvalidArgument: it is neither.

    See control-spec 2.1.1, ServerSpec.
    """
    if isinstance(value, str) and is_nickname(value) and not is_fingerprint(value):
        return value
    return "$" + fingerprint(value, what)


def check_line(text: str) -> bytes:
    """
    The bytes of a whole command line given by the caller, without its CR LF.

    :raises InvalidArgument: it is empty, begins with a space, holds a byte that ends or splits a line for tor (CR, LF, NUL,
        TAB, VT, FF), or a surrogate that stands for no byte.
    """
    if not isinstance(text, str):
        raise InvalidArgument(f"A command line must be text, not {type(text).__name__}.")
    if not text or text[0] == " " or not _LINE_BREAKING.isdisjoint(text):
        keyword = text.split(None, 1)[0][:20] if text.strip() else ""  # no more of it: an argument may be secret
        raise InvalidArgument(
            f"A command line must not be empty, begin with a space or hold control characters: {keyword!r}"
        )
    try:
        return encode(text)
    except UnicodeEncodeError:
        raise InvalidArgument("A text with a lone surrogate cannot be sent.") from None
