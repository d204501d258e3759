# -*- test-case-name: txtor.test.onion.test_disk_service -*-
"""
Onion services that Tor keeps files of: they stand in its configuration, and live as long as Tor does.

Before Tor is told of a directory it is looked at, since Tor ends when it cannot make one or when its keys contradict each other,
and overwrites a key that is cut short. So the directory must be one that this program can see.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from twisted.internet.defer import Deferred, DeferredLock
from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger

from txtor._deferred import deferred
from txtor.control import TorControlProtocol
from txtor.errors import InvalidArgument, TorError

from . import _file_formats as formats
from ._address import OnionAddress
from ._asking import HasProtocol, close_rendezvous, protocol_of
from ._client_keys import ClientAuthPublicKey
from ._configured import Block, edit_services
from ._deadline import Deadline
from ._disk_terms import DiskTerms, write_clients
from ._followed import FollowedService
from ._key_files import (
    HOSTNAME_FILE,
    read_authorized_clients,
    read_file,
    read_onion_key,
)
from ._moment import Now, utc_now
from ._ports import OnionPort, ServicePort, Targets, parse_ports
from ._publication import PublicationReport, WaitFor
from ._terms import (
    PUBLICATION_SECONDS,
    ProgressListener,
    listeners_of,
)
from ._watch import PublicationWatch

_log = Logger()


class FilesystemOnionService(FollowedService):
    """
    A running onion service with files; `create` makes one. A service that Tor had before is not published anew at once: an hour
    may pass until `when_published` fires.

    :ivar address: its address.
    :ivar directory: where Tor keeps its keys.
    :ivar ports: the virtual ports and their targets, as ``"80 127.0.0.1:8080"``.
    :ivar version: 3.
    :ivar protocol: the control connection.
    """

    version = 3

    def __init__(  # noqa: PLR0917  # one place makes it
        self,
        protocol: TorControlProtocol,
        terms: DiskTerms,
        targets: Targets,
        address: OnionAddress,
        watch: PublicationWatch,
        now: Now,
    ) -> None:
        """
        Not for programs: `create` makes one.
        """
        self.protocol = protocol
        self.address = address
        self.directory = terms.path
        self.ports = tuple(str(port) for port in targets.ports)
        self._terms = terms
        self._targets = targets
        self._watch = watch
        self._now = now
        self._lock = DeferredLock()
        self._removed = False

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.hostname} {', '.join(self.ports)} in {self.directory}>"

    @property
    def private_key(self) -> str:
        """
        The key, as ``"ED25519-V3:..."``, read from its file.

        :raises OnionKeyFileUnusable: it cannot be read.
        """
        return read_onion_key(self.directory).blob

    @property
    def terms_again(self) -> DiskTerms:
        """
        With which another Tor makes it again: what stands in the directory stays. It is not waited for.
        """
        return replace(self._terms, clients=None, wait=WaitFor.NONE, await_all_uploads=False)

    @classmethod
    @deferred
    async def create(  # noqa: PLR0917  # the order that programs know from txtorcon
        cls,
        reactor: IReactorTime,
        tor: TorControlProtocol | HasProtocol,
        hsdir: str | os.PathLike[str],
        ports: ServicePort | Iterable[ServicePort],
        version: int = 3,
        group_readable: bool = False,
        progress: ProgressListener | None = None,
        await_all_uploads: bool = False,
        **more: Any,
    ) -> FilesystemOnionService:
        """
        Make a service; see `txtor.Tor.create_filesystem_onion_service`, which has the same arguments.

        :param reactor: for listening, where a target is a factory, and as a clock.
        :param tor: a `txtor.Tor`, or a control connection.
        :param hsdir: the directory.
        :param more: the other arguments.
        """
        terms = DiskTerms(hsdir, version, group_readable, progress, await_all_uploads, **more)
        return await create_disk_service(cls, reactor, protocol_of(tor), parse_ports(ports), terms)

    def set_clients(
        self, clients: Mapping[str, ClientAuthPublicKey | str] | None, timeout: float | None = PUBLICATION_SECONDS
    ) -> Deferred[PublicationReport]:
        """
        Let in other clients from now on: their files are written, the others removed, and Tor reads them. Connections of clients
        end. One that is no longer there has lost access once the service is published again, which Tor does at once where the
        keys are others than before.

        :param clients: names to public keys; ``None`` lets in everybody.
        :param timeout: seconds until it must be published again, or ``None`` for no limit.
        :return: fires when it is published again as was waited for in the beginning; at once where the keys stay the same.
        :raises InvalidArgument: a key or name is none, the mapping is empty, or the service was removed.
        :raises OnionKeyFileUnusable: a file cannot be written.
        :raises OnionPublishError: it was not published in time: one that should be out may still be in.
        """
        return self._lock.run(self._set_clients, clients, timeout)

    @deferred
    async def _set_clients(
        self, clients: Mapping[str, ClientAuthPublicKey | str] | None, timeout: float | None
    ) -> PublicationReport:
        if self._removed:
            raise InvalidArgument(f"{self.hostname} has been removed.")
        keys = DiskTerms(self.directory, clients=clients, timeout=timeout).keys()
        before = set(read_authorized_clients(self.directory).values())
        write_clients(self.directory, keys)
        changed = before != set((keys or {}).values())
        if changed:
            await self._watch.until_newer()
            await self._watch_anew()
        await edit_services(self.protocol, self.directory, lambda block: block)
        await close_rendezvous(self.protocol, self.address)
        if not changed:
            return self.report
        if timeout is not None:
            self._watch.expire_in(timeout)
        return await self._watch.when_published()

    async def _watch_anew(self) -> None:
        """
        Follow the next publication as if it were the first.
        """
        before = self._watch
        watch = PublicationWatch(before.clock, self.protocol, self._terms.wished, before.listeners, self._now)
        await watch.start()
        watch.named(self.address)
        self._watch = watch
        before.stop("Its clients were changed.")

    def put_back(self) -> Deferred[None]:
        """
        Put the service into Tor's configuration again, where Tor has forgotten it because it was told to read its torrc again
        (SIGHUP). Nothing is done if it was removed.

        :raises OnionKeyFileUnusable: Tor would not survive its directory any more.
        :raises TorRefused: Tor does not take it.
        """
        return self._lock.run(self._put_back)

    @deferred
    async def _put_back(self) -> None:
        if not self._removed:
            replace(self._terms, clients=None).prepare()
            await edit_services(self.protocol, self.directory, lambda block: self._terms.block(self._targets.ports))

    def remove(self) -> Deferred[None]:
        """
        Take the service out of Tor's configuration, and close what listens behind it because a factory was given. Its files
        stay, so that it can be had again. This may be called again.

        :raises Disconnected: there is no connection to Tor, where it goes on if Tor runs.
        """
        return self._lock.run(self._remove)

    @deferred
    async def _remove(self) -> None:
        self._watch.stop()
        await self._targets.close()
        if not self._removed:
            await edit_services(self.protocol, self.directory, lambda block: None)
            self._removed = True


async def create_disk_service(
    kind: type[FilesystemOnionService],
    reactor: IReactorTime,
    protocol: TorControlProtocol,
    ports: tuple[OnionPort, ...],
    terms: DiskTerms,
    *,
    now: Now = utc_now,
) -> FilesystemOnionService:
    """
    Make a service and wait for it as was wished. If that goes wrong, the configuration is as it was; its files stay.
    """
    deadline = Deadline(reactor, terms.timeout)
    targets = Targets(reactor)
    watch = PublicationWatch(reactor, protocol, terms.wished, listeners_of(terms.progress), now)
    before: list[Block | None] = []
    try:
        await targets.open(ports)
        await deadline.limit(watch.start(), "SETEVENTS")
        terms.prepare()

        def put(block: Block | None) -> Block | None:
            before.append(block)
            return terms.block(targets.ports)

        await deadline.limit(edit_services(protocol, terms.path, put), "SETCONF")
        address = read_file(Path(terms.path) / HOSTNAME_FILE, formats.parse_hostname_file)
        watch.named(address)
        # One that Tor had before keeps its introduction points, and nothing may be uploaded for an hour.
        if terms.wished is not WaitFor.NONE and before == [None]:
            deadline.then(watch.expire_in)
            await watch.when_published()
        return kind(protocol, terms, targets, address, watch, now)
    except BaseException:  # whatever stopped it, nothing of it may stay
        watch.stop()
        if before:
            edit_services(protocol, terms.path, lambda block: before[0]).addErrback(_not_undone)
        await targets.close()
        raise


def _not_undone(failure: Any) -> None:
    failure.trap(TorError)
    _log.debug("The configuration could not be set back: {failure}", failure=failure)
