# -*- test-case-name: txtor.test.testing.test_network -*-
"""
A private Tor network: authorities, relays, exits and clients of the real tor on loopback.

How it works: ports are bound and held, the authorities' keys are made beside each other, every torrc is written, the ports are
let go, and all relays start at once. The clients follow when the authorities' consensus lists every relay. Bootstrapping is
read from what Tors print, and their consensus from their files: no control connection is needed, which leaves the control ports
to what is being tested.

Nothing outlives the owner. Each tor finds on a descriptor a socket whose other end is ours (``__OwningControllerFD``): it
closes with our process, however that ends, and tor then ends at once. A shell that waits for the same removes a temporary
directory.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import count
from types import TracebackType

from twisted.internet.defer import CancelledError, Deferred, FirstError, gatherResults
from twisted.internet.defer import TimeoutError as TooSlow
from twisted.internet.task import deferLater
from twisted.logger import Logger

from txtor._deferred import deferred
from txtor.errors import InvalidArgument, LaunchError

from ._network_checks import check_number, check_torrc, nicknames
from ._network_directory import NetworkDirectory, check_directory, write_file
from ._network_keys import TorPrograms, find_programs, make_authority
from ._network_ports import HeldPorts
from ._network_process import Children, INetworkReactor
from ._network_ready import missing
from ._network_torrc import lasting
from ._network_torrc import torrc as write_torrc
from ._network_view import PORTS, NetworkView
from ._node import GRACE, TorNode

#: How often ports are chosen anew when somebody takes one in the moment between letting it go and tor's taking it.
ATTEMPTS = 3

#: How often the consensus of the clients is looked at, in seconds.
PAUSE = 0.2

#: After how many looks those who are late are told to try again. Left alone, they wait longer after each failure.
LOOKS = 10

#: Hears how far a network is: percent of the whole, and of the node that got further: nickname, tag and summary.
NetworkProgress = Callable[[int, str, str, str], object]


@deferred
async def together(waiting: Iterable[Deferred[None]]) -> None:
    """
    Wait for all, or for the first failure, which is raised as it is.
    """
    try:
        await gatherResults(list(waiting), consumeErrors=True)
    except FirstError as first:
        first.subFailure.raiseException()


class TorNetwork(NetworkView[TorNode]):
    """
    A private Tor network that we run.

    :ivar directory: where it keeps everything; empty before it has started, when it is to be a temporary one.
    :ivar nodes: all its Tors; empty before it has started.
    :ivar percent: how far its start has come, from 0 to 100.
    """

    _log = Logger()

    def __init__(  # noqa: PLR0917  # the numbers of nodes read well without their names
        self,
        reactor: INetworkReactor,
        directory: str | os.PathLike[str] | None = None,
        authorities: int = 3,
        relays: int = 0,
        exits: int = 4,
        clients: int = 2,
        tor_binary: str | None = None,
        torrc: Mapping[str, str | Sequence[str]] | None = None,
        progress: NetworkProgress | None = None,
        timeout: float = 120,
    ) -> None:
        """
        :param directory: where to keep it, so that it starts in a few seconds the next time, with the same keys and, where they
            are still free, the same ports. ``None``: a temporary directory, which is removed.
        :param authorities: how many directory authorities, at least one. They are relays as well.
        :param relays: how many further relays that are no exits.
        :param exits: how many relays that connect to any port of 127.0.0.0/8.
        :param clients: how many Tors that take SOCKS.
        :param tor_binary: the path of tor; ``None`` looks in ``PATH``.
        :param torrc: further lines of configuration, by nickname (``"exit0"``), by role, or for all (``"*"``).
        :param progress: called with the percent of the whole, and nickname, tag and summary of the node that got further.
        :param timeout: how long starting may take, in seconds.
        :raises InvalidArgument: a number, a name or a line is not usable.
        """
        self._wanted_directory = check_directory(directory)
        super().__init__(self._wanted_directory or "", ())
        self._reactor = reactor
        self._names = nicknames(authorities, relays, exits, clients)
        self._extra = check_torrc(torrc, self._names)
        if tor_binary is not None and (not isinstance(tor_binary, str) or "\0" in tor_binary):
            raise InvalidArgument(f"tor_binary must be the path of tor, not {tor_binary!r}.")
        self._tor_binary = tor_binary
        self._progress = progress
        self._timeout = check_number("timeout", timeout)
        self.percent = 0
        self._children = Children(reactor)
        self._guards = Children(reactor)
        self._place: NetworkDirectory | None = None
        self._trigger: object | None = None
        self._starting: Deferred[None] | None = None
        self._stopped_early = False
        self._ending: list[Deferred[None]] | None = None

    @deferred
    async def start(self) -> None:
        """
        Start it, and wait until its clients can build circuits through every relay and exit.

        :raises InvalidArgument: it was started already, or its directory is another network's.
        :raises TorNotFound: there is no tor binary.
        :raises LaunchError: a Tor did not start, or not in time; with the last lines that it printed. Nothing is left.
        """
        if self._place is not None:
            raise InvalidArgument("The network has been started already.")
        programs = find_programs(self._tor_binary)
        self._place = NetworkDirectory(self._wanted_directory)
        self.directory = self._place.path
        self.percent, self._stopped_early, ready = 0, False, False
        self._trigger = self._reactor.addSystemEventTrigger("before", "shutdown", self._shut_down)
        try:
            self._place.guard(self._guards)
            self._starting = self._launch(self._place, programs)
            self._starting.addTimeout(self._timeout, self._reactor)
            await self._starting
            ready = True
        except TooSlow:
            raise self._too_slow() from None
        except CancelledError:
            if self._stopped_early:
                raise LaunchError("The network was stopped before it was ready.") from None
            raise
        finally:
            self._starting = None
            if not ready:
                await self._end()

    def _too_slow(self) -> LaunchError:
        late = f"not ready after {self._timeout:g} s"
        if not self.nodes:
            return LaunchError(f"The network was {late}: its keys were still being made.")
        return min(self.nodes, key=lambda node: node.percent).failure(f"was {late}")

    @deferred
    async def _launch(self, place: NetworkDirectory, programs: TorPrograms) -> None:
        place.make_nodes(self._names)
        wishes = place.kept_ports()
        for attempt in range(1, ATTEMPTS + 1):
            await self._prepare(place, programs, wishes)
            try:
                await self._bootstrap()
                break
            except LaunchError as error:
                if attempt == ATTEMPTS or not any("Address already in use" in line for line in error.output):
                    raise
                await self._children.end_all(GRACE)
                wishes = {}
        write_file(place.file("network.json"), self.describe(os.getpid()))
        self._report(100, "", "done", "Done")

    def _configure(self, authorities: Sequence[str], programs: TorPrograms) -> None:
        now, changed = time.time(), False
        for node in self.nodes:
            text = write_torrc(node, authorities, self._extra[node.nickname], os.getpid(), now)
            changed = changed or lasting(text) != lasting(node.read("torrc"))
            write_file(node.path("torrc"), text)
            node.adopt(self._children, programs.tor, self._node_progress)
        if changed:
            for node in self.nodes:
                node.forget_network()

    @deferred
    async def _bootstrap(self) -> None:
        relays = [node for node in self.nodes if node.or_port is not None]
        starting = [node.start() for node in relays]
        try:
            await self._wait_for_consensus(self.authorities, relays)
            await self._wait_for_consensus(relays, relays)
            starting += [node.start() for node in self.clients]
            await self._wait_for_consensus(self.clients, relays)
            await together(starting)
        finally:
            for one in starting:
                one.addErrback(lambda failure: failure.trap(CancelledError, LaunchError))
                one.cancel()

    @deferred
    async def _prepare(self, place: NetworkDirectory, programs: TorPrograms, wishes: Mapping[tuple[str, str], int]) -> None:
        kinds = [(name, kind) for name, role in self._names.items() for kind in PORTS[role]]
        held = HeldPorts(wishes.get(kind) for kind in kinds)
        try:
            ports: dict[str, dict[str, int]] = {name: {} for name in self._names}
            for (name, kind), port in zip(kinds, held.ports, strict=True):
                ports[name][kind] = port
            self.nodes = tuple(TorNode(name, role, place.file(name), ports[name]) for name, role in self._names.items())
            place.keep_ports(ports)
            self._report(0, "", "keys", "Making the keys of the authorities")
            making = [make_authority(self._children, programs, node) for node in self.authorities]
            identities = await gatherResults(making, consumeErrors=True)
            lines = [identity.line(node) for identity, node in zip(identities, self.authorities, strict=True)]
            self._configure(lines, programs)
        except FirstError as first:
            first.subFailure.raiseException()
        finally:
            held.release()

    @deferred
    async def _wait_for_consensus(self, readers: Sequence[TorNode], relays: Sequence[TorNode]) -> None:
        for look in count():
            late = {node: names for node in readers if (names := missing(node, relays))}
            if not late:
                return
            for node in self.nodes:
                if node.ended:
                    raise node.failure("ended while the network was starting")
            names = sorted({name for names in late.values() for name in names})
            if look % LOOKS == 0:
                for node in self.nodes:
                    if node in late or (look and node.nickname in names):
                        node.try_again()
                self._report(10, "", "consensus", f"Waiting for a consensus with {', '.join(names)}")
            await deferLater(self._reactor, PAUSE)

    def _node_progress(self, node: TorNode, percent: int, tag: str, summary: str) -> None:
        if self._starting is not None:
            done = sum(one.percent for one in self.nodes)
            self._report(10 + 80 * done // (100 * len(self.nodes)), node.nickname, tag, summary)

    def _report(self, percent: int, nickname: str, tag: str, summary: str) -> None:
        self.percent = max(percent, self.percent)
        if self._progress is None:
            return
        try:
            self._progress(self.percent, nickname, tag, summary)
        except Exception:  # a listener that raises is the caller's, and must not stop the network
            self._log.failure("The progress function of a private network failed")

    @deferred
    async def stop(self) -> None:
        """
        End all its Tors and wait until they are gone: no process is left, and no temporary directory.

        One that does not run stays so. A start that is under way fails with `LaunchError`.
        """
        if self._starting is not None:
            self._stopped_early = True
            self._starting.cancel()
        await self._end()

    def _shut_down(self) -> Deferred[None]:
        self._trigger = None
        return self.stop()

    @deferred
    async def _end(self) -> None:
        if self._place is None:
            return
        if self._ending is not None:
            ended: Deferred[None] = Deferred()
            self._ending.append(ended)
            await ended
            return
        self._ending = []
        try:
            await self._children.end_all(GRACE)
            if self._trigger is not None:
                self._reactor.removeSystemEventTrigger(self._trigger)
                self._trigger = None
            self._place.close()
            await self._guards.wait_all(GRACE)
        finally:
            self._place = None
            waiting, self._ending = self._ending, None
            for one in waiting:
                one.callback(None)

    async def __aenter__(self) -> TorNetwork:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.stop()
