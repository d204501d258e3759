# -*- test-case-name: txtor.test.events.test_status -*-
"""
What the person who runs Tor should know, and who uses a bridge: STATUS_GENERAL, STATUS_CLIENT, STATUS_SERVER,
NETWORK_LIVENESS, SIGNAL, CLIENTS_SEEN.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from ._event import Event, key, word
from ._read import as_integer, as_shares, as_time


class StatusEvent(Event):
    """
    What STATUS_GENERAL, STATUS_CLIENT and STATUS_SERVER have in common. See control-spec 4.1.10.
    """

    __slots__ = ()

    fixed_words = 2

    #: ``GENERAL``, ``CLIENT`` or ``SERVER``.
    status_type: ClassVar[str]

    severity = word(0)
    """How much it matters: a word of `Severity`."""

    action = word(1)
    """What has happened, as ``"BOOTSTRAP"``."""

    @property
    def arguments(self) -> Mapping[str, str]:
        """
        What belongs to the action, by key: the same as `keywords`.
        """
        return self.keywords


class StatusGeneralEvent(StatusEvent):
    """
    Something has happened that concerns Tor as a whole, as a clock that has jumped. See control-spec 4.1.10.
    """

    __slots__ = ()

    keyword = "STATUS_GENERAL"
    description = "Something has happened that concerns Tor as a whole."
    status_type = "GENERAL"


class StatusClientEvent(StatusEvent):
    """
    Something has happened that concerns Tor as a client. See control-spec 4.1.10.

    The attributes are those of the action ``BOOTSTRAP``, and ``None`` for others. ``GETINFO status/bootstrap-phase`` gives the
    same text, so ``StatusClientEvent(text)`` reads it.
    """

    __slots__ = ()

    keyword = "STATUS_CLIENT"
    description = "Something has happened that concerns Tor as a client."
    status_type = "CLIENT"

    progress = key("PROGRESS", as_integer)
    """How far Tor has come, from 0 to 100. It never goes back, steps are left out, and 100 comes once."""

    tag = key("TAG")
    """What Tor does now, as ``"loading_descriptors"``."""

    summary = key("SUMMARY")
    """The same in words."""

    warning = key("WARNING")
    """What went wrong, in words; only with severity ``WARN``."""

    reason = key("REASON")
    """Why: a word of `ORReason`."""

    count = key("COUNT", as_integer)
    """How often it went wrong at this step."""

    recommendation = key("RECOMMENDATION")
    """Whether to tell a person: ``warn`` or ``ignore``."""

    hostid = key("HOSTID")
    """The fingerprint of the relay that Tor tried."""

    hostaddr = key("HOSTADDR")
    """The address and port of that relay."""


class StatusServerEvent(StatusEvent):
    """
    Something has happened that concerns Tor as a relay. See control-spec 4.1.10.
    """

    __slots__ = ()

    keyword = "STATUS_SERVER"
    description = "Something has happened that concerns Tor as a relay."
    status_type = "SERVER"


class NetworkLivenessEvent(Event):
    """
    Tor can reach the network again, or no longer. See control-spec 4.1.27.
    """

    __slots__ = ()

    keyword = "NETWORK_LIVENESS"
    description = "Tor can reach the network again, or no longer."
    fixed_words = 1

    status = word(0)
    """A word of `Liveness`."""


class SignalEvent(Event):
    """
    Tor acts on a signal, whoever sent it. SHUTDOWN and HALT are never told. See control-spec 4.1.17.
    """

    __slots__ = ()

    keyword = "SIGNAL"
    description = "Tor acts on a signal."
    fixed_words = 1

    signal = word(0)
    """A word of `SignalName`."""


class ClientsSeenEvent(Event):
    """
    A bridge tells how many clients it has had, rounded up to multiples of eight. See control-spec 4.1.14.
    """

    __slots__ = ()

    keyword = "CLIENTS_SEEN"
    description = "How many clients a bridge has had, by country and by version of the Internet Protocol."

    time_started = key("TimeStarted", as_time)
    """Since when they are counted."""

    country_summary = key("CountrySummary", as_shares)
    """Clients by two-letter country code; ``??`` are those of no known country."""

    ip_versions = key("IPVersions", as_shares)
    """Clients by ``v4`` and ``v6``."""
