# -*- test-case-name: txtor.test.directory.test_router_index -*-
"""
Many router status entries: found by fingerprint, read in pieces that do not hold up a reactor, compared with those of before.

A block is entries one after another, as in a consensus and as the control port sends them. Making the mapping looks at nothing
but where entries begin and at the 27 characters of each identity; the entries read themselves when they are asked.

The functions with ``in_slices`` are generators that do a few milliseconds of work for each step and *return* their result; who
drives them (a cooperator, or a plain loop) decides when to go on. See dir-spec 3.8.1, Router status entries.
"""

from __future__ import annotations

from binascii import a2b_base64
from collections.abc import Generator, Iterator, Mapping, ValuesView
from dataclasses import dataclass
from struct import Struct
from typing import TypeVar

from txtor.errors import InvalidArgument, MalformedDocument
from txtor.grammar import is_fingerprint

from ._router_status import DOCUMENT, SECTION, RouterStatus

T = TypeVar("T")

#: Far more than any network has.
MAX_ROUTERS = 100_000
_ALPHABET = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
#: How much is done in a step: about two milliseconds on a slow machine.
_SLICE_BYTES = 128 * 1024
_SLICE_ROUTERS = 2000
#: How many characters of base64 an identity is, and how it lies among others that were read together.
_WORD, _JOINED = 27, Struct("20sx")


class RouterStatuses(Mapping[str, RouterStatus]):
    """
    By fingerprint, the entries of a network status, in its order.

    A key is a fingerprint, with or without ``$`` and in either case, or the 20 bytes of an identity; iteration gives
    fingerprints in upper case.

    :ivar by_identity: by the 20 bytes of an identity. For who looks up by the thousand; not to be changed.
    """

    __slots__ = ("by_identity",)

    def __init__(self, by_identity: dict[bytes, RouterStatus] | None = None) -> None:
        self.by_identity: dict[bytes, RouterStatus] = by_identity if by_identity is not None else {}

    def __getitem__(self, key: str | bytes) -> RouterStatus:
        try:
            return self.by_identity[identity_of(key)]
        except InvalidArgument:
            raise KeyError(key) from None

    def __contains__(self, key: object) -> bool:
        try:
            return isinstance(key, (str, bytes)) and identity_of(key) in self.by_identity
        except InvalidArgument:
            return False

    def __iter__(self) -> Iterator[str]:
        return (identity.hex().upper() for identity in self.by_identity)

    def __len__(self) -> int:
        return len(self.by_identity)

    def values(self) -> ValuesView[RouterStatus]:
        """
        The entries, in order.
        """
        return self.by_identity.values()

    def __reduce__(self) -> tuple[type[RouterStatuses], tuple[dict[bytes, RouterStatus]]]:
        return type(self), (self.by_identity,)

    def __repr__(self) -> str:
        return f"<RouterStatuses of {len(self)} routers>"


def identity_of(key: str | bytes) -> bytes:
    """
    The identity for a fingerprint, with or without ``$``.

    :raises InvalidArgument: it is neither a fingerprint nor 20 bytes.
    """
    if isinstance(key, str):
        bare = key.removeprefix("$")
        if is_fingerprint(bare):
            return bytes.fromhex(bare)
    elif len(key) == 20:
        return bytes(key)
    raise InvalidArgument(f"Not a fingerprint: {key!r}")


def index_routers(block: bytes) -> RouterStatuses:
    """
    Find the entries of a block, at once: 15 milliseconds for ten thousand.

    :param block: entries with LF as line ends, or nothing.
    :raises MalformedDocument: it does not begin with an entry, an identity cannot be read or is there twice.
    """
    return run_slices(index_routers_in_slices(block))


def index_routers_in_slices(
    block: bytes, known: RouterStatuses | None = None, start: int = 0, end: int | None = None
) -> Generator[None, None, RouterStatuses]:
    """
    Find the entries of a block, in steps.

    :param known: entries of before. Where an entry is the same to the byte, the object of before is taken.
    :param start: where in the bytes the entries begin.
    :param end: where they end.
    :return: what `index_routers` gives.
    :raises MalformedDocument: as `index_routers` does.
    """
    routers = RouterStatuses()
    end = len(block) if end is None else end
    if start == end:
        return routers
    _check_bytes(block, start, end)
    before = known.by_identity if known is not None else {}
    place, last = start + 2, end - block.endswith(b"\n", start, end)
    while place < last:
        # A piece at a time also keeps the copies in the processor's cache.
        cut = block.find(b"\nr ", min(place + _SLICE_BYTES, last), last)
        cut = last if cut < 0 else cut
        _add(routers.by_identity, block[place:cut], before)
        place = cut + 3
        yield
    return routers


def _check_bytes(block: bytes, start: int, end: int) -> None:
    """
    Check what can be seen of the whole: where it begins, and bytes that have no place in it.
    """
    if not block.startswith(b"r ", start, end):
        raise MalformedDocument(DOCUMENT, "it does not begin with r", 1, SECTION)
    for byte, name in ((b"\0", "a NUL byte"), (b"\r", "a carriage return")):
        place = block.find(byte, start, end)
        if place >= 0:
            raise MalformedDocument(DOCUMENT, name, 1 + block.count(b"\n", start, place), SECTION)


def _add(found: dict[bytes, RouterStatus], piece: bytes, known: Mapping[bytes, RouterStatus]) -> None:
    """
    Put entries into a mapping.

    :param piece: the entries, without the ``r`` and space in front of the first and without the last line end.
    :param known: entries of before, to be taken where they are the same.
    """
    entries = piece.split(b"\nr ")
    count = len(found) + len(entries)
    if count > MAX_ROUTERS:
        raise MalformedDocument(DOCUMENT, f"more than {MAX_ROUTERS} routers", None, SECTION)
    identities = _identities(entries) if b"\t" not in piece else [_identity(entry) for entry in entries]
    if known:
        for identity, entry in zip(identities, entries, strict=True):
            before = known.get(identity)
            found[identity] = before if before is not None and before._entry == entry else RouterStatus(entry, identity)
    else:
        found.update(zip(identities, map(RouterStatus, entries, identities), strict=True))
    if len(found) != count:
        seen: set[bytes] = set()
        for identity, entry in zip(identities, entries, strict=True):
            if identity in seen or found[identity]._entry != entry:
                break
            seen.add(identity)
        raise RouterStatus(entry)._malformed("a router that is there twice")


def _identities(entries: list[bytes]) -> list[bytes]:
    """
    The identities of entries. Nothing else of an entry is looked at, unless it is written in another way than tor's.
    """
    try:
        words = [entry[(place := entry.index(b" ") + 1) : place + _WORD] for entry in entries]
        # All at once: with one more character a word fills its last byte. What base64 passes over makes them fewer.
        joined = a2b_base64(b"A".join(words) + b"A")
    except ValueError:
        joined = b""
    if len(joined) == _JOINED.size * len(entries):
        return [identity for (identity,) in _JOINED.iter_unpack(joined)]
    return [_identity(entry) for entry in entries]


def _identity(entry: bytes) -> bytes:
    """
    The identity of an entry that may be written in another way, or have none.
    """
    place = entry.find(b" ") + 1
    try:
        identity = a2b_base64(entry[place : place + _WORD] + b"=") if b"\t" not in entry[:place] else b""
    except ValueError:
        identity = b""
    return identity if len(identity) == 20 and place else RouterStatus(entry).identity


def find_router(block: bytes, identity: bytes, start: int = 0, end: int | None = None) -> RouterStatus | None:
    """
    Find one entry of a sorted block by bisection.

    :param start: where in the bytes the entries begin.
    :param end: where they end.
    :raises MalformedDocument: an entry that was looked at has no identity.
    """
    low, high = start, len(block) if end is None else end
    while low < high:
        # The entry around the middle: from the last line that begins one, to the next.
        place = max(block.rfind(b"\nr ", low, (low + high) // 2 + 3) + 1, low)
        behind = block.find(b"\nr ", place, high) + 1 or high
        router = RouterStatus(block[place + 2 : behind].removesuffix(b"\n"))
        if router.identity == identity:
            return router
        if router.identity < identity:
            low = behind
        else:
            high = place
    return None


@dataclass(frozen=True)
class RouterChanges:
    """
    What is different between two network statuses. Entries are those of the later one, but for `left`.

    :ivar joined: routers that the earlier one does not have.
    :ivar left: routers that the later one does not have; the entries of before.
    :ivar changed: routers of both whose entries differ.
    """

    joined: tuple[RouterStatus, ...]
    left: tuple[RouterStatus, ...]
    changed: tuple[RouterStatus, ...]


def compare_routers(old: RouterStatuses, new: RouterStatuses) -> RouterChanges:
    """
    What changed, at once.
    """
    return run_slices(compare_routers_in_slices(old, new))


def compare_routers_in_slices(old: RouterStatuses, new: RouterStatuses) -> Generator[None, None, RouterChanges]:
    """
    What changed, in steps.

    :param old: the earlier entries.
    :param new: the later entries.
    """
    earlier, later = old.by_identity, new.by_identity
    joined, changed, left = [], [], []
    for number, (identity, router) in enumerate(later.items(), 1):
        before = earlier.get(identity)
        if before is None:
            joined.append(router)
        elif before is not router and before._entry != router._entry:
            changed.append(router)
        if not number % _SLICE_ROUTERS:
            yield
    for number, (identity, router) in enumerate(earlier.items(), 1):
        if identity not in later:
            left.append(router)
        if not number % _SLICE_ROUTERS:
            yield
    return RouterChanges(tuple(joined), tuple(left), tuple(changed))


def run_slices(slices: Generator[None, None, T]) -> T:
    """
    Do all steps of a generator at once and give its result.
    """
    while True:
        try:
            next(slices)
        except StopIteration as stop:
            result: T = stop.value
            return result
