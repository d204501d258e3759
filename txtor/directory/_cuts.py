# -*- test-case-name: txtor.test.directory.test_document -*-
"""
Where one document of a text ends and the next one begins.
"""

from __future__ import annotations

import re

_DASH = ord("-")


def cuts(data: bytes, first: bytes) -> list[int]:
    """
    Where documents begin in a text, and where the last one ends. What is between two of these places is a document with its
    annotations and the blank lines behind it, or text that is none.

    :param first: the keyword that every document begins with.
    """
    found = [match.start() + 1 for match in re.finditer(b"\n" + first + rb"(?=[ \t\n]|\Z)", data)]
    if data.startswith(first):
        found.insert(0, 0)
    # Most documents end with an object, and no annotation that tor or an archive writes ends with a dash.
    if any(data[place - 2] != _DASH for place in found if place > 1):
        found = [_back_over_annotations(data, place) for place in found]
    if not found and not data.strip(b"\n"):
        return []
    if not found or data[: found[0]].strip(b"\n"):
        found.insert(0, 0)
    found[0] = 0  # blank lines above the first document are its own
    end = _back_over_annotations(data, len(data))
    if end > found[-1]:
        found.append(end)
    if end != len(data):
        found.append(len(data))
    return found


def _back_over_annotations(data: bytes, place: int) -> int:
    """
    Where the annotations begin that end at a place, perhaps with blank lines among them.
    """
    line = place
    while line > 0:
        line = data.rfind(b"\n", 0, line - 1) + 1
        if data[line : line + 1] == b"@":
            place = line
        elif data[line : line + 1] != b"\n":
            break
    return place
