# -*- test-case-name: txtor.test.config.test_torconfig -*-
"""
The configuration of one running Tor.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IStreamClientEndpoint

from txtor._deferred import OneAtATime, deferred
from txtor.control import TorControlProtocol

from ._checking import CheckKeys, services_among
from ._draft import Draft
from ._live import LiveOptions, Usable
from ._memory import OptionMemory
from ._socks_ports import ISocksReactor, endpoint_of, has_port, matching
from ._torrc import Torrc, format_line


class TorConfig(Draft):
    """
    The configuration of one running Tor, kept current, as attributes and as a mapping.

    What is set waits until `save`; or use `transaction`. See `Draft` for values, and `from_protocol` to make one. That of
    `txtor.TorService.get_config` goes on from one Tor to the next: while there is none, it reads as it was last.
    """

    def __init__(self, live: LiveOptions) -> None:
        super().__init__(live)
        self._turn = OneAtATime()

    @classmethod
    @deferred
    async def from_protocol(
        cls,
        protocol: TorControlProtocol,
        *,
        check_keys: CheckKeys | None = None,
        local_files: bool | None = None,
        memory: OptionMemory | None = None,
        usable: Usable | None = None,
    ) -> TorConfig:
        """
        Read the configuration of a Tor: its options with their types, the defaults, and then all values.

        :param protocol: an authenticated connection.
        :param check_keys: is called with the directory of each onion service before Tor is told of it, and whether its group
            may read it; `txtor.onion.check_onion_directory` is one. `txtor.Tor.get_config` gives it.
        :param local_files: whether directories of onion services can be looked at from here before Tor is told of them. By
            default they are where the connection is one of this machine; a Tor in a container needs ``False``.
        :param memory: is told what Tor has taken, so that it can be asked of another.
        :param usable: is called before anything is sent later on; what it returns is waited for, and `follow` is called before
            it fires for another Tor.
        :raises TorRefused: a filter in front of Tor does not let us read.
        :raises Disconnected: the connection went away meanwhile.

        See control-spec 3.3, 3.9 and 4.1.18.
        """
        live = LiveOptions(protocol, check_keys, local_files, memory, usable)
        await live.follow(protocol)
        return cls(live)

    @deferred
    async def follow(self, protocol: TorControlProtocol) -> None:
        """
        Go on with another Tor. What waits to be saved still waits.

        :param protocol: a connection that is authenticated.
        :raises TorRefused: a filter in front of Tor does not let us read; everything reads as it was last.
        :raises Disconnected: the connection went away meanwhile.
        """
        if self._live.is_following:
            await self._live.follow(protocol)

    @property
    def is_following(self) -> bool:
        """
        Whether changes are followed: until `stop`.
        """
        return self._live.is_following

    @property
    def protocol(self) -> TorControlProtocol:
        """
        The connection, or the last one.
        """
        return self._live.protocol

    # -- changing ------------------------------------------------------------------------------------------------------

    @deferred
    async def save(self) -> None:
        """
        Have Tor take everything that was set, in one SETCONF; nothing is sent where nothing has changed.

        What is set while this is under way stays unsaved. If it fails, what was to be saved is forgotten, so that all
        options read as Tor has them.

        :raises InvalidArgument: Tor would not survive a change, or it is too long; nothing was sent.
        :raises TorRefused: Tor did not take it, and took nothing; the text names the option.
        :raises UnknownOption: the Tor that is there now does not have an option any more; nothing was sent.
        :raises Disconnected: the connection went away; whether Tor took it is not known. It is not sent again.

        See control-spec 3.1, SETCONF.
        """
        async with self._turn:
            saving = self._split()
            self._saving = saving.changes()
            try:
                await self._apply(saving)
            finally:
                self._saving = {}

    async def _apply(self, draft: Draft) -> None:
        """
        Have Tor take what was changed, measured by what it has when it can take it.
        """
        if draft.needs_save():
            await self._live.usable()
            changes = draft.changes()
            if changes:
                await self._live.apply(changes)

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Draft]:
        """
        Change some options together: ``async with config.transaction() as change: change.SocksPort.append("9055")``.

        At the end all is set in one SETCONF; where the block raises, or Tor refuses, nothing has changed. It knows nothing of
        what waits in the configuration itself to be saved.

        :raises TorRefused: as of `save`.
        """
        change = Draft(self._live)
        yield change
        async with self._turn:
            await self._apply(change)

    @deferred
    async def reset(self, *options: str) -> None:
        """
        Set options to their defaults now.

        :raises UnknownOption: this Tor has no such option.

        See control-spec 3.2, RESETCONF.
        """
        names = [self._live.name(option) for option in options]
        async with self._turn:
            if names:
                await self._live.usable()
                await self._live.reset(names)
            for name in names:
                self._forget(name)

    @deferred
    async def load(self, torrc: str | bytes | Torrc) -> None:
        """
        Replace the whole configuration of Tor by a torrc. What is fixed while Tor runs must be repeated in it as it is.

        :raises DocumentError: it is no torrc.
        :raises InvalidArgument: Tor would not survive it; nothing was sent.
        :raises TorRefused: Tor did not take it, and nothing has changed.

        See control-spec 3.22, LOADCONF.
        """
        parsed = torrc if isinstance(torrc, Torrc) else Torrc.parse(torrc)
        async with self._turn:
            await self._live.usable()
            await self._live.check_services(services_among(parsed.pairs()))
            await self._live.load(str(parsed))

    @deferred
    async def save_conf(self, force: bool = False) -> None:
        """
        Have Tor write its configuration to its torrc, without comments.

        :param force: also where the torrc uses ``%include``, which is lost.
        :raises InternalTorError: Tor could not write, or the torrc uses ``%include``.

        See control-spec 3.6, SAVECONF.
        """
        await self._live.usable()
        await self.protocol.save_conf(force)

    @deferred
    async def refresh(self) -> None:
        """
        Ask Tor for everything again. It is not needed: changes are followed.

        :return: fires when all values are those that Tor had when it was asked.
        """
        await self._live.usable()
        await self._live.ask(self._live.kinds)

    def stop(self) -> Deferred[None]:
        """
        Follow changes no more.
        """
        return self._live.stop()

    # -- looking -------------------------------------------------------------------------------------------------------

    def get_type(self, option: str) -> str:
        """
        The type of an option, as the running Tor names it: ``"Boolean"``, ``"LineList"``.

        :raises UnknownOption: this Tor has no such option.
        """
        return self._live.kinds[self._live.name(option)].name

    def get_default(self, option: str) -> Any:
        """
        The value that an option has by default; ``None``, or an empty tuple of a list, where Tor names none.

        :raises UnknownOption: this Tor has no such option.
        """
        return self._live.default(self._live.name(option))

    def difference(self) -> dict[str, Any]:
        """
        The options that differ from their defaults, with their values.
        """
        found = {}
        for name, kind in self._live.kinds.items():
            value = self._present(name)
            if value != self._live.default(name) and not (kind.is_list and not value and self._is_built_in(name)):
                found[name] = self[name]
        return found

    def _is_built_in(self, name: str) -> bool:
        """
        Whether an empty list means Tor's own, as of directory authorities.
        """
        return self._live.kinds[name].name not in ("CommaList", "RouterList")

    def create_torrc(self) -> str:
        """
        A torrc that makes a Tor such as this one: every option that differs from its default, unsaved ones too.

        Options that begin with ``_`` are left out, as Tor leaves them out: they hold for one run.
        """
        lines = []
        for name in self.difference():
            if not name.startswith("_"):
                pairs = self._live.kinds[name].pairs(name, self._present(name))
                lines += [format_line(option, value or "") for option, value in pairs]
        return "".join(lines)

    # -- SOCKS ---------------------------------------------------------------------------------------------------------

    def socks_endpoint(self, reactor: ISocksReactor, port: int | str | None = None) -> IStreamClientEndpoint:
        """
        An endpoint of a SocksPort that this Tor has.

        :param port: a port number, an address or a whole line of ``SocksPort``; by default its first.
        :return: connects to the SOCKS server itself; give it to endpoints that go through Tor. Where the port is
            ``auto``, each connection asks Tor which it is.
        :raises InvalidArgument: there is no such SocksPort, or none at all.
        """
        lines = self._live.value(self._live.name("SocksPort"))
        return endpoint_of(reactor, self._listeners, lines, matching(lines, port))

    @deferred
    async def _listeners(self, key: str) -> str:
        await self._live.usable()
        return await self.protocol.get_info_single(key)

    @deferred
    async def create_socks_endpoint(self, reactor: ISocksReactor, socks_config: int | str) -> IStreamClientEndpoint:
        """
        As `socks_endpoint`, with a SocksPort that is added where there is none such.

        :param socks_config: a line of ``SocksPort``. With none set, that of Tor's default stays too.
        :raises TorRefused: Tor does not take the line.
        """
        lines = self._live.value(self._live.name("SocksPort"))
        if not has_port(lines, socks_config):
            async with self.transaction() as change:
                present = list(change["SocksPort"]) or ["9050"]
                change["SocksPort"] = [*present, str(socks_config)]
        return self.socks_endpoint(reactor, socks_config)
