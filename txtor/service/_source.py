# -*- test-case-name: txtor.test.service.test_service -*-
"""
Where the Tor of a service comes from: somebody else's that we connect to, or one of our own that we launch.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Protocol

from twisted.internet.defer import Deferred

from txtor._deferred import deferred
from txtor._tor import Tor, connect
from txtor.control import ControlEndpoint, Password
from txtor.errors import Disconnected, InvalidArgument
from txtor.process import (
    ILaunchReactor,
    LaunchOptions,
    PrivateDirectory,
    ProgressListener,
    TorProcess,
    launch_tor,
)


class Source(Protocol):
    """
    What gives a Tor, again and again, one at a time.
    """

    def open(self, progress: ProgressListener) -> Deferred[Tor]:
        """
        A Tor that we control. What was opened before is gone first.

        :param progress: is told how far one that is launched has come.
        """

    def discard(self, tor: Tor | None) -> None:
        """
        Begin to put away what was opened.
        """

    def close(self, tor: Tor | None) -> Deferred[None]:
        """
        Put away everything, and fire when this is done.
        """


class ConnectSource:
    """
    A Tor that others run.

    :raises InvalidArgument: an endpoint string is malformed.
    """

    def __init__(
        self,
        reactor: ILaunchReactor,
        endpoint: ControlEndpoint | Sequence[ControlEndpoint] | None,
        password: Password,
        allow_plain_cookie: bool,
        timeout: float | None,
    ) -> None:
        for one in [endpoint] if isinstance(endpoint, str) else endpoint if isinstance(endpoint, Sequence) else []:
            _check_endpoint(reactor, one)
        self._reactor = reactor
        self._endpoint = endpoint
        self._password = password
        self._allow_plain_cookie = allow_plain_cookie
        self._timeout = timeout

    @deferred
    async def open(self, progress: ProgressListener) -> Tor:
        """
        Connect.
        """
        endpoint = self._endpoint
        opening = connect(self._reactor, endpoint, self._password, allow_plain_cookie=self._allow_plain_cookie)
        try:
            return await (opening if self._timeout is None else opening.addTimeout(self._timeout, self._reactor, _gave_up))
        except Disconnected as error:
            if not isinstance(endpoint, str):
                raise
            raise Disconnected(f"{endpoint}: {error.reason}") from error  # for who reads the health of many

    def discard(self, tor: Tor | None) -> None:
        """
        Cut the connection.
        """
        if tor is not None:
            tor.protocol.cut()

    @deferred
    async def close(self, tor: Tor | None) -> None:
        """
        Say good-bye.
        """
        if tor is not None:
            await tor.close()


def _gave_up(value: object, seconds: float) -> Tor:
    raise Disconnected(f"We were not let in within {seconds:g} s: what listens there does not answer.")


def _check_endpoint(reactor: ILaunchReactor, endpoint: ControlEndpoint) -> None:
    """
    Tell a mistake in an endpoint string now, and not at each attempt.
    """
    if isinstance(endpoint, str):
        from twisted.internet.endpoints import clientFromString  # which imports all of TLS

        try:
            clientFromString(reactor, endpoint)
        except (ValueError, TypeError, KeyError, IndexError) as error:  # whatever Twisted's parsers make of a malformed string
            raise InvalidArgument(f"Not an endpoint string: {endpoint!r} ({error})") from error


class LaunchSource:
    """
    A Tor of our own. Its folder lasts from one process to the next, so that each but the first starts with what Tor knew.
    """

    def __init__(
        self,
        reactor: ILaunchReactor,
        options: LaunchOptions,
        tor_binary: str | os.PathLike[str] | None,
        timeout: float | None,
    ) -> None:
        self._reactor = reactor
        self._options = options
        self._tor_binary = tor_binary
        self._timeout = timeout
        self._directory: PrivateDirectory | None = None
        self._process: TorProcess | None = None

    @deferred
    async def open(self, progress: ProgressListener) -> Tor:
        """
        Launch, once the process before has ended.
        """
        if self._process is not None:
            await self._process.end()
        if self._directory is not None and not os.path.isdir(self._directory.path):  # something has tidied up /tmp
            before, self._directory = self._directory, None
            await before.remove()
        if self._directory is None:
            self._directory = PrivateDirectory(self._reactor, self._options.tor_user)
        launched = await launch_tor(
            self._reactor,
            self._options,
            tor_binary=self._tor_binary,
            timeout=self._timeout,
            progress=progress,
            directory=self._directory,
        )
        self._process = launched.process
        return Tor(self._reactor, launched.protocol, launched.process, launched.control_endpoint)

    def discard(self, tor: Tor | None) -> None:
        """
        Its connection is gone, or goes now, and it with that.
        """
        if tor is not None:
            tor.protocol.cut()

    @deferred
    async def close(self, tor: Tor | None) -> None:
        """
        End it, and remove the folder.
        """
        if tor is not None:
            await tor.quit()
        if self._process is not None:
            await self._process.end()
        directory, self._directory = self._directory, None
        if directory is not None:
            await directory.remove()
