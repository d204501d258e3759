# -*- test-case-name: txtor.test.directory.test_compression -*-
"""
How much may be read: bounds that stand between a small hostile file and all memory.
"""

from __future__ import annotations

from dataclasses import dataclass

MIB = 1024 * 1024


@dataclass(frozen=True)
class Limits:
    """
    Bounds on what is read. What exceeds one is told as a `MalformedDocument`; never more than a document is held in memory.

    :ivar document: bytes of one document.
    :ivar lines: lines of one document.
    :ivar total: bytes that may come out of one compressed stream; a month of votes has some 50 GiB.
    :ivar ratio: how many bytes may come out of each that goes in, once `grace` bytes came out.
    :ivar grace: bytes.
    :ivar members: of one archive.
    :ivar member: bytes of one member of an archive.
    """

    document: int = 16 * MIB
    lines: int = 500_000
    total: int = 128 * 1024 * MIB
    ratio: int = 400
    grace: int = 64 * 1024
    members: int = 2_000_000
    member: int = 1024 * MIB


#: For files and archives that the caller chose: a month of consensuses in xz may well shrink a hundredfold.
FILE_LIMITS = Limits()

#: For what a directory server sends, as tor bounds it.
DOWNLOAD_LIMITS = Limits(total=16 * MIB - 1, ratio=25)
