"""
Tests for ``txtor.directory._make``, ``_make_descriptors`` and ``_make_key_certificate``.
"""

from __future__ import annotations

import os
import pathlib
import subprocess
import sys
from datetime import datetime

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.hashes import SHA512, Hash
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

import txtor
from txtor.directory import (
    ExtraInfo,
    KeyCertificate,
    RelayKeys,
    ServerDescriptor,
    make_extra_info,
    make_key_certificate,
    make_server_descriptor,
    write_item,
)
from txtor.directory._items import tokenize
from txtor.errors import InvalidArgument
from txtor.test.directory.keys import relay_keys, rsa_key
from txtor.test.directory.samples import NOW, sample

KEYS = relay_keys()


class WritingTests(SynchronousTestCase):
    """
    Writing items.
    """

    def test_like_tor(self) -> None:
        """
        Items of a genuine document, written again, are the same bytes.
        """
        for name in ("network-1/server-descriptors", "network-1/key-certificates"):
            kind = ServerDescriptor if "server" in name else KeyCertificate
            for one in kind.parse_many(sample(name)):
                assert isinstance(one, (ServerDescriptor, KeyCertificate))
                for item in one.items:
                    line = f"{item.keyword} {item.text}" if item.text else item.keyword
                    data = item.object_bytes() if item.has_object else b""
                    self.assertEqual(write_item(line, item.label, data), bytes(item))

    def test_no_second_line(self) -> None:
        """
        Nothing that would begin another line, or is no line at all, is written.
        """
        for line in ["", " a", "-a", "@a", "a\nb", "a\rb", "a\0b", "\ud800", "ä b"]:
            self.assertRaises(InvalidArgument, write_item, line)
        self.assertRaises(InvalidArgument, write_item, "a", "X-----\nrouter")
        self.assertRaises(InvalidArgument, write_item, "a \ud800")

    @settings(max_examples=100)
    @given(st.text(max_size=30), st.binary(max_size=100))
    def test_every_line(self, text: str, data: bytes) -> None:
        """
        Whatever is written is one item, with the object that was given.
        """
        try:
            written = write_item(f"key {text}", "OBJECT", data)
        except InvalidArgument:
            return
        (token,) = tokenize(written, "test")
        self.assertEqual((token[1], token[3]), ("key", "OBJECT"))


class MakingTests(SynchronousTestCase):
    """
    Making documents.
    """

    def make(self, **changed: object) -> ServerDescriptor:
        """
        A server descriptor, with some arguments changed.
        """
        arguments: dict[str, object] = {
            "nickname": "test",
            "address": "127.0.0.1",
            "or_port": 9001,
            "published": NOW,
            **changed,
        }
        return make_server_descriptor(KEYS, **arguments)  # type: ignore[arg-type]  # the test changes one at a time

    def test_no_injection(self) -> None:
        """
        No argument can bring in a line of its own.
        """
        for name, value in {
            "nickname": "a\nrouter b",
            "address": "1.2.3.4\n",
            "platform": "Tor\ncontact x",
            "protocols": "Link=1\n",
            "lines": ["contact a\nhibernating 1"],
            "exit_policy": ["accept *:*\nreject *:*"],
            "published": datetime(2026, 1, 1),
        }.items():
            self.assertRaises(InvalidArgument, self.make, **{name: value})
        self.assertRaises(InvalidArgument, make_extra_info, KEYS, nickname="a\nb", published=NOW)
        self.assertRaises(
            InvalidArgument,
            make_key_certificate,
            rsa_key(1024),
            rsa_key(1024, 1),
            published=NOW,
            expires=NOW,
            address="1.2.3.4:80\nx",
        )

    def test_order_of_tor(self) -> None:
        """
        The items stand in the order in which tor writes them.
        """
        extra_info = make_extra_info(KEYS, nickname="test", published=NOW)
        ours = self.make(extra_info=extra_info, lines=["hidden-service-dir", "contact x"])
        (theirs,) = [
            one
            for one in ServerDescriptor.parse_many(sample("network-1/server-descriptors"))
            if isinstance(one, ServerDescriptor) and one.nickname == "relay002"
        ]
        wanted = [item.keyword for item in theirs.items]
        common = [item.keyword for item in ours.items if item.keyword in wanted]
        self.assertEqual(common, [keyword for keyword in wanted if keyword in common])

    def test_extra_info_digests(self) -> None:
        """
        A descriptor names both digests of its extra-info.
        """
        extra_info = make_extra_info(KEYS, nickname="test", published=NOW, lines=["dirreq-v3-ips us=8"])
        self.assertIsInstance(extra_info, ExtraInfo)
        stated = self.make(extra_info=extra_info).extra_info_digest
        assert stated is not None
        self.assertEqual((stated.sha1, stated.sha256), (extra_info.digest(), extra_info.digest("sha256", encoding="raw")))

    def test_without_onion_key(self) -> None:
        """
        Keys need no key of the TAP handshake.
        """
        keys = RelayKeys.generate(onion_key=False)
        one = make_server_descriptor(keys, nickname="test", address="127.0.0.1", or_port=9001, published=NOW)
        self.assertNotIn("onion-key-crosscert", ServerDescriptor.parse(bytes(one)).verify(now=NOW).checked)

    def test_no_secrets(self) -> None:
        """
        The text of a set of keys shows none.
        """
        self.assertEqual(repr(KEYS), "RelayKeys()")

    def test_ntor_key(self) -> None:
        """
        The ntor key is the public half of the secret that the Ed25519 key has as well, so that a relay could use it.
        """
        seed = KEYS.ntor.private_bytes(Encoding.Raw, PrivateFormat.Raw, NoEncryption())
        hashed = Hash(SHA512())
        hashed.update(seed)
        private = X25519PrivateKey.from_private_bytes(hashed.finalize()[:32])
        self.assertEqual(KEYS.ntor_onion_key, private.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw))


class ImportTests(SynchronousTestCase):
    """
    What happens without the library that does the arithmetic.
    """

    def run_with(self, prepare: str) -> str:
        """
        Import the part in a new Python after some preparation; give what it said.
        """
        attempt = "try: import txtor.directory\nexcept ImportError as error: print(repr(error))\nelse: print('imported')"
        script = f"import sys\n{prepare}\n{attempt}"
        # trial runs elsewhere than in the root of the checkout.
        environment = {**os.environ, "PYTHONPATH": str(pathlib.Path(txtor.__file__).parent.parent)}
        done = subprocess.run(
            [sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=True, env=environment
        )
        return done.stdout

    def test_cryptography_missing(self) -> None:
        """
        Case 27 of the documents, case 136: without cryptography the import fails at once; no check is ever left out.
        """
        self.assertIn("cryptography", self.run_with("sys.modules['cryptography'] = None"))

    def test_cryptography_too_old(self) -> None:
        """
        Case 27 of the documents, case 136: likewise with one that cannot recover what a signature holds.
        """
        prepare = (
            "from cryptography.hazmat.primitives.asymmetric import rsa\n"
            "rsa.RSAPublicKey = type('RSAPublicKey', (), {})"
        )
        self.assertIn("too old", self.run_with(prepare))

    def test_alone(self) -> None:
        """
        Case 134: the part can be imported first.
        """
        self.assertEqual(self.run_with(""), "imported\n")
