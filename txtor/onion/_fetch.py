# -*- test-case-name: txtor.test.onion.test_fetch -*-
"""
Descriptors of onion services through a Tor: fetched, verified and opened; posted.

Tor acknowledges both commands at once and tells what came of them in events. It never says that it gave up: when all
directories that it asked have refused, and it asks no others for a moment, that is the end, and so is the deadline.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.logger import Logger

from txtor._deferred import deferred, forget_cancelled
from txtor.commands import HsFetch, HsPost
from txtor.control import TorControlProtocol
from txtor.errors import Disconnected, InvalidArgument, OnionFetchError, OnionPublishError
from txtor.events import HSDescAction, HSDescContentEvent, HSDescEvent
from txtor.grammar import RouterName

from ._address import OnionAddress
from ._authentication import AnyClientKey, read_client_key
from ._deadline import Deadline
from ._descriptor import OnionDescriptor, OnionDescriptorContent
from ._keys import blinded_public_key
from ._moment import NetworkMoment, Now, network_moment, utc_now
from ._terms import check_timeout
from ._uploads import DescriptorReport
from ._watch import GRACE_SECONDS

_log = Logger()

#: Seconds that Tor has to fetch or post a descriptor, if nothing else is said.
DESCRIPTOR_SECONDS = 60.0


class _Answers:
    """
    What directories answer, until it is enough.

    :ivar directories: by fingerprint, the answer: the empty text while there is none.
    :ivar done: fires when there is no more to wait for.
    :ivar late: whether that is because the time was over.
    """

    def __init__(self, clock: IReactorTime, protocol: TorControlProtocol, address: OnionAddress) -> None:
        self._clock = clock
        self._protocol = protocol
        self.address = address.bare
        self.directories: dict[str, str] = {}
        self.done: Deferred[None] = Deferred()
        self.late = False
        self._grace: IDelayedCall | None = None
        self._limit: IDelayedCall | None = None
        self._gone: Deferred[Disconnected] | None = None

    def follow_connection(self) -> None:
        """
        End with the connection.
        """
        self._gone = self._protocol.when_disconnected()
        self._gone.addCallbacks(self.fail, forget_cancelled)

    def fail(self, error: Exception) -> None:
        """
        End with an error, if there was no end yet.
        """
        if not self.done.called:
            self.done.errback(error)

    def enough(self) -> None:
        """
        End.
        """
        if not self.done.called:
            self.done.callback(None)

    def wait_for_more(self, seconds: float | None) -> None:
        """
        End when nothing happens for a while; with ``None``, no longer so.
        """
        if self._grace is not None and self._grace.active():
            self._grace.cancel()
        self._grace = None if seconds is None else self._clock.callLater(seconds, self.enough)

    def wait_until(self, seconds: float) -> None:
        """
        Set the deadline.
        """
        self._limit = self._clock.callLater(seconds, self._expire)

    def _expire(self) -> None:
        self.late = True
        self.enough()

    def close(self) -> None:
        """
        Let go of everything.
        """
        self.wait_for_more(None)
        if self._limit is not None and self._limit.active():
            self._limit.cancel()
        if self._gone is not None:
            self._gone.cancel()


# -- fetching -----------------------------------------------------------------------------------------------------------


class _Fetch(_Answers):
    """
    One HSFETCH.

    :ivar content: what came, or ``b""``.
    """

    content = b""

    def hear(self, event: HSDescEvent) -> None:
        """
        A directory is asked, or has refused.
        """
        if event.address != self.address or event.directory is None:
            return
        directory = event.directory.fingerprint or str(event.directory)
        if event.action == HSDescAction.REQUESTED:
            self.directories[directory] = ""
            self.wait_for_more(None)
        elif event.action == HSDescAction.FAILED and directory in self.directories:
            self.directories[directory] = event.reason or "no reason given"
            if all(self.directories.values()):
                self.wait_for_more(GRACE_SECONDS)

    def receive(self, event: HSDescContentEvent) -> None:
        """
        A descriptor came; an empty one follows a refusal.
        """
        if event.address == self.address and event.descriptor:
            self.content = event.descriptor
            self.enough()


@dataclass(frozen=True)
class DescriptorRequest:
    """
    Whose descriptor is to be fetched or posted, and how.

    :raises InvalidArgument: something cannot be.
    """

    address: OnionAddress | str
    servers: Sequence[str] = ()
    timeout: float | None = DESCRIPTOR_SECONDS

    def __post_init__(self) -> None:
        check_timeout(self.timeout)


@deferred
async def get_onion_descriptor(
    reactor: IReactorTime,
    protocol: TorControlProtocol,
    request: DescriptorRequest,
    client_key: AnyClientKey | None = None,
    *,
    now: Now = utc_now,
) -> OnionDescriptorContent:
    """
    Fetch a descriptor, verify and open it; see `txtor.Tor.get_onion_descriptor`.
    """
    address = OnionAddress.parse(request.address)
    key = None if client_key is None else read_client_key(client_key)
    command = HsFetch(address.bare, request.servers)
    deadline = Deadline(reactor, request.timeout)
    before = await deadline.limit(Deferred.fromCoroutine(network_moment(protocol, now)), "GETINFO")
    content = await _fetch(reactor, protocol, address, command, deadline)
    after = await deadline.limit(Deferred.fromCoroutine(network_moment(protocol, now)), "GETINFO")
    descriptor = OnionDescriptor.parse(content)
    moment = _moment_of(descriptor, address, before, after)
    return descriptor.decrypt(address, key, now=now(), period=moment.period)


def _moment_of(descriptor: OnionDescriptor, address: OnionAddress, before: NetworkMoment, after: NetworkMoment) -> NetworkMoment:
    """
    When the descriptor was asked for. A period may have begun since.
    """
    fits = descriptor.blinded_key == blinded_public_key(address, before.period)
    return before if fits else after


async def _fetch(
    reactor: IReactorTime, protocol: TorControlProtocol, address: OnionAddress, command: HsFetch, deadline: Deadline
) -> bytes:
    fetch = _Fetch(reactor, protocol, address)
    await _carry_out(fetch, protocol, command, deadline, {"HS_DESC": fetch.hear, "HS_DESC_CONTENT": fetch.receive})
    if not fetch.content:
        when = " in time" if fetch.late else ""
        asked = {directory: answer or "no answer" for directory, answer in fetch.directories.items()}
        raise OnionFetchError(f"No directory gave the descriptor of {address}{when}.", asked)
    return fetch.content


async def _carry_out(
    answers: _Answers,
    protocol: TorControlProtocol,
    command: HsFetch | HsPost,
    deadline: Deadline,
    listeners: dict[str, Callable[[Any], object]],
) -> None:
    """
    Listen, send the command, and wait until it is enough. Nobody listens afterwards, whatever happens.
    """
    await deadline.limit(protocol.add_event_listeners(listeners), "SETEVENTS")
    try:
        answers.follow_connection()
        await deadline.limit(protocol.send(command), command.keyword)
        deadline.then(answers.wait_until)
        await answers.done
    finally:
        answers.close()
        answers.done.addErrback(lambda failure: None)  # whoever waits has been told; nobody may have come to wait
        protocol.remove_event_listeners(listeners).addErrback(
            lambda failure: _log.debug("SETEVENTS failed: {failure}", failure=failure)
        )


# -- posting ------------------------------------------------------------------------------------------------------------


class _Post(_Answers):
    """
    One HSPOST.

    :ivar servers: the relays that have to answer; with none, it is enough when no answer comes for a while.
    """

    def __init__(
        self, clock: IReactorTime, protocol: TorControlProtocol, address: OnionAddress, servers: tuple[RouterName, ...]
    ) -> None:
        super().__init__(clock, protocol, address)
        self._missing = list(servers)
        self._all = not servers
        self.holding: set[str] = set()

    def hear(self, event: HSDescEvent) -> None:
        """
        A directory has taken a descriptor, or not.
        """
        directory = event.directory
        if event.address != self.address or directory is None or directory.fingerprint is None:
            return
        if event.action == HSDescAction.UPLOADED:
            self.holding.add(directory.fingerprint)
        elif event.action == HSDescAction.FAILED:
            self.directories[directory.fingerprint] = event.reason or "no reason given"
        else:
            return
        self._missing = [each for each in self._missing if not _is_named(directory, each)]
        if self._all:
            self.wait_for_more(GRACE_SECONDS)
        elif not self._missing:
            self.enough()

    def report(self) -> DescriptorReport:
        """
        Who answered what.
        """
        refusing = {each: why for each, why in self.directories.items() if each not in self.holding}
        return DescriptorReport(frozenset(self.holding), refusing, frozenset(map(str, self._missing)))


def _is_named(directory: RouterName, name: RouterName) -> bool:
    if name.fingerprint is not None:
        return directory.fingerprint == name.fingerprint
    return directory.nickname == name.nickname


@deferred
async def post_onion_descriptor(
    reactor: IReactorTime,
    protocol: TorControlProtocol,
    descriptor: OnionDescriptor | bytes,
    request: DescriptorRequest,
    *,
    now: Now = utc_now,
) -> DescriptorReport:
    """
    Post a descriptor; see `txtor.Tor.post_onion_descriptor`.
    """
    address = OnionAddress.parse(request.address)
    document = descriptor if isinstance(descriptor, OnionDescriptor) else OnionDescriptor.parse(descriptor)
    command = HsPost(bytes(document), address.bare, request.servers)
    deadline = Deadline(reactor, request.timeout)
    moment = await deadline.limit(Deferred.fromCoroutine(network_moment(protocol, now)), "GETINFO")
    periods = (moment.period.previous, moment.period, moment.period.next)
    if document.blinded_key not in [blinded_public_key(address, period) for period in periods]:
        raise InvalidArgument(f"The descriptor is not one of {address} for this time; directories would keep it for nobody.")
    post = _Post(reactor, protocol, address, tuple(RouterName.parse(server) for server in command.servers))
    await _carry_out(post, protocol, command, deadline, {"HS_DESC": post.hear})
    report = post.report()
    if not report.holding:
        when = " in time" if post.late else ""
        raise OnionPublishError(f"No directory took the descriptor of {address}{when}.", report.refusing)
    return report
