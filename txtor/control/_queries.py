# -*- test-case-name: txtor.test.control.test_queries -*-
"""
The everyday questions and orders, each a method: what stands behind them is a command (`txtor.commands`) given to ``send``.

The names are those that programs for txtorcon use. A mistake in the arguments fails the Deferred, as Tor's refusal does.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Iterable
from typing import Any, Final, TypeVar

from twisted.internet.defer import Deferred, fail

from txtor.commands import (
    Command,
    GetConf,
    GetConfGroup,
    GetInfo,
    GetInfoBytes,
    LoadConf,
    RawCommand,
    ResetConf,
    SaveConf,
    SetConf,
    Signal,
)
from txtor.errors import InvalidArgument, TorRefused
from txtor.grammar import Reply, decode

T = TypeVar("T")


class _NoDefault:
    """
    The mark of a default that was not given.
    """

    def __repr__(self) -> str:
        return "(none)"


NO_DEFAULT: Final[Any] = _NoDefault()


def _or_default(waiter: Deferred[T], default: T) -> Deferred[T]:
    """
    Take a default for a refusal by Tor, and for nothing else.
    """
    if default is NO_DEFAULT:
        return waiter

    def instead(failure: Any) -> T:
        failure.trap(TorRefused)
        return default

    return waiter.addErrback(instead)


def _text(reply: Reply) -> str:
    """
    A reply as text, without the ``OK`` that ends most.
    """
    lines = [line.text if line.data is None else f"{line.text}\n{decode(line.data)}" for line in reply.lines]
    if len(lines) > 1 and lines[-1] == "OK":
        lines.pop()
    return "\n".join(lines)


class Queries:
    """
    What a connection can be asked.
    """

    @abstractmethod
    def send(self, command: Command[T], timeout: float | None = None) -> Deferred[T]:
        """
        Send a command.
        """

    @abstractmethod
    def _send_lines(self, command: Command[T], line_received: Callable[[bytes], object]) -> Deferred[T]:
        """
        Send a command whose data lines go to a function.
        """

    def _ask(self, make: Callable[..., Command[T]], *arguments: Any) -> Deferred[T]:
        try:
            command = make(*arguments)
        except InvalidArgument as error:
            return fail(error)
        return self.send(command)

    # -- GETINFO: control-spec 3.9 -------------------------------------------------------------------------------------

    def get_info(self, *keys: str) -> Deferred[dict[str, str]]:
        """
        Ask Tor for some values.

        :param keys: as ``"version"``; `txtor.commands.INFO_KEYS` lists them with their types. Without keys the answer is empty.
        :return: by key as it was asked, the value as text.
        :raises UnrecognizedEntity: Tor does not know a key; no value comes.
        :raises InternalTorError: Tor cannot tell a value now, and so tells none: ask risky keys one at a time.
        :raises InvalidArgument: a key is empty or holds a space, a quote or a control character; nothing was sent.

        See control-spec 3.9, GETINFO.
        """
        return self._ask(GetInfo, keys)

    def get_info_single(self, key: str, default: str = NO_DEFAULT) -> Deferred[str]:
        """
        Ask Tor for one value.

        :param default: what to return when Tor refuses. A lost connection still fails.
        """
        return _or_default(self.get_info(key).addCallback(lambda values: values[key]), default)

    def get_info_bytes(self, *keys: str) -> Deferred[dict[str, bytes]]:
        """
        Ask Tor for some values, as bytes: the lines of a block joined by LF, without a final one.
        """
        return self._ask(GetInfoBytes, keys)

    def get_info_raw(self, *keys: str) -> Deferred[str]:
        """
        Ask Tor for some values and get its whole answer as one text, ``key=value`` each.
        """
        return self._ask(RawCommand, " ".join(["GETINFO", *keys])).addCallback(_text)

    def get_info_incremental(self, key: str, line_cb: Callable[[str], object]) -> Deferred[None]:
        """
        Ask Tor for a long value and get each of its lines while it comes; nothing of it is kept.

        :param line_cb: called with each line. If it raises, it is called no more and this call fails with what it raised.
            A value of a single line comes as one.
        """
        seen = 0

        def received(line: bytes) -> None:
            nonlocal seen
            seen += 1
            line_cb(decode(line))

        def complete(values: dict[str, bytes]) -> None:
            value = values[key]
            if not seen and value:
                line_cb(decode(value))

        try:
            command = GetInfoBytes((key,))
        except InvalidArgument as error:
            return fail(error)
        return self._send_lines(command, received).addCallback(complete)

    # -- configuration: control-spec 3.1 to 3.3, 3.6 and 3.22 ----------------------------------------------------------

    def get_conf(self, *options: str) -> Deferred[dict[str, str | list[str] | None]]:
        """
        Ask for the values of some options.

        :param options: names in any capitals. Options that belong together in their order, as those of onion services, are for
            `get_conf_group`.
        :return: by option as it was asked: its value, a list where there are several, ``None`` where it is unset.
        :raises UnrecognizedEntity: Tor does not know an option; no value comes.

        See control-spec 3.3, GETCONF.
        """
        return self._ask(GetConf, options).addCallback(_all_unwrapped)

    def get_conf_list(self, option: str) -> Deferred[list[str]]:
        """
        Ask for all values of one option, in order; an empty list where it is unset.
        """
        return self._ask(GetConf, (option,)).addCallback(lambda values: list(values[option]))

    def get_conf_single(self, option: str, default: str | None = None) -> Deferred[str | None]:
        """
        Ask for the value of one option.

        :param default: what to return when the option is unset, or Tor does not know it.
        :return: the value, the first where there are several.
        """

        def first(values: list[str]) -> str | None:
            return values[0] if values else default

        found: Deferred[str | None] = self.get_conf_list(option).addCallback(first)
        return found if default is None else _or_default(found, default)

    def get_conf_group(self, group: str) -> Deferred[list[tuple[str, str]]]:
        """
        Ask for options that belong together in their order.

        :param group: as ``"HiddenServiceOptions"``, which is all that belongs to onion services on disk, service by service.
        :return: options and values, in order.
        """
        return self._ask(GetConfGroup, group)

    def get_conf_raw(self, *options: str) -> Deferred[str]:
        """
        Ask for some options and get Tor's whole answer as one text, ``Option=value`` a line.
        """
        return self._ask(RawCommand, " ".join(["GETCONF", *options])).addCallback(_text)

    def set_conf(self, *pairs: str | bytes | int | bool | None) -> Deferred[None]:
        """
        Set options: all of them or, when Tor refuses one, none.

        :param pairs: option, value, option, value, and so on. An option that takes a list is given once for each
            value, which replace all it had. ``None`` sets it to 0, or empty.
        :raises InvalidArgument: there is an option without a value, or a value that cannot be sent; nothing was.
        :raises UnrecognizedArgument: Tor does not take a value.
        :raises InvalidConfigurationValue: the option cannot change while Tor runs, or Tor could not act on it.

        See control-spec 3.1, SETCONF.
        """
        return self._ask(_configure, SetConf, pairs)

    def reset_conf(self, *options: str) -> Deferred[None]:
        """
        Set options to their defaults.

        See control-spec 3.2, RESETCONF.
        """
        return self._ask(ResetConf, [(option, None) for option in options])

    def load_conf(self, torrc: str | bytes) -> Deferred[None]:
        """
        Replace the whole configuration by the text of a torrc. Options that are fixed while Tor runs must be repeated in it.

        See control-spec 3.22, LOADCONF.
        """
        return self._ask(LoadConf, torrc)

    def save_conf(self, force: bool = False) -> Deferred[None]:
        """
        Have Tor write its configuration to its torrc.

        :param force: also when the torrc uses ``%include``, which is lost.

        See control-spec 3.6, SAVECONF.
        """
        return self._ask(SaveConf, force)

    # -- the rest ------------------------------------------------------------------------------------------------------

    def signal(self, name: str) -> Deferred[None]:
        """
        Send Tor a signal.

        :param name: in any case: RELOAD, SHUTDOWN, DUMP, DEBUG, HALT, NEWNYM, CLEARDNSCACHE, HEARTBEAT, ACTIVE, DORMANT, or one
            of their old names (HUP, INT, USR1, USR2, TERM).
        :raises UnrecognizedEntity: Tor has no such signal.

        See control-spec 3.7, SIGNAL.
        """
        return self._ask(Signal, name)

    def queue_command(self, text: str) -> Deferred[str]:
        """
        Send a command as text, for what has no method and no class here.

        :param text: one line without its end.
        :return: the reply as text, without the final ``OK`` where there is more.
        :raises InvalidArgument: the text is empty or holds a character that would make more than one command of it.
        """
        return self._ask(RawCommand, text).addCallback(_text)


def _configure(make: Callable[[Iterable[Any]], Command[None]], pairs: tuple[Any, ...]) -> Command[None]:
    if len(pairs) % 2:
        raise InvalidArgument("set_conf takes an option and a value, and so on in turn.")
    return make(list(zip(pairs[::2], pairs[1::2], strict=True)))


def _unwrapped(values: list[str]) -> str | list[str] | None:
    if len(values) > 1:
        return list(values)
    return values[0] if values else None


def _all_unwrapped(values: dict[str, list[str]]) -> dict[str, str | list[str] | None]:
    return {name: _unwrapped(found) for name, found in values.items()}
