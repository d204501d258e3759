# -*- test-case-name: txtor.test.directory.test_exit_list -*-
"""
Exit lists: from which addresses connections through the exits were seen to come (TorDNSEL).

The list is not signed. See the description of ``@type tordnsel 1.0`` at https://metrics.torproject.org/collector.html.
"""

from __future__ import annotations

from datetime import datetime
from itertools import pairwise
from typing import NamedTuple

from ._document import Document
from ._encoding import fingerprint, ipv4, time
from ._fields import Field, optional, read_item
from ._grammar import Grammar, any_number, maybe
from ._items import Item
from ._lines import WholeFile


class ExitAddress(NamedTuple):
    """
    An address that connections came from.

    :ivar address: IPv4.
    :ivar seen: when it was seen last.
    """

    address: str
    seen: datetime


class ExitListEntry(NamedTuple):
    """
    What is known of one exit.

    :ivar fingerprint: 40 upper-case hexadecimal digits.
    :ivar published: when its descriptor was published, or ``None``.
    :ivar last_status: of which consensus it is, or ``None``.
    :ivar addresses: that connections came from, in order.
    :ivar unrecognized_lines: lines that txtor does not know.
    """

    fingerprint: str
    published: datetime | None
    last_status: datetime | None
    addresses: tuple[ExitAddress, ...]
    unrecognized_lines: tuple[str, ...]


def _time(item: Item) -> datetime:
    return time(" ".join(item.arguments[:2]))


def _exit_address(item: Item) -> ExitAddress:
    address, *when = item.arguments
    return ExitAddress(ipv4(address), time(" ".join(when[:2])))


def _read_entries(document: Document, places: list[int]) -> tuple[ExitListEntry, ...]:
    """
    Each ``ExitNode`` begins an entry, which ends where the next one begins.
    """
    return tuple(_read_entry(document, start, end) for start, end in pairwise([*places, len(document.tokens)]))


def _read_entry(document: Document, start: int, end: int) -> ExitListEntry:
    times: dict[str, datetime] = {}
    addresses, unrecognized = [], []
    for place in range(start + 1, end):
        keyword = document.tokens[place][1]
        if keyword == "ExitAddress":
            addresses.append(read_item(document, place, _exit_address))
        elif keyword in ("Published", "LastStatus") and keyword not in times:
            times[keyword] = read_item(document, place, _time)
        else:
            unrecognized.append(str(document.item_at(place)))
    return ExitListEntry(
        read_item(document, start, lambda item: fingerprint(item.arguments[0])),
        times.get("Published"),
        times.get("LastStatus"),
        tuple(addresses),
        tuple(unrecognized),
    )


class ExitList(WholeFile):
    """
    A list of exits and of the addresses that connections through them came from.

    :ivar downloaded: when the list was taken from TorDNSEL, or ``None``.
    :ivar entries: each an `ExitListEntry`, in order.
    """

    __slots__ = ()

    grammar = Grammar(
        "exit list",
        "tordnsel 1.0",
        {
            "Downloaded": maybe(2),
            "ExitNode": any_number(1),
            "Published": any_number(2),
            "LastStatus": any_number(2),
            "ExitAddress": any_number(3),
        },
    )

    downloaded: Field[datetime | None] = optional("Downloaded", _time)
    entries: Field[tuple[ExitListEntry, ...]] = Field("ExitNode", _read_entries)
