# -*- test-case-name: txtor.test.control.test_protocol -*-
"""
From bytes to replies and events.

``LineReceiver`` cuts the rest of its buffer anew for each line, so here each chunk is split once. A data block is taken in raw
mode, where only its end is looked for. A reply or an event of one line, when nothing is open, goes straight to who waits
for it; what has several parts goes through the assembly machine, one input for each part. See control-spec 2.3.
"""

from __future__ import annotations

from abc import abstractmethod
from collections import deque
from collections.abc import Iterator
from operator import length_hint

from twisted.logger import Logger
from twisted.protocols.basic import LineReceiver

from txtor.errors import ProtocolViolation
from txtor.events import event_from_reply
from txtor.grammar import EVENT_STATUS, Reply, ReplyLine, decode, encode, parse_reply_line, unstuff

from . import _assembly
from ._blocks import Block, LineBlock
from ._conversation import Conversation
from ._subscriptions import Subscriptions, report_failure, watch_listener

_log = Logger()

_OK = ReplyLine(250, "OK")

#: Events whose text an application may write: a host name with line ends in it forges lines.
_FORGEABLE = frozenset({"STREAM", "ADDRMAP"})


class Receiver(LineReceiver):
    """
    The receiving side of a connection: what comes is given to the conversation and to the subscriptions.

    :cvar MAX_LENGTH: how many bytes one line may have. Tor sets no bound: one line of NEWDESC names every changed relay.
    :cvar MAX_BLOCK: how many bytes one data block may have, and a whole reply or event. What is over a bound
        breaks the connection off with `ProtocolViolation`.
    """

    delimiter = b"\r\n"
    MAX_LENGTH = 16 * 1024 * 1024
    MAX_BLOCK = 256 * 1024 * 1024

    def __init__(self, conversation: Conversation, subscriptions: Subscriptions) -> None:
        self._conversation = conversation
        self._subscriptions = subscriptions
        self._assembly_core = _assembly.Core(self.MAX_BLOCK)
        self._assembly = _assembly.new_assembly(self._assembly_core)
        self._pieces: list[bytes] = []
        self._gathered = 0
        self._block: Block | LineBlock | None = None
        self._block_head: ReplyLine | None = None
        self._chunks: deque[bytes] = deque()
        self._receiving = False
        self._is_open = False

    @abstractmethod
    def _violated(self, error: ProtocolViolation) -> None:
        """
        The peer broke the grammar.
        """

    def _forget_received(self) -> None:
        """
        Drop what is incomplete: nothing more will come.
        """
        self._block = None
        self._pieces.clear()
        self._chunks.clear()

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
        is_long_block = chunk[3:4] == b"+" and chunk.find(b"\r\n.\r\n") < 0
        if is_long_block:  # its lines are not wanted one by one
            end = chunk.index(b"\r\n")
        lines = decode(chunk[:end]).split("\r\n")
        behind = self._take_lines(lines)
        if behind is not None:
            taken = len(lines) - behind
            return chunk.split(b"\r\n", taken)[taken]
        rest = chunk[end + 2 :]
        if is_long_block:  # or a line that was skipped: then the rest are lines after all
            return rest
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

    def _take_lines(self, lines: list[str]) -> int | None:
        """
        Take whole lines.

        :return: how many of them, the last ones, belong to a data block that has no end among them; else ``None``.
        """
        deliver = self._subscriptions.deliver
        event_lines = self._assembly_core.event
        coming = iter(lines)
        for line in coming:
            if line[:4] == "650 " and not event_lines:
                try:
                    _, keyword, text = line.split(" ", 2)
                except ValueError:  # an event that is a keyword alone
                    keyword, text = line[4:], ""
                listener = deliver.get(keyword)
                if listener is not None:
                    try:
                        result = listener(text)
                    except Exception:  # the listener's failure harms nobody else
                        report_failure(listener, keyword)
                    else:
                        if result is not None:
                            watch_listener(result, listener, keyword)
                continue
            if not self._is_open:
                return None
            if line[:4] == "250-" and self._assembly_core.at_rest:
                place = len(lines) - length_hint(coming)
                if place < len(lines) and lines[place] == "250 OK":  # the usual answer: there is nothing to remember
                    next(coming)
                    self._reply_received(Reply((ReplyLine(250, line[4:]), _OK)))
                    continue
            behind = self._take_line(line, coming)
            if behind is not None:
                return behind
            event_lines = self._assembly_core.event
        return None

    def _take_line(self, line: str, following: Iterator[str]) -> int | None:
        """
        Take a line that is no event of one line, and the data block that it may be the head of.

        :return: how many lines follow that belong to a data block, if they are not all of it; else ``None``.
        """
        try:
            status, separator, text = parse_reply_line(line)
        except ProtocolViolation:
            if not self._skips_garbage:
                raise
            _log.warn("Skipped a line that is no line of the control protocol: {line!r}", line=line[:200])
            return None
        if separator == "+":
            return self._begin_block(ReplyLine(status, text), following)
        if separator == "-":
            self._continue(ReplyLine(status, text))
        else:
            self._end(ReplyLine(status, text))
        return None

    def _begin_block(self, head: ReplyLine, lines: Iterator[str]) -> int | None:
        """
        Take the data block that follows, from these lines if its end is among them.

        :return: how many lines follow where it is not; then the block begins, and they are to be taken in raw mode.
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
            return len(taken)
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

