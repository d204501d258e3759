# -*- test-case-name: txtor.test.events.test_logs -*-
"""
What Tor says in words, and what its transports say: DEBUG, INFO, NOTICE, WARN, ERR, PT_LOG, PT_STATUS, TRANSPORT_LAUNCHED.
"""

from __future__ import annotations

from txtor.grammar import decode

from ._event import Event, Parsed, key, word
from ._read import as_integer


class LogEvent(Event):
    """
    A log message. Its keyword is its severity, a word of `Severity`. See control-spec 4.1.5.
    """

    __slots__ = ()

    description = "A log message."

    def _parse(self) -> Parsed:
        # A message is one text, whatever looks like KEY=value in it.
        parsed = self._parsed = ((self.text,), {}, ())
        return parsed

    @property
    def runlevel(self) -> str:
        """
        The severity: the keyword of the event.
        """
        return self.keyword

    @property
    def message(self) -> str:
        """
        The message as Tor sent it, with leading spaces; the lines of one that came as a block are joined by LF.
        """
        data = self.data
        if data is None:
            return self.text
        block = decode(data)
        return f"{self.text}\n{block}" if self.text else block

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.text[:80]!r}>"


class DebugEvent(LogEvent):
    """
    A log message of severity DEBUG. See control-spec 4.1.5.
    """

    __slots__ = ()

    keyword = "DEBUG"
    description = "A log message for those who work on Tor itself; there are very many."


class InfoEvent(LogEvent):
    """
    A log message of severity INFO. See control-spec 4.1.5.
    """

    __slots__ = ()

    keyword = "INFO"
    description = "A log message about what Tor does."


class NoticeEvent(LogEvent):
    """
    A log message of severity NOTICE. See control-spec 4.1.5.
    """

    __slots__ = ()

    keyword = "NOTICE"
    description = "A log message that the person who runs Tor may want to see."


class WarnEvent(LogEvent):
    """
    A log message of severity WARN. See control-spec 4.1.5.
    """

    __slots__ = ()

    keyword = "WARN"
    description = "A log message about something that has gone wrong."


class ErrEvent(LogEvent):
    """
    A log message of severity ERR. See control-spec 4.1.5.
    """

    __slots__ = ()

    keyword = "ERR"
    description = "A log message about something that Tor cannot go on after."


class TransportLaunchedEvent(Event):
    """
    A pluggable transport listens. See control-spec 4.1.20.
    """

    __slots__ = ()

    keyword = "TRANSPORT_LAUNCHED"
    description = "A pluggable transport was launched."
    fixed_words = 4

    type = word(0)
    """Whom it serves: a word of `TransportType`."""

    name = word(1)
    """The transport, as ``"obfs4"``."""

    address = word(2)
    """The address that it listens on."""

    port = word(3, as_integer)
    """The port that it listens on."""


class PTLogEvent(Event):
    """
    A log message of a pluggable transport. See control-spec 4.1.28.
    """

    __slots__ = ()

    keyword = "PT_LOG"
    description = "A log message of a pluggable transport."

    program = key("PT")
    """The program, as its path in torrc."""

    severity = key("SEVERITY")
    """As the transport spells it, as ``"debug"``."""

    message = key("MESSAGE")
    """What it says."""


class PTStatusEvent(Event):
    """
    The status of a pluggable transport. See control-spec 4.1.29.

    Whatever else the transport says of itself is in `keywords`.
    """

    __slots__ = ()

    keyword = "PT_STATUS"
    description = "The status of a pluggable transport has changed."

    program = key("PT")
    """The program, as its path in torrc."""

    transport = key("TRANSPORT")
    """The transport, as ``"obfs4"``."""
