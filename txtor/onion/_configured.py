# -*- test-case-name: txtor.test.onion.test_disk_service -*-
"""
The onion services in a Tor's configuration: one ordered list of lines, which is read, edited and written as a whole.

To set any line of it replaces the whole, so one change is made at a time on each connection. See tor(1), HIDDEN SERVICE OPTIONS.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from typing import TypeAlias
from weakref import WeakKeyDictionary

from twisted.internet.defer import Deferred, DeferredLock

from txtor.commands import GetConfGroup, SetConf
from txtor.control import TorControlProtocol

#: A service: its lines, of which the first is HiddenServiceDir.
Block: TypeAlias = "tuple[tuple[str, str], ...]"

DIRECTORY = "HiddenServiceDir"

_locks: WeakKeyDictionary[TorControlProtocol, DeferredLock] = WeakKeyDictionary()


def blocks_of(lines: Sequence[tuple[str, str]]) -> list[Block]:
    """
    Divide the lines of a configuration into services.
    """
    blocks: list[Block] = []
    for name, value in lines:
        if name.lower() == DIRECTORY.lower() or not blocks:
            blocks.append(())
        blocks[-1] += ((name, value),)
    return blocks


def is_in(block: Block, directory: str) -> bool:
    """
    Whether a service is that of a directory.
    """
    name, value = block[0]
    return name.lower() == DIRECTORY.lower() and os.path.normpath(value) == os.path.normpath(directory)


def edit_services(
    protocol: TorControlProtocol, directory: str, edit: Callable[[Block | None], Block | None]
) -> Deferred[Block | None]:
    """
    Change the service of a directory, and no other.

    :param edit: is given its lines, or ``None`` where there is no such service, and returns what shall stand in its place.
    :return: its lines as they were.
    :raises TorRefused: Tor does not take it, and nothing has changed.
    """
    lock = _locks.get(protocol)
    if lock is None:
        lock = _locks[protocol] = DeferredLock()
    return lock.run(lambda: Deferred.fromCoroutine(_edit(protocol, directory, edit)))


async def _edit(
    protocol: TorControlProtocol, directory: str, edit: Callable[[Block | None], Block | None]
) -> Block | None:
    blocks = blocks_of(await protocol.send(GetConfGroup("HiddenServiceOptions")))
    place = next((index for index, block in enumerate(blocks) if is_in(block, directory)), None)
    before = None if place is None else blocks[place]
    after = edit(before)
    if place is None:
        wanted = [*blocks, *([after] if after else [])]
    else:
        wanted = [*blocks[:place], *([after] if after else []), *blocks[place + 1 :]]
    lines: list[tuple[str, str | None]] = [line for block in wanted for line in block]
    await protocol.send(SetConf(lines or [(DIRECTORY, None)]))
    return before
