# -*- test-case-name: txtor.test.config.test_memory -*-
"""
What was set on a Tor, so that it can be set on the next: values only, nothing is sent here.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, TypeAlias

#: Options and values, as SETCONF takes them.
Assignments: TypeAlias = "Iterable[tuple[str, Any]]"


#: What begins as the options of onion services do, and is none of them.
_PLAIN = frozenset({"hiddenservicestatistics", "hiddenservicesinglehopmode", "hiddenservicenonanonymousmode"})


class OptionMemory:
    """
    What a program has changed in the configuration of its Tor.

    What Tor keeps in one list is one group, in its order: the options of onion services, and a port option with that of two
    underscores, as ``SocksPort`` with ``__SocksPort``.

    :ivar torrc: the torrc that the program had Tor load, which holds before all options, or ``None``.
    """

    def __init__(self) -> None:
        self.torrc: str | None = None
        self._groups: dict[str, list[tuple[str, Any]]] = {}

    def __repr__(self) -> str:
        return f"<{type(self).__name__} of {', '.join(self._groups) or 'nothing'}>"  # values may be secret

    def remember(self, assignments: Assignments) -> None:
        """
        Options that Tor has taken by SETCONF.
        """
        groups: dict[str, list[tuple[str, Any]]] = {}
        for name, value in assignments:
            groups.setdefault(_group(name), []).append((name, value))
        self._groups.update(groups)

    def forget(self, assignments: Assignments) -> None:
        """
        Options that Tor has reset by RESETCONF; those with a value were set by it.
        """
        pairs = list(assignments)
        for name, _ in pairs:
            self._groups.pop(_group(name), None)
        self.remember([pair for pair in pairs if pair[1] is not None])

    def replace(self, torrc: str) -> None:
        """
        A torrc that Tor has taken by LOADCONF, instead of everything.
        """
        self.torrc = torrc
        self._groups.clear()

    def groups(self) -> list[list[tuple[str, Any]]]:
        """
        The options and their values, for SETCONF.
        """
        return [list(group) for group in self._groups.values()]


def _group(name: str) -> str:
    lower = name.lower()
    if lower.startswith("hiddenservice") and lower not in _PLAIN:
        return "hiddenservice"
    return lower.removeprefix("__")
