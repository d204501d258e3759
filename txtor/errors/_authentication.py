# -*- test-case-name: txtor.test.test_errors -*-
"""
Why we could not authenticate, or find a control port. See control-spec 5.
"""

from __future__ import annotations

from collections.abc import Sequence

from ._base import TorError


class AuthenticationError(TorError):
    """
    We could not authenticate; the subclass is the cause and the text says what would help.

    :ivar tried: the method that Tor refused, or ``None`` where nothing was sent that it could refuse.
    :ivar untried: the methods that are left. Tor hangs up after a refusal, so they need a new connection.
    """

    tried: str | None = None
    untried: tuple[str, ...] = ()


class NoUsableMethod(AuthenticationError):
    """
    Tor offers no method that txtor knows.

    :ivar methods: what Tor offers.
    """

    def __init__(self, methods: Sequence[str]) -> None:
        self.methods = tuple(methods)
        offered = ", ".join(self.methods) or "none"
        super().__init__(f"Tor offers no authentication method that txtor knows (it offers: {offered}).")


class PlainCookieNotAllowed(AuthenticationError):
    """
    Tor offers COOKIE without SAFECOOKIE, which would show the cookie to whatever listens there.
    """

    def __init__(self) -> None:
        super().__init__(
            "Tor offers only COOKIE authentication, which shows the cookie file to whoever listens there. "
            "Pass allow_plain_cookie=True if you are sure that it is Tor."
        )


class CookieUnreadable(AuthenticationError):
    """
    The cookie file cannot be read, or is not what a cookie file is.

    :ivar path: the file, as Tor names it.
    :ivar problem: why, with the file's mode and group where they are known.
    """

    def __init__(self, path: str, problem: str) -> None:
        self.path = path
        self.problem = problem
        super().__init__(f"The cookie file {path} cannot be used: {problem}")


class IncorrectCookie(AuthenticationError):
    """
    Tor did not take the cookie: the file is stale, or another Tor's.
    """


class ServerHashMismatch(AuthenticationError):
    """
    Whatever answered does not know the cookie, so it is not the Tor that wrote the file. No proof was sent.
    """

    def __init__(self) -> None:
        super().__init__(
            "What listens on the control port does not know the cookie: it is not the Tor that wrote the cookie file "
            "(or the file is stale). Nothing was sent to it."
        )


class PasswordRequired(AuthenticationError):
    """
    Tor wants a password and none was given.
    """

    def __init__(self) -> None:
        super().__init__(
            "Tor wants a password (HashedControlPassword) and none was given. Pass password=, or add the line "
            "'CookieAuthentication 1' to torrc."
        )


class PasswordUnavailable(AuthenticationError):
    """
    The caller's function failed to give a password; the cause is chained.
    """


class IncorrectPassword(AuthenticationError):
    """
    Tor did not take the password.
    """

    def __init__(self) -> None:
        super().__init__("Tor did not take the password: it does not match HashedControlPassword in torrc.")


class ControlPortNotFound(TorError):
    """
    No control port could be used.

    :ivar attempts: for each place tried, in order, the place and what happened there.
    """

    def __init__(self, attempts: Sequence[tuple[str, Exception]], hint: str = "") -> None:
        self.attempts = tuple(attempts)
        tried = "".join(f"\n  {place}: {error}" for place, error in self.attempts)
        super().__init__(f"No control port of Tor could be used. Tried:{tried}{hint and chr(10) + hint}")
