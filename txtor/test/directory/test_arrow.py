# -*- test-case-name: txtor.test.directory.test_arrow -*-
"""
Documents as columns.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterable
from datetime import timezone
from typing import Any
from unittest import mock

from twisted.trial.unittest import SynchronousTestCase

from txtor.directory import (
    COLUMNS,
    BandwidthFile,
    BridgeExtraInfo,
    BridgeNetworkStatus,
    BridgeServerDescriptor,
    Column,
    Consensus,
    ExitList,
    ServerDescriptor,
    arrow_batches,
    arrow_schema,
    columns_of,
    parse,
    to_arrow,
    write_parquet,
)
from txtor.errors import InvalidArgument, MissingExtra

from .documents import BRIDGE_DESCRIPTOR, BRIDGE_EXTRA_INFO, BRIDGE_STATUS, EXIT_LIST, real

parquet: Any = importlib.import_module("pyarrow.parquet")


def documents(name: str) -> list[Any]:
    """
    The documents of a real file.
    """
    return [reading.get() for reading in parse(real(name))]


class ArrowTests(SynchronousTestCase):
    """
    Tables and Parquet files.
    """

    def test_server_descriptors(self) -> None:
        """
        A row for each descriptor, with times in UTC, lists, and null for what is absent.
        """
        found = documents("server-descriptors")
        table = to_arrow(found)
        self.assertEqual(table.column_names, [column.name for column in columns_of(ServerDescriptor)])
        rows = table.to_pylist()
        self.assertEqual([row["fingerprint"] for row in rows], [descriptor.fingerprint for descriptor in found])
        self.assertEqual([row["digest"] for row in rows], [descriptor.digest() for descriptor in found])
        self.assertEqual(rows[0]["published"].astimezone(timezone.utc), found[0].published)
        self.assertEqual(rows[0]["exit_policy"], str(found[0].exit_policy.summary()))
        self.assertEqual(rows[0]["family"], None if found[0].family is None else str(found[0].family))

    def test_every_class(self) -> None:
        """
        Every class with columns gives a row for each of its values.
        """
        (consensus,), (bandwidth,) = documents("consensus"), documents("bandwidth-next")
        assert isinstance(consensus, Consensus) and isinstance(bandwidth, BandwidthFile)
        sources: list[Iterable[Any]] = [
            documents("server-descriptors"),
            documents("extra-infos"),
            documents("microdescs"),
            [BridgeServerDescriptor.parse(BRIDGE_DESCRIPTOR)],
            [BridgeExtraInfo.parse(BRIDGE_EXTRA_INFO)],
            list(consensus.routers.values()),
            list(BridgeNetworkStatus.parse(BRIDGE_STATUS).routers.values()),
            bandwidth.measurements,
            ExitList.parse(EXIT_LIST).entries,
        ]
        seen = set()
        for source in sources:
            values = list(source)
            table = to_arrow(values)
            self.assertEqual(table.num_rows, len(values))
            seen.add(type(values[0]))
        self.assertEqual(seen, set(COLUMNS))

    def test_parquet(self) -> None:
        """
        A Parquet file is written batch by batch, and says the same as the table.
        """
        found = documents("server-descriptors")
        path = self.mktemp()
        self.assertEqual(write_parquet(path, iter(found), rows=3), 7)
        file = parquet.ParquetFile(path)
        self.assertEqual((file.num_row_groups, file.read().to_pylist()), (3, to_arrow(found).to_pylist()))

    def test_own_columns(self) -> None:
        """
        The caller may name the columns: an attribute, or a function; then there need be no documents.
        """
        columns = [Column("nickname", "string"), Column("length", "int64", lambda document: len(bytes(document)))]
        found = documents("server-descriptors")
        self.assertEqual(to_arrow(found, columns).to_pylist()[0]["length"], len(bytes(found[0])))
        path = self.mktemp()
        self.assertEqual(write_parquet(path, [], columns), 0)
        self.assertEqual(parquet.read_table(path).column_names, ["nickname", "length"])

    def test_mistakes(self) -> None:
        """
        Documents without columns, no documents, and unknown types are the caller's mistakes.
        """
        with self.assertRaises(InvalidArgument):
            to_arrow(documents("key-certificates"))
        with self.assertRaises(InvalidArgument):
            to_arrow([])
        with self.assertRaises(InvalidArgument):
            arrow_schema([Column("x", "text")])
        with self.assertRaises(InvalidArgument):
            list(arrow_batches([], [Column("x", "string")], rows=0))

    def test_without_pyarrow(self) -> None:
        """
        Where pyarrow is missing, one sentence says which extra brings it.
        """
        with mock.patch.dict(sys.modules, {"pyarrow": None, "pyarrow.parquet": None}):
            for call in (lambda: to_arrow([]), lambda: write_parquet("x", []), lambda: arrow_schema([])):
                with self.assertRaises(MissingExtra) as caught:
                    call()
                self.assertEqual(str(caught.exception), "Arrow and Parquet need pyarrow: pip install 'txtor[arrow]'.")
