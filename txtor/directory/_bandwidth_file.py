# -*- test-case-name: txtor.test.directory.test_bandwidth_file -*-
"""
Bandwidth files: what a scanner measured, for an authority to vote on.

Keys come and go with each minor version, so both the header and the lines are open sets of ``key=value``: all are readable as
text, and those that txtor knows as values. See bandwidth-file-spec, versions 1.0.0 to 1.9.0.
"""

from __future__ import annotations

import binascii
from collections.abc import Callable, Mapping
from datetime import datetime, timezone
from types import MappingProxyType
from typing import Any

from txtor.errors import MalformedDocument

from ._bandwidth_keys import read_value
from ._document import Document
from ._encoding import BadValue, fingerprint, integer
from ._fields import Field
from ._grammar import Grammar
from ._items import text_of, words
from ._lines import LineDocument

_GRAMMAR = Grammar("bandwidth file", "bandwidth-file-spec 2", {})
_TERMINATORS = ("=====", "====")
_LAST_SECOND = 253402300799  # of the year 9999


class BandwidthMeasurement:
    """
    What was measured of one relay: one line of a bandwidth file.

    :ivar text: the line.
    :ivar fingerprint: 40 upper-case hexadecimal digits.
    :ivar bandwidth: the weight to vote for, in kilobytes per second.
    :ivar keywords: by key, all values as they are written.
    """

    __slots__ = ("bandwidth", "fingerprint", "keywords", "text")

    def __init__(self, text: str) -> None:
        """
        :raises BadValue: the line does not say, each once, which relay it is for and its bandwidth.
        """
        pairs = [word.partition("=") for word in words(text)]
        keywords = {key: value for key, equals, value in pairs if equals}
        if sum(key in ("bw", "node_id") for key, _, _ in pairs) != 2 or len(keywords.keys() & {"bw", "node_id"}) != 2:
            raise BadValue("not one bw and one node_id")
        self.text = text
        self.fingerprint = fingerprint(keywords["node_id"].removeprefix("$"))
        self.bandwidth = integer(keywords["bw"], 0, 2**32 - 1)
        self.keywords: Mapping[str, str] = MappingProxyType(keywords)

    def value(self, key: str) -> Any:
        """
        A value: a number, a truth, a time where the key is known to hold one and it can be read; else the text.

        :return: ``None`` where the key is absent.
        """
        return read_value(key, self.keywords.get(key))

    @property
    def nickname(self) -> str | None:
        """
        The relay's nickname, or ``None``.
        """
        return self.keywords.get("nick")

    @property
    def ed25519_master_key(self) -> str | None:
        """
        The relay's Ed25519 identity in base64 without padding, or ``None``.
        """
        return self.keywords.get("master_key_ed25519")

    @property
    def is_voted(self) -> bool:
        """
        Whether the authority votes on it: unless ``vote=0`` says that the line is only told.
        """
        return self.keywords.get("vote") != "0"

    def __eq__(self, other: object) -> bool:
        return self.text == other.text if isinstance(other, BandwidthMeasurement) else NotImplemented

    def __hash__(self) -> int:
        return hash(self.text)

    def __reduce__(self) -> tuple[type[BandwidthMeasurement], tuple[str]]:
        return BandwidthMeasurement, (self.text,)

    def __repr__(self) -> str:
        return f"<BandwidthMeasurement {self.fingerprint} bw={self.bandwidth}>"


class _Parts:
    """
    A file taken apart: its header, its measurements and the rest.
    """

    __slots__ = ("header", "measurements", "unrecognized")

    def __init__(self, lines: list[str]) -> None:
        header: dict[str, str] = {}
        measurements, unrecognized = [], []
        in_header = True
        for text in lines:
            if in_header and text in _TERMINATORS:
                in_header = False
                continue
            try:
                measurements.append(BandwidthMeasurement(text))
                in_header = False  # without a terminator, the first relay ends the header
                continue
            except BadValue:
                key, equals, value = text.partition("=")
            if in_header and equals and key and " " not in key and key not in header:
                header[key] = value
            elif text:
                unrecognized.append(text)
        self.header: Mapping[str, str] = MappingProxyType(header)
        self.measurements = tuple(measurements)
        self.unrecognized = tuple(unrecognized)


def _read_parts(document: Document, places: list[int]) -> _Parts:
    return _Parts([text_of(document.tokens[place][2]) for place in places[1:]])


def _read_timestamp(document: Document, places: list[int]) -> datetime:
    try:
        seconds = integer(document.tokens[places[0]][2] if places else "", 0, _LAST_SECOND)
    except BadValue as error:
        raise MalformedDocument("bandwidth file", f"the first line: {error}", 1, "bandwidth-file-spec 2.2") from None
    return datetime.fromtimestamp(seconds, timezone.utc)


def _of_parts(read: Callable[[_Parts], Any]) -> Callable[[Document, list[int]], Any]:
    """
    A field that is one of the parts.
    """

    def field(document: Document, places: list[int]) -> Any:
        assert isinstance(document, BandwidthFile)
        return read(document._parts)

    return field


class BandwidthFile(LineDocument):
    """
    A scanner's measurements, with the header that versions from 1.1.0 on have.

    It is not signed. Its one check is the ``bandwidth-file-digest`` in the vote of the authority that used it: `matches_digest`.

    :ivar timestamp: when the newest measurement was made.
    :ivar header: by key, the values of the header as they are written; empty before 1.1.0.
    :ivar measurements: of each relay, in order.
    """

    __slots__ = ()

    grammar = _GRAMMAR

    timestamp: Field[datetime] = Field("", _read_timestamp)
    _parts: Field[_Parts] = Field("", _read_parts)
    header: Field[Mapping[str, str]] = Field("", _of_parts(lambda parts: parts.header))
    measurements: Field[tuple[BandwidthMeasurement, ...]] = Field("", _of_parts(lambda parts: parts.measurements))

    @property
    def version(self) -> str:
        """
        The version of the format; ``"1.0.0"`` where the file says none.
        """
        return self.header.get("version", "1.0.0")

    def value(self, key: str) -> Any:
        """
        A value of the header: a number, a truth, a time where the key is known to hold one and it can be read; else the text.

        :return: ``None`` where the key is absent.
        """
        return read_value(key, self.header.get(key))

    @property
    def unrecognized_lines(self) -> tuple[str, ...]:
        """
        The lines that are neither header nor terminator nor a relay's: those that tor passes over, as a relay's line with two
        bandwidths.
        """
        return self._parts.unrecognized

    @property
    def is_complete(self) -> bool:
        """
        Whether the last line is ended. Where it is not, the file was cut and the last value may be wrong.
        """
        return self.raw.endswith(b"\n")

    def matches_digest(self, digest: str) -> bool:
        """
        Whether a vote's digest is that of this file.

        :param digest: one word of ``bandwidth-file-digest``, as ``"sha256=..."``; an unknown algorithm never matches.

        See dir-spec 3.4.1, "bandwidth-file-digest".
        """
        algorithm, _, value = digest.partition("=")
        own = self.digest("sha256", encoding="raw")
        return algorithm == "sha256" and value.rstrip("=") == binascii.b2a_base64(own, newline=False).decode("ascii").rstrip("=")

    def signed_range(self) -> bytes:
        """
        The whole file as it is, without annotations.
        """
        return self.raw[self._content_start() :]
