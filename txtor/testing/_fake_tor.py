# -*- test-case-name: txtor.test.testing.test_fake_tor -*-
"""
A control port in memory, for unit tests: it speaks control-spec, remembers what it was told, and refuses what tor refuses.

It is built from txtor's own grammar, and its behaviour is a contract that the real Tor passes too. It has no network: circuits
build and streams attach because the test, or the command, says so.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from twisted.internet.defer import Deferred, fail, succeed
from twisted.internet.error import ConnectionRefusedError as Refused
from twisted.internet.interfaces import IProtocol, IProtocolFactory, IReactorTime, IStreamClientEndpoint
from twisted.internet.protocol import Protocol
from twisted.python.failure import Failure
from zope.interface import implementer

from txtor.control import TorControlProtocol
from txtor.errors import ProtocolViolation
from txtor.grammar import EVENT_STATUS, ReplyLine, format_reply

from ._fake_commands import ANSWERS
from ._fake_config import FakeConfiguration, Refusal
from ._fake_line import CommandReader, FakeCommand
from ._fake_network import FakeNetwork
from ._memory import MemoryTransport, Pump

#: What answers a command: the lines of a reply, or ``None`` for no reply at all.
Answer = Callable[["FakeConnection", FakeCommand], "list[ReplyLine] | None"]


class FakeConnection(Protocol):
    """
    One controller's connection, as the Tor sees it.

    :ivar tor: whose connection it is.
    :ivar authenticated: whether it may do anything.
    :ivar events: what it has subscribed to.
    """

    def __init__(self, tor: FakeTor) -> None:
        self.tor = tor
        self.authenticated = False
        self.asked_protocolinfo = False
        self.challenge: bytes | None = None
        self.events: frozenset[str] = frozenset()
        self.onions: list[str] = []
        self._reader = CommandReader()
        self._after: list[Callable[[], None]] = []

    def dataReceived(self, data: bytes) -> None:
        """
        The controller sent something.
        """
        for command in self._reader.feed(data):
            if self in self.tor.connections:
                self._answer(command)

    def connectionLost(self, reason: Failure | None = None) -> None:
        """
        The controller is gone.
        """
        if self in self.tor.connections:
            self.tor.connections.remove(self)

    def after_reply(self, act: Callable[[], None]) -> None:
        """
        Do something once the reply is written: the events that a command causes come behind its end line.
        """
        self._after.append(act)

    def _answer(self, command: FakeCommand) -> None:
        self.tor.received.append(command.line)
        try:
            lines = self.tor.answer_to(self, command)
        except Refusal as refusal:
            lines = list(refusal.lines)
        except ProtocolViolation:
            lines = [ReplyLine(512, f"Bad arguments to {command.keyword}: Cannot parse keyword argument(s)")]
        if lines is not None:
            self.say(lines)
        after, self._after = self._after, []
        for act in after:
            act()

    def say(self, lines: Iterable[ReplyLine]) -> None:
        """
        Write some lines, the last as an end line.
        """
        assert self.transport is not None  # only connected protocols speak
        self.transport.write(format_reply(lines))

    def hang_up(self) -> None:
        """
        Close the connection, as tor does after a failed authentication.
        """
        assert self.transport is not None  # only connected protocols hang up
        self.transport.loseConnection()


class FakeTor:
    """
    A Tor without a network, for unit tests.

    :param cookie: what its cookie file holds; with ``cookie_file`` it offers COOKIE and SAFECOOKIE.
    :param cookie_file: the path that it names; the test writes the file.
    :param password: with one it offers HASHEDPASSWORD.
    :ivar configuration: its options.
    :ivar info: by GETINFO key, the answer, or a function that makes it. A ``bytes`` value is written as it is.
    :ivar relays: by fingerprint, the nickname of each relay that EXTENDCIRCUIT takes.
    :ivar client_keys: by onion address, the entry of ONION_CLIENT_AUTH_VIEW.
    :ivar detached_onions: the addresses of the onion services of no connection.
    :ivar received: every command, in order, as text without its data.
    :ivar connections: the controllers.
    """

    def __init__(
        self,
        version: str = "0.4.9.11",
        cookie: bytes | None = None,
        cookie_file: str | None = None,
        password: bytes | None = None,
    ) -> None:
        self.version = version
        self.cookie = cookie
        self.cookie_file = cookie_file
        self.password = password
        self.configuration = FakeConfiguration()
        self.info: dict[str, str | bytes | Callable[[], str | bytes]] = {}
        self.network = FakeNetwork(self)
        self.client_keys: dict[str, str] = {}
        self.detached_onions: list[str] = []
        self.received: list[str] = []
        self.connections: list[FakeConnection] = []
        self.listening = True
        self._answers: dict[str, Answer] = dict(ANSWERS)
        self._pump = Pump()

    # -- connecting ----------------------------------------------------------------------------------------------------

    def attach(self, protocol: IProtocol) -> FakeConnection:
        """
        Connect any protocol, as to a control port.
        """
        connection = FakeConnection(self)
        self.connections.append(connection)
        client = MemoryTransport(self._pump, protocol)  # type: ignore[arg-type]  # an IProtocol has all that is used
        self._pump(lambda: client.connect(MemoryTransport(self._pump, connection)))
        return connection

    def connect(self, clock: IReactorTime | None = None, authenticated: bool = True) -> TorControlProtocol:
        """
        A `TorControlProtocol` that is connected to this Tor.

        :param authenticated: whether the Tor takes it as authenticated already.
        """
        protocol = TorControlProtocol(clock)
        connection = self.attach(protocol)
        connection.authenticated = authenticated
        protocol.is_authenticated = authenticated
        return protocol

    def endpoint(self) -> IStreamClientEndpoint:
        """
        An endpoint for `txtor.connect`; it refuses connections while `listening` is false.
        """
        return _FakeEndpoint(self)

    def drop(self) -> None:
        """
        Lose every connection, as when the Tor is killed.
        """
        for connection in list(self.connections):
            connection.hang_up()

    # -- what the test decides -----------------------------------------------------------------------------------------

    def answer(self, keyword: str, answer: Answer) -> None:
        """
        Answer a command in the test's own way.
        """
        self._answers[keyword.upper()] = answer

    def refuse(self, keyword: str, status: int, text: str) -> None:
        """
        Refuse a command from now on, as a filter does with ``510 Command filtered``.
        """
        self.answer(keyword, lambda connection, command: [ReplyLine(status, text)])

    def mute(self, keyword: str) -> None:
        """
        Never answer a command from now on.
        """
        self.answer(keyword, lambda connection, command: None)

    def emit(self, text: str, *more: str, data: bytes | None = None) -> None:
        """
        Send an event to those who subscribed.

        :param text: keyword and arguments, as ``"BW 1 2"``.
        :param more: more lines, for an event of several (which then ends with ``650 OK``).
        :param data: a data block, for NS, NEWCONSENSUS and HS_DESC_CONTENT.
        """
        lines = [ReplyLine(EVENT_STATUS, text, data), *(ReplyLine(EVENT_STATUS, line) for line in more)]
        if data is not None or more or text == "CONF_CHANGED":
            lines.append(ReplyLine(EVENT_STATUS, "OK"))
        keyword = text.split(" ", 1)[0]
        for connection in list(self.connections):
            if keyword in connection.events:
                connection.say(lines)

    # -- what the connections ask --------------------------------------------------------------------------------------

    def answer_to(self, connection: FakeConnection, command: FakeCommand) -> list[ReplyLine] | None:
        """
        The answer to one command.

        :raises Refusal: it is refused.
        """
        before = command.keyword in ("PROTOCOLINFO", "AUTHCHALLENGE", "AUTHENTICATE", "QUIT")
        if not connection.authenticated and not before:
            connection.after_reply(connection.hang_up)
            raise Refusal.of(514, "Authentication required.")
        answer = self._answers.get(command.keyword)
        if answer is None:
            raise Refusal.of(510, f'Unrecognized command "{command.keyword}"')
        return answer(connection, command)


@implementer(IStreamClientEndpoint)
class _FakeEndpoint:
    """
    Where a `FakeTor` listens.
    """

    def __init__(self, tor: FakeTor) -> None:
        self._tor = tor

    def __repr__(self) -> str:
        return "<the endpoint of a FakeTor>"

    def connect(self, factory: IProtocolFactory) -> Deferred[IProtocol]:
        """
        Connect a protocol that the factory builds.
        """
        protocol = factory.buildProtocol(None)  # type: ignore[arg-type]  # there is no address in memory
        if not self._tor.listening or protocol is None:
            return fail(Refused())
        self._tor.attach(protocol)
        return succeed(protocol)
