# -*- test-case-name: txtor.test.config.test_directories -*-
"""
Tests of the look at the directory of a service before Tor is told of it.
"""

from __future__ import annotations

import os
from types import SimpleNamespace
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from txtor.config._directories import check_directory
from txtor.errors import InvalidArgument


class DirectoryTests(SynchronousTestCase):
    """
    What Tor would not survive is refused.
    """

    def setUp(self) -> None:
        """
        A directory of ours.
        """
        self.place = os.path.abspath(self.mktemp())
        os.mkdir(self.place, 0o700)
        self.uid = os.geteuid()

    def assert_refused(self, words: str, directory: str, uid: int | None = None, group_readable: bool = False) -> None:
        """
        A directory is refused in some words.
        """
        error = self.assertRaises(InvalidArgument, check_directory, directory, uid, group_readable)
        self.assertIn(words, str(error))

    def test_good(self) -> None:
        """
        A directory that Tor can make, and one that is there.
        """
        for uid in (None, self.uid, 0):
            check_directory(f"{self.place}/new", uid)
            check_directory(f"{self.place}/new/", uid)
        for mode, group_readable in ((0o700, False), (0o500, False), (0o750, True)):
            os.chmod(self.place, mode)
            check_directory(self.place, self.uid, group_readable)
        os.chmod(self.place, 0o700)

    def test_bad(self) -> None:
        """
        Relative paths, missing parents, files, other users, open doors.
        """
        with open(f"{self.place}/file", "w", encoding="utf-8"):
            pass
        self.assert_refused("absolute", "relative/path")
        self.assert_refused(f"{self.place}/a does not exist", f"{self.place}/a/b")
        self.assert_refused("is not a directory", f"{self.place}/file")
        self.assert_refused("below a file", f"{self.place}/file/a")
        self.assert_refused("cannot be", "/" + "x" * 5000)
        self.assert_refused(f"Tor is user {self.uid + 1}", self.place, self.uid + 1)
        self.assert_refused("may not make a directory", f"{self.place}/a", self.uid + 1)
        os.chmod(self.place, 0o750)
        self.assert_refused("mode is 750", self.place)
        os.chmod(self.place, 0o770)
        self.assert_refused("mode is 770", self.place, None, True)
        check_directory(f"{self.place}/a", self.uid + 1)  # the group may: for all that we know, Tor is in it
        os.chmod(self.place, 0o700)

    def test_read_only(self) -> None:
        """
        A file system that cannot be written to.
        """
        self.patch(os, "statvfs", lambda path: SimpleNamespace(f_flag=os.ST_RDONLY))
        self.assert_refused("cannot be written to", f"{self.place}/a", self.uid)

    def test_unseen(self) -> None:
        """
        What we may not look at is left to a Tor that is another user, and refused for one that is not.
        """
        stat = os.stat

        def forbidden(path: str, depth: int) -> Any:
            if path.count("/") >= depth:
                raise PermissionError(13, "Permission denied", path)
            return stat(path)

        depth = self.place.count("/")
        self.patch(os, "stat", lambda path: forbidden(path, depth + 1))
        check_directory(f"{self.place}/a", self.uid + 1)
        check_directory(f"{self.place}/a", None)
        self.assert_refused("may not look", f"{self.place}/a", self.uid)
        self.patch(os, "stat", lambda path: stat(f"{path}/missing") if path.endswith("/a") else forbidden(path, depth))
        check_directory(f"{self.place}/a", self.uid)
