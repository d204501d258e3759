# -*- test-case-name: txtor.test.directory.test_families -*-
"""
Tests of the families of all relays at once.
"""

from __future__ import annotations

import base64
from collections.abc import Generator
from hashlib import sha256
from typing import TypeVar

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from txtor.directory import (
    Family,
    FamilyMember,
    Relatives,
    are_family,
    families_in_slices,
    families_of_descriptors_in_slices,
    relatives_in_slices,
)
from txtor.directory._router_index import run_slices
from txtor.errors import DocumentError, MalformedDocument

from .documents import real

T = TypeVar("T")

FINGERPRINTS = [f"{digit:X}" * 40 for digit in range(8)]
NICKNAMES = ["one", "Two", "three"]
WORDS = st.sampled_from([*(f"${each}" for each in FINGERPRINTS), *NICKNAMES, "ONE", "$nobody", "*"])
MEMBERS = st.lists(
    st.builds(
        FamilyMember,
        st.sampled_from([*FINGERPRINTS, *map(str.lower, FINGERPRINTS)]),
        st.sampled_from([None, *NICKNAMES]),
        st.builds(Family, st.lists(WORDS, max_size=6)),
        st.frozensets(st.sampled_from(["ed25519:a", "ed25519:b", "new:c"]), max_size=2),
    ),
    max_size=8,
    unique_by=lambda member: member.fingerprint.upper(),
)


def microdescriptor(number: int, lines: str = "") -> str:
    """
    One that is told from others by its key, with lines about families.
    """
    key = base64.b64encode(number.to_bytes(32, "big")).decode().rstrip("=")
    return f"onion-key\nntor-onion-key {key}\n{lines}id ed25519 {key}\n"


def network(texts: list[str], parameters: str = "") -> tuple[bytes, bytes]:
    """
    A consensus, as far as is looked at, and the microdescriptors that it lists.
    """
    entries = []
    for number, text in enumerate(texts):
        identity = base64.b64encode(number.to_bytes(20, "big")).decode().rstrip("=")
        digest = base64.b64encode(sha256(text.encode()).digest()).decode().rstrip("=")
        entries.append(f"r n{number} {identity} 2038-01-01 00:00:00 10.0.0.1 9001 0\nm {digest}\ns Fast\n")
    head = f"network-status-version 3 microdesc\nparams a=1{parameters}\n"
    return (head + "".join(entries) + "directory-footer\n").encode(), "".join(texts).encode()


def name(number: int) -> str:
    """
    The fingerprint of a relay of `network`.
    """
    return number.to_bytes(20, "big").hex().upper()


def steps(work: Generator[None, None, T]) -> int:
    """
    In how many steps work is done.
    """
    return sum(1 for _ in work)


class RelativesTests(SynchronousTestCase):
    """
    All pairs at once.
    """

    @given(MEMBERS, st.booleans(), st.booleans())
    @settings(max_examples=300)
    def test_as_each_pair(self, members: list[FamilyMember], lists: bool, ids: bool) -> None:
        """
        It is what is said of each pair, both ways.
        """
        expected: Relatives = {}
        for one in members:
            others = frozenset(
                other.fingerprint.upper()
                for other in members
                if other is not one
                and are_family(one, other, use_family_lists=lists, use_family_ids=ids, distinct_subnets=False)
            )
            if others:
                expected[one.fingerprint.upper()] = others
        found = run_slices(relatives_in_slices(members, use_family_lists=lists, use_family_ids=ids))
        self.assertEqual(found, expected)


class MicrodescriptorTests(SynchronousTestCase):
    """
    Families by microdescriptors.
    """

    def test_kinds(self) -> None:
        """
        Relays that name each other, by fingerprint or nickname, and relays with a common family id; one that names others who do
        not name it has no family.
        """
        texts = [
            microdescriptor(0, f"family ${name(0)} ${name(1)} ${name(3)}\n"),
            microdescriptor(1, f"family ${name(0)} ${name(1)}\nfamily-ids ed25519:x ed25519:y\n"),
            microdescriptor(2, "family-ids ed25519:y\n"),
            microdescriptor(3),
            microdescriptor(4, "family n5\n"),
            microdescriptor(5, "family N4 someone\n"),
        ]
        self.assertEqual(
            run_slices(families_in_slices(*network(texts))),
            {
                name(0): {name(1)},
                name(1): {name(0), name(2)},
                name(2): {name(1)},
                name(4): {name(5)},
                name(5): {name(4)},
            },
        )

    def test_parameters(self) -> None:
        """
        The consensus can make lists, or ids, mean nothing.
        """
        lists = f"family ${name(0)} ${name(1)}\n"
        texts = [microdescriptor(0, lists + "family-ids x\n"), microdescriptor(1, lists), microdescriptor(2, "family-ids x\n")]
        for parameters, mine in (
            ("", {name(1), name(2)}),
            (" use-family-lists=1 use-family-ids=1 z=0", {name(1), name(2)}),
            (" use-family-lists=0", {name(2)}),
            (" use-family-ids=0", {name(1)}),
            (" use-family-lists=0 use-family-ids=0", None),
        ):
            self.assertEqual(run_slices(families_in_slices(*network(texts, parameters))).get(name(0)), mine, parameters)

    def test_incomplete(self) -> None:
        """
        A microdescriptor that is not there, one that nobody lists, no last line end, nothing at all.
        """
        lists = f"family ${name(0)} ${name(1)}\n"
        texts = [microdescriptor(0, lists), microdescriptor(1, lists)]
        consensus, microdescriptors = network(texts)
        both = {name(0): {name(1)}, name(1): {name(0)}}
        self.assertEqual(run_slices(families_in_slices(consensus, microdescriptors[:-1])), both)
        self.assertEqual(run_slices(families_in_slices(consensus, texts[0].encode())), {})
        self.assertEqual(run_slices(families_in_slices(consensus, microdescriptors + b"onion-key\nfamily $x\n")), both)
        for nothing in ((consensus, b""), (b"", microdescriptors), (b"", b"")):
            self.assertEqual(run_slices(families_in_slices(*nothing)), {})
        broken = consensus.replace(b"r n0 AAAA", b"r n0 !!!!")
        self.assertRaises(MalformedDocument, run_slices, families_in_slices(broken, microdescriptors))

    @given(st.binary(max_size=200), st.binary(max_size=200))
    @settings(max_examples=200)
    def test_any_bytes(self, one: bytes, other: bytes) -> None:
        """
        Whatever it is given: families, or the one declared error.
        """
        try:
            run_slices(families_in_slices(b"x\nr " + one, b"onion-key\nfamily " + other))
        except DocumentError:
            pass

    def test_genuine(self) -> None:
        """
        On a real network microdescriptors and server descriptors tell the same.
        """
        by_microdescriptors = run_slices(families_in_slices(real("consensus-microdesc"), real("microdescs")))
        descriptors = real("server-descriptors")
        by_descriptors = run_slices(families_of_descriptors_in_slices(descriptors))
        self.assertEqual(by_microdescriptors, by_descriptors)
        one, other = "B951BAA7AC60D6A31D82E64C5EE37716A93A1A0C", "BD621CBE30E34194CEC99418088E4AABF79C1500"
        self.assertEqual(by_descriptors, {one: {other}, other: {one}})  # a third one names the first, which does not name it

    def test_slices(self) -> None:
        """
        Ten thousand relays, some families of which are large, are read in many steps.
        """
        everybody = " ".join(f"${name(number)}" for number in range(500))
        texts = [
            microdescriptor(number, f"family {everybody}\nfamily-ids big\n" if number < 500 else "") for number in range(10_000)
        ]
        consensus, microdescriptors = network(texts)
        self.assertGreater(steps(families_in_slices(consensus, microdescriptors)), 200)
        found = run_slices(families_in_slices(consensus, microdescriptors))
        self.assertEqual({len(others) for others in found.values()}, {499})


class DescriptorTests(SynchronousTestCase):
    """
    Families by server descriptors.
    """

    def test_broken(self) -> None:
        """
        What is no server descriptor is the declared error.
        """
        self.assertEqual(run_slices(families_of_descriptors_in_slices(b"")), {})
        with self.assertRaises(DocumentError):
            run_slices(families_of_descriptors_in_slices(b"router x\n"))
