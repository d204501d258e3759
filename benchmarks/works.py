# -*- test-case-name: txtor.test.test_benchmarks -*-
"""
What is measured: the rows of the table, and which of them are measured together.
"""

from __future__ import annotations

from dataclasses import dataclass

PEERS = ("txtorcon", "stem", "aiostem")


@dataclass(frozen=True)
class Row:
    """
    A row of the table.

    :ivar work: what is done.
    :ivar task: the name of the task, the same with everybody unless another is given.
    :ivar floor: the floor's task.
    :ivar peers: the peers' tasks, as ``"stem.events"``; names without a point are peers whose task is `task`.
    :ivar target: what txtor must not exceed: a multiple of the floor, or what `unit` says.
    :ivar unit: ``"floor"``; ``"peer"``, multiples of the best peer; or ``"seconds"``.
    :ivar figure: which of the figures is compared.
    """

    work: str
    task: str
    floor: str = ""
    peers: tuple[str, ...] = ()
    target: float | None = None
    unit: str = "floor"
    figure: str = "seconds"

    @property
    def txtor(self) -> str:
        """
        txtor's variant.
        """
        return f"txtor.{self.task}"

    @property
    def rivals(self) -> list[str]:
        """
        The peers' variants.
        """
        return [peer if "." in peer else f"{peer}.{self.task}" for peer in self.peers]

    @property
    def variants(self) -> list[str]:
        """
        Who runs: the floor first.
        """
        return [f"floor.{self.floor or self.task}", self.txtor, *self.rivals]


@dataclass(frozen=True)
class Group:
    """
    Rows that are measured together.

    :ivar one_cpu: whether server and client share a processor: for round trips, where waking another takes longer than the work.
    """

    rows: tuple[Row, ...]
    rounds: int = 5
    count: int = 1
    one_cpu: bool = False

    @property
    def variants(self) -> list[str]:
        """
        Who runs, in order.
        """
        return list(dict.fromkeys(variant for row in self.rows for variant in row.variants))


ALL = PEERS
OBJECTS = ("stem.events", "aiostem.events")
GROUPS = (
    Group((Row("import", "import_", peers=ALL, target=1.05),), 7),
    Group((Row("connect and authenticate", "connect", peers=ALL),), 5, 200, True),
    Group((Row("GETINFO, one after another", "getinfo_sequential", peers=ALL),), 3, 20_000, True),
    Group((Row("GETINFO, 20,000 at once", "getinfo_pipelined", peers=("txtorcon", "aiostem"), target=0.4, unit="peer"),),
          5, 20_000, True),
    Group((Row("GETINFO ns/all, router objects", "ns_all", peers=ALL, target=1.5),
           Row("its memory, six fields read", "ns_all", peers=ALL, figure="kept_bytes")), 7),
    Group((Row("GETINFO ns/all, one text", "ns_all_text", peers=ALL, target=3),), 3),
    Group((Row("TorState ready", "bootstrap", peers=("txtorcon", "stem"), target=1.6),), 5),
    Group((Row("NEWCONSENSUS", "newconsensus", peers=ALL, target=1.4),
           Row("its longest stall of the reactor", "newconsensus", target=0.010, unit="seconds", figure="cpu_stall_seconds"),
           Row("the same by the clock", "newconsensus", unit="seconds", figure="stall_seconds")), 3),
    Group((Row("events, unread", "events_unread", "events", OBJECTS, 2),
           Row("events, words split", "events_keywords", "events", OBJECTS),
           Row("events, every attribute read", "events_all", "events", OBJECTS, 7),
           Row("events, state kept, two listeners", "events_state", "events", ("txtorcon",), 2.2),
           Row("events, state kept", "events_state_alone", "events"),
           Row("events, unread, against text", "events_unread", "events", ("txtorcon.events_text",))), 3),
    Group((Row("consensus, index", "consensus_ns", peers=("stem",), target=1),
           Row("consensus, six fields read", "consensus_ns_fields", "consensus_ns", ("stem",), 3)), 5),
    Group((Row("microdesc consensus, index", "consensus_microdesc", peers=("stem",), target=1),
           Row("microdesc consensus, six fields", "consensus_microdesc_fields", "consensus_microdesc", ("stem",), 3)), 5),
    Group((Row("server descriptors", "server_descriptors", peers=("stem",), target=1.6),), 5),
    Group((Row("server descriptors, verified", "server_descriptors_verified", peers=("stem",), target=1.15),), 3),
    Group((Row("the same, on all processors", "server_descriptors_parallel", target=1.15),), 3),
    Group((Row("microdescriptors, with digests", "microdescriptors", peers=("stem",)),), 5),
    Group((Row("SOCKS connection", "socks_connect", peers=("txtorcon",), target=2.2),), 5, 2000, True),
    Group((Row("SOCKS, 512 MiB", "socks_bulk", peers=("txtorcon",), target=1.05),), 5),
)  # fmt: skip
