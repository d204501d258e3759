# -*- test-case-name: txtor.test.testing.test_network_ready -*-
"""
When a private network is ready: what its nodes' consensus says, read from their files.

A client is content with the first consensus that it gets, and asks for the next only after minutes. So clients start when the
authorities have a consensus that lists every relay as it is now, with its ports of this run. They are ready when they have
bootstrapped, and have the microdescriptors that the consensus wants.
"""

from __future__ import annotations

import binascii
import hashlib
import re
from collections.abc import Iterable

from ._network_view import NodeView

_ENTRY = re.compile(r"^r ", re.MULTILINE)
_MICRODESCRIPTOR = re.compile(r"^(?=onion-key$)", re.MULTILINE)
_ANNOTATION = re.compile(r"^@.*\n", re.MULTILINE)


def listed(consensus: str) -> dict[tuple[str, int], tuple[set[str], str]]:
    """
    The relays of a microdescriptor consensus: nickname and port, with the flags and the microdescriptor's digest.

    See dir-spec 3.4.1, the items "r", "m" and "s".
    """
    relays = {}
    for entry in _ENTRY.split(consensus)[1:]:
        first, *lines = entry.split("\n")
        words = first.split(" ")
        flags: set[str] = set()
        digest = ""
        for line in lines:
            keyword, _, value = line.partition(" ")
            if keyword == "s":
                flags = set(value.split(" "))
            elif keyword == "m":
                digest = value
        if len(words) >= 7 and words[5].isascii() and words[5].isdigit():
            relays[words[0], int(words[5][:5])] = (flags, digest)
    return relays


def digests(microdescriptors: str) -> set[str]:
    """
    The digests of the microdescriptors of a cache file, as a consensus writes them.

    See dir-spec 3.3.
    """
    texts = _MICRODESCRIPTOR.split(_ANNOTATION.sub("", microdescriptors))
    hashes = (hashlib.sha256(text.encode("utf-8", "surrogateescape")).digest() for text in texts if text)
    return {binascii.b2a_base64(it, newline=False).decode("ascii").rstrip("=") for it in hashes}


def unlisted(consensus: str, relays: Iterable[NodeView]) -> list[str]:
    """
    The relays that a consensus does not list as they are now, by nickname.
    """
    known = listed(consensus)
    result = []
    for relay in relays:
        flags, _ = known.get((relay.nickname, relay.or_port or 0), (set(), ""))
        if "Running" not in flags or (relay.role == "exit" and "Exit" not in flags):
            result.append(relay.nickname)
    return result


def undescribed(consensus: str, microdescriptors: str) -> list[str]:
    """
    The relays of a consensus whose microdescriptors are not among these, by nickname.
    """
    have = digests(microdescriptors)
    return [nickname for (nickname, _), (_, digest) in listed(consensus).items() if digest not in have]


def missing(node: NodeView, relays: Iterable[NodeView]) -> list[str]:
    """
    The relays that a node cannot use yet, by nickname. To an authority it is enough that its consensus lists them.
    """
    consensus = node.read("cached-microdesc-consensus")
    late = unlisted(consensus, relays)
    if late or node.role == "authority":
        return late
    return undescribed(consensus, node.read("cached-microdescs") + node.read("cached-microdescs.new"))
