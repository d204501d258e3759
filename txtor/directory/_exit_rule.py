# -*- test-case-name: txtor.test.directory.test_exit_policy -*-
"""
One rule of an exit policy, and how it is written in its three places.

======================  =========================================  =====================================================
place                   ``*`` is                                   besides
======================  =========================================  =====================================================
server descriptor       every IPv4 address                         no IPv6 addresses, ``accept6`` or ``reject6``
torrc                   every address                              ``*4 *6 private accept6 reject6``; no ports is all
GETINFO exit-policy/    every IPv4 address; every IPv6 address     as torrc
full, ipv4, ipv6        behind ``accept6`` and ``reject6``
======================  =========================================  =====================================================

tor answers ``exit-policy/default`` in the form of torrc, and the others in the form of descriptors, with rules for IPv6 added.

See dir-spec 2.1.3, exitpattern, and tor's manual, ExitPolicy.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from typing import Literal, NamedTuple

from ._encoding import BadValue, integer, ipv4, ipv6

Dialect = Literal["descriptor", "torrc", "getinfo"]
_WORDS = {"accept": (True, False), "reject": (False, False), "accept6": (True, True), "reject6": (False, True)}
_BITS = {4: 32, 6: 128}


class ExitRule(NamedTuple):
    """
    Accept or reject some ports of a network of addresses.

    :ivar is_accept: whether it accepts.
    :ivar family: 4 or 6.
    :ivar number: the address as it was written, as a number; the bits behind the prefix may be set.
    :ivar bits: the length of the prefix, 0 for every address of the family.
    :ivar min_port: the first port, at least 1.
    :ivar max_port: the last port; smaller than the first where the rule was written for port 0, which nothing matches.
    """

    is_accept: bool
    family: int
    number: int
    bits: int
    min_port: int
    max_port: int

    @property
    def address(self) -> str:
        """
        The address as text, without brackets.
        """
        return str((ipaddress.IPv4Address if self.family == 4 else ipaddress.IPv6Address)(self.number))

    @property
    def is_address_wildcard(self) -> bool:
        """
        Whether it is for every address of its family.
        """
        return self.bits == 0

    @property
    def is_port_wildcard(self) -> bool:
        """
        Whether it is for every port.
        """
        return self.min_port == 1 and self.max_port == 65535

    @property
    def is_private(self) -> bool:
        """
        Whether its network is one of those that ``private`` stands for.
        """
        return (self.family, self.number, self.bits) in _PRIVATE

    def covers(self, family: int, number: int) -> bool:
        """
        Whether an address, as a family and a number, lies in its network.
        """
        return family == self.family and (number ^ self.number) >> (_BITS[family] - self.bits) == 0

    def __str__(self) -> str:
        """
        The rule as tor writes it in descriptors and for ``GETINFO exit-policy/full``.
        """
        word = ("accept" if self.is_accept else "reject") + ("6" if self.family == 6 else "")
        network = "*"
        if self.bits:
            address = self.address if self.family == 4 else f"[{self.address}]"
            network = address if self.bits == _BITS[self.family] else f"{address}/{self.bits}"
        ports = str(self.min_port) if self.min_port == self.max_port else f"{self.min_port}-{self.max_port}"
        if self.max_port < self.min_port:
            ports = "0"
        return f"{word} {network}:{'*' if self.is_port_wildcard else ports}"


def read_rule(text: str, dialect: Dialect) -> Iterator[ExitRule]:
    """
    The rules that one line stands for: one, or several for ``private`` and for ``*`` in torrc.

    :param text: as ``accept 192.0.2.0/24:80-443``.
    :param dialect: the place that it is from.
    :raises BadValue: it is no rule of its place.
    """
    descriptor = dialect == "descriptor"
    word, _, pattern = text.strip(" \t").partition(" ")
    if word not in _WORDS or (descriptor and word[-1] == "6"):
        raise BadValue(f"neither accept nor reject: {word[:40]!r}")
    is_accept, only_ipv6 = _WORDS[word]
    network, ports = _split(pattern.strip(" \t"), descriptor)
    min_port, max_port = _read_ports(ports, 0 if descriptor else 1)
    matched = False
    for family, number, bits in _read_network(network, descriptor):
        other = network == "*" and dialect == "getinfo" and family == 6 and not only_ipv6
        if other or (only_ipv6 and family == 4):
            continue
        matched = True
        yield ExitRule(is_accept, family, number, bits, min_port, max_port)
    if not matched:
        raise BadValue(f"{word} with an IPv4 address: {pattern[:60]!r}")


def _split(pattern: str, descriptor: bool) -> tuple[str, str]:
    """
    The network and the ports; in torrc the ports may be left out, which is all of them.
    """
    if pattern[:1] == "[":
        network, bracket, rest = pattern.partition("]")
        mask, colon, ports = rest.partition(":")
        network += bracket + mask
    else:
        network, colon, ports = pattern.partition(":")
    if not colon and descriptor:
        raise BadValue(f"no ports: {pattern[:60]!r}")
    return network, ports if colon else "*"


def _read_ports(text: str, lowest: int) -> tuple[int, int]:
    """
    ``*``, one port or a range.

    :param lowest: 0 in descriptors, since old relays wrote it; what begins there begins at 1.
    """
    if text == "*":
        return 1, 65535
    low, dash, high = text.partition("-")
    first = integer(low, lowest, 65535)
    last = integer(high, lowest, 65535) if dash else first
    if last < first:
        raise BadValue(f"a reversed range of ports: {text[:40]!r}")
    return max(first, 1), last


def _read_network(text: str, descriptor: bool) -> list[tuple[int, int, int]]:
    """
    The networks that a text stands for, each as family, number and bits.
    """
    if text == "private":
        return [network for network in PRIVATE if network[0] == 4 or not descriptor]
    if text == "*":
        return [(4, 0, 0)] if descriptor else [(4, 0, 0), (6, 0, 0)]
    if text in ("*4", "*6") and not descriptor:
        return [(int(text[1]), 0, 0)]
    address, slash, mask = text.partition("/")
    if address[:1] == "[" and address[-1:] == "]":
        if descriptor:
            raise BadValue(f"an IPv6 address in the policy of a server descriptor: {text[:60]!r}")
        return [(6, int(ipaddress.IPv6Address(ipv6(address[1:-1]))), integer(mask, 0, 128) if slash else 128)]
    number = _ipv4_number(address)
    return [(4, number, _read_ipv4_mask(mask) if slash else 32)]


def _ipv4_number(text: str) -> int:
    """
    An IPv4 address as a number.
    """
    return int.from_bytes(bytes(map(int, ipv4(text).split("."))), "big")


def _read_ipv4_mask(text: str) -> int:
    """
    The length of a prefix, from ``16`` or ``255.255.0.0``.
    """
    if "." not in text:
        return integer(text, 0, 32)
    hosts = _ipv4_number(text) ^ 0xFFFFFFFF
    if hosts & (hosts + 1):
        raise BadValue(f"a mask that is no prefix: {text[:40]!r}")
    return 32 - hosts.bit_length()


def _private() -> Iterator[tuple[int, int, int]]:
    networks = (
        "0.0.0.0/8 169.254.0.0/16 127.0.0.0/8 192.168.0.0/16 10.0.0.0/8 172.16.0.0/12 "
        "[::]/8 [fc00::]/7 [fe80::]/10 [fec0::]/10 [ff00::]/8 [::]/127"
    )
    for text in networks.split(" "):
        yield from _read_network(text, descriptor=False)


#: The networks that ``private`` stands for, in tor's order.
PRIVATE = tuple(_private())
_PRIVATE = frozenset(PRIVATE)
