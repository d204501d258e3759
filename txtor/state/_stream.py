# -*- test-case-name: txtor.test.state.test_torstate -*-
"""
One stream, from its first event to its last.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from twisted.internet.defer import Deferred, fail, succeed

from txtor._deferred import deferred
from txtor._waiting import Waiting
from txtor.commands import AttachStream, CloseStream, RedirectStream, StreamCloseReason
from txtor.errors import InvalidArgument, TorError, UnrecognizedEntity
from txtor.events import StreamEvent

from ._changes import StreamChanged
from ._iteration import LIMIT, Changes
from ._stream_said import StreamSaid

if TYPE_CHECKING:
    from ._circuit import Circuit
    from ._torstate import TorState


class StreamFailed(TorError):
    """
    A stream ended before it was connected.

    :ivar stream: which.
    :ivar reason: Tor's word, as ``"CONNECTREFUSED"``, or ``None``.
    :ivar remote_reason: the exit's word, or ``None``.
    """

    def __init__(self, stream: Stream) -> None:
        self.stream = stream
        self.reason = stream.reason
        self.remote_reason = stream.remote_reason
        why = "/".join(word for word in (self.reason, self.remote_reason) if word)
        super().__init__(f"Stream {stream.id} to {stream.target} has ended{why and f': {why}'}.")


class Stream(StreamSaid):
    """
    A stream of Tor's: one connection of an application. It stays the same object for the stream's life.

    :ivar id: as Tor writes it.
    :ivar status: NEW, NEWRESOLVE, SENTCONNECT, SUCCEEDED, DETACHED, CONTROLLER_WAIT, FAILED, CLOSED, or a word of a newer Tor.
    :ivar circuit_id: the circuit that it is on, ``"0"`` for none.
    :ivar text: what Tor said last of it, unread; ``first_text`` is what it said when the stream was new.
    :ivar last_reason: the last reason that Tor gave for anything: after a detachment, the exit's; ``None`` if it gave none.
    :ivar bytes_read: bytes that came from the network, as far as STREAM_BW told. ``bytes_written``: those that went there.
    :ivar is_awaited: whether anybody waits for anything. The mirror asks this at every event, so it is kept and not made.

    See control-spec 4.1.2, STREAM.
    """

    __slots__ = (
        "__weakref__",
        "_attached",
        "_closed",
        "_state",
        "bytes_read",
        "bytes_written",
        "circuit_id",
        "id",
        "is_awaited",
        "last_reason",
    )

    def __init__(self, state: TorState, stream_id: str) -> None:
        self._state = state
        self.id = stream_id
        self.status = ""
        self.circuit_id = "0"
        self.text = self.first_text = stream_id
        self._event: StreamEvent | None = None
        self._first_event: StreamEvent | None = None
        self.last_reason: str | None = None
        self.bytes_read = 0
        self.bytes_written = 0
        self._attached: Waiting[Stream] | None = None
        self._closed: Waiting[Stream] | None = None
        self.is_awaited = False

    def __repr__(self) -> str:
        return f"<Stream {self.id} {self.status} {self.target} on {self.circuit_id}>"

    @property
    def circuit(self) -> Circuit | None:
        """
        The circuit that it is on.
        """
        return self._state.model.circuits.get(self.circuit_id)

    # -- waiting -------------------------------------------------------------------------------------------------------

    def when_attached(self) -> Deferred[Stream]:
        """
        A Deferred of the caller's own that fires when the stream is on a circuit, or at once if it is.

        :raises StreamFailed: it ended before that.
        :raises Disconnected: the connection to Tor went away meanwhile or before, or the state was closed.
        """
        if self._attached is None:
            if self.circuit_id != "0" and not self.is_over:
                return succeed(self)
            if self._state.gone is not None and not self.is_over:
                return fail(self._state.gone)
            self._attached = Waiting()
            self.is_awaited = True
            if self.is_over:
                self._attached.failed(StreamFailed(self))
        return self._attached.wait()

    def when_closed(self) -> Deferred[Stream]:
        """
        A Deferred of the caller's own that fires when the stream has ended, or at once if it has.

        :raises Disconnected: the connection to Tor went away meanwhile or before, or the state was closed.
        """
        if self._closed is None:
            if self.is_over:
                return succeed(self)
            if self._state.gone is not None:
                return fail(self._state.gone)
            self._closed = Waiting()
            self.is_awaited = True
        return self._closed.wait()

    def tell(self) -> None:
        """
        Fire what the present status makes fire. The mirror calls this.
        """
        if self._attached is not None:
            if self.is_over:
                self._attached.failed(StreamFailed(self))
            elif self.circuit_id != "0":
                self._attached.happened(self)
                self._attached = None  # it may be detached and attached again
        if self._closed is not None and self.is_over:
            self._closed.happened(self)
        self.is_awaited = self._attached is not None or self._closed is not None

    def forsake(self, error: Exception) -> None:
        """
        Fail whoever waits, since nothing is heard of this stream for now. The mirror calls this.
        """
        waits, self._attached, self._closed = (self._attached, self._closed), None, None
        self.is_awaited = False
        for waiting in waits:
            if waiting is not None:
                waiting.failed(error)

    # -- listening -----------------------------------------------------------------------------------------------------

    def listen(self, listener: Any) -> None:
        """
        Tell an `IStreamListener` what happens to this stream alone, until it is closed. Adding it twice is adding it once.

        :raises InvalidArgument: it provides no such Interface.
        """
        self._state.watching.streams.change(self, lambda listeners: listeners.add(listener))

    def unlisten(self, listener: Any) -> None:
        """
        Tell it no more. One that was never told is no error.
        """
        self._state.watching.streams.change(self, lambda listeners: listeners.remove(listener))

    def changes(self, limit: int = LIMIT) -> Changes[StreamChanged]:
        """
        What happens to this stream from now on, for ``async for``. It ends when the stream is closed, or the state.

        :param limit: how many changes are kept while nobody asks for them.
        :return: gives one value for each thing that Tor says of it. It fails with `Disconnected` when the connection to Tor goes
            away, and with `TooManyChanges` when there were more than the limit.
        :raises InvalidArgument: the limit is no number from 1 on.
        """
        return self._state.watching.stream_changes(self, limit)

    # -- acting --------------------------------------------------------------------------------------------------------

    @deferred
    async def attach(self, circuit: Circuit | str | None, hop: int | None = None) -> None:
        """
        Put the stream on a circuit.

        :param circuit: a circuit or its id; ``None`` lets Tor choose.
        :param hop: the hop of the circuit that it leaves at, the first being 1, instead of the last.
        :raises UnmanagedEntity: the stream does not wait for us.
        """
        target = "0" if circuit is None else circuit if isinstance(circuit, str) else circuit.id
        await self._state.protocol.send(AttachStream(self.id, target, hop))

    @deferred
    async def redirect(self, address: str, port: int | None = None) -> None:
        """
        Send the stream elsewhere. This works before it is attached.
        """
        await self._state.protocol.send(RedirectStream(self.id, address, port))

    @deferred
    async def close(self, reason: str | int = "MISC") -> Stream:
        """
        Close the stream.

        :param reason: what the application is told: a word of `StreamCloseReason`, or a number.
        :return: fires with the stream when it has closed, also if it had before.
        :raises InvalidArgument: there is no such reason.
        """
        number = reason if isinstance(reason, int) else _reason_number(reason)
        if not self.is_over:
            try:
                await self._state.protocol.send(CloseStream(self.id, number))
            except UnrecognizedEntity:
                pass  # it is gone already, and its event is on the way or came
        return await self.when_closed()


def _reason_number(word: str) -> int:
    try:
        return StreamCloseReason[word.upper()]
    except KeyError:
        raise InvalidArgument(f"No reason to close a stream: {word!r}") from None
