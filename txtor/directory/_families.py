# -*- test-case-name: txtor.test.directory.test_families -*-
"""
Who is of one family with whom, for all relays at once.

Only the lines about families are read, and microdescriptors that have none are not even hashed. The functions are generators that
do a few milliseconds of work for each step and *return* their result, as those for router status entries. See dir-spec 2.1.1, 3.3
and path-spec 2.2.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from hashlib import sha256

from ._encoding import unpadded
from ._family import Family, FamilyMember
from ._reading import parse_in_steps
from ._router_index import RouterStatuses, index_routers_in_slices
from ._server_descriptor import ServerDescriptor

#: By fingerprint, the fingerprints of the others of its family; for relays that have any.
Relatives = dict[str, frozenset[str]]

_FIRST = b"onion-key"
_PIECE = 128 * 1024
#: How much is done in a step: about a millisecond.
_ENTRIES = 200
_PAIRS = 2000
_MEMBERS = 20_000


def families_in_slices(consensus: bytes, microdescriptors: bytes) -> Generator[None, None, Relatives]:
    """
    The families by microdescriptors, in steps.

    :param consensus: of the microdescriptor flavour: it says which microdescriptor is whose, and by ``use-family-lists`` and
        ``use-family-ids`` what makes a family. It is not verified.
    :param microdescriptors: one after another. A relay whose microdescriptor is not among them has no family.
    :return: relays that name each other, or have a family id in common. Both ways are there for each pair.
    :raises MalformedDocument: the entries of the consensus cannot be cut.
    """
    known = yield from _microdescriptors(microdescriptors)
    begin = consensus.find(b"\nr ") + 1
    routers = RouterStatuses()
    if begin:
        end = consensus.find(b"\ndirectory-footer", begin) + 1 or len(consensus)
        routers = yield from index_routers_in_slices(consensus, start=begin, end=end)
    members = []
    for count, status in enumerate(routers.values(), 1):
        said = known.get(status.microdescriptor_digest or "")
        if said is not None:
            members.append(FamilyMember(status.fingerprint, status.nickname, *said))
        if not count % _ENTRIES:
            yield
    parameters = _parameters(consensus[:begin])
    return (
        yield from relatives_in_slices(
            members,
            use_family_lists=parameters.get("use-family-lists") != "0",
            use_family_ids=parameters.get("use-family-ids") != "0",
        )
    )


def families_of_descriptors_in_slices(descriptors: bytes) -> Generator[None, None, Relatives]:
    """
    The families by server descriptors, in steps.

    :param descriptors: one after another. Neither they nor their family certificates are verified: let it be those that a Tor has
        verified.
    :return: relays that name each other, or have a certificate of the same family key. Both ways are there for each pair.
    :raises DocumentError: one cannot be read.
    """
    members = []
    for reading in parse_in_steps(_pieces(descriptors), ServerDescriptor, check=False):
        if reading is not None:
            descriptor: ServerDescriptor = reading.get()  # type: ignore[assignment]  # all are of the kind that was given
            keys = (certificate.signing_key for certificate in descriptor.family_certificates)
            ids = frozenset(f"ed25519:{unpadded(key)}" for key in keys if key)
            if descriptor.family or ids:
                members.append(FamilyMember(descriptor.fingerprint, descriptor.nickname, descriptor.family or Family(), ids))
        yield
    return (yield from relatives_in_slices(members))


def relatives_in_slices(
    members: Sequence[FamilyMember], *, use_family_lists: bool = True, use_family_ids: bool = True
) -> Generator[None, None, Relatives]:
    """
    Who is of one family with whom, in steps.

    :param members: each relay once. Their addresses play no part.
    :param use_family_lists: as of `are_family`.
    :param use_family_ids: as of `are_family`.
    :return: what `are_family` says of each pair.
    """
    found: dict[str, set[str]] = {member.fingerprint.upper(): set() for member in members}
    yield
    if use_family_lists:
        yield from _by_lists(members, found)
    if use_family_ids:
        yield from _by_ids(members, found)
    relatives, size = {}, 0
    for fingerprint in list(found):
        others = found.pop(fingerprint)  # what is not needed any more is let go of in steps as well
        if others:
            relatives[fingerprint] = frozenset(others)
            size += len(others)
            if size > _MEMBERS:
                size = 0
                yield
    return relatives


def _by_lists(members: Sequence[FamilyMember], found: dict[str, set[str]]) -> Generator[None, None, None]:
    by_fingerprint = {member.fingerprint.upper(): member for member in members}
    yield
    by_nickname: dict[str, list[FamilyMember]] = {}
    for member in members:
        if member.nickname is not None:
            by_nickname.setdefault(member.nickname.lower(), []).append(member)
    yield
    pairs = 0
    for fingerprint, member in by_fingerprint.items():
        named = [by_fingerprint[other] for other in member.family.fingerprints if other in by_fingerprint]
        for nickname in member.family.nicknames:
            named += by_nickname.get(nickname, ())
        in_its_own = member.family.names(fingerprint, member.nickname)
        for other in named:
            # All members of a family usually have the very same list.
            same = in_its_own if other.family is member.family else other.family.names(fingerprint, member.nickname)
            if same and other is not member:
                found[fingerprint].add(other.fingerprint.upper())
            pairs += 1
            if not pairs % _PAIRS:
                yield


def _by_ids(members: Sequence[FamilyMember], found: dict[str, set[str]]) -> Generator[None, None, None]:
    families: dict[str, set[str]] = {}
    for member in members:
        for family in member.family_ids:
            families.setdefault(family, set()).add(member.fingerprint.upper())
    yield
    pairs = 0
    for member in members:
        fingerprint = member.fingerprint.upper()
        for family in member.family_ids:
            found[fingerprint] |= families[family]
            pairs += len(families[family])
        found[fingerprint].discard(fingerprint)
        if pairs > _MEMBERS:
            pairs = 0
            yield


def _microdescriptors(data: bytes) -> Generator[None, None, dict[str, tuple[Family, frozenset[str]]]]:
    """
    By digest, as a consensus writes it, what those say of families that say anything.
    """
    known: dict[str, tuple[Family, frozenset[str]]] = {}
    families: dict[bytes, Family] = {}  # all of one family say the same
    begin = rest = data.find(_FIRST)
    while 0 <= begin < len(data):
        end = data.find(b"\n" + _FIRST, begin + 1) + 1 or len(data)
        if data.find(b"\nfamily", begin, end) >= 0:
            document = data[begin:end]
            if not document.endswith(b"\n"):  # the control port leaves out the last line end
                document += b"\n"
            words = _line(document, b"family")
            family = families.get(words)
            if family is None:
                family = families[words] = Family.parse(words.decode("utf-8", "surrogateescape"))
            ids = frozenset(_line(document, b"family-ids").decode("utf-8", "surrogateescape").split())
            known[unpadded(sha256(document).digest())] = (family, ids)
        begin = end
        if begin - rest > _PIECE:
            rest = begin
            yield
    return known


def _line(document: bytes, keyword: bytes) -> bytes:
    """
    What stands behind a keyword; nothing where it does not stand there.
    """
    begin = document.find(b"\n" + keyword + b" ")
    return document[begin + len(keyword) + 2 : document.find(b"\n", begin + 1)] if begin >= 0 else b""


def _parameters(header: bytes) -> dict[str, str]:
    words = _line(header, b"params").decode("utf-8", "surrogateescape").split(" ")
    return {name: value for name, _, value in (word.partition("=") for word in words)}


def _pieces(data: bytes) -> Iterator[bytes]:
    return (data[place : place + _PIECE] for place in range(0, len(data), _PIECE))
