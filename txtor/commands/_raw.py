# -*- test-case-name: txtor.test.commands.test_raw -*-
"""
A command as text, for what has no class here.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from txtor.errors import InvalidArgument
from txtor.grammar import Reply, check_line

from ._command import data_block, line, line_with_data, replace, require_success

_CLIENT_NAME_BYTES = 16


@dataclass(frozen=True)
class RawCommand:
    r"""
    One command as text. Its arguments appear in no error and no ``repr``, since they may be secret.

    What would not be one command with one reply is refused: more than one line, a ``+`` without data, and the few commands
    that end today's Tor or that it answers never or twice.

    :ivar text: one line without its end, as ``"GETINFO version"``. Quoting is up to the caller.
    :ivar data: the data block of a ``+COMMAND``; the ``+`` may be left out of the text.
    """

    text: str = field(repr=False)
    data: str | bytes | None = field(default=None, repr=False)
    keyword: str = field(init=False)

    def __post_init__(self) -> None:
        text = self.text
        if isinstance(text, str) and self.data is not None:
            text = text.removeprefix("+")
        check_line(text)
        if text.startswith("+"):
            raise InvalidArgument("A command that begins with '+' needs its data, or Tor would wait for them for ever.")
        words = text.split(" ")
        keyword = words[0].upper()
        data = None if self.data is None else data_block(self.data, "The data of a command")
        _refuse_traps(keyword, [word.lower() for word in words[1:] if word])
        replace(self, text=text, data=data, keyword=keyword)

    def to_wire(self) -> bytes:
        """
        The whole command.

        :raises InvalidArgument: it is too long.
        """
        if self.data is None:
            return line(self.text)
        assert isinstance(self.data, bytes)  # since it was made
        return line_with_data([self.text], self.data)

    def parse_reply(self, reply: Reply) -> Reply:
        """
        The reply itself.

        :raises TorRefused: it is no success.
        """
        require_success(reply, self.keyword)
        return reply


def _refuse_traps(keyword: str, arguments: list[str]) -> None:
    """
    Refuse what ends tor 0.4.9, or what it does not answer exactly once, which would shift all later replies by one.
    """
    if keyword == "SETCIRCUITPURPOSE" and not arguments:
        raise InvalidArgument("SETCIRCUITPURPOSE without arguments is refused here: Tor crashes of it.")
    if keyword == "HSPOST" and not any(word.startswith("hsaddress=") for word in arguments):
        raise InvalidArgument("HSPOST without HSADDRESS is refused here: Tor does not answer it.")
    if keyword == "ADD_ONION" and any(word.startswith("clientauth=") for word in arguments):
        raise InvalidArgument("ADD_ONION with ClientAuth is refused here: Tor does not answer it. ClientAuthV3 has replaced it.")
    if keyword == "ONION_CLIENT_AUTH_ADD":
        for word in arguments:
            name = word.removeprefix("clientname=")
            if name != word and len(name.encode("utf-8", "surrogateescape")) > _CLIENT_NAME_BYTES:
                raise InvalidArgument(f"A ClientName over {_CLIENT_NAME_BYTES} bytes is refused here: Tor answers it twice.")
