# -*- test-case-name: txtor.test.control.test_protocol -*-
"""
Commands and their answers: a queue of slots, answered in order.

A slot belongs to a command that was sent, until its reply is complete, whether or not anybody still waits for it: that keeps each
answer with its question. A command that is cancelled before it was sent is never sent.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Any, TypeVar

from twisted.internet.defer import Deferred, fail

from txtor.commands import Command
from txtor.errors import Disconnected, InvalidArgument, ProtocolViolation, TorError
from txtor.grammar import Reply

T = TypeVar("T")

#: How many commands may be on their way at once. More would keep memory and gain nothing, even over a slow link.
WINDOW = 512


class Slot:
    """
    One command's place in the queue.

    :ivar waiter: who wants the answer; ``None`` when nobody does any more.
    :ivar line_received: who wants the lines of its data block as they come.
    """

    __slots__ = ("command", "failure", "line_received", "waiter")

    def __init__(self, command: Command[Any], line_received: Callable[[bytes], object] | None) -> None:
        self.command = command
        self.line_received = line_received
        self.failure: Exception | None = None
        self.waiter: Deferred[Any] | None = Deferred(self._cancelled)

    def _cancelled(self, waiter: Deferred[Any]) -> None:
        self.waiter = None

    def answer(self, reply: Reply) -> None:
        """
        Hand the reply to who waits.
        """
        waiter, self.waiter = self.waiter, None
        if waiter is None:
            return
        if self.failure is not None:
            waiter.errback(self.failure)
            return
        try:
            result = self.command.parse_reply(reply)
        except TorError as error:
            waiter.errback(error)
        except Exception as error:  # a bug of ours in reading this reply: who waits must be told all the same
            violation = ProtocolViolation(f"The reply to {self.command.keyword} could not be understood.")
            violation.__cause__ = error
            waiter.errback(violation)
        else:
            waiter.callback(result)

    def fail(self, error: TorError) -> None:
        """
        Tell who waits that there will be no answer.
        """
        waiter, self.waiter = self.waiter, None
        if waiter is None:
            return
        keyword = self.command.keyword
        if isinstance(error, Disconnected):
            waiter.errback(Disconnected(error.reason, keyword))
        else:
            waiter.errback(ProtocolViolation(f"{error} (while {keyword} was waiting)"))


class Conversation:
    """
    The queue of one connection.

    :param write: writes bytes to the peer.
    """

    def __init__(self, write: Callable[[bytes], object]) -> None:
        self._write = write
        self._sent: deque[Slot] = deque()
        self._unsent: deque[tuple[Slot, bytes]] = deque()
        self._error: TorError | None = None
        self._held = False

    def send(
        self, command: Command[T], line_received: Callable[[bytes], object] | None = None
    ) -> Deferred[T]:
        """
        Queue a command; it is written at once unless many are on their way.

        :param line_received: is given the lines of a data block in the reply, which are then not kept.
        :return: what the command makes of its reply.
        """
        if self._error is not None:
            return fail(self._later_error(command.keyword))
        try:
            wire = command.to_wire()
        except InvalidArgument as error:
            return fail(error)
        slot = Slot(command, line_received)
        waiter = slot.waiter
        assert waiter is not None  # new slots have one
        if self._held or self._unsent or len(self._sent) >= WINDOW:
            self._unsent.append((slot, wire))
        else:
            self._sent.append(slot)
            self._write(wire)
        return waiter

    def _later_error(self, keyword: str) -> TorError:
        if isinstance(self._error, Disconnected):
            return Disconnected(self._error.reason, keyword)
        return Disconnected(f"The connection was dropped: {self._error}", keyword)

    def hold(self) -> None:
        """
        Keep what is sent from now on until `release`, to write it in one piece.
        """
        self._held = True

    def release(self) -> None:
        """
        Write what has gathered, as far as the window allows.
        """
        self._held = False
        if not self._unsent:
            return
        wires = []
        while self._unsent and len(self._sent) < WINDOW:
            slot, wire = self._unsent.popleft()
            if slot.waiter is not None:  # else cancelled before it was sent
                self._sent.append(slot)
                wires.append(wire)
        if wires:
            self._write(b"".join(wires))

    @property
    def front(self) -> Slot | None:
        """
        The slot that the reply which comes now belongs to.
        """
        return self._sent[0] if self._sent else None

    def receive(self, reply: Reply) -> bool:
        """
        Give a reply to the oldest command that was sent.

        :return: whether there was one.
        """
        if not self._sent:
            return False
        self._sent.popleft().answer(reply)
        return True

    def fail(self, error: TorError) -> None:
        """
        Fail everything that waits, and whatever comes later.
        """
        self._error = error
        slots = [*self._sent, *(slot for slot, _ in self._unsent)]
        self._sent.clear()
        self._unsent.clear()
        for slot in slots:
            slot.fail(error)
