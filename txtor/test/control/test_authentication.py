# -*- test-case-name: txtor.test.control.test_authentication -*-
"""
Tests of the authentication machine.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Sequence

from twisted.trial.unittest import SynchronousTestCase

from txtor.control import _authentication as authentication
from txtor.errors import (
    AuthenticationError,
    BadAuthentication,
    CookieUnreadable,
    Disconnected,
    IncorrectCookie,
    IncorrectPassword,
    NoUsableMethod,
    PasswordRequired,
    PasswordUnavailable,
    PlainCookieNotAllowed,
    ServerHashMismatch,
    UnrecognizedCommand,
)
from txtor.testing import EveryTransition, Transitions

COOKIE = b"c" * 32
NONCE = b"n" * 32
SERVER_NONCE = b"s" * 32
FILE = b"/run/tor/cookie"
REFUSED = BadAuthentication(515, "Authentication failed: because", "AUTHENTICATE")
GONE = Disconnected("gone")


def mac(direction: bytes) -> bytes:
    """
    The hash of one direction of SAFECOOKIE, as control-spec 3.24 defines it.
    """
    key = b"Tor safe cookie authentication " + direction + b" hash"
    return hmac.new(key, COOKIE + NONCE + SERVER_NONCE, hashlib.sha256).digest()


class AuthenticationTests(EveryTransition, SynchronousTestCase):
    """
    Every way in, and every way to fail.
    """

    transitions = Transitions(authentication.new_authentication)

    def offered(
        self,
        methods: Sequence[str],
        cookie_file: bytes | None = FILE,
        password: bool = False,
        plain: bool = False,
        without: Sequence[str] = (),
    ) -> list[authentication.Effect]:
        """
        What is done when Tor offers some methods.
        """
        self.core = authentication.Core(NONCE, password, plain, frozenset(without))
        self.machine = authentication.new_authentication(self.core)
        self.transitions.watch(self.machine)
        self.machine.start()
        self.assertEqual(self.core.drain(), [authentication.AskProtocolInfo()])
        self.machine.methods_offered(methods, cookie_file)
        return self.core.drain()

    def assertFailed(self, kind: type[Exception]) -> Exception:
        """
        The machine has failed with an error of some class, which is returned. What comes later changes nothing.
        """
        (effect,) = self.core.drain()
        assert isinstance(effect, authentication.Failed)
        self.assertIs(type(effect.error), kind)
        self.machine.connection_lost(GONE)
        self.assertEqual(self.core.drain(), [])
        return effect.error

    def test_null(self) -> None:
        """
        A Tor that protects itself in no way gets an empty proof.
        """
        self.assertEqual(self.offered(["NULL"], None), [authentication.Prove(b"")])
        self.machine.accepted()
        self.assertEqual(self.core.drain(), [authentication.Authenticated("NULL")])

    def test_safecookie(self) -> None:
        """
        The server proves first that it knows the cookie; then we do.
        """
        effects = self.offered(["COOKIE", "SAFECOOKIE", "HASHEDPASSWORD"], password=True, plain=True)
        self.assertEqual(effects, [authentication.ReadCookie(FILE)])
        self.machine.cookie_read(COOKIE)
        self.assertEqual(self.core.drain(), [authentication.Challenge(NONCE)])
        self.machine.challenge_answered(mac(b"server-to-controller"), SERVER_NONCE)
        self.assertEqual(self.core.drain(), [authentication.Prove(mac(b"controller-to-server"))])
        self.machine.accepted()
        self.assertEqual(self.core.drain(), [authentication.Authenticated("SAFECOOKIE")])

    def test_impostor(self) -> None:
        """
        Case 51: who does not know the cookie gets no proof, however long the wrong hash is, and no hash is told.
        """
        for wrong in (b"", b"x" * 31, b"x" * 32, mac(b"server-to-controller")[:31]):
            self.offered(["SAFECOOKIE"])
            self.machine.cookie_read(COOKIE)
            self.core.drain()
            self.machine.challenge_answered(wrong, SERVER_NONCE)
            error = self.assertFailed(ServerHashMismatch)
            self.assertNotIn(COOKIE.hex(), str(error).lower())

    def test_plain_cookie(self) -> None:
        """
        Case 49: COOKIE alone is used only by a caller who allowed it.
        """
        self.assertEqual(self.offered(["COOKIE"], plain=True), [authentication.ReadCookie(FILE)])
        self.machine.cookie_read(COOKIE)
        self.assertEqual(self.core.drain(), [authentication.Prove(COOKIE)])
        self.machine.refused(REFUSED)
        self.assertFailed(IncorrectCookie)

    def test_plain_cookie_not_allowed(self) -> None:
        """
        Case 49: without permission the error says what would be shown, and to whom.
        """
        (effect,) = self.offered(["COOKIE"])
        assert isinstance(effect, authentication.Failed)
        self.assertIsInstance(effect.error, PlainCookieNotAllowed)

    def test_plain_cookie_unreadable(self) -> None:
        """
        A cookie that cannot be read for COOKIE is the error that is told.
        """
        self.offered(["COOKIE"], plain=True)
        self.machine.cookie_unusable(CookieUnreadable("/c", "no"))
        self.assertFailed(CookieUnreadable)

    def test_password(self) -> None:
        """
        A password is asked for when it is Tor's turn to want one.
        """
        self.assertEqual(self.offered(["HASHEDPASSWORD"], None, password=True), [authentication.AskPassword()])
        self.machine.password_given(b"sesame")
        self.assertEqual(self.core.drain(), [authentication.Prove(b"sesame")])
        self.machine.refused(REFUSED)
        error = self.assertFailed(IncorrectPassword)
        self.assertNotIn("sesame", str(error))

    def test_password_after_cookie(self) -> None:
        """
        Case 53: a cookie that cannot be read costs nothing; the password is tried on the same connection.
        """
        self.offered(["SAFECOOKIE", "COOKIE", "HASHEDPASSWORD"], password=True)
        self.machine.cookie_unusable(CookieUnreadable("/c", "no"))
        self.assertEqual(self.core.drain(), [authentication.AskPassword()])

    def test_most_telling(self) -> None:
        """
        With an unreadable cookie and no password, the cookie is what is told; with no cookie, the password.
        """
        self.offered(["SAFECOOKIE", "COOKIE", "HASHEDPASSWORD"])
        self.machine.cookie_unusable(CookieUnreadable("/c", "no"))
        self.assertFailed(CookieUnreadable)
        (effect,) = self.offered(["HASHEDPASSWORD"], None)
        assert isinstance(effect, authentication.Failed)
        self.assertIsInstance(effect.error, PasswordRequired)

    def test_password_unavailable(self) -> None:
        """
        Case 54: a prompt that fails is an error of its own.
        """
        self.offered(["HASHEDPASSWORD"], password=True)
        self.machine.password_unavailable(PasswordUnavailable("the terminal is gone"))
        self.assertFailed(PasswordUnavailable)

    def test_untried(self) -> None:
        """
        Case 53: after a refusal the error knows what another connection can try; the next attempt leaves out what was refused.
        """
        self.offered(["SAFECOOKIE", "COOKIE", "HASHEDPASSWORD"], password=True)
        self.machine.cookie_read(COOKIE)
        self.core.drain()
        self.machine.refused(REFUSED)
        error = self.assertFailed(IncorrectCookie)
        assert isinstance(error, AuthenticationError)
        self.assertEqual((error.tried, error.untried), ("SAFECOOKIE", ("HASHEDPASSWORD", "COOKIE")))
        effects = self.offered(["SAFECOOKIE", "COOKIE", "HASHEDPASSWORD"], password=True, without=["SAFECOOKIE"])
        self.assertEqual(effects, [authentication.AskPassword()])

    def test_null_refused(self) -> None:
        """
        A Tor that offers NULL and refuses it is reported as what it is.
        """
        self.offered(["NULL"])
        self.machine.refused(REFUSED)
        self.assertFailed(AuthenticationError)

    def test_unknown_methods(self) -> None:
        """
        Case 55: methods that we do not know are named. SAFECOOKIE without a file is no way in.
        """
        for methods, cookie_file in ((["FUTURE"], FILE), (["SAFECOOKIE"], None), ([], None)):
            (effect,) = self.offered(methods, cookie_file)
            assert isinstance(effect, authentication.Failed)
            self.assertIsInstance(effect.error, NoUsableMethod)
            self.assertIn(methods[0] if methods else "none", str(effect.error))

    def test_protocolinfo_refused(self) -> None:
        """
        Case 37: a filter that refuses PROTOCOLINFO is told as the refusal that it is.
        """
        self.core = authentication.Core(NONCE)
        self.machine = authentication.new_authentication(self.core)
        self.transitions.watch(self.machine)
        self.machine.start()
        self.core.drain()
        self.machine.refused(UnrecognizedCommand(510, "Command filtered", "PROTOCOLINFO"))
        self.assertFailed(UnrecognizedCommand)

    def test_lost_at_any_time(self) -> None:
        """
        Case 29: a connection that goes away ends the machine wherever it is.
        """
        core = authentication.Core(NONCE)
        machine = authentication.new_authentication(core)
        self.transitions.watch(machine)
        machine.connection_lost(GONE)
        self.assertEqual(core.drain(), [authentication.Failed(GONE)])
        machine = authentication.new_authentication(core)
        self.transitions.watch(machine)
        machine.start()
        core.drain()
        machine.connection_lost(GONE)
        self.assertEqual(core.drain(), [authentication.Failed(GONE)])

        self.offered(["SAFECOOKIE"])
        self.machine.connection_lost(GONE)
        self.assertFailed(Disconnected)
        self.offered(["SAFECOOKIE"])
        self.machine.cookie_read(COOKIE)
        self.core.drain()
        self.machine.connection_lost(GONE)
        self.assertFailed(Disconnected)
        self.offered(["COOKIE"], plain=True)
        self.machine.connection_lost(GONE)
        self.assertFailed(Disconnected)
        self.offered(["HASHEDPASSWORD"], password=True)
        self.machine.connection_lost(GONE)
        self.assertFailed(Disconnected)
        self.offered(["NULL"])
        self.machine.connection_lost(GONE)
        self.assertFailed(Disconnected)

    def test_late(self) -> None:
        """
        A prompt or a file that answers after the end changes nothing.
        """
        self.offered(["NULL"])
        self.machine.connection_lost(GONE)
        self.core.drain()
        self.machine.cookie_read(COOKIE)
        self.machine.cookie_unusable(CookieUnreadable("/c", "no"))
        self.machine.password_given(b"late")
        self.machine.password_unavailable(PasswordUnavailable("late"))
        self.machine.refused(REFUSED)
        self.assertEqual(self.core.drain(), [])
