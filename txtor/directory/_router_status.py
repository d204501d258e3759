# -*- test-case-name: txtor.test.directory.test_router_status -*-
"""
One relay in a network status: a few lines that begin with ``r``.

There are five dialects: the consensus, its microdescriptor flavour, votes, sanitised bridge statuses, and what the control port
says in ``ns/*``, NS and NEWCONSENSUS. One class reads them all; what a dialect does not have is ``None``.

An entry keeps its own bytes; ten thousand of them are made for every consensus, and most are never looked at. The values that are
read most are read together and kept, once somebody has asked for one of them; every other is read when it is asked for. What is
the same for many relays, as a set of flags, is one object. See dir-spec 3.8.1, Router status entries, and control-spec 3.9,
"ns/id".
"""

from __future__ import annotations

import re
from binascii import a2b_base64
from collections.abc import Callable, Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Generic, TypeVar, overload

from txtor.errors import MalformedDocument
from txtor.grammar import decode

from . import _router_words as read
from ._encoding import BadValue, unpadded
from ._items import text_of

T = TypeVar("T")

DOCUMENT, SECTION = "router status", "dir-spec 3.8.1"
#: Keywords that are known, and those of them that an entry has once at most.
_KNOWN = frozenset((b"r", b"a", b"s", b"v", b"pr", b"w", b"p", b"m", b"id", b"stats"))
_ONCE = _KNOWN - {b"a", b"m"}
_NONE: Mapping[str, str] = MappingProxyType({})

_BASE64 = rb"([A-Za-z0-9+/]{26}[AEIMQUYcgkosw048])"  # 20 bytes leave two bits of the last character unused: they must be zero
_BYTE = rb"(?:25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])"
_PORT = rb"(0|[1-9][0-9]{0,3}|[1-5][0-9]{4}|6[0-4][0-9]{3}|65[0-4][0-9]{2}|655[0-2][0-9]|6553[0-5])"
# An entry as tor writes it. Its groups are the words that `read.first_line` gives, the flags and the bandwidth. Each line has one
# place, so that one that is there twice does not match; no part of the pattern can match in two ways. What it does not match is
# read word by word, and comes out the same or is refused there, with the reason. (In ``re`` an empty alternative takes less time
# than ``?`` behind a group.)
_USUAL = re.compile(
    rb"([A-Za-z0-9]{1,19}) " + _BASE64 + rb"(?: " + _BASE64 + rb"|) ([0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}:[0-9]{2}) ("
    + rb"\.".join([_BYTE] * 4) + rb") " + _PORT + rb" " + _PORT + rb"(?:\na .*|)(?:\nm .*|)\ns (.*)(?:\nv .*|)(?:\npr .*|)"
    rb"(?:\nw Bandwidth=([0-9]{1,9})(?: .*|)|)(?:\np .*|)(?:\Z|(?:\n(?:id|m|stats) .*)+\Z)"
).match  # fmt: skip


class _Line(Generic[T]):
    """
    An attribute that is read from the rest of a line, which is given as bytes.

    :ivar keyword: of the line.
    :ivar search: finds the line, as it is usually written.
    :ivar read: from its rest to the value.
    :ivar absent: the value where there is no such line.
    """

    __slots__ = ("absent", "keyword", "read", "search")

    def __init__(self, keyword: str, read: Callable[[bytes], T], absent: T) -> None:
        self.keyword = keyword
        self.search = re.compile(f"\n{keyword} ([^\n]*)".encode("ascii")).search
        self.read = read
        self.absent = absent

    @overload
    def __get__(self, router: None, owner: type) -> _Line[T]: ...

    @overload
    def __get__(self, router: RouterStatus, owner: type) -> T: ...

    def __get__(self, router: RouterStatus | None, owner: type) -> _Line[T] | T:
        if router is None:
            return self
        entry = router._entry
        found = self.search(entry)
        try:
            if found is None or self.search(entry, found.end()):  # none, or more than one: read with more care
                rest = router._rest(self.keyword.encode("ascii"))
                return self.absent if rest is None else self.read(rest)
            return self.read(found[1])
        except (BadValue, MalformedDocument) as error:
            rule = error.rule if isinstance(error, MalformedDocument) else str(error)
            raise router._malformed(f"{self.keyword}: {rule}") from None

    def __set__(self, router: RouterStatus, value: object) -> None:
        raise AttributeError("what a router status says cannot be set")


def _optional(keyword: str, read: Callable[[bytes], T | None]) -> _Line[T | None]:
    """
    An attribute that is ``None`` where there is no such line.
    """
    return _Line[T | None](keyword, read, None)


class RouterStatus:
    """
    What a network status says of one relay. An attribute may raise `MalformedDocument` where the entry was not checked.

    :ivar nickname: 1 to 19 letters and digits.
    :ivar identity: the SHA-1 of the relay's RSA identity key, 20 bytes.
    :ivar fingerprint: the same as 40 upper-case hexadecimal digits.
    :ivar digest: the digest of the relay's descriptor, 40 upper-case hexadecimal digits; ``None`` in the microdescriptor flavour.
        On the control port of a tor that uses microdescriptors it is the first 20 bytes of the *microdescriptor's* SHA-256.
        Nothing in the entry tells which; `matches_descriptor` and `matches_microdescriptor` do, given the document's digest.
    :ivar published: when the descriptor was published; ``None`` where tor does not say, which it writes as a time in 2038.
    :ivar published_text: this time as it stands there.
    :ivar address: the IPv4 address.
    :ivar or_port: the port for relays and clients.
    :ivar dir_port: the port of its directory, or ``None`` where it has none (the wire says 0).
    :ivar or_addresses: further addresses and their ports; IPv6 without brackets.
    :ivar flags: as ``"Exit"``, those that txtor does not know included. Equal sets are one object.
    :ivar version: the version of tor that it runs; ``None`` where it is not said, or is not one of tor.
    :ivar version_text: the whole line, as ``"Tor 0.4.9.11"``.
    :ivar protocols: the versions of subprotocols that it speaks.
    :ivar weights: all words of the ``w`` line, as ``{"Bandwidth": "76000"}``.
    :ivar bandwidth: the weight with which it is chosen, kilobytes in a second by habit.
    :ivar measured: in a vote: what the authority measured.
    :ivar is_unmeasured: whether fewer than three authorities measured it, so that its bandwidth is bounded.
    :ivar guard_fraction: for how much of the time it has been a guard, in per cent.
    :ivar exit_policy: the ports to which most addresses may be reached.
    :ivar microdescriptor_digest: in the microdescriptor flavour: SHA-256 of the microdescriptor, in base64 without padding.
    :ivar microdescriptor_digests: in a vote, for each ``m`` line: the consensus methods, and by hash function the digest of the
        microdescriptor that they make.
    :ivar ed25519_identity: in a vote: the Ed25519 identity in base64 without padding, or ``None`` where the authority knows none.
    :ivar stats: in a vote: ``wfu``, ``tk``, ``mtbf`` and what else it says of the relay's uptime.

    See dir-spec 3.8.1, Router status entries.
    """

    __slots__ = ("_address", "_bandwidth", "_entry", "_flags", "_identity", "_nickname", "_or_port")

    _address: str
    _or_port: int
    #: ``None`` where they are still to be looked for, in an entry that is not as usual.
    _flags: frozenset[str] | None
    _bandwidth: int | None

    def __init__(self, entry: bytes, identity: bytes = b"") -> None:
        """
        :param entry: its lines without the ``r`` and space that begin the first, and without the last line end. Nothing is
            looked at; `parse` takes the lines as they are and checks them.
        :param identity: the identity in it, by who has read that already.
        """
        self._entry = entry
        self._identity = identity
        self._nickname: str | None = None  # until what is read most has been read

    @classmethod
    def parse(cls, data: bytes) -> RouterStatus:
        """
        Read one entry and check all of it.

        :param data: its lines, the last of which may lack its line end.
        :raises MalformedDocument: it is none.
        """
        entry = data[:-1] if data.endswith(b"\n") else data
        if not entry.startswith(b"r ") or b"\nr " in entry:
            raise MalformedDocument(DOCUMENT, "it is not one entry that begins with r", 1, SECTION)
        if b"\r" in entry or b"\0" in entry:
            raise MalformedDocument(DOCUMENT, "a carriage return or a NUL byte", None, SECTION)
        router = cls(entry[2:])
        router.check()
        return router

    def check(self) -> None:
        """
        Read everything, so that no attribute can fail afterwards.

        :raises MalformedDocument: something is wrong; the first thing that is.
        """
        keywords = [_cut(line)[0] for line in self._entry.split(b"\n")[1:]]
        if b"" in keywords or b"s" not in keywords:
            raise self._malformed("a line without a keyword" if b"" in keywords else "s is missing")
        for name in _ATTRIBUTES:
            getattr(self, name)

    # These are read of every router in a row, and as plain as can be.

    @property
    def nickname(self) -> str:
        return self._nickname or self._read()

    @property
    def identity(self) -> bytes:
        self._nickname or self._read()
        return self._identity

    @property
    def fingerprint(self) -> str:
        self._nickname or self._read()
        return self._identity.hex().upper()

    @property
    def address(self) -> str:
        self._nickname or self._read()
        return self._address

    @property
    def or_port(self) -> int:
        self._nickname or self._read()
        return self._or_port

    @property
    def flags(self) -> frozenset[str]:
        self._nickname or self._read()
        return self._any_flags if self._flags is None else self._flags

    @property
    def bandwidth(self) -> int | None:
        self._nickname or self._read()
        return self._any_bandwidth if self._bandwidth is None else self._bandwidth

    @property
    def digest(self) -> str | None:
        word = self._first_line()[2]
        return None if word is None else a2b_base64(word + b"=").hex().upper()

    @property
    def published(self) -> datetime | None:
        try:
            return read.published(self.published_text)
        except BadValue as error:
            raise self._malformed(f"r: {error}") from None

    @property
    def published_text(self) -> str:
        return decode(self._first_line()[3])

    @property
    def dir_port(self) -> int | None:
        return int(self._first_line()[6]) or None

    or_addresses = _Line[tuple[tuple[str, int], ...]]("a", read.or_addresses, ())
    version = _optional("v", read.version)
    version_text = _optional("v", decode)
    protocols = _optional("pr", read.protocols)
    weights = _Line("w", read.key_values, _NONE)
    _any_flags = _Line("s", read.flags, frozenset[str]())
    _any_bandwidth = _optional("w", read.bandwidth)
    measured = _optional("w", read.measured)
    is_unmeasured = _Line("w", read.is_unmeasured, False)
    guard_fraction = _optional("w", read.guard_fraction)
    exit_policy = _optional("p", read.summary)
    microdescriptor_digest = _optional("m", read.microdescriptor_digest)
    microdescriptor_digests = _Line[read.MicrodescriptorDigests]("m", read.microdescriptor_digests, ())
    ed25519_identity = _optional("id", read.ed25519_identity)
    stats = _Line("stats", read.key_values, _NONE)

    @property
    def unrecognized_lines(self) -> tuple[str, ...]:
        """
        The lines whose keywords txtor does not know, in order.
        """
        return tuple([decode(line) for line in self._entry.split(b"\n")[1:] if _cut(line)[0] not in _KNOWN])

    def matches_descriptor(self, sha1: bytes) -> bool:
        """
        Whether the entry names the server descriptor with a digest.
        """
        return len(sha1) == 20 and self.digest == sha1.hex().upper()

    def matches_microdescriptor(self, sha256: bytes) -> bool:
        """
        Whether the entry names the microdescriptor with a digest: by its ``m`` line, or on the control port by 20 bytes of it.
        """
        if len(sha256) != 32:
            return False
        if self.microdescriptor_digest or self.microdescriptor_digests:
            listed = [digests.get("sha256") for _, digests in self.microdescriptor_digests]
            return unpadded(sha256) in (self.microdescriptor_digest, *listed)
        return self.digest == sha256[:20].hex().upper()

    def _read(self) -> str:
        """
        Read what is read of every router in a row, the first line checked.

        :return: the nickname, which is there when all of it is.
        """
        usual = _USUAL(self._entry)
        if usual is None:
            name, identity, _, _, address, port, _ = self._odd_first_line()
            self._identity = a2b_base64(identity + b"=")
            self._flags = self._bandwidth = None
        else:
            name, identity, _, _, address, port, _, flags, bandwidth = usual.groups()
            self._identity = self._identity or a2b_base64(identity + b"=")
            self._flags = read.flags(flags)
            self._bandwidth = None if bandwidth is None else int(bandwidth)
        self._address = address.decode()
        self._or_port = int(port)
        self._nickname = nickname = name.decode()
        return nickname

    def _first_line(self) -> read.FirstLine:
        """
        The words of the first line, checked.
        """
        usual = _USUAL(self._entry)
        if usual is None:
            return self._odd_first_line()
        return usual[1], usual[2], usual[3], usual[4], usual[5], usual[6], usual[7]

    def _odd_first_line(self) -> read.FirstLine:
        """
        The same, of an entry that is not as usual.
        """
        try:
            return read.first_line(self._entry.partition(b"\n")[0])
        except BadValue as error:
            raise self._malformed(f"r: {error}") from None

    def _rest(self, keyword: bytes) -> bytes | None:
        """
        The rests of the lines of a keyword, joined by line ends; ``None`` where there is no such line.
        """
        found = [rest for word, rest in map(_cut, self._entry.split(b"\n")[1:]) if word == keyword]
        if len(found) > 1 and keyword in _ONCE:
            raise BadValue("it is there twice")
        return b"\n".join(found) if found else None

    def _malformed(self, rule: str) -> MalformedDocument:
        name = text_of(self._entry[:48].decode("latin-1").partition("\n")[0])
        return MalformedDocument(DOCUMENT, f"{rule} (in the entry {name!r})", None, SECTION)

    def __bytes__(self) -> bytes:
        return b"r " + self._entry + b"\n"

    def __eq__(self, other: object) -> bool:
        return self._entry == other._entry if isinstance(other, RouterStatus) else NotImplemented

    def __hash__(self) -> int:
        return hash(self._entry)

    def __reduce__(self) -> tuple[type[RouterStatus], tuple[bytes]]:
        return type(self), (self._entry,)

    def __repr__(self) -> str:
        return f"<RouterStatus {text_of(self._entry[:47].decode('latin-1').partition(' 20')[0])}>"


#: Every attribute that is read from the entry, for `RouterStatus.check`.
_ATTRIBUTES = tuple(name for name, value in vars(RouterStatus).items() if isinstance(value, (property, _Line)))


def _cut(line: bytes) -> tuple[bytes, bytes]:
    """
    The keyword and the rest of a line, without the ``opt`` of old documents; tabs are separators as well.
    """
    keyword, _, rest = line.removeprefix(b"opt ").replace(b"\t", b" ").partition(b" ")
    return keyword, rest
