"""
What a test that runs real Tors must not leave behind.
"""

from __future__ import annotations

import os
import tempfile
from typing import Any

from twisted.internet import reactor as _reactor
from twisted.internet.protocol import Factory
from twisted.internet.task import deferLater
from twisted.trial.unittest import TestCase

reactor: Any = _reactor

#: A Tor that needs no network, and reads no tables of countries, which take it a second.
OFFLINE: dict[str, Any] = {"DisableNetwork": 1, "GeoIPFile": "/dev/null", "GeoIPv6File": "/dev/null"}


def is_running(pid: int) -> bool:
    """
    Whether a process exists that is no zombie.
    """
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:
            return file.read().rpartition(b")")[2].split()[0] != b"Z"
    except OSError:
        return False


def running_children(of: int | None = None) -> set[int]:
    """
    The processes that one has started, zombies too.

    :param of: its process id; by default ours.
    """
    wanted = os.getpid() if of is None else of
    children = set()
    for name in os.listdir("/proc"):
        if name.isdigit():
            try:
                with open(f"/proc/{name}/stat", "rb") as file:
                    parent = int(file.read().rpartition(b")")[2].split()[1])
            except OSError:
                continue
            if parent == wanted:
                children.add(int(name))
    return children


def open_descriptors() -> list[str]:
    """
    What this process has open.
    """
    found = []
    for name in os.listdir("/proc/self/fd"):
        try:
            found.append(os.readlink(f"/proc/self/fd/{name}"))
        except OSError:
            continue  # that of the folder that is being listed
    return sorted(found)


async def until(holds: Any, seconds: float = 15.0) -> None:
    """
    Wait until something outside this process is so.
    """
    deadline = reactor.seconds() + seconds
    while not holds():
        if reactor.seconds() > deadline:
            raise AssertionError(f"It has not happened in {seconds:g} s.")
        await deferLater(reactor, 0.02, lambda: None)


class NothingLeftTestCase(TestCase):
    """
    After each test, no process, descriptor or temporary file is left. (trial itself looks for delayed calls.)
    """

    timeout = 60

    async def setUp(self) -> None:  # type: ignore[override]  # trial takes coroutines
        """
        Note what there is, and have temporary files in a folder of the test's own.
        """
        await deferLater(reactor, 0, lambda: None)  # trial starts the reactor now, with descriptors of its own
        # Since something listened for the first time, Twisted keeps a descriptor in reserve.
        await reactor.listenTCP(0, Factory(), interface="127.0.0.1").stopListening()
        folder = tempfile.mkdtemp(prefix="txtor-", dir="/tmp")
        self.patch(tempfile, "tempdir", folder)
        self.folder = folder
        self.children = running_children()
        self.descriptors = open_descriptors()
        self.addCleanup(self.nothing_is_left)

    def nothing_is_left(self) -> None:
        """
        Compare.
        """
        self.assertEqual(os.listdir(self.folder), [])
        os.rmdir(self.folder)
        self.assertEqual(running_children() - self.children, set())
        self.assertEqual(open_descriptors(), self.descriptors)
