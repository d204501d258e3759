# -*- test-case-name: txtor.test.state.test_changes -*-
"""
What has changed, as values: one for each thing that Tor said.

They are what an iteration gives (`TorState.changes`, `Circuit.changes`). The objects in them live on and tell their present
state; what was said at that moment stands beside them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from txtor.events import CircuitDescription, StreamEvent

if TYPE_CHECKING:
    from ._circuit import Circuit
    from ._model import AddressMapping, EntryGuard, Validity
    from ._router import Router
    from ._stream import Stream


def _second_word(text: str) -> str:
    return [*text.split(" ", 2), ""][1]


@dataclass(frozen=True, slots=True)
class CircuitChanged:
    """
    Tor told something of a circuit. See control-spec 4.1.1 and 4.1.19.

    :ivar circuit: which.
    :ivar event: what Tor said.
    """

    circuit: Circuit
    event: CircuitDescription

    @property
    def what(self) -> str:
        """
        Tor's word for it: LAUNCHED, EXTENDED, BUILT, FAILED, CLOSED; PURPOSE_CHANGED, CANNIBALIZED; or a word of a
        newer Tor.
        """
        return _second_word(self.event.text)


@dataclass(frozen=True, slots=True)
class StreamChanged:
    """
    Tor told something of a stream. See control-spec 4.1.2.

    :ivar stream: which.
    :ivar event: what Tor said.
    """

    stream: Stream
    event: StreamEvent

    @property
    def what(self) -> str:
        """
        Tor's word for it: NEW, SENTCONNECT, REMAP, SUCCEEDED, DETACHED, FAILED, CLOSED and so on, or a word of a newer Tor.
        """
        return _second_word(self.event.text)


@dataclass(frozen=True, slots=True)
class RoutersChanged:
    """
    A consensus, or a part of one, was taken over.

    :ivar joined: the relays that are new.
    :ivar left: those that are gone, with what was last known of them.
    :ivar changed: those that say something else than before.
    """

    joined: Sequence[Router]
    left: Sequence[Router]
    changed: Sequence[Router]


@dataclass(frozen=True, slots=True)
class RouterChanged:
    """
    A relay's entry in the consensus is another, or there is none any more.

    :ivar router: which; `Router.status` is the entry.
    :ivar what: ``"changed"`` or ``"left"``.
    """

    router: Router
    what: str


@dataclass(frozen=True, slots=True)
class AddressChanged:
    """
    An address stands for another from now on, or no longer. See control-spec 4.1.7.

    :ivar source: the address that is mapped.
    :ivar mapping: ``None`` when it has come to its end.
    """

    source: str
    mapping: AddressMapping | None


@dataclass(frozen=True, slots=True)
class GuardChanged:
    """
    A relay is an entry guard from now on, or has another status. See control-spec 4.1.11.

    :ivar guard: which, and what it is now; one that is none any more has the status ``dropped`` or ``bad``.
    """

    guard: EntryGuard


@dataclass(frozen=True, slots=True)
class LivenessChanged:
    """
    Tor believes otherwise than before of whether the network is there. See control-spec 4.1.27.

    :ivar up: whether it is.
    """

    up: bool


@dataclass(frozen=True, slots=True)
class ConsensusChanged:
    """
    Tor goes by a consensus of other times. The relays are told in `RoutersChanged`, before or after this.

    :ivar validity: its times; ``None`` when Tor has no consensus any more.
    """

    validity: Validity | None


#: Whatever `TorState.changes` may give.
Change = (
    CircuitChanged | StreamChanged | RoutersChanged | AddressChanged | GuardChanged | LivenessChanged | ConsensusChanged
)
