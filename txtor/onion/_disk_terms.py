# -*- test-case-name: txtor.test.onion.test_disk_service -*-
"""
What a program wishes of an onion service with files, checked before anything listens and before Tor is asked; and what of it
stands in the directory.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TypeAlias

from txtor.commands import SetConf, Value
from txtor.errors import InvalidArgument

from ._address import OnionAddress
from ._client_keys import ClientAuthPublicKey
from ._configured import DIRECTORY, Block
from ._disk_options import ARGUMENTS, service_options
from ._key_files import (
    check_onion_directory,
    make_directory,
    read_authorized_clients,
    read_balanced_for,
    remove_authorized_client,
    write_authorized_client,
    write_balanced_for,
)
from ._ports import OnionPort
from ._publication import WaitFor
from ._terms import PUBLICATION_SECONDS, ProgressListener, check_timeout, check_version, read_clients, read_wait

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
    def can_be_kept(self) -> bool:
        """
        Whether the next Tor can make the service again: its key is in the directory.
        """
        return True

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


def write_clients(directory: str, keys: Mapping[str, ClientAuthPublicKey] | None) -> None:
    """
    Write the files of the clients that are let in, and remove all others.

    :raises OnionKeyFileUnusable: one cannot be written or removed.
    """
    for name, key in (keys or {}).items():
        write_authorized_client(directory, name, key)
    for name in set(read_authorized_clients(directory)) - set(keys or {}):
        remove_authorized_client(directory, name)
