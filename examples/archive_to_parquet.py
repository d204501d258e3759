"""
Turn an archive of server descriptors into a Parquet file, and ask it something.

    python archive_to_parquet.py server-descriptors-2026-01.tar.xz relays.parquet

The archive is one of https://collector.torproject.org/archive/relay-descriptors/server-descriptors/; a folder of them, and tor's
own ``cached-descriptors``, do as well. It is read on all processors, and never unpacked to the disk. Needs txtor[arrow].
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor

from txtor.directory import Column, Progress, ServerDescriptor, map_documents, write_parquet

COLUMNS = (
    Column("fingerprint", "string", lambda row: row[0]),
    Column("published", "time", lambda row: row[1]),
    Column("version", "string", lambda row: row[2]),
    Column("bandwidth", "int64", lambda row: row[3]),
    Column("is_exit", "bool", lambda row: row[4]),
)


# begin worker
def describe(descriptor: ServerDescriptor) -> tuple[object, ...]:
    """
    What is kept of a descriptor. This runs in the worker processes.
    """
    version = descriptor.tor_version
    return (
        descriptor.fingerprint,
        descriptor.published,
        None if version is None else ".".join(map(str, version.series)),
        descriptor.observed_bandwidth,
        descriptor.exit_policy.is_exiting_allowed,
    )
# end worker


def tell(progress: Progress) -> None:
    """
    Say how far the run has come.
    """
    print(f"{progress.done}/{progress.total} files, {progress.documents} descriptors, {progress.errors} errors", file=sys.stderr)


# begin convert
def convert(paths: Sequence[str], target: str, workers: int | None = None) -> int:
    """
    Read archives and write one Parquet file.

    :return: how many descriptors were written.
    """

    def rows(executor: ProcessPoolExecutor) -> Iterator[tuple[object, ...]]:
        for file in map_documents(executor, paths, describe, type="server-descriptor", progress=tell):
            for error, place in file.errors:
                print(f"{place}: {error}", file=sys.stderr)
            yield from file.results

    with ProcessPoolExecutor(workers) as executor:
        return write_parquet(target, rows(executor), COLUMNS)
# end convert


# begin query
def bandwidth_by_version(path: str) -> list[tuple[str, int, int]]:
    """
    For each series of tor: how many descriptors there are, and how much bandwidth they observed.
    """
    import pyarrow.parquet  # type: ignore[import-untyped]  # pyarrow has no annotations

    table = pyarrow.parquet.read_table(path, columns=["version", "bandwidth"])
    sums = table.group_by("version").aggregate([("bandwidth", "count"), ("bandwidth", "sum")]).to_pylist()
    found = [(row["version"] or "other", row["bandwidth_count"], row["bandwidth_sum"]) for row in sums]
    return sorted(found, key=lambda row: (-row[2], row[0]))
# end query


def main(arguments: Sequence[str]) -> int:
    """
    The command line.
    """
    *sources, target = arguments
    if not sources:
        print(__doc__, file=sys.stderr)
        return 2
    print(f"{convert(sources, target)} descriptors")
    for version, number, bandwidth in bandwidth_by_version(target):
        print(f"{version:>10} {number:>8} {bandwidth:>15,} B/s")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:] or [""]))
