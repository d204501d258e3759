# -*- test-case-name: txtor.test.testing.test_network_ports -*-
"""
Free ports on loopback, held until they are used.

Every port is bound and listening while the others are chosen, so that no two are the same and nobody else takes one. They
are chosen below the ranges from which systems take ports for outgoing connections (32768 upwards on Linux, 49152 on the
others): a node that is started again after minutes then finds its port still free.
"""

from __future__ import annotations

import socket
from collections.abc import Iterable
from random import SystemRandom

from txtor.errors import LaunchError

FIRST, LAST = 10000, 32767
ATTEMPTS = 2000


def hold(port: int) -> socket.socket | None:
    """
    Bind a port of 127.0.0.1 and listen on it, which alone makes it ours.

    :return: the socket, or ``None`` where something else has the port.
    """
    held = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        # As tor does: connections of the last run that are in TIME_WAIT do not keep the port from us.
        held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        held.bind(("127.0.0.1", port))
        held.listen(1)
    except OSError:
        held.close()
        return None
    return held


class HeldPorts:
    """
    Ports that are ours until `release`.

    :ivar ports: the numbers, in the order of the wishes.
    """

    def __init__(self, wishes: Iterable[int | None]) -> None:
        """
        :param wishes: for each port a number that would be liked, or ``None`` for any. What is taken is replaced.
        :raises LaunchError: no free port could be found.
        """
        self._sockets: list[socket.socket] = []
        self.ports: list[int] = []
        try:
            for wish in wishes:
                self._add(wish)
        except LaunchError:
            self.release()
            raise

    def _add(self, wish: int | None) -> None:
        chooser = SystemRandom()
        candidate = wish
        for _ in range(ATTEMPTS):
            if candidate is None:
                candidate = chooser.randint(FIRST, LAST)
            held = hold(candidate)
            if held is not None:
                self._sockets.append(held)
                self.ports.append(candidate)
                return
            candidate = None
        raise LaunchError(f"No free port was found on 127.0.0.1 in {ATTEMPTS} attempts.")

    def release(self) -> None:
        """
        Give the ports up, now that those who use them start.
        """
        for held in self._sockets:
            held.close()
        self._sockets.clear()
