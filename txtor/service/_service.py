# -*- test-case-name: txtor.test.service.test_service -*-
"""
A service that keeps one Tor at hand, and sends it commands.
"""

from __future__ import annotations

import os
import random
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, TypeVar

from twisted.application.service import Service
from twisted.internet.defer import Deferred

from txtor._deferred import OneAtATime, deferred
from txtor._tor import Tor
from txtor.commands import Command, GetInfo, ResetConf, SetConf
from txtor.config import TorConfig
from txtor.control import ControlEndpoint, Password
from txtor.errors import CommandTimeout, Disconnected, InvalidArgument, TorError
from txtor.process import TIMEOUT_SECONDS, ILaunchReactor, LaunchOptions, check_seconds
from txtor.state import TorState

from ._backoff import Backoff
from ._health import Health
from ._onions import KeptOnionService
from ._restoring import Restore
from ._source import ConnectSource, LaunchSource, Source
from ._supervisor import Supervisor

if TYPE_CHECKING:
    from txtor.onion import AnyTerms, Local, PrivateKey, ServicePort, TorOnionEndpoint

T = TypeVar("T")

#: What becomes of a command while there is no Tor.
Outage: TypeAlias = Literal["wait", "fail"]

class TorService(Service):
    """
    One Tor, kept at hand for as long as the service runs.

    It connects to a Tor, or launches one; and when that is lost, it does so again, and asks of the next Tor all that was asked of
    the one before through this service: options, event listeners, the `TorState`, and what the hooks in `restore` do.

    A command that was under way when the connection was lost fails with `Disconnected` and is never sent twice: nobody knows
    whether Tor has carried it out.

    """

    def __init__(
        self,
        reactor: ILaunchReactor,
        tor: ControlEndpoint | Sequence[ControlEndpoint] | LaunchOptions | None = None,
        *,
        password: Password = None,
        allow_plain_cookie: bool = False,
        connect_timeout: float | None = 60.0,
        tor_binary: str | os.PathLike[str] | None = None,
        launch_timeout: float | None = TIMEOUT_SECONDS,
        outage: Outage = "wait",
        backoff: Backoff | None = None,
        chance: Callable[[], float] = random.random,
        ping: float | None = 30.0,
    ) -> None:
        """
        :param tor: where its control port is, as for `txtor.connect`; or what to launch.
        :param password: see `txtor.connect`, as for the next.
        :param connect_timeout: seconds in which a Tor that runs must have let us in, the time for a password included; else we
            try again. ``None`` is for ever.
        :param tor_binary: see `txtor.launch`.
        :param launch_timeout: seconds until a Tor that we launch must be ready; else it is ended and another begins.
        :param outage: what a command does while there is no Tor: ``"wait"`` for the next, or ``"fail"``.
        :param backoff: how long to wait between attempts.
        :param chance: gives random numbers from 0 to 1.
        :param ping: how often to see whether Tor still answers, in seconds. One that does not in as much time is given up.
            ``None`` is never.
        :raises InvalidArgument: an argument is out of its range, or an endpoint string is malformed.
        """
        if outage not in ("wait", "fail"):
            raise InvalidArgument(f"outage is 'wait' or 'fail', not {outage!r}.")
        check_seconds("ping", ping)
        check_seconds("launch_timeout", launch_timeout)
        check_seconds("connect_timeout", connect_timeout)
        self._reactor = reactor
        self._outage = outage
        self._config_turn = OneAtATime()
        source: Source
        if isinstance(tor, LaunchOptions):
            source = LaunchSource(reactor, tor, tor_binary, launch_timeout)
        else:
            source = ConnectSource(reactor, tor, password, allow_plain_cookie, connect_timeout)
        self._supervisor = Supervisor(reactor, source, backoff or Backoff(), chance, ping)

    # -- IService ------------------------------------------------------------------------------------------------------

    def startService(self) -> None:
        """
        Begin; see `when_ready`.
        """
        super().startService()  # type: ignore[no-untyped-call]  # Twisted's
        self._supervisor.start()

    def stopService(self) -> Deferred[None]:
        """
        End: a Tor of our own is ended, another one is left. Who waits for a Tor is told `Disconnected`.

        :return: fires when nothing is left of it.
        """
        super().stopService()  # type: ignore[no-untyped-call]  # Twisted's
        return self._supervisor.stop()

    # -- how it does ---------------------------------------------------------------------------------------------------

    @property
    def tor(self) -> Tor | None:
        """
        The Tor, while it can be used, or ``None``.
        """
        return self._supervisor.tor

    @property
    def health(self) -> Health:
        """
        How it does.
        """
        return self._supervisor.health

    def when_ready(self, failures: int | None = None) -> Deferred[Tor]:
        """
        The Tor, when it can be used: now, or later. Each call gives a Deferred of its own.

        :param failures: fail after so many failures in a row, with the last of them. With ``None`` it waits as long as the
            service runs.
        :raises Disconnected: the service was stopped, and not started again.
        """
        return self._supervisor.when_ready(failures)

    def when_lost(self) -> Deferred[TorError]:
        """
        Fires when the Tor that is there now, or comes next, is lost, or the service stops; with the reason, as a value.
        """
        return self._supervisor.when_lost()

    def retry(self) -> None:
        """
        Make the next attempt now, as when a laptop has a network again.
        """
        self._supervisor.retry()

    def add_status_listener(self, listener: Callable[[Health], object]) -> None:
        """
        Call a function with each new `health`. It may return a Deferred or coroutine. One that fails is logged.
        """
        self._supervisor.listeners.append(listener)

    def remove_status_listener(self, listener: Callable[[Health], object]) -> None:
        """
        Call it no more.
        """
        if listener in self._supervisor.listeners:
            self._supervisor.listeners.remove(listener)

    # -- what the program asks -----------------------------------------------------------------------------------------

    @property
    def restore(self) -> list[Restore]:
        """
        Functions that are called, in their order, with each `Tor` before it is ready: they make again what the program had
        made. They may return a Deferred or coroutine. One that fails is logged and told in `Health.problems`. They talk to the
        Tor that they are given: the service itself, and its `TorConfig`, have them wait until it is ready.
        """
        return self._supervisor.restoring.hooks

    @deferred
    async def use(self, function: Callable[[Tor], Deferred[T]], outage: Outage | None = None) -> T:
        """
        Call a function with the Tor, when there is one.

        :param outage: instead of the service's.
        :return: what its Deferred gives.
        :raises Disconnected: there is no Tor and it is not waited for, or the service was stopped; or from the function.
        """
        return await function(await self._usable(None, outage))

    @deferred
    async def send(self, command: Command[T], timeout: float | None = None, outage: Outage | None = None) -> T:
        """
        Send a command, when there is a Tor; see `TorControlProtocol.send`.

        :param timeout: seconds for all of it, waiting for a Tor included.
        :param outage: instead of the service's.
        :raises Disconnected: there is no Tor and it is not waited for, the service was stopped, or the connection was lost
            while the command was under way. It may have been carried out then, and is not sent again.
        """
        begun = self._reactor.seconds()
        waiting = self._usable(command.keyword, outage)
        if timeout is None:
            return await (await waiting).protocol.send(command)

        def give_up(value: object, seconds: float) -> Tor:
            raise CommandTimeout(command.keyword, seconds)

        tor = await waiting.addTimeout(timeout, self._reactor, onTimeoutCancel=give_up)
        left = max(0.0, timeout - (self._reactor.seconds() - begun))
        return await tor.protocol.send(command, left)

    def get_info(self, *keys: str, outage: Outage | None = None) -> Deferred[dict[str, str]]:
        """
        Ask for values; see `TorControlProtocol.get_info`.
        """
        return self.send(GetInfo(keys), outage=outage)

    @deferred
    async def set_conf(self, options: Iterable[tuple[str, Any]], outage: Outage | None = None) -> None:
        """
        Set options, on this Tor and each that follows, and again when Tor is told to read its torrc again (SIGHUP), by which
        it forgets them.

        :param options: names and values; see `txtor.commands.SetConf`.
        :raises TorRefused: Tor does not take one; nothing has changed, and nothing is remembered.
        """
        pairs = list(options)
        await self.send(SetConf(pairs), outage=outage)
        self._supervisor.restoring.options.remember(pairs)
        await self._supervisor.restoring.watch_reloads()

    @deferred
    async def reset_conf(self, *options: str, outage: Outage | None = None) -> None:
        """
        Set options to their defaults, and set them on no other Tor any more.
        """
        pairs = [(option, None) for option in options]
        await self.send(ResetConf(pairs), outage=outage)
        self._supervisor.restoring.options.forget(pairs)

    @deferred
    async def get_config(self) -> TorConfig:
        """
        The configuration, which follows from one Tor to the next. There is one: whoever asks gets the same.

        What is saved through it (`TorConfig.save`, ``transaction``, ``reset``, ``load``) is set on each Tor that follows, as by
        `set_conf`; that and this know of each other. While there is no Tor, it reads as it was last, and saving waits or fails
        as commands do. A change that was under way when the connection was lost fails with `Disconnected` and is not sent
        again; unless Tor has said that it took it, the next Tor is not told of it.

        :raises TorRefused: Tor, or a filter in front of it, does not let us read.
        :raises Disconnected: the service was stopped.
        """
        from txtor.onion import check_onion_directory  # not every service has onion services

        restoring = self._supervisor.restoring
        async with self._config_turn:
            while restoring.config is None or not restoring.config.is_following:
                tor = await self.when_ready()
                try:
                    restoring.config = await TorConfig.from_protocol(
                        tor.protocol,
                        check_keys=check_onion_directory,
                        memory=restoring.options,
                        usable=lambda: self._usable(None, None),
                    )
                except Disconnected:
                    continue  # the next Tor will do
            await restoring.watch_reloads()
            return restoring.config

    @deferred
    async def create_onion_service(self, ports: Any, private_key: Any = None, **terms: Any) -> KeptOnionService:
        """
        Make an onion service, on this Tor and each that follows, with the same key. It is published again at once; a visitor
        whose Tor still has the descriptor of before may need a second try, after two minutes at worst where a Tor was killed.

        :param ports: see `Tor.create_onion_service`, as for the others, which all can be given but ``detach``.
        :param private_key: not `txtor.DISCARD`, since the next Tor must have it too.
        :raises InvalidArgument: an argument cannot be.
        :raises Disconnected: the connection was lost while it was made for the first time, or the service was stopped.
        """
        from txtor.onion import OnionTerms

        return await self.keep_onion_service(OnionTerms(private_key, **terms), ports)

    @deferred
    async def keep_onion_service(self, terms: AnyTerms, ports: ServicePort | Iterable[ServicePort]) -> KeptOnionService:
        """
        Make an onion service of either kind, on this Tor and each that follows. One with files (`txtor.onion.DiskTerms`) is taken
        out of the configuration of a Tor that goes on when this service stops.

        :param terms: see `create_onion_service`, or `Tor.create_filesystem_onion_service`.
        :param ports: see `Tor.create_onion_service`.
        :raises InvalidArgument: an argument cannot be.
        :raises Disconnected: the connection was lost while it was made for the first time, or the service was stopped.
        """
        kept = KeptOnionService(self._reactor, self._supervisor.restoring, ports)
        await kept.create(await self._usable("ADD_ONION", None), terms)
        return kept

    def create_onion_endpoint(
        self, port: int, private_key: PrivateKey = None, *, local: Local = None, **terms: Any
    ) -> TorOnionEndpoint:
        """
        A server endpoint that listens behind an onion service, on this Tor and each that follows. It listens when there is a Tor.

        :param port: the virtual port.
        :param private_key: as `create_onion_service` has it. By default a new one each time that it listens.
        :param local: where to listen on this machine: a port of 127.0.0.1, or an endpoint; by default any free port. It stays
            open while there is no Tor.
        :param terms: the other arguments of `Tor.create_onion_service`, but ``detach``.
        :return: the ``onion_service`` of its ports is a `KeptOnionService`.
        :raises InvalidArgument: an argument cannot be.
        """
        from txtor.onion import KeptTor, OnionTerms, TorOnionEndpoint

        def leased() -> Deferred[KeptTor]:
            return self.when_ready().addCallback(lambda tor: KeptTor(tor.protocol))

        wished = OnionTerms(private_key, **terms)
        return TorOnionEndpoint(self._reactor, leased, port, wished, local, make=self.keep_onion_service)

    def add_event_listener(self, event: str, listener: Callable[[Any], object]) -> Deferred[None]:
        """
        Call a function with each event of a kind, of this Tor and each that follows. While there is none, this fires at once.

        :raises UnrecognizedEntity: Tor has no such event.
        """
        return self._supervisor.restoring.add_listener(event, listener)

    def remove_event_listener(self, event: str, listener: Callable[[Any], object]) -> Deferred[None]:
        """
        Call it no more.
        """
        return self._supervisor.restoring.remove_listener(event, listener)

    @deferred
    async def create_state(self) -> TorState:
        """
        The live picture, which follows from one Tor to the next. There is one: whoever asks gets the same.

        :raises TorRefused: Tor, or a filter in front of it, does not let us look.
        :raises Disconnected: the service was stopped.
        """
        restoring = self._supervisor.restoring
        while restoring.state is None:
            tor = await self.when_ready()
            try:
                state = await TorState.from_protocol(self._reactor, tor.protocol)
            except Disconnected:
                continue  # the next Tor will do
            if not restoring.adopt(state):  # another asked too, and was faster
                await state.close()
        return restoring.state

    def _usable(self, keyword: str | None, outage: Outage | None) -> Deferred[Tor]:
        if self.tor is None and (outage or self._outage) == "fail":
            raise Disconnected("There is no connection to Tor now.", keyword)
        return self.when_ready()
