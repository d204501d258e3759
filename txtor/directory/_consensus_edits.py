# -*- test-case-name: txtor.test.directory.test_consensus_diff -*-
"""
Which lines of one consensus become which of another.

Routers are sorted in both, so they are walked side by side, and only entries that differ are compared line by line. Two
consensuses of ten thousand routers take a tenth of a second.
"""

from __future__ import annotations

from difflib import SequenceMatcher

from ._consensus import Consensus

#: Lines from one number on (the first being 0) up to another, and what is put in their place.
Edit = tuple[int, int, list[bytes]]

#: An edit up to here replaces everything that is left.
END = 2**31
#: Longer texts are replaced as a whole where they differ: comparing them may take the square of their length.
_MOST_COMPARED = 400


def edits_between(base: Consensus, target: Consensus) -> list[Edit]:
    """
    The edits, in the order of the lines; none touches the one before. The last deletes all signatures of the base.
    """
    header, routers, footer, _ = _parts(base)
    new_header, new_routers, new_footer, new_signatures = _parts(target)
    edits = _compare(header, new_header, 0)
    place = len(header)
    pending = iter([*new_routers.items(), (b"\xff" * 21, [])])
    identity, entry = next(pending)
    for old, lines in routers.items():
        while identity < old:
            edits.append((place, place, entry))
            identity, entry = next(pending)
        if identity == old:
            edits += _compare(lines, entry, place)
            identity, entry = next(pending)
        else:
            edits.append((place, place + len(lines), []))
        place += len(lines)
    while entry:
        edits.append((place, place, entry))
        identity, entry = next(pending)
    edits += _compare(footer, new_footer, place)
    place += len(footer)
    edits.append((place, place, new_signatures))
    return [*_join(edits), (place, END, [])]


def _parts(consensus: Consensus) -> tuple[list[bytes], dict[bytes, list[bytes]], list[bytes], list[bytes]]:
    """
    The lines of the header, of each router, of the footer, and of the signatures.
    """
    routers = consensus.routers  # read first: it is what checks the document
    content, block = consensus.content, consensus._where()
    signatures = len(consensus.signed_range()) - len(b"directory-signature ")
    return (
        content[: block.start].split(b"\n")[:-1],
        {identity: (b"r " + router._entry).split(b"\n") for identity, router in routers.by_identity.items()},
        content[block.end : signatures].split(b"\n")[:-1],
        content[signatures:].split(b"\n")[:-1],
    )


def _compare(old: list[bytes], new: list[bytes], place: int) -> list[Edit]:
    """
    The edits of some lines.

    :param place: how many lines stand before them.
    """
    if old == new:
        return []
    if max(len(old), len(new)) > _MOST_COMPARED:
        return [(place, place + len(old), new)]
    found = SequenceMatcher(None, old, new, autojunk=False).get_opcodes()
    return [(place + start, place + end, new[first:last]) for word, start, end, first, last in found if word != "equal"]


def _join(edits: list[Edit]) -> list[Edit]:
    """
    The same edits, those that touch made one: ed cannot change a line twice.
    """
    joined: list[Edit] = []
    for start, end, lines in edits:
        if joined and joined[-1][1] >= start:
            before = joined[-1]
            joined[-1] = (before[0], end, before[2] + lines)
        else:
            joined.append((start, end, list(lines)))
    return joined
