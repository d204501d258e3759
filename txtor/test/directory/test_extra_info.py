"""
Tests for ``txtor.directory._extra_info``.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from txtor.directory import ExtraInfo, ServerDescriptor, make_extra_info, make_server_descriptor, sign_descriptor
from txtor.errors import CannotVerify, DocumentError, InvalidArgument, MalformedDocument, VerificationFailed
from txtor.test.directory.keys import relay_keys
from txtor.test.directory.samples import NOW, sample

KEYS = relay_keys()
OTHER = relay_keys(1)
PERIOD = "2026-11-22 12:00:00 (86400 s)"
LINES = [
    f"write-history {PERIOD} 1,2",
    f"ipv6-write-history {PERIOD} 3",
    f"dirreq-stats-end {PERIOD}",
    "dirreq-v3-ips us=16,de=8",
    "dirreq-v3-resp ok=40,not-found=4",
    "dirreq-v3-share 0.37%",
    f"cell-stats-end {PERIOD}",
    "cell-processed-cells 1437,44",
    "cell-circuits-per-decile 7",
    f"conn-bi-direct {PERIOD} 1,2,3,4",
    f"exit-stats-end {PERIOD}",
    "exit-kibibytes-written 80=4,other=8",
    "hidserv-rend-v3-relayed-cells -5 delta_f=2048 epsilon=0.30 bin_size=1024",
    "overload-ratelimits 1 2026-11-22 12:00:00 100 200 3 4",
    "overload-fd-exhausted 1 2026-11-22 12:00:00",
    "geoip-db-digest B08BFE286DC8F11F29AACEAFB6F7EF0F5C771042",
    "transport obfs4 127.0.0.1:443 cert=x",
    "transport snowflake 127.0.0.1:80",
    "newest-statistics of all",
]


def make(*lines: str) -> ExtraInfo:
    """
    An extra-info.
    """
    return make_extra_info(KEYS, nickname="test", published=NOW, lines=lines)


def descriptor_of(extra_info: ExtraInfo, published: datetime = NOW) -> ServerDescriptor:
    """
    The server descriptor that means an extra-info.
    """
    return make_server_descriptor(
        KEYS, nickname="test", address="127.0.0.1", or_port=9001, published=published, extra_info=extra_info
    )


class ReadingTests(SynchronousTestCase):
    """
    The attributes.
    """

    def test_genuine(self) -> None:
        """
        Genuine extra-infos are read, and nothing of them is lost.
        """
        data = sample("network-1/extra-infos")
        found = [one for one in ExtraInfo.parse_many(data) if isinstance(one, ExtraInfo)]
        self.assertEqual(b"".join(map(bytes, found)), data)
        self.assertEqual(len(found), 7)
        self.assertEqual((found[0].nickname, found[0].fingerprint), ("auth002", "D86DA3C398B53EDB95E6CC3E4178364DA4FF18DB"))
        assert found[0].padding_counts is not None
        self.assertEqual(found[0].padding_counts.counts["write-total"], 10000)
        self.assertEqual(found[0].geoip_db_digest, "B08BFE286DC8F11F29AACEAFB6F7EF0F5C771042")
        self.assertEqual([one.unrecognized_lines for one in found], [()] * 7)

    def test_statistics(self) -> None:
        """
        Case 14 of the documents: statistics are typed under the names of their keywords, the newest ones too, and unknown
        ones kept.
        """
        extra_info = ExtraInfo.parse(bytes(make(*LINES)))
        assert extra_info.write_history is not None and extra_info.ipv6_write_history is not None
        self.assertEqual((extra_info.write_history.values, extra_info.ipv6_write_history.values), ((1, 2), (3,)))
        self.assertIsNone(extra_info.read_history)
        self.assertEqual(extra_info.dirreq_v3_ips, {"us": 16, "de": 8})
        self.assertEqual(extra_info.dirreq_v3_resp, {"ok": 40, "not-found": 4})
        self.assertEqual(extra_info.dirreq_v3_share, 0.0037)
        self.assertEqual((extra_info.cell_processed_cells, extra_info.cell_circuits_per_decile), ((1437.0, 44.0), 7))
        assert extra_info.conn_bi_direct is not None and extra_info.hidserv_rend_v3_relayed_cells is not None
        self.assertEqual(extra_info.conn_bi_direct.both, 4)
        self.assertEqual(extra_info.hidserv_rend_v3_relayed_cells.value, -5)
        assert extra_info.overload_ratelimits is not None and extra_info.overload_fd_exhausted is not None
        self.assertEqual((extra_info.overload_ratelimits.writes, extra_info.overload_fd_exhausted.version), (4, 1))
        self.assertEqual([one.name for one in extra_info.transports], ["obfs4", "snowflake"])
        self.assertEqual(extra_info.unrecognized_lines, ("newest-statistics of all",))

    def test_a_statistic_that_cannot_be_read(self) -> None:
        """
        tor does not look at statistics: one that is broken is told to who reads it, and refuses nothing.
        """
        extra_info = ExtraInfo.parse(bytes(make("dirreq-v3-ips us:16", f"write-history {PERIOD} 1")))
        assert extra_info.write_history is not None
        with self.assertRaises(MalformedDocument):
            _ = extra_info.dirreq_v3_ips
        self.assertIn("dirreq-v3-ips us:16", [str(item) for item in extra_info.items])

    def test_transport_at_two_ports(self) -> None:
        """
        Bridges list a transport twice that listens at two places; the specification says once, and tor does not look.
        """
        twice = [line.replace("transport snowflake", "transport obfs4") for line in LINES]
        made = make(*twice)
        self.assertEqual([one.name for one in ExtraInfo.parse(made.raw).transports], ["obfs4", "obfs4"])

    def test_structure(self) -> None:
        """
        Case 20 of the documents: what is missing, repeated or out of place is refused.
        """
        good = bytes(make(*LINES))
        for changed in [
            good.replace(b"\npublished", b"\nx-published"),
            good.replace(b"\npublished", b"\npublished 2026-11-22 13:00:00\npublished"),
            good.replace(b"\nrouter-signature", b"\nx-router-signature"),
            good.replace(b"\nrouter-sig-ed25519", b"\nx-router-sig-ed25519"),
            good.replace(b"\nidentity-ed25519", b"\nx-identity-ed25519"),
            good.replace(b"dirreq-v3-resp", b"dirreq-v3-ips"),
            good.replace(b"extra-info test ", b"extra-info test x"),
            good[: len(good) // 2],
        ]:
            self.assertNotEqual(changed, good)
            self.assertRaises(MalformedDocument, ExtraInfo.parse, changed)


class VerificationTests(SynchronousTestCase):
    """
    Whether an extra-info is believed.
    """

    def fails(self, extra_info: ExtraInfo, descriptor: ServerDescriptor, words: str, now: datetime = NOW) -> None:
        """
        Assert that an extra-info is not believed.
        """
        error = self.assertRaises(VerificationFailed, extra_info.verify, descriptor, now=now)
        self.assertIn(words, error.rule)

    def test_genuine(self) -> None:
        """
        Genuine extra-infos verify with the server descriptors that mean them.
        """
        for network in ("network-1", "network-2"):
            descriptors = {
                one.fingerprint: one
                for one in ServerDescriptor.parse_many(sample(f"{network}/server-descriptors"))
                if isinstance(one, ServerDescriptor)
            }
            for one in ExtraInfo.parse_many(sample(f"{network}/extra-infos")):
                assert isinstance(one, ExtraInfo)
                verification = one.verify(descriptors[one.fingerprint], now=NOW)
                self.assertEqual(verification.checked, ("identity-ed25519", "router-sig-ed25519", "router-signature"))

    def test_made(self) -> None:
        """
        What txtor makes verifies.
        """
        extra_info = make(*LINES)
        self.assertEqual(extra_info.verify(descriptor_of(extra_info), now=NOW).expires, NOW + timedelta(days=28))

    def test_alone(self) -> None:
        """
        Without the server descriptor, the Ed25519 signature is checked and the rest cannot be.
        """
        extra_info = make()
        self.assertEqual(extra_info.verify_ed25519(now=NOW).checked, ("identity-ed25519", "router-sig-ed25519"))
        self.assertRaises(CannotVerify, extra_info.verify, now=NOW)
        changed = ExtraInfo(bytes(make("dirreq-v3-ips us=8")).replace(b"us=8", b"us=9"))
        self.assertRaises(VerificationFailed, changed.verify, now=NOW)

    def test_without_ed25519(self) -> None:
        """
        One that has no Ed25519 signature can be verified with a descriptor that has none, and not alone.
        """
        body = f"extra-info test {KEYS.fingerprint}\npublished 2026-11-22 13:00:00\n".encode()
        signed = sign_descriptor(body, KEYS)
        bare = ExtraInfo(body + signed[signed.index(b"router-signature") :])
        self.assertRaises(CannotVerify, bare.verify_ed25519, now=NOW)
        self.fails(bare, descriptor_of(bare), "certificate is not the one")

    def test_another_relay(self) -> None:
        """
        Case 10 of the documents: the extra-info of another relay is refused, and so is one that another relay signed.
        """
        extra_info = make()
        other = make_extra_info(OTHER, nickname="test", published=NOW)
        self.fails(other, descriptor_of(extra_info), "another relay")
        body = bytes(extra_info).partition(b"router-sig-ed25519")[0]
        self.fails(ExtraInfo(sign_descriptor(body, OTHER)), descriptor_of(extra_info), "the Ed25519 signature is wrong")

    def test_another_time(self) -> None:
        """
        One that was published at another time than the descriptor is refused.
        """
        extra_info = make()
        self.fails(extra_info, descriptor_of(extra_info, NOW + timedelta(hours=1)), "same time")

    def test_another_digest(self) -> None:
        """
        Cases 124 and 131: one that the descriptor does not mean is refused, although both signatures are right.
        """
        self.fails(make("dirreq-v3-ips us=8"), descriptor_of(make()), "digest is not the one")

    def test_both_digests(self) -> None:
        """
        The second digest counts as well: it is over the whole document, signature and last line end included.
        """
        extra_info = make()
        body = bytes(descriptor_of(extra_info)).partition(b"router-sig-ed25519")[0]
        right = extra_info.digest("sha256", "base64").encode()
        self.assertIn(right, body)
        wrong = ServerDescriptor(sign_descriptor(body.replace(right, make("x").digest("sha256", "base64").encode()), KEYS))
        self.fails(extra_info, wrong, "SHA-256")

    def test_no_digest(self) -> None:
        """
        A descriptor that names no extra-info means none.
        """
        descriptor = make_server_descriptor(KEYS, nickname="test", address="127.0.0.1", or_port=9001, published=NOW)
        extra_info = ExtraInfo(
            bytes(make()).replace(bytes(make().items[1]), bytes(descriptor.items[1]))
        )
        error = self.assertRaises((CannotVerify, VerificationFailed), extra_info.verify, descriptor, now=NOW)
        self.assertIn("no extra-info", error.rule)

    def test_expired(self) -> None:
        """
        Case 9 of the documents: an expired certificate is refused, with its time.
        """
        extra_info = make()
        self.fails(extra_info, descriptor_of(extra_info), "expired at 2026-12-20 13:00:00", NOW + timedelta(days=29))
        self.assertRaises(InvalidArgument, extra_info.verify, now=datetime(2026, 1, 1))

    def test_every_byte(self) -> None:
        """
        Case 10 of the documents, case 124: an extra-info in which any byte is changed is refused: one bit of each is tried.
        """
        extra_info = make("dirreq-v3-ips us=8")
        descriptor = descriptor_of(extra_info)

        def judge(changed: bytes) -> None:
            ExtraInfo.parse(changed).verify(descriptor, now=NOW)

        good = bytes(extra_info)
        for place in range(len(good)):
            changed = bytearray(good)
            changed[place] ^= 1 << place % 8
            self.assertRaises(DocumentError, judge, bytes(changed))

    @settings(max_examples=150)
    @given(st.lists(st.sampled_from(bytes(make(*LINES)).splitlines(True)), max_size=40), st.binary(max_size=9))
    def test_every_mixture(self, lines: list[bytes], end: bytes) -> None:
        """
        Lines of an extra-info in any order are a document or the one declared error.
        """
        for one in ExtraInfo.parse_many(b"".join(lines) + end):
            self.assertIsInstance(one, (ExtraInfo, MalformedDocument))
