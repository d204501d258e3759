# -*- test-case-name: txtor.test.grammar.test_text -*-
"""
Where bytes become text and text becomes bytes.
"""

from __future__ import annotations


def decode(data: bytes) -> str:
    """
    The text of some bytes; a byte that is not UTF-8 becomes a surrogate, so that nothing is lost.
    """
    return data.decode("utf-8", "surrogateescape")


def encode(text: str) -> bytes:
    """
    The bytes of a text: the inverse of `decode`.

    :raises UnicodeEncodeError: the text holds a surrogate that no byte became; `check_line` refuses such text.
    """
    return text.encode("utf-8", "surrogateescape")
