# -*- test-case-name: txtor.test.testing.test_shared -*-
"""
One private network for a whole run of tests.

A test framework looks after each test that its reactor is clean, so the network is not run by this process's reactor: a child
process runs it. It ends when its standard input does, that is, when this process ends in whatever way.
"""

from __future__ import annotations

import atexit
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping

from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import deferLater

from txtor._deferred import deferred
from txtor.errors import LaunchError

from ._network_view import NetworkView, NodeView, attach, parse_description

#: The variable that names the description of a network to use, which somebody else runs.
VARIABLE = "TXTOR_TEST_NETWORK"

#: How long the child may take to start a network or to end one, in seconds.
START = 180.0
END = 20.0

#: How often it is looked at, in seconds.
PAUSE = 0.1

#: The last bytes of its complaints that an error holds.
COMPLAINTS = 4000


class NetworkProcess:
    """
    A private network in a child process, without a reactor in this one.
    """

    def __init__(self, *options: str) -> None:
        """
        Start it.

        :param options: of ``python -m txtor.testing.network``.
        :raises LaunchError: the process cannot be started.
        """
        arguments = [sys.executable, "-m", "txtor.testing.network", "--quiet", "--until-eof", *options]
        # The child may be started where txtor is importable only because of what this process did to sys.path.
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(os.path.abspath(place) for place in sys.path)}
        self._deadline = time.monotonic() + START
        self._output = b""
        self._complaints = tempfile.TemporaryFile()  # noqa: SIM115  # it lives as long as the process
        try:
            self._process = subprocess.Popen(
                arguments,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=self._complaints,
                env=environment,
                start_new_session=True,  # Ctrl-C is for us; the child hears of our end by its input
            )
        except OSError as error:
            self._complaints.close()
            raise LaunchError(f"{sys.executable} cannot be started: {error}") from error
        assert self._process.stdout is not None
        os.set_blocking(self._process.stdout.fileno(), False)

    def look(self) -> NetworkView[NodeView] | None:
        """
        Look whether the network is ready, without waiting.

        :return: the network, or ``None`` while it starts.
        :raises LaunchError: it did not start, or not in time.
        """
        assert self._process.stdout is not None
        try:
            received = os.read(self._process.stdout.fileno(), 1 << 16)
        except BlockingIOError:
            if time.monotonic() > self._deadline:
                raise self._failure(f"The private network was not ready after {START:g} s.") from None
            return None
        if not received:
            raise self._failure("The private network did not start.")
        self._output += received
        if not self._output.endswith(b"\n}\n"):
            return None
        return parse_description(self._output.decode("utf-8", "surrogateescape"))

    def _failure(self, reason: str) -> LaunchError:
        self._complaints.seek(0)
        text = self._complaints.read()[-COMPLAINTS:].decode("utf-8", "replace")
        self.end()
        return LaunchError(reason, text.splitlines(), self._process.poll())

    def wait(self) -> NetworkView[NodeView]:
        """
        Wait until the network is ready, and let nothing else run meanwhile.

        :raises LaunchError: it did not start, or not in time.
        """
        while True:
            network = self.look()
            if network is not None:
                return network
            time.sleep(PAUSE)

    def end(self) -> None:
        """
        End the network, and wait until nothing of it is left.
        """
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                pipe.close()
        try:
            self._process.wait(END)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._complaints.close()


class _Shared:
    """
    What this process has: at most one network of its own, or the reason why there is none.
    """

    def __init__(self) -> None:
        self.process: NetworkProcess | None = None
        self.network: NetworkView[NodeView] | None = None
        self.failure: LaunchError | None = None

    def look(self, environment: Mapping[str, str]) -> NetworkView[NodeView] | None:
        if environment.get(VARIABLE):
            return attach(environment[VARIABLE])
        if self.failure is not None:
            raise LaunchError(self.failure.reason, self.failure.output, self.failure.exit_status)
        if self.network is not None:
            return self.network
        try:
            if self.process is None:
                self.process = NetworkProcess()
                atexit.register(self.process.end)
            self.network = self.process.look()
        except LaunchError as error:
            self.failure = error
            raise
        return self.network


_shared = _Shared()


@deferred
async def shared_network(reactor: IReactorTime) -> NetworkView[NodeView]:
    """
    The private network of this run of tests.

    Where the variable ``TXTOR_TEST_NETWORK`` names the description of a running one (``python -m txtor.testing.network`` sets it
    for its command), that is used. Otherwise one is started at the first call in this process, used for all further ones, and
    ended with the process.

    :raises LaunchError: it did not start; every further call says so again, without another try.
    :raises InvalidArgument: the variable names no description of a network.
    """
    while True:
        network = _shared.look(os.environ)
        if network is not None:
            return network
        await deferLater(reactor, PAUSE)


def wait_for_shared_network() -> NetworkView[NodeView]:
    """
    The same network as `shared_network` gives, for programs without a reactor: nothing else runs until it is there.

    :raises LaunchError: it did not start.
    :raises InvalidArgument: the variable names no description of a network.
    """
    while True:
        network = _shared.look(os.environ)
        if network is not None:
            return network
        time.sleep(PAUSE)
