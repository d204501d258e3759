# -*- test-case-name: txtor.test.onion.test_key_files -*-
"""
The files of onion services on the disk.
"""

from __future__ import annotations

import os
import stat
from pathlib import Path
from unittest.mock import patch

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from txtor.errors import InvalidArgument, OnionKeyFileUnusable
from txtor.onion import (
    ClientAuthKey,
    OnionKey,
    check_onion_directory,
    keep_onion_key,
    read_authorized_clients,
    read_client_keys,
    read_onion_key,
    remove_authorized_client,
    write_authorized_client,
    write_client_key,
    write_onion_directory,
)

from .samples import KEY

CLIENT = ClientAuthKey(b"\1" * 32)
OTHER = OnionKey.from_seed(bytes(32))


def mode(path: Path) -> int:
    """
    The permissions of a file.
    """
    return stat.S_IMODE(path.stat().st_mode)


class OnionDirectoryTests(SynchronousTestCase):
    """
    The directory of a service.
    """

    def setUp(self) -> None:
        self.place = Path(self.mktemp())
        self.place.mkdir(parents=True)
        self.directory = self.place / "service"
        before = os.umask(0o077)
        self.addCleanup(os.umask, before)

    def test_write(self) -> None:
        """
        The files are those of tor, byte for byte, with tor's permissions, whatever the umask is; nothing else is left.
        """
        for mask in (0o000, 0o022, 0o777):
            os.umask(mask)
            write_onion_directory(self.directory, KEY)
            self.assertEqual(mode(self.directory), 0o700)
            self.assertEqual(
                {path.name: (mode(path), len(path.read_bytes())) for path in self.directory.iterdir()},
                {"hs_ed25519_secret_key": (0o600, 96), "hs_ed25519_public_key": (0o600, 64), "hostname": (0o600, 63)},
            )
        self.assertEqual(read_onion_key(self.directory), KEY)
        self.assertEqual(read_onion_key(str(self.directory / "hs_ed25519_secret_key")), KEY)
        self.assertEqual(check_onion_directory(self.directory), KEY.address)
        self.assertEqual((self.directory / "hostname").read_text(), f"{KEY.address}\n")

    def test_group_readable(self) -> None:
        """
        The group may read the host name, never the key.
        """
        write_onion_directory(self.directory, KEY, group_readable=True)
        self.assertEqual(mode(self.directory), 0o750)
        self.assertEqual(mode(self.directory / "hostname"), 0o640)
        self.assertEqual(mode(self.directory / "hs_ed25519_secret_key"), 0o600)
        self.assertEqual(check_onion_directory(self.directory, group_readable=True), KEY.address)
        self.assertRaises(OnionKeyFileUnusable, check_onion_directory, self.directory)

    def test_never_overwritten(self) -> None:
        """
        The key of another service stays as it is, and so does a file that cannot be read.
        """
        write_onion_directory(self.directory, KEY)
        self.assertRaises(OnionKeyFileUnusable, write_onion_directory, self.directory, OTHER)
        self.assertEqual(read_onion_key(self.directory), KEY)
        secret = self.directory / "hs_ed25519_secret_key"
        secret.write_bytes(secret.read_bytes()[:50])
        self.assertRaises(OnionKeyFileUnusable, write_onion_directory, self.directory, KEY)
        self.assertEqual(len(secret.read_bytes()), 50)

    def test_failure_leaves_nothing(self) -> None:
        """
        When the disk fails, the file is not there in part, and its error is the declared one.
        """
        for name in ("os.fsync", "os.replace"):
            with patch(name, side_effect=OSError(28, "No space left on device")):
                error = self.assertRaises(OnionKeyFileUnusable, write_onion_directory, self.directory, KEY)
            self.assertIn("No space left", str(error))
            self.assertEqual(list(self.directory.iterdir()), [])

    def test_absent(self) -> None:
        """
        A directory that is not there, or is empty: Tor makes a key. It makes no parents.
        """
        self.assertIsNone(check_onion_directory(self.directory))
        self.directory.mkdir(mode=0o700)
        self.assertIsNone(check_onion_directory(self.directory))
        error = self.assertRaises(OnionKeyFileUnusable, check_onion_directory, self.place / "a" / "b")
        self.assertEqual(error.path, str(self.place / "a"))
        self.assertRaises(OnionKeyFileUnusable, write_onion_directory, self.place / "a" / "b", KEY)
        self.assertRaises(OnionKeyFileUnusable, read_onion_key, self.directory)

    def test_refused(self) -> None:
        """
        What tor does not survive, or would overwrite, is refused, and no file is touched.
        """
        secret, public, host = (self.directory / name for name in ("hs_ed25519_secret_key", "hs_ed25519_public_key", "hostname"))

        def spoil(path: Path, content: bytes | None, problem: str) -> None:
            for each in self.directory.glob("*"):
                each.unlink()
            write_onion_directory(self.directory, KEY)
            path.unlink()
            if content is not None:
                path.write_bytes(content)
            before = {each: each.read_bytes() for each in self.directory.iterdir()}
            error = self.assertRaises(OnionKeyFileUnusable, check_onion_directory, self.directory)
            self.assertIn(problem, str(error))
            self.assertEqual({each: each.read_bytes() for each in self.directory.iterdir()}, before)
            self.assertIsInstance(error, InvalidArgument)

        write_onion_directory(self.directory, KEY)
        good = secret.read_bytes()
        write_onion_directory(self.place / "other", OTHER)
        spoil(secret, good[:-1], "95 bytes")
        spoil(secret, good[:32] + bytes(range(32)), "64 bytes")
        spoil(secret, b"", "does not begin")
        spoil(secret, good + b"x" * 10_000, "bytes where")
        spoil(secret, None, "hs_ed25519_secret_key is missing")
        spoil(secret, (self.place / "other" / "hs_ed25519_secret_key").read_bytes(), "another key")
        spoil(public, (self.place / "other" / "hs_ed25519_public_key").read_bytes(), "another key")
        spoil(public, b"", "not the public key")
        spoil(host, f"{OTHER.address}\n".encode(), "another key")
        spoil(host, b"\xff", "ASCII")

    def test_alone(self) -> None:
        """
        Of a secret key alone Tor makes the other files.
        """
        write_onion_directory(self.directory, KEY)
        (self.directory / "hostname").unlink()
        (self.directory / "hs_ed25519_public_key").unlink()
        self.assertEqual(check_onion_directory(self.directory), KEY.address)

    def test_open_directory(self) -> None:
        """
        A directory that others may enter, and a file in its place.
        """
        write_onion_directory(self.directory, KEY)
        for bits in (0o701, 0o710, 0o770, 0o755, 0o777):
            self.directory.chmod(bits)
            self.assertIn("mode", str(self.assertRaises(OnionKeyFileUnusable, check_onion_directory, self.directory)))
        plain = self.place / "plain"
        plain.write_bytes(b"")
        self.assertRaises(OnionKeyFileUnusable, check_onion_directory, plain)
        self.assertRaises(OnionKeyFileUnusable, write_onion_directory, plain, KEY)

    def test_strange_files(self) -> None:
        """
        A pipe, a directory or a device in the place of a key is not waited for; a path with NUL is refused.
        """
        self.directory.mkdir(mode=0o700)
        secret = self.directory / "hs_ed25519_secret_key"
        os.mkfifo(secret)
        self.assertIn("regular", str(self.assertRaises(OnionKeyFileUnusable, read_onion_key, self.directory)))
        secret.unlink()
        secret.mkdir()
        self.assertRaises(OnionKeyFileUnusable, read_onion_key, self.directory)
        self.assertRaises(OnionKeyFileUnusable, read_onion_key, "/dev/zero")
        self.assertRaises(OnionKeyFileUnusable, read_onion_key, "a\0b")
        self.assertRaises(OnionKeyFileUnusable, check_onion_directory, "a\0b")
        self.assertRaises(OnionKeyFileUnusable, write_onion_directory, "a\0b", KEY)


class ClientFileTests(SynchronousTestCase):
    """
    The files of client authorization.
    """

    def setUp(self) -> None:
        self.directory = Path(self.mktemp())
        self.directory.mkdir(parents=True)

    def test_authorized_clients(self) -> None:
        """
        A client is let in, read, replaced and let in no longer. Case 104.
        """
        self.assertEqual(read_authorized_clients(self.directory), {})
        other = ClientAuthKey(b"\2" * 32).public_key
        write_authorized_client(self.directory, "alice", other)
        write_authorized_client(self.directory, "alice", CLIENT.public_key)
        write_authorized_client(self.directory, "bob", other)
        self.assertEqual(read_authorized_clients(self.directory), {"alice": CLIENT.public_key, "bob": other})
        file = self.directory / "authorized_clients" / "alice.auth"
        self.assertEqual(file.read_bytes(), b"descriptor:x25519:UTQJFEVWKHBHROLXFRLJ6X5JXMJ5SBVUNK3IZHPZ3QVUICPYUIEQ\n")
        self.assertEqual((mode(file), mode(file.parent)), (0o600, 0o700))
        self.assertEqual([remove_authorized_client(self.directory, name) for name in ("alice", "alice")], [True, False])
        self.assertEqual(list(read_authorized_clients(self.directory)), ["bob"])

    def test_skipped_files(self) -> None:
        """
        A file that tor would skip, so that the service is open to more than the files say, is an error.
        """
        write_authorized_client(self.directory, "alice", CLIENT.public_key)
        place = self.directory / "authorized_clients"
        for name, content in (("bob.auth", b"# bob\n"), ("bob.txt", b""), ("bob.auth", b""), ("bob.auth", b"\xff\n")):
            (place / name).write_bytes(content)
            error = self.assertRaises(OnionKeyFileUnusable, read_authorized_clients, self.directory)
            self.assertEqual(error.path, str(place / name))
            (place / name).unlink()
        (place / ".alice.auth.0.part").write_bytes(b"")
        self.assertEqual(list(read_authorized_clients(self.directory)), ["alice"])

    def test_names(self) -> None:
        """
        The name of a client cannot lead to another directory.
        """
        for name in ("../x", "", ".", "a/b"):
            self.assertRaises(InvalidArgument, write_authorized_client, self.directory, name, CLIENT.public_key)
            self.assertRaises(InvalidArgument, remove_authorized_client, self.directory, name)
        self.assertEqual(list(self.directory.iterdir()), [])

    def test_client_keys(self) -> None:
        """
        The keys of a client, by address; two for one address are refused, as by tor.
        """
        directory = self.directory / "keys"
        write_client_key(directory, KEY.address, CLIENT)
        file = directory / f"{KEY.address.bare}.auth_private"
        self.assertEqual((mode(directory), mode(file)), (0o700, 0o600))
        (directory / "other.txt").write_bytes(b"")
        self.assertEqual(read_client_keys(directory), {KEY.address: CLIENT})
        (directory / "z.auth_private").write_bytes(file.read_bytes())
        self.assertIn("second key", str(self.assertRaises(OnionKeyFileUnusable, read_client_keys, directory)))
        (directory / "z.auth_private").write_bytes(b"x")
        self.assertRaises(OnionKeyFileUnusable, read_client_keys, directory)
        self.assertRaises(OnionKeyFileUnusable, read_client_keys, self.directory / "absent")


class KeptKeyTests(SynchronousTestCase):
    """
    A file that keeps the key of a service without a directory.
    """

    def setUp(self) -> None:
        self.path = Path(self.mktemp())

    def test_made_once(self) -> None:
        """
        The file is made with a new key, closed to others whatever the umask is, and read afterwards. Case 100.
        """
        before = os.umask(0)
        try:
            key = keep_onion_key(self.path)
        finally:
            os.umask(before)
        self.assertEqual(self.path.stat().st_mode & 0o777, 0o600)
        self.assertEqual(self.path.read_text(), f"{key.blob}\n")
        self.assertEqual(keep_onion_key(str(self.path)), key)

    def test_forms(self) -> None:
        """
        The text of ADD_ONION, with or without a line end and padding, and the file that Tor writes. Case 99.
        """
        key = OnionKey.generate()
        for content in (key.blob, f"{key.blob}\r\n", f" {key.blob.rstrip('=')} \n"):
            self.path.write_text(content)
            self.assertEqual(keep_onion_key(self.path), key)
        write_onion_directory(self.path.with_name("directory"), key)
        self.assertEqual(keep_onion_key(self.path.with_name("directory") / "hs_ed25519_secret_key"), key)

    @settings(max_examples=60)
    @given(st.binary(max_size=120))
    def test_anything(self, content: bytes) -> None:
        """
        Whatever a file holds, it is a key or the one declared error, and is left as it is.
        """
        self.path.write_bytes(content)
        try:
            keep_onion_key(self.path)
        except OnionKeyFileUnusable as error:
            self.assertEqual(error.path, str(self.path))
        self.assertEqual(self.path.read_bytes(), content)

    def test_unusable(self) -> None:
        """
        A place where there can be no file, and a directory.
        """
        for path in ("/nonexistent/key", "/", "a\0b"):
            self.assertRaises(OnionKeyFileUnusable, keep_onion_key, path)
