"""
Tests for ``txtor.directory._consensus_diff`` and ``_consensus_edits``.
"""

from __future__ import annotations

import hashlib

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from txtor.directory import Consensus, ConsensusDiff, make_consensus, make_consensus_diff
from txtor.errors import MalformedDocument, VerificationFailed
from txtor.test.directory.samples import sample
from txtor.test.directory.statuses import THEN, authority, certificates, consensus, entry, known, resigned

BASE = consensus()
LINES = BASE.raw.split(b"\n")[:-1]
SIGNATURES = next(number for number, line in enumerate(LINES) if line.startswith(b"directory-signature"))


def diff(commands: bytes, result: bytes | None = None, base: str | None = None) -> bytes:
    """
    A diff from `BASE`.

    :param commands: as they stand.
    :param result: what it says that it leads to.
    """
    to = hashlib.sha3_256(BASE.raw if result is None else result).hexdigest()
    return f"network-status-diff-version 1\nhash {base or BASE.digest('sha3-256')} {to}\n".encode() + commands


def ed(commands: bytes, lines: list[bytes]) -> bytes:
    """
    What ed would make of lines: one command after another, as plainly as it can be said.
    """
    text = list(lines)
    script = commands.split(b"\n")[:-1]
    while script:
        address, word = script[0][:-1], script[0][-1:]
        first, _, last = address.partition(b",")
        start = int(first)
        end = len(text) if last == b"$" else int(last or first)
        script = script[1:]
        block: list[bytes] = []
        if word != b"d":
            stop = script.index(b".")
            block, script = script[:stop], script[stop + 1 :]
        if word == b"a":
            text[start:start] = block
        else:
            text[start - 1 : end] = block
    return b"".join(line + b"\n" for line in text)


class ConsensusDiffTests(SynchronousTestCase):
    """
    Reading, applying and making diffs.
    """

    def refused(self, commands: bytes, words: str) -> None:
        """
        Assert that a diff is malformed.
        """
        error = self.assertRaises(MalformedDocument, ConsensusDiff.parse, diff(commands))
        self.assertIn(words, error.rule)

    def test_there_and_back(self) -> None:
        """
        Between any two consensuses a diff leads to exactly the second, also by the rules of ed, and the result verifies.
        """
        for flavour in ("ns", "microdesc"):
            for hours in (0, 1, 2, 9):
                for base, target in [(consensus(flavour), consensus(flavour, hours=hours))] * 2:
                    made = make_consensus_diff(base, target)
                    read = ConsensusDiff.parse(bytes(made))
                    self.assertEqual(read, made)
                    result = read.apply(base)
                    self.assertEqual(result.raw, target.raw)
                    commands = bytes(made).split(b"\n", 2)[2]
                    self.assertEqual(ed(commands, base.raw.split(b"\n")[:-1]), target.raw)
                    result.verify(known(0, 1, 2), certificates(0, 1, 2), now=target.valid_after)

    def test_genuine(self) -> None:
        """
        Between two real consensuses of a private network.
        """
        for name in ("consensus", "consensus-microdesc"):
            one, two = Consensus.parse(sample(f"network-1/{name}")), Consensus.parse(sample(f"network-2/{name}"))
            for base, target in ((one, two), (two, one)):
                made = ConsensusDiff.parse(bytes(make_consensus_diff(base, target)))
                self.assertEqual(made.apply(base).raw, target.raw)
                self.assertLess(len(bytes(made)), len(target.raw))

    def test_first_command(self) -> None:
        """
        A diff deletes the signatures of its base first, as the specification wants it.
        """
        text = bytes(make_consensus_diff(BASE, consensus(hours=1)))
        self.assertEqual(text.split(b"\n")[2], b"%d,$d" % (SIGNATURES + 1))

    def test_long_entries(self) -> None:
        """
        What is too long to compare is replaced as a whole.
        """
        more = b"".join(b"unknown-word %d\n" % number for number in range(500))
        target = resigned(BASE, b"dir-source", more + b"dir-source")
        other = resigned(BASE, b"dir-source", more.replace(b"7", b"8") + b"dir-source")
        self.assertEqual(make_consensus_diff(target, other).apply(target).raw, other.raw)

    def test_lone_dot(self) -> None:
        """
        A line that no diff can hold is told when one is made.
        """
        target = resigned(BASE, b"\nw Bandwidth=1003\n", b"\nw Bandwidth=1003\n.\n")
        self.assertRaises(MalformedDocument, make_consensus_diff, BASE, target)

    def test_digests(self) -> None:
        """
        A diff from another consensus, or one that does not lead where it says, is refused. Case 23 of the owed ones.
        """
        good = bytes(make_consensus_diff(BASE, consensus(hours=1)))
        wrong = ConsensusDiff.parse(good.replace(BASE.digest("sha3-256").encode(), b"0" * 64))
        self.assertIn("another", self.assertRaises(VerificationFailed, wrong.apply, BASE).rule)
        self.assertRaises(VerificationFailed, ConsensusDiff.parse(good).apply, consensus(hours=2))
        lost = ConsensusDiff.parse(good.replace(hashlib.sha3_256(consensus(hours=1).raw).hexdigest().upper().encode(), b"0" * 64))
        self.assertIn("leads", self.assertRaises(VerificationFailed, lost.apply, BASE).rule)

    def test_commands(self) -> None:
        """
        Each command does what it says.
        """
        for commands in (b"5,$d\n", b"0a\nnew\n.\n", b"9d\n3,5d\n2c\nnew\n.\n", b"9,10c\nnew\nlines\n.\n1a\n\n.\n", b""):
            result = ed(commands, LINES)
            self.assertEqual(ConsensusDiff.parse(diff(commands, result)).apply(BASE).raw, result)

    def test_refused_commands(self) -> None:
        """
        Everything that is not a command of the specification, or not in its order, is refused. Case 23 of the owed ones.
        """
        self.refused(b"3d\n5d\n", "back to front")
        self.refused(b"5d\n5d\n", "back to front")
        self.refused(b"5,9d\n4,5d\n", "back to front")
        self.refused(b"5d\n5a\nx\n.\n", "back to front")
        self.refused(b"5a\nx\n.\n5a\nx\n.\n", "back to front")
        self.refused(b"9,$d\n7,$d\n", "back to front")
        self.refused(b"0d\n", "no line 0")
        self.refused(b"0c\nx\n.\n", "no line 0")
        self.refused(b"5c\nline\n", "do not end")
        self.refused(b"5c\n.\n", "without lines")
        self.refused(b"5a\n.\n", "without lines")
        self.refused(b"5,$c\nx\n.\n", "does not delete")
        self.refused(b"5,$a\nx\n.\n", "behind one line")
        self.refused(b"5,6a\nx\n.\n", "behind one line")
        self.refused(b"6,5d\n", "a range")
        self.refused(b"5,5d\n", "a range")
        for wrong in b"5s/a/b/ w 5i -1d +1d $d 5,d 5d,6 d 5 5da".split():
            self.refused(wrong + b"\n", "not a command")
        for wrong in (b"\n", b"5 d\n", b"5d \n", b"1" * 200 + b"d\n"):
            self.refused(wrong, "not a command")

    def test_refused_headers(self) -> None:
        """
        A diff of another version, or without its two digests, is none.
        """
        good = diff(b"")
        for old, new in [(b"version 1", b"version 2"), (b"hash ", b"hsah "), (b"hash ", b"hash 0"), (b"hash ", b"hash a b ")]:
            self.assertRaises(MalformedDocument, ConsensusDiff.parse, good.replace(old, new))
        for wrong in (b"", b"\n", b"network-status-diff-version 1\n", BASE.raw):
            self.assertRaises(MalformedDocument, ConsensusDiff.parse, wrong)

    def test_beyond_the_end(self) -> None:
        """
        Lines that the base does not have cannot be changed.
        """
        for commands in (b"%d,$d\n" % (len(LINES) + 1), b"%dd\n" % (len(LINES) + 1), b"99999a\nx\n.\n", b"5,99999d\n"):
            self.assertRaises(MalformedDocument, ConsensusDiff.parse(diff(commands)).apply, BASE)

    @given(
        st.lists(st.integers(0, 40), unique=True, max_size=40),
        st.lists(st.tuples(st.integers(0, 40), st.sampled_from([1, 2])), unique_by=lambda pair: pair[0], max_size=40),
    )
    @settings(max_examples=30)
    def test_any_routers(self, before: list[int], after: list[tuple[int, int]]) -> None:
        """
        Whatever routers come, go and change, the diff leads to the second consensus.
        """
        base = make_consensus([entry(number, bandwidth=1) for number in before], [authority(0)], valid_after=THEN)
        target = make_consensus([entry(number, bandwidth=width) for number, width in after], [authority(0)], valid_after=THEN)
        made = make_consensus_diff(base, target)
        self.assertEqual(ConsensusDiff.parse(bytes(made)).apply(base).raw, target.raw)

    @given(st.binary(max_size=80) | st.lists(st.sampled_from([b"5d", b"9,$d", b"3c", b"x", b".", b"1a", b"0a"])).map(b"\n".join))
    @settings(max_examples=100)
    def test_any_bytes(self, commands: bytes) -> None:
        """
        Any commands are a diff whose bytes come back and that leads somewhere or nowhere, or malformed.
        """
        data = diff(commands + b"\n" if commands else b"")
        try:
            made = ConsensusDiff.parse(data)
            made.apply(BASE)
        except (MalformedDocument, VerificationFailed):
            return
        self.assertEqual(ConsensusDiff.parse(bytes(made)), made)
