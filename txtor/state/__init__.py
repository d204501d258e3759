"""
A live picture of one Tor: `TorState` mirrors its circuits, streams and relays, and acts on them.

See control-spec 4.1.
"""

from ._attaching import DO_NOT_ATTACH, IStreamAttacher, PriorityAttacher
from ._changes import (
    AddressChanged,
    Change,
    CircuitChanged,
    ConsensusChanged,
    GuardChanged,
    LivenessChanged,
    RouterChanged,
    RoutersChanged,
    StreamChanged,
)
from ._choosing import Condition
from ._circuit import Circuit, CircuitFailed
from ._iteration import Changes, TooManyChanges
from ._listeners import (
    AddrListenerMixin,
    CircuitListenerMixin,
    IAddressListener,
    IAddrListener,
    ICircuitListener,
    IRouterListener,
    IStreamListener,
    RouterListenerMixin,
    StreamListenerMixin,
)
from ._model import AddressMapping, EntryGuard, Model, Validity
from ._paths import (
    PathRules,
    among,
    between_percentiles,
    excluding,
    exits_to,
    has_flags,
    in_countries,
    lacks_flags,
)
from ._router import Router
from ._routers import RouterMap
from ._stream import Stream, StreamFailed
from ._torstate import TorState

__all__ = [
    "DO_NOT_ATTACH",
    "AddrListenerMixin",
    "AddressChanged",
    "AddressMapping",
    "Change",
    "Changes",
    "Circuit",
    "CircuitChanged",
    "CircuitFailed",
    "CircuitListenerMixin",
    "Condition",
    "ConsensusChanged",
    "EntryGuard",
    "GuardChanged",
    "IAddrListener",
    "IAddressListener",
    "ICircuitListener",
    "IRouterListener",
    "IStreamAttacher",
    "IStreamListener",
    "LivenessChanged",
    "Model",
    "PathRules",
    "PriorityAttacher",
    "Router",
    "RouterChanged",
    "RouterListenerMixin",
    "RouterMap",
    "RoutersChanged",
    "Stream",
    "StreamChanged",
    "StreamFailed",
    "StreamListenerMixin",
    "TooManyChanges",
    "TorState",
    "Validity",
    "among",
    "between_percentiles",
    "excluding",
    "exits_to",
    "has_flags",
    "in_countries",
    "lacks_flags",
]
