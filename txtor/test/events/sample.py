"""
What the tests of events share: the events that a Tor sent, texts of all kinds, and the attributes of a class.
"""

from __future__ import annotations

import pathlib
from collections.abc import Iterator
from datetime import datetime, timezone

from hypothesis import strategies as st

from txtor.events import Event
from txtor.grammar import Reply, ReplyLine, parse_reply_line

_SAMPLE = pathlib.Path(__file__).parent.parent / "data" / "events-0.4.9.11.txt"

#: Pieces that texts of events are made of, true and broken.
_PIECES = (
    '" "" \\ = , : . ~ $ é \udcff ٣ 0 -1 99 1e9 nan inf BUILT NEW UNKNOWN NEVER "NEVER" <error> error=yes internal PURPOSE= '
    'REASON= SOCKS_USERNAME="a SOCKS_PASSWORD="b" ID=5 READ=1 NEWKEY=x BUILD_FLAGS=A,B TIME_CREATED=2026-11-22T12:58:25.704529 '
    "HS_POW=v1,5 HS_POW=v1 EXPIRES= CACHED=YES ISO_FIELDS= SOURCE_ADDR=[::1]:5 TimeStarted= CountrySummary=us=16,??=x SS=1 "
    "InboundAdded=relay:1,x ALPHA=1.5 "
    "$D86DA3C398B53EDB95E6CC3E4178364DA4FF18DB~a D86DA3C398B53EDB95E6CC3E4178364DA4FF18DB h:80 2026-11-22 12:58:25"
).split(" ")

TEXTS = st.text(max_size=40) | st.lists(st.sampled_from([*_PIECES, ""]), max_size=9).map(" ".join)


def events() -> Iterator[Reply]:
    """
    The events of the sample, each as the lines that it came in.
    """
    lines: list[ReplyLine] = []
    source = iter(_SAMPLE.read_text(encoding="utf-8").splitlines())
    for line in source:
        status, separator, text = parse_reply_line(line)
        data = "\n".join(iter(source.__next__, ".")).encode() if separator == "+" else None
        lines.append(ReplyLine(status, text, data))
        if separator == " ":
            yield Reply(lines)
            lines = []


def attributes(event_class: type[Event]) -> list[str]:
    """
    The names of the properties of a class of events.
    """
    return [name for name in dir(event_class) if isinstance(getattr(event_class, name), property)]


def values(event: Event) -> dict[str, object]:
    """
    What the attributes of an event say that are its class's own: neither all words nor all lines.
    """
    common = ("arguments", *attributes(Event))
    return {name: getattr(event, name) for name in attributes(type(event)) if name not in common}


def utc(*when: int) -> datetime:
    """
    A time in UTC.
    """
    return datetime(*when, tzinfo=timezone.utc)  # type: ignore[misc,arg-type]  # mypy counts the numbers
