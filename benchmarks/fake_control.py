# -*- test-case-name: txtor.test.test_benchmarks -*-
"""
A control port with answers made beforehand, so that it costs next to nothing beside any client. On loopback only.

Prints its port when it listens, and ends when its standard input does. Every client may send these, which do special things::

    SIGNAL DUMP     250 OK, then all events
    SIGNAL DEBUG    250 OK, then one NEWCONSENSUS

Both end with an event ``SIGNAL NEWNYM``. ``GETINFO benchmark/commands`` tells how many commands came so far, this one included.
"""

from __future__ import annotations

import os
import socket
import sys
import threading
from pathlib import Path

OK = b"250 OK\r\n"
LAST_EVENT = b"650 SIGNAL NEWNYM\r\n"
PROTOCOLINFO = b'250-PROTOCOLINFO 1\r\n250-AUTH METHODS=NULL\r\n250-VERSION Tor="0.4.9.11"\r\n250 OK\r\n'
EVENT_NAMES = (
    "CIRC CIRC_MINOR STREAM ORCONN BW DEBUG INFO NOTICE WARN ERR NEWDESC ADDRMAP DESCCHANGED NS STATUS_GENERAL STATUS_CLIENT "
    "STATUS_SERVER GUARD STREAM_BW CLIENTS_SEEN NEWCONSENSUS BUILDTIMEOUT_SET SIGNAL CONF_CHANGED CONN_BW CELL_STATS CIRC_BW "
    "TRANSPORT_LAUNCHED HS_DESC HS_DESC_CONTENT NETWORK_LIVENESS"
)
VALUES = {
    "version": "0.4.9.11",
    "process/pid": "4711",
    "traffic/read": "123456789",
    "events/names": EVENT_NAMES,
    "features/names": "VERBOSE_NAMES EXTENDED_EVENTS",
    "signal/names": "RELOAD HUP SHUTDOWN DUMP USR1 DEBUG USR2 HALT TERM INT NEWNYM CLEARDNSCACHE HEARTBEAT ACTIVE DORMANT",
    "consensus/valid-after": "2026-11-22 12:00:00",
    "consensus/fresh-until": "2026-11-22 13:00:00",
    "consensus/valid-until": "2026-11-22 15:00:00",
    "network-liveness": "up",
    "orconn-status": "",
}
FILES = ("ns/all", "circuit-status", "stream-status", "address-mappings/all", "entry-guards")


def dot_stuffed(value: bytes) -> bytes:
    """
    Lines as a data block of the control protocol; see control-spec 2.1.1.
    """
    lines = value.rstrip(b"\r\n").replace(b"\r\n", b"\n").split(b"\n")
    return b"".join(b"." * line.startswith(b".") + line + b"\r\n" for line in lines) + b".\r\n"


class Answers:
    """
    What is answered to which line.
    """

    def __init__(self, data: Path) -> None:
        self.values = {key: f"250-{key}={value}\r\n".encode() for key, value in VALUES.items()}
        for key in FILES:
            block = dot_stuffed((data / key.replace("/", "-")).read_bytes())
            self.values[key] = b"250+" + key.encode() + b"=\r\n" + block
        new = (data / "ns-all").read_bytes().replace(b"w Bandwidth=", b"w Bandwidth=1")  # no entry is what it was
        consensus = b"650+NEWCONSENSUS\r\n" + dot_stuffed(new) + b"650 OK\r\n"
        self.lines = {
            b"PROTOCOLINFO": PROTOCOLINFO,
            b"PROTOCOLINFO 1": PROTOCOLINFO,
            b"SIGNAL DUMP": OK + (data / "events").read_bytes() + LAST_EVENT,
            b"SIGNAL DEBUG": OK + consensus + LAST_EVENT,
            b"QUIT": b"250 closing connection\r\n",
        }
        self.commands = 0

    def answer(self, line: bytes) -> bytes:
        """
        The answer to a line.
        """
        known = self.lines.get(line)
        if known is not None:
            return known
        keyword, _, rest = line.partition(b" ")
        if keyword.upper() == b"GETCONF":
            return b"".join(b"250-" + word + b"\r\n" for word in rest.split()[:-1]) + b"250 " + rest.split()[-1] + b"\r\n"
        if keyword.upper() != b"GETINFO":
            return OK
        if rest == b"benchmark/commands":
            return b"250-benchmark/commands=%d\r\n250 OK\r\n" % self.commands
        found = self.getinfo(rest.decode("ascii").split())
        if not rest.startswith(b"ip-to-country/"):
            self.lines[line] = found
        return found

    def getinfo(self, keys: list[str]) -> bytes:
        """
        The answer to a GETINFO.
        """
        countries = {key: f"250-{key}=??\r\n".encode() for key in keys if key.startswith("ip-to-country/")}
        values = [self.values.get(key) or countries.get(key) for key in keys]
        unknown = [key for key, value in zip(keys, values, strict=True) if value is None]
        if unknown:
            return f'552 Unrecognized key "{unknown[0]}"\r\n'.encode()
        return b"".join(value for value in values if value is not None) + OK


def serve(connection: socket.socket, answers: Answers) -> None:
    """
    Talk with one client. All that came at once is answered at once.
    """
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    rest = b""
    with connection:
        try:
            while came := connection.recv(1 << 18):
                *lines, rest = (rest + came).split(b"\r\n")
                answers.commands += len(lines)
                connection.sendall(b"".join(map(answers.answer, lines)))
                if b"QUIT" in lines:
                    return
        except ConnectionError:
            return  # the client had enough


def end_with_standard_input() -> None:
    """
    Whoever started this process may end it by closing a pipe, or by ending.
    """
    sys.stdin.buffer.read()
    os._exit(0)


def main(data: str, cpu: str = "") -> None:
    """
    The program.
    """
    if cpu:
        os.sched_setaffinity(0, {int(cpu)})
    answers = Answers(Path(data))
    listener = socket.create_server(("127.0.0.1", 0), backlog=512)
    threading.Thread(target=end_with_standard_input, daemon=True).start()
    print(listener.getsockname()[1], flush=True)
    while True:
        threading.Thread(target=serve, args=(listener.accept()[0], answers), daemon=True).start()


if __name__ == "__main__":
    main(*sys.argv[1:])
