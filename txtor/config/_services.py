# -*- test-case-name: txtor.test.config.test_services -*-
"""
Onion services that stand in the configuration: blocks of lines that begin with HiddenServiceDir.

For Tor all of them are one ordered list, and to set any line of it replaces the whole. So a service is kept whole, with
every line that Tor told, known to txtor or not, in its order. See tor(1), HIDDEN SERVICE OPTIONS.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from txtor.errors import InvalidArgument, ProtocolViolation
from txtor.grammar import option_name

from ._kinds import ListKind, Pairs, as_text
from ._ports import ServicePort

#: What begins each service.
DIRECTORY = "HiddenServiceDir"
_PORT = "hiddenserviceport"

#: A port as programs give it: ``80``, ``(80, 8080)``, ``(80, "127.0.0.1:8080")``, ``"80 unix:/path"``.
Port: TypeAlias = "int | str | ServicePort | tuple[int, int | str]"


def _port_line(port: object) -> str:
    if isinstance(port, tuple) and len(port) == 2:
        port = f"{port[0]} {port[1]}"
    if not isinstance(port, str | int | ServicePort) or isinstance(port, bool):
        raise InvalidArgument(f"A port of an onion service is a number, a pair or a line, not {type(port).__name__}.")
    line = str(port)
    ServicePort.parse(line)
    return line


@dataclass(frozen=True, init=False)
class HiddenService:
    """
    One onion service of the configuration. It is a value: `changed` gives another one.

    :param directory: the folder of the service, as an absolute path. Tor makes it, but not its parent.
    :param ports: its ports, at least one.
    :param options: more lines, by option in Tor's own spelling, such as ``{"HiddenServiceMaxStreams": 10}``. A list gives an
        option several lines.
    :ivar directory: the folder.
    :ivar lines: all lines behind the first, as options and values in their order.
    :raises InvalidArgument: a port is none, or an option or value cannot be sent.
    """

    directory: str
    lines: tuple[tuple[str, str], ...] = field(default=())

    def __init__(
        self,
        directory: str | os.PathLike[str],
        ports: Iterable[Port] = (),
        options: Mapping[str, object] | None = None,
    ) -> None:
        if isinstance(ports, str | bytes | int) or not isinstance(ports, Iterable):
            raise InvalidArgument("The ports of an onion service stand in a list.")
        lines = [("HiddenServicePort", _port_line(port)) for port in ports]
        for name, value in (options or {}).items():
            lines += _lines_of(name, value)
        object.__setattr__(self, "directory", as_text(DIRECTORY, directory))
        object.__setattr__(self, "lines", tuple(lines))
        if not self.directory:
            raise InvalidArgument("An onion service needs a directory.")

    @classmethod
    def _from_lines(cls, directory: str, lines: Iterable[tuple[str, str]]) -> HiddenService:
        service = object.__new__(cls)
        object.__setattr__(service, "directory", directory)
        object.__setattr__(service, "lines", tuple(lines))
        return service

    @property
    def ports(self) -> tuple[str, ...]:
        """
        The lines of HiddenServicePort; `ServicePort.parse` reads one.
        """
        return self.get("HiddenServicePort")

    def get(self, option: str) -> tuple[str, ...]:
        """
        The values of an option, in any capitals, in order. What is not told has its default.
        """
        wanted = option.lower()
        return tuple(value for name, value in self.lines if name.lower() == wanted)

    def changed(self, options: Mapping[str, object]) -> HiddenService:
        """
        This service with some options of other values, and everything else as it is.

        :param options: by option in any capitals, a value, a list of values, or ``None`` to remove it. A line that there is
            stays in its place.
        :raises InvalidArgument: an option or value cannot be sent.
        """
        lines = list(self.lines)
        for name, value in options.items():
            new = [(name, line) for _, line in _lines_of(name, value)]
            places = [place for place, (known, _) in enumerate(lines) if known.lower() == name.lower()]
            new = [(lines[places[0]][0], line) for _, line in new] if places else new
            at = places[0] if places else len(lines)
            lines = [*lines[:at], *new, *[pair for pair in lines[at:] if pair[0].lower() != name.lower()]]
        return self._from_lines(self.directory, lines)

    def pairs(self) -> list[tuple[str, str]]:
        """
        All lines, the directory first.
        """
        return [(DIRECTORY, self.directory), *self.lines]


def _lines_of(name: str, value: object) -> list[tuple[str, str]]:
    option_name(name)
    if not name.lower().startswith("hiddenservice") or name.lower() == DIRECTORY.lower():
        raise InvalidArgument(f"{name} is no option of a single onion service.")
    if name.lower() == _PORT:
        ports = value if isinstance(value, list) else [] if value is None else [value]
        return [(name, _port_line(port)) for port in ports]
    values: Sequence[object] = value if isinstance(value, list | tuple) else [] if value is None else [value]
    return [(name, as_text(name, int(each) if isinstance(each, bool) else each)) for each in values]


def services_of(pairs: Iterable[tuple[str, str]]) -> tuple[HiddenService, ...]:
    """
    Cut what Tor answers for ``HiddenServiceOptions`` into services.

    :raises ProtocolViolation: a line stands before the first directory.
    """
    services: list[tuple[str, list[tuple[str, str]]]] = []
    for name, value in pairs:
        if name.lower() == DIRECTORY.lower():
            services.append((value, []))
        elif not services:
            raise ProtocolViolation(f"{name} stands before the first HiddenServiceDir.")
        else:
            services[-1][1].append((name, value))
    return tuple(HiddenService._from_lines(directory, lines) for directory, lines in services)


def _service(option: str, value: object) -> HiddenService:
    if not isinstance(value, HiddenService):
        raise InvalidArgument(f"{option} takes values of HiddenService, not {type(value).__name__}.")
    if not value.ports:
        raise InvalidArgument(f"The onion service in {value.directory} has no HiddenServicePort.")
    return value


class ServicesKind(ListKind):
    """
    The kind of ``HiddenServices``, which stands for Tor's HiddenServiceOptions.
    """

    def read(self, option: str, lines: Sequence[Any]) -> Any:
        """
        The services.
        """
        return services_of(lines)

    def write(self, option: str, value: object) -> tuple[Any, ...]:
        """
        Some services, each in a directory of its own.
        """
        services = super().write(option, value)
        directories = {os.path.normpath(service.directory) for service in services}
        if len(directories) < len(services):
            raise InvalidArgument("Two onion services have the same directory.")
        return services

    def pairs(self, option: str, value: Any) -> Pairs:
        """
        Every line of every service; for none, the bare name that removes all.
        """
        return [pair for service in value for pair in service.pairs()] or [(DIRECTORY, None)]


SERVICES_KIND = ServicesKind("HiddenServices", _service)
