# -*- test-case-name: txtor.test.onion.test_disk_service -*-
"""
Onion services that Tor keeps files of: they stand in its configuration, and live as long as Tor does.

Before Tor is told of a directory it is looked at, since Tor ends when it cannot make one or when its keys contradict each other,
and overwrites a key that is cut short. So the directory must be one that this program can see.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, TypeAlias

from twisted.internet.defer import Deferred, DeferredLock
from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger

from txtor._deferred import deferred
from txtor.commands import SetConf, Value
from txtor.control import TorControlProtocol
from txtor.errors import InvalidArgument, TorError

from . import _file_formats as formats
from ._address import OnionAddress
from ._client_keys import ClientAuthPublicKey
from ._configured import DIRECTORY, Block, edit_services
from ._deadline import Deadline
from ._disk_options import ARGUMENTS, service_options
from ._key_files import (
    HOSTNAME_FILE,
    check_onion_directory,
    make_directory,
    read_authorized_clients,
    read_balanced_for,
    read_file,
    read_onion_key,
    remove_authorized_client,
    write_authorized_client,
    write_balanced_for,
)
from ._moment import Now, utc_now
from ._ports import OnionPort, ServicePort, Targets, parse_ports
from ._publication import PublicationReport, WaitFor
from ._service import HasProtocol, close_rendezvous, protocol_of
from ._terms import (
    PUBLICATION_SECONDS,
    ProgressListener,
    check_timeout,
    check_version,
    listeners_of,
    read_clients,
    read_wait,
)
from ._watch import PublicationWatch

_log = Logger()

_BACK_END = "HiddenServiceOnionBalanceInstance"

#: The addresses of front ends: one, or several.
Fronts: TypeAlias = "OnionAddress | str | Iterable[OnionAddress | str]"


@dataclass(frozen=True)
class DiskTerms:
    """
    What is wished of a service with files, besides its ports. `Tor.create_filesystem_onion_service` describes each.

    :ivar wished: what is waited for.
    :ivar lines: the options, by the names of torrc.
    :ivar fronts: the addresses of the front ends that it is a back end of.
    :raises InvalidArgument: something cannot be.
    """

    directory: str | os.PathLike[str]
    version: int = 3
    group_readable: bool = False
    progress: ProgressListener | None = None
    await_all_uploads: bool = False
    clients: Mapping[str, ClientAuthPublicKey | str] | None = None
    options: Mapping[str, Value] | None = None
    wait: WaitFor | str | None = None
    timeout: float | None = PUBLICATION_SECONDS
    max_streams: int | None = None
    max_streams_close_circuit: bool | None = None
    introduction_points: int | None = None
    intro_dos_defense: bool | None = None
    intro_dos_rate: int | None = None
    intro_dos_burst: int | None = None
    pow_enabled: bool | None = None
    pow_queue_rate: int | None = None
    pow_queue_burst: int | None = None
    balanced_for: Fronts | None = None
    wished: WaitFor = field(init=False)
    fronts: tuple[OnionAddress, ...] = field(init=False)
    lines: Mapping[str, Value] = field(init=False)

    def __post_init__(self) -> None:
        check_version(self.version)
        check_timeout(self.timeout)
        object.__setattr__(self, "wished", read_wait(self.wait, self.await_all_uploads))
        object.__setattr__(self, "fronts", _read_fronts(self.balanced_for))
        directory = os.fspath(self.directory)
        if not isinstance(directory, str) or not os.path.isabs(directory) or "\0" in directory:
            raise InvalidArgument(f"The directory of an onion service is an absolute path: {directory!r}")
        object.__setattr__(self, "directory", os.path.normpath(directory))
        if self.clients is not None:
            if not isinstance(self.clients, Mapping):
                raise InvalidArgument("The clients of an onion service with files are a mapping of names to public keys.")
            read_clients(self.clients)
        lines = service_options({name: getattr(self, name) for name in ARGUMENTS}, self.options)
        object.__setattr__(self, "lines", lines)
        SetConf([(DIRECTORY, self.path), *lines.items()])  # what cannot be said is told before anything is done
        if self.fronts and any(name.lower() == _BACK_END.lower() for name in lines):
            raise InvalidArgument(f"balanced_for sets {_BACK_END} itself.")

    def with_progress(self, progress: ProgressListener) -> DiskTerms:
        """
        The same, with somebody else who is told of progress.
        """
        return replace(self, progress=progress)

    @property
    def path(self) -> str:
        """
        The directory.
        """
        return str(self.directory)

    def keys(self) -> dict[str, ClientAuthPublicKey] | None:
        """
        The clients, by name.
        """
        if self.clients is None:
            return None
        return dict(zip(self.clients, (read_clients([key])[0] for key in self.clients.values()), strict=True))

    def block(self, ports: Iterable[OnionPort]) -> Block:
        """
        The lines of the configuration.
        """
        lines = [(DIRECTORY, self.path)]
        if self.group_readable:
            lines.append(("HiddenServiceDirGroupReadable", "1"))
        lines += [("HiddenServicePort", str(port)) for port in ports]
        for name, value in self.lines.items():
            values = value if isinstance(value, (list, tuple)) else [value]
            lines += [(name, str(int(each) if isinstance(each, bool) else each)) for each in values]
        if self.fronts:
            lines.append((_BACK_END, "1"))
        return tuple(lines)

    def prepare(self) -> None:
        """
        Look at the directory, and write into it before Tor knows of it: without the files of its clients the service would be
        open to everybody, and of one that is a back end without addresses Tor dies.

        :raises OnionKeyFileUnusable: Tor would not survive it, or lose a key.
        """
        check_onion_directory(self.path, self.group_readable)
        keys = self.keys()
        if keys is not None or self.fronts:
            make_directory(Path(self.path), 0o750 if self.group_readable else 0o700)
        if keys is not None:
            write_clients(self.path, keys)
        if self.fronts:
            write_balanced_for(self.path, self.fronts)
        elif any(name.lower() == _BACK_END.lower() and str(value) != "0" for name, value in self.block(())):
            read_balanced_for(self.path)


def _read_fronts(fronts: Fronts | None) -> tuple[OnionAddress, ...]:
    """
    Read the addresses of front ends.

    :raises InvalidArgument: one is none, or there is none, of which Tor dies.
    """
    if fronts is None:
        return ()
    if not isinstance(fronts, (OnionAddress, str, Iterable)):
        raise InvalidArgument(f"The front ends of an onion service are addresses, not {type(fronts).__name__}.")
    given = [fronts] if isinstance(fronts, (OnionAddress, str)) else list(fronts)
    if not given:
        raise InvalidArgument("A back end has the address of at least one front end; say balanced_for=None for none.")
    return tuple(dict.fromkeys(OnionAddress.parse(each) for each in given))


class FilesystemOnionService:
    """
    A running onion service with files; `create` makes one.

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
    def hostname(self) -> str:
        """
        The address with ``.onion``.
        """
        return self.address.hostname

    @property
    def private_key(self) -> str:
        """
        The key, as ``"ED25519-V3:..."``, read from its file.

        :raises OnionKeyFileUnusable: it cannot be read.
        """
        return read_onion_key(self.directory).blob

    @property
    def report(self) -> PublicationReport:
        """
        How far the publication is, and afterwards which directories have the descriptor and which do not.
        """
        return self._watch.report

    def when_published(self) -> Deferred[PublicationReport]:
        """
        A Deferred of the caller's own; see `EphemeralOnionService.when_published`. A service that Tor had before is not
        published anew at once.
        """
        return self._watch.when_published()

    def add_progress_listener(self, listener: ProgressListener) -> None:
        """
        Call a function for each step of every publication; see `EphemeralOnionService.add_progress_listener`.
        """
        self._watch.listeners.append(listener)

    def remove_progress_listener(self, listener: ProgressListener) -> None:
        """
        Call it no more. One that is not there is no error.
        """
        if listener in self._watch.listeners:
            self._watch.listeners.remove(listener)

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


def write_clients(directory: str, keys: Mapping[str, ClientAuthPublicKey] | None) -> None:
    """
    Write the files of the clients that are let in, and remove all others.

    :raises OnionKeyFileUnusable: one cannot be written or removed.
    """
    for name, key in (keys or {}).items():
        write_authorized_client(directory, name, key)
    for name in set(read_authorized_clients(directory)) - set(keys or {}):
        remove_authorized_client(directory, name)


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
