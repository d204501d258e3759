# -*- test-case-name: txtor.test.directory.test_bridges -*-
"""
Sanitised documents of bridges.
"""

from __future__ import annotations

import contextlib
from datetime import datetime, timezone

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from txtor.directory import (
    BridgeExtraInfo,
    BridgeNetworkStatus,
    BridgePoolAssignment,
    BridgeServerDescriptor,
    Document,
    ServerDescriptor,
    parse,
)
from txtor.errors import CannotVerify, MalformedDocument

from .documents import BRIDGE_DESCRIPTOR, BRIDGE_EXTRA_INFO, BRIDGE_POOL, BRIDGE_STATUS

NOW = datetime(2024, 1, 2, tzinfo=timezone.utc)


class BridgeTests(SynchronousTestCase):
    """
    What the archives hold of bridges.
    """

    def test_server_descriptor(self) -> None:
        """
        It is read like a server descriptor, without keys and with digests, and cannot be verified.
        """
        bridge = BridgeServerDescriptor.parse(BRIDGE_DESCRIPTOR)
        self.assertEqual((bridge.nickname, bridge.address, bridge.or_port), ("Unnamed", "10.146.72.28", 55555))
        self.assertEqual(bridge.fingerprint, "F3B3D8C885D31E6FB3F16F5F1D3F0F0F7C4E5B6A")
        self.assertEqual(bridge.router_digest, "00A1B2C3D4E5F60718293A4B5C6D7E8F90A1B2C3")
        self.assertEqual((bridge.contact, bridge.bridge_distribution_request), ("somebody", "any"))
        self.assertFalse(bridge.exit_policy.is_exiting_allowed)
        self.assertEqual(bytes(bridge), BRIDGE_DESCRIPTOR)
        with self.assertRaises(CannotVerify):
            bridge.verify(now=NOW)
        with self.assertRaises(MalformedDocument):
            ServerDescriptor.parse(BRIDGE_DESCRIPTOR)

    def test_extra_info(self) -> None:
        """
        It has the statistics of an extra-info; a transport has its name alone.
        """
        bridge = BridgeExtraInfo.parse(BRIDGE_EXTRA_INFO)
        self.assertEqual([transport.name for transport in bridge.transports], ["obfs4", "webtunnel"])
        self.assertEqual(dict(bridge.bridge_ips or {}), {"de": 8, "us": 16})
        self.assertEqual(bridge.router_digest, "2C7D28A0F5B2B0A7B0E7E5E1B2F3C4D5E6F7A8B9")
        self.assertEqual(bridge.signature, b"")
        self.assertEqual(bridge.ed25519_master_key_hash, "VkS+wLSGRDAmYBEGGhm2hTLFVyFKHNEyMQCP2EYvcmA")
        self.assertEqual(bridge.unrecognized_lines, ())
        with self.assertRaises(CannotVerify):
            bridge.verify(now=NOW)
        with self.assertRaises(CannotVerify):
            bridge.verify_ed25519(now=NOW)

    def test_old_server_descriptor(self) -> None:
        """
        In archives of 2012 ``router-digest`` is the second line, and lines have ``opt`` before them.
        """
        lines = BRIDGE_DESCRIPTOR.replace(b"\nfingerprint ", b"\nopt fingerprint ").replace(b"\nextra-info", b"\nopt extra-info")
        digest = lines[lines.index(b"router-digest 00A1") :]
        old = lines.removesuffix(digest).replace(b"\nmaster-key", b"\n" + digest + b"master-key")
        bridge = BridgeServerDescriptor.parse(old)
        self.assertEqual(bridge.router_digest, "00A1B2C3D4E5F60718293A4B5C6D7E8F90A1B2C3")
        self.assertEqual(bridge.fingerprint, "F3B3D8C885D31E6FB3F16F5F1D3F0F0F7C4E5B6A")
        self.assertEqual([type(reading.document) for reading in parse(old + BRIDGE_DESCRIPTOR)], [BridgeServerDescriptor] * 2)
        without = old.partition(b"\n")[2]
        self.assertEqual([type(reading.document) for reading in parse(without * 2)], [BridgeServerDescriptor] * 2)

    def test_lines_of_relays(self) -> None:
        """
        What a bridge says that relays say as well, has the attributes of `ServerDescriptor`: the ntor key is kept, which is of no
        use without the address.
        """
        more = b"ntor-onion-key " + b"A" * 43 + b"=\nprotocols Link 1 2 Circuit 1\ncaches-extra-info\ntunnelled-dir-server\n"
        bridge = BridgeServerDescriptor.parse(BRIDGE_DESCRIPTOR.replace(b"reject *:*\n", more + b"reject *:*\n"))
        self.assertEqual((bridge.ntor_onion_key, bridge.link_and_circuit_protocols), (bytes(32), "Link 1 2 Circuit 1"))
        self.assertTrue(bridge.is_hidden_service_dir and bridge.is_extra_info_cache and bridge.is_tunnelled_dir_server)
        self.assertEqual(bridge.unrecognized_lines, ())

    def test_transport_at_two_ports(self) -> None:
        """
        A transport that listens at two places stands there twice, and both lines say the same when the places are gone.
        """
        bridge = BridgeExtraInfo.parse(BRIDGE_EXTRA_INFO.replace(b"transport webtunnel", b"transport obfs4"))
        self.assertEqual([transport.name for transport in bridge.transports], ["obfs4", "obfs4"])

    def test_documents_are_linked(self) -> None:
        """
        A status names a descriptor by its digest, and the descriptor its extra-info.
        """
        bridge = BridgeServerDescriptor.parse(BRIDGE_DESCRIPTOR)
        status = BridgeNetworkStatus.parse(BRIDGE_STATUS)
        digests = [router.digest for router in status.routers.values()]
        self.assertEqual(digests[0], "00A1B2C3D4E5F60718293A4B5C6D7E8F90A1B2C3")
        self.assertEqual(digests[0], bridge.router_digest)
        assert bridge.extra_info_digest is not None
        self.assertEqual(bridge.extra_info_digest.sha1, BridgeExtraInfo.parse(BRIDGE_EXTRA_INFO).router_digest)

    def test_network_status(self) -> None:
        """
        The header may have thresholds and the authority's fingerprint; it is accepted and cannot be verified. Case 18 of the
        documents.
        """
        status = BridgeNetworkStatus.parse(BRIDGE_STATUS)
        self.assertEqual(status.published, datetime(2024, 1, 2, 3, 30, tzinfo=timezone.utc))
        self.assertEqual(status.fingerprint, "BA44A889E64B93FAA2B114E02C2A279A8555C533")
        assert status.flag_thresholds is not None
        self.assertEqual(status.flag_thresholds["guard-wfu"], "98.000%")
        first, second = status.routers.values()
        self.assertEqual((first.nickname, first.bandwidth, first.or_port), ("Unnamed", 150, 55555))
        self.assertEqual(second.flags, {"Running", "NewFlag"})
        with self.assertRaises(CannotVerify):
            status.verify(now=NOW)

    def test_network_status_of_old(self) -> None:
        """
        Old files begin with the first bridge, or hold none.
        """
        start = BRIDGE_STATUS.index(b"r Unnamed")
        status = BridgeNetworkStatus.parse(BRIDGE_STATUS[start:] + b"\n\n")
        self.assertEqual((status.published, len(status.routers)), (None, 2))
        self.assertEqual(len(BridgeNetworkStatus.parse(BRIDGE_STATUS[:start]).routers), 0)

    def test_pool_assignment(self) -> None:
        """
        Each line has a fingerprint, a pool, and what else is said.
        """
        assignment = BridgePoolAssignment.parse(BRIDGE_POOL)
        self.assertEqual(assignment.published, datetime(2024, 1, 2, 3, 30, tzinfo=timezone.utc))
        first, second = assignment.entries
        self.assertEqual((first.fingerprint, first.pool), ("00B834117566035736FC6BD4ECE950EACE8E057A", "unallocated"))
        self.assertEqual(dict(second.keywords), {"port": "443", "flag": "stable", "ring": ""})
        for old, new in ((b"bridge-pool-assignment 2024-01", b"bridge-pool 2024-01"), (b"00b8", b"00x8"), (b" unallocated", b"")):
            with self.assertRaises(MalformedDocument):
                BridgePoolAssignment.parse(BRIDGE_POOL.replace(old, new))

    @settings(max_examples=120)
    @given(
        st.sampled_from(
            [
                (BridgeServerDescriptor, BRIDGE_DESCRIPTOR),
                (BridgeExtraInfo, BRIDGE_EXTRA_INFO),
                (BridgeNetworkStatus, BRIDGE_STATUS),
                (BridgePoolAssignment, BRIDGE_POOL),
            ]
        ),
        st.integers(0, 1000),
        st.sampled_from([b"", b"\n", b" ", b"0", b"\xff", b"\0", b"@", b"r "]),
    )
    def test_any_change(self, kind: tuple[type[Document], bytes], place: int, new: bytes) -> None:
        """
        With bytes changed it is a document that keeps its bytes, or the declared error.
        """
        document, text = kind
        data = text[: place % len(text)] + new + text[place % len(text) + 1 :]
        with contextlib.suppress(MalformedDocument):
            self.assertEqual(bytes(document.parse(data)), data)
