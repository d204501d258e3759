# -*- test-case-name: txtor.test.test_benchmarks -*-
"""
The life of a made-up Tor client: what it has at the beginning, and the events that follow from there.

The events obey Tor's rules, so that a program that follows them never finds one that cannot be: circuits grow hop by hop, streams
are attached to circuits that are built, and a circuit with streams is not closed. See control-spec 4.1.
"""

from __future__ import annotations

import base64
import hashlib
import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

T = TypeVar("T")

WEIGHTS = {"CIRC": 20, "STREAM": 26, "CIRC_BW": 20, "STREAM_BW": 20, "ORCONN": 5, "ADDRMAP": 5, "BW": 3, "CIRC_MINOR": 1}
ISOLATION = (
    "CLIENT_PROTOCOL=SOCKS5 NYM_EPOCH=0 SESSION_GROUP=-4 "
    "ISO_FIELDS=SOCKS_USERNAME,SOCKS_PASSWORD,CLIENTADDR,SESSION_GROUP,NYM_EPOCH"
)
TOP_LEVELS = ("com", "org", "net", "de", "info")


class Bag(dict[int, T]):
    """
    Things by number, of which one can be drawn at random without going through all.
    """

    def __init__(self) -> None:
        super().__init__()
        self._numbers: list[int] = []
        self._places: dict[int, int] = {}

    def put(self, number: int, thing: T) -> None:
        """
        Add a thing that is not there.
        """
        self[number] = thing
        self._places[number] = len(self._numbers)
        self._numbers.append(number)

    def take(self, number: int) -> T:
        """
        Remove a thing: the last one of the row takes its place.
        """
        place, last = self._places.pop(number), self._numbers.pop()
        if last != number:
            self._numbers[place] = last
            self._places[last] = place
        return self.pop(number)

    def draw(self, rng: random.Random) -> T:
        """
        One of them.
        """
        return self[rng.choice(self._numbers)]


@dataclass
class Circuit:
    """
    A circuit: ``tail`` is what each event says behind its path.
    """

    id: int
    hops: int
    tail: str
    is_general: bool
    path: list[str] = field(default_factory=list)
    status: str = "LAUNCHED"
    streams: int = 0

    def __str__(self) -> str:
        return " ".join([",".join(self.path)] * bool(self.path) + [self.tail])


@dataclass
class Stream:
    """
    A stream, and the circuit that it is attached to.
    """

    id: int
    host: str
    address: str
    port: int
    tail: str
    status: str = "NEW"
    circuit: Circuit | None = None

    @property
    def circuit_id(self) -> int:
        """
        As events write it.
        """
        return self.circuit.id if self.circuit else 0


class ClientLife:
    """
    Everything that a client has, and what happens to it.
    """

    def __init__(self, rng: random.Random, relays: Sequence[tuple[str, Sequence[str]]], circuits: int, streams: int) -> None:
        """
        :param relays: their names and flags.
        :param circuits: how many there are at the beginning.
        :param streams: the same.
        """
        self.rng = rng
        self.names = [name for name, _ in relays]
        self.guards = [name for name, flags in relays if "Guard" in flags] or self.names
        self.exits = [name for name, flags in relays if "Exit" in flags] or self.names
        self.first_hops = rng.sample(self.guards, min(3, len(self.guards)))
        self.hosts = [f"host{i}.example{i % 97}.{TOP_LEVELS[i % 5]}" for i in range(4000)]
        self.wanted_circuits, self.wanted_streams = circuits, streams
        self.circuits: Bag[Circuit] = Bag()
        self.streams: Bag[Stream] = Bag()
        self.growing: Bag[Circuit] = Bag()
        self.attaching: list[Stream] = []
        self.counts = dict.fromkeys(WEIGHTS, 0)
        self._last_circuit = self._last_stream = 0
        while len(self.circuits) < circuits:
            circuit = self._launch()
            while len(self.circuits) % 50 and circuit.status != "BUILT":
                self._grow(circuit)
        while len(self.streams) < streams:
            stream = self._open()
            stream.circuit, stream.status = self._usable(), "SUCCEEDED"
            stream.circuit.streams += 1
        self.attaching.clear()

    # -- what there is -------------------------------------------------------------------------------------------------

    def snapshot(self) -> dict[str, str]:
        """
        What GETINFO tells, by file name.
        """
        guards = self.rng.sample(self.guards, min(60, len(self.guards)))
        states = ("up", "down 2026-11-22 09:11:12", "unusable 2026-11-18 17:39:19", "never-connected")
        ends = ("NEVER", '"2037-11-22 13:00:00"')
        mappings = [f"{host} {self._address()} {ends[len(host) % 2]}" for host in self.hosts[:1000:2]]
        return {
            "circuit-status": "\r\n".join(f"{one.id} {one.status} {one}" for one in self.circuits.values()),
            "stream-status": "\r\n".join(
                f"{one.id} {one.status} {one.circuit_id} {one.host}:{one.port}" for one in self.streams.values()
            ),
            "entry-guards": "".join(f"{name} {states[min(place // 3, 3)]}\n" for place, name in enumerate(guards)),
            "address-mappings-all": "\r\n".join(mappings),
        }

    # -- what happens --------------------------------------------------------------------------------------------------

    def events(self, count: int) -> Iterator[str]:
        """
        So many events, without their status code.
        """
        makers: dict[str, Callable[[], str]] = {
            "CIRC": self._circuit_event,
            "STREAM": self._stream_event,
            "CIRC_BW": self._circuit_bandwidth,
            "STREAM_BW": self._stream_bandwidth,
            "ORCONN": self._or_connection,
            "ADDRMAP": self._address_map,
            "BW": lambda: f"{self.rng.randint(0, 9999999)} {self.rng.randint(0, 999999)}",
            "CIRC_MINOR": self._circuit_minor,
        }
        for keyword in self.rng.choices(list(WEIGHTS), list(WEIGHTS.values()), k=count):
            self.counts[keyword] += 1
            yield f"{keyword} {makers[keyword]()}"

    def _circuit_event(self) -> str:
        if self.growing and self.rng.random() < 0.8:
            circuit = self.growing.draw(self.rng)
            if self.rng.random() < 0.03:
                self.growing.take(circuit.id)
                self.circuits.take(circuit.id)
                return f"{circuit.id} FAILED {circuit} REASON=TIMEOUT"
            self._grow(circuit)
            return f"{circuit.id} {circuit.status} {circuit}"
        for circuit in (self.circuits.draw(self.rng) for _ in range(12) if len(self.circuits) >= self.wanted_circuits):
            if circuit.status == "BUILT" and not circuit.streams:
                self.circuits.take(circuit.id)
                return f"{circuit.id} CLOSED {circuit} REASON=DESTROYED REMOTE_REASON=FINISHED"
        circuit = self._launch()
        return f"{circuit.id} LAUNCHED {circuit}"

    def _stream_event(self) -> str:
        if len(self.streams) < self.wanted_streams and self.rng.random() < 0.5:
            new = self._open()
            source = f"SOURCE_ADDR=127.0.0.1:{self.rng.randint(32768, 60999)} PURPOSE=USER"
            return f"{new.id} NEW 0 {new.host}:{new.port} {source} {new.tail}"
        stream = self.attaching.pop() if self.attaching else self.streams.draw(self.rng)
        following = {"NEW": "SENTCONNECT", "SENTCONNECT": "REMAP", "REMAP": "SUCCEEDED", "SUCCEEDED": "CLOSED"}
        stream.status = following[stream.status]
        target, words = f"{stream.address}:{stream.port}", ""
        if stream.status == "SENTCONNECT":
            target = f"{stream.host}:{stream.port}"
            stream.circuit = self._usable()
            stream.circuit.streams += 1
        elif stream.status == "REMAP":
            words = "SOURCE=EXIT "
        elif stream.status == "CLOSED":
            words = "REASON=END REMOTE_REASON=DONE "
            self.streams.take(stream.id)
            assert stream.circuit is not None  # it has succeeded
            stream.circuit.streams -= 1
        if stream.status in ("SENTCONNECT", "REMAP"):
            self.attaching.append(stream)
        return f"{stream.id} {stream.status} {stream.circuit_id} {target} {words}{stream.tail}"

    def _circuit_bandwidth(self) -> str:
        rng = self.rng
        read, written = rng.randint(1, 4000) * 509, rng.randint(1, 400) * 509
        congestion = f" SS=0 CWND={rng.randint(124, 2000)} RTT={rng.randint(80, 900)} MIN_RTT={rng.randint(60, 200)}"
        return (
            f"ID={self.circuits.draw(rng).id} READ={read} WRITTEN={written} TIME={self._time()} DELIVERED_READ={read * 9 // 10} "
            f"OVERHEAD_READ={read // 12} DELIVERED_WRITTEN={written * 8 // 10} OVERHEAD_WRITTEN={written // 6}"
            + congestion * (rng.random() < 0.7)
        )

    def _stream_bandwidth(self) -> str:
        rng = self.rng
        return f"{self.streams.draw(rng).id} {rng.randint(0, 99999)} {rng.randint(0, 9999999)} {self._time()}"

    def _or_connection(self) -> str:
        rest = self.rng.choice(("LAUNCHED", "CONNECTED", "CLOSED REASON=DONE NCIRCS=2", "FAILED REASON=TIMEOUT NCIRCS=1"))
        return f"{self.rng.choice(self.guards)} {rest} ID={self.rng.randint(1, 99999)}"

    def _address_map(self) -> str:
        host, end = self.rng.choice(self.hosts), '"2037-11-22 13:00:00"'
        if self.rng.random() < 0.33:
            return f'{host} {self._address()} NEVER CACHED="NO"'
        return f'{host} {self._address()} {end} EXPIRES={end} CACHED="NO" STREAMID={self._last_stream}'

    def _circuit_minor(self) -> str:
        circuit = self.circuits.draw(self.rng)
        return f"{circuit.id} PURPOSE_CHANGED {circuit} OLD_PURPOSE=GENERAL"

    # -- parts ---------------------------------------------------------------------------------------------------------

    def _launch(self) -> Circuit:
        rng = self.rng
        self._last_circuit += 1
        kinds = (
            (3, "NEED_CAPACITY", "GENERAL"),
            (3, "IS_INTERNAL,NEED_CAPACITY,NEED_UPTIME", "HS_VANGUARDS"),
            (4, "IS_INTERNAL,NEED_CAPACITY", f"HS_CLIENT_REND HS_STATE=HSCR_JOINED REND_QUERY={self._onion()}"),
            (1, "ONEHOP_TUNNEL,IS_INTERNAL,NEED_CAPACITY", "GENERAL"),
        )
        hops, flags, purpose = rng.choices(kinds, (75, 10, 10, 5))[0]
        tail = f"BUILD_FLAGS={flags} PURPOSE={purpose} TIME_CREATED={self._time()}"
        if rng.random() < 0.4:
            tail += f' SOCKS_USERNAME="user{rng.randint(1, 500)}" SOCKS_PASSWORD="isolate"'
        circuit = Circuit(self._last_circuit, hops, tail, purpose == "GENERAL")
        self.circuits.put(circuit.id, circuit)
        self.growing.put(circuit.id, circuit)
        return circuit

    def _grow(self, circuit: Circuit) -> None:
        """
        One step: one more hop, or built.
        """
        if len(circuit.path) == circuit.hops:
            circuit.status = "BUILT"
            self.growing.take(circuit.id)
            return
        circuit.status = "EXTENDED"
        names = self.exits if len(circuit.path) == circuit.hops - 1 else self.names
        circuit.path.append(self.rng.choice(names if circuit.path else self.first_hops))

    def _open(self) -> Stream:
        rng = self.rng
        self._last_stream += 2
        user = f'SOCKS_USERNAME="user{rng.randint(1, 500)}" SOCKS_PASSWORD="isolate" {ISOLATION}'
        stream = Stream(self._last_stream, rng.choice(self.hosts), self._address(), rng.choice((80, 443, 443, 993)), user)
        self.streams.put(stream.id, stream)
        self.attaching.append(stream)
        return stream

    def _usable(self) -> Circuit:
        """
        A circuit that a stream may use. There always are some: a few hundred of each thousand, at any time.
        """
        while True:
            circuit = self.circuits.draw(self.rng)
            if circuit.status == "BUILT" and circuit.is_general:
                return circuit

    def _address(self) -> str:
        rng = self.rng
        return f"{rng.randint(11, 126)}.{rng.randint(0, 255)}.{rng.randint(0, 255)}.{rng.randint(1, 254)}"

    def _time(self) -> str:
        rng = self.rng
        return f"2026-11-22T12:{rng.randint(0, 59):02}:{rng.randint(0, 59):02}.{rng.randint(0, 999999):06}"

    def _onion(self) -> str:
        """
        An onion address whose checksum is right, since some libraries check it.
        """
        key = self.rng.randbytes(32)
        checksum = hashlib.sha3_256(b".onion checksum" + key + b"\x03").digest()[:2]
        return base64.b32encode(key + checksum + b"\x03").decode().lower()
