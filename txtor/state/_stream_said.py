# -*- test-case-name: txtor.test.state.test_torstate -*-
"""
What Tor says of a stream, read when somebody wants it. See control-spec 4.1.2, STREAM.
"""

from __future__ import annotations

from twisted.internet.abstract import isIPAddress, isIPv6Address

from txtor.events import StreamEvent


class StreamSaid:
    """
    The words of Tor's about one stream. What an application wrote stands among them: they are text, and nothing to trust.

    :ivar status: NEW, NEWRESOLVE, SENTCONNECT, SUCCEEDED, DETACHED, CONTROLLER_WAIT, FAILED, CLOSED, or a word of a newer Tor.
    :ivar text: what Tor said last of it, unread; ``first_text`` is what it said when the stream was new.
    """

    __slots__ = ("_event", "_first_event", "first_text", "status", "text")

    status: str
    text: str
    first_text: str
    _event: StreamEvent | None
    _first_event: StreamEvent | None

    @property
    def event(self) -> StreamEvent:
        """
        What Tor said last of it, as an event.
        """
        event = self._event
        if event is None or event.text is not self.text:
            event = self._event = StreamEvent(self.text)
        return event

    @property
    def first_event(self) -> StreamEvent:
        """
        What Tor said of it when it was new, as an event; some things are said only then.
        """
        event = self._first_event
        if event is None:
            event = self._first_event = StreamEvent(self.first_text)
        return event

    @property
    def state(self) -> str:
        """
        The status, under the name that txtorcon gave it.
        """
        return self.status

    @property
    def target(self) -> str:
        """
        Where it goes, as Tor writes it: ``host:port``.
        """
        return self.event.target or ""

    @property
    def target_host(self) -> str:
        """
        The host that it goes to, a name or an address; all of `target` where Tor cut it short.
        """
        host = self.event.target_host
        return self.target if host is None else host

    @property
    def target_addr(self) -> str | None:
        """
        The IP address that it goes to; ``None`` while that is a name.
        """
        host = self.target_host
        return host if isIPAddress(host) or isIPv6Address(host) else None

    @property
    def target_port(self) -> int:
        """
        The port that it goes to; 0 for a look-up, and where Tor cut it off.
        """
        return self.event.target_port or 0

    @property
    def source_addr(self) -> str | None:
        """
        The address that the application came from.
        """
        return self.first_event.source_addr

    @property
    def source_port(self) -> int | None:
        """
        The port that the application came from.
        """
        return self.first_event.source_port

    @property
    def purpose(self) -> str | None:
        """
        USER, DNS_REQUEST, DIR_FETCH or DIR_UPLOAD; told only when the stream was new.
        """
        return self.first_event.purpose

    @property
    def socks_username(self) -> str | None:
        """
        The SOCKS user name that the application gave.
        """
        return self.event.socks_username or self.first_event.socks_username

    @property
    def socks_password(self) -> str | None:
        """
        The SOCKS password that the application gave.
        """
        return self.event.socks_password or self.first_event.socks_password

    @property
    def client_protocol(self) -> str | None:
        """
        How the application speaks to Tor: SOCKS5, HTTPCONNECT, DNS and so on.
        """
        return self.event.client_protocol or self.first_event.client_protocol

    @property
    def nym_epoch(self) -> int | None:
        """
        How many NEWNYMs there had been.
        """
        return self.event.nym_epoch

    @property
    def session_group(self) -> int | None:
        """
        The group of the port that the application used.
        """
        return self.event.session_group

    @property
    def iso_fields(self) -> tuple[str, ...]:
        """
        What isolates it from other streams.
        """
        return self.event.iso_fields or ()

    @property
    def flags(self) -> dict[str, str]:
        """
        Every ``KEY=value`` that Tor said of it.
        """
        return {**self.first_event.keywords, **self.event.keywords}

    @property
    def reason(self) -> str | None:
        """
        Why it failed, was detached, or closed.
        """
        return self.event.reason

    @property
    def remote_reason(self) -> str | None:
        """
        Why, in the exit's words.
        """
        return self.event.remote_reason

    @property
    def is_over(self) -> bool:
        """
        Whether nothing more will come of it. (A FAILED stream is closed right after.)
        """
        return self.status in ("CLOSED", "FAILED")
