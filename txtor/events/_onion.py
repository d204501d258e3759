# -*- test-case-name: txtor.test.events.test_onion -*-
"""
Descriptors of onion services, on their way to and from the directories: HS_DESC, HS_DESC_CONTENT.
"""

from __future__ import annotations

from txtor.grammar import RouterName

from ._event import Event, MultiLineEvent, key, word
from ._read import as_integer, as_router, unless_unknown


def _directory(text: str) -> RouterName | None:
    return None if text == "UNKNOWN" else as_router(text)


class HSDescEvent(Event):
    """
    Something happened to an onion service's descriptor. See control-spec 4.1.25.

    A service has two descriptors, for two periods of time, so one directory may be asked twice. ``UPLOADED`` does not say
    which of them it is; and an upload whose connection dies is never told of again.
    """

    __slots__ = ()

    keyword = "HS_DESC"
    description = "A descriptor of an onion service was made, uploaded, asked for, received, or was not to be had."
    fixed_words = 4

    action = word(0)
    """What happened: a word of `HSDescAction`."""

    address = word(1, unless_unknown)
    """The onion service, without ``.onion``."""

    authentication = word(2, unless_unknown)
    """As ``"NO_AUTH"``."""

    directory = word(3, _directory)
    """The relay that keeps the descriptor."""

    descriptor_id = word(4)
    """The blinded public key that the descriptor is kept under, in base64."""

    reason = key("REASON")
    """Why it failed: a word of `HSDescReason`."""

    replica = key("REPLICA", as_integer)
    """Which copy it is; Tor tells it of version 2 alone."""

    index = key("HSDIR_INDEX")
    """The place of the directory on the hash ring, 64 hexadecimal digits."""


class HSDescContentEvent(MultiLineEvent):
    """
    A descriptor that HSFETCH or a connection asked for. See control-spec 4.1.26.

    It follows a failure too, with an empty descriptor.
    """

    __slots__ = ()

    keyword = "HS_DESC_CONTENT"
    description = "The text of a descriptor of an onion service that Tor has fetched."
    fixed_words = 3

    address = word(0, unless_unknown)
    """The onion service, without ``.onion``."""

    descriptor_id = word(1)
    """The blinded public key that the descriptor is kept under, in base64."""

    directory = word(2, _directory)
    """The relay that it came from."""

    @property
    def descriptor(self) -> bytes:
        """
        The descriptor, its lines ended by LF; ``b""`` if it could not be had.
        """
        block = self.data
        return block + b"\n" if block else b""
