# -*- test-case-name: txtor.test.events.test_registry -*-
"""
From a keyword to the class of its events.
"""

from __future__ import annotations

from txtor.grammar import Reply

from ._bandwidth import (
    BandwidthEvent,
    CellStatsEvent,
    CircuitBandwidthEvent,
    ConnectionBandwidthEvent,
    StreamBandwidthEvent,
    TokenBucketEmptyEvent,
)
from ._circuits import BuildTimeoutSetEvent, CircuitEvent, CircuitMinorEvent, GuardEvent, ORConnEvent
from ._configuration import ConfChangedEvent
from ._event import Event, UnknownEvent
from ._logs import (
    DebugEvent,
    ErrEvent,
    InfoEvent,
    NoticeEvent,
    PTLogEvent,
    PTStatusEvent,
    TransportLaunchedEvent,
    WarnEvent,
)
from ._network import AuthDirNewDescsEvent, DescChangedEvent, NetworkStatusEvent, NewConsensusEvent, NewDescEvent
from ._onion import HSDescContentEvent, HSDescEvent
from ._status import (
    ClientsSeenEvent,
    NetworkLivenessEvent,
    SignalEvent,
    StatusClientEvent,
    StatusGeneralEvent,
    StatusServerEvent,
)
from ._streams import AddrMapEvent, StreamEvent

_CLASSES: tuple[type[Event], ...] = (
    CircuitEvent,
    StreamEvent,
    ORConnEvent,
    BandwidthEvent,
    DebugEvent,
    InfoEvent,
    NoticeEvent,
    WarnEvent,
    ErrEvent,
    NewDescEvent,
    AddrMapEvent,
    AuthDirNewDescsEvent,
    DescChangedEvent,
    StatusGeneralEvent,
    StatusClientEvent,
    StatusServerEvent,
    GuardEvent,
    NetworkStatusEvent,
    StreamBandwidthEvent,
    ClientsSeenEvent,
    NewConsensusEvent,
    BuildTimeoutSetEvent,
    SignalEvent,
    ConfChangedEvent,
    CircuitMinorEvent,
    TransportLaunchedEvent,
    ConnectionBandwidthEvent,
    CircuitBandwidthEvent,
    CellStatsEvent,
    TokenBucketEmptyEvent,
    HSDescEvent,
    HSDescContentEvent,
    NetworkLivenessEvent,
    PTLogEvent,
    PTStatusEvent,
)

#: By keyword, the class of its events, in the order of control-spec 4.1. Each is called with the text behind the keyword and
#: a space.
EVENT_CLASSES: dict[str, type[Event]] = {event_class.keyword: event_class for event_class in _CLASSES}


def parse_event(keyword: str, text: str) -> Event:
    """
    The event of one line.

    :param keyword: the word of the wire, as ``"CIRC"``; one that txtor does not know gives an `UnknownEvent`.
    :param text: what stands behind the keyword and a space.
    """
    event_class = EVENT_CLASSES.get(keyword)
    return UnknownEvent(text, keyword) if event_class is None else event_class(text)


def event_from_reply(reply: Reply) -> Event:
    """
    The event of some lines, one or more. Lines that txtor does not expect are kept in `Event.lines`.
    """
    keyword, _, text = reply.lines[0].text.partition(" ")
    event = parse_event(keyword, text)
    if len(reply.lines) > 1 or reply.lines[0].data is not None:
        event.attach(reply.lines)
    return event
