# -*- test-case-name: txtor.test.endpoints.test_kept -*-
"""
Onion services that are made again on each Tor.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from twisted.logger import Logger

from txtor._deferred import OneAtATime, deferred
from txtor._tor import Tor
from txtor.control import TorControlProtocol
from txtor.errors import Disconnected, InvalidArgument

from ._restoring import Restoring

if TYPE_CHECKING:
    from txtor.onion import AnyOnionService, AnyTerms, FilesystemOnionService, OnionAddress

_log = Logger()


class KeptOnionService:
    """
    An onion service that has the same address on each Tor; `TorService.create_onion_service` makes one.

    :ivar current: the service on the Tor that is there now, or was last, for all that is not here.
    """

    current: AnyOnionService

    def __init__(self, reactor: Any, restoring: Restoring, ports: Any) -> None:
        """
        Not for programs: `TorService` makes one.
        """
        self._reactor = reactor
        self._restoring = restoring
        self._ports = ports if isinstance(ports, str | int | tuple) else list(ports)
        self._turn = OneAtATime()
        self._has_files = False
        self._ends_with_tor = True

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.hostname}>"

    @property
    def hostname(self) -> str:
        """
        The address with ``.onion``.
        """
        return self.current.hostname

    @property
    def address(self) -> OnionAddress:
        """
        The address.
        """
        return self.current.address

    @property
    def ports(self) -> tuple[str, ...]:
        """
        The virtual ports and their targets, as ``"80 127.0.0.1:8080"``.
        """
        return self.current.ports

    @property
    def protocol(self) -> TorControlProtocol:
        """
        The control connection of the Tor that is there now, or was last.
        """
        return self.current.protocol

    @property
    def private_key(self) -> str:
        """
        The key, as ``"ED25519-V3:..."``.

        :raises OnionKeyFileUnusable: Tor keeps it in a file, which cannot be read.
        """
        key = self.current.private_key
        assert key is not None  # it was not discarded
        return key

    @deferred
    async def create(self, tor: Tor, terms: AnyTerms) -> None:
        """
        Make it for the first time.
        """
        if not terms.can_be_kept:
            raise InvalidArgument("An onion service that is kept has a key, and is not detached.")
        await self._make(tor, terms)
        self._restoring.hooks.append(self._restore)
        self._restoring.reloads.append(self._put_back)
        self._restoring.partings.append(self._part)
        if self._has_files:
            await self._restoring.watch_reloads()

    async def _make(self, tor: Tor, terms: AnyTerms) -> None:
        from txtor.onion import FilesystemOnionService, make_onion_service  # not every service has onion services

        self.current = await make_onion_service(self._reactor, tor.protocol, terms, self._ports)
        self._has_files = isinstance(self.current, FilesystemOnionService)
        self._ends_with_tor = tor.process is not None or not self._has_files

    @deferred
    async def _restore(self, tor: Tor) -> None:
        """
        Make it again. Whoever looks it up meanwhile finds the descriptor of before, so nobody waits for the new one.
        """
        async with self._turn:
            if self._restore not in self._restoring.hooks:
                return  # it was removed meanwhile
            before = self.current
            try:
                await before.remove()  # what listens behind it
            except Disconnected:
                pass  # the Tor of before has gone, or is this one, which replaces it
            await self._make(tor, before.terms_again)
        _log.info("{hostname} is made again on the Tor that is there now.", hostname=self.hostname)

    @deferred
    async def _put_back(self) -> None:
        """
        Tor has read its torrc again, and forgotten a service with files.
        """
        async with self._turn:
            if self._has_files and self._put_back in self._restoring.reloads:
                await cast("FilesystemOnionService", self.current).put_back()

    @deferred
    async def _part(self) -> None:
        """
        The service ends: leave nothing to a Tor that goes on.
        """
        if not self._ends_with_tor:
            await self.current.remove()

    @deferred
    async def remove(self) -> None:
        """
        End it, on this Tor and each that follows.

        :raises Disconnected: it has files, and there is no connection to a Tor that others run: if that Tor has not ended, it has
            the service as long as it lives.
        """
        if self._restore in self._restoring.hooks:
            self._restoring.hooks.remove(self._restore)
            self._restoring.reloads.remove(self._put_back)
            self._restoring.partings.remove(self._part)
        async with self._turn:
            try:
                await self.current.remove()
            except Disconnected:
                if not self._ends_with_tor:
                    raise
