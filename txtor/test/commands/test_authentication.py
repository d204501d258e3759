# -*- test-case-name: txtor.test.commands.test_authentication -*-
"""
Tests of what may be said before authentication.
"""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from txtor.commands import AuthChallenge, Authenticate, ProtocolInfo
from txtor.errors import AuthenticationRequired, BadAuthentication, InvalidArgument, ProtocolViolation, UnrecognizedArgument

from .tor_side import reply


class ProtocolInfoTests(SynchronousTestCase):
    """
    PROTOCOLINFO.
    """

    def test_wire(self) -> None:
        """
        The versions that we understand are told.
        """
        self.assertEqual(ProtocolInfo().to_wire(), b"PROTOCOLINFO 1\r\n")
        self.assertEqual(ProtocolInfo(()).to_wire(), b"PROTOCOLINFO\r\n")
        self.assertEqual(ProtocolInfo([1, 2]).to_wire(), b"PROTOCOLINFO 1 2\r\n")

    def test_bad_versions(self) -> None:
        """
        Before authentication tor hangs up at a version that is no number.
        """
        for versions in (["1"], [-1], [True], [1.0], 1, [1 << 40]):
            self.assertRaises(InvalidArgument, ProtocolInfo, versions)

    def test_reply(self) -> None:
        """
        What tor 0.4.9 says.
        """
        told = ProtocolInfo().parse_reply(
            reply(
                "250-PROTOCOLINFO 1",
                '250-AUTH METHODS=COOKIE,SAFECOOKIE COOKIEFILE="/var/lib/tor/control_auth_cookie"',
                '250-VERSION Tor="0.4.9.11"',
                "250 OK",
            )
        )
        self.assertEqual(told.protocol_version, 1)
        self.assertEqual(told.methods, ("COOKIE", "SAFECOOKIE"))
        self.assertEqual(told.cookie_file, b"/var/lib/tor/control_auth_cookie")
        self.assertEqual(told.tor_version, "0.4.9.11")
        self.assertEqual(told.lines[-1], "OK")

    def test_path(self) -> None:
        """
        The path is a CString of bytes, and may hold anything.
        """
        auth = r'250 AUTH METHODS=COOKIE COOKIEFILE="/a \"b\"\\\303\251\377"'
        told = ProtocolInfo().parse_reply(reply("250-PROTOCOLINFO 1", auth))
        self.assertEqual(told.cookie_file, b'/a "b"\\\xc3\xa9\xff')

    def test_more_and_less(self) -> None:
        """
        Unknown lines and words are kept; what is missing is ``None``; methods of several lines are one list.
        """
        told = ProtocolInfo().parse_reply(
            reply("250-PROTOCOLINFO 7", "250-AUTH METHODS=NULL NEW=1", "250-NEWS x", "250-AUTH METHODS=NULL,NEWER", "250 OK")
        )
        self.assertEqual(told.protocol_version, 7)
        self.assertEqual(told.methods, ("NULL", "NEWER"))
        self.assertIsNone(told.cookie_file)
        self.assertIsNone(told.tor_version)
        self.assertIn("NEWS x", told.lines)
        self.assertEqual(ProtocolInfo().parse_reply(reply("250 PROTOCOLINFO 1")).methods, ())

    def test_refused(self) -> None:
        """
        The second time, and a version that Tor has not.
        """
        self.assertRaises(AuthenticationRequired, ProtocolInfo().parse_reply, reply("514 Authentication required."))
        self.assertRaises(UnrecognizedArgument, ProtocolInfo().parse_reply, reply('513 No such version "x"'))

    def test_not_understood(self) -> None:
        """
        Something else is no reply to it.
        """
        for text in ("OK", "PROTOCOLINFO", "PROTOCOLINFO one", "PROTOCOLINFO " + "9" * 5000, "protocolinfo 1"):
            self.assertRaises(ProtocolViolation, ProtocolInfo().parse_reply, reply(f"250 {text}"))


class AuthChallengeTests(SynchronousTestCase):
    """
    AUTHCHALLENGE.
    """

    def test_wire(self) -> None:
        """
        The nonce is sent in hexadecimal.
        """
        self.assertEqual(AuthChallenge(b"\x00\xff").to_wire(), b"AUTHCHALLENGE SAFECOOKIE 00ff\r\n")
        self.assertRaises(InvalidArgument, AuthChallenge, b"")
        self.assertRaises(InvalidArgument, AuthChallenge, "text")

    def test_reply(self) -> None:
        """
        The hash and the nonce are bytes.
        """
        answer = AuthChallenge(b"n").parse_reply(reply(f"250 AUTHCHALLENGE SERVERHASH={'AB' * 32} SERVERNONCE={'01' * 32} NEW=x"))
        self.assertEqual(answer, (b"\xab" * 32, b"\x01" * 32))

    def test_not_understood(self) -> None:
        """
        What is missing, short, long, or no hexadecimal is a violation: nothing of it may be trusted.
        """
        good = "01" * 32
        for server_hash in ("", good[:-2], good + "01", "g" * 64, "01 " * 21 + "0", f'"{" " * 62}01"', "é" * 64):
            text = f"250 AUTHCHALLENGE SERVERNONCE={good} SERVERHASH={server_hash}"
            self.assertRaises(ProtocolViolation, AuthChallenge(b"n").parse_reply, reply(text))
        self.assertRaises(ProtocolViolation, AuthChallenge(b"n").parse_reply, reply("250 OK"))

    def test_refused(self) -> None:
        """
        Tor without cookie authentication.
        """
        self.assertRaises(BadAuthentication, AuthChallenge(b"n").parse_reply, reply("515 Cookie authentication is disabled"))


class AuthenticateTests(SynchronousTestCase):
    """
    AUTHENTICATE.
    """

    def test_wire(self) -> None:
        """
        Case 5: a password of any bytes is sent in hexadecimal, in which nothing needs quoting.
        """
        self.assertEqual(Authenticate().to_wire(), b"AUTHENTICATE\r\n")
        self.assertEqual(Authenticate('a"\\\t\n').to_wire(), b"AUTHENTICATE 61225c090a\r\n")
        self.assertEqual(Authenticate("é").to_wire(), b"AUTHENTICATE c3a9\r\n")
        self.assertEqual(Authenticate(b"\0\xff").to_wire(), b"AUTHENTICATE 00ff\r\n")

    def test_bad_passwords(self) -> None:
        """
        What stands for no bytes cannot be a password; nor can a text with a NUL, at which Tor's own hash would end.
        """
        for password in ("\ud800", "a\0b", None, 5):
            self.assertRaises(InvalidArgument, Authenticate, password)

    def test_reply(self) -> None:
        """
        Taken or not.
        """
        Authenticate().parse_reply(reply("250 OK"))
        self.assertRaises(BadAuthentication, Authenticate().parse_reply, reply("515 Authentication failed: no"))
