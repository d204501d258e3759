# -*- test-case-name: txtor.test.test_tap -*-
"""
``twist txtor`` and ``twistd -n txtor``: a Tor that is kept at hand, with onion services that are kept published.
"""

from __future__ import annotations

import os
from typing import Any

from twisted.application.service import IService
from twisted.logger import Logger
from twisted.python import usage

from txtor._deferred import deferred
from txtor.errors import Disconnected, InvalidArgument, TorError
from txtor.process import LaunchOptions
from txtor.service import Health, KeptOnionService, Status, TorService

_log = Logger()


class Options(usage.Options):
    """
    What can be said on the command line.
    """

    synopsis = "[options]"

    longdesc = (
        "Keep a Tor at hand: connect to one that runs, or (with --launch) run one. When it is lost, connect or launch again, and "
        "publish the onion services again."
    )

    optFlags = [  # noqa: N815  # Twisted's name, as the next two
        ["launch", "l", "Run a Tor of our own, instead of connecting to one."],
    ]

    optParameters = [  # noqa: N815
        ["control", "c", None, "Where the control port is, as tcp:127.0.0.1:9051. [default: the usual places]"],
        ["password-file", "p", None, "A file whose first line is the password of the control port."],
        ["data-directory", "d", None, "Where our own Tor keeps its data. [default: a temporary one]"],
        ["socks-port", "s", None, "The SocksPort of our own Tor: a port, unix:/path or auto. [default: auto]"],
        ["wait", "w", "bootstrapped", "How far our own Tor must have come to be ready: controlled or bootstrapped."],
        ["tor-binary", "b", None, "The tor to run. [default: that of PATH]"],
    ]

    compData = usage.Completions(  # noqa: N815
        optActions={
            "password-file": usage.CompleteFiles(),
            "data-directory": usage.CompleteDirs(),
            "tor-binary": usage.CompleteFiles(),
            "onion-key": usage.CompleteFiles(),
        }
    )

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # Twisted's
        self["options"] = []
        self["onions"] = []

    def opt_option(self, text: str) -> None:
        """
        An option of torrc for our own Tor, as "MaxCircuitDirtiness 60". May be given more than once.
        """
        name, _, value = text.strip().partition(" ")
        self["options"].append((name, value.strip()))

    opt_o = opt_option

    def opt_onion(self, ports: str) -> None:
        """
        An onion service to publish: its port and where that leads, as "80 127.0.0.1:8080". May be given more than once.
        """
        self["onions"].append((ports, None))

    def opt_onion_key(self, path: str) -> None:
        """
        The file with the key of the onion service that was named last. It is made, with a new key, if it is not there.
        """
        if not self["onions"]:
            raise usage.UsageError("--onion-key belongs to an --onion before it.")
        self["onions"][-1] = (self["onions"][-1][0], os.path.abspath(path))

    def postOptions(self) -> None:
        """
        Look for contradictions.
        """
        own = [name for name in ("data-directory", "socks-port", "tor-binary") if self[name] is not None]
        own += ["option"] if self["options"] else []
        if self["launch"] and (self["control"] is not None or self["password-file"] is not None):
            raise usage.UsageError("--control and --password-file are for a Tor that runs, not with --launch.")
        if own and not self["launch"]:
            raise usage.UsageError(f"--{own[0]} is for a Tor of our own: give --launch too.")
        if self["launch"]:
            try:
                self["launch-options"] = LaunchOptions(
                    self["options"],
                    data_directory=self["data-directory"],
                    socks_port=self["socks-port"],
                    wait=self["wait"],
                )
            except InvalidArgument as error:
                raise usage.UsageError(str(error)) from error


def _read_line(path: str) -> str:
    try:
        with open(path, encoding="utf-8", errors="surrogateescape") as file:
            return file.readline().rstrip("\r\n")
    except OSError as error:
        raise usage.UsageError(f"{path} cannot be read: {error.strerror}") from error


def _read_key(path: str | None) -> str | None:
    """
    The key in a file, or ``None`` where it is still to be made.
    """
    return None if path is None or not os.path.exists(path) else _read_line(path)


def _write_key(path: str, key: str) -> None:
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="ascii") as file:
        file.write(f"{key}\n")


@deferred
async def _publish(service: TorService, ports: str, path: str | None) -> None:
    """
    Publish an onion service. What goes wrong is logged: the others, and the Tor, are not harmed.
    """
    try:
        key = _read_key(path)
        onion = await _create(service, ports, key)
        _log.info("Tor publishes {hostname} for {ports}.", hostname=onion.hostname, ports=ports)
        if path is not None and key is None:
            _write_key(path, onion.private_key)
    except Disconnected:
        return  # the service was stopped before
    except (TorError, OSError, usage.UsageError) as error:
        _log.error("There is no onion service for {ports}: {error}", ports=ports, error=error)


async def _create(service: TorService, ports: str, key: str | None) -> KeptOnionService:
    """
    Make it on the first Tor that stays as long.
    """
    while True:
        try:
            return await service.create_onion_service(ports, key, wait="none")
        except Disconnected:
            if not service.running:
                raise


def _log_health(health: Health) -> None:
    if health.status is Status.READY:
        _log.info("Tor is ready.")
    elif health.status is Status.WAITING:
        _log.warn("Tor is not there: {error}", error=health.error)
    elif health.status is Status.OPENING and health.progress is not None:
        at = health.progress
        _log.info("Tor starts: {percent}% ({tag}) {summary}", percent=at.percent, tag=at.tag, summary=at.summary)
    for problem in health.problems:
        _log.warn("Not restored: {problem}", problem=problem)


def make_service(options: Options, reactor: Any) -> TorService:
    """
    The service, on any reactor.

    :raises twisted.python.usage.UsageError: a file cannot be read, or --control is no endpoint string.
    """
    password = None if options["password-file"] is None else _read_line(options["password-file"])
    target = options["launch-options"] if options["launch"] else options["control"]
    try:
        service = TorService(reactor, target, password=password, tor_binary=options["tor-binary"])
    except InvalidArgument as error:
        raise usage.UsageError(str(error)) from error
    service.setName("txtor")  # type: ignore[no-untyped-call]  # Twisted's
    service.add_status_listener(_log_health)
    for ports, path in options["onions"]:
        _publish(service, ports, path)
    return service


def makeService(options: Options) -> IService:
    """
    The service that ``twist`` and ``twistd`` run.
    """
    from twisted.internet import reactor  # only programs import the reactor

    made: IService = make_service(options, reactor)
    return made
