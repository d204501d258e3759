# -*- test-case-name: txtor.test.directory.test_every_byte -*-
"""
One bit of each byte that authorities sign is changed, and nothing is believed any more.

(The documents of relays, key certificates and the descriptors of onion services have the same test beside their others.)
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from twisted.trial.unittest import SynchronousTestCase

from txtor.directory import Consensus, DetachedSignatures, Vote, make_consensus, make_detached_signatures, make_vote
from txtor.errors import DocumentError
from txtor.test.directory.statuses import THEN, authority, certificates, consensus, entry, known

#: Two of three are just enough.
SIGNERS = [authority(0), authority(1)]


class EveryByteTests(SynchronousTestCase):
    """
    Documents of three authorities.
    """

    def refused(self, raw: bytes, length: int, verify: Callable[[bytes], object]) -> None:
        """
        Assert that a document is believed, and none in which one of its first bytes differs.

        :param length: of what is tried.
        :param verify: raises where a document is not to be believed.
        """
        verify(raw)
        believed = []
        for place in range(length):
            try:
                verify(raw[:place] + bytes([raw[place] ^ 1]) + raw[place + 1 :])
            except DocumentError:
                continue
            believed.append(raw[max(place - 20, 0) : place + 20])
        self.assertEqual(believed, [])

    def test_consensus(self) -> None:
        """
        Everything that is signed of a consensus, of each flavour, and the signatures.
        """
        for flavour in ("ns", "microdesc"):
            entries = [entry(number, flavour) for number in range(3)]
            made = make_consensus(entries, SIGNERS, valid_after=THEN, flavour=flavour)

            def verify(raw: bytes) -> None:
                Consensus.parse(raw).verify(known(0, 1, 2), certificates(0, 1, 2), now=THEN + timedelta(minutes=1))

            self.refused(made.raw, len(made.raw), verify)

    def test_vote(self) -> None:
        """
        A vote with the certificate that stands in it.
        """
        made = make_vote([entry(number) for number in range(3)], authority(0), valid_after=THEN)
        self.refused(made.raw, len(made.raw), lambda raw: Vote.parse(raw).verify(known(0, 1, 2), now=THEN + timedelta(minutes=1)))

    def test_detached_signatures(self) -> None:
        """
        Signatures that are sent apart from their consensuses: what is changed is not believed of one of the two.
        """
        both = [consensus("ns"), consensus("microdesc")]
        made = make_detached_signatures(both, SIGNERS)

        def verify(raw: bytes) -> None:
            found = DetachedSignatures.parse(raw)
            for one in both:
                found.verify(one, known(0, 1, 2), certificates(0, 1, 2), now=THEN + timedelta(minutes=1))

        self.refused(made.raw, len(made.raw), verify)
