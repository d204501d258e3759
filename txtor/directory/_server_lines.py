# -*- test-case-name: txtor.test.directory.test_server_descriptor -*-
"""
The lines of server descriptors that hold more than one word.

See dir-spec 2.1.1, Server descriptor format.
"""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from txtor.errors import MalformedDocument

from ._certificate import Ed25519Certificate
from ._document import Document
from ._encoding import BadValue, base64, fingerprint, integer, ipv4, nickname, port
from ._exit_policy import ExitPolicy
from ._items import Item, words
from ._port_summary import PortSummary
from ._protocols import Protocols
from ._readers import argument, read_certificate, time_at

_MAX_BANDWIDTH = 2**31 - 1


class RouterLine(NamedTuple):
    """
    The first line of a descriptor.
    """

    nickname: str
    address: str
    or_port: int
    socks_port: int
    dir_port: int


class Bandwidth(NamedTuple):
    """
    What a relay says that it carries, in bytes a second.

    :ivar average: what it is willing to carry over long times; at least 1.
    :ivar burst: what it is willing to carry for short times.
    :ivar observed: the most that it has carried.
    """

    average: int
    burst: int
    observed: int


class NtorCrosscert(NamedTuple):
    """
    The certificate in which the ntor key says that it belongs to the relay.

    :ivar sign: 0 or 1: which of two Ed25519 keys the ntor key stands for.
    :ivar certificate: signed by that key.
    """

    sign: int
    certificate: Ed25519Certificate


class ExtraInfoDigest(NamedTuple):
    """
    What a descriptor says of its extra-info.

    :ivar sha1: the SHA-1 of what its RSA signature covers, 40 upper-case hexadecimal digits.
    :ivar sha256: the SHA-256 of the whole document, 32 bytes; ``None`` before Tor 0.2.7.
    """

    sha1: str
    sha256: bytes | None


class Overload(NamedTuple):
    """
    That a relay was overloaded.

    :ivar version: of the line, 1 so far.
    :ivar time: the hour in which it last was.
    """

    version: int
    time: datetime


def read_router_line(item: Item) -> RouterLine:
    name, address, or_port, socks_port, dir_port = item.arguments[:5]
    return RouterLine(nickname(name), ipv4(address), port(or_port), port(socks_port, True), port(dir_port, True))


def read_bandwidth(item: Item) -> Bandwidth:
    average, burst, observed = item.arguments[:3]
    return Bandwidth(integer(average, 1, _MAX_BANDWIDTH), integer(burst, 0, _MAX_BANDWIDTH), integer(observed, 0, _MAX_BANDWIDTH))


def read_ntor_crosscert(item: Item) -> NtorCrosscert:
    found = item.arguments
    if found not in (["0"], ["1"]):
        raise BadValue("the sign is neither 0 nor 1")
    return NtorCrosscert(int(found[0]), read_certificate(item))


def read_extra_info_digest(item: Item) -> ExtraInfoDigest | None:
    # tor writes a remark to its log and goes on without the digest.
    found = item.arguments
    try:
        sha1 = fingerprint(found[0])
        return ExtraInfoDigest(sha1, base64(found[1], 32) if len(found) > 1 else None)
    except BadValue:
        return None


def read_protocols(item: Item) -> Protocols | None:
    # In a server descriptor a list that cannot be read is as good as none.
    try:
        return Protocols.parse(item.text)
    except MalformedDocument:
        return None


def read_exit_policy(document: Document, _: list[int]) -> ExitPolicy:
    index, tokens = document.index, document.tokens
    places = sorted(index.get("accept", []) + index.get("reject", []))
    summaries = index.get("ipv6-policy", [])
    summary = PortSummary.parse(" ".join(words(tokens[summaries[0]][2]))) if summaries else None
    try:
        return ExitPolicy.from_descriptor([f"{tokens[place][1]} {tokens[place][2]}" for place in places], summary)
    except MalformedDocument as error:
        item = document.item_at(places[(error.line or 1) - 1])
        grammar = document.grammar
        raise MalformedDocument(grammar.document, f"{item.keyword}: {error.rule}", item.line, grammar.section) from None


def read_overload(item: Item) -> Overload:
    return Overload(integer(argument(item, 0)), time_at(item.arguments, 1))
