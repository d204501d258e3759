# -*- test-case-name: txtor.test.directory.test_versions -*-
"""
Versions of tor, ordered as tor orders them.

See version-spec, and dir-spec 3.4.1, "client-versions".
"""

from __future__ import annotations

import enum
from collections.abc import Iterable
from dataclasses import dataclass, field

from txtor.errors import MalformedDocument

from ._encoding import BadValue, integer

_HEX = frozenset("0123456789abcdefABCDEF")
_MAX = 2**31 - 1
_STATUS = {"pre": 0, "rc": 1, "": 2}


class VersionStatus(enum.Enum):
    """
    How a version stands to a list of recommended ones.
    """

    RECOMMENDED = "recommended"
    OBSOLETE = "obsolete"
    NEW = "new"
    NEW_IN_SERIES = "new in series"
    UNRECOMMENDED = "unrecommended"
    EMPTY = "empty"
    """The list is empty: the authorities have no opinion."""


@dataclass(frozen=True, order=True, slots=True)
class TorVersion:
    """
    A version of tor. Versions are compared with ``<`` as tor compares them: ``0.4.9.1 < 0.4.9.1-alpha < 0.4.9.2``.

    :ivar major: the first number.
    :ivar minor: the second.
    :ivar micro: the third, 0 where there is none.
    :ivar status: 0 for ``pre``, 1 for ``rc``, 2 for a release; in this form used until 2005.
    :ivar patch: the fourth number, 0 where there is none.
    :ivar tag: what stands behind the dash, as ``"alpha-dev"``; else empty. ASCII, so that text and bytes have one order.
    :ivar svn: the subversion revision, or 0.
    :ivar git_length: how many bytes of the git commit are known; tor compares it first.
    :ivar git: these bytes.
    :ivar text: as it was read.
    """

    major: int
    minor: int
    micro: int = 0
    status: int = 2
    patch: int = 0
    tag: str = ""
    svn: int = 0
    git_length: int = 0
    git: bytes = b""
    text: str = field(default="", compare=False)

    @classmethod
    def parse(cls, text: str) -> TorVersion:
        """
        Read a version.

        :param text: as ``"0.4.9.11"``, ``"Tor 0.4.9.1-alpha-dev (git-0123abcd)"`` or ``"0.1.0.1-rc"``.
        :raises MalformedDocument: it is none.
        """
        try:
            return cls._read(text)
        except BadValue as error:
            raise MalformedDocument("version", f"{error} in {text[:80]!r}", section="version-spec") from None

    @classmethod
    def _read(cls, text: str) -> TorVersion:
        word, _, behind = (text[4:] if text[:4].lower() == "tor " else text).partition(" ")
        numbers, _, tag = word.partition("-")
        if len(tag) > 31 or not tag.isascii():
            raise BadValue("a status tag that is too long or not ASCII")
        parts = numbers.split(".", 4)
        if not 2 <= len(parts) <= 4:
            raise BadValue("not two to four numbers")
        status = 2
        for old in ("pre", "rc"):
            if len(parts) == 3 and old in parts[2]:
                micro, _, patch = parts.pop().partition(old)
                parts += [micro, patch]
                status = _STATUS[old]
        values = [integer(part, 0, _MAX) for part in parts] + [0, 0]
        svn, git = _read_commit(behind.strip(" "))
        return cls(values[0], values[1], values[2], status, values[3], tag, svn, len(git), git, text)

    @classmethod
    def from_platform(cls, platform: str) -> TorVersion | None:
        """
        The version in a ``platform`` line, as ``Tor 0.4.9.11 on Linux``.

        :return: ``None`` where the line does not begin with ``Tor ``: another implementation, to be taken for new enough.
        :raises MalformedDocument: the line begins so and no version follows.
        """
        if not platform.startswith("Tor "):
            return None
        version, _, behind = platform[4:].partition(" ")
        commit = behind[: behind.find(")") + 1] if behind.startswith(("(git-", "(r")) else ""
        return cls.parse(f"{version} {commit}" if commit else version)

    @property
    def series(self) -> tuple[int, int, int]:
        """
        The first three numbers: versions with the same ones are one series.
        """
        return self.major, self.minor, self.micro

    def status_in(self, recommended: Iterable[TorVersion | str]) -> VersionStatus:
        """
        How this version stands to a list of recommended ones.

        :param recommended: versions; a text that is no version is passed over, as tor does.
        """
        newer = older = 0
        newer_in_series = in_series = False
        listed = False
        for other in recommended:
            listed = True
            if isinstance(other, str):
                try:
                    other = TorVersion.parse(other)
                except MalformedDocument:
                    continue
            if other == self:
                return VersionStatus.RECOMMENDED
            same = other.series == self.series
            in_series = in_series or same
            newer += other > self
            older += other < self
            newer_in_series = newer_in_series or (same and other > self)
        if not listed:
            return VersionStatus.EMPTY
        if in_series and not newer_in_series and newer:
            return VersionStatus.NEW_IN_SERIES
        if newer and not older:
            return VersionStatus.OBSOLETE
        return VersionStatus.UNRECOMMENDED if newer else VersionStatus.NEW

    def __str__(self) -> str:
        if self.text:
            return self.text
        numbers = f"{self.major}.{self.minor}.{self.micro}{('pre', 'rc', '.')[self.status]}{self.patch}"
        commit = f" (git-{self.git.hex()})" if self.git else f" (r{self.svn})" if self.svn else ""
        return numbers + (self.tag and f"-{self.tag}") + commit


def _read_commit(text: str) -> tuple[int, bytes]:
    """
    What stands in parentheses behind a version: a subversion revision or the beginning of a git commit.
    """
    if not text:
        return 0, b""
    if text.startswith("(r") and text.endswith(")"):
        return integer(text[2:-1], 0, _MAX), b""
    digits = text[5:-1]
    if text.startswith("(git-") and text.endswith(")") and len(digits) in range(2, 42, 2) and _HEX.issuperset(digits):
        return 0, bytes.fromhex(digits)
    raise BadValue(f"not (git-...) or (r...): {text[:50]!r}")
