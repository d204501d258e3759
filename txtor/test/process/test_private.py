"""
Folders that are gone afterwards.
"""

from __future__ import annotations

import os
import tempfile
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from txtor.errors import InvalidArgument, LaunchError
from txtor.process import PrivateDirectory, _private

from .leftovers import NothingLeftTestCase, reactor, until


class PrivateDirectoryTests(NothingLeftTestCase):
    """
    A folder and its guard.
    """

    async def test_removed(self) -> None:
        """
        It is ours alone, and is removed with what is in it, once, however often that is asked. Case 63.
        """
        private = PrivateDirectory(reactor)
        self.assertEqual(os.path.dirname(private.path), self.folder)
        self.assertEqual(os.stat(private.path).st_mode & 0o777, 0o700)
        path = private.write("torrc", b"secret")
        self.assertEqual(os.stat(path).st_mode & 0o777, 0o600)
        private.write("torrc", b"less")
        with open(path, "rb") as file:
            self.assertEqual(file.read(), b"less")
        first, second = private.remove(), private.remove()
        await first
        await second
        await private.remove()

    async def test_removed_by_another(self) -> None:
        """
        That somebody else has removed it is no error.
        """
        private = PrivateDirectory(reactor)
        os.rmdir(private.path)
        self.assertRaises(LaunchError, private.write, "torrc", b"")
        await private.remove()

    async def test_guard(self) -> None:
        """
        When our ends of its pipes close, as the system does for a process that ends, the guard removes the folder.
        """
        private = PrivateDirectory(reactor)
        private.write("a file", b"")
        private.watch(None)
        guard: Any = private._guard
        await until(lambda: os.getpgid(guard.transport.pid) != os.getpgid(0))  # a KILL to our group spares it
        os.close(private.held)
        guard.transport.closeStdin()
        await until(lambda: not os.path.exists(private.path))
        await guard.when_ended()

    async def test_long_place(self) -> None:
        """
        Where the folder for temporary files has a path too long for a socket, or one that breaks lines, another is taken.
        """
        for name in ("a" * 100, "a\nb"):
            place = os.path.join(self.folder, name)
            os.mkdir(place)
            self.patch(tempfile, "tempdir", place)
            private = PrivateDirectory(reactor)
            self.assertTrue(private.path.startswith("/tmp/txtor-"))
            self.assertLessEqual(len(private.socket), _private.LONGEST_SOCKET_PATH)
            await private.remove()
            os.rmdir(place)


class RefusalTests(SynchronousTestCase):
    """
    What cannot be.
    """

    def test_user(self) -> None:
        """
        A user that does not exist.
        """
        for user in ("no such user", "a\0b", "\ud800"):
            self.assertRaises(InvalidArgument, PrivateDirectory, reactor, user)

    def test_no_place(self) -> None:
        """
        A folder for temporary files that cannot be written to.
        """
        self.patch(tempfile, "tempdir", "/proc/self")
        self.assertRaises(LaunchError, PrivateDirectory, reactor)
