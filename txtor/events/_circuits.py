# -*- test-case-name: txtor.test.events.test_circuits -*-
"""
Circuits, and the connections and guards that they are built over: CIRC, CIRC_MINOR, ORCONN, GUARD, BUILDTIMEOUT_SET.

The lines of ``GETINFO circuit-status`` are those of CIRC, so `CircuitEvent` reads them too.
"""

from __future__ import annotations

from typing import NamedTuple

from txtor.grammar import RouterName

from ._event import Event, key, word
from ._read import as_address, as_integer, as_number, as_port, as_router, as_routers, as_time, as_words


class ProofOfWork(NamedTuple):
    """
    The proof of work that a client did for an onion service.

    :ivar scheme: as ``"v1"``.
    :ivar effort: how hard it was, or ``None`` if it cannot be read.
    """

    scheme: str
    effort: int | None


def _proof_of_work(text: str) -> ProofOfWork:
    scheme, _, effort = text.partition(",")
    return ProofOfWork(scheme, as_integer(effort))


class CircuitDescription(Event):
    """
    What CIRC and CIRC_MINOR both tell of a circuit.
    """

    __slots__ = ()

    fixed_words = 2

    id = word(0)
    """The circuit's identifier, which is text: up to 16 letters and digits."""

    @property
    def path(self) -> tuple[RouterName, ...]:
        """
        The relays from the first on, none while the circuit has none. One that txtor cannot read has its text as nickname.
        """
        words = (self._parsed or self._parse())[0]
        return as_routers(words[2]) if len(words) > 2 else ()

    _build_flags = key("BUILD_FLAGS", as_words)

    @property
    def build_flags(self) -> tuple[str, ...]:
        """
        How the circuit was built: words of `BuildFlag`, perhaps none.
        """
        return self._build_flags or ()

    purpose = key("PURPOSE")
    """A word of `CircuitPurpose`."""

    hs_state = key("HS_STATE")
    """A word of `HSState`."""

    rend_query = key("REND_QUERY")
    """The onion service's address, without ``.onion``."""

    time_created = key("TIME_CREATED", as_time)
    """When it was created or cannibalized."""

    socks_username = key("SOCKS_USERNAME")
    """The SOCKS user name that isolates it."""

    socks_password = key("SOCKS_PASSWORD")
    """The SOCKS password that isolates it."""

    hs_pow = key("HS_POW", _proof_of_work)
    """The proof of work done for its onion service."""

    conflux_id = key("CONFLUX_ID")
    """32 hexadecimal digits, the same for all legs of a conflux set."""

    conflux_rtt = key("CONFLUX_RTT", as_integer)
    """The leg's round-trip time in microseconds. The leg with the lowest is preferred."""

    reason = key("REASON")
    """Why it ended: a word of `CircuitReason`."""

    remote_reason = key("REMOTE_REASON")
    """Why the far end ended it: a word of `CircuitReason`."""


class CircuitEvent(CircuitDescription):
    """
    A circuit's status has changed. See control-spec 4.1.1.
    """

    __slots__ = ()

    keyword = "CIRC"
    description = "The status of a circuit has changed."

    status = word(1)
    """A word of `CircuitStatus`."""


class CircuitMinorEvent(CircuitDescription):
    """
    Something about a circuit has changed that is not its status. See control-spec 4.1.19.
    """

    __slots__ = ()

    keyword = "CIRC_MINOR"
    description = "The purpose of a circuit has changed, or it was cannibalized."

    event = word(1)
    """What has changed: a word of `CircuitMinorChange`."""

    old_purpose = key("OLD_PURPOSE")
    """What it was for: a word of `CircuitPurpose`."""

    old_hs_state = key("OLD_HS_STATE")
    """A word of `HSState`."""

    old_time_created = key("OLD_TIME_CREATED", as_time)
    """When it was created, if it was cannibalized."""


def _target_router(text: str) -> RouterName | None:
    return as_router(text) if text[:1] == "$" else None


def _target_address(text: str) -> str | None:
    return None if text[:1] == "$" else as_address(text)


def _target_port(text: str) -> int | None:
    return None if text[:1] == "$" else as_port(text)


class ORConnEvent(Event):
    """
    The status of a connection to a relay has changed. See control-spec 4.1.3.
    """

    __slots__ = ()

    keyword = "ORCONN"
    description = "The status of a connection to a relay has changed."
    fixed_words = 2

    target = word(0)
    """The relay, or an address and a port while the relay is not known."""

    router = word(0, _target_router)
    """The relay, where the target is one."""

    address = word(0, _target_address)
    """The address, where the target is not a relay."""

    port = word(0, _target_port)
    """The port, where the target is not a relay."""

    status = word(1)
    """A word of `ORStatus`."""

    reason = key("REASON")
    """Why it ended: a word of `ORReason`."""

    num_circuits = key("NCIRCS", as_integer)
    """How many circuits are over it."""

    id = key("ID")
    """The connection's identifier."""


class GuardEvent(Event):
    """
    Tor has chosen, lost or found again a guard. See control-spec 4.1.11.
    """

    __slots__ = ()

    keyword = "GUARD"
    description = "The status of a guard has changed."
    fixed_words = 3

    guard_type = word(0)
    """``ENTRY``."""

    router = word(1, as_router)
    """The relay."""

    status = word(2)
    """A word of `GuardStatus`."""


class BuildTimeoutSetEvent(Event):
    """
    Tor has learned or forgotten how long circuits take to build. See control-spec 4.1.16.
    """

    __slots__ = ()

    keyword = "BUILDTIMEOUT_SET"
    description = "The time after which Tor gives up on building a circuit has changed."
    fixed_words = 1

    set_type = word(0)
    """Why: a word of `BuildTimeoutChange`."""

    total_times = key("TOTAL_TIMES", as_integer)
    """How many build times are known."""

    timeout_ms = key("TIMEOUT_MS", as_integer)
    """After how many milliseconds a circuit is given up."""

    xm = key("XM", as_integer)
    """The Pareto parameter Xm, in milliseconds."""

    alpha = key("ALPHA", as_number)
    """The Pareto parameter alpha."""

    cutoff_quantile = key("CUTOFF_QUANTILE", as_number)
    """The share of circuits that shall be built before the time-out."""

    timeout_rate = key("TIMEOUT_RATE", as_number)
    """The share of circuits that were given up."""

    close_ms = key("CLOSE_MS", as_integer)
    """After how many milliseconds a circuit that was given up is closed and no longer measured."""

    close_rate = key("CLOSE_RATE", as_number)
    """The share of circuits that were closed so."""
