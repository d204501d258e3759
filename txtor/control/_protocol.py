# -*- test-case-name: txtor.test.control.test_protocol -*-
"""
The connection to one Tor: bytes to lines, lines to replies and events, and the life of the whole.

``LineReceiver`` cuts the rest of its buffer anew for each line, so here each chunk is split once. A data block is taken in raw
mode, where only its end is looked for. A reply or an event of one line, when nothing is open, goes straight to who waits
for it; what has several parts goes through the assembly machine, one input for each part.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from twisted.internet.defer import Deferred, succeed
from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.logger import Logger
from twisted.protocols.basic import LineReceiver
from twisted.python.failure import Failure

from txtor.commands import Command, ProtocolInfo, ProtocolInfoReply, Quit
from txtor.errors import CommandTimeout, Disconnected, InvalidArgument, ProtocolViolation
from txtor.events import event_from_reply
from txtor.grammar import EVENT_STATUS, Reply, ReplyLine, decode, encode, parse_reply_line, unstuff

from . import _assembly, _lifecycle
from ._authenticate import Password, authenticate
from ._blocks import Block, LineBlock
from ._conversation import Conversation
from ._queries import Queries
from ._subscriptions import Listener, Subscriptions

T = TypeVar("T")

_log = Logger()

#: Events whose text an application may write: a host name with line ends in it forges lines.
_FORGEABLE = frozenset({"STREAM", "ADDRMAP"})


class TorControlProtocol(Queries, LineReceiver):
    """
    A connection to the control port of one Tor.

    Commands are written at once and answered in order; see `send`. Nothing is sent of itself: begin with `authenticate`.

    :cvar MAX_LENGTH: how many bytes one line may have. Tor sets no bound: one line of NEWDESC names every changed relay.
    :cvar MAX_BLOCK: how many bytes one data block may have, and a whole reply or event. What is over a bound
        breaks the connection off with `ProtocolViolation`.
    :ivar is_authenticated: whether `authenticate` has succeeded.

    See control-spec 2.
    """

    delimiter = b"\r\n"
    MAX_LENGTH = 16 * 1024 * 1024
    MAX_BLOCK = 256 * 1024 * 1024
    CLOSE_SECONDS = 5.0

    def __init__(self, clock: IReactorTime | None = None) -> None:
        self._clock = clock
        self._conversation = Conversation(self._write)
        self._subscriptions = Subscriptions(self.send)
        self._assembly_core = _assembly.Core(self.MAX_BLOCK)
        self._assembly = _assembly.new_assembly(self._assembly_core)
        self._life_core = _lifecycle.Core()
        self._life = _lifecycle.new_lifecycle(self._life_core)
        self._pieces: list[bytes] = []
        self._gathered = 0
        self._block: Block | LineBlock | None = None
        self._block_head: ReplyLine | None = None
        self._chunks: deque[bytes] = deque()
        self._receiving = False
        self._is_open = False
        self._ended: Disconnected | None = None
        self._waiting_for_end: list[Deferred[Disconnected]] = []
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
        waiter = self._conversation.send(command)
        return waiter if timeout is None else self._limited(waiter, command.keyword, timeout)

    def _limited(self, waiter: Deferred[T], keyword: str, timeout: float) -> Deferred[T]:
        if self._clock is None:
            waiter.addErrback(lambda failure: None)
            waiter.cancel()
            raise InvalidArgument("A timeout needs a clock: make the protocol with TorProtocolFactory(reactor=...).")

        def give_up(value: object, seconds: float) -> T:
            raise CommandTimeout(keyword, seconds)

        return waiter.addTimeout(timeout, self._clock, onTimeoutCancel=give_up)

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

    def when_disconnected(self) -> Deferred[Disconnected]:
        """
        A Deferred of the caller's own that fires when the connection has ended, or at once if it has.

        :return: why, as a value: the end of a connection is no failure of this call.
        """
        waiter: Deferred[Disconnected] = Deferred(self._waiting_for_end.remove)
        if self._ended is not None:
            waiter.callback(self._ended)
        else:
            self._waiting_for_end.append(waiter)
        return waiter

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
        self._block = None
        self._pieces.clear()
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
                self._ended = effect.reason
                while self._waiting_for_end:  # a callback may cancel another's Deferred, which leaves the list
                    self._waiting_for_end.pop(0).callback(effect.reason)

    def _violated(self, error: ProtocolViolation) -> None:
        self._is_open = False  # nothing more is read or written
        self._block = None
        self._pieces.clear()
        self._chunks.clear()
        self._life.violated(error)
        self._act()

    # -- from bytes to lines -------------------------------------------------------------------------------------------

    def dataReceived(self, data: bytes) -> None:
        """
        Bytes came. What the program sends while they are handled goes out in one write afterwards.
        """
        self._chunks.append(data)
        if self._receiving:  # a listener made the transport deliver more: it waits for its turn
            return
        self._receiving = True
        self._conversation.hold()
        try:
            while self._chunks:
                chunk: bytes | None = self._chunks.popleft()
                while chunk and self._is_open:
                    chunk = self._feed_lines(chunk) if self._block is None else self._feed_block(chunk)
        except ProtocolViolation as error:
            self._violated(error)
        finally:
            self._receiving = False
            self._conversation.release()

    def _feed_block(self, chunk: bytes) -> bytes | None:
        assert self._block is not None and self._block_head is not None  # raw mode has both
        block, head = self._block, self._block_head
        rest = block.feed(chunk)
        if rest is not None:
            self._block = None
            self.line_mode = 1
            self._block_ended(head, block)
        return rest

    def _block_ended(self, head: ReplyLine, block: Block | LineBlock) -> None:
        if isinstance(block, LineBlock) and block.failure is not None and self._conversation.front is not None:
            self._conversation.front.failure = block.failure
        self._continue(ReplyLine(head.status, head.text, block.content()))

    def _feed_lines(self, chunk: bytes) -> bytes | None:
        """
        Take a chunk outside data blocks; what belongs to a block that begins in it is returned.
        """
        pieces = self._pieces
        if pieces:
            split_end = chunk[:1] == b"\n" and pieces[-1][-1:] == b"\r"
            if b"\r\n" not in chunk and not split_end:
                self._gather(chunk)
                return None
            pieces.append(chunk)
            chunk = b"".join(pieces)
            pieces.clear()
            self._gathered = 0
        end = chunk.rfind(b"\r\n")
        if end < 0:
            self._gather(chunk)
            return None
        lines = iter(decode(chunk[:end]).split("\r\n"))
        rest = chunk[end + 2 :]
        block = self._take_lines(lines)
        if block is not None:
            return block + rest
        if rest and self._is_open:
            self._gather(rest)
        return None

    def _gather(self, piece: bytes) -> None:
        """
        Keep a piece of an incomplete line.
        """
        pieces = self._pieces
        pieces.append(piece)
        self._gathered += len(piece)
        if self._gathered > self.MAX_LENGTH:
            start = decode(b"".join(pieces)[:60])
            raise ProtocolViolation(f"A line is longer than the limit of {self.MAX_LENGTH} bytes; it begins {start!r}.")
        if len(pieces) == 1 and not self._skips_garbage and not _may_begin_line(piece):
            raise ProtocolViolation(f"This is not the control port of a Tor: it says {decode(piece[:80])!r}.")

    @property
    def _skips_garbage(self) -> bool:
        """
        Whether a line that is no line of the protocol may be an application's doing rather than the peer's.
        """
        return not _FORGEABLE.isdisjoint(self._subscriptions.agreed)

    def _take_lines(self, lines: Any) -> bytes | None:
        """
        Take whole lines; returns the beginning of a data block that has no end among them.
        """
        deliver = self._subscriptions.deliver
        event_lines = self._assembly_core.event
        for line in lines:
            if line[:4] == "650 " and not event_lines:
                words = line.split(" ", 2)
                handler = deliver.get(words[1])
                if handler is not None:
                    handler(words[2] if len(words) == 3 else "")
                continue
            if not self._is_open:
                return None
            try:
                status, separator, text = parse_reply_line(line)
            except ProtocolViolation:
                if not self._skips_garbage:
                    raise
                _log.warn("Skipped a line that is no line of the control protocol: {line!r}", line=line[:200])
                continue
            if separator == "+":
                beginning = self._begin_block(ReplyLine(status, text), lines)
                if beginning is not None:
                    return beginning
            elif separator == "-":
                self._continue(ReplyLine(status, text))
            else:
                self._end(ReplyLine(status, text))
            event_lines = self._assembly_core.event
        return None

    def _begin_block(self, head: ReplyLine, lines: Any) -> bytes | None:
        """
        Take the data block that follows, from these lines if its end is among them, else in raw mode.
        """
        front = self._conversation.front
        line_received = None if front is None or head.status == EVENT_STATUS else front.line_received
        taken = []
        for line in lines:
            if line == ".":
                break
            taken.append(line)
        else:
            self.line_mode = 0
            self._block_head = head
            self._block = Block(self.MAX_BLOCK) if line_received is None else LineBlock(line_received, self.MAX_LENGTH)
            return b"".join(encode(line) + b"\r\n" for line in taken)
        content = encode("\r\n".join(taken))
        if line_received is None:
            self._continue(ReplyLine(head.status, head.text, unstuff(content)))
        else:
            block = LineBlock(line_received, self.MAX_LENGTH)
            block.feed(content + b"\r\n.\r\n" if taken else b".\r\n")
            self._block_ended(head, block)
        return None

    # -- from lines to replies and events ------------------------------------------------------------------------------

    def _continue(self, line: ReplyLine) -> None:
        if line.status == EVENT_STATUS:
            self._assembly.event_continued(line)
        else:
            self._assembly.reply_continued(line)
        if self._assembly_core.effects:
            self._deliver_assembled()

    def _end(self, line: ReplyLine) -> None:
        if line.status == EVENT_STATUS:
            self._assembly.event_ended(line)
        elif self._assembly_core.reply:
            self._assembly.reply_ended(line)
        else:
            self._reply_received(Reply((line,)))
            return
        self._deliver_assembled()

    def _deliver_assembled(self) -> None:
        for effect in self._assembly_core.drain():
            if isinstance(effect, _assembly.ReplyAssembled):
                self._reply_received(effect.reply)
            elif isinstance(effect, _assembly.EventAssembled):
                self._subscriptions.deliver_event(event_from_reply(effect.event))
            else:
                raise ProtocolViolation(
                    f"What begins with {effect.first_line.text[:60]!r} is longer than the limit of {self.MAX_BLOCK} bytes."
                )

    def _reply_received(self, reply: Reply) -> None:
        if self._conversation.receive(reply):
            return
        if not self._skips_garbage:
            raise ProtocolViolation(f"A reply came that nobody asked for: {reply.status} {reply.text[:80]!r}")
        _log.warn("Skipped a reply that nobody asked for: {status} {text!r}", status=reply.status, text=reply.text[:200])


def _may_begin_line(piece: bytes) -> bool:
    """
    Whether some bytes can be the beginning of a line: three digits, then a separator.
    """
    return piece[:3].isdigit() and piece[3:4] in (b"", b" ", b"-", b"+", b"\r")

