# -*- test-case-name: txtor.test.test_benchmarks -*-
"""
The floor: the same work on the same bytes with as little Python as will do it, and nothing checked. Nothing in Python is much
faster and also useful, so what a library takes beyond this is its own.
"""

from __future__ import annotations

import socket
import time
from binascii import a2b_base64
from collections.abc import Callable
from typing import Any

from floor_documents import DOCUMENTS
from measuring import EVENTS, Meter, Options, Result, main, measure_import

END = b"\r\n.\r\n250 OK\r\n"
LAST_EVENT = b"650 SIGNAL NEWNYM\r\n"
GETINFO = b"GETINFO traffic/read\r\n"
SIZE = 1 << 18

# -- the control port --------------------------------------------------------------------------------------------------


def open_control(options: Options) -> socket.socket:
    """
    A connection. The server asks for no authentication.
    """
    connection = socket.create_connection(("127.0.0.1", options.control))
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return connection


def receive_until(connection: socket.socket, end: bytes) -> bytes:
    """
    Everything through some last bytes.
    """
    pieces, last = [], b""
    while last != end:
        piece = connection.recv(SIZE)
        if not piece:
            raise EOFError("the server went away")
        pieces.append(piece)
        last = (last + piece[-len(end) :])[-len(end) :]
    return b"".join(pieces)


class Text:
    """
    A router that keeps its text, as one would to read it when somebody asks.
    """

    __slots__ = ("text",)

    def __init__(self, text: bytes) -> None:
        self.text = text


def slices(block: bytes) -> dict[bytes, Text]:
    """
    By identity, the texts of the entries of a network status, whose line ends are CR LF.
    """
    routers = {}
    for text in block[2:].split(b"\r\nr "):
        place = text.index(b" ") + 1
        routers[a2b_base64(text[place : place + 27] + b"=")] = Text(text)
    return routers


def ns_all(options: Options) -> Result:
    """
    GETINFO ns/all, cut into routers.
    """
    with open_control(options) as connection, Meter() as meter:
        connection.sendall(b"GETINFO ns/all\r\n")
        answer = receive_until(connection, END)
        routers = slices(answer[answer.index(b"\n") + 1 : -len(END)])
        meter.stop()
        del answer
    return meter.result(done=len(routers))


def ns_all_text(options: Options) -> Result:
    """
    GETINFO ns/all, received.
    """
    with open_control(options) as connection, Meter() as meter:
        connection.sendall(b"GETINFO ns/all\r\n")
        answer = receive_until(connection, END)
    return meter.result(done=len(answer))


def bootstrap(options: Options) -> Result:
    """
    Everything that a picture of Tor needs, asked for in one write and cut into pieces.
    """
    keys = ("ns/all", "circuit-status", "stream-status", "address-mappings/all", "entry-guards", "process/pid")
    with open_control(options) as connection, Meter() as meter:
        connection.sendall("".join(f"GETINFO {key}\r\n" for key in keys).encode())
        answers = receive_until(connection, b"=4711\r\n250 OK\r\n").split(END)
        blocks = [block.partition(b"\r\n")[2] for block in answers]
        routers = slices(blocks[0])
        circuits, streams = ({int(line[: line.index(b" ")]): line for line in block.split(b"\r\n")} for block in blocks[1:3])
    return meter.result(done=len(routers) + len(circuits) + len(streams))


def newconsensus(options: Options) -> Result:
    """
    One NEWCONSENSUS, cut into routers.
    """
    with open_control(options) as connection, Meter() as meter:
        connection.sendall(b"SIGNAL DEBUG\r\n")
        event = receive_until(connection, LAST_EVENT)
        routers = slices(event[event.index(b"\r\nr ") + 2 : event.index(b"\r\n.\r\n")])
    return meter.result(done=len(routers))


def events(options: Options) -> Result:
    """
    Events: a split of each piece, a look-up of the keyword and a call with the line.
    """
    counts = dict.fromkeys(EVENTS, 0)

    def listener(keyword: str) -> Callable[[bytes], None]:
        def count(line: bytes) -> None:
            counts[keyword] += 1

        return count

    listeners = {keyword.encode(): listener(keyword) for keyword in EVENTS}
    with open_control(options) as connection, Meter() as meter:
        connection.sendall(b"SIGNAL DUMP\r\n")
        rest = b""
        while LAST_EVENT not in rest:
            *lines, rest = (rest + connection.recv(SIZE)).split(b"\r\n")
            for line in lines:
                if line.startswith(b"650 "):
                    call = listeners.get(line[4 : line.index(b" ", 4)])
                    if call is not None:
                        call(line)
            if lines and lines[-1] == LAST_EVENT[:-2]:
                break
    return meter.result(done=sum(counts.values()))


def connect(options: Options) -> Result:
    """
    What the specification asks of a client: PROTOCOLINFO, then AUTHENTICATE. The time is the median of one.
    """
    times = []
    with Meter() as meter:
        for _ in range(options.count):
            began = time.perf_counter()
            with open_control(options) as connection:
                connection.sendall(b"PROTOCOLINFO 1\r\n")
                connection.recv(4096)
                connection.sendall(b"AUTHENTICATE\r\n")
                connection.recv(4096)
                times.append(time.perf_counter() - began)
    return meter.result_of_one(times)


def _getinfo(options: Options, at_once: bool) -> Result:
    """
    A bare protocol of Twisted that asks, and counts the two lines of each answer.
    """
    from twisted.internet import reactor
    from twisted.internet.endpoints import TCP4ClientEndpoint
    from twisted.internet.protocol import Factory, Protocol

    running: Any = reactor  # a module, by its type
    meter = Meter()

    class Asking(Protocol):
        lines = 2 * options.count

        def connectionMade(self) -> None:
            self.transport.setTcpNoDelay(True)  # type: ignore[union-attr]  # it is a transport of TCP
            meter.__enter__()
            self.ask(options.count if at_once else 1)

        def ask(self, number: int) -> None:
            assert self.transport is not None
            self.transport.write(GETINFO * number)

        def dataReceived(self, data: bytes) -> None:
            self.lines -= data.count(b"\n")
            if not self.lines:
                meter.__exit__(None, None, None)
                running.stop()
            elif not at_once:
                self.ask(1)

    TCP4ClientEndpoint(running, "127.0.0.1", options.control).connect(Factory.forProtocol(Asking))
    running.run()
    return meter.result(done=options.count)


def getinfo_sequential(options: Options) -> Result:
    """
    GETINFO after GETINFO.
    """
    return _getinfo(options, False)


def getinfo_pipelined(options: Options) -> Result:
    """
    All GETINFOs at once.
    """
    return _getinfo(options, True)


# -- SOCKS and the rest ------------------------------------------------------------------------------------------------


def socks_connect(options: Options) -> Result:
    """
    A connection through SOCKS until it is closed, and the next.
    """
    with Meter() as meter:
        for _ in range(options.count):
            with socket.create_connection(("127.0.0.1", options.socks)) as connection:
                connection.sendall(b"\x05\x01\x00")
                connection.recv(2)
                connection.sendall(b"\x05\x01\x00\x03\x0bexample.com\x00\x09")
                connection.recv(10)
                connection.recv(1)
    return meter.result(done=options.count)


def socks_bulk(options: Options) -> Result:
    """
    A bare protocol of Twisted that receives all it can, without SOCKS.
    """
    from twisted.internet import reactor
    from twisted.internet.endpoints import TCP4ClientEndpoint
    from twisted.internet.protocol import Factory, Protocol
    from twisted.python.failure import Failure

    running: Any = reactor  # a module, by its type
    meter = Meter()

    class Receiving(Protocol):
        received = 0

        def connectionMade(self) -> None:
            meter.__enter__()
            assert self.transport is not None
            self.transport.write(b"b")

        def dataReceived(self, data: bytes) -> None:
            Receiving.received += len(data)

        def connectionLost(self, reason: Failure | None = None) -> None:
            meter.__exit__(None, None, None)
            running.stop()

    TCP4ClientEndpoint(running, "127.0.0.1", options.plain).connect(Factory.forProtocol(Receiving))
    running.run()
    return meter.result(done=Receiving.received)


def _load() -> None:
    import automat  # noqa: F401
    from twisted.internet import reactor  # noqa: F401
    from twisted.protocols import basic  # noqa: F401


FUNCTIONS = (ns_all, ns_all_text, bootstrap, newconsensus, events, connect, getinfo_sequential, getinfo_pipelined, socks_connect,
             socks_bulk)  # fmt: skip
TASKS = {**{function.__name__: function for function in FUNCTIONS}, **DOCUMENTS, "import_": measure_import(_load)}

if __name__ == "__main__":
    main(TASKS)
