# -*- test-case-name: txtor.test.control.test_connect -*-
"""
The shell of authentication: it does what the machine wants done, and tells it what came of it.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

from twisted.internet.defer import Deferred, maybeDeferred

from txtor._deferred import forget_cancelled
from txtor.commands import AuthChallenge, AuthChallengeReply, Authenticate, ProtocolInfoReply
from txtor.errors import AuthenticationError, CookieUnreadable, Disconnected, InvalidArgument, PasswordUnavailable, TorError
from txtor.grammar import encode

from . import _authentication as machine
from ._cookie import read_cookie

if TYPE_CHECKING:
    from twisted.python.failure import Failure

    from ._protocol import TorControlProtocol

T = TypeVar("T")

PasswordValue: TypeAlias = "str | bytes"

#: A password, or a function that gives one, now or later.
Password: TypeAlias = (
    "PasswordValue | Callable[[], PasswordValue | Deferred[Any] | Coroutine[Deferred[Any], Any, PasswordValue]] | None"
)


def authenticate(
    protocol: TorControlProtocol,
    password: Password,
    allow_plain_cookie: bool,
    without: frozenset[str],
    cookie_file: bytes | None,
) -> Deferred[str]:
    """
    Authenticate a connection; see `TorControlProtocol.authenticate`.
    """
    core = machine.Core(os.urandom(32), password is not None, allow_plain_cookie, without)
    return _Attempt(protocol, password, core, cookie_file).start()


class _Attempt:
    """
    One run of the authentication machine on one connection.
    """

    def __init__(
        self, protocol: TorControlProtocol, password: Password, core: machine.Core, cookie_file: bytes | None
    ) -> None:
        self._protocol = protocol
        self._password = password
        self._cookie_file = cookie_file
        self._core = core
        self._machine = machine.new_authentication(core)
        self._acting = False
        self._loss: Disconnected | None = None
        self._pending: Deferred[Any] | None = None
        self._done: Deferred[str] = Deferred(lambda _: self._gave_up())

    def start(self) -> Deferred[str]:
        gone = self._protocol.when_disconnected()
        gone.addCallbacks(self._lost, forget_cancelled)
        self._done.addBoth(_then_cancel, gone)  # or the connection would keep this attempt, and the cookie with it
        self._machine.start()
        self._act()
        return self._done

    def _lost(self, reason: Disconnected) -> None:
        if self._acting:  # the answer to what is just being sent came first, and is handled first
            self._loss = reason
            return
        self._machine.connection_lost(reason)
        self._act()

    def _gave_up(self) -> None:
        """
        The caller cancelled: a password prompt is cancelled with it.
        """
        self._machine.connection_lost(Disconnected("Authentication was cancelled."))
        self._core.drain()
        pending, self._pending = self._pending, None
        if pending is not None:
            pending.cancel()

    def _act(self) -> None:
        if self._acting:  # an effect that is at once followed by an input: the loop below goes on
            return
        self._acting = True
        while effects := self._core.drain():
            for effect in effects:
                self._perform(effect)
            if self._loss is not None and not self._core.effects:
                self._machine.connection_lost(self._loss)
        self._acting = False

    def _perform(self, effect: machine.Effect) -> None:
        if isinstance(effect, machine.AskProtocolInfo):
            self._expect(self._protocol.protocolinfo(), self._offered, self._machine.refused)
        elif isinstance(effect, machine.ReadCookie):
            self._read_cookie(effect.path)
        elif isinstance(effect, machine.Challenge):
            self._expect(self._protocol.send(AuthChallenge(effect.nonce)), self._challenged, self._machine.refused)
        elif isinstance(effect, machine.AskPassword):
            self._expect(self._ask_password(), self._machine.password_given, self._password_failed)
        elif isinstance(effect, machine.Prove):
            self._expect(self._protocol.send(Authenticate(effect.proof)), self._accepted, self._machine.refused)
        elif isinstance(effect, machine.Authenticated):
            self._done.callback(effect.method)
        else:
            self._fail(effect.error)

    def _fail(self, error: TorError) -> None:
        pending, self._pending = self._pending, None
        if pending is not None:
            pending.cancel()
        self._done.errback(error)

    def _expect(self, answer: Deferred[Any], told: Callable[[Any], None], failed: Callable[[Any], None]) -> None:
        """
        Feed an answer to the machine when it comes, and act on what follows.
        """
        self._pending = answer

        def came(result: Any) -> None:
            self._pending = None
            told(result)
            self._act()

        def did_not(failure: Failure) -> None:
            self._pending = None
            error = failure.value
            if isinstance(error, Disconnected):
                self._machine.connection_lost(error)
            else:
                failed(error)
            self._act()

        answer.addCallbacks(came, did_not)

    def _offered(self, offer: ProtocolInfoReply) -> None:
        self._machine.methods_offered(offer.methods, self._cookie_file or offer.cookie_file)

    def _challenged(self, answer: AuthChallengeReply) -> None:
        self._machine.challenge_answered(answer.server_hash, answer.server_nonce)

    def _accepted(self, _: None) -> None:
        self._machine.accepted()

    def _read_cookie(self, path: bytes) -> None:
        try:
            cookie = read_cookie(path)
        except CookieUnreadable as error:
            self._machine.cookie_unusable(error)
        else:
            self._machine.cookie_read(cookie)

    def _ask_password(self) -> Deferred[bytes]:
        password = self._password
        if not callable(password):
            return maybeDeferred(_password_bytes, password)

        async def ask() -> bytes:
            answer: Any = password()
            if isinstance(answer, Coroutine | Deferred):
                answer = await answer
            return _password_bytes(answer)

        return Deferred.fromCoroutine(ask())

    def _password_failed(self, error: BaseException) -> None:
        told: AuthenticationError
        if isinstance(error, AuthenticationError):
            told = error
        else:
            told = PasswordUnavailable(f"The function that gives the password failed: {type(error).__name__}.")
            told.__cause__ = error
        self._machine.password_unavailable(told)


def _then_cancel(result: T, waiting: Deferred[Any]) -> T:
    waiting.cancel()
    return result


def _password_bytes(answer: object) -> bytes:
    if isinstance(answer, bytes):
        return answer
    if isinstance(answer, str):
        try:
            return encode(answer)
        except UnicodeEncodeError:
            raise InvalidArgument("A password with a lone surrogate cannot be sent.") from None
    raise PasswordUnavailable(f"A password is text or bytes, not {type(answer).__name__}.")
