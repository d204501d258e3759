# -*- test-case-name: txtor.test.socks.test_negotiation -*-
"""
How a SOCKS5 connection is negotiated: an Automat machine without I/O.

The three messages go one after another, each after the answer to the one before. Bytes may come split anywhere; every state
in which the server speaks reads its own answer from the buffer, and decides by calling a private input.
"""

from dataclasses import dataclass, field
from typing import Protocol

from automat import TypeMachineBuilder

from txtor._effects import Effects
from txtor.errors import SocksAuthenticationError, SocksConnectionLost, SocksError, SocksProtocolViolation, socks_error

from ._hosts import Target
from ._messages import (
    NO_ACCEPTABLE_METHODS,
    NO_AUTHENTICATION,
    SUCCEEDED,
    USERNAME_PASSWORD,
    Command,
    Credentials,
    SocksReply,
    greeting,
    read_method,
    read_reply,
    read_status,
    request,
    username_password,
)


@dataclass(frozen=True)
class Send:
    """
    Write to the server.
    """

    message: bytes


@dataclass(frozen=True)
class Established:
    """
    The server did what was asked.

    :ivar surplus: what came behind the reply; it is the application's.
    """

    reply: SocksReply
    surplus: bytes


@dataclass(frozen=True)
class Refused:
    """
    It did not. The connection is of no more use.
    """

    error: SocksError


Effect = Send | Established | Refused


class Negotiation(Protocol):
    """
    What can happen while a connection is negotiated.
    """

    def connected(self) -> None:
        "The transport to the server is there."

    def received(self, data: bytes) -> None:
        "The server sent something."

    def connection_lost(self, reason: str) -> None:
        "The transport is gone."

    def _authenticate(self) -> None:
        "Decided by outputs only: the server wants the credentials."

    def _admit(self) -> None:
        "Decided by outputs only: the credentials were taken, or none were wanted."

    def _conclude(self, reply: SocksReply, surplus: bytes) -> None:
        "Decided by outputs only: the request succeeded."

    def _fail(self, error: SocksError) -> None:
        "Decided by outputs only: it is over."


@dataclass
class Core(Effects[Effect]):
    """
    What is wanted, what came, and what is to be done.
    """

    command: Command
    target: Target
    credentials: Credentials | None
    buffer: bytearray = field(default_factory=bytearray)

    def forget(self) -> None:
        """
        It is over: keep no password for as long as the connection lasts.
        """
        self.credentials = None
        self.buffer.clear()


builder = TypeMachineBuilder(Negotiation, Core)
unconnected = builder.state("unconnected")
greeted = builder.state("greeted")
authenticating = builder.state("authenticating")
requested = builder.state("requested")
established = builder.state("established")
ended = builder.state("ended")

established.upon(Negotiation.connection_lost).loop().returns(None)
ended.upon(Negotiation.received).loop().returns(None)
ended.upon(Negotiation.connection_lost).loop().returns(None)


@unconnected.upon(Negotiation.connected).to(greeted)
def greet(inputs: Negotiation, core: Core) -> None:
    core.effects.append(Send(greeting(core.credentials is not None)))


@greeted.upon(Negotiation.received).loop()
def hear_method(inputs: Negotiation, core: Core, data: bytes) -> None:
    core.buffer += data
    try:
        method = read_method(core.buffer)
    except SocksProtocolViolation as error:
        inputs._fail(error)
        return
    wanted = NO_AUTHENTICATION if core.credentials is None else USERNAME_PASSWORD
    if method == wanted:
        core.buffer.clear()
        if core.credentials is None:
            inputs._admit()
        else:
            inputs._authenticate()
    elif method == NO_ACCEPTABLE_METHODS:
        wants = "needs a user name and password" if core.credentials is None else "takes no user names and passwords"
        inputs._fail(SocksAuthenticationError(f"The SOCKS server {wants}."))
    elif method is not None:
        inputs._fail(SocksProtocolViolation(f"The server chose the method {method}, which was not offered."))


@greeted.upon(Negotiation._authenticate).to(authenticating)
def authenticate(inputs: Negotiation, core: Core) -> None:
    assert core.credentials is not None
    core.effects.append(Send(username_password(core.credentials)))


@authenticating.upon(Negotiation.received).loop()
def hear_status(inputs: Negotiation, core: Core, data: bytes) -> None:
    core.buffer += data
    try:
        status = read_status(core.buffer)
    except SocksProtocolViolation as error:
        inputs._fail(error)
        return
    if status == SUCCEEDED:
        core.buffer.clear()
        inputs._admit()
    elif status is not None:
        inputs._fail(SocksAuthenticationError("The SOCKS server did not take the user name and password."))


@greeted.upon(Negotiation._admit).to(requested)
@authenticating.upon(Negotiation._admit).to(requested)
def ask(inputs: Negotiation, core: Core) -> None:
    core.effects.append(Send(request(core.command, core.target)))


@requested.upon(Negotiation.received).loop()
def hear_reply(inputs: Negotiation, core: Core, data: bytes) -> None:
    core.buffer += data
    try:
        answer = read_reply(core.buffer)
    except SocksProtocolViolation as error:
        inputs._fail(error)
        return
    if answer is None:
        return
    reply, length = answer
    if reply.code == SUCCEEDED:
        inputs._conclude(reply, bytes(core.buffer[length:]))
    else:
        inputs._fail(socks_error(reply.code, str(core.target)))


@requested.upon(Negotiation._conclude).to(established)
def conclude(inputs: Negotiation, core: Core, reply: SocksReply, surplus: bytes) -> None:
    core.forget()
    core.effects.append(Established(reply, surplus))


@greeted.upon(Negotiation._fail).to(ended)
@authenticating.upon(Negotiation._fail).to(ended)
@requested.upon(Negotiation._fail).to(ended)
def refuse(inputs: Negotiation, core: Core, error: SocksError) -> None:
    core.forget()
    core.effects.append(Refused(error))


@greeted.upon(Negotiation.connection_lost).to(ended)
@authenticating.upon(Negotiation.connection_lost).to(ended)
@requested.upon(Negotiation.connection_lost).to(ended)
def lose(inputs: Negotiation, core: Core, reason: str) -> None:
    cut = bytes(core.buffer)
    core.forget()
    told = f", in the middle of the answer {cut[:60]!r}" if cut else ""
    core.effects.append(Refused(SocksConnectionLost(f"The SOCKS server closed the connection{told}: {reason}")))


new_negotiation = builder.build()
