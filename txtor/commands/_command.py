# -*- test-case-name: txtor.test.commands.test_command -*-
"""
What a command is, and what all commands share.

A command is a value: it is checked when it is made, so that a mistake is told before a byte is sent, and it knows how to read its
own reply. What a caller hands to it is either quoted, where tor reads a CString, or may hold only what tor reads as a single
word. See control-spec 3.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar, NamedTuple, Protocol, TypeVar

from txtor.errors import InvalidArgument, TorRefused, refusal
from txtor.grammar import Reply, bare, encode, stuff

T_co = TypeVar("T_co", covariant=True)

#: How many bytes a command may have, its line end and its data included. tor 0.4.9 hangs up at one byte more.
MAX_COMMAND_SIZE = (1 << 20) - 1

#: Keeps the place of a secret in what Tor said about it.
HIDDEN = "[hidden]"


class Command(Protocol[T_co]):
    """
    A command of the control port, ready to be sent, and the way to read its reply.
    """

    @property
    def keyword(self) -> str:
        """
        The first word, in upper case and without ``+``: the name of the command in errors and logs, where its arguments never
        stand.
        """

    def to_wire(self) -> bytes:
        """
        The whole command: a line with its CR LF, and its data block where it has one.

        :raises InvalidArgument: it is longer than `MAX_COMMAND_SIZE`.
        """

    def parse_reply(self, reply: Reply) -> T_co:
        """
        Read the reply.

        :raises TorRefused: the reply is no success.
        :raises ProtocolViolation: it is one, but cannot be understood.
        """


class Outcome(NamedTuple):
    """
    A success of which there are several kinds.

    :ivar status: 250, done; 251, there was nothing to do or something was replaced; 252, done and more.
    :ivar text: what Tor said of it.
    """

    status: int
    text: str


class Acknowledged:
    """
    A command whose reply says no more than that it was done.
    """

    __slots__ = ()

    keyword: ClassVar[str]

    def parse_reply(self, reply: Reply) -> None:
        """
        Read the reply.

        :raises TorRefused: it is no success.
        """
        require_success(reply, self.keyword)


class Plain(Acknowledged):
    """
    A command without arguments.
    """

    __slots__ = ()

    def __repr__(self) -> str:
        return f"{type(self).__name__}()"

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other)

    def __hash__(self) -> int:
        return hash(type(self))

    def to_wire(self) -> bytes:
        """
        The whole command.
        """
        return line(self.keyword)


# -- towards tor ------------------------------------------------------------------------------------------------------


def line(*words: str) -> bytes:
    """
    A command of one line.

    :param words: each already quoted, or checked to be bare; empty ones are left out.
    :raises InvalidArgument: it is too long.
    """
    return _within_limit(encode(" ".join(filter(None, words))) + b"\r\n", words[0].partition(" ")[0])


def line_with_data(words: Iterable[str], data: bytes) -> bytes:
    """
    A ``+COMMAND`` with its data block.

    :raises InvalidArgument: it is too long.
    """
    head = " ".join(filter(None, words))
    return _within_limit(b"+%s\r\n%s" % (encode(head), stuff(data)), head.partition(" ")[0])


def _within_limit(wire: bytes, keyword: str) -> bytes:
    if len(wire) > MAX_COMMAND_SIZE:
        raise InvalidArgument(f"{keyword} would be {len(wire)} bytes long; Tor takes at most {MAX_COMMAND_SIZE} and hangs up.")
    return wire


def data_block(value: str | bytes, what: str) -> bytes:
    """
    The bytes of a text or document that is sent as a data block.

    :raises InvalidArgument: it holds a NUL, behind which tor would read nothing, or a surrogate that stands for no byte.
    """
    if isinstance(value, str):
        try:
            value = encode(value)
        except UnicodeEncodeError:
            raise InvalidArgument(f"{what} holds a lone surrogate, which cannot be sent.") from None
    if not isinstance(value, bytes):
        raise InvalidArgument(f"{what} must be text or bytes, not {type(value).__name__}.")
    if b"\0" in value:
        raise InvalidArgument(f"{what} holds a NUL, which cannot be sent.")
    return value


def several(values: Iterable[str], what: str) -> tuple[str, ...]:
    """
    Some bare words.

    :param what: how an error names one of them.
    :raises InvalidArgument: one is not bare, or a text was given in place of a list of texts.
    """
    return tuple([bare(value, what) for value in listed(values, what)])


def listed(values: Iterable[str], what: str) -> Iterable[str]:
    """
    Some texts, and not one text by mistake, which is a list of its letters.

    :raises InvalidArgument: it is no list.
    """
    if isinstance(values, (str, bytes)) or not isinstance(values, Iterable):
        raise InvalidArgument(f"{what} must stand in a list or tuple.")
    return values


def whole_number(value: int, what: str, lowest: int, highest: int) -> int:
    """
    An integer within bounds.

    :raises InvalidArgument: it is none, or outside of them.
    """
    if not isinstance(value, int) or isinstance(value, bool) or not lowest <= value <= highest:
        raise InvalidArgument(f"{what} must be an integer from {lowest} to {highest}: {str(value)[:40]!r}")
    return int(value)


def replace(command: object, **attributes: object) -> None:
    """
    Give a frozen value, while it is being made, the tidied form of what it was given.
    """
    for name, value in attributes.items():
        object.__setattr__(command, name, value)


# -- from tor ---------------------------------------------------------------------------------------------------------


def require_success(reply: Reply, keyword: str, secrets: Iterable[str] = ()) -> None:
    """
    Go on only if every line of a reply says 2xx.

    :param secrets: what must not stand in the error, though tor may echo it.
    :raises TorRefused: one does not.
    """
    if not reply.is_success:
        raise refused(reply, keyword, secrets)


def refused(reply: Reply, keyword: str, secrets: Iterable[str] = ()) -> TorRefused:
    """
    The error for a reply that is no success, without the secrets.
    """
    error = reply.refusal(keyword)
    hidden = [secret for secret in secrets if secret and any(secret in text for _, text in error.lines)]
    if not hidden:
        return error
    return refusal(
        error.status,
        _without(error.text, hidden),
        keyword,
        [(status, _without(text, hidden)) for status, text in error.lines],
    )


def _without(text: str, secrets: Iterable[str]) -> str:
    for secret in sorted(secrets, key=len, reverse=True):
        text = text.replace(secret, HIDDEN)
    return text
