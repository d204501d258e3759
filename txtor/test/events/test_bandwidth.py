"""
Tests of events about bandwidth.
"""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from txtor.events import (
    BandwidthEvent,
    CellStatsEvent,
    CircuitBandwidthEvent,
    ConnectionBandwidthEvent,
    StreamBandwidthEvent,
    TokenBucketEmptyEvent,
)

from .sample import utc


class BandwidthTests(SynchronousTestCase):
    """
    Bytes read and written.
    """

    def test_bw(self) -> None:
        """
        BW: read first; a Tor that says more is understood.
        """
        event = BandwidthEvent("14 2345678901234 MORE=1 extra")
        self.assertEqual((event.read, event.written), (14, 2345678901234))
        self.assertEqual((event.keywords, event.positional[2:]), ({"MORE": "1"}, ("extra",)))

    def test_stream_bw(self) -> None:
        """
        STREAM_BW: what the application wrote comes first.
        """
        event = StreamBandwidthEvent("46 100 2000 2026-11-22T12:58:25.704529")
        self.assertEqual((event.id, event.written, event.read), ("46", 100, 2000))
        self.assertEqual(event.time, utc(2026, 11, 22, 12, 58, 25, 704529))
        self.assertIsNone(StreamBandwidthEvent("46 100 2000").time)

    def test_circ_bw(self) -> None:
        """
        Case 48: CIRC_BW with what congestion control adds.
        """
        event = CircuitBandwidthEvent(
            "ID=5 READ=1018 WRITTEN=509 TIME=2026-11-22T12:58:25.704529 DELIVERED_READ=900 OVERHEAD_READ=96 "
            "DELIVERED_WRITTEN=400 OVERHEAD_WRITTEN=98 SS=1 CWND=124 RTT=250 MIN_RTT=180"
        )
        self.assertEqual((event.id, event.read, event.written), ("5", 1018, 509))
        self.assertEqual(event.time, utc(2026, 11, 22, 12, 58, 25, 704529))
        self.assertEqual((event.delivered_read, event.overhead_read), (900, 96))
        self.assertEqual((event.delivered_written, event.overhead_written), (400, 98))
        self.assertEqual((event.ss, event.cwnd, event.rtt, event.min_rtt), (True, 124, 250, 180))

    def test_circ_bw_without(self) -> None:
        """
        CIRC_BW of a circuit without congestion control, or of an older Tor.
        """
        event = CircuitBandwidthEvent("ID=5 READ=1018 WRITTEN=509")
        self.assertEqual((event.time, event.delivered_read, event.ss, event.cwnd), (None,) * 4)
        self.assertIs(CircuitBandwidthEvent("ID=5 SS=0").ss, False)

    def test_conn_bw(self) -> None:
        """
        CONN_BW.
        """
        event = ConnectionBandwidthEvent("ID=92 TYPE=OR READ=536 WRITTEN=1072")
        self.assertEqual((event.id, event.conn_type, event.read, event.written), ("92", "OR", 536, 1072))

    def test_cell_stats(self) -> None:
        """
        CELL_STATS: counts by kind of cell, both ways; each way may be absent.
        """
        event = CellStatsEvent(
            "ID=14 InboundQueue=19403 InboundConn=15 InboundAdded=relay:4 InboundRemoved=relay:3,created2:1 "
            "InboundTime=relay:2,created2:0 OutboundQueue=8710 OutboundConn=18 OutboundAdded=create2:1 "
            "OutboundRemoved=create2:1 OutboundTime=create2:0"
        )
        self.assertEqual((event.id, event.inbound_queue, event.inbound_conn), ("14", "19403", "15"))
        self.assertEqual((event.inbound_added, event.inbound_removed), ({"relay": 4}, {"relay": 3, "created2": 1}))
        self.assertEqual(event.inbound_time, {"relay": 2, "created2": 0})
        self.assertEqual((event.outbound_queue, event.outbound_conn), ("8710", "18"))
        self.assertEqual((event.outbound_added, event.outbound_removed), ({"create2": 1}, {"create2": 1}))
        self.assertEqual(event.outbound_time, {"create2": 0})
        self.assertEqual((CellStatsEvent("ID=1").inbound_added, CellStatsEvent("InboundAdded=").inbound_added), (None, {}))

    def test_tb_empty(self) -> None:
        """
        TB_EMPTY of older Tors.
        """
        event = TokenBucketEmptyEvent("ORCONN ID=16 READ=0 WRITTEN=93 LAST=100")
        self.assertEqual((event.bucket, event.id, event.read, event.written, event.last), ("ORCONN", "16", 0, 93, 100))
