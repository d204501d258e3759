# -*- test-case-name: txtor.test.state.test_torstate -*-
"""
What is known of one Tor: circuits, streams, OR connections and the rest, without anything that acts or waits.

Pure: the reducers (`txtor.state._reducers`) change it, the mirror feeds them.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

from txtor.events import BandwidthEvent, BuildTimeoutSetEvent, ORConnEvent
from txtor.grammar import RouterName

if TYPE_CHECKING:
    from ._circuit import Circuit
    from ._stream import Stream

#: How many seconds of bandwidth are kept, as Tor itself keeps them in ``bw-event-cache``.
BANDWIDTH_SECONDS = 300


@dataclass(frozen=True)
class EntryGuard:
    """
    A relay that Tor may use as its first hop.

    :ivar router: its name.
    :ivar status: ``up``, ``never-connected``, ``down``, ``unusable``, or a word of a newer Tor.
    :ivar since: since when, where Tor says it.

    See control-spec 3.9, ``entry-guards``.
    """

    router: RouterName
    status: str
    since: datetime | None = None


@dataclass(frozen=True)
class AddressMapping:
    """
    An address that stands for another.

    :ivar source: the address that is asked for.
    :ivar target: what it stands for.
    :ivar expires: when the mapping ends; ``None`` for never.

    See control-spec 4.1.7, ADDRMAP.
    """

    source: str
    target: str
    expires: datetime | None


@dataclass(frozen=True)
class Validity:
    """
    The times of the consensus that Tor uses. See dir-spec 3.4.1.
    """

    valid_after: datetime
    fresh_until: datetime
    valid_until: datetime


@dataclass
class Model:
    """
    The picture.

    :ivar circuits: by id.
    :ivar streams: by id.
    :ivar or_texts: by id, or by target where Tor gave no id, what Tor said last of each connection that is not over.
    :ivar guards: by fingerprint.
    :ivar addresses: by source.
    :ivar liveness: whether Tor believes that the network is there; ``None`` while it has not said.
    :ivar bandwidth_texts: what BW said in each of the last `BANDWIDTH_SECONDS` seconds.
    :ivar build_timeout: what Tor said last of its circuit build timeout.
    """

    circuits: dict[str, Circuit] = field(default_factory=dict)
    streams: dict[str, Stream] = field(default_factory=dict)
    or_texts: dict[str, str] = field(default_factory=dict)
    guards: dict[str, EntryGuard] = field(default_factory=dict)
    addresses: dict[str, AddressMapping] = field(default_factory=dict)
    liveness: bool | None = None
    bandwidth_texts: deque[str] = field(default_factory=lambda: deque(maxlen=BANDWIDTH_SECONDS))
    build_timeout: BuildTimeoutSetEvent | None = None
    validity: Validity | None = None

    @property
    def or_connections(self) -> dict[str, ORConnEvent]:
        """
        By id, or by target where Tor gave no id, the last event of each connection to a relay.
        """
        return {key: ORConnEvent(text) for key, text in self.or_texts.items()}

    @property
    def bandwidth(self) -> list[tuple[int, int]]:
        """
        Bytes read and written in each of the last seconds, oldest first.
        """
        events = map(BandwidthEvent, self.bandwidth_texts)
        return [(event.read or 0, event.written or 0) for event in events]

    def streams_on(self, circuit_id: str) -> Iterator[Stream]:
        """
        The streams that are attached to a circuit.
        """
        return (stream for stream in self.streams.values() if stream.circuit_id == circuit_id)
