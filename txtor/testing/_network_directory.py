# -*- test-case-name: txtor.test.testing.test_network_directory -*-
"""
The directory of a private network: made, locked, described, and removed if it was a temporary one.
"""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import tempfile
from collections.abc import Mapping

from txtor.errors import InvalidArgument, LaunchError

from ._network_process import ChildProcess, Children

#: Waits for a word on its standard input. The owner that ends without having said it leaves the directory to be removed; a
#: Tor that is about to end may write once more, hence three attempts.
_REMOVER = """
trap '' HUP INT TERM
read word
test "$word" = done || for pause in 1 1 3; do sleep $pause; rm -rf -- "$1"; done
"""


def check_directory(directory: str | os.PathLike[str] | None) -> str | None:
    """
    Where a network is to be kept.

    :return: the absolute path, or ``None`` for a temporary directory.
    :raises InvalidArgument: no torrc could name the path.
    """
    if directory is None:
        return None
    path = os.fspath(directory) if isinstance(directory, str | os.PathLike) else None
    if not isinstance(path, str) or not path or not path.isprintable():
        raise InvalidArgument(f"directory must be the path of a directory, without control characters, not {directory!r}.")
    return os.path.abspath(path)


def write_file(path: str, text: str) -> None:
    """
    Write a file at once: nobody sees half of it.
    """
    with open(f"{path}.new", "w", encoding="utf-8", errors="surrogateescape") as file:
        file.write(text)
    os.replace(f"{path}.new", path)


class NetworkDirectory:
    """
    The directory, which is ours while this exists.

    :ivar path: its absolute path.
    """

    def __init__(self, path: str | None) -> None:
        """
        :param path: where to keep the network; ``None`` makes a temporary directory.
        :raises InvalidArgument: another network runs there.
        :raises LaunchError: the directory cannot be made.
        """
        self._temporary = path is None
        self._remover: ChildProcess | None = None
        try:
            self.path = tempfile.mkdtemp(prefix="txtor-") if path is None else path
            os.makedirs(self.path, mode=0o700, exist_ok=True)
            self._lock = os.open(self.file("lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise LaunchError(f"The directory of the network cannot be made: {error}") from error
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            os.close(self._lock)
            raise InvalidArgument(f"Another network runs in {self.path}.") from error

    def file(self, name: str) -> str:
        """
        The path of one of its files.
        """
        return os.path.join(self.path, name)

    def guard(self, children: Children) -> None:
        """
        See to it that a temporary directory is removed even when we are killed.

        :param children: what starts the process that waits for it.
        """
        if self._temporary:
            self._remover = children.spawn(["/bin/sh", "-c", _REMOVER, "sh", self.path], "/", stdin=True)

    def make_nodes(self, names: Mapping[str, str]) -> None:
        """
        Make the directories of the nodes, and forget what described an earlier run.

        :param names: the nodes and their roles.
        :raises InvalidArgument: it keeps a network with other authorities, whose keys the new one would not know.
        :raises LaunchError: the directories cannot be made.
        """
        wanted = {name for name, role in names.items() if role == "authority"}
        there = {name for name in os.listdir(self.path) if name.startswith("authority")}
        if there and there != wanted:
            raise InvalidArgument(f"{self.path} keeps a network with other authorities: {', '.join(sorted(there))}.")
        try:
            self.forget()
            for name in names:
                os.makedirs(self.file(name), mode=0o700, exist_ok=True)
                write_file(os.path.join(self.file(name), "empty"), "")
        except OSError as error:
            raise LaunchError(f"The directories of the nodes cannot be made: {error}") from error

    def kept_ports(self) -> dict[tuple[str, str], int]:
        """
        The ports of the last run, by node and kind of port. A file that cannot be read costs nothing but other ports.
        """
        try:
            with open(self.file("ports.json"), encoding="utf-8") as file:
                kept = json.load(file)
            return {
                (str(name), str(kind)): port
                for name, ports in kept.items()
                for kind, port in ports.items()
                if isinstance(port, int) and 0 < port < 65536
            }
        except (OSError, ValueError, AttributeError, RecursionError):
            return {}

    def keep_ports(self, ports: Mapping[str, Mapping[str, int]]) -> None:
        """
        Remember the ports for the next run.
        """
        write_file(self.file("ports.json"), json.dumps(ports, indent=1))

    def forget(self) -> None:
        """
        Remove the description of a network that does not run.
        """
        if os.path.exists(self.file("network.json")):
            os.remove(self.file("network.json"))

    def close(self) -> None:
        """
        Let it go: remove it if it is temporary, and unlock it.
        """
        if self._temporary:
            shutil.rmtree(self.path)
        else:
            self.forget()
        os.close(self._lock)
        if self._remover is not None:
            self._remover.transport.write(b"done\n")
            self._remover.transport.closeStdin()
