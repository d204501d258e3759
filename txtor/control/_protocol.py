# -*- test-case-name: txtor.test.control.test_protocol -*-
"""
The connection to one Tor: what a program can ask of it, and the life of the whole.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeVar

from twisted.internet.defer import Deferred, succeed
from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.python.failure import Failure

from txtor._waiting import Waiting
from txtor.commands import Command, ProtocolInfo, ProtocolInfoReply, Quit
from txtor.errors import CommandTimeout, Disconnected, InvalidArgument, ProtocolViolation

from . import _lifecycle
from ._authenticate import Password, authenticate
from ._conversation import Conversation
from ._queries import Queries
from ._receiver import Receiver
from ._subscriptions import Listener, Subscriptions

T = TypeVar("T")


class TorControlProtocol(Queries, Receiver):
    """
    A connection to the control port of one Tor.

    Commands are written at once and answered in order; see `send`. Nothing is sent of itself: begin with `authenticate`.

    :ivar is_authenticated: whether `authenticate` has succeeded.

    See control-spec 2.
    """

    #: After how many seconds a connection is cut whose peer does not let it close.
    CLOSE_SECONDS = 5.0

    def __init__(self, clock: IReactorTime | None = None) -> None:
        super().__init__(Conversation(self._write), Subscriptions(self.send))
        self._clock = clock
        self._life_core = _lifecycle.Core()
        self._life = _lifecycle.new_lifecycle(self._life_core)
        self._disconnection: Waiting[Disconnected] = Waiting()
        self._waiting_for_offer: list[Deferred[ProtocolInfoReply]] = []
        self._abort: IDelayedCall | None = None
        self._offer: ProtocolInfoReply | None = None
        self.is_authenticated = False

    # -- what the program asks -----------------------------------------------------------------------------------------

    def send(self, command: Command[T], timeout: float | None = None) -> Deferred[T]:
        """
        Send a command.

        It is written at once, and pipelined behind those that wait. Cancelling the Deferred takes the command back if it was not
        written yet; else Tor still carries it out, and its answer is dropped.

        :param timeout: seconds after which to give up. It needs the clock that a protocol made by `TorProtocolFactory` or
            `connect` has. Without it there is no limit of time.
        :return: what the command makes of its reply.
        :raises TorRefused: Tor said no; the subclass is the status.
        :raises Disconnected: the connection is gone, or goes before the answer.
        :raises ProtocolViolation: the peer broke the grammar, and the connection is dropped; or only this reply made no sense.
        :raises CommandTimeout: the time was over.
        """
        if timeout is None:
            return self._conversation.send(command)
        if self._clock is None:
            raise InvalidArgument("A timeout needs a clock: make the protocol with TorProtocolFactory(reactor=...).")

        def give_up(value: object, seconds: float) -> T:
            raise CommandTimeout(command.keyword, seconds)

        return self._conversation.send(command).addTimeout(timeout, self._clock, onTimeoutCancel=give_up)

    def _send_lines(self, command: Command[T], line_received: Callable[[bytes], object]) -> Deferred[T]:
        return self._conversation.send(command, line_received)

    def authenticate(
        self,
        password: Password = None,
        allow_plain_cookie: bool = False,
        without: frozenset[str] = frozenset(),
        cookie_file: bytes | None = None,
    ) -> Deferred[str]:
        """
        Prove to Tor that we may control it, by the first way that works: SAFECOOKIE, HASHEDPASSWORD, COOKIE, NULL.

        :param password: text, bytes, or a function that returns one of them, now or as a Deferred or coroutine. It is called only
            when Tor takes passwords and no cookie could be read.
        :param allow_plain_cookie: whether the cookie itself may be sent, which tells it to whatever listens there.
        :param without: methods not to try.
        :param cookie_file: the cookie file as seen from here, where Tor names another path than ours (it runs in a container).
        :return: the method that Tor took.
        :raises AuthenticationError: the subclass is the cause. Tor hangs up after a refusal; the error's ``untried``
            names the methods that a new connection could still try.
        :raises Disconnected: the connection went away meanwhile.

        See control-spec 3.5, 3.24 and 5.1.
        """
        return authenticate(self, password, allow_plain_cookie, without, cookie_file).addCallback(self._authenticated)

    def _authenticated(self, method: str) -> str:
        self.is_authenticated = True
        return method

    def protocolinfo(self) -> Deferred[ProtocolInfoReply]:
        """
        What Tor says of itself before authentication. It is asked once on each connection, since Tor hangs up on who asks twice.

        See control-spec 3.21.
        """
        if self._offer is not None:
            return succeed(self._offer)
        waiter: Deferred[ProtocolInfoReply] = Deferred()
        self._waiting_for_offer.append(waiter)
        if len(self._waiting_for_offer) == 1:
            self.send(ProtocolInfo()).addBoth(self._offer_came)
        return waiter

    def _offer_came(self, result: ProtocolInfoReply | Failure) -> None:
        waiting, self._waiting_for_offer = self._waiting_for_offer, []
        if not isinstance(result, Failure):
            self._offer = result
        for waiter in waiting:
            if waiter.called:  # cancelled by its owner
                continue
            if isinstance(result, Failure):
                waiter.errback(result)
            else:
                waiter.callback(result)

    @property
    def version(self) -> str | None:
        """
        The version of Tor as PROTOCOLINFO told it, or ``None`` before that was asked.
        """
        return None if self._offer is None else self._offer.tor_version

    def add_event_listener(self, event: str, listener: Listener) -> Deferred[None]:
        """
        Call a function with each event of a kind.

        A listener gets an event object (`txtor.events`), whose ``str()`` is its text. It may return a Deferred or coroutine.
        One that fails is logged and harms no other.

        :param event: the keyword, in any case, as ``"CIRC"``.
        :raises UnrecognizedEntity: Tor has no such event; every other subscription stays.
        :raises InvalidArgument: the keyword is no word.

        See control-spec 3.4 and 4.1.
        """
        return self._subscriptions.add({event: listener}, {})

    def add_event_listeners(
        self, listeners: Mapping[str, Listener], text_listeners: Mapping[str, Listener] | None = None
    ) -> Deferred[None]:
        """
        Add a listener to each of several events, in one command: all of them or none.

        :param listeners: by event keyword.
        :param text_listeners: likewise, for who takes in hundreds of thousands: they get what stands behind the keyword, as text,
            and no event object is made. An event of several lines gives the text of its first.
        """
        return self._subscriptions.add(listeners, text_listeners or {})

    def remove_event_listener(self, event: str, listener: Listener) -> Deferred[None]:
        """
        Call a function no more. Tor is told when it was the last for its event. What was never added is no error.
        """
        return self._subscriptions.remove({event: listener})

    def remove_event_listeners(self, listeners: Mapping[str, Listener]) -> Deferred[None]:
        """
        Call some functions no more, each for its event, with one command at most.
        """
        return self._subscriptions.remove(listeners)

    @property
    def is_open(self) -> bool:
        """
        Whether there is a connection. It is closed before anybody is told so, those too whose commands were under way.
        """
        return self._is_open

    def when_disconnected(self) -> Deferred[Disconnected]:
        """
        A Deferred of the caller's own that fires when the connection has ended, or at once if it has.

        :return: why, as a value: the end of a connection is no failure of this call.
        """
        return self._disconnection.wait()

    def quit(self) -> Deferred[None]:
        """
        Say QUIT and end the connection. Tor itself goes on, unless this connection owns it (TAKEOWNERSHIP).

        :return: fires when the connection has ended, also if it had before.
        """
        if self._is_open:
            self.send(Quit()).addErrback(lambda failure: None)  # whatever the answer, the connection is closed
            self.close()
        elif self.transport is None:
            return succeed(None)
        return self.when_disconnected().addCallback(lambda reason: None)

    def close(self) -> None:
        """
        Close the connection once what was written has gone out; after `CLOSE_SECONDS` it is cut, where there is a clock.
        """
        self._life.close_asked()
        self._act()

    # -- what the transport does ---------------------------------------------------------------------------------------

    def connectionMade(self) -> None:
        """
        The transport is there.
        """
        self._is_open = True
        self._life.connected()
        self._act()

    def connectionLost(self, reason: Failure | None = None) -> None:
        """
        The transport is gone: everybody who waits is told.
        """
        self._is_open = False
        self._forget_received()
        if self._abort is not None and self._abort.active():
            self._abort.cancel()
        self._life.connection_lost("no reason given" if reason is None else reason.getErrorMessage())
        self._act()

    def _write(self, data: bytes) -> None:
        if self._is_open and self.transport is not None:
            self.transport.write(data)

    def cut(self) -> None:
        """
        Close the connection at once, whatever was not written yet.
        """
        transport = self.transport
        if transport is not None:
            # Not every transport can do better than to close politely.
            getattr(transport, "abortConnection", transport.loseConnection)()

    def _act(self) -> None:
        for effect in self._life_core.drain():
            if isinstance(effect, _lifecycle.FailCommands):
                self._conversation.fail(effect.error)
            elif isinstance(effect, _lifecycle.Close):
                if self.transport is not None:
                    self.transport.loseConnection()
                if self._clock is not None and self._is_open:  # a Tor that is stopped would never read the rest
                    self._abort = self._clock.callLater(self.CLOSE_SECONDS, self.cut)
            elif isinstance(effect, _lifecycle.Abort):
                self.cut()
            else:
                self._disconnection.happened(effect.reason)

    def _violated(self, error: ProtocolViolation) -> None:
        self._is_open = False  # nothing more is read or written
        self._forget_received()
        self._life.violated(error)
        self._act()
