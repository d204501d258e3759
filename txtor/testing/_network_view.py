# -*- test-case-name: txtor.test.testing.test_network_view -*-
"""
What a private network and its nodes are for everybody: names, ports and files, without the processes.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from typing import Any, Generic, TypeVar

from twisted.internet.endpoints import quoteStringArgument

from txtor.errors import InvalidArgument, LaunchError

#: The longest path of a unix socket that every system takes (103 bytes on macOS, 107 on Linux).
LONGEST_SOCKET_PATH = 103

#: The version of the description, and how large one can be.
VERSION = 1
LARGEST_DESCRIPTION = 1 << 20

ROLES = ("authority", "relay", "exit", "client")

#: Which ports a node of each role has, besides the control port.
PORTS = {
    "authority": ("control_port", "or_port", "dir_port"),
    "relay": ("control_port", "or_port"),
    "exit": ("control_port", "or_port"),
    "client": ("control_port", "socks_port"),
}


class NodeView:
    """
    One Tor of a private network, as anybody may see it.

    :ivar nickname: its name in the network, as ``"exit0"``; a relay's nickname.
    :ivar role: ``"authority"``, ``"relay"``, ``"exit"`` or ``"client"``.
    :ivar data_directory: where it keeps everything.
    :ivar control_port: the port of 127.0.0.1 on which it takes controllers.
    :ivar socks_port: the port of 127.0.0.1 on which a client takes SOCKS; ``None`` for the others.
    :ivar or_port: a relay's or authority's port for other Tors; ``None`` for clients.
    :ivar dir_port: an authority's port for directory requests; ``None`` for the others.
    """

    def __init__(self, nickname: str, role: str, data_directory: str, ports: Mapping[str, int]) -> None:
        self.nickname = nickname
        self.role = role
        self.data_directory = data_directory
        self.control_port: int = ports["control_port"]
        self.socks_port: int | None = ports.get("socks_port")
        self.or_port: int | None = ports.get("or_port")
        self.dir_port: int | None = ports.get("dir_port")

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.nickname} control_port={self.control_port}>"

    def path(self, name: str) -> str:
        """
        One of its files.
        """
        return os.path.join(self.data_directory, name)

    def read(self, name: str) -> str:
        """
        The text of one of its files; nothing where there is no such file.
        """
        try:
            with open(self.path(name), encoding="utf-8", errors="surrogateescape") as file:
                return file.read()
        except FileNotFoundError:
            return ""

    @property
    def control_socket(self) -> str | None:
        """
        The path of its unix control socket, or ``None`` where the path would be too long for one.
        """
        path = self.path("control")
        return path if len(os.fsencode(path)) <= LONGEST_SOCKET_PATH else None

    @property
    def control_endpoint(self) -> str:
        """
        Where it takes controllers, as the description of a client endpoint of Twisted.
        """
        if self.control_socket is None:
            return f"tcp:127.0.0.1:{self.control_port}"
        path = quoteStringArgument(self.control_socket).replace("=", "\\=")
        return f"unix:{path}"

    @property
    def socks_endpoint(self) -> str | None:
        """
        Where a client takes SOCKS, as the description of a client endpoint of Twisted.
        """
        return None if self.socks_port is None else f"tcp:127.0.0.1:{self.socks_port}"

    @property
    def cookie_path(self) -> str:
        """
        The file with the cookie that controllers authenticate with. It is new each time the node starts.
        """
        return self.path("control_auth_cookie")

    @property
    def fingerprint(self) -> str | None:
        """
        A relay's or authority's identity: 40 hexadecimal digits in upper case. ``None`` for clients, which have none.
        """
        if self.role == "client":
            return None
        words = self.read("fingerprint").split()
        return words[1] if len(words) > 1 else None

    @property
    def pid(self) -> int | None:
        """
        Its process id, or ``None`` while it does not run. tor writes it when it starts and removes it when it ends in order.
        """
        text = self.read("pid").strip()
        return int(text) if text.isascii() and text.isdigit() else None

    @property
    def log(self) -> list[str]:
        """
        The last lines of its log, at level NOTICE and above.
        """
        return self.read("notices.log").splitlines()[-100:]

    def describe(self) -> dict[str, Any]:
        """
        Itself as values that JSON can hold.
        """
        ports = {name: getattr(self, name) for name in PORTS[self.role]}
        return {
            "nickname": self.nickname,
            "role": self.role,
            "fingerprint": self.fingerprint,
            "data_directory": self.data_directory,
            "control_endpoint": self.control_endpoint,
            "control_socket": self.control_socket,
            "cookie_path": self.cookie_path,
            "socks_endpoint": self.socks_endpoint,
            "ports": ports,
        }


N = TypeVar("N", bound=NodeView)


class NetworkView(Generic[N]):
    """
    A private Tor network, as anybody may see it.

    :ivar directory: where it keeps everything.
    :ivar nodes: all its Tors.
    """

    def __init__(self, directory: str, nodes: tuple[N, ...]) -> None:
        self.directory = directory
        self.nodes = nodes

    def __repr__(self) -> str:
        return f"<{type(self).__name__} of {len(self.nodes)} nodes in {self.directory}>"

    def _of_role(self, role: str) -> tuple[N, ...]:
        return tuple(node for node in self.nodes if node.role == role)

    @property
    def authorities(self) -> tuple[N, ...]:
        """
        The directory authorities, which are relays as well.
        """
        return self._of_role("authority")

    @property
    def relays(self) -> tuple[N, ...]:
        """
        The relays that are neither authorities nor exits.
        """
        return self._of_role("relay")

    @property
    def exits(self) -> tuple[N, ...]:
        """
        The relays that connect to any port of 127.0.0.0/8.
        """
        return self._of_role("exit")

    @property
    def clients(self) -> tuple[N, ...]:
        """
        The Tors that take SOCKS.
        """
        return self._of_role("client")

    def node(self, nickname: str) -> N:
        """
        The node of that name.

        :raises InvalidArgument: there is none.
        """
        for node in self.nodes:
            if node.nickname == nickname:
                return node
        raise InvalidArgument(f"There is no node {nickname!r} in this network.")

    def describe(self, owner: int) -> str:
        """
        The network as JSON, which `attach` reads.

        :param owner: the process id of who runs it.
        """
        nodes = [node.describe() for node in self.nodes]
        return json.dumps({"version": VERSION, "owner": owner, "directory": self.directory, "nodes": nodes}, indent=1)


def is_alive(pid: int) -> bool:
    """
    Whether there is a process of that id.
    """
    try:
        os.kill(pid, 0)
    except (ProcessLookupError, OverflowError):  # or no number that a process can have
        return False
    except PermissionError:
        return True
    return True


def parse_description(text: str) -> NetworkView[NodeView]:
    """
    A network that another process runs.

    :param text: what `NetworkView.describe` gave.
    :raises InvalidArgument: the text describes no network.
    :raises LaunchError: the process that ran it has ended.
    """
    try:
        description = json.loads(text)
        if description["version"] != VERSION:
            raise InvalidArgument(f"The description of the network is of version {description['version']!r}, not {VERSION}.")
        nodes = tuple(
            NodeView(str(it["nickname"]), str(it["role"]), str(it["data_directory"]), {k: int(v) for k, v in it["ports"].items()})
            for it in description["nodes"]
        )
        directory, owner = str(description["directory"]), int(description["owner"])
    except (AttributeError, KeyError, TypeError, ValueError, OverflowError, RecursionError) as error:
        if isinstance(error, InvalidArgument):
            raise
        raise InvalidArgument(f"This describes no network: {text[:200]!r} ({error!r})") from error
    if owner <= 0 or not is_alive(owner):
        raise LaunchError(f"The network in {directory} does not run any more: its owner, process {owner}, has ended.")
    return NetworkView(directory, nodes)


def attach(path: str) -> NetworkView[NodeView]:
    """
    Use a network that another process runs.

    :param path: the file with its description, as the variable ``TXTOR_TEST_NETWORK`` names it.
    :raises InvalidArgument: the file cannot be read, or describes no network.
    :raises LaunchError: the process that ran it has ended.
    """
    try:
        with open(path, encoding="utf-8", errors="surrogateescape") as file:
            return parse_description(file.read(LARGEST_DESCRIPTION))
    except (OSError, ValueError) as error:
        if isinstance(error, InvalidArgument):
            raise
        raise InvalidArgument(f"The description of the network, {path!r}, cannot be read: {error}") from error
