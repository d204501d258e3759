# -*- test-case-name: txtor.test.commands.test_onion_client -*-
"""
Tests of the commands about keys for onion services.
"""

from __future__ import annotations

import base64

from twisted.trial.unittest import SynchronousTestCase

from txtor.commands import OnionClientAuth, OnionClientAuthAdd, OnionClientAuthRemove, OnionClientAuthView, Outcome
from txtor.errors import InvalidArgument, InvalidConfigurationValue, ProtocolViolation

from .tor_side import reply

ONION = "duckduckgogg42xjoc72x3sjasowoarfbgcmvfimaftt6twagswzczad"
KEY = bytes(range(32))
KEY_TEXT = "x25519:" + base64.b64encode(KEY).decode()


class AddTests(SynchronousTestCase):
    """
    ONION_CLIENT_AUTH_ADD.
    """

    def test_wire(self) -> None:
        """
        A key as bytes or in base64, with or without its type and its padding.
        """
        for key in (KEY, KEY_TEXT, KEY_TEXT[7:], KEY_TEXT.rstrip("=")):
            wire = OnionClientAuthAdd(ONION.upper() + ".onion", key).to_wire()
            self.assertEqual(wire, f"ONION_CLIENT_AUTH_ADD {ONION} {KEY_TEXT}\r\n".encode())
        wire = OnionClientAuthAdd(ONION, "newer:abc", "b" * 16, permanent=True).to_wire()
        self.assertEqual(wire, f"ONION_CLIENT_AUTH_ADD {ONION} newer:abc ClientName={'b' * 16} Flags=Permanent\r\n".encode())

    def test_names(self) -> None:
        """
        Tor answers a name over 16 bytes twice, which would shift all later replies.
        """
        for name in ("b" * 17, "", "a b", "é", 'a"', 5):
            self.assertRaises(InvalidArgument, OnionClientAuthAdd, ONION, KEY, name)

    def test_bad_keys(self) -> None:
        """
        What is no key of 32 bytes.
        """
        for key in (b"", KEY[1:], KEY + b"x", "", "x25519:", "x25519:AAAA", KEY_TEXT + "A", KEY_TEXT + "\n", "a:b c", None, 5):
            self.assertRaises(InvalidArgument, OnionClientAuthAdd, ONION, key)
        self.assertRaises(InvalidArgument, OnionClientAuthAdd, ONION[:-1], KEY)
        self.assertRaises(InvalidArgument, OnionClientAuthAdd, None, KEY)

    def test_outcomes(self) -> None:
        """
        Done; another replaced; a descriptor opened.
        """
        command = OnionClientAuthAdd(ONION, KEY)
        for line in ("250 OK", "251 Client for onion existed and replaced", "252 Registered client and decrypted desc"):
            self.assertEqual(command.parse_reply(reply(line)), Outcome(int(line[:3]), line[4:]))
        unable = reply(f'553 Unable to store creds for "{ONION}"')
        self.assertRaises(InvalidConfigurationValue, command.parse_reply, unable)


class RemoveTests(SynchronousTestCase):
    """
    ONION_CLIENT_AUTH_REMOVE.
    """

    def test_remove(self) -> None:
        """
        Done, or there was nothing to do.
        """
        command = OnionClientAuthRemove(ONION + ".onion")
        self.assertEqual(command.to_wire(), f"ONION_CLIENT_AUTH_REMOVE {ONION}\r\n".encode())
        self.assertEqual(command.parse_reply(reply("250 OK")).status, 250)
        self.assertEqual(command.parse_reply(reply(f'251 No credentials for "{ONION}"')).status, 251)
        self.assertRaises(InvalidArgument, OnionClientAuthRemove, "x")


class ViewTests(SynchronousTestCase):
    """
    ONION_CLIENT_AUTH_VIEW.
    """

    def test_wire(self) -> None:
        """
        Of one service, or of all.
        """
        self.assertEqual(OnionClientAuthView().to_wire(), b"ONION_CLIENT_AUTH_VIEW\r\n")
        self.assertEqual(OnionClientAuthView(ONION).to_wire(), f"ONION_CLIENT_AUTH_VIEW {ONION}\r\n".encode())
        self.assertRaises(InvalidArgument, OnionClientAuthView, "")

    def test_reply(self) -> None:
        """
        Keys with and without a name and flags; the keys themselves stay out of the ``repr``.
        """
        entries = OnionClientAuthView().parse_reply(
            reply(
                "250-ONION_CLIENT_AUTH_VIEW",
                f"250-CLIENT {ONION} {KEY_TEXT}",
                f"250-CLIENT {ONION} {KEY_TEXT} Flags=Permanent,New ClientName=bob More=x",
                "250 OK",
            )
        )
        self.assertEqual(entries[0], OnionClientAuth(ONION, KEY_TEXT))
        self.assertEqual(entries[1], OnionClientAuth(ONION, KEY_TEXT, "bob", ("Permanent", "New")))
        self.assertNotIn(KEY_TEXT[7:20], repr(entries))

    def test_none(self) -> None:
        """
        Tor has no keys.
        """
        self.assertEqual(OnionClientAuthView(ONION).parse_reply(reply(f"250-ONION_CLIENT_AUTH_VIEW {ONION}", "250 OK")), ())

    def test_not_understood(self) -> None:
        """
        An entry without a key.
        """
        line = f"250-CLIENT {ONION}"
        self.assertRaises(ProtocolViolation, OnionClientAuthView().parse_reply, reply(line, "250 OK"))
