"""
Tests for ``txtor.directory._make_consensus``.
"""

from __future__ import annotations

import hashlib
from datetime import timedelta

from twisted.trial.unittest import SynchronousTestCase

from txtor.directory import (
    Authorities,
    AuthorityKeys,
    Consensus,
    DirectoryAuthority,
    RouterStatus,
    make_consensus,
    make_router_status,
    sign_status,
    write_consensus,
)
from txtor.errors import InvalidArgument
from txtor.test.directory.statuses import THEN, authority, consensus, entry


class MakeConsensusTests(SynchronousTestCase):
    """
    Writing what tests read.
    """

    def test_new_keys(self) -> None:
        """
        An authority with new keys signs a consensus that verifies; its keys are not shown.
        """
        keys = AuthorityKeys.generate("alone", published=THEN)
        made = make_consensus([entry(1)], [keys], valid_after=THEN)
        known = Authorities([DirectoryAuthority("alone", "127.0.0.1", 80, "0" * 40, keys.v3ident)])
        made.verify(known, [keys.certificate], now=THEN)
        self.assertEqual(made.sources[0].identity, keys.v3ident)
        self.assertNotIn("RSAPrivateKey", repr(keys))

    def test_router(self) -> None:
        """
        What is asked for stands in the entry.
        """
        identity, digest = hashlib.sha1(b"a").digest(), hashlib.sha1(b"b").digest()
        lines = ["p accept 80", "new x"]
        flags = ["Valid", "Exit"]
        text = make_router_status("nick", identity, digest=digest, published=THEN, dir_port=9, flags=flags, lines=lines)
        made = RouterStatus.parse(text)
        self.assertEqual((made.identity, made.digest, made.published), (identity, digest.hex().upper(), THEN))
        self.assertEqual((made.flags, made.dir_port, made.unrecognized_lines), ({"Valid", "Exit"}, 9, ("new x",)))
        self.assertRaises(InvalidArgument, make_router_status, "nick", identity, lines=["p accept 80\ns Guard"])

    def test_routers_are_sorted(self) -> None:
        """
        Routers are sorted by identity, whatever order they come in.
        """
        entries = [entry(number) for number in range(30)]
        one, two = (make_consensus(each, [authority(0)], valid_after=THEN) for each in (entries, entries[::-1]))
        self.assertEqual(one, two)
        self.assertEqual(list(one.routers), sorted(one.routers))

    def test_lines(self) -> None:
        """
        A line cannot become two.
        """
        with self.assertRaises(InvalidArgument):
            write_consensus([], [authority(0)], valid_after=THEN, lines=["params a=1\nvalid-until 2030-01-01 00:00:00"])
        with self.assertRaises(InvalidArgument):
            write_consensus([], [authority(0)], valid_after=THEN.replace(tzinfo=None))

    def test_any_bytes_are_signed(self) -> None:
        """
        Signing looks at nothing, so that what is wrong can be signed as well.
        """
        made = Consensus(sign_status(b"what\never\n", [authority(0)]))
        self.assertTrue(made.raw.startswith(b"what\never\ndirectory-signature "))
        self.assertEqual(consensus().valid_until, THEN + timedelta(hours=3))
