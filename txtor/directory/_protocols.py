# -*- test-case-name: txtor.test.directory.test_protocols -*-
"""
Which versions of the subprotocols a relay speaks, or a network requires: ``Link=1-5 LinkAuth=3``.

A set of versions is one number with a bit for each of 0 to 63, never a list. See tor-spec 9, Subprotocol versioning, and
dir-spec 2.1.1, "proto".
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from txtor.errors import MalformedDocument

from ._encoding import BadValue, integer

_NAME = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-")
_HIGHEST = 63


class Protocols(Mapping[str, tuple[int, ...]]):
    """
    By name, the versions of a subprotocol in ascending order. Names have a case.

    A name that is there without versions is in the mapping and supports nothing. Two values are equal where they
    support the same.

    :ivar text: as it was read.
    """

    __slots__ = ("_masks", "text")

    def __init__(self, text: str = "") -> None:
        """
        :param text: entries separated by spaces.
        :raises MalformedDocument: an entry is none, a name is longer than 100 characters, a version is above 63 or a range is
            reversed.
        """
        self.text = text
        self._masks: dict[str, int] = {}
        try:
            for entry in text.replace("\t", " ").split(" "):
                if entry:
                    name, mask = _read_entry(entry)
                    self._masks[name] = self._masks.get(name, 0) | mask
        except BadValue as error:
            raise MalformedDocument("protocol list", str(error), section="tor-spec 9") from None

    @classmethod
    def parse(cls, text: str) -> Protocols:
        """
        Read a list of entries; the same as making one.
        """
        return cls(text)

    def supports(self, name: str, version: int) -> bool:
        """
        Whether a version of a subprotocol is in it.
        """
        return 0 <= version <= _HIGHEST and bool(self._masks.get(name, 0) >> version & 1)

    def missing_from(self, other: Protocols) -> Protocols:
        """
        What this requires and another does not support.

        A client must not go on with a network where something of ``required-client-protocols`` is missing from its own list.
        """
        missing = Protocols()
        for name, mask in self._masks.items():
            lacking = mask & ~other._masks.get(name, 0)
            if lacking:
                missing._masks[name] = lacking
        missing.text = str(missing)
        return missing

    def __getitem__(self, name: str) -> tuple[int, ...]:
        mask = self._masks[name]
        return tuple(version for version in range(_HIGHEST + 1) if mask >> version & 1)

    def __iter__(self) -> Iterator[str]:
        return iter(self._masks)

    def __len__(self) -> int:
        return len(self._masks)

    def __contains__(self, name: object) -> bool:
        return name in self._masks

    def __eq__(self, other: object) -> bool:
        return self._supported() == other._supported() if isinstance(other, Protocols) else NotImplemented

    def __hash__(self) -> int:
        return hash(frozenset(self._supported().items()))

    def _supported(self) -> dict[str, int]:
        return {name: mask for name, mask in self._masks.items() if mask}

    def __str__(self) -> str:
        """
        The entries as tor would write them: sorted, with the fewest ranges.
        """
        return " ".join(f"{name}={_write_mask(mask)}" for name, mask in sorted(self._masks.items()))

    def __repr__(self) -> str:
        return f"<Protocols {self}>"


def _read_entry(entry: str) -> tuple[str, int]:
    """
    One ``Name=1,3-5`` as its name and mask.
    """
    name, equals, listed = entry.partition("=")
    if not equals or not 1 <= len(name) <= 100 or not _NAME.issuperset(name):
        raise BadValue(f"not Name=versions: {entry[:60]!r}")
    mask = 0
    # More commas than versions say nothing new; the bound is there for a line of nothing but commas.
    ranges = listed.split(",", 4096) if listed else []
    for text in ranges:
        low, dash, high = text.partition("-")
        first = integer(low, 0, _HIGHEST)
        last = integer(high, 0, _HIGHEST) if dash else first
        if last < first:
            raise BadValue(f"a reversed range: {entry[:60]!r}")
        mask |= (1 << last + 1) - (1 << first)
    return name, mask


def _write_mask(mask: int) -> str:
    """
    A mask as the fewest ranges.
    """
    ranges = []
    version = 0
    while mask >> version:
        first = version + _trailing_zeros(mask >> version)
        version = first + _trailing_zeros(~(mask >> first))
        ranges.append(str(first) if version == first + 1 else f"{first}-{version - 1}")
    return ",".join(ranges)


def _trailing_zeros(mask: int) -> int:
    return (mask & -mask).bit_length() - 1
