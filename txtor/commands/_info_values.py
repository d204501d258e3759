# -*- test-case-name: txtor.test.commands.test_info_values -*-
"""
The types of GETINFO's values, each with the function that reads it from text.

The functions raise `ValueError` or `ProtocolViolation` at what they cannot read; `parse_info`, the only way to them, makes one
error of both that names the key. An empty value of several lines is an empty list. See control-spec 3.9.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable
from datetime import datetime
from typing import Any, NamedTuple, TypeAlias

from txtor.events import CircuitEvent, ClientsSeenEvent, ORConnEvent, StatusClientEvent, StreamEvent
from txtor.grammar import RouterName, encode, parse_time, split_quoted, split_words, unquote_cstring

from ._names import AddressMapping

IpAddress: TypeAlias = "ipaddress.IPv4Address | ipaddress.IPv6Address"

_LONGEST_NUMBER = 20
_DOWNLOAD_NUMBERS = frozenset({"n-download-failures", "n-download-attempts", "last-backoff-position", "last-delay-used"})


class ReadWritten(NamedTuple):
    """
    Bytes read and bytes written.
    """

    read: int
    written: int


class ConfigName(NamedTuple):
    """
    An option of torrc and its type, as ``Boolean`` or ``LineList``.
    """

    name: str
    type: str


class ConfigDefault(NamedTuple):
    """
    A default of an option; an option with several has several.
    """

    name: str
    value: str


class InfoName(NamedTuple):
    """
    A key of GETINFO and Tor's words for it. A ``*`` at the end stands for anything.
    """

    name: str
    description: str


class EntryGuard(NamedTuple):
    """
    A guard and how it does.

    :ivar relay: which it is.
    :ivar status: ``up``, ``never-connected``, ``down`` or ``unusable``.
    :ivar since: for a guard that is down or unusable; ``None`` where it is not told.
    """

    relay: RouterName
    status: str
    since: datetime | None


def truth(text: str) -> bool:
    """
    ``0`` or ``1``.
    """
    if text not in ("0", "1"):
        raise ValueError
    return text == "1"


def number(text: str) -> int:
    """
    A whole number, which may be negative.
    """
    digits = text.removeprefix("-")
    if not (digits.isascii() and digits.isdigit() and len(digits) <= _LONGEST_NUMBER):
        raise ValueError
    return int(text)


def read_written(text: str) -> ReadWritten:
    """
    Two numbers with a space between.
    """
    read, written = text.split(" ")
    return ReadWritten(number(read), number(written))


def bandwidths(text: str) -> list[ReadWritten]:
    """
    Pairs ``read,written`` with spaces between, one for each second, the oldest first.
    """
    pairs = (pair.split(",") for pair in text.split())
    return [ReadWritten(number(read), number(written)) for read, written in pairs]


def time_or_none(text: str) -> datetime | None:
    """
    A time, or nothing where there is none.
    """
    return parse_time(text) if text else None


def local_time(text: str) -> datetime:
    """
    A time in Tor's own zone, which it does not tell: the only datetime of txtor without a zone.
    """
    return parse_time(text).replace(tzinfo=None)


def ip_address(text: str) -> IpAddress:
    """
    An IP address of either version.
    """
    return ipaddress.ip_address(text)


def text_value(text: str) -> str:
    """
    The value as it is.
    """
    return text


def words(text: str) -> list[str]:
    """
    Words with spaces between.
    """
    return text.split()


def comma_list(text: str) -> list[str]:
    """
    Items with commas between.
    """
    return text.split(",") if text else []


def lines(text: str) -> list[str]:
    """
    Lines, without empty ones.
    """
    return [line for line in text.split("\n") if line]


def quoted(text: str) -> list[str]:
    """
    Quoted strings with spaces between.
    """
    return split_quoted(text)


def config_names(text: str) -> list[ConfigName]:
    """
    Lines of a name and a type.
    """
    return [ConfigName(*line.split(" ", 2)[:2]) for line in _lines_of(text, 2)]


def config_defaults(text: str) -> list[ConfigDefault]:
    """
    Lines of a name and a quoted value.
    """
    pairs = (line.split(" ", 1) for line in _lines_of(text, 2))
    return [ConfigDefault(name, unquote_cstring(value)) for name, value in pairs]


def info_names(text: str) -> list[InfoName]:
    """
    Lines ``name -- description``.
    """
    pairs = (line.partition(" -- ") for line in lines(text))
    return [InfoName(name, description) for name, _, description in pairs]


def entry_guards(text: str) -> list[EntryGuard]:
    """
    Lines of a relay, a status and perhaps a time.
    """
    guards = []
    for line in _lines_of(text, 2):
        name, status, *since = line.split(" ", 2)
        guards.append(EntryGuard(RouterName.parse(name), status, parse_time(since[0]) if since else None))
    return guards


def address_mappings(text: str) -> list[AddressMapping]:
    """
    Lines of an original address, its replacement, and a quoted time in UTC or ``NEVER``.
    """
    mappings = []
    for line in lines(text):
        original, replacement, expires = split_words(line)
        time = None if expires == "NEVER" else parse_time(unquote_cstring(expires))
        mappings.append(AddressMapping(original, replacement, time))
    return mappings


def download_status(text: str) -> dict[str, str | int | datetime]:
    """
    Lines of a name and a value: how the download of one document goes.
    """
    status: dict[str, str | int | datetime] = {}
    for line in _lines_of(text, 2):
        name, value = line.split(" ", 1)
        if name in _DOWNLOAD_NUMBERS:
            status[name] = number(value)
        else:
            status[name] = parse_time(value) if name == "next-attempt-at" else value
    return status


def truths(text: str) -> dict[str, bool]:
    """
    Words ``NAME=0`` or ``NAME=1``.
    """
    pairs = (word.partition("=") for word in text.split())
    return {name: truth(value) for name, _, value in pairs}


def circuits(text: str) -> list[CircuitEvent]:
    """
    Lines as of CIRC events.
    """
    return [CircuitEvent(line) for line in lines(text)]


def streams(text: str) -> list[StreamEvent]:
    """
    Lines as of STREAM events, without their keywords.
    """
    return [StreamEvent(line) for line in lines(text)]


def or_connections(text: str) -> list[ORConnEvent]:
    """
    Lines as of ORCONN events.
    """
    return [ORConnEvent(line) for line in lines(text)]


def bootstrap_phase(text: str) -> StatusClientEvent:
    """
    The last BOOTSTRAP that Tor reported.
    """
    return StatusClientEvent(text)


def clients_seen(text: str) -> ClientsSeenEvent:
    """
    As of a CLIENTS_SEEN event.
    """
    return ClientsSeenEvent(text)


def document(text: str) -> bytes:
    """
    One or more directory documents, as bytes.
    """
    return encode(text)


def _lines_of(text: str, fields: int) -> list[str]:
    """
    Lines, each of at least so many fields.
    """
    found = lines(text)
    if any(line.count(" ") < fields - 1 for line in found):
        raise ValueError
    return found


#: What reads each kind of value; `txtor.commands.InfoKey.kind` is one of these words.
READERS: dict[str, Callable[[str], Any]] = {
    "bool": truth,
    "int": number,
    "read-written": read_written,
    "bandwidths": bandwidths,
    "time": parse_time,
    "time-or-none": time_or_none,
    "local-time": local_time,
    "ip-address": ip_address,
    "text": text_value,
    "words": words,
    "comma-list": comma_list,
    "lines": lines,
    "quoted": quoted,
    "config-names": config_names,
    "config-defaults": config_defaults,
    "info-names": info_names,
    "entry-guards": entry_guards,
    "address-mappings": address_mappings,
    "download-status": download_status,
    "bools": truths,
    "circuits": circuits,
    "streams": streams,
    "or-connections": or_connections,
    "bootstrap-phase": bootstrap_phase,
    "clients-seen": clients_seen,
    "document": document,
}
