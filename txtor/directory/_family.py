# -*- test-case-name: txtor.test.directory.test_family -*-
"""
Families: relays that belong to one operator, and must not stand in one circuit.

See dir-spec 2.1.1, "family" and "family-cert", 3.3, "family-ids", and path-spec 2.2, Path selection and constraints.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from typing import NamedTuple

from txtor.errors import InvalidArgument
from txtor.grammar import is_fingerprint, is_nickname


class Family:
    """
    The relays that a relay names as its own family. Alone it proves nothing: the others must name it as well.

    :ivar entries: the words as they stand in the document.
    :ivar fingerprints: those that are named by fingerprint, 40 upper-case hexadecimal digits.
    :ivar nicknames: those that are named by nickname, in lower case.
    :ivar others: words of a form that txtor does not know.
    """

    __slots__ = ("entries", "fingerprints", "nicknames", "others")

    def __init__(self, entries: Iterable[str] = ()) -> None:
        """
        :param entries: words as ``$HEX``, ``$HEX=nick``, ``$HEX~nick`` or ``nick``. A word that begins with ``$`` and is no
            fingerprint names nobody, as for tor.
        """
        self.entries = tuple(entries)
        fingerprints, nicknames, others = set(), set(), []
        for entry in self.entries:
            digits = entry.removeprefix("$")
            if is_fingerprint(digits[:40]) and _is_ending(digits[40:]):
                fingerprints.add(digits[:40].upper())
            elif is_nickname(entry):
                nicknames.add(entry.lower())
            elif entry[:1] != "$":
                others.append(entry)
        self.fingerprints = frozenset(fingerprints)
        self.nicknames = frozenset(nicknames)
        self.others = tuple(others)

    @classmethod
    def parse(cls, text: str) -> Family:
        """
        Read the words behind ``family``.
        """
        return cls(word for word in text.replace("\t", " ").split(" ") if word)

    def names(self, fingerprint: str, nickname: str | None = None) -> bool:
        """
        Whether a relay is named, by its fingerprint or by its nickname in any case.
        """
        return fingerprint.upper() in self.fingerprints or (nickname is not None and nickname.lower() in self.nicknames)

    def canonical(self, fingerprint: str) -> str:
        """
        The list as it stands in a microdescriptor: fingerprints alone and in upper case, nicknames in lower case, the relay
        itself added, sorted, each once.

        :param fingerprint: of the relay whose list this is.
        """
        named = {f"${known}" for known in self.fingerprints | {fingerprint.upper()}}
        return " ".join(sorted(named | self.nicknames | set(self.others)))

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Family):
            return NotImplemented
        mine = (self.fingerprints, self.nicknames, frozenset(self.others))
        return mine == (other.fingerprints, other.nicknames, frozenset(other.others))

    def __hash__(self) -> int:
        return hash((self.fingerprints, self.nicknames))

    def __bool__(self) -> bool:
        return bool(self.entries)

    def __str__(self) -> str:
        return " ".join(self.entries)

    def __repr__(self) -> str:
        return f"<Family {str(self)[:120]}>"


def _is_ending(text: str) -> bool:
    return not text or (text[0] in "=~" and is_nickname(text[1:]))


class FamilyMember(NamedTuple):
    """
    What must be known of a relay to tell its relatives.

    :ivar fingerprint: 40 hexadecimal digits.
    :ivar nickname: or ``None``.
    :ivar family: whom it names.
    :ivar family_ids: its ``family-ids``, or the keys of its verified family certificates in the same form.
    :ivar addresses: its IPv4 and IPv6 addresses.
    """

    fingerprint: str
    nickname: str | None = None
    family: Family = Family()
    family_ids: frozenset[str] = frozenset()
    addresses: tuple[str, ...] = ()


def subnet(address: str) -> str:
    """
    The network in which tor takes only one relay for a circuit: the /16 of an IPv4 address, the /32 of an IPv6 address.

    :return: as ``"192.0.0.0/16"`` or ``"2001:db8::/32"``.
    :raises InvalidArgument: it is no address.

    See path-spec 2.2, EnforceDistinctSubnets.
    """
    try:
        parsed = ipaddress.ip_address(address.strip("[]"))
    except ValueError:
        raise InvalidArgument(f"Not an IP address: {address[:80]!r}") from None
    if parsed.version == 4:
        return str(ipaddress.IPv4Network((int(parsed) >> 16 << 16, 16)))
    return str(ipaddress.IPv6Network((int(parsed) >> 96 << 96, 32)))


def are_family(
    one: FamilyMember,
    other: FamilyMember,
    *,
    use_family_lists: bool = True,
    use_family_ids: bool = True,
    distinct_subnets: bool = True,
    node_families: Iterable[Family] = (),
) -> bool:
    """
    Whether two relays must not stand in one circuit.

    :param use_family_lists: the consensus' parameter ``use-family-lists``: relays that name each other.
    :param use_family_ids: the parameter ``use-family-ids``: relays with a common family id.
    :param distinct_subnets: the option ``EnforceDistinctSubnets``: relays whose addresses lie in one `subnet`.
    :param node_families: the user's ``NodeFamily`` options; in each, all named relays are one family.
    """
    if one.fingerprint.upper() == other.fingerprint.upper():
        return True
    if use_family_lists and one.family.names(*other[:2]) and other.family.names(*one[:2]):
        return True
    if use_family_ids and one.family_ids & other.family_ids:
        return True
    if distinct_subnets and set(map(subnet, one.addresses)) & set(map(subnet, other.addresses)):
        return True
    return any(family.names(*one[:2]) and family.names(*other[:2]) for family in node_families)
