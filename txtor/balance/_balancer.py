# -*- test-case-name: txtor.test.balance.test_balancer -*-
"""
The front end of many onion services, as a service: the shell around the machine.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Iterable
from random import Random, SystemRandom
from typing import Any, TypeVar

from twisted.application.service import Service
from twisted.internet.defer import Deferred, fail
from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.logger import Logger

from txtor._deferred import deferred
from txtor._listener import tell
from txtor._tor import Tor
from txtor._waiting import Waiting
from txtor.errors import Disconnected, InvalidArgument, TorError
from txtor.onion import (
    Clients,
    DescriptorReport,
    Now,
    OnionAddress,
    OnionDescriptor,
    OnionKey,
    OnionKeyFile,
    keep_onion_key,
    make_onion_descriptor,
    read_clients,
    utc_now,
)
from txtor.service import TorService

from ._back_ends import BackEnds, Check
from ._health import BalancerHealth
from ._machine import Balancing, Core, Effect, GiveUp, Look, Post, RoundOver, Seen, Wait, new_balancing
from ._rings import Rings, read_rings
from ._sharing import common_terms, share

T = TypeVar("T")

_log = Logger()

StatusListener = Callable[[BalancerHealth], object]


def _read_key(key: OnionKey | OnionKeyFile | str) -> OnionKey:
    if isinstance(key, OnionKeyFile):
        return keep_onion_key(key.path)
    return key if isinstance(key, OnionKey) else OnionKey.from_blob(key)


def _check_seconds(**values: object) -> None:
    for name, value in values.items():
        if not isinstance(value, (int, float)) or isinstance(value, bool) or not 0 < value < float("inf"):
            raise InvalidArgument(f"{name} is a number of seconds greater than 0, not {str(value)[:40]!r}.")


class OnionBalancer(Service):
    """
    One onion address for many onion services, its back ends, each on a Tor of its own.

    It serves nothing itself. It fetches the descriptors of the back ends, puts their introduction points into descriptors of its
    own address, and publishes those, so that a client comes to a back end without knowing. Each back end must have been told of
    the address (``balanced_for`` of `txtor.Tor.create_filesystem_onion_service`), or it does not answer.

    It does so in rounds, for as long as the service runs: a descriptor is posted again when the introduction points of the back
    ends have changed, when a time period begins or other directories become responsible, and at times. A back end that is away is
    left out, and comes back; if none is there the last descriptors stay.

    Only the front end needs the key of the address, and no Tor ever sees it. What back ends need of a front end is its address.

    See Onionbalance, and rend-spec-v3, "Hidden service descriptors".

    :ivar address: the address of the front end.
    """

    def __init__(
        self,
        reactor: IReactorTime,
        tor: Tor | TorService,
        key: OnionKey | OnionKeyFile | str,
        back_ends: Iterable[OnionAddress | str],
        *,
        interval: float = 600.0,
        republish: float = 3600.0,
        check: Check | None = None,
        patience: float = 3600.0,
        clients: Clients | None = None,
        timeout: float = 60.0,
        now: Now = utc_now,
        random: Random | None = None,
    ) -> None:
        """
        :param tor: through which descriptors are fetched and posted. A `TorService` is waited for while it has no Tor; with a
            `Tor` all rounds fail once its connection is lost. It must use microdescriptors, as Tor does unless it is told not to.
        :param key: of the address: a key, its ``"ED25519-V3:..."``, or a file with it, which is made if need be.
        :param back_ends: their addresses. One descriptor holds 20 introduction points, which are shared out among them.
        :param interval: between two rounds, in seconds. Until something is published a round follows after 30 seconds.
        :param republish: after how many seconds a descriptor is posted again in any case. Directories keep it for three hours.
        :param check: called in each round with a `txtor.Tor` and the address of each back end, which is left out if it fails.
            Without a check, one that died is noticed when the directories forget its descriptor, three hours later;
            clients that meet its introduction points until then try others by themselves. See `connects_to`.
        :param patience: for how many seconds a back end is kept whose descriptor cannot be fetched, which may be the fault of
            this Tor or of a directory.
        :param clients: the public keys of the clients that are let in; ``None`` lets in everybody.
        :param timeout: seconds that one descriptor may take to be fetched or posted, and one check.
        :param now: tells the time, which revision counters grow with.
        :param random: by default the system's.
        :raises InvalidArgument: an argument cannot be; the address is among the back ends, or there are none.
        :raises OnionKeyFileUnusable: the file with the key cannot be read or made.
        """
        _check_seconds(interval=interval, republish=republish, patience=patience, timeout=timeout)
        if not isinstance(tor, (Tor, TorService)):
            raise InvalidArgument(f"A Tor or a TorService is wanted, not {type(tor).__name__}.")
        if check is not None and not callable(check):
            raise InvalidArgument("A check is a function.")
        self._reactor = reactor
        self._tor = tor
        self._key = _read_key(key)
        self.address = self._key.address
        self._addresses: dict[OnionAddress, None] = {}
        self._clients = read_clients(clients)
        self._timeout = timeout
        self._now = now
        self._random = random or SystemRandom()
        self._back_ends = BackEnds(reactor, check, self._random, now, patience=patience, timeout=timeout)
        for each in [] if isinstance(back_ends, (str, OnionAddress)) else back_ends:
            self._admit(each)
        if not self._addresses:
            raise InvalidArgument("The back ends are a list of at least one address.")
        self._core = Core(lambda points: share(points, self._random), interval, republish)
        self._machine: Balancing = new_balancing(self._core)
        self._rings: Rings | None = None
        self._work: Deferred[Any] | None = None
        self._next: IDelayedCall | None = None
        self._asked: list[Deferred[BalancerHealth]] = []
        self._in_round: list[Deferred[BalancerHealth]] = []
        self._published: Waiting[BalancerHealth] = Waiting()
        self._listeners: list[StatusListener] = []
        self._told = self.health
        self._revisions: dict[bytes | None, int] = {}

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.hostname} for {len(self._addresses)} back ends, {self.health.status.value}>"

    @property
    def hostname(self) -> str:
        """
        The address with ``.onion``.
        """
        return self.address.hostname

    # -- IService ------------------------------------------------------------------------------------------------------

    def startService(self) -> None:
        """
        Begin; see `when_published`.
        """
        super().startService()  # type: ignore[no-untyped-call]  # Twisted's
        if self._published.is_over and not self.health.is_published:
            self._published = Waiting()
        self._give(self._machine.start_asked)

    def stopService(self) -> None:
        """
        End. Directories keep the descriptors for up to three hours; the back ends are not told.
        """
        super().stopService()  # type: ignore[no-untyped-call]  # Twisted's
        self._give(self._machine.stop_asked)
        reason = Disconnected("The front end was stopped.")
        self._published.failed(reason)
        for waiting in (self._asked, self._in_round):
            while waiting:
                waiting.pop(0).errback(reason)

    # -- how it does ---------------------------------------------------------------------------------------------------

    @property
    def health(self) -> BalancerHealth:
        """
        How it does: which back ends are there, and which directories have the descriptors.
        """
        return self._core.health

    def when_published(self) -> Deferred[BalancerHealth]:
        """
        Fires when the address can be reached for the first time, or at once if it has been: a directory has the descriptor that
        clients ask for. Each call gives a Deferred of its own.

        :raises Disconnected: the service was stopped.
        """
        return self._published.wait()

    def refresh(self) -> Deferred[BalancerHealth]:
        """
        Begin a round now, or after the one under way.

        :return: fires when that round is over.
        :raises Disconnected: the service does not run, or was stopped meanwhile.
        """
        if not self.running:
            return fail(Disconnected("The front end does not run."))
        waiter: Deferred[BalancerHealth] = Deferred(self._forget_waiter)
        self._asked.append(waiter)
        self._give(self._machine.round_asked)
        return waiter

    def _forget_waiter(self, waiter: Deferred[BalancerHealth]) -> None:
        for waiting in (self._asked, self._in_round):
            if waiter in waiting:
                waiting.remove(waiter)

    def add_status_listener(self, listener: StatusListener) -> None:
        """
        Call a function with each new `health`. It may return a Deferred or coroutine. One that fails is logged.
        """
        self._listeners.append(listener)

    def remove_status_listener(self, listener: StatusListener) -> None:
        """
        Call it no more.
        """
        if listener in self._listeners:
            self._listeners.remove(listener)

    # -- the back ends -------------------------------------------------------------------------------------------------

    @property
    def back_ends(self) -> tuple[OnionAddress, ...]:
        """
        The addresses of the back ends.
        """
        return tuple(self._addresses)

    def _admit(self, address: OnionAddress | str) -> None:
        parsed = OnionAddress.parse(address)
        if parsed == self.address:
            raise InvalidArgument("The address of the front end is not that of a back end.")
        self._addresses[parsed] = None

    def add_back_end(self, address: OnionAddress | str) -> None:
        """
        Take in another one. While the service runs, a round begins.

        :raises InvalidArgument: it is no address, or the front end's.
        """
        self._admit(address)
        self._give(self._machine.round_asked)

    def remove_back_end(self, address: OnionAddress | str) -> None:
        """
        Leave one out from now on. While the service runs, a round begins.

        :raises InvalidArgument: it is not among them, or the last one.
        """
        parsed = OnionAddress.parse(address)
        if parsed not in self._addresses or len(self._addresses) == 1:
            raise InvalidArgument(f"It is not among the back ends, or the only one: {parsed}")
        del self._addresses[parsed]
        self._give(self._machine.round_asked)

    # -- the machine ---------------------------------------------------------------------------------------------------

    def _give(self, give: Callable[[], None]) -> None:
        """
        Give the machine an input, do what follows from it, and tell those who listen if that has changed how it does.
        """
        give()
        self._core.perform(self._act)
        if self.health is not self._told:
            self._told = self.health
            for listener in list(self._listeners):
                tell(listener, self.health)

    def _act(self, effect: Effect) -> None:
        if isinstance(effect, Look):
            self._in_round, self._asked = self._asked, []
            self._start(self._look(), self._looked, self._machine.failed)
        elif isinstance(effect, Post):
            self._start(self._post(effect), self._machine.posted, self._machine.posted)
        elif isinstance(effect, Wait):
            self._next = self._reactor.callLater(effect.seconds, self._give, self._machine.wait_over)
        elif isinstance(effect, RoundOver):
            self._end_round()
        elif isinstance(effect, GiveUp):
            work, self._work = self._work, None
            if work is not None:
                work.cancel()
        elif self._next is not None and self._next.active():  # StopWaiting
            self._next.cancel()

    def _end_round(self) -> None:
        if self.health.is_published:
            self._published.happened(self.health)
        done, self._in_round = self._in_round, []
        for waiter in done:
            waiter.callback(self.health)

    def _start(
        self, work: Coroutine[Deferred[Any], Any, T], good: Callable[[T], None], bad: Callable[[Exception], None]
    ) -> None:
        """
        Begin something whose result the machine is given, unless it was given up meanwhile.
        """
        started = self._work = Deferred.fromCoroutine(work)

        def succeeded(result: T) -> None:
            if self._work is started:
                self._give(lambda: good(result))

        def failed(failure: Any) -> None:
            if self._work is not started:
                _log.debug("What was given up failed: {failure}", failure=failure)
                return
            if not failure.check(TorError):
                _log.failure("A round of {balancer!r} failed", failure, balancer=self)
            self._give(lambda: bad(failure.value))

        started.addCallbacks(succeeded, failed)

    def _looked(self, seen: Seen) -> None:
        self._machine.looked(seen, self._reactor.seconds())

    def _use(self, function: Callable[[Tor], Deferred[T]]) -> Deferred[T]:
        return function(self._tor) if isinstance(self._tor, Tor) else self._tor.use(function, "wait")

    # -- the work ------------------------------------------------------------------------------------------------------

    async def _look(self) -> Seen:
        return await self._use(self._look_through)

    @deferred
    async def _look_through(self, tor: Tor) -> Seen:
        rings = await self._current_rings(tor)
        found = await self._back_ends.look(tor, rings, self._addresses)
        slots = rings.slots
        other = slots.first if slots.for_clients == slots.second else slots.second
        places = [(slot, frozenset(rings.storing(self.address, slot))) for slot in (slots.for_clients, other)]
        return Seen(found, places[0], places[1], common_terms(self._back_ends.layers))

    async def _current_rings(self, tor: Tor) -> Rings:
        """
        The rings of Tor's consensus, read again when it has a new one.
        """
        told = await tor.protocol.get_info_single("consensus/valid-after", "")
        if self._rings is None or told != f"{self._rings.valid_after:%Y-%m-%d %H:%M:%S}":
            self._rings = await read_rings(self._reactor, tor)
        return self._rings

    def _make(self, post: Post, revision: int | None = None) -> OnionDescriptor:
        return make_onion_descriptor(
            self._key, post.points, post.slot, self._now(), clients=self._clients, terms=post.terms, revision=revision
        )

    async def _post(self, post: Post) -> DescriptorReport:
        made = self._make(post)
        last = self._revisions.get(made.blinded_key, -1)
        if made.revision_counter <= last:  # it is of the same second, and directories would refuse it
            made = self._make(post, last + 1)
        self._revisions[made.blinded_key] = made.revision_counter
        servers = sorted(post.directories)

        def send(tor: Tor) -> Deferred[DescriptorReport]:
            return tor.post_onion_descriptor(made, self.address, servers=servers, timeout=self._timeout)

        return await self._use(send)
