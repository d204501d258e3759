# -*- test-case-name: txtor.test.directory.test_bandwidth_file -*-
"""
Bandwidth files of all versions, whole and broken.
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import pickle
from datetime import datetime, timezone

from hypothesis import example, given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from txtor.directory import BandwidthFile
from txtor.errors import MalformedDocument

A, B = "A" * 40, "B" * 40
TORFLOW = (
    f"1523911758\nnode_id=${A} bw=760 nick=Test measured_at=1523911725 updated_at=1523911725 pid_error=4.11374090719 "
    "pid_error_sum=4.11374090719 pid_bw=57136645 pid_delta=2.12168374577 circ_fail=0.2 scanner=/filepath\n"
).encode()
SBWS = (
    "1523911758\nversion=1.9.0\nsoftware=sbws\nsoftware_version=1.9.0\nfile_created=2018-04-16T20:49:18\n"
    "minimum_percent_eligible_relays=60\ntime_to_report_half_network=123\ndestinations_countries=DE,US\nnew_key=x=y\n=====\n"
    f"bw=38000 bw_mean=1127824 nick=Test node_id=${A} rtt=380 success=1 time=2018-05-08T16:13:26 mu=0.5 r_strm=1e-3 "
    f"consensus_bandwidth_is_unmeasured=False vote=0 under_min_report=1 master_key_ed25519={'A' * 43} odd=1 xoff_recv=z\n"
    f"bw=1 bw=2 node_id=${B}\nnode_id={B} bw=7\n"
).encode()


class BandwidthFileTests(SynchronousTestCase):
    """
    Reading.
    """

    def test_torflow(self) -> None:
        """
        Version 1.0.0 has neither header nor version. Case 17 of the documents.
        """
        document = BandwidthFile.parse(TORFLOW)
        self.assertEqual(document.timestamp, datetime(2018, 4, 16, 20, 49, 18, tzinfo=timezone.utc))
        self.assertEqual((document.version, dict(document.header)), ("1.0.0", {}))
        (measurement,) = document.measurements
        self.assertEqual((measurement.fingerprint, measurement.bandwidth, measurement.nickname), (A, 760, "Test"))
        self.assertEqual((measurement.value("pid_delta"), measurement.value("scanner")), (2.12168374577, "/filepath"))
        self.assertTrue(measurement.is_voted)

    def test_sbws(self) -> None:
        """
        Version 1.9.0, with known keys typed, unknown ones kept, and a line that names a bandwidth twice void.
        """
        document = BandwidthFile.parse(SBWS)
        self.assertEqual((document.version, document.header["new_key"]), ("1.9.0", "x=y"))
        self.assertEqual(document.value("destinations_countries"), ("DE", "US"))
        self.assertEqual(document.value("file_created"), datetime(2018, 4, 16, 20, 49, 18, tzinfo=timezone.utc))
        self.assertEqual((document.value("minimum_percent_eligible_relays"), document.value("absent")), (60, None))
        first, second = document.measurements
        values = [first.value(key) for key in ("rtt", "mu", "r_strm", "vote", "under_min_report", "odd", "xoff_recv", "absent")]
        self.assertEqual(values, [380, 0.5, 0.001, False, True, "1", "z", None])
        self.assertEqual((first.is_voted, first.ed25519_master_key), (False, "A" * 43))
        self.assertEqual((second.fingerprint, second.bandwidth, second.nickname), (B, 7, None))
        self.assertEqual(document.unrecognized_lines, (f"bw=1 bw=2 node_id=${B}",))

    def test_old_terminator_and_none(self) -> None:
        """
        Four equals signs end the header, as sbws 0.1.0 wrote them; without any the first relay ends it. Case 17 of the documents,
        case 126.
        """
        for ending in (b"====\n", b""):
            document = BandwidthFile.parse(SBWS.replace(b"=====\n", ending))
            self.assertEqual((len(document.measurements), document.header["software"]), (2, "sbws"))
        late = BandwidthFile.parse(TORFLOW + b"software=x\n=====\n")
        self.assertEqual((len(late.header), late.unrecognized_lines), (0, ("software=x", "=====")))

    def test_header_alone(self) -> None:
        """
        A file may end after its header, after its first line, and within a line. Case 17 of the documents.
        """
        header = SBWS[: SBWS.index(b"=====")]
        self.assertEqual(BandwidthFile.parse(header).measurements, ())
        self.assertEqual(len(BandwidthFile.parse(b"1523911758\n").header), 0)
        cut = BandwidthFile.parse(SBWS[:-1])
        self.assertEqual((cut.is_complete, cut.measurements[-1].bandwidth), (False, 7))
        for size in range(11, len(SBWS)):
            document = BandwidthFile.parse(SBWS[:size])
            self.assertLessEqual(len(document.measurements), 2)

    def test_refused(self) -> None:
        """
        Without a time in the first line it is no bandwidth file.
        """
        firsts = (b"", b"\n", b"version=1.1.0\n", b"-5\n", b"1_0\n", b"99999999999999\n", b"15239\r\n")
        for data in (*firsts, b"1523911758\n\0\n", b"x" * 200000):
            with self.assertRaises(MalformedDocument):
                BandwidthFile.parse(data)

    def test_digest(self) -> None:
        """
        The digest in a vote is that of the whole file, padded or not; annotations do not count.
        """
        digest = base64.b64encode(hashlib.sha256(SBWS).digest()).decode()
        document = BandwidthFile.parse(b"@type bandwidth-file 1.9\n" + SBWS)
        self.assertTrue(document.matches_digest(f"sha256={digest}") and document.matches_digest(f"sha256={digest[:-1]}"))
        self.assertEqual([document.matches_digest(word) for word in (f"sha1={digest}", "sha256=", "")], [False] * 3)
        self.assertEqual([tuple(note) for note in document.annotations], [("type", "bandwidth-file 1.9")])

    def test_nothing_is_lost(self) -> None:
        """
        The bytes come back, the lines joined are the bytes, and a measurement can be sent to another process.
        """
        document = BandwidthFile.parse(SBWS)
        self.assertEqual(bytes(document), SBWS)
        self.assertEqual(b"".join(map(bytes, document.items)), SBWS)
        self.assertEqual(pickle.loads(pickle.dumps(document)), document)
        self.assertEqual(pickle.loads(pickle.dumps(document.measurements[0])), document.measurements[0])

    @settings(max_examples=120)
    @given(st.lists(st.text("bw=node_id$A1 .٣\0\r", max_size=50) | st.sampled_from([f"bw=1 node_id=${A}", "====="]), max_size=6))
    @example(["=", "a=", "==", f"bw=1 node_id=${A} =="])
    def test_any_text(self, lines: list[str]) -> None:
        """
        A file that keeps its bytes, or the declared error.
        """
        data = b"1523911758\n" + "\n".join(lines).encode()
        with contextlib.suppress(MalformedDocument):
            document = BandwidthFile.parse(data)
            self.assertEqual(b"".join(map(bytes, document.items)), data)
            for measurement in document.measurements:
                self.assertEqual(measurement.fingerprint, A)
