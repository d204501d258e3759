# -*- test-case-name: txtor.test.process.test_private -*-
"""
A folder that only we can read, and that is gone afterwards however this program ends, even by KILL.

A small shell, the guard, waits beside us. It reads from a pipe whose other end is ours alone, so it sees when we end. The
other end of a second pipe is inherited by every tor in the folder, so it sees when they end: it gives a tor two seconds to
notice, kills it, and removes the folder. When all goes well we remove the folder and tell the guard to go. A tor that shall live
on it is told to spare: then it waits for the end of that, however late it is.
"""

from __future__ import annotations

import os
import pwd
import shutil
import tempfile
from contextlib import suppress

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IProcessTransport, IReactorProcess
from twisted.internet.protocol import ProcessProtocol
from twisted.logger import Logger
from twisted.python.failure import Failure

from txtor._deferred import deferred
from txtor.errors import InvalidArgument, LaunchError

#: How long the path of a unix socket may be, in bytes.
LONGEST_SOCKET_PATH = 107

#: The name of the control socket in such a folder.
SOCKET = "control"

_GUARD = """\
trap '' HUP INT QUIT TERM
tor=
while read -r word; do
    case "$word" in done) exit 0 ;; spare) tor= && echo spared ;; *) tor="$word" ;; esac
done
cat <&3 >/dev/null &
waiter=$!
for tick in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
    kill -0 "$waiter" 2>/dev/null || break
    sleep 0.1
done
if kill -0 "$waiter" 2>/dev/null && [ -n "$tor" ]; then kill -9 "$tor"; fi
wait "$waiter"
rm -rf -- "$1"
"""

_log = Logger()


class _Guard(ProcessProtocol):
    """
    The shell that waits for our end.
    """

    transport: IProcessTransport

    def __init__(self) -> None:
        self._ended = False
        self._waiting: list[Deferred[None]] = []
        self.spared: Deferred[None] = Deferred()

    def tell(self, word: str) -> None:
        """
        Write it a line.
        """
        if not self._ended:
            self.transport.write(f"{word}\n".encode())

    def outReceived(self, data: bytes) -> None:
        """
        It says one thing alone: that it will spare tor.
        """
        self._spare()

    def _spare(self) -> None:
        if not self.spared.called:
            self.spared.callback(None)

    def processExited(self, reason: Failure) -> None:
        """
        It has gone. Nothing more is read or written, whoever has taken its pipes from the reactor, as trial does after a test.
        """
        self.transport.loseConnection()

    def processEnded(self, reason: Failure) -> None:
        """
        It has gone, and harms nobody any more.
        """
        self._ended = True
        self._spare()
        waiting, self._waiting = self._waiting, []
        for one in waiting:
            one.callback(None)

    def when_ended(self) -> Deferred[None]:
        """
        Wait until it has gone.
        """
        waiter: Deferred[None] = Deferred(self._waiting.remove)
        if self._ended:
            waiter.callback(None)
        else:
            self._waiting.append(waiter)
        return waiter


class PrivateDirectory:
    """
    A temporary folder for a Tor: its control socket, its torrc, perhaps its data.

    :param reactor: what starts the guard.
    :param user: the user that tor becomes (its option ``User``), to whom the folder is given.
    :ivar path: where it is.
    :ivar held: a descriptor that every tor in it must inherit.
    :raises InvalidArgument: there is no such user.
    :raises LaunchError: it cannot be made.
    """

    def __init__(self, reactor: IReactorProcess, user: str | None = None) -> None:
        self._owner = None if user is None else _find_user(user)
        try:
            self.path = tempfile.mkdtemp(prefix="txtor-", dir=_place())
            self._give(self.path)
        except OSError as error:
            raise LaunchError(f"No temporary folder can be made: {error}") from error
        self._guard = _Guard()
        self._is_removed = False
        theirs, self.held = os.pipe()
        nothing = os.open(os.devnull, os.O_WRONLY)
        arguments = [b"/bin/sh", b"-c", _GUARD.encode(), b"txtor-guard", os.fsencode(self.path)]
        arguments = in_session(arguments)
        try:
            descriptors: dict[int, int | str] = {0: "w", 1: "r", 2: nothing, 3: theirs}
            reactor.spawnProcess(self._guard, arguments[0], arguments, None, b"/", childFDs=descriptors)
        except OSError as error:
            shutil.rmtree(self.path)
            os.close(self.held)
            raise LaunchError(f"/bin/sh cannot be started: {error}") from error
        finally:
            os.close(theirs)
            os.close(nothing)

    @property
    def socket(self) -> str:
        """
        The path for a control socket.
        """
        return os.path.join(self.path, SOCKET)

    @property
    def is_given_away(self) -> bool:
        """
        Whether tor will be another user than we are.
        """
        return self._owner is not None and self._owner[0] != os.geteuid()

    def write(self, name: str, content: bytes) -> str:
        """
        Write a file that only tor and we can read.

        :return: its path.
        :raises LaunchError: it cannot be written.
        """
        path = os.path.join(self.path, name)
        try:
            with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
                file.write(content)
            self._give(path)
        except OSError as error:
            raise LaunchError(f"{path} cannot be written: {error}") from error
        return path

    def _give(self, path: str) -> None:
        if self._owner is not None:
            os.chown(path, *self._owner)

    def watch(self, pid: int | None) -> None:
        """
        Tell the guard which process to kill if we end before it; none with ``None``.
        """
        self._guard.tell("" if pid is None else str(pid))

    async def spare(self) -> None:
        """
        Have the guard kill no tor, and remove the folder only when the last one in it has ended. This stays so when we end.
        """
        self._guard.tell("spare")
        await self._guard.spared

    @deferred
    async def remove(self) -> None:
        """
        Remove the folder, once no tor runs in it any more, and send the guard away. Done twice it waits for the same.
        """
        if not self._is_removed:
            self._is_removed = True
            with suppress(FileNotFoundError):  # somebody was faster
                try:
                    shutil.rmtree(self.path)
                except PermissionError as error:  # what another user made in it
                    _log.warn("{path} could not be removed: {error}", path=self.path, error=error)
            self._guard.tell("done")
            os.close(self.held)
        await self._guard.when_ended()


def in_session(arguments: list[bytes]) -> list[bytes]:
    """
    A command that runs in a session of its own, so that Ctrl-C at our terminal, and its end, are for us alone. Where there is
    no setsid(1) to do so, the command as it is.
    """
    setsid = shutil.which("setsid")
    return arguments if setsid is None else [os.fsencode(setsid), *arguments]


def is_socket_path(path: str) -> bool:
    """
    Whether a socket can be there, and tor's log, which has it as it is, can say so in one line.
    """
    return len(os.fsencode(path)) <= LONGEST_SOCKET_PATH and not any(char < " " for char in path)


def _place() -> str:
    """
    A folder for temporary files in which a new folder can have a socket.
    """
    for place in (tempfile.gettempdir(), "/tmp", "/var/tmp"):  # noqa: S108  # a folder of our own is made in it
        if is_socket_path(os.path.join(place, "txtor-abcdefgh", SOCKET)) and os.path.isdir(place):
            return place
    raise LaunchError("No folder for temporary files has a path that a socket can have; set TMPDIR.")


def _find_user(user: str) -> tuple[int, int]:
    try:
        entry = pwd.getpwnam(user)
    except (KeyError, ValueError, UnicodeEncodeError):
        raise InvalidArgument(f"There is no user {user!r}.") from None
    return entry.pw_uid, entry.pw_gid
