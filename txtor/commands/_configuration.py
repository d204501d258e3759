# -*- test-case-name: txtor.test.commands.test_configuration -*-
"""
Tor's configuration: control-spec 3.1 to 3.3, 3.6 and 3.22.

Values are sent as CStrings, which hold any text but a NUL, so that what a value holds can never become a second option.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import ClassVar, TypeAlias, overload

from txtor.errors import InvalidArgument, ProtocolViolation
from txtor.grammar import Reply, ReplyLine, option_name, quote_cstring, unquote_cstring

from ._command import Acknowledged, data_block, line, line_with_data, listed, refused, replace, require_success

#: What an option can be set to. A list or tuple gives an option several values; ``None`` is no value.
Value: TypeAlias = "str | bytes | int | float | bool | Sequence[str | bytes | int | float | bool] | None"



def _is_group(option: str) -> bool:
    """
    Whether tor answers with lines of *other* options, which mean nothing without their names and their order.
    """
    name = option.lower()
    return name == "hiddenserviceoptions" or name.endswith("portlines")


#: Options whose values must not stand in an error, though tor echoes what it does not take.
_SECRET = ("password", "authenticator", "secret")


# -- asking -----------------------------------------------------------------------------------------------------------


def _option(reply_line: ReplyLine) -> tuple[str, str | None]:
    """
    Read a line ``Option=value`` or ``Option``; only what begins with a quote is quoted.
    """
    name, equals, value = reply_line.text.partition("=")
    if reply_line.data is not None or not name:
        raise ProtocolViolation(f"Not a line of a reply to GETCONF: {reply_line.text[:80]!r}")
    if not equals:
        return name, None
    return name, unquote_cstring(value) if value[:1] == '"' else value


@dataclass(frozen=True)
class GetConf:
    """
    Ask for the values of options.

    The reply is a dictionary with the names *as they were asked*, in any capitals, and under each a list of its values in
    order, which is empty where the option is unset. Tor answers with its own spelling (``Nickname`` to ``nickname``,
    ``BandwidthBurst`` to ``Band``) and its own form of the value (``300`` to ``5 minutes``).

    ``HiddenServiceOptions``, ``SocksPortLines`` and their like are for `GetConfGroup`.

    :ivar options: names; none for an empty reply.

    See control-spec 3.3, GETCONF.
    """

    options: Iterable[str]
    keyword: ClassVar[str] = "GETCONF"

    def __post_init__(self) -> None:
        options = tuple(option_name(option) for option in listed(self.options, "The names of options"))
        for option in filter(_is_group, options):
            raise InvalidArgument(f"{option} stands for several options in order: ask for it by GetConfGroup.")
        replace(self, options=options)

    def to_wire(self) -> bytes:
        """
        The whole command, with each name once.
        """
        return line(self.keyword, *{option.lower(): option for option in self.options}.values())

    def parse_reply(self, reply: Reply) -> dict[str, list[str]]:
        """
        Read the reply.

        :raises UnrecognizedEntity: Tor does not know one of the options, and tells the values of none.
        :raises ProtocolViolation: the values cannot be told apart: ask for such options one by one.
        """
        require_success(reply, self.keyword)
        asked = {option.lower(): option for option in self.options}
        if not asked:
            return {}
        found = _by_option([_option(reply_line) for reply_line in reply.lines], list(asked))
        return {option: list(found[option.lower()]) for option in self.options}


def _by_option(lines: list[tuple[str, str | None]], asked: list[str]) -> dict[str, list[str]]:
    """
    Give each asked option its lines, which come in the order in which it was asked.

    Lines that follow each other under one name are one option's. Two questions for the same option, one of them
    abbreviated, have got the same answer twice, and share its lines.

    :param asked: names in lower case.
    """
    if len(asked) == 1:
        return {asked[0]: _values(lines)}
    runs: list[tuple[str, list[tuple[str, str | None]]]] = []
    for name, value in lines:
        if runs and runs[-1][0] == name.lower():
            runs[-1][1].append((name, value))
        else:
            runs.append((name.lower(), [(name, value)]))
    sharing = _sharing([name for name, _ in runs], asked)
    found: dict[str, list[str]] = {}
    for (_, run), options in zip(runs, sharing, strict=True):
        values = _values(run[: len(run) // len(options)])
        found.update((option, values) for option in options)
    return found


def _sharing(names: list[str], asked: list[str]) -> list[list[str]]:
    """
    For each of the names that were answered, the questions that it answers.

    :raises ProtocolViolation: that cannot be told, since no wrong answer may be given.
    """
    groups: list[list[str]] = []
    spare = len(asked) - len(names)
    rest = iter(asked)
    following = next(rest, None)
    for name in names:
        group = [following] if following is not None else []
        following = next(rest, None)
        while len(group) <= spare and following is not None and name.startswith(following) and name.startswith(group[0]):
            group.append(following)
            following = next(rest, None)
        spare -= len(group) - 1
        groups.append(group)
    answered = {option: name for name, group in zip(names, groups, strict=True) for option in group}
    wrong = any(name != option and option in names for option, name in answered.items())
    if spare or len(answered) != len(asked) or not all(groups) or wrong:
        raise ProtocolViolation(f"GETCONF of {len(asked)} options was answered with {len(names)}; ask for them one by one.")
    return groups


def _values(lines: list[tuple[str, str | None]]) -> list[str]:
    if len(lines) == 1:
        return [value for _, value in lines if value]
    return [value for _, value in lines if value is not None]


@dataclass(frozen=True)
class GetConfGroup:
    """
    Ask for a group of options that belong together in their order, such as ``HiddenServiceOptions``.

    The reply is a list of option and value, in Tor's spelling. It is empty where there are none.

    :ivar option: the name of the group, or of any option.

    See control-spec 3.3, GETCONF.
    """

    option: str = "HiddenServiceOptions"
    keyword: ClassVar[str] = "GETCONF"

    def __post_init__(self) -> None:
        option_name(self.option)

    def to_wire(self) -> bytes:
        """
        The whole command.
        """
        return line(self.keyword, self.option)

    def parse_reply(self, reply: Reply) -> list[tuple[str, str]]:
        """
        Read the reply.

        :raises UnrecognizedEntity: Tor does not know the group.
        """
        require_success(reply, self.keyword)
        lines = [_option(reply_line) for reply_line in reply.lines]
        return [(name, value) for name, value in lines if value is not None]


# -- setting ----------------------------------------------------------------------------------------------------------


def _text(value: object) -> str | bytes:
    if isinstance(value, bool):
        return "1" if value else "0"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float) and math.isfinite(value):
        return repr(value)
    if isinstance(value, (str, bytes)):
        return value
    raise InvalidArgument(f"An option takes text, bytes, a number or a truth value, not {type(value).__name__}.")


def _assignments(option: str, value: Value) -> tuple[str, ...]:
    """
    The words that set an option: several for a list, the bare name for nothing.
    """
    if isinstance(value, (list, tuple)) and value:
        return tuple(f"{option}={quote_cstring(_text(each))}" for each in value)
    if value is None or isinstance(value, (list, tuple)):
        return (option,)
    return (f"{option}={quote_cstring(_text(value))}",)


@dataclass(frozen=True, init=False)
class SetConf:
    """
    Set options: all of them or, where Tor refuses one, none.

    An option that takes a list is given once for each value, which replace all that it had; of another one the last value
    stands. ``None``, or an empty list, sets it to 0 or empty. The values appear in no ``repr``, since they may be secret.

    Mind that a HiddenServiceDir that cannot be made ends Tor, without a reply.

    :param options: names and values, as a mapping or as pairs.
    :ivar options: the names.
    :ivar words: what stands behind the keyword, quoted.
    :raises InvalidArgument: a name is none, a value holds a NUL or is of another type, or something is no pair.

    See control-spec 3.1, SETCONF.
    """

    options: tuple[str, ...]
    words: tuple[str, ...] = field(repr=False)
    keyword: ClassVar[str] = "SETCONF"

    @overload
    def __init__(self, options: Mapping[str, Value]) -> None: ...
    @overload
    def __init__(self, options: Iterable[tuple[str, Value]]) -> None: ...
    def __init__(self, options: Mapping[str, Value] | Iterable[tuple[str, Value]]) -> None:
        given: object = options.items() if isinstance(options, Mapping) else options
        pairs = list(given) if isinstance(given, Iterable) else [given]
        names: list[str] = []
        words: list[str] = []
        for pair in pairs:
            if not isinstance(pair, tuple) or len(pair) != 2:
                raise InvalidArgument(f"{self.keyword} takes a mapping, or pairs of an option and a value.")
            names.append(option_name(pair[0]))
            words += _assignments(*pair)
        replace(self, options=tuple(names), words=tuple(words))

    def to_wire(self) -> bytes:
        """
        The whole command.

        :raises InvalidArgument: it is too long.
        """
        return line(self.keyword, *self.words)

    def parse_reply(self, reply: Reply) -> None:
        """
        Read the reply.

        :raises UnrecognizedEntity: Tor does not know an option.
        :raises UnrecognizedArgument: it does not take a value.
        :raises InvalidConfigurationValue: an option cannot change while Tor runs, or Tor could not act on it.
        """
        if not reply.is_success:
            raise refused(reply, self.keyword, self._secrets())

    def _secrets(self) -> list[str]:
        secrets = []
        for word in self.words:
            name, _, value = word.partition("=")
            if value and any(mark in name.lower() for mark in _SECRET):
                secrets += [unquote_cstring(value), value]
        return secrets


@dataclass(frozen=True, init=False)
class ResetConf(SetConf):
    """
    Set options as `SetConf` does, and those that are given ``None`` to their defaults.

    See control-spec 3.2, RESETCONF.
    """

    keyword: ClassVar[str] = "RESETCONF"


@dataclass(frozen=True)
class LoadConf(Acknowledged):
    """
    Replace the whole configuration. What is fixed while Tor runs must be repeated as it is.

    :ivar torrc: the text of a torrc, as text or bytes. It appears in no ``repr``, since it may hold secrets.

    See control-spec 3.22, LOADCONF.
    """

    torrc: str | bytes = field(repr=False)
    keyword: ClassVar[str] = "LOADCONF"

    def __post_init__(self) -> None:
        replace(self, torrc=data_block(self.torrc, "The text of a torrc"))

    def to_wire(self) -> bytes:
        """
        The whole command with its data block.

        :raises InvalidArgument: it is too long.
        """
        assert isinstance(self.torrc, bytes)  # since it was made
        return line_with_data([self.keyword], self.torrc)


@dataclass(frozen=True)
class SaveConf(Acknowledged):
    """
    Have Tor write its configuration to its torrc, without the comments. The old file is kept as ``torrc.orig.1``.

    :ivar force: also where the torrc uses ``%include``, which is then lost.

    See control-spec 3.6, SAVECONF.
    """

    force: bool = False
    keyword: ClassVar[str] = "SAVECONF"

    def to_wire(self) -> bytes:
        """
        The whole command.
        """
        return line(self.keyword, "FORCE" if self.force else "")
