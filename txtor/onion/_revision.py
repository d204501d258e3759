# -*- test-case-name: txtor.test.onion.test_revision -*-
"""
Revision counters: they grow with time, and tell nobody how much time that is.

Two publishers of one key make the same counters, if their clocks agree; a directory takes only greater ones.
See rend-spec-v3, Appendix F, "Hidden service revision counter". The sum is over each word *and one*, which the text leaves out.
"""

from __future__ import annotations

import hashlib
import sys
from array import array

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from txtor.errors import InvalidArgument

from ._keys import BlindedKey

LAST_SECOND = 2**18


def revision_counter(key: BlindedKey, seconds: int) -> int:
    """
    The revision counter for a moment.

    :param seconds: since the shared random run began, the first second being 1, at most 2^18 (`DescriptorSlot.revision_seconds`).
    :raises InvalidArgument: the seconds are beyond that.
    """
    if isinstance(seconds, bool) or not isinstance(seconds, int) or not 1 <= seconds <= LAST_SECOND:
        raise InvalidArgument(f"A revision counter is of a second from 1 to {LAST_SECOND}, not {seconds!r}.")
    stream_key = hashlib.sha3_256(b"rev-counter-generation\0" + key.expanded).digest()
    words = array("H", Cipher(algorithms.AES(stream_key), modes.CTR(bytes(16))).encryptor().update(bytes(2 * seconds)))
    if sys.byteorder == "big":
        words.byteswap()
    return sum(words) + seconds
