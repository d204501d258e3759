# -*- test-case-name: txtor.test.control.test_connect -*-
"""
Tests of finding and opening a control port.
"""

from __future__ import annotations

import pathlib
from typing import Any

from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.error import ConnectError
from twisted.internet.interfaces import IProtocol, IProtocolFactory, IStreamClientEndpoint
from twisted.internet.testing import MemoryReactorClock
from twisted.trial.unittest import SynchronousTestCase
from zope.interface import implementer

from txtor import connect
from txtor.control import default_cookie_file, default_places, open_control
from txtor.errors import (
    ControlPortNotFound,
    CookieUnreadable,
    Disconnected,
    IncorrectCookie,
    IncorrectPassword,
    InvalidArgument,
    NoUsableMethod,
    PasswordRequired,
    PasswordUnavailable,
    PlainCookieNotAllowed,
    ServerHashMismatch,
    TorError,
    UnrecognizedCommand,
)
from txtor.grammar import ReplyLine
from txtor.testing import FakeTor

COOKIE = bytes(range(32))


@implementer(IStreamClientEndpoint)
class Broken:
    """
    An endpoint that cannot be connected to.
    """

    def __init__(self, error: Exception) -> None:
        self.error = error

    def connect(self, factory: IProtocolFactory) -> Deferred[IProtocol]:
        raise self.error


class OpenTests(SynchronousTestCase):
    """
    Opening one control port.
    """

    def setUp(self) -> None:
        self.reactor: Any = MemoryReactorClock()  # it is what connecting needs, and nobody declares that
        self.path = pathlib.Path(self.mktemp())
        self.path.write_bytes(COOKIE)

    def with_cookie(self, password: bytes | None = None) -> FakeTor:
        """
        A Tor that wants its cookie.
        """
        return FakeTor(cookie=COOKIE, cookie_file=str(self.path), password=password)

    def assertNothingOpen(self, tor: FakeTor) -> None:
        """
        Case 56: no connection is left behind an error, and no delayed call.
        """
        self.assertEqual(tor.connections, [])
        self.assertEqual(self.reactor.getDelayedCalls(), [])

    def refused(self, tor: FakeTor, kind: type[TorError], **arguments: Any) -> TorError:
        """
        The error of an attempt that must fail with one.
        """
        error = self.failureResultOf(open_control(self.reactor, tor.endpoint(), **arguments), kind).value
        self.assertIs(type(error), kind)
        self.assertNothingOpen(tor)
        assert isinstance(error, TorError)
        return error

    def test_null(self) -> None:
        """
        A Tor without protection costs two commands.
        """
        tor = FakeTor()
        protocol = self.successResultOf(open_control(self.reactor, tor.endpoint()))
        self.assertTrue(protocol.is_authenticated)
        self.assertEqual([line.split(" ")[0] for line in tor.received], ["PROTOCOLINFO", "AUTHENTICATE"])

    def test_safecookie(self) -> None:
        """
        Case 37: SAFECOOKIE costs three, all of which filters allow.
        """
        tor = self.with_cookie()
        self.successResultOf(open_control(self.reactor, tor.endpoint()))
        self.assertEqual([line.split(" ")[0] for line in tor.received], ["PROTOCOLINFO", "AUTHCHALLENGE", "AUTHENTICATE"])
        self.assertNotIn(COOKIE.hex(), " ".join(tor.received).lower())

    def test_cookie_elsewhere(self) -> None:
        """
        The caller knows where the cookie of a Tor in a container is.
        """
        tor = FakeTor(cookie=COOKIE, cookie_file="/in/the/container")
        self.refused(tor, CookieUnreadable)
        self.successResultOf(open_control(self.reactor, tor.endpoint(), cookie_file=bytes(self.path)))

    def test_password(self) -> None:
        """
        Case 5: any password, with any byte.
        """
        for password in (b"x", b'a "q" \\ b', b"tab\tnew\nline", "é".encode(), bytes(range(1, 256)), b""):
            tor = FakeTor(password=password or b"\0")
            self.successResultOf(open_control(self.reactor, tor.endpoint(), password=password or b"\0"))
        for given in ("sésame", "sésame".encode, lambda: "sésame"):
            tor = FakeTor(password="sésame".encode())
            self.successResultOf(open_control(self.reactor, tor.endpoint(), password=given))

    def test_password_later(self) -> None:
        """
        A prompt may take its time, and is asked only when it is needed.
        """
        prompt: Deferred[str] = Deferred()
        tor = FakeTor(password=b"sesame")
        opening = open_control(self.reactor, tor.endpoint(), password=lambda: prompt)
        self.assertNoResult(opening)
        prompt.callback("sesame")
        self.successResultOf(opening)

        async def ask() -> str:
            return "sesame"

        self.successResultOf(open_control(self.reactor, tor.endpoint(), password=ask))
        asked: list[None] = []

        def unwanted() -> str:
            asked.append(None)
            return "p"

        self.successResultOf(open_control(self.reactor, self.with_cookie(b"p").endpoint(), password=unwanted))
        self.assertEqual(asked, [])

    def test_password_problems(self) -> None:
        """
        Case 54: none, a wrong one, and a prompt that fails or gives nonsense are different errors. None shows the password.
        """
        self.refused(FakeTor(password=b"sesame"), PasswordRequired)
        error = self.refused(FakeTor(password=b"sesame"), IncorrectPassword, password="hunter2")
        self.assertNotIn("hunter2", f"{error!r} {error}")

        def fails() -> str:
            raise ZeroDivisionError

        error = self.refused(FakeTor(password=b"sesame"), PasswordUnavailable, password=fails)
        self.assertIsInstance(error.__cause__, ZeroDivisionError)
        self.refused(FakeTor(password=b"sesame"), PasswordUnavailable, password=lambda: 17)
        self.refused(FakeTor(password=b"sesame"), PasswordUnavailable, password="\ud800")

    def test_prompt_and_hang_up(self) -> None:
        """
        Cases 29 and 54: a Tor that goes away while the user is asked ends the prompt and the attempt.
        """
        cancelled: list[Deferred[str]] = []
        prompt: Deferred[str] = Deferred(cancelled.append)
        tor = FakeTor(password=b"sesame")
        opening = open_control(self.reactor, tor.endpoint(), password=lambda: prompt)
        tor.drop()
        self.failureResultOf(opening, Disconnected)
        self.assertEqual(cancelled, [prompt])

    def test_cancel(self) -> None:
        """
        Case 54: cancelling ends the prompt and the connection.
        """
        cancelled: list[Deferred[str]] = []
        tor = FakeTor(password=b"sesame")
        opening = open_control(self.reactor, tor.endpoint(), password=lambda: Deferred(cancelled.append))
        opening.cancel()
        self.failureResultOf(opening, CancelledError)
        self.assertEqual(len(cancelled), 1)
        self.assertNothingOpen(tor)

    def test_next_method(self) -> None:
        """
        Case 53: a stale cookie is refused and Tor hangs up; the password is tried on a new connection.
        """
        tor = self.with_cookie(b"sesame")
        tor.cookie = b"s" * 32
        self.refused(tor, ServerHashMismatch, password="sesame")
        tor = self.with_cookie(b"sesame")
        refusals = [[ReplyLine(515, "Authentication failed: no")]]
        known = tor._answers["AUTHENTICATE"]

        def once(connection: object, command: object) -> object:
            if refusals:
                tor.connections[0].after_reply(tor.connections[0].hang_up)
                return refusals.pop()
            return known(connection, command)  # type: ignore[arg-type]  # handed on as it came

        tor.answer("AUTHENTICATE", once)  # type: ignore[arg-type]  # handed on as it came
        protocol = self.successResultOf(open_control(self.reactor, tor.endpoint(), password="sesame"))
        self.assertTrue(protocol.is_authenticated)
        self.assertEqual(len(tor.connections), 1)
        self.assertEqual(sum(line.startswith("PROTOCOLINFO") for line in tor.received), 2)

    def test_all_refused(self) -> None:
        """
        When every method is refused, the first refusal is told.
        """
        tor = self.with_cookie(b"sesame")

        def no(connection: object, command: object) -> list[ReplyLine]:
            tor.connections[0].after_reply(tor.connections[0].hang_up)
            return [ReplyLine(515, "Authentication failed: no")]

        tor.answer("AUTHENTICATE", no)
        self.refused(tor, IncorrectCookie, password="x", allow_plain_cookie=True)

    def test_plain_cookie(self) -> None:
        """
        Case 49: COOKIE alone only with leave.
        """
        tor = self.with_cookie()
        auth = f'AUTH METHODS=COOKIE COOKIEFILE="{self.path}"'
        tor.answer("PROTOCOLINFO", lambda *_: [ReplyLine(250, text) for text in ("PROTOCOLINFO 1", auth, "OK")])
        self.refused(tor, PlainCookieNotAllowed)
        self.successResultOf(open_control(self.reactor, tor.endpoint(), allow_plain_cookie=True))

    def test_unknown_methods(self) -> None:
        """
        Case 55: methods from the future are named.
        """
        tor = FakeTor()
        tor.answer("PROTOCOLINFO", lambda *_: [ReplyLine(250, text) for text in ("PROTOCOLINFO 1", "AUTH METHODS=RETINA", "OK")])
        self.assertIn("RETINA", str(self.refused(tor, NoUsableMethod)))

    def test_filtered(self) -> None:
        """
        Case 37: a filter that refuses what connecting needs is told with the command.
        """
        for keyword in ("PROTOCOLINFO", "AUTHCHALLENGE", "AUTHENTICATE"):
            tor = self.with_cookie()
            tor.refuse(keyword, 510, "Command filtered")
            error = self.failureResultOf(open_control(self.reactor, tor.endpoint()), TorError).value
            told = error if isinstance(error, UnrecognizedCommand) else error.__cause__
            self.assertEqual((type(told), told.command), (UnrecognizedCommand, keyword))
            self.assertNothingOpen(tor)

    def test_hung_up(self) -> None:
        """
        Case 29: a peer that hangs up at each step.
        """
        for keyword in ("PROTOCOLINFO", "AUTHCHALLENGE", "AUTHENTICATE"):
            tor = self.with_cookie()

            def hang_up(connection: object, command: object, tor: FakeTor = tor) -> None:
                tor.drop()

            tor.answer(keyword, hang_up)
            self.assertIn("hung up", str(self.refused(tor, Disconnected)))

    def test_nothing_there(self) -> None:
        """
        Nothing listens, or the system says why not.
        """
        tor = FakeTor()
        tor.listening = False
        self.assertIn("Nothing listens", str(self.refused(tor, Disconnected)))
        for number, words in ((2, "no such socket"), (13, "may not open"), (99, "cannot be reached")):
            opening = open_control(self.reactor, Broken(ConnectError(number, "x")))
            self.assertIn(words, str(self.failureResultOf(opening, Disconnected).value))

    def test_endpoint_string(self) -> None:
        """
        An endpoint string is parsed by Twisted; a malformed one is the caller's mistake.
        """
        open_control(self.reactor, "tcp:127.0.0.1:9051").addErrback(lambda _: None)
        self.assertEqual(self.reactor.tcpClients[0][:2], ("127.0.0.1", 9051))
        for bad in ("", "nonsense", "tcp:", "tcp:h:p:x=y", "bogus:1"):
            self.failureResultOf(open_control(self.reactor, bad), InvalidArgument)


class PlacesTests(SynchronousTestCase):
    """
    Where to look.
    """

    def test_environment(self) -> None:
        """
        The environment names the only place, in any usual form.
        """
        for value, place in (
            ("9052", "tcp:127.0.0.1:9052"),
            ("10.0.0.1:9052", "tcp:10.0.0.1:9052"),
            ("[::1]:9052", "tcp:\\:\\:1:9052"),
            ("unix:/run/x", "unix:/run/x"),
            ("/run/a:b", "unix:/run/a\\:b"),
            ("tcp:h:1", "tcp:h:1"),
        ):
            self.assertEqual(default_places({"TOR_CONTROL_PORT": value}), [place])
            self.assertEqual(default_places({"TX_CONTROL_PORT": value}), [place])
        self.assertRaises(InvalidArgument, default_places, {"TOR_CONTROL_PORT": "what"})
        self.assertEqual(len(default_places({})), 3)

    def test_cookie_file(self) -> None:
        """
        The environment may name the cookie file.
        """
        self.assertEqual(default_cookie_file({"TOR_CONTROL_COOKIE_FILE": "/c"}), b"/c")
        self.assertIsNone(default_cookie_file({}))


class ConnectTests(SynchronousTestCase):
    """
    The front door.
    """

    def setUp(self) -> None:
        self.reactor: Any = MemoryReactorClock()  # it is what connecting needs, and nobody declares that

    def test_in_turn(self) -> None:
        """
        Several places are tried in turn; the first that opens is taken.
        """
        closed, protected, good = FakeTor(), FakeTor(password=b"x"), FakeTor()
        closed.listening = False
        tor = self.successResultOf(connect(self.reactor, [closed.endpoint(), protected.endpoint(), good.endpoint()]))
        self.assertEqual(len(good.connections), 1)
        self.assertEqual(protected.connections, [])
        self.assertEqual(str(tor.version), "0.4.9.11")

    def test_none_found(self) -> None:
        """
        Case 56: one error says what was tried and what happened at each.
        """
        closed, protected = FakeTor(), FakeTor(password=b"x")
        closed.listening = False
        error = self.failureResultOf(connect(self.reactor, [closed.endpoint(), protected.endpoint()]), ControlPortNotFound).value
        self.assertEqual([type(each) for _, each in error.attempts], [Disconnected, PasswordRequired])
        self.assertIn("Nothing listens", str(error))
        self.assertIn("password", str(error))

    def test_hint(self) -> None:
        """
        When nothing listens anywhere, the text names the torrc lines that would help.
        """
        closed = FakeTor()
        closed.listening = False
        error = self.failureResultOf(connect(self.reactor, [closed.endpoint()]), ControlPortNotFound).value
        self.assertIn("ControlPort 9051", str(error))

    def test_usual_places(self) -> None:
        """
        Without an endpoint the usual places are tried.
        """
        self.patch(__import__("os"), "environ", {})
        connect(self.reactor)
        self.assertEqual([client[0] for client in self.reactor.unixClients], ["/run/tor/control"])

    def test_two_passwords(self) -> None:
        """
        Two names of one argument are one too many.
        """
        self.failureResultOf(connect(self.reactor, "tcp:h:1", "a", password_function=lambda: "b"), InvalidArgument)

    def test_context(self) -> None:
        """
        Leaving the context closes the connection once, also after an error.
        """
        fake = FakeTor()

        async def use() -> None:
            async with await connect(self.reactor, fake.endpoint()):
                raise KeyError

        self.failureResultOf(Deferred.fromCoroutine(use()), KeyError)
        self.assertEqual(fake.received[-1], "QUIT")
        self.assertEqual(fake.connections, [])
        self.assertEqual(self.reactor.getDelayedCalls(), [])
