# -*- test-case-name: txtor.test.events.test_bandwidth -*-
"""
How much is read and written: BW, STREAM_BW, CIRC_BW, CONN_BW, CELL_STATS, TB_EMPTY.
"""

from __future__ import annotations

from ._event import Event, key, word
from ._read import as_bool, as_counts, as_integer, as_time


class BandwidthEvent(Event):
    """
    What Tor has read and written in the last second. See control-spec 4.1.4.
    """

    __slots__ = ()

    keyword = "BW"
    description = "How many bytes Tor has read and written in the last second."
    fixed_words = 2

    read = word(0, as_integer)
    """Bytes that were read."""

    written = word(1, as_integer)
    """Bytes that were written."""


class StreamBandwidthEvent(Event):
    """
    What was read and written on a stream since the last such event of it. See control-spec 4.1.13.
    """

    __slots__ = ()

    keyword = "STREAM_BW"
    description = "How many bytes an application has written to a stream and read from it since the last such event."
    fixed_words = 4

    id = word(0)
    """The stream's identifier."""

    written = word(1, as_integer)
    """Bytes that the application has written."""

    read = word(2, as_integer)
    """Bytes that the application has read."""

    time = word(3, as_time)
    """When they were counted."""


class CircuitBandwidthEvent(Event):
    """
    What was read and written on a circuit since the last such event of it. See control-spec 4.1.22.

    Bytes delivered are those of valid data; overhead is what the cells had room for and did not use.
    """

    __slots__ = ()

    keyword = "CIRC_BW"
    description = "How many bytes were read and written on a circuit since the last such event."

    id = key("ID")
    """The circuit's identifier."""

    read = key("READ", as_integer)
    """Bytes that were read, all of the cells."""

    written = key("WRITTEN", as_integer)
    """Bytes that were written, all of the cells."""

    time = key("TIME", as_time)
    """When they were counted."""

    delivered_read = key("DELIVERED_READ", as_integer)
    """Bytes of valid data that were read."""

    overhead_read = key("OVERHEAD_READ", as_integer)
    """Bytes of those cells that were not used."""

    delivered_written = key("DELIVERED_WRITTEN", as_integer)
    """Bytes of valid data that were written."""

    overhead_written = key("OVERHEAD_WRITTEN", as_integer)
    """Bytes of those cells that were not used."""

    ss = key("SS", as_bool)
    """Whether congestion control is in slow start."""

    cwnd = key("CWND", as_integer)
    """The congestion window, in cells."""

    rtt = key("RTT", as_integer)
    """The round-trip time, in milliseconds."""

    min_rtt = key("MIN_RTT", as_integer)
    """The least round-trip time so far, in milliseconds."""


class ConnectionBandwidthEvent(Event):
    """
    What was read and written on a connection in the last second; for testing networks. See control-spec 4.1.21.
    """

    __slots__ = ()

    keyword = "CONN_BW"
    description = "How many bytes were read and written on a connection in the last second."

    id = key("ID")
    """The connection's identifier."""

    conn_type = key("TYPE")
    """A word of `ConnType`."""

    read = key("READ", as_integer)
    """Bytes that were read."""

    written = key("WRITTEN", as_integer)
    """Bytes that were written."""


class CellStatsEvent(Event):
    """
    The cells of a circuit in the last second, by kind; for testing networks. See control-spec 4.1.23.

    The dicts have the kind of cell as key, as ``"relay_early"``.
    """

    __slots__ = ()

    keyword = "CELL_STATS"
    description = "How many cells of each kind a circuit has had in the last second, and how long they waited."

    id = key("ID")
    """The circuit's identifier, where the circuit begins here."""

    inbound_queue = key("InboundQueue")
    """The identifier of the queue towards the client."""

    inbound_conn = key("InboundConn")
    """The identifier of the connection towards the client."""

    inbound_added = key("InboundAdded", as_counts)
    """Cells put into the queue."""

    inbound_removed = key("InboundRemoved", as_counts)
    """Cells taken from the queue."""

    inbound_time = key("InboundTime", as_counts)
    """How long those that were taken had waited, in milliseconds, all together."""

    outbound_queue = key("OutboundQueue")
    """The identifier of the queue towards the exit."""

    outbound_conn = key("OutboundConn")
    """The identifier of the connection towards the exit."""

    outbound_added = key("OutboundAdded", as_counts)
    """Cells put into the queue."""

    outbound_removed = key("OutboundRemoved", as_counts)
    """Cells taken from the queue."""

    outbound_time = key("OutboundTime", as_counts)
    """How long those that were taken had waited, in milliseconds, all together."""


class TokenBucketEmptyEvent(Event):
    """
    A limit on bandwidth was met; Tors before 0.4.5 tell it on testing networks. See control-spec 4.1.24.
    """

    __slots__ = ()

    keyword = "TB_EMPTY"
    description = "A token bucket was refilled that had been empty."
    fixed_words = 1

    bucket = word(0)
    """``GLOBAL``, ``RELAY`` or ``ORCONN``."""

    id = key("ID")
    """The connection's identifier, for ``ORCONN``."""

    read = key("READ", as_integer)
    """For how many milliseconds nothing could be read."""

    written = key("WRITTEN", as_integer)
    """For how many milliseconds nothing could be written."""

    last = key("LAST", as_integer)
    """How many milliseconds ago it was refilled before."""
