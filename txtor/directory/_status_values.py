# -*- test-case-name: txtor.test.directory.test_network_status -*-
"""
The values in the header and the footer of network statuses, and how they are read.

See dir-spec 3.4.1, Vote and consensus status document formats.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import timedelta
from itertools import pairwise
from typing import NamedTuple

from ._document import Document
from ._encoding import BadValue, base64, fingerprint, hexadecimal, integer, ipv4, port
from ._fields import read_item
from ._items import Item
from ._protocols import Protocols
from ._readers import argument, read_fingerprint, read_text

_INT32 = 2**31 - 1
_BANDWIDTH_SCALE = 10000


class Parameters(Mapping[str, int]):
    """
    The ``params`` of a network status: by name, a number of 32 bits with a sign.

    See dir-spec 3.4.1, params, and param-spec.
    """

    __slots__ = ("_values",)

    def __init__(self, values: Mapping[str, int] | None = None) -> None:
        self._values = dict(values or {})

    def within(self, name: str, default: int, low: int, high: int) -> int:
        """
        A parameter as tor takes it: the default where it is absent, the nearest bound where it is beyond one.

        :param name: its name, as ``"circwindow"``.
        :param default: what param-spec says for a network that does not set it.
        :param low: the smallest value allowed.
        :param high: the greatest.
        """
        return max(low, min(self._values.get(name, default), high))

    def is_set(self, name: str, default: bool = False) -> bool:
        """
        A parameter that is 0 or 1.
        """
        return bool(self.within(name, int(default), 0, 1))

    @property
    def bandwidth_weight_scale(self) -> int:
        """
        What bandwidth weights are fractions of.
        """
        return self.within("bwweightscale", _BANDWIDTH_SCALE, 1, _INT32)

    def __getitem__(self, name: str) -> int:
        return self._values[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def __eq__(self, other: object) -> bool:
        return self._values == other._values if isinstance(other, Parameters) else NotImplemented

    def __hash__(self) -> int:
        return hash(frozenset(self._values.items()))

    def __str__(self) -> str:
        return " ".join(f"{name}={value}" for name, value in sorted(self._values.items()))

    def __repr__(self) -> str:
        return f"<Parameters {self}>"


class VotingDelay(NamedTuple):
    """
    How long before the next consensus authorities exchange votes, and then signatures.
    """

    vote: timedelta
    distribution: timedelta


class PackageVersion(NamedTuple):
    """
    A package that authorities recommend, which they did until consensus method 33.

    :ivar digests: by hash function.
    """

    name: str
    version: str
    url: str
    digests: Mapping[str, str]


class SharedRandomValue(NamedTuple):
    """
    A number that nobody could choose or know in advance.

    :ivar reveals: how many authorities took part.
    :ivar value: 32 bytes.
    """

    reveals: int
    value: bytes


class DirectorySource(NamedTuple):
    """
    An authority that took part in a consensus, or that made a vote.

    :ivar identity: the digest of its identity key, 40 upper-case hexadecimal digits.
    :ivar contact: how its operator is reached; ``None`` for a legacy line.
    :ivar vote_digest: the digest of its vote, 40 upper-case hexadecimal digits; ``None`` in the vote itself.
    """

    nickname: str
    identity: str
    hostname: str
    address: str
    dir_port: int
    or_port: int
    contact: str | None = None
    vote_digest: str | None = None

    @property
    def is_legacy(self) -> bool:
        """
        Whether it stands for an identity that the authority used before.
        """
        return self.nickname.endswith("-legacy")


class DocumentSignature(NamedTuple):
    """
    The signature of an authority.

    :ivar algorithm: the hash function, as ``"sha1"``; one that txtor does not know is kept.
    :ivar identity: the digest of the authority's identity key, 40 upper-case hexadecimal digits.
    :ivar signing_key_digest: the digest of the key that signed, likewise.
    """

    algorithm: str
    identity: str
    signing_key_digest: str
    signature: bytes


# -- readers ------------------------------------------------------------------------------------------------------------


def read_flavour(item: Item) -> str:
    """
    ``network-status-version``: the flavour behind the version.
    """
    integer(argument(item, 0), 3, 3)
    return item.arguments[1] if len(item.arguments) > 1 else "ns"


def read_numbers(item: Item) -> tuple[int, ...]:
    """
    Numbers separated by spaces.
    """
    return tuple([integer(word, 1, _INT32) for word in item.arguments])


def read_voting_delay(item: Item) -> VotingDelay:
    """
    Two numbers of seconds.
    """
    vote, distribution = (timedelta(seconds=integer(argument(item, place), 0, 86400)) for place in (0, 1))
    return VotingDelay(vote, distribution)


def read_versions(item: Item) -> tuple[str, ...]:
    """
    Versions separated by commas; there may be none.
    """
    return tuple([word for word in item.text.strip(" ").split(",") if word])


def read_package(item: Item) -> PackageVersion:
    """
    A package line.
    """
    arguments = item.arguments
    if len(arguments) < 3:
        raise BadValue(f"{len(arguments)} arguments are too few")
    name, version, url = arguments[:3]
    return PackageVersion(name, version, url, _pairs(arguments[3:]))


def read_flags(item: Item) -> tuple[str, ...]:
    """
    Words in ascending order, none of them twice.
    """
    return tuple(_ascending(item.arguments))


def read_protocols(item: Item) -> Protocols:
    """
    Protocol versions.
    """
    return Protocols.parse(item.text)


def read_parameters(item: Item) -> Parameters:
    """
    ``name=number`` in ascending order of names, none of them twice.
    """
    return Parameters(_integers(item))


def read_weights(item: Item) -> Mapping[str, int]:
    """
    ``name=number``; order does not matter here, but no name may be there twice.
    """
    return _integers(item, ordered=False)


def _integers(item: Item, ordered: bool = True) -> dict[str, int]:
    found: dict[str, int] = {}
    for word in item.arguments:
        name, equals, value = word.partition("=")
        if not equals or not name:
            raise BadValue(f"not name=number: {word[:60]!r}")
        if name in found:
            raise BadValue(f"{name[:60]!r} is there twice")
        found[name] = integer(value, -_INT32 - 1, _INT32)
    if ordered:
        _ascending(list(found))
    return found


def _ascending(found: list[str]) -> list[str]:
    for before, after in pairwise(found):
        if before >= after:
            raise BadValue(f"{after[:60]!r} stands behind {before[:60]!r}")
    return found


def read_pairs(item: Item) -> Mapping[str, str]:
    """
    ``key=value`` words, of any meaning.
    """
    return _pairs(item.arguments)


def _pairs(found: list[str]) -> dict[str, str]:
    pairs: dict[str, str] = {}
    for key, _, value in [word.partition("=") for word in found]:
        pairs.setdefault(key, value)
    return pairs


def read_shared_random(item: Item) -> SharedRandomValue:
    """
    How many reveals, and the value.
    """
    return SharedRandomValue(integer(argument(item, 0), 0, 255), base64(argument(item, 1), 32))


def read_sources(document: Document, places: list[int]) -> tuple[DirectorySource, ...]:
    """
    All ``dir-source`` lines, each with the lines that follow it.
    """
    found = []
    for place, end in zip(places, [*places[1:], len(document.tokens)], strict=True):
        source = read_item(document, place, _read_source)
        for behind in range(place + 1, end):
            keyword = document.tokens[behind][1]
            if keyword == "contact" and source.contact is None:
                source = source._replace(contact=read_item(document, behind, read_text))
            elif keyword == "vote-digest" and source.vote_digest is None:
                source = source._replace(vote_digest=read_item(document, behind, read_fingerprint))
        found.append(source)
    return tuple(found)


def _read_source(item: Item) -> DirectorySource:
    if len(item.arguments) < 6:
        raise BadValue(f"{len(item.arguments)} arguments are too few")
    name, identity, host, address, dir_port, or_port = item.arguments[:6]
    return DirectorySource(name, fingerprint(identity), host, ipv4(address), port(dir_port, True), port(or_port, True))


def read_signature(item: Item) -> DocumentSignature:
    """
    ``directory-signature``; without a word for the hash function it is SHA-1.
    """
    found = item.arguments
    return signature_of(found[:3] if len(found) > 2 else ["sha1", *found], item)


def signature_of(found: list[str], item: Item) -> DocumentSignature:
    """
    A signature.

    :param found: hash function, identity and digest of the signing key.
    :param item: whose object the signature is.
    """
    algorithm, identity, key = found
    signature = item.object_bytes()
    if not 128 <= len(signature) <= 512:
        raise BadValue(f"a signature of {len(signature)} bytes, where 128 to 512 are allowed")
    return DocumentSignature(algorithm, fingerprint(identity), hexadecimal(key, 20).hex().upper(), signature)
