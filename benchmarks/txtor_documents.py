# -*- test-case-name: txtor.test.test_benchmarks -*-
"""
txtor, through its public names: the documents of the directory, which need no reactor.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timezone
from typing import Any

from measuring import Meter, Options, Result, Workers

NOW = datetime(2026, 11, 22, 12, tzinfo=timezone.utc)


def read_six(router: Any) -> tuple[Any, ...]:
    """
    What most programs want to know of a router.
    """
    return (router.nickname, router.fingerprint, router.address, router.or_port, router.flags, router.bandwidth)


def _consensus(name: str, fields: bool) -> Callable[[Options], Result]:
    def task(options: Options) -> Result:
        from txtor.directory import Consensus

        data = options.read(name)
        with Meter() as meter:
            consensus = Consensus(data)
            routers = consensus.routers
            read = [read_six(router) for router in routers.values()] if fields else []
        return meter.result(done=len(read) or len(routers))

    return task


def server_descriptors(options: Options) -> Result:
    """
    All server descriptors as objects.
    """
    from txtor.directory import ServerDescriptor

    data = options.read("server-descriptors")
    with Meter() as meter:
        found = list(ServerDescriptor.parse_many(data, check=False))
    return meter.result(done=len(found))


def server_descriptors_verified(options: Options) -> Result:
    """
    Server descriptors read and verified one after another; none is kept.
    """
    from txtor.directory import ServerDescriptor

    data, done = options.read("server-descriptors"), 0
    with Meter() as meter:
        for descriptor in ServerDescriptor.parse_many(data, check=False):
            assert isinstance(descriptor, ServerDescriptor)  # errors come only when documents are checked
            done += "router-signature" in descriptor.verify(now=NOW).checked
    return meter.result(done=done)


def _load() -> None:
    """
    What a worker needs.
    """
    import txtor.directory  # noqa: F401


def server_descriptors_parallel(options: Options) -> Result:
    """
    Server descriptors read here and verified by all processors.
    """
    from txtor.directory import ServerDescriptor, verify_documents

    data, done = options.read("server-descriptors"), 0
    with Workers(_load) as workers:
        with Meter() as meter:
            descriptors: Any = ServerDescriptor.parse_many(data, check=False)
            for _, error in verify_documents(workers.executor, descriptors, now=NOW):
                done += error is None
        return workers.result(meter, done)


def microdescriptors(options: Options) -> Result:
    """
    By digest, all microdescriptors as objects.
    """
    from txtor.directory import Microdescriptor

    data = options.read("microdescriptors")
    with Meter() as meter:
        found = {
            one.digest("sha256", encoding="raw"): one
            for one in Microdescriptor.parse_many(data, check=False)
            if isinstance(one, Microdescriptor)
        }
    return meter.result(done=len(found))


DOCUMENTS: dict[str, Callable[[Options], Result]] = {
    "consensus_ns": _consensus("consensus-ns", False),
    "consensus_ns_fields": _consensus("consensus-ns", True),
    "consensus_microdesc": _consensus("consensus-microdesc", False),
    "consensus_microdesc_fields": _consensus("consensus-microdesc", True),
    **{
        task.__name__: task
        for task in (server_descriptors, server_descriptors_verified, server_descriptors_parallel, microdescriptors)
    },
}
