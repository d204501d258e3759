# -*- test-case-name: txtor.test.config.test_on_tor -*-
"""
Refusing onion services of the configuration that Tor would not survive, as far as can be told from here.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from typing import Any

from twisted.internet.address import UNIXAddress

from txtor.control import TorControlProtocol
from txtor.grammar import decode

from ._directories import check_directory
from ._services import DIRECTORY, HiddenService, services_of

#: Checks the keys in the directory of an onion service, as `txtor.onion.check_onion_directory` does.
CheckKeys = Callable[[str, bool], object]


def services_among(assignments: Iterable[tuple[str, Any]]) -> tuple[HiddenService, ...]:
    """
    The onion services that are set by some options, of which others are none of theirs.
    """
    begun = [(name, value) for name, value in assignments if name.lower().startswith("hiddenservice")]
    pairs = [(name, _text(value)) for name, value in begun if value is not None]
    while pairs and pairs[0][0].lower() != DIRECTORY.lower():  # options for all, or a mistake that Tor tells
        del pairs[0]
    return services_of(pairs)


def _text(value: object) -> str:
    return decode(value) if isinstance(value, bytes) else str(value)


async def check_services(
    protocol: TorControlProtocol,
    services: Iterable[HiddenService],
    check_keys: CheckKeys | None = None,
    local_files: bool | None = None,
) -> None:
    """
    Look at their directories, where they are on this machine.

    :param check_keys: is called with each directory, and whether its group may read it.
    :param local_files: whether they are; by default where the connection is one of this machine.
    :raises InvalidArgument: Tor would exit; the text says why.
    """
    checked = list(services)
    if not checked or not (_is_local(protocol) if local_files is None else local_files):
        return
    told = await protocol.get_info_single("process/uid", "")
    uid = int(told) if told.isascii() and told.isdigit() and len(told) < 20 else None
    for service in checked:
        group_readable = service.get("HiddenServiceDirGroupReadable")[-1:] == ("1",)
        check_directory(service.directory, uid, group_readable)
        if check_keys is not None and os.geteuid() in (0, uid):  # others may not read keys
            check_keys(service.directory, group_readable)


def _is_local(protocol: TorControlProtocol) -> bool:
    """
    Whether the other end of the connection is on this machine.
    """
    peer: Any = protocol.transport.getPeer() if protocol.transport is not None else None
    host = getattr(peer, "host", "")
    return isinstance(peer, UNIXAddress) or host == "::1" or str(host).startswith("127.")
