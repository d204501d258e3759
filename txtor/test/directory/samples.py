"""
The genuine documents of ``txtor/test/data``, and the time at which they were good.
"""

from __future__ import annotations

import pathlib
from datetime import datetime, timezone

#: A moment at which all of them are valid.
NOW = datetime(2026, 11, 22, 13, 0, 0, tzinfo=timezone.utc)

_DATA = pathlib.Path(__file__).parent.parent / "data"


def sample(name: str) -> bytes:
    """
    The bytes of a document.

    :param name: its path below ``txtor/test/data``, as ``"network-1/server-descriptors"``.
    """
    return (_DATA / name).read_bytes()
