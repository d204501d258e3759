# -*- test-case-name: txtor.test.testing.test_network_program -*-
"""
A private Tor network as a program: ``python -m txtor.testing.network``.

Without a command it runs until it is told to end (Ctrl-C, TERM), and prints the network's description on standard output when
it is ready. With one, ``python -m txtor.testing.network -- COMMAND ...``, it runs the command on the network, and ends with
it and with its exit status; the command finds the path of the description in ``TXTOR_TEST_NETWORK``.
"""

from __future__ import annotations

import argparse
import os
import sys
from contextlib import suppress

from twisted.internet.defer import Deferred
from twisted.internet.error import ProcessExitedAlready, ProcessTerminated
from twisted.internet.protocol import ProcessProtocol, Protocol
from twisted.internet.stdio import StandardIO
from twisted.internet.task import react
from twisted.python.failure import Failure

from txtor._deferred import deferred
from txtor.errors import InvalidArgument, LaunchError

from ._network import TorNetwork
from ._network_process import INetworkReactor

#: How long the command may take to end after TERM, in seconds.
COMMAND_GRACE = 10.0


class Command(ProcessProtocol):
    """
    The command, which has our standard input and output.

    :ivar status: its exit status; 128 and the number of the signal that ended it, as shells have it.
    """

    def __init__(self, reactor: INetworkReactor) -> None:
        self.status = 0
        self._reactor = reactor
        self._ended: Deferred[None] = Deferred()
        self._trigger = reactor.addSystemEventTrigger("before", "shutdown", self._end)

    def processEnded(self, reason: Failure) -> None:
        """
        It has ended.
        """
        if isinstance(reason.value, ProcessTerminated):
            number = reason.value.signal
            self.status = reason.value.exitCode if number is None else 128 + number
        self._ended.callback(None)

    def when_ended(self) -> Deferred[None]:
        """
        Wait until it has ended. May be called several times.
        """
        waiting: Deferred[None] = Deferred()
        self._ended.addCallback(lambda _: waiting.callback(None))
        return waiting

    def _signal(self, name: str) -> None:
        assert self.transport is not None
        with suppress(ProcessExitedAlready):
            self.transport.signalProcess(name)

    @deferred
    async def _end(self) -> None:
        later = self._reactor.callLater(COMMAND_GRACE, self._signal, "KILL")
        self._signal("TERM")
        await self.when_ended()
        if later.active():
            later.cancel()


class EndOfInput(Protocol):
    """
    Ends the program when its standard input ends.
    """

    def __init__(self, ended: Deferred[None]) -> None:
        self._waiting = ended

    def connectionLost(self, reason: Failure | None = None) -> None:
        """
        It has ended.
        """
        if not self._waiting.called:
            self._waiting.callback(None)


def parser() -> argparse.ArgumentParser:
    """
    The options of the program.
    """
    result = argparse.ArgumentParser(
        prog="python -m txtor.testing.network",
        description="Run a private Tor network on loopback, and perhaps a command on it.",
    )
    result.add_argument("--directory", help="where to keep it, so that it starts faster the next time (else: temporary)")
    for name, number, what in (
        ("authorities", 3, "directory authorities"),
        ("relays", 0, "relays that are no exits"),
        ("exits", 4, "relays that connect to any port of 127.0.0.0/8"),
        ("clients", 2, "Tors that take SOCKS"),
    ):
        result.add_argument(f"--{name}", type=int, default=number, metavar="N", help=f"{what} (default: {number})")
    result.add_argument("--tor", metavar="PATH", help="the tor binary (default: looked for in PATH)")
    result.add_argument("--timeout", type=float, default=120, metavar="SECONDS", help="how long starting may take (default: 120)")
    result.add_argument("--until-eof", action="store_true", help="end when standard input ends")
    result.add_argument("--quiet", action="store_true", help="tell no progress on standard error")
    result.add_argument("command", nargs="*", metavar="COMMAND", help="run this on the network, and end with it")
    return result


def tell(percent: int, nickname: str, tag: str, summary: str) -> None:
    """
    Progress, on standard error.
    """
    print(f"{percent:3} % {nickname or 'network'}: {summary}", file=sys.stderr, flush=True)


@deferred
async def serve(reactor: INetworkReactor, network: TorNetwork, options: argparse.Namespace) -> int:
    """
    What happens on the network while it runs.

    :return: the exit status of the program.
    """
    description = os.path.join(network.directory, "network.json")
    if options.command:
        environment = {**os.environ, "TXTOR_TEST_NETWORK": description}
        words = [os.fsencode(word) for word in options.command]
        command = Command(reactor)
        reactor.spawnProcess(command, words[0], words, environment, childFDs={0: 0, 1: 1, 2: 2})
        await command.when_ended()
        return command.status
    with open(description, encoding="utf-8") as file:
        print(file.read(), flush=True)
    ended: Deferred[None] = Deferred()
    if options.until_eof:
        StandardIO(EndOfInput(ended))
    await ended
    return 0


@deferred
async def main(reactor: INetworkReactor, *arguments: str) -> None:
    """
    The program.
    """
    options = parser().parse_args(arguments)
    try:
        network = TorNetwork(
            reactor,
            options.directory,
            options.authorities,
            options.relays,
            options.exits,
            options.clients,
            options.tor,
            progress=None if options.quiet else tell,
            timeout=options.timeout,
        )
        async with network:
            status = await serve(reactor, network, options)
    except (InvalidArgument, LaunchError) as error:
        print(f"txtor.testing.network: {error}", file=sys.stderr)
        status = 2 if isinstance(error, InvalidArgument) else 1
    if status:
        raise SystemExit(status)


if __name__ == "__main__":
    react(main, sys.argv[1:])
