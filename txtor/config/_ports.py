# -*- test-case-name: txtor.test.config.test_ports -*-
"""
Lines of ports: where Tor listens (``SocksPort``), and where an onion service leads (``HiddenServicePort``).
"""

from __future__ import annotations

from dataclasses import dataclass

from txtor.errors import InvalidArgument, ProtocolViolation
from txtor.grammar import find_closing_quote, quote_cstring, unquote_cstring


@dataclass(frozen=True)
class Target:
    """
    An address: a port, perhaps on a host, or a unix socket.

    :ivar port: 0 to 65535, or ``None`` for ``auto`` and for a unix socket.
    :ivar host: an address or name without brackets, or ``None`` where none is told.
    :ivar path: of a unix socket, or ``None``.
    """

    port: int | None = None
    host: str | None = None
    path: str | None = None

    def __str__(self) -> str:
        if self.path is not None:
            plain = self.path.isascii() and self.path.isprintable() and not set(' "\\').intersection(self.path)
            return f"unix:{self.path}" if plain else f"unix:{quote_cstring(self.path)}"
        port = "auto" if self.port is None else str(self.port)
        if self.host is None:
            return port
        return f"[{self.host}]:{port}" if ":" in self.host else f"{self.host}:{port}"

    @classmethod
    def parse(cls, text: str) -> Target:
        """
        Read a port, ``auto``, ``address:port`` or ``unix:path``.

        :raises InvalidArgument: it is none of them.
        """
        if text.startswith("unix:"):
            path = text[5:]
            if path.startswith('"'):
                try:
                    path = unquote_cstring(path)
                except ProtocolViolation as error:
                    raise InvalidArgument(f"Not the path of a unix socket: {error}") from None
            if not path:
                raise InvalidArgument("A unix socket needs a path.")
            return cls(path=path)
        host, colon, port = text.rpartition(":")
        if not colon:
            return cls(_port(text), None) if text.lower() != "auto" else cls()
        if host[:1] == "[" and host[-1:] == "]":
            host = host[1:-1]
        elif ":" in host:
            raise InvalidArgument(f"An IPv6 address stands in brackets: {text[:80]!r}")
        if not host:
            raise InvalidArgument(f"There is no host in {text[:80]!r}.")
        return cls(None if port.lower() == "auto" else _port(port), host)


def _port(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= 5 and int(text) <= 65535):
        raise InvalidArgument(f"Not a port: {text[:40]!r}")
    return int(text)


def _split(line: str) -> tuple[str, str]:
    """
    The first word, which may be ``unix:"..."`` with blanks, and the rest.
    """
    line = line.strip()
    if line.startswith('unix:"'):
        end = find_closing_quote(line, 5)
        if end < 0:
            raise InvalidArgument("The quotes around the path of a unix socket are not closed.")
        return line[: end + 1], line[end + 1 :].strip()
    word, _, rest = line.partition(" ")
    return word, rest.strip()


@dataclass(frozen=True)
class PortLine:
    """
    A line of ``SocksPort`` and its like: where Tor listens, and how it treats who comes.

    :ivar target: where.
    :ivar flags: the words behind it, as Tor writes them.
    """

    target: Target
    flags: tuple[str, ...] = ()

    def __str__(self) -> str:
        return " ".join([str(self.target), *self.flags])

    @classmethod
    def parse(cls, line: str) -> PortLine:
        """
        Read a line.

        :raises InvalidArgument: it is none.
        """
        word, rest = _split(line)
        return cls(Target.parse(word), tuple(rest.split()))


@dataclass(frozen=True)
class ServicePort:
    """
    A line of ``HiddenServicePort``.

    :ivar port: what clients connect to, 1 to 65535.
    :ivar target: where the service leads them; ``None`` for the same port of this machine.
    """

    port: int
    target: Target | None = None

    def __str__(self) -> str:
        return str(self.port) if self.target is None else f"{self.port} {self.target}"

    @classmethod
    def parse(cls, line: str) -> ServicePort:
        """
        Read a line: ``80``, ``80 8080``, ``80 127.0.0.1:8080``, ``80 unix:"/a b"``.

        :raises InvalidArgument: it is none.
        """
        first, rest = _split(line)
        port = _port(first)
        if not port:
            raise InvalidArgument("An onion service has no port 0.")
        if not rest:
            return cls(port)
        word, more = _split(rest)
        if more:
            raise InvalidArgument(f"There is too much behind the target of a HiddenServicePort: {more[:40]!r}")
        if not word.startswith("unix:") and ":" not in word and not word.isdigit():
            return cls(port, Target(port, word))  # a host alone: tor takes the same port of it
        return cls(port, Target.parse(word))
