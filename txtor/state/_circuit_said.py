# -*- test-case-name: txtor.test.state.test_torstate -*-
"""
What Tor says of a circuit, read when somebody wants it. See control-spec 4.1.1, CIRC.
"""

from __future__ import annotations

from datetime import datetime, timezone

from txtor.events import CircuitDescription, ProofOfWork
from txtor.grammar import RouterName


class CircuitSaid:
    """
    The words of Tor's about one circuit.

    :ivar status: LAUNCHED, EXTENDED, GUARD_WAIT, BUILT, FAILED or CLOSED, or a word of a newer Tor. Tor tells GUARD_WAIT when it
        is asked, at the beginning and after a reconnection, and in no event: a circuit that gets there later stays EXTENDED here.
    :ivar text: what Tor said last of it, unread.
    """

    __slots__ = ("_event", "status", "text")

    status: str
    text: str
    _event: CircuitDescription | None

    @property
    def event(self) -> CircuitDescription:
        """
        What Tor said last of it, as an event; every keyword is in its ``keywords``.
        """
        event = self._event
        if event is None or event.text is not self.text:
            event = self._event = CircuitDescription(self.text)
        return event

    @property
    def state(self) -> str:
        """
        The status, under the name that txtorcon gave it.
        """
        return self.status

    @property
    def route(self) -> tuple[RouterName, ...]:
        """
        The names of the relays that it goes through, as far as it is built.
        """
        return self.event.path

    @property
    def purpose(self) -> str | None:
        """
        What it is for: GENERAL, HS_CLIENT_REND, CONFLUX_LINKED, CONTROLLER and so on.
        """
        return self.event.purpose

    @property
    def build_flags(self) -> tuple[str, ...]:
        """
        ONEHOP_TUNNEL, IS_INTERNAL, NEED_CAPACITY, NEED_UPTIME.
        """
        return self.event.build_flags

    @property
    def flags(self) -> dict[str, str]:
        """
        Every ``KEY=value`` that Tor said of it last.
        """
        return self.event.keywords.copy()

    @property
    def hs_state(self) -> str | None:
        """
        How far an onion service's circuit is, as ``"HSCR_JOINED"``.
        """
        return self.event.hs_state

    @property
    def rend_query(self) -> str | None:
        """
        The onion address that it is for, without ``.onion``.
        """
        return self.event.rend_query

    @property
    def time_created(self) -> datetime | None:
        """
        When it was made, in UTC with microseconds.
        """
        return self.event.time_created

    @property
    def socks_username(self) -> str | None:
        """
        The SOCKS user name that isolates its streams.
        """
        return self.event.socks_username

    @property
    def socks_password(self) -> str | None:
        """
        The SOCKS password that isolates its streams.
        """
        return self.event.socks_password

    @property
    def hs_pow(self) -> ProofOfWork | None:
        """
        The proof of work that was done for its onion service.
        """
        return self.event.hs_pow

    @property
    def conflux_id(self) -> str | None:
        """
        What all legs of a conflux set have in common.
        """
        return self.event.conflux_id

    @property
    def conflux_rtt(self) -> int | None:
        """
        The round-trip time of a linked leg, in microseconds.
        """
        return self.event.conflux_rtt

    @property
    def reason(self) -> str | None:
        """
        Why it failed or closed.
        """
        return self.event.reason

    @property
    def remote_reason(self) -> str | None:
        """
        Why, in the words of the relay that ended it.
        """
        return self.event.remote_reason

    def age(self, now: datetime | None = None) -> float | None:
        """
        How many seconds ago it was made.

        :param now: an aware datetime instead of the present.
        """
        created = self.time_created
        return None if created is None else ((now or datetime.now(timezone.utc)) - created).total_seconds()

    @property
    def is_built(self) -> bool:
        """
        Whether streams can be attached to it.
        """
        return self.status == "BUILT"

    @property
    def is_over(self) -> bool:
        """
        Whether it has failed or closed.
        """
        return self.status in ("CLOSED", "FAILED")
