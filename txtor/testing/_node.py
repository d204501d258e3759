# -*- test-case-name: txtor.test.testing.test_network -*-
"""
One running Tor of a private network, for whoever owns it.
"""

from __future__ import annotations

import os
import re
import signal
from collections.abc import Callable, Mapping

from twisted.internet.defer import Deferred

from txtor._deferred import deferred
from txtor.errors import InvalidArgument, LaunchError

from ._network_process import ChildProcess, Children
from ._network_view import NodeView

#: How long a Tor may take to end after TERM, in seconds.
GRACE = 5.0

_BOOTSTRAPPED = re.compile(r"Bootstrapped ([0-9]{1,3})%(?: \(([^)]*)\))?: (.*)")

#: Hears how far a node is: the node, percent, tag and summary.
NodeProgress = Callable[["TorNode", int, str, str], None]


class TorNode(NodeView):
    """
    One Tor of a `TorNetwork`, which can be killed and started again.

    :ivar percent: how far it has bootstrapped, from 0 to 100.
    :ivar tag: the keyword of that phase, as ``"conn_done"``.
    :ivar summary: the phase in words.
    """

    def __init__(self, nickname: str, role: str, data_directory: str, ports: Mapping[str, int]) -> None:
        super().__init__(nickname, role, data_directory, ports)
        self.percent = 0
        self.tag = ""
        self.summary = ""
        self._children: Children | None = None
        self._tor = ""
        self._progress: NodeProgress = lambda node, percent, tag, summary: None
        self._process: ChildProcess | None = None
        self._ready: Deferred[None] | None = None

    def adopt(self, children: Children, tor: str, progress: NodeProgress) -> None:
        """
        Let the node be started. Its torrc is there.

        :param tor: the path of the program.
        """
        self._children = children
        self._tor = tor
        self._progress = progress

    @property
    def pid(self) -> int | None:
        """
        Its process id, or ``None`` while it does not run.
        """
        return None if self._process is None else self._process.pid

    @property
    def ended(self) -> bool:
        """
        Whether it was started and runs no more.
        """
        return self._process is not None and self._process.pid is None

    @property
    def log(self) -> list[str]:
        """
        The last lines that it has printed since it was started last.
        """
        return [] if self._process is None else list(self._process.lines)

    @deferred
    async def start(self) -> None:
        """
        Start it, with the ports that it has, and wait until it has bootstrapped.

        :raises InvalidArgument: it runs, or its network does not.
        :raises LaunchError: it ended before, with the last lines that it printed.
        """
        if self._children is None:
            raise InvalidArgument(f"{self.nickname} cannot be started: its network does not run.")
        if self.pid is not None:
            raise InvalidArgument(f"{self.nickname} runs already.")
        self.percent, self.tag, self.summary = 0, "", "not yet bootstrapping"
        ready = self._ready = Deferred()
        arguments = [self._tor, "-f", self.path("torrc"), "--defaults-torrc", self.path("empty")]
        self._process = self._children.spawn(arguments, self.data_directory, self._line_received, owned=True)
        self._process.when_ended().addCallback(self._ended, self._process)
        await ready

    def _line_received(self, line: str) -> None:
        found = _BOOTSTRAPPED.search(line)
        if found is None:
            return
        self.percent, self.tag, self.summary = min(int(found[1]), 100), found[2] or "", found[3]
        self._progress(self, self.percent, self.tag, self.summary)
        if self.percent == 100 and self._ready is not None and not self._ready.called:
            self._ready.callback(None)

    def _ended(self, _: None, process: ChildProcess) -> None:
        if self._ready is not None and not self._ready.called:
            self._ready.errback(self.failure("ended before it had bootstrapped"))

    def failure(self, what: str) -> LaunchError:
        """
        An error with the node's own last words.
        """
        status = None if self._process is None else self._process.exit_status
        return LaunchError(f"{self.nickname} {what} ({self.percent} %: {self.summary}).", self.log[-20:], status)

    def forget_network(self) -> None:
        """
        Remove what it has kept of the other relays, which have changed.
        """
        for name in ("consensus", "microdesc-consensus", "descriptors", "descriptors.new"):
            if os.path.exists(self.path(f"cached-{name}")):
                os.remove(self.path(f"cached-{name}"))

    def try_again(self) -> None:
        """
        Let a Tor whose downloads have failed fetch again, and a relay publish itself again, both now (HUP).

        An authority makes what it needs by itself.
        """
        if self._process is not None and self.tag and self.role != "authority":  # without a tag it would not take HUP yet
            self._process.send_signal(signal.SIGHUP)

    @deferred
    async def stop(self) -> None:
        """
        Ask it to end (TERM), and kill it when it has not after five seconds. One that does not run stays so.
        """
        await self._end(GRACE)

    @deferred
    async def kill(self) -> None:
        """
        Kill it, without a chance to tidy up, and wait until it is reaped. One that does not run stays so.
        """
        await self._end(0)

    @deferred
    async def _end(self, grace: float) -> None:
        if self._process is not None:
            await self._process.end(grace)
        if os.path.exists(self.path("pid")):
            os.remove(self.path("pid"))
