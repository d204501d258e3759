# -*- test-case-name: txtor.test.events.test_streams -*-
"""
Streams and the addresses that they are for: STREAM, ADDRMAP.

A STREAM event holds what an application wrote, raw: the target is the host name that it asked for, and a host name in a SOCKS
request may hold spaces, quotes, even line ends. So the text of a STREAM event is text, and never a reason to trust anybody.
"""

from __future__ import annotations

from ._event import Event, key, word
from ._read import as_address, as_bool, as_integer, as_port, as_time, as_words


def _circuit(text: str) -> str | None:
    return None if text == "0" else text


class StreamEvent(Event):
    """
    A stream's status has changed. See control-spec 4.1.2.

    The lines of ``GETINFO stream-status`` are its first four words, so it reads them too.
    """

    __slots__ = ()

    keyword = "STREAM"
    description = "The status of a stream has changed."
    fixed_words = 4

    id = word(0)
    """The stream's identifier, which is text: up to 16 letters and digits."""

    status = word(1)
    """A word of `StreamStatus`."""

    circuit = word(2, _circuit)
    """The identifier of the circuit that it is attached to; ``None`` where Tor says ``0``."""

    circ_id = circuit
    """The same as `circuit`."""

    target = word(3)
    """Where it goes to, as ``host:port``; the host is as the application wrote it at first, and lower-case later."""

    target_host = word(3, as_address)
    """The host of the target. ``None`` where the target has no port: Tor cuts a host that is too long."""

    target_port = word(3, as_port)
    """The port of the target; 0 for a name to be resolved."""

    reason = key("REASON")
    """Why it ended or was detached: a word of `StreamReason`."""

    remote_reason = key("REMOTE_REASON")
    """Why the exit ended it: a word of `StreamReason`."""

    source = key("SOURCE")
    """Where a new target comes from: a word of `StreamSource`."""

    source_addr = key("SOURCE_ADDR", as_address)
    """The address of the application; ``(Tor_internal)`` for Tor's own and controllers' look-ups."""

    source_port = key("SOURCE_ADDR", as_port)
    """The port of the application."""

    purpose = key("PURPOSE")
    """A word of `StreamPurpose`. Only new streams have it."""

    socks_username = key("SOCKS_USERNAME")
    """The SOCKS user name that the application gave."""

    socks_password = key("SOCKS_PASSWORD")
    """The SOCKS password that the application gave."""

    client_protocol = key("CLIENT_PROTOCOL")
    """A word of `ClientProtocol`."""

    nym_epoch = key("NYM_EPOCH", as_integer)
    """How many NEWNYM signals Tor had acted on when the stream was made."""

    session_group = key("SESSION_GROUP", as_integer)
    """The session group of the listener; negative unless it was configured."""

    iso_fields = key("ISO_FIELDS", as_words)
    """What isolates it: words of `IsolationField`, perhaps none."""


def _destination(text: str) -> str | None:
    return None if text == "<error>" else text


def _local_expiry(text: str) -> str | None:
    return None if text == "NEVER" else text


def _never(text: str) -> bool:
    return text == "NEVER"


class AddrMapEvent(Event):
    """
    Tor will use another address in place of one. See control-spec 4.1.7.

    Of a mapping for all names below one (``*.example``) Tor does not tell the ``*.``.
    """

    __slots__ = ()

    keyword = "ADDRMAP"
    description = "An address is now mapped to another one, or could not be looked up."
    fixed_words = 2

    hostname = word(0)
    """The address that is replaced."""

    destination = word(1, _destination)
    """What stands for it; ``None`` if it could not be looked up."""

    never_expires = word(2, _never)
    """Whether the mapping stays until it is taken away."""

    local_expiry = word(2, _local_expiry)
    """When the mapping ends, in the local time of the machine that Tor runs on. Use `expiry`."""

    expiry = key("EXPIRES", as_time)
    """When the mapping ends; ``None`` if it does not."""

    @property
    def error(self) -> str | None:
        """
        ``"yes"`` if the look-up failed, or the word that Tor says instead, as ``"internal"``.
        """
        positional, keywords, _ = self._parsed or self._parse()
        said = keywords.get("error") or (positional[3] if len(positional) > 3 else None)
        return "yes" if said is None and positional[1:2] == ("<error>",) else said

    cached = key("CACHED", as_bool)
    """Whether Tor will keep the answer."""

    streamid = key("STREAMID")
    """The stream that made Tor look it up."""
