# -*- test-case-name: txtor.test.control.test_cookie -*-
"""
Tests of reading a cookie file, and of refusing what is none.
"""

from __future__ import annotations

import os
import pathlib

from twisted.trial.unittest import SynchronousTestCase

from txtor.control._cookie import read_cookie
from txtor.errors import CookieUnreadable


class CookieTests(SynchronousTestCase):
    """
    Case 50: size and kind are looked at first, and the error names the path and the problem.
    """

    def setUp(self) -> None:
        self.directory = pathlib.Path(self.mktemp())
        self.directory.mkdir()

    def refused(self, path: str | bytes) -> str:
        """
        The problem that is told of a file.
        """
        with self.assertRaises(CookieUnreadable) as raised:
            read_cookie(os.fsencode(path))
        self.assertIn(os.fsdecode(path), str(raised.exception))
        return str(raised.exception.problem)

    def test_good(self) -> None:
        """
        32 bytes, whatever they are.
        """
        path = self.directory / "cookie"
        path.write_bytes(bytes(range(32)))
        self.assertEqual(read_cookie(os.fsencode(path)), bytes(range(32)))

    def test_name(self) -> None:
        """
        Case 52: any name that the file system takes.
        """
        path = os.fsencode(self.directory) + b'/caf\xc3\xa9 x"y\\\xff'
        with open(path, "wb") as file:
            file.write(b"k" * 32)
        self.assertEqual(read_cookie(path), b"k" * 32)

    def test_size(self) -> None:
        """
        31 or 33 bytes, none, or very many are no cookie; nothing of it is told.
        """
        for size in (0, 31, 33, 1 << 24):
            path = self.directory / str(size)
            path.write_bytes(b"S" * size)
            problem = self.refused(str(path))
            self.assertIn(f"{size} bytes", problem)
            self.assertNotIn("SS", problem)

    def test_kind(self) -> None:
        """
        A directory, a FIFO or a device is no cookie, and opening it waits for nothing.
        """
        os.mkfifo(self.directory / "fifo")
        self.assertIn("regular", self.refused(str(self.directory / "fifo")))
        self.assertIn("regular", self.refused(str(self.directory)))
        self.assertIn("regular", self.refused("/dev/zero"))

    def test_missing(self) -> None:
        """
        A file that is not there may be there for Tor.
        """
        self.assertIn("container", self.refused(str(self.directory / "no")))

    def test_nul(self) -> None:
        """
        No file has such a name.
        """
        self.assertIn("NUL", self.refused(b"/tmp/a\0b"))

    def test_too_many_links(self) -> None:
        """
        Any other refusal by the system is told in its words.
        """
        loop = self.directory.absolute() / "loop"
        loop.symlink_to(loop)
        self.assertIn("symbolic links", self.refused(str(loop)))

    def test_permission(self) -> None:
        """
        A file that may not be read is told with its mode, owner and group, and with what would help. Root may read everything, so
        this looks at what would be said.
        """
        from txtor.control._cookie import _why_unreadable

        path = self.directory / "cookie"
        path.write_bytes(b"k" * 32)
        path.chmod(0o600)
        problem = _why_unreadable(os.fsencode(path), PermissionError(13, "Permission denied"))
        self.assertIn("mode 0600", problem)
        self.assertIn("group", problem)
        self.assertIn("CookieAuthFileGroupReadable 1", problem)
        self.assertIn("denied.", _why_unreadable(b"/nonexistent/x", PermissionError(13, "Permission denied")))
