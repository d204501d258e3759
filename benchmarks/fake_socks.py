# -*- test-case-name: txtor.test.test_benchmarks -*-
"""
A SOCKS5 server that is its own destination, and a port where the same is to be had without SOCKS. On loopback only.

Prints both ports when it listens, and ends when its standard input does. The port that a client asks for is what it gets, and on
the plain port its first byte:

* 9 (``c``): the connection is closed at once;
* 19 (``b``): so many MiB as the first argument says, then it is closed.
"""

from __future__ import annotations

import os
import socket
import sys
import threading
from collections.abc import Callable

from fake_control import end_with_standard_input

PIECE = b"\x5a" * (1 << 18)
SUCCEEDED = b"\x05\x00\x00\x01\x7f\x00\x00\x01\x00\x50"


class Server:
    """
    Both ports.

    :param mib: how much is sent to who asks for it.
    """

    def __init__(self, mib: int) -> None:
        self.mib = mib

    def _send(self, connection: socket.socket, port: int) -> None:
        for _ in range(self.mib * 4 if port == 19 else 0):
            connection.sendall(PIECE)

    def socks(self, connection: socket.socket) -> None:
        """
        The server's side of RFC 1928, for clients that make no mistakes, with the user names of RFC 1929.
        """
        stream = connection.makefile("rb")
        methods = stream.read(stream.read(2)[1])
        connection.sendall(b"\x05\x00" if 0 in methods else b"\x05\x02")
        if 0 not in methods:
            stream.read(stream.read(2)[1])
            stream.read(stream.read(1)[0])
            connection.sendall(b"\x01\x00")
        kind = stream.read(4)[3]
        stream.read({1: 4, 4: 16}.get(kind) or stream.read(1)[0])
        port = int.from_bytes(stream.read(2), "big")
        connection.sendall(SUCCEEDED)
        stream.close()
        self._send(connection, port)

    def plain(self, connection: socket.socket) -> None:
        """
        The same without SOCKS.
        """
        self._send(connection, {b"b": 19}.get(connection.recv(1), 9))


def listen(talk: Callable[[socket.socket], None]) -> int:
    """
    Serve a port from a thread.

    :return: the port.
    """
    listener = socket.create_server(("127.0.0.1", 0), backlog=512)

    def serve(connection: socket.socket) -> None:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        with connection:
            try:
                talk(connection)
            except ConnectionError:
                return  # the client had enough

    def accept() -> None:
        while True:
            threading.Thread(target=serve, args=(listener.accept()[0],), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    port: int = listener.getsockname()[1]
    return port


def main(mib: str, cpu: str = "") -> None:
    """
    The program.
    """
    if cpu:
        os.sched_setaffinity(0, {int(cpu)})
    server = Server(int(mib))
    print(listen(server.socks), listen(server.plain), flush=True)
    end_with_standard_input()


if __name__ == "__main__":
    main(*sys.argv[1:])
