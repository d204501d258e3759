# -*- test-case-name: txtor.test.directory.test_shared_random -*-
"""
Shared randomness: commitments, what they reveal, and the value that follows from all of them.

Each authority commits to a number by its hash in the first half of a day and reveals it in the second, so that nobody can choose
the outcome. Where the specification and tor differ, tor is followed: reveals are sorted by the SHA3-256 of their *text*. See
srv-spec 4.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from datetime import datetime, timedelta, timezone
from typing import NamedTuple

from txtor.errors import InvalidArgument, VerificationFailed

from ._encoding import BadValue, base64, fingerprint, integer
from ._items import Item

_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
_LATEST = 253402300799  # the last second of the year 9999
_SIZE = 40
_DOCUMENT, _SECTION = "shared randomness", "srv-spec 4.1.1"
_VERSION = 1


class SharedRandomCommit(NamedTuple):
    """
    What an authority committed to, and perhaps what it revealed.

    :ivar version: of the protocol; 1.
    :ivar algorithm: the hash function; ``"sha3-256"``.
    :ivar identity: the authority's identity, 40 upper-case hexadecimal digits.
    :ivar commit: base64 of a time and of the hash of the reveal.
    :ivar reveal: base64 of the same time and 32 random bytes, or ``None`` while it is not revealed.

    See dir-spec 3.4.1, shared-rand-commit.
    """

    version: int
    algorithm: str
    identity: str
    commit: str
    reveal: str | None = None

    @property
    def time(self) -> datetime:
        """
        When the authority committed.
        """
        return _EPOCH + timedelta(seconds=int.from_bytes(base64(self.commit, _SIZE)[:8], "big"))

    def verify(self) -> None:
        """
        Check that the reveal is the one that was committed to. Without one there is nothing to check.

        :raises VerificationFailed: it is another.
        """
        if self.reveal is None:
            return
        commit, reveal = base64(self.commit, _SIZE), base64(self.reveal, _SIZE)
        if commit[:8] != reveal[:8]:
            raise VerificationFailed(_DOCUMENT, f"{self.identity} revealed a number of another time", None, _SECTION)
        if commit[8:] != hashlib.sha3_256(self.reveal.encode("ascii")).digest():
            raise VerificationFailed(_DOCUMENT, f"{self.identity} revealed another number", None, _SECTION)


def read_commit(item: Item) -> SharedRandomCommit:
    """
    Read ``shared-rand-commit``.
    """
    found = item.arguments
    if len(found) < 4:
        raise BadValue(f"{len(found)} arguments are too few")
    for word in found[3:5]:
        time = int.from_bytes(base64(word, _SIZE)[:8], "big")
        if len(word) != 56 or time > _LATEST:
            raise BadValue("not a time and 32 bytes")
    return SharedRandomCommit(
        integer(found[0], 1, 255), found[1], fingerprint(found[2]), found[3], found[4] if len(found) > 4 else None
    )


def compute_shared_random(commits: Iterable[SharedRandomCommit], previous: bytes | None = None) -> bytes:
    """
    The value that follows from what authorities revealed.

    :param commits: one for each authority; those without a reveal do not count.
    :param previous: the value of the time before, 32 bytes, or ``None`` where there was none.
    :return: 32 bytes.
    :raises InvalidArgument: the value of before is not 32 bytes, or an authority is there twice.

    See srv-spec 4.3, Shared Randomness Computation.
    """
    if previous is not None and len(previous) != 32:
        raise InvalidArgument("A shared random value is 32 bytes.")
    reveals: dict[str, bytes] = {}
    for commit in commits:
        if commit.reveal is not None:
            if commit.identity in reveals:
                raise InvalidArgument(f"{commit.identity} is there twice.")
            reveals[commit.identity] = commit.reveal.encode("ascii")
    ordered = sorted(reveals.items(), key=lambda pair: hashlib.sha3_256(pair[1]).digest())
    joined = b"".join([identity.encode("ascii") + reveal for identity, reveal in ordered])
    return hashlib.sha3_256(
        b"shared-random"
        + len(reveals).to_bytes(8, "big")
        + _VERSION.to_bytes(4, "big")
        + hashlib.sha3_256(joined).digest()
        + (previous or bytes(32))
    ).digest()
