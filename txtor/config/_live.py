# -*- test-case-name: txtor.test.config.test_live -*-
"""
What Tor has: the value of each option as it told it last, kept current.

CONF_CHANGED only says what to ask for again. What it names may be another option than the one that was set (``SocksPortLines``
for ``SocksPort``), and an option without a value may be empty or have its default. See control-spec 4.1.18.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from twisted.internet.defer import Deferred, DeferredList, succeed
from twisted.python.failure import Failure

from txtor.commands import GetConf, GetConfGroup, ResetConf, SetConf, parse_info
from txtor.control import TorControlProtocol
from txtor.errors import Disconnected, TorRefused, UnknownOption, refusal
from txtor.events import ConfChangedEvent

from ._checking import CheckKeys, check_services
from ._kinds import Kind, Pairs, kind_of
from ._memory import OptionMemory
from ._services import SERVICES_KIND, HiddenService

#: The name under which all onion services of the configuration stand.
SERVICES = "HiddenServices"

_ASKABLE = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_")

#: Fires when Tor can be sent something, or fails where that is not waited for.
Usable = Callable[[], Deferred[Any]]


async def together(*waiting: Deferred[Any]) -> None:
    """
    Wait until all have come to an end, and fail as the first that failed.
    """
    for succeeded, result in await DeferredList(waiting, consumeErrors=True):
        if not succeeded:
            assert isinstance(result, Failure)
            result.raiseException()


def _explained(error: TorRefused, names: Iterable[str]) -> TorRefused:
    """
    A refusal that names the options also where Tor did not.
    """
    hints = []
    if not any(name in error.text for name in names):
        hints.append(f"in a change of {', '.join(names)}")
    if "ransition not allowed" in error.text:
        hints.append("Tor must be started anew for that")
    if not hints:
        return error
    return refusal(error.status, f"{error.text} ({'; '.join(hints)})", error.command, error.lines)


class LiveOptions:
    """
    The options of one running Tor, and of each that follows it.

    :ivar protocol: the connection that is there now, or was last.
    :ivar kinds: by option in Tor's own spelling, its kind.
    :ivar defaults: by option, the text of its default, where Tor has one.
    :ivar memory: is told what Tor has taken.
    :ivar usable: see `Usable`.
    :ivar is_following: whether changes are followed.
    """

    def __init__(
        self,
        protocol: TorControlProtocol,
        check_keys: CheckKeys | None,
        local_files: bool | None,
        memory: OptionMemory | None = None,
        usable: Usable | None = None,
    ) -> None:
        self.protocol = protocol
        self.kinds: dict[str, Kind] = {}
        self.defaults: dict[str, list[str]] = {}
        self.memory = OptionMemory() if memory is None else memory
        self.usable = (lambda: succeed(None)) if usable is None else usable
        self.is_following = True
        self._local_files = local_files
        self._check_keys = check_keys
        self._names_told = False
        self._names: dict[str, str] = {}
        self._groups: dict[str, str] = {}
        self._lines: dict[str, tuple[Any, ...]] = {}
        self._asked: Counter[str] = Counter()

    # -- reading -------------------------------------------------------------------------------------------------------

    async def follow(self, protocol: TorControlProtocol) -> None:
        """
        Read everything, and listen to changes: two exchanges, since the second asks for what the first told. Until then
        everything reads as it was last.
        """
        self.protocol = protocol
        self._names_told = False
        told = self.protocol.get_info("config/names", "config/defaults").addCallback(self._know)
        try:
            await together(protocol.add_event_listener("CONF_CHANGED", self.conf_changed), told)
            await self.ask(self.kinds)
        except BaseException:  # whatever it is, nobody wants to hear of changes then
            self._unlisten()
            raise

    def stop(self) -> Deferred[None]:
        """
        Listen no more. Where the connection is gone, there is nothing to be done.
        """
        self.is_following = False
        return self._unlisten()

    def _unlisten(self) -> Deferred[None]:
        return self.protocol.remove_event_listener("CONF_CHANGED", self.conf_changed).addErrback(_gone)

    def _know(self, told: Mapping[str, str]) -> None:
        self.kinds, self.defaults, self._groups = {}, {}, {}
        for name, type_name in parse_info("config/names", told["config/names"]):
            if not name or not _ASKABLE.issuperset(name):  # what could not be asked for would spoil the question for all others
                continue
            of_service = type_name == "Dependent" and name.lower().startswith("hiddenservice")
            if type_name == "Virtual" or of_service or name.lower().endswith("portlines"):
                self._groups[name.lower()] = name
            else:
                self.kinds[name] = kind_of(name, type_name)
        for name, value in parse_info("config/defaults", told["config/defaults"]):
            self.defaults.setdefault(name, []).append(value)
        if "hiddenserviceoptions" in self._groups:
            self.kinds[SERVICES] = SERVICES_KIND
        self._names = {name.lower(): name for name in self.kinds}
        self._names_told = True

    def name(self, option: object) -> str:
        """
        An option in Tor's spelling.

        :raises UnknownOption: this Tor has none of that name.
        """
        found = self._names.get(option.lower()) if isinstance(option, str) else None
        if found is None:
            group = isinstance(option, str) and option.lower() in self._groups
            raise UnknownOption(str(option), "It belongs to a group that is kept whole." if group else "")
        return found

    def knows(self, option: object) -> bool:
        """
        Whether this Tor has an option of that name.
        """
        return isinstance(option, str) and option.lower() in self._names

    def kind(self, name: str) -> Kind:
        """
        The kind of an option.

        :param name: in Tor's spelling.
        :raises UnknownOption: the Tor that is there now does not have it any more.
        """
        if name not in self.kinds:
            raise UnknownOption(name)
        return self.kinds[name]

    def value(self, name: str) -> Any:
        """
        The value that Tor has.

        :param name: in Tor's spelling.
        :raises UnknownOption: the Tor that is there now does not have it any more.
        """
        return self.kind(name).read(name, self._lines.get(name, ()))

    def default(self, name: str) -> Any:
        """
        The value that Tor would have if nothing were said.
        """
        lines = self.defaults.get(name, ())
        return self.kinds[name].read(name, [line for line in lines if line])

    def ask(self, names: Iterable[str]) -> Deferred[Any]:
        """
        Ask Tor for some options again.

        :return: fires when their values are known.
        """
        wanted = dict.fromkeys(names)
        plain = tuple(name for name in wanted if name != SERVICES)
        waiting: list[Deferred[Any]] = []
        if plain:
            waiting.append(self.protocol.send(GetConf(plain)).addCallback(self._told))
        if SERVICES in wanted:
            asked = self.protocol.send(GetConfGroup("HiddenServiceOptions"))
            waiting.append(asked.addCallback(lambda pairs: self._told({SERVICES: pairs})))
        self._asked.update(wanted.keys())

        def answered(result: Any) -> Any:
            self._asked.subtract(wanted.keys())
            return result

        return Deferred.fromCoroutine(together(*waiting)).addBoth(answered)

    def _told(self, values: Mapping[str, list[Any]]) -> None:
        self._lines.update((name, tuple(lines)) for name, lines in values.items())

    def conf_changed(self, event: ConfChangedEvent) -> Deferred[Any] | None:
        """
        Options have changed: ask for those that are not what we have, unless an answer is on its way.
        """
        if not self._names_told:
            return None  # everything is asked for when they are
        names: set[str] = set()
        for option, lines in event.changed.items():
            meant = self._meant(option)
            if lines is None or len(meant) != 1 or self._lines.get(meant[0]) != tuple(lines):
                names.update(name for name in meant if not self._asked[name])
        return self.ask(sorted(names)).addErrback(_gone) if names else None

    def _meant(self, option: str) -> list[str]:
        """
        The options of ours that an option of CONF_CHANGED stands for.
        """
        lower = option.lower()
        if lower in self._groups:
            if lower.startswith("hiddenservice"):
                return [SERVICES]
            lower = lower.removesuffix("lines")
        return [self._names[name] for name in (lower, _sibling(lower)) if name in self._names]

    # -- changing ------------------------------------------------------------------------------------------------------

    async def apply(self, changes: Mapping[str, Any]) -> None:
        """
        Set options in one SETCONF, and learn what Tor made of them.

        :param changes: by option in Tor's spelling, its value.
        :raises InvalidArgument: Tor would not survive it; nothing was sent.
        :raises TorRefused: nothing has changed.
        """
        if changes.get(SERVICES):
            await self.check_services(changes[SERVICES])
        beside = self._siblings_lines(changes)
        given = {name.lower() for name, value in changes.items() if value} | {name.lower() for name, _ in beside}
        pairs: Pairs = []
        for name, value in changes.items():
            alone = value or _sibling(name.lower()) not in given  # else a 0 would close the ports of the other
            pairs += self.kind(name).pairs(name, value) if alone else [(name, None)]
        pairs += beside
        await self._change(SetConf(pairs), lambda: self.memory.remember(pairs), [*changes, *self._siblings(changes)])

    async def reset(self, names: Iterable[str]) -> None:
        """
        Set options to their defaults in one RESETCONF, and learn what they are.
        """
        wanted = list(dict.fromkeys(names))
        pairs: Pairs = [("HiddenServiceDir" if name == SERVICES else name, None) for name in wanted]
        pairs += self._siblings_lines(wanted)
        await self._change(ResetConf(pairs), lambda: self.memory.forget(pairs), [*wanted, *self._siblings(wanted)])

    async def load(self, torrc: str) -> None:
        """
        Replace everything by LOADCONF, and learn what it is.
        """
        await self.protocol.load_conf(torrc)
        self.memory.replace(torrc)
        await self.ask(self.kinds)

    async def _change(self, command: SetConf, remember: Callable[[], None], names: list[str]) -> None:
        self._asked.update(names)  # the answer behind it tells what CONF_CHANGED would make us ask
        taken: list[bool] = []

        def took(_: object) -> None:
            remember()
            taken.append(True)

        try:
            await together(self.protocol.send(command).addCallback(took), self.ask(names))
        except TorRefused as error:
            raise _explained(error, names) from None
        except Disconnected as error:
            if taken:  # only the answer to the question behind it is lost
                return
            if SERVICES not in names:
                raise
            hint = "Tor exits when it cannot make or use the directory of an onion service; its log tells."
            raise Disconnected(f"{error.reason} {hint}", error.command) from error
        finally:
            self._asked.subtract(names)

    def _siblings(self, names: Iterable[str]) -> list[str]:
        """
        The options that Tor keeps in one list with these, as ``__SocksPort`` with ``SocksPort``: it forgets them otherwise.
        """
        given = {name.lower() for name in names}
        found = [self._names[_sibling(name)] for name in given if _sibling(name) in self._names]
        return [name for name in found if name.lower() not in given]

    def _siblings_lines(self, names: Iterable[str]) -> Pairs:
        return [(name, line) for name in self._siblings(names) for line in self._lines.get(name, ())]

    async def check_services(self, services: Iterable[HiddenService]) -> None:
        """
        Refuse onion services that Tor would not survive, as far as can be told from here.

        :raises InvalidArgument: the text says why.
        """
        known = {service.directory for service in self.value(SERVICES)}
        checked = [each for each in services if os.path.isabs(each.directory) or each.directory not in known]
        await check_services(self.protocol, checked, self._check_keys, self._local_files)


def _sibling(lower: str) -> str:
    return lower.removeprefix("__") if lower.startswith("__") else f"__{lower}"


def _gone(failure: Failure) -> None:
    failure.trap(Disconnected)  # there is nothing left to be followed
