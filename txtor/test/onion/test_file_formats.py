# -*- test-case-name: txtor.test.onion.test_file_formats -*-
"""
What the files of onion services hold.
"""

from __future__ import annotations

from collections.abc import Callable

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from txtor.errors import InvalidArgument
from txtor.onion import ClientAuthKey, OnionKey
from txtor.onion import _file_formats as formats

from .samples import KEY

CLIENT = ClientAuthKey(b"\1" * 32)
PUBLIC = "UTQJFEVWKHBHROLXFRLJ6X5JXMJ5SBVUNK3IZHPZ3QVUICPYUIEQ"
SECRET_FILE = b"== ed25519v1-secret: type0 ==\0\0\0" + KEY.expanded
ADDRESS = KEY.address.bare


class FormatTests(SynchronousTestCase):
    """
    Each file, byte for byte, and what is none.
    """

    def test_secret_key(self) -> None:
        """
        The file of a secret key, as tor takes and writes it.
        """
        self.assertEqual(formats.format_secret_key_file(KEY), SECRET_FILE)
        self.assertEqual(len(SECRET_FILE), 96)
        self.assertEqual(formats.parse_secret_key_file(SECRET_FILE), KEY)

    def test_white_space(self) -> None:
        """
        A key whose last byte is white space is read as it is. Case 99.
        """
        for byte in b" \t\n\r\v\f\0":
            key = OnionKey(KEY.expanded[:63] + bytes([byte]))
            self.assertEqual(formats.parse_secret_key_file(formats.format_secret_key_file(key)).expanded, key.expanded)

    def test_secret_key_refused(self) -> None:
        """
        Cut short, with a seed in it, with another tag, too long: of each tor would make a new key, or stop.
        """
        tag = SECRET_FILE[:32]
        for data in (
            b"", tag, SECRET_FILE[:-1], SECRET_FILE + b"\n", tag + bytes(range(32)), tag + bytes(64), tag + bytes(range(64)),
            SECRET_FILE.replace(b"secret", b"public"), SECRET_FILE.replace(b"type0", b"type4"), SECRET_FILE[32:],
        ):  # fmt: skip
            error = self.assertRaises(InvalidArgument, formats.parse_secret_key_file, data)
            self.assertNotIn(repr(KEY.expanded)[2:20], str(error))

    def test_public_files(self) -> None:
        """
        The files of the public key and of the host name.
        """
        public = b"== ed25519v1-public: type0 ==\0\0\0" + KEY.public_key
        self.assertEqual(formats.format_public_key_file(KEY.address), public)
        self.assertEqual(formats.parse_public_key_file(public), KEY.address)
        host = ADDRESS.encode() + b".onion\n"
        self.assertEqual((formats.format_hostname_file(KEY.address), len(host)), (host, 63))
        self.assertEqual(formats.parse_hostname_file(host), KEY.address)
        for data in (b"", public[:-1], public + b"\0", SECRET_FILE, public[:32] + b"\2" + bytes(31)):
            self.assertRaises(InvalidArgument, formats.parse_public_key_file, data)
        for data in (b"", b"\n", host + host, host[:-1] + b"\r\n", b"\xff" + host):
            self.assertRaises(InvalidArgument, formats.parse_hostname_file, data)

    def test_auth(self) -> None:
        """
        The file of a client that is let in, in either case of its base32, with or without a final line end.
        """
        line = f"descriptor:x25519:{PUBLIC}"
        self.assertEqual(formats.format_auth_file(CLIENT.public_key), line.encode() + b"\n")
        for text in (line, line + "\n", f"descriptor:x25519:{PUBLIC.lower()}"):
            self.assertEqual(formats.parse_auth_file(text.encode()), CLIENT.public_key)

    def test_auth_refused(self) -> None:
        """
        What tor would skip, and be open: comments, second lines, other types, no key, base64.
        """
        line = f"descriptor:x25519:{PUBLIC}\n"
        for text in (
            "", "\n", "# comment\n" + line, line + line, line + "\n", PUBLIC, "x25519:" + PUBLIC, line.replace("25519", "448"),
            line.replace("UTQ", "UT1"), "descriptor:x25519:" + "A" * 52, "descriptor:x25519:" + CLIENT.blob[7:], line[:-2],
            line.replace("\n", "\r\n"), "\N{BULLET}" + line, line + "x" * 5000,
        ):  # fmt: skip
            self.assertRaises(InvalidArgument, formats.parse_auth_file, text.encode())

    def test_auth_private(self) -> None:
        """
        The file of a client's secret key; the address may have its suffix.
        """
        content = formats.format_auth_private_file(KEY.address, CLIENT)
        self.assertEqual(content, f"{ADDRESS}:descriptor:x25519:{CLIENT.base32}\n".encode())
        for data in (content, content[:-1], content.replace(b":d", b".onion:d")):
            self.assertEqual(formats.parse_auth_private_file(data), (KEY.address, CLIENT))
        bare = content.partition(b":")[2]
        for data in (b"", content * 2, content[1:], content.replace(b"descriptor:", b""), bare, content[:-3]):
            error = self.assertRaises(InvalidArgument, formats.parse_auth_private_file, data)
            self.assertNotIn("CAIBAEAQ", str(error))

    def test_ob_config(self) -> None:
        """
        The addresses that a back end of Onionbalance answers for. Without one, or without the suffix, tor aborts or refuses.
        """
        other = OnionKey.from_seed(bytes(32)).address
        content = formats.format_ob_config([KEY.address, other])
        self.assertEqual(content, f"MasterOnionAddress {KEY.address}\nMasterOnionAddress {other}\n".encode())
        self.assertEqual(formats.parse_ob_config(content), [KEY.address, other])
        self.assertEqual(formats.parse_ob_config(b"# x\n\nNovelty 1\n" + content.lower()), [KEY.address, other])
        for data in (b"", b"# MasterOnionAddress x", f"MasterOnionAddress {ADDRESS}".encode(), b"MasterOnionAddress",
                     content.replace(b"a", b"b"), b"\xff"):  # fmt: skip
            self.assertRaises(InvalidArgument, formats.parse_ob_config, data)
        self.assertRaises(InvalidArgument, formats.format_ob_config, [])

    def test_names(self) -> None:
        """
        The name of a client becomes that of a file: nothing that leads elsewhere.
        """
        for name in ("alice", "a.b-c_9", "A" * 200):
            self.assertEqual(formats.check_name(name, "The name"), name)
        for bad in ("", ".", "..", ".x", "a/b", "a\0b", "a\n", "\N{SNOWMAN}", "A" * 201, None, 5):
            self.assertRaises(InvalidArgument, formats.check_name, bad, "The name")

    @settings(max_examples=150)
    @given(
        st.sampled_from([
            formats.parse_secret_key_file, formats.parse_public_key_file, formats.parse_hostname_file,
            formats.parse_auth_file, formats.parse_auth_private_file, formats.parse_ob_config,
        ]),
        st.sampled_from([
            SECRET_FILE, b"descriptor:x25519:" + PUBLIC.encode(), formats.format_auth_private_file(KEY.address, CLIENT),
            formats.format_ob_config([KEY.address]), formats.format_public_key_file(KEY.address), b"",
        ]),
        st.integers(0, 120), st.binary(max_size=20), st.integers(0, 120),
    )  # fmt: skip
    def test_anything(
        self, parse: Callable[[bytes], object], content: bytes, start: int, noise: bytes, end: int
    ) -> None:
        """
        Any content is read, or is `InvalidArgument`.
        """
        try:
            parse(content[:start] + noise + content[end:])
        except InvalidArgument:
            pass
