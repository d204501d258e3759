# -*- test-case-name: txtor.test.config.test_draft -*-
"""
Options as a program sees and changes them: what Tor has, and over it what waits to be saved.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ._items import ItemList
from ._live import SERVICES, LiveOptions
from ._services import HiddenService

_OWN = frozenset({"_live", "_staged", "_bases", "_saving", "_turn"})


def _merged(
    base: tuple[HiddenService, ...], wanted: tuple[HiddenService, ...], present: tuple[HiddenService, ...]
) -> tuple[HiddenService, ...]:
    """
    The services that are wanted, with what others did meanwhile to those that were not touched.
    """
    before = {service.directory: service for service in base}
    now = {service.directory: service for service in present}
    kept = []
    for service in wanted:
        if before.get(service.directory) != service:
            kept.append(service)
        elif service.directory in now:
            kept.append(now[service.directory])
    named = {service.directory for service in wanted}
    return (*kept, *[service for service in present if service.directory not in {*named, *before}])


class Draft:
    """
    Options by name, as attributes and as a mapping, in any capitals.

    A value is a number, a truth value, ``"auto"``, text, ``None``, or a list, as the type of the option in the running Tor
    says; times are in seconds (``TimeMsecInterval``: milliseconds) and sizes in bytes. It is set by such a value or by Tor's
    text for it, as ``"10 minutes"``, ``"1 MB"``, or by a `timedelta`. What is set waits to be saved.

    ``HiddenServices`` is a list of `HiddenService`. An empty list of ports (``SocksPort``) means none: it is sent as ``0``,
    since Tor takes an empty list for its default.
    """

    def __init__(self, live: LiveOptions) -> None:
        self._live = live
        self._staged: dict[str, Any] = {}
        self._bases: dict[str, Any] = {}
        self._saving: dict[str, Any] = {}

    def __repr__(self) -> str:
        return f"<{type(self).__name__} of {len(self)} options, {len(self.changes())} unsaved>"

    # -- as a mapping --------------------------------------------------------------------------------------------------

    def __getitem__(self, option: str) -> Any:
        name = self._live.name(option)
        if self._live.kinds[name].is_list:
            return ItemList(lambda: self._present(name), lambda items: self._stage(name, items))
        return self._present(name)

    def __setitem__(self, option: str, value: object) -> None:
        self._stage(self._live.name(option), value)

    def __contains__(self, option: object) -> bool:
        return self._live.knows(option)

    def __iter__(self) -> Iterator[str]:
        return iter(list(self._live.kinds))

    def __len__(self) -> int:
        return len(self._live.kinds)

    def keys(self) -> list[str]:
        """
        All options that this Tor knows, in its own spelling.
        """
        return list(self._live.kinds)

    def get(self, option: str, default: Any = None) -> Any:
        """
        A value, or ``default`` where this Tor has no such option.
        """
        if option not in self:
            return default
        return self[option]

    # -- as attributes -------------------------------------------------------------------------------------------------

    def __getattr__(self, option: str) -> Any:
        if option in _OWN:  # before there are any
            raise AttributeError(option)
        return self[option]

    def __setattr__(self, option: str, value: object) -> None:
        if option in _OWN:
            object.__setattr__(self, option, value)
        else:
            self[option] = value

    def __dir__(self) -> list[str]:
        return sorted({*super().__dir__(), *self.keys()})

    # -- what waits to be saved ----------------------------------------------------------------------------------------

    def _present(self, name: str) -> Any:
        return self._staged[name] if name in self._staged else self._underneath(name)

    def _underneath(self, name: str) -> Any:
        """
        What Tor has, or will have when the save that is under way is done.
        """
        return self._saving[name] if name in self._saving else self._live.value(name)

    def _stage(self, name: str, value: object) -> None:
        kind = self._live.kind(name)
        wanted = kind.write(name, value)
        base = self._underneath(name)
        self._forget(name) if kind.is_settled(wanted, base) else self._keep(name, wanted, base)

    def _keep(self, name: str, wanted: Any, base: Any) -> None:
        self._staged[name] = wanted
        self._bases.setdefault(name, base)

    def _forget(self, name: str) -> None:
        self._staged.pop(name, None)
        self._bases.pop(name, None)

    def changes(self) -> dict[str, Any]:
        """
        What differs from what Tor has and waits to be saved, by option.
        """
        found = {}
        for name, wanted in self._staged.items():
            if not self._live.knows(name):  # which this Tor does not have any more, and saving tells
                found[name] = wanted
                continue
            present = self._underneath(name)
            value = _merged(self._bases[name], wanted, present) if name == SERVICES else wanted
            if not self._live.kinds[name].is_settled(value, present):
                found[name] = value
        return found

    def needs_save(self) -> bool:
        """
        Whether anything waits to be saved.
        """
        return bool(self.changes())

    def discard(self) -> None:
        """
        Forget what was not saved.
        """
        self._staged, self._bases = {}, {}

    def _split(self) -> Draft:
        """
        Make of what waits a draft of its own, so that nothing waits here any more.
        """
        draft = Draft(self._live)
        draft._staged, draft._bases = self._staged, self._bases
        self.discard()
        return draft
