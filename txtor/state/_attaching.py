# -*- test-case-name: txtor.test.state.test_attaching -*-
"""
Deciding which circuit a stream goes on.

Tor leaves new streams to the controller while ``__LeaveStreamsUnattached`` is set, and a stream that nobody attaches hangs until
SocksTimeout. So every stream that waits for us is answered: by the first attacher that decides, by Tor's own choice when none
does or one fails, and the option is put back as it was when there is no attacher left. See control-spec 3.13.
"""

from __future__ import annotations

from collections.abc import Coroutine
from typing import TYPE_CHECKING, Any

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IDelayedCall
from twisted.logger import Logger
from twisted.python.failure import Failure
from zope.interface import Interface, implementer

from txtor._deferred import OneAtATime, deferred
from txtor.commands import AttachStream, CloseStream, SetConf, StreamCloseReason
from txtor.errors import Disconnected, InvalidArgument, TorError, TorRefused

from ._circuit import Circuit

if TYPE_CHECKING:
    from ._stream import Stream
    from ._torstate import TorState
    from ._via_circuit import Claim

_log = Logger()

_OPTION = "__LeaveStreamsUnattached"

#: How long an attacher may think. Tor itself gives up after SocksTimeout, two minutes.
DECISION_SECONDS = 60.0

#: How long Tor leaves its streams to us after the last claim.
LINGER_SECONDS = 5.0


class _DoNotAttach:
    """
    The answer of an attacher who will see to the stream itself.
    """

    def __repr__(self) -> str:
        return "DO_NOT_ATTACH"


#: What an attacher answers to leave a stream waiting: somebody else will attach or close it.
DO_NOT_ATTACH = _DoNotAttach()


class IStreamAttacher(Interface):
    """
    Chooses circuits for streams.
    """

    def attach_stream(stream: Stream, circuits: dict[str, Circuit]) -> object:
        """
        Choose a circuit for a stream that is new, or was detached from its circuit.

        :param circuits: all circuits, by id.
        :return: a `Circuit` that is built, ``None`` for "I do not mind" (the next attacher is asked, and Tor chooses in the
            end), or `DO_NOT_ATTACH`. It may be a Deferred or coroutine of one of them.
        """

    def attach_stream_failure(stream: Stream, failure: Failure) -> None:
        """
        What `attach_stream` chose could not be done, or it failed itself; Tor chooses a circuit now.
        """


@implementer(IStreamAttacher)
class PriorityAttacher:
    """
    Several attachers as one: they are asked in the order of their priority, until one decides.
    """

    def __init__(self) -> None:
        self._attachers: list[tuple[int, int, Any]] = []
        self._count = 0

    def add_attacher(self, attacher: Any, priority: int = 0) -> None:
        """
        Ask an attacher too.

        :param priority: lower ones are asked first; of equal ones, the earlier.
        :raises InvalidArgument: it does not provide `IStreamAttacher`.
        """
        if not IStreamAttacher.providedBy(attacher):
            raise InvalidArgument(f"{attacher!r} does not provide IStreamAttacher.")
        self._count += 1
        self._attachers.append((priority, self._count, attacher))
        self._attachers.sort(key=lambda entry: entry[:2])

    def remove_attacher(self, attacher: Any) -> None:
        """
        Ask an attacher no more.
        """
        self._attachers = [entry for entry in self._attachers if entry[2] is not attacher]

    @property
    def attachers(self) -> list[Any]:
        """
        Those that are asked, in their order.
        """
        return [attacher for _, _, attacher in self._attachers]

    async def attach_stream(self, stream: Stream, circuits: dict[str, Circuit]) -> object:
        """
        The first decision.
        """
        for attacher in self.attachers:
            try:
                answer = await _settled(attacher.attach_stream(stream, circuits))
            except Exception:  # one attacher's failure leaves the stream to the next
                failure = Failure()
                attacher.attach_stream_failure(stream, failure)
                continue
            if answer is not None:
                return answer
        return None

    def attach_stream_failure(self, stream: Stream, failure: Failure) -> None:
        """
        Tell all of them.
        """
        for attacher in self.attachers:
            attacher.attach_stream_failure(stream, failure)


async def _settled(answer: Any) -> Any:
    if isinstance(answer, Coroutine | Deferred):
        return await answer
    return answer


class Attaching:
    """
    The attacher of one Tor, and the claims of connections that must go over one circuit.

    Tor leaves its streams to us while there is an attacher or a claim, and some seconds longer: the next claim is often near.
    """

    def __init__(self, state: TorState, reactor: Any) -> None:
        self._state = state
        self._reactor = reactor
        self._attacher: Any = None
        self._claims: dict[str, Claim] = {}
        self._turn = OneAtATime()
        self._trigger: Any = None
        self._before: str | None = None
        self._linger: IDelayedCall | None = None

    @property
    def attacher(self) -> Any:
        """
        Who decides, or ``None``.
        """
        return self._attacher

    # -- whether Tor leaves streams to us ------------------------------------------------------------------------------

    @deferred
    async def set(self, attacher: Any) -> None:
        """
        Let an attacher decide; see `txtor.TorState.set_attacher`.
        """
        if not IStreamAttacher.providedBy(attacher):
            raise InvalidArgument(f"{attacher!r} does not provide IStreamAttacher.")
        before, self._attacher = self._attacher, attacher
        try:
            await self._take()
        except BaseException:  # whatever stopped it, all is as it was
            self._attacher = before
            self._linger_if_unused()
            raise

    @deferred
    async def undo(self) -> None:
        """
        Let Tor decide again, and give it the streams that wait.
        """
        self._attacher = None
        if not self._claims:
            await self._give_back()

    async def claim(self, claim: Claim) -> None:
        """
        Put the stream of a claim on its circuit when it comes.
        """
        self._claims[claim.token] = claim
        try:
            await self._take()
        except BaseException:  # whatever stopped it, there is no claim
            self.unclaim(claim)
            raise

    def unclaim(self, claim: Claim) -> None:
        """
        Forget a claim: its stream is connected, or never will be.
        """
        self._claims.pop(claim.token, None)
        self._linger_if_unused()

    def _linger_if_unused(self) -> None:
        if not self._claims and self._attacher is None and self._before is not None and self._linger is None:
            self._linger = self._reactor.callLater(LINGER_SECONDS, self._lingered)

    def _lingered(self) -> None:
        self._linger = None
        if not self._claims and self._attacher is None:
            self._give_back().addErrback(self._could_not)

    def _could_not(self, failure: Failure) -> None:
        failure.trap(TorError)
        _log.warn("{option} could not be put back: {error}", option=_OPTION, error=failure.value)

    @deferred
    async def _take(self) -> None:
        self._linger_no_more()
        async with self._turn:
            if self._before is None:
                before = await self._state.protocol.get_conf_single(_OPTION) or "0"
                setting = self._state.protocol.send(SetConf([(_OPTION, "1")]))
                self._before = before  # from now on, also if nobody waits for the answer: Tor may have carried it out
                self._trigger = self._reactor.addSystemEventTrigger("before", "shutdown", self._shut_down)
                try:
                    await setting
                except TorRefused:
                    self._before = None
                    self._remove_trigger()
                    raise
                self._consider_all()

    @deferred
    async def reloaded(self) -> None:
        """
        Tor has read its torrc again (SIGHUP), by which it forgets what we have set; it is set again. The mirror calls this.
        """
        try:
            async with self._turn:
                if self._before is None:
                    return
                await self._state.protocol.send(SetConf([(_OPTION, "1")]))
            self._consider_all()
        except TorError as error:
            _log.warn("Tor chooses circuits itself since it was told to reload: {error}", error=error)

    def _consider_all(self) -> None:
        for stream in list(self._state.model.streams.values()):
            self.consider(stream)

    def _linger_no_more(self) -> None:
        if self._linger is not None:
            self._linger.cancel()
            self._linger = None

    @deferred
    async def _give_back(self) -> None:
        self._linger_no_more()
        try:
            async with self._turn:
                before, self._before = self._before, None
                if before is None:
                    return
                self._remove_trigger()
                await self._state.protocol.send(SetConf([(_OPTION, before)]))
        except Disconnected:
            return  # that Tor is gone, and its option with it; or we are, and it cannot be told
        for stream in list(self._state.model.streams.values()):
            if stream.status == "CONTROLLER_WAIT":
                self._attach(stream, None).addErrback(self._not_attached, stream)

    def _remove_trigger(self) -> None:
        trigger, self._trigger = self._trigger, None
        if trigger is not None:
            self._reactor.removeSystemEventTrigger(trigger)

    def _shut_down(self) -> Deferred[None]:
        self._trigger = None  # it is just being run
        return self.close()

    def close(self) -> Deferred[None]:
        """
        Let Tor decide, whatever is still under way.
        """
        self._attacher = None
        self._claims.clear()
        return self._give_back()

    @deferred
    async def restore(self) -> None:
        """
        After a reconnection: what was asked of the old Tor is asked of the new one.
        """
        if self._attacher is not None or self._claims:
            before = self._forget()
            self._remove_trigger()
            await self._take()
            if before is not None and self._before == "1":  # the same Tor, which still has what we set
                self._before = before

    def _forget(self) -> str | None:
        before, self._before = self._before, None
        return before

    # -- the streams ---------------------------------------------------------------------------------------------------

    def consider(self, stream: Stream) -> None:
        """
        See to a stream that waits for us.
        """
        if stream.status != "CONTROLLER_WAIT" or self._before is None:
            return
        claim = self._claims.get(stream.socks_username or "") if self._claims else None
        if claim is not None:
            self._follow_claim(stream, claim)
        elif self._attacher is not None and not stream.target_host.endswith(".exit"):
            self._decide(stream, self._attacher).addErrback(self._not_attached, stream)
        else:
            self._attach(stream, None).addErrback(self._not_attached, stream)

    def _follow_claim(self, stream: Stream, claim: Claim) -> None:
        if claim.stream is None and claim.circuit.is_built:
            claim.stream = stream
            self._attach(stream, claim.circuit).addErrback(self._close, stream)
        else:  # its circuit could not connect it, and no other may
            self._close(None, stream)

    def _close(self, failure: Failure | None, stream: Stream) -> None:
        if failure is not None:
            failure.trap(TorError)
        reason = stream.last_reason
        number = StreamCloseReason.__members__.get(reason or "", StreamCloseReason.MISC)
        self._state.protocol.send(CloseStream(stream.id, number)).addErrback(self._not_attached, stream)

    @deferred
    async def _decide(self, stream: Stream, attacher: Any) -> None:
        try:
            answer = Deferred.fromCoroutine(_settled_call(attacher, stream, self._state.model.circuits))
            circuit = await answer.addTimeout(DECISION_SECONDS, self._reactor)
            if circuit is DO_NOT_ATTACH:
                return
            if circuit is not None:
                self._check(circuit)
            await self._attach(stream, circuit)
        except Disconnected:
            return
        except Exception:  # whatever an attacher does, the stream must not be left waiting
            failure = Failure()
            if stream.is_over:
                return  # it went away while it was being decided
            self._complain(attacher, stream, failure)
            await self._attach(stream, None)

    def _check(self, circuit: Any) -> None:
        if not isinstance(circuit, Circuit):
            raise InvalidArgument(f"An attacher answers a Circuit, None or DO_NOT_ATTACH, not {circuit!r}.")
        if self._state.model.circuits.get(circuit.id) is not circuit:
            raise InvalidArgument(f"{circuit!r} is no circuit of this Tor's, or no longer.")

    def _attach(self, stream: Stream, circuit: Circuit | None) -> Deferred[None]:
        return self._state.protocol.send(AttachStream(stream.id, "0" if circuit is None else circuit.id))

    def _complain(self, attacher: Any, stream: Stream, failure: Failure) -> None:
        try:
            attacher.attach_stream_failure(stream, failure)
        except Exception:  # a listener's failure is logged, as every listener's
            _log.failure("attach_stream_failure of {attacher!r} failed", attacher=attacher)

    def _not_attached(self, failure: Failure, stream: Stream) -> None:
        """
        Tor did not even take "as you like": the stream is gone, or so is the Tor.
        """
        failure.trap(TorError)
        _log.debug("{stream!r} was not attached: {error}", stream=stream, error=failure.value)


async def _settled_call(attacher: Any, stream: Stream, circuits: dict[str, Circuit]) -> Any:
    return await _settled(attacher.attach_stream(stream, dict(circuits)))
