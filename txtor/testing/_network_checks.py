# -*- test-case-name: txtor.test.testing.test_network_checks -*-
"""
What a caller may ask of a private network, checked before anything starts.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from txtor.errors import InvalidArgument

from ._network_view import ROLES


def check_count(name: str, value: object, least: int) -> int:
    """
    A number of nodes.

    :raises InvalidArgument: it is no integer, or outside of what a machine can run.
    """
    if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= 100:
        raise InvalidArgument(f"{name} must be an integer from {least} to 100, not {value!r}.")
    return value


def check_number(name: str, value: object) -> float:
    """
    A number of seconds.

    :raises InvalidArgument: it is no positive finite number.
    """
    if not isinstance(value, int | float) or isinstance(value, bool) or not 0 < value < float("inf"):
        raise InvalidArgument(f"{name} must be a positive number of seconds, not {value!r}.")
    return float(value)


def nicknames(authorities: int, relays: int, exits: int, clients: int) -> dict[str, str]:
    """
    The names of a network's nodes, with the role of each.

    :raises InvalidArgument: a number is not usable, or the relays are too few.
    """
    counts = {
        "authority": check_count("authorities", authorities, 1),
        "relay": check_count("relays", relays, 0),
        "exit": check_count("exits", exits, 0),
        "client": check_count("clients", clients, 0),
    }
    if authorities + relays + exits < 4:
        raise InvalidArgument(
            "A relay that tries the network itself needs a circuit of three others, and authorities, relays and exits together "
            f"are {authorities + relays + exits}: at least 4 are needed."
        )
    return {f"{role}{number}": role for role, count in counts.items() for number in range(count)}


def check_lines(text: object) -> list[str]:
    """
    Further lines of a torrc.

    :param text: one text with line ends, or a list of lines.
    :raises InvalidArgument: it is neither, or a line holds an end of line or NUL.
    """
    lines = text.splitlines() if isinstance(text, str) else text
    if not isinstance(lines, list | tuple):
        raise InvalidArgument(f"The lines for a torrc must be a text or a list of lines, not {text!r}.")
    for line in lines:
        if not isinstance(line, str) or any(character in line for character in "\r\n\0"):
            raise InvalidArgument(f"This is not a line for a torrc: {line!r}.")
    return list(lines)


def check_torrc(torrc: Mapping[str, Any] | None, names: Mapping[str, str]) -> dict[str, list[str]]:
    """
    The further lines of each node.

    :param torrc: by role, then by name; ``"*"`` stands for every node.
    :param names: the nodes and their roles.
    :return: by name.
    :raises InvalidArgument: there is no such node or role, or the lines are not usable.
    """
    if torrc is not None and not isinstance(torrc, Mapping):
        raise InvalidArgument(f"torrc must give lines by nickname or role, not {torrc!r}.")
    lines = {key: check_lines(text) for key, text in (torrc or {}).items()}
    unknown = sorted(str(key) for key in lines if key not in names and key not in ROLES and key != "*")
    if unknown:
        raise InvalidArgument(f"torrc= names no node and no role of this network: {', '.join(unknown)}.")
    return {name: [*lines.get("*", ()), *lines.get(role, ()), *lines.get(name, ())] for name, role in names.items()}
