# -*- test-case-name: txtor.test.control.test_authentication -*-
"""
How a connection proves itself: an Automat machine without I/O.

PROTOCOLINFO is asked once, since tor hangs up at a second one. The methods are tried in the order SAFECOOKIE, HASHEDPASSWORD,
COOKIE, NULL; what fails on our side (a cookie that cannot be read, a password that was not given) costs nothing and
the next method follows. What Tor refuses ends the connection, so the methods that are left need another one.
See control-spec 3.24 and 5.1.
"""

import hashlib
import hmac
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

from automat import TypeMachineBuilder

from txtor._effects import Effects
from txtor.errors import (
    AuthenticationError,
    IncorrectCookie,
    IncorrectPassword,
    NoUsableMethod,
    PasswordRequired,
    PlainCookieNotAllowed,
    ServerHashMismatch,
    TorError,
)

#: The methods that txtor knows, in the order in which it tries them.
METHODS = ("SAFECOOKIE", "HASHEDPASSWORD", "COOKIE", "NULL")

_SERVER_KEY = b"Tor safe cookie authentication server-to-controller hash"
_CLIENT_KEY = b"Tor safe cookie authentication controller-to-server hash"


@dataclass(frozen=True)
class AskProtocolInfo:
    """
    Send PROTOCOLINFO.
    """


@dataclass(frozen=True)
class ReadCookie:
    """
    Read the cookie file.
    """

    path: bytes


@dataclass(frozen=True)
class AskPassword:
    """
    Ask the caller for the password.
    """


@dataclass(frozen=True)
class Challenge:
    """
    Send AUTHCHALLENGE SAFECOOKIE.
    """

    nonce: bytes


@dataclass(frozen=True, repr=False)
class Prove:
    """
    Send AUTHENTICATE with a proof, which is a secret.
    """

    proof: bytes


@dataclass(frozen=True)
class Authenticated:
    """
    Tor took the proof.
    """

    method: str


@dataclass(frozen=True)
class Failed:
    """
    There is no way, at least not on this connection.
    """

    error: TorError


Effect = AskProtocolInfo | ReadCookie | AskPassword | Challenge | Prove | Authenticated | Failed


@dataclass(repr=False)
class Safecookie:
    """
    Known only while a challenge is open.
    """

    cookie: bytes


@dataclass
class Proof:
    """
    Known only while Tor judges a proof: by which method it was made.
    """

    method: str


class Authentication(Protocol):
    """
    What is asked of an authentication, and what can happen to it.
    """

    def start(self) -> None:
        "Begin."

    def methods_offered(self, methods: Sequence[str], cookie_file: bytes | None) -> None:
        "Tor answered PROTOCOLINFO."

    def cookie_read(self, cookie: bytes) -> None:
        "The cookie file was read: 32 bytes."

    def cookie_unusable(self, error: AuthenticationError) -> None:
        "The cookie file could not be read."

    def password_given(self, password: bytes) -> None:
        "The caller gave the password."

    def password_unavailable(self, error: AuthenticationError) -> None:
        "The caller's function failed."

    def challenge_answered(self, server_hash: bytes, server_nonce: bytes) -> None:
        "Tor answered AUTHCHALLENGE."

    def accepted(self) -> None:
        "Tor answered AUTHENTICATE with 250."

    def refused(self, error: TorError) -> None:
        "Tor refused what was sent last, or its answer made no sense."

    def connection_lost(self, error: TorError) -> None:
        "The connection is gone, or the caller gave up."

    def _safecookie(self) -> None:
        "Decided: SAFECOOKIE is next."

    def _cookie(self) -> None:
        "Decided: COOKIE is next."

    def _password(self) -> None:
        "Decided: HASHEDPASSWORD is next."

    def _prove(self, method: str, proof: bytes) -> None:
        "Decided: there is a proof to send."

    def _choose(self) -> None:
        "Decided: look for the next method."

    def _give_up(self, error: TorError) -> None:
        "Decided: there is no method left."


@dataclass(repr=False)
class Core(Effects[Effect]):
    """
    The caller's wishes, and what is known from the offer on.

    :ivar nonce: 32 random bytes for the challenge.
    :ivar has_password: whether the caller gave a password, or a way to get one.
    :ivar allow_plain_cookie: whether the cookie itself may be sent to whatever listens.
    :ivar without: methods that were refused on an earlier connection.
    """

    nonce: bytes
    has_password: bool = False
    allow_plain_cookie: bool = False
    without: frozenset[str] = frozenset()
    offered: tuple[str, ...] = ()
    cookie_file: bytes | None = None
    untried: list[str] = field(default_factory=list)
    problems: list[AuthenticationError] = field(default_factory=list)


def open_challenge(inputs: Authentication, core: Core, cookie: bytes) -> Safecookie:
    return Safecookie(cookie)


def open_proof(inputs: Authentication, core: Core, method: str, proof: bytes) -> Proof:
    return Proof(method)


builder = TypeMachineBuilder(Authentication, Core)
beginning = builder.state("beginning")
asking = builder.state("asking")
choosing = builder.state("choosing")
reading_for_challenge = builder.state("reading_for_challenge")
challenging = builder.state("challenging", open_challenge)
reading = builder.state("reading")
asking_password = builder.state("asking_password")
proving = builder.state("proving", open_proof)
ended = builder.state("ended")

# What the world can still say when all is over.
ended.upon(Authentication.cookie_read).loop().returns(None)
ended.upon(Authentication.cookie_unusable).loop().returns(None)
ended.upon(Authentication.password_given).loop().returns(None)
ended.upon(Authentication.password_unavailable).loop().returns(None)
ended.upon(Authentication.refused).loop().returns(None)
ended.upon(Authentication.connection_lost).loop().returns(None)


@beginning.upon(Authentication.start).to(asking)
def ask(inputs: Authentication, core: Core) -> None:
    core.effects.append(AskProtocolInfo())


@asking.upon(Authentication.methods_offered).to(choosing)
def note_offer(inputs: Authentication, core: Core, methods: Sequence[str], cookie_file: bytes | None) -> None:
    core.offered, core.cookie_file = tuple(methods), cookie_file
    core.untried = [method for method in METHODS if method in methods and method not in core.without]
    inputs._choose()


@choosing.upon(Authentication._choose).loop()
def choose(inputs: Authentication, core: Core) -> None:
    while core.untried:
        method = core.untried.pop(0)
        if method == "SAFECOOKIE" and core.cookie_file is not None:
            return inputs._safecookie()
        if method == "HASHEDPASSWORD":
            if core.has_password:
                return inputs._password()
            core.problems.append(PasswordRequired())
        if method == "COOKIE" and core.cookie_file is not None:
            if core.allow_plain_cookie:
                return inputs._cookie()
            if "SAFECOOKIE" not in core.offered:
                core.problems.append(PlainCookieNotAllowed())
        if method == "NULL":
            return inputs._prove(method, b"")
    return inputs._give_up(core.problems[0] if core.problems else NoUsableMethod(core.offered))


@choosing.upon(Authentication._safecookie).to(reading_for_challenge)
@choosing.upon(Authentication._cookie).to(reading)
def read_cookie(inputs: Authentication, core: Core) -> None:
    assert core.cookie_file is not None  # the only way here is through choose()
    core.effects.append(ReadCookie(core.cookie_file))


@choosing.upon(Authentication._password).to(asking_password)
def ask_password(inputs: Authentication, core: Core) -> None:
    core.effects.append(AskPassword())


@choosing.upon(Authentication._give_up).to(ended)
def give_up(inputs: Authentication, core: Core, error: TorError) -> None:
    core.effects.append(Failed(error))


@reading_for_challenge.upon(Authentication.cookie_read).to(challenging)
def challenge(inputs: Authentication, core: Core, cookie: bytes) -> None:
    core.effects.append(Challenge(core.nonce))


@reading_for_challenge.upon(Authentication.cookie_unusable).to(choosing)
@reading.upon(Authentication.cookie_unusable).to(choosing)
@asking_password.upon(Authentication.password_unavailable).to(choosing)
def note_problem(inputs: Authentication, core: Core, error: AuthenticationError) -> None:
    core.problems.append(error)
    inputs._choose()


@challenging.upon(Authentication.challenge_answered).loop()
def check_server(
    inputs: Authentication, core: Core, safecookie: Safecookie, server_hash: bytes, server_nonce: bytes
) -> None:
    message = safecookie.cookie + core.nonce + server_nonce
    if hmac.compare_digest(hmac.new(_SERVER_KEY, message, hashlib.sha256).digest(), server_hash):
        inputs._prove("SAFECOOKIE", hmac.new(_CLIENT_KEY, message, hashlib.sha256).digest())
    else:
        inputs._give_up(ServerHashMismatch())


@challenging.upon(Authentication._give_up).to(ended)
def denounce(inputs: Authentication, core: Core, safecookie: Safecookie, error: TorError) -> None:
    core.effects.append(Failed(error))


@reading.upon(Authentication.cookie_read).to(choosing)
def prove_by_cookie(inputs: Authentication, core: Core, cookie: bytes) -> None:
    inputs._prove("COOKIE", cookie)


@asking_password.upon(Authentication.password_given).to(choosing)
def prove_by_password(inputs: Authentication, core: Core, password: bytes) -> None:
    inputs._prove("HASHEDPASSWORD", password)


@choosing.upon(Authentication._prove).to(proving)
def prove(inputs: Authentication, core: Core, method: str, proof: bytes) -> None:
    core.effects.append(Prove(proof))


@challenging.upon(Authentication._prove).to(proving)
def prove_knowledge(inputs: Authentication, core: Core, safecookie: Safecookie, method: str, proof: bytes) -> None:
    core.effects.append(Prove(proof))


@proving.upon(Authentication.accepted).to(ended)
def succeed(inputs: Authentication, core: Core, proof: Proof) -> None:
    core.effects.append(Authenticated(proof.method))


@proving.upon(Authentication.refused).to(ended)
def explain(inputs: Authentication, core: Core, proof: Proof, error: TorError) -> None:
    core.effects.append(Failed(_explanation(proof.method, core, error)))


@challenging.upon(Authentication.refused).to(ended)
def explain_challenge(inputs: Authentication, core: Core, safecookie: Safecookie, error: TorError) -> None:
    core.effects.append(Failed(_explanation("SAFECOOKIE", core, error)))


def _explanation(method: str, core: Core, error: TorError) -> AuthenticationError:
    """
    The error of a refused proof, which knows the methods that a new connection could try.
    """
    told: AuthenticationError
    if method == "HASHEDPASSWORD":
        told = IncorrectPassword()
    elif method == "NULL":
        told = AuthenticationError(f"Tor offers NULL authentication and yet refuses it: {error}")
    else:
        told = IncorrectCookie(f"Tor did not take the cookie; the file is stale or another Tor's ({error}).")
    told.tried = method
    told.untried = tuple(core.untried)
    told.__cause__ = error
    return told


@beginning.upon(Authentication.connection_lost).to(ended)
@asking.upon(Authentication.connection_lost).to(ended)
@asking.upon(Authentication.refused).to(ended)
@reading_for_challenge.upon(Authentication.connection_lost).to(ended)
@reading.upon(Authentication.connection_lost).to(ended)
@asking_password.upon(Authentication.connection_lost).to(ended)
def abandon(inputs: Authentication, core: Core, error: TorError) -> None:
    core.effects.append(Failed(error))


@challenging.upon(Authentication.connection_lost).to(ended)
def abandon_challenge(inputs: Authentication, core: Core, safecookie: Safecookie, error: TorError) -> None:
    core.effects.append(Failed(error))


@proving.upon(Authentication.connection_lost).to(ended)
def abandon_proof(inputs: Authentication, core: Core, proof: Proof, error: TorError) -> None:
    core.effects.append(Failed(error))


new_authentication = builder.build()
