# -*- test-case-name: txtor.test.service.test_service -*-
"""
What a program has asked of its Tor, and how that is asked again of the next: options, listeners, the picture, and whatever else.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Coroutine, Iterable
from functools import partial
from itertools import zip_longest
from typing import Any, TypeAlias

from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.defer import TimeoutError as WaitedTooLong
from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger

from txtor._deferred import deferred
from txtor._tor import Tor
from txtor.commands import SetConf
from txtor.config import OptionMemory, TorConfig, Torrc, check_services, services_among
from txtor.control import TorControlProtocol
from txtor.errors import Disconnected, TorError
from txtor.events import SignalEvent
from txtor.state import TorState

#: Is called with each new Tor; it may return a Deferred or coroutine.
Restore: TypeAlias = Callable[[Tor], object]

#: How long a Tor may take to hear that its streams are its own again, and for each other parting.
PARTING_SECONDS = 2.0

_log = Logger()


class Restoring:
    """
    What has to be there on each Tor.

    :ivar options: what was set, by the service itself or by its `TorConfig`.
    :ivar config: the configuration that follows, or ``None``.
    :ivar hooks: called in their order with each Tor, behind everything else: the place for onion services and the like.
    :ivar state: the picture that follows, or ``None``.
    :ivar reloads: called when Tor has read its torrc again: they put back what it forgets by that.
    :ivar partings: called before a Tor is left that goes on: they take from it what nobody would end.
    :param told: is told what could not be set again after a RELOAD.
    """

    def __init__(self, told: Callable[[list[str]], object]) -> None:
        self.hooks: list[Restore] = []
        self.reloads: list[Callable[[], Deferred[None]]] = []
        self.partings: list[Callable[[], Deferred[None]]] = []
        self.options = OptionMemory()
        self.config: TorConfig | None = None
        self.state: TorState | None = None
        self._listeners: dict[str, list[Callable[[Any], object]]] = {}
        self._protocol: TorControlProtocol | None = None
        self._told = told

    # -- what is remembered --------------------------------------------------------------------------------------------

    @deferred
    async def add_listener(self, event: str, listener: Callable[[Any], object]) -> None:
        """
        Somebody wants to hear of events, from now on.

        :raises TorRefused: Tor has no such event.
        """
        if self._protocol is not None:
            try:
                await self._protocol.add_event_listener(event, listener)
            except Disconnected:
                pass  # the next Tor will tell him
        self._listeners.setdefault(event.upper(), []).append(listener)

    @deferred
    async def remove_listener(self, event: str, listener: Callable[[Any], object]) -> None:
        """
        Somebody does not any more; what was never added is no error.
        """
        known = self._listeners.get(event.upper(), [])
        if listener in known:
            known.remove(listener)
        if self._protocol is not None:
            try:
                await self._protocol.remove_event_listener(event, listener)
            except Disconnected:
                pass  # then it tells nothing any more

    async def watch_reloads(self) -> None:
        """
        Set options again, and the like, also when Tor is told to read its torrc again (SIGHUP), by which it forgets them.
        """
        if self._reloaded not in self._listeners.get("SIGNAL", []):
            try:
                await self.add_listener("SIGNAL", self._reloaded)
            except TorError as error:
                _log.warn("Options will not be set again after a RELOAD: {error}", error=error)

    @deferred
    async def _reloaded(self, event: SignalEvent) -> None:
        protocol = self._protocol
        if event.signal != "RELOAD" or protocol is None:
            return
        problems: list[str] = []
        try:
            await self._restore_options(protocol, problems)
            for reload in list(self.reloads):
                await _try(repr(reload), lambda put_back: put_back(), reload, problems)
        except Disconnected:
            return  # the next Tor is told
        self._told(problems)

    def adopt(self, state: TorState) -> bool:
        """
        Have a picture follow, unless there is one.

        :return: whether it does.
        """
        if self.state is None:
            self.state = state
        return self.state is state

    async def part(self, clock: IReactorTime, from_tor: bool) -> None:
        """
        Let the picture follow no more, and give back to Tor what its attacher has taken, if Tor listens.

        :param from_tor: whether there is a Tor that goes on, so that the partings are due.
        """
        state, self.state = self.state, None
        if state is not None:
            try:
                await state.close().addTimeout(PARTING_SECONDS, clock)
            except (WaitedTooLong, TorError) as error:
                _log.warn("Tor's choice of circuits could not be given back: {error}", error=error)
        for parting in list(self.partings) if from_tor else ():
            try:
                await parting().addTimeout(PARTING_SECONDS, clock)
            except (WaitedTooLong, TorError) as error:
                _log.warn("Something stays with Tor ({what}): {error}", what=parting, error=error)

    def stop(self) -> None:
        """
        The Tor that is there now is lost.
        """
        self._protocol = None

    # -- restoring it --------------------------------------------------------------------------------------------------

    @deferred
    async def restore(self, tor: Tor) -> list[str]:
        """
        Ask everything of a Tor.

        :return: what it refused, in words; the rest is done.
        :raises Disconnected: it went away meanwhile.
        """
        problems: list[str] = []
        await self._restore_options(tor.protocol, problems)
        await self._restore_listeners(tor.protocol, problems)
        if self.config is not None:
            await _try("the configuration", self.config.follow, tor.protocol, problems)
        if self.state is not None:
            await _try("the state", self.state.follow, tor.protocol, problems)
        for hook in list(self.hooks):
            await _try(repr(hook), hook, tor, problems)
        return problems

    async def _restore_options(self, protocol: TorControlProtocol, problems: list[str]) -> None:
        """
        All in one command, or one group after the other where it is refused.
        """
        torrc = self.options.torrc
        if torrc is not None and await _try("the torrc", partial(_check, protocol), Torrc.parse(torrc).pairs(), problems):
            await _try("the torrc", protocol.load_conf, torrc, problems)
        known = self.options.groups()
        groups = [group for group in known if await _try(group[0][0], partial(_check, protocol), group, problems)]
        try:
            if groups:
                await protocol.send(SetConf([pair for group in groups for pair in group]))
        except Disconnected:
            raise
        except TorError:
            for group in groups:
                await _try(group[0][0], lambda pairs: protocol.send(SetConf(pairs)), group, problems)

    async def _restore_listeners(self, protocol: TorControlProtocol, problems: list[str]) -> None:
        """
        Those of different events in one command, or each alone where it is refused.
        """
        rows = list(zip_longest(*self._listeners.values()))
        events = list(self._listeners)
        self._protocol = protocol  # who comes from now on is added at once
        for row in rows:
            listeners = {event: one for event, one in zip(events, row, strict=True) if one is not None}
            try:
                await protocol.add_event_listeners(listeners)
            except Disconnected:
                raise
            except TorError:
                for event, listener in listeners.items():
                    await _try(event, lambda pair: protocol.add_event_listener(*pair), (event, listener), problems)


async def _check(protocol: TorControlProtocol, assignments: Iterable[tuple[str, Any]]) -> None:
    """
    See that Tor survives the onion services among some options: their directories may have gone since they were set.

    :raises InvalidArgument: it would exit.
    """
    services = [one for one in services_among(assignments) if os.path.isabs(one.directory)]  # Tor has found the others before
    if services:
        from txtor.onion import check_onion_directory  # not every service has onion services

        await check_services(protocol, services, check_onion_directory)


async def _try(what: str, function: Callable[[Any], object], argument: object, problems: list[str]) -> bool:
    """
    Call what restores something. What fails is a problem to be told; only the end of the connection is the end.

    :return: whether it did not fail.
    """
    try:
        result = function(argument)
        if isinstance(result, Coroutine | Deferred):
            await result
    except (Disconnected, CancelledError):
        raise
    except Exception as error:  # a hook is the program's, and one that fails leaves the rest to be restored
        if isinstance(error, TorError):
            _log.warn("{what} could not be restored: {error}", what=what, error=error)
        else:
            _log.failure("{what} could not be restored", what=what)
        problems.append(f"{what}: {error}")
        return False
    return True
