"""
Tests for ``txtor.directory._shared_random``.
"""

from __future__ import annotations

import base64
import hashlib

from twisted.trial.unittest import SynchronousTestCase

from txtor.directory import SharedRandomCommit, compute_shared_random
from txtor.errors import InvalidArgument, VerificationFailed


def commit(number: int, revealed: bool = True, time: int = 1700000000) -> SharedRandomCommit:
    """
    What an authority commits to, by a number.
    """
    reveal = base64.b64encode(time.to_bytes(8, "big") + hashlib.sha256(b"%d" % number).digest()).decode()
    promise = base64.b64encode(time.to_bytes(8, "big") + hashlib.sha3_256(reveal.encode()).digest()).decode()
    return SharedRandomCommit(1, "sha3-256", f"{number:040X}", promise, reveal if revealed else None)


#: What three authorities of a private network of tor 0.4.9.11 committed to and revealed (identity, commit, reveal), the value
#: that was in force then, and the one that their next consensus had.
GENUINE = """
374B6A224598812F0B787B2A5BE5B60F49E7E8CD AAAAAGsFjwahrdrrTASAB6csqfnuzfuVhJ7VvgNL57jc+uoDCM8ZOg== \
AAAAAGsFjwY8VpNAYf7FZqbBX4NEW3b81UrHnYbtOWbdnV78/bQ71g==
5B24D763245894DF1AF5062F0C2F642C9CB7C274 AAAAAGsFjwbZRWZqLFf+tTMUkcZdqC2PCPz4Arhkqc3X29ZSH50z0w== \
AAAAAGsFjwZ2/wJX8qgy2Sk9ccl64aLHTNnfDmwO1Fy6hnN/rtkb9Q==
A0CA9263E348C92BBE7F630CB1E4F51274485A29 AAAAAGsFjwbzN9F1GPXYAzRkWz4lvRwtsYmtBQ638RQCYIVuU/rBJA== \
AAAAAGsFjwY+dyl/44mCBQL0CA9XVZXQcyNYIep7/1WdsYjAnp+0PQ==
"""
GENUINE_PREVIOUS = bytes.fromhex("a38042fcc6e5dce1badc29f86ccb1ce7ea3e41419281141bcf3fff0b3c19ee1c")
GENUINE_VALUE = bytes.fromhex("fa7267df1019e8bed6438118f9e337415906385c1f009c65c8157c19c770af97")


class SharedRandomTests(SynchronousTestCase):
    """
    Computing the value of a day.
    """

    def test_genuine(self) -> None:
        """
        What real authorities revealed is what they had committed to, and gives the value that they computed.
        """
        lines = [line.split() for line in GENUINE.strip().split("\n")]
        found = [SharedRandomCommit(1, "sha3-256", identity, promise, reveal) for identity, promise, reveal in lines]
        for one in found:
            one.verify()
        self.assertEqual(compute_shared_random(found, GENUINE_PREVIOUS), GENUINE_VALUE)

    def test_verify(self) -> None:
        """
        A reveal is that of its commitment, or it is refused; without one there is nothing to check.
        """
        commit(1).verify()
        commit(1, revealed=False).verify()
        self.assertEqual(commit(1).time.isoformat(), "2023-11-14T22:13:20+00:00")
        for other in (commit(2).reveal, commit(1, time=1700000001).reveal):
            self.assertRaises(VerificationFailed, commit(1)._replace(reveal=other).verify)

    def test_the_formula(self) -> None:
        """
        The value is the one of srv-spec 4.3, reveals in the order of the hash of their text, as tor has it.
        """
        found = [commit(number) for number in range(3)]
        ordered = sorted(found, key=lambda one: hashlib.sha3_256((one.reveal or "").encode()).digest())
        reveals = hashlib.sha3_256("".join(one.identity + (one.reveal or "") for one in ordered).encode()).digest()
        for previous in (None, bytes(range(32))):
            text = b"shared-random" + (3).to_bytes(8, "big") + (1).to_bytes(4, "big") + reveals + (previous or bytes(32))
            self.assertEqual(compute_shared_random(found, previous), hashlib.sha3_256(text).digest())

    def test_order_does_not_matter(self) -> None:
        """
        In whatever order commitments come, the value is one; those that were not revealed do not count; each other one does.
        """
        found = [commit(number) for number in range(9)]
        value = compute_shared_random(found)
        self.assertEqual(compute_shared_random([*reversed(found), commit(10, revealed=False)]), value)
        for number in range(9):
            self.assertNotEqual(compute_shared_random(found[:number] + found[number + 1 :]), value)
        self.assertEqual(len(compute_shared_random([])), 32)

    def test_refused(self) -> None:
        """
        An authority that is there twice, and a value of before that is none.
        """
        self.assertRaises(InvalidArgument, compute_shared_random, [commit(1), commit(1)])
        self.assertRaises(InvalidArgument, compute_shared_random, [], b"short")
