# -*- test-case-name: txtor.test.directory.test_versions -*-
"""
Versions of tor.
"""

from __future__ import annotations

import contextlib

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from txtor.directory import TorVersion, VersionStatus
from txtor.errors import MalformedDocument

#: In tor's order.
ASCENDING = (
    "0.0.8pre1,0.0.8rc1,0.0.8,0.0.9pre6,0.0.9rc7,0.0.9,0.0.9.10,0.1.0.1-rc,0.1.2.17,0.1.2.17-dev,0.2.0.1-alpha,0.2.1.30,"
    "0.4.8.9,0.4.8.10,0.4.9.1,0.4.9.1-alpha,0.4.9.1-alpha-dev,0.4.9.1-rc,0.4.9.1 (r9),0.4.9.11,0.5.0.0-alpha-dev,1.0"
).split(",")


class TorVersionTests(SynchronousTestCase):
    """
    Reading and ordering.
    """

    def test_parts(self) -> None:
        """
        A version knows its parts and keeps its text.
        """
        version = TorVersion.parse("Tor 0.4.9.1-alpha-dev (git-0123abCD)")
        self.assertEqual((version.major, version.minor, version.micro, version.patch), (0, 4, 9, 1))
        self.assertEqual((version.tag, version.git, version.series), ("alpha-dev", b"\x01\x23\xab\xcd", (0, 4, 9)))
        self.assertEqual(str(version), "Tor 0.4.9.1-alpha-dev (git-0123abCD)")
        self.assertEqual(TorVersion.parse("0.1.1.20 (r6525)").svn, 6525)

    def test_order(self) -> None:
        """
        Older is less, as tor sees it: a release after its pre and rc, a tag as plain bytes after no tag.
        """
        versions = [TorVersion.parse(text) for text in ASCENDING if not text.endswith(")")]
        self.assertEqual(sorted(versions), versions)
        self.assertEqual(len(set(versions)), len(versions))

    def test_commits_order(self) -> None:
        """
        Of equal versions, the revision decides, then the length of the commit, then its bytes.
        """
        texts = ("0.4.9.1", "0.4.9.1 (git-ff)", "0.4.9.1 (git-0000)", "0.4.9.1 (git-0001)", "0.4.9.1 (r1)", "0.4.9.1 (r9)")
        versions = [TorVersion.parse(text) for text in texts]
        self.assertEqual(sorted(versions), versions)

    def test_missing_numbers(self) -> None:
        """
        Numbers that are missing are 0.
        """
        self.assertEqual(TorVersion.parse("1.0"), TorVersion.parse("1.0.0.0"))
        self.assertEqual(TorVersion.parse("0.4.8-rc"), TorVersion(0, 4, 8, tag="rc"))

    def test_made(self) -> None:
        """
        A version made of numbers is written as tor writes it.
        """
        self.assertEqual(str(TorVersion(0, 4, 9, patch=1, tag="alpha", git_length=1, git=b"\xab")), "0.4.9.1-alpha (git-ab)")
        self.assertEqual(str(TorVersion(0, 0, 9, 1, 2, svn=7)), "0.0.9rc2 (r7)")

    def test_platform(self) -> None:
        """
        A platform line gives a version, and one of another implementation none.
        """
        version = TorVersion.from_platform("Tor 0.2.3.25 (git-17c24b3118224d65) on Linux i686")
        self.assertEqual((version, str(version)), (TorVersion.parse(str(version)), "0.2.3.25 (git-17c24b3118224d65)"))
        self.assertEqual(TorVersion.from_platform("Tor 0.4.9.11 on Linux"), TorVersion(0, 4, 9, patch=11))
        self.assertIsNone(TorVersion.from_platform("node-Tor 0.1 on x"))
        with self.assertRaises(MalformedDocument):
            TorVersion.from_platform("Tor of mine")

    def test_refused(self) -> None:
        """
        What is no version is refused.
        """
        for text in (
            "", "1", "0.4.9.1.2", "0.4.x", "0.4.9rc", "0.4.9pre1.2", "0.4.9.-1", "0.4.9.1_0", "0.4.9.٣", "Tor", "0..1",
            "0.4.9.1 (git-)", "0.4.9.1 (git-abc)", "0.4.9.1 (git-" + "ab" * 21 + ")", "0.4.9.1 (r)", "0.4.9.1 x",
            "99999999999.0", "0.4.9.1-" + "x" * 32,
        ):  # fmt: skip
            with self.assertRaises(MalformedDocument):
                TorVersion.parse(text)

    def test_status(self) -> None:
        """
        Against a list: recommended, newer in its series, obsolete, newer than all, between them, and a list without opinion.
        """
        listed = "0.4.7.16,0.4.8.9,0.4.8.10,garbage,0.4.9.3-alpha".split(",")
        for text, status in (
            ("0.4.8.9", VersionStatus.RECOMMENDED),
            ("0.4.8.11", VersionStatus.NEW_IN_SERIES),
            ("0.4.6.1", VersionStatus.OBSOLETE),
            ("0.4.9.4", VersionStatus.NEW),
            ("0.5.0.1", VersionStatus.NEW),
            ("0.4.8.1", VersionStatus.UNRECOMMENDED),
        ):
            self.assertIs(TorVersion.parse(text).status_in(listed), status, text)
        self.assertIs(TorVersion.parse("0.4.8.1").status_in([]), VersionStatus.EMPTY)

    @settings(max_examples=150)
    @given(st.text(alphabet="0123456789.-prec alphgit()٣", max_size=40))
    def test_any_text(self, text: str) -> None:
        """
        A version that is written as it was read, or the declared error.
        """
        with contextlib.suppress(MalformedDocument):
            self.assertEqual(str(TorVersion.parse(text)), text)
