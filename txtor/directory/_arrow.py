# -*- test-case-name: txtor.test.directory.test_arrow -*-
"""
Documents as columns, for Arrow and for Parquet files: one row for each.

Needs pyarrow, which ``pip install 'txtor[arrow]'`` brings. A table says for each kind of document which columns it has; others
can be given. What is absent is null; what cannot be read raises, as it does for whoever reads the attribute.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain, islice
from os import PathLike, fspath
from typing import Any, NamedTuple

from txtor.errors import InvalidArgument, MissingExtra

from ._bandwidth_file import BandwidthMeasurement
from ._bridges import BridgeExtraInfo, BridgeServerDescriptor
from ._exit_list import ExitListEntry
from ._extra_info import ExtraInfo
from ._microdescriptor import Microdescriptor
from ._router_status import RouterStatus
from ._server_descriptor import ServerDescriptor

_ROWS = 10_000


class Column(NamedTuple):
    """
    A column of a table.

    :ivar name: its name.
    :ivar type: ``"string"``, ``"int64"``, ``"double"``, ``"bool"``, ``"time"`` (UTC, seconds) or ``"strings"`` (a list).
    :ivar read: from a document to the value, or ``None`` where the column is the attribute of its name.
    """

    name: str
    type: str
    read: Callable[[Any], Any] | None = None

    def value(self, document: Any) -> Any:
        """
        The value of a document.
        """
        return getattr(document, self.name) if self.read is None else self.read(document)


def _text(name: str) -> Callable[[Any], str | None]:
    """
    An attribute, as it is written.
    """

    def read(document: Any) -> str | None:
        value = getattr(document, name)
        return None if value is None else str(value)

    return read


def _hexadecimal(name: str) -> Callable[[Any], str | None]:
    def read(document: Any) -> str | None:
        value: bytes | None = getattr(document, name)
        return None if value is None else value.hex().upper()

    return read


def _addresses(document: Any) -> list[str]:
    return [f"[{host}]:{port}" if ":" in host else f"{host}:{port}" for host, port in document.or_addresses]


_DESCRIPTOR = (
    Column("fingerprint", "string"),
    Column("nickname", "string"),
    Column("published", "time"),
    Column("address", "string"),
    Column("or_port", "int64"),
    Column("or_addresses", "strings", _addresses),
    Column("platform", "string"),
    Column("contact", "string"),
    Column("uptime", "int64"),
    Column("average_bandwidth", "int64", lambda document: document.bandwidth.average),
    Column("burst_bandwidth", "int64", lambda document: document.bandwidth.burst),
    Column("observed_bandwidth", "int64", lambda document: document.bandwidth.observed),
    Column("exit_policy", "string", lambda document: str(document.exit_policy.summary())),
    Column("exit_policy_v6", "string", _text("exit_policy_v6")),
    Column("protocols", "string", _text("protocols")),
    Column("family", "string", _text("family")),
)
_EXTRA_INFO = (
    Column("fingerprint", "string"),
    Column("nickname", "string"),
    Column("published", "time"),
    Column("transports", "strings", lambda document: [transport.name for transport in document.transports]),
)

#: By class, its columns.
COLUMNS: dict[type, tuple[Column, ...]] = {
    ServerDescriptor: (
        *_DESCRIPTOR,
        Column("ed25519_master_key", "string", _hexadecimal("ed25519_master_key")),
        Column("digest", "string", lambda document: document.digest()),
    ),
    BridgeServerDescriptor: (*_DESCRIPTOR, Column("digest", "string", lambda document: document.router_digest)),
    ExtraInfo: (*_EXTRA_INFO, Column("digest", "string", lambda document: document.digest())),
    BridgeExtraInfo: (*_EXTRA_INFO, Column("digest", "string", lambda document: document.router_digest)),
    Microdescriptor: (
        Column("digest", "string", lambda document: document.digest("sha256", "base64")),
        Column("family", "string", _text("family")),
        Column("exit_policy", "string", _text("exit_policy")),
        Column("exit_policy_v6", "string", _text("exit_policy_v6")),
        Column("or_addresses", "strings", _addresses),
    ),
    RouterStatus: (
        Column("fingerprint", "string"),
        Column("nickname", "string"),
        Column("digest", "string"),
        Column("published", "time"),
        Column("address", "string"),
        Column("or_port", "int64"),
        Column("dir_port", "int64"),
        Column("or_addresses", "strings", _addresses),
        Column("flags", "strings", lambda router: sorted(router.flags)),
        Column("version", "string", lambda router: router.version_text),
        Column("bandwidth", "int64"),
        Column("measured", "int64"),
        Column("is_unmeasured", "bool"),
        Column("exit_policy", "string", _text("exit_policy")),
        Column("microdescriptor_digest", "string"),
    ),
    BandwidthMeasurement: (
        Column("fingerprint", "string"),
        Column("nickname", "string"),
        Column("bandwidth", "int64"),
        Column("is_voted", "bool"),
        Column("ed25519_master_key", "string"),
        Column("text", "string"),
    ),
    ExitListEntry: (
        Column("fingerprint", "string"),
        Column("published", "time"),
        Column("last_status", "time"),
        Column("addresses", "strings", lambda entry: [address for address, _ in entry.addresses]),
    ),
}


def _pyarrow(name: str = "pyarrow") -> Any:
    """
    pyarrow, or a module of it.
    """
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise MissingExtra("Arrow and Parquet need pyarrow: pip install 'txtor[arrow]'.") from error


def columns_of(kind: type) -> tuple[Column, ...]:
    """
    The columns of a class of documents.

    :raises InvalidArgument: it has none; give your own.
    """
    if kind not in COLUMNS:
        known = ", ".join(known.__name__ for known in COLUMNS)
        raise InvalidArgument(f"{kind.__name__} has no columns of its own; give some. Those that have: {known}.")
    return COLUMNS[kind]


def arrow_schema(columns: Iterable[Column]) -> Any:
    """
    The ``pyarrow.Schema`` of some columns.

    :raises MissingExtra: pyarrow is not installed.
    :raises InvalidArgument: a type is none.
    """
    pa = _pyarrow()
    types = {
        "string": pa.string(), "int64": pa.int64(), "double": pa.float64(), "bool": pa.bool_(),
        "time": pa.timestamp("s", tz="UTC"), "strings": pa.list_(pa.string()),
    }  # fmt: skip
    fields = []
    for column in columns:
        if column.type not in types:
            raise InvalidArgument(f"The column {column.name} has no type {column.type!r}. Types: {', '.join(types)}.")
        fields.append(pa.field(column.name, types[column.type]))
    return pa.schema(fields)


def arrow_batches(
    documents: Iterable[Any], columns: Sequence[Column] | None = None, *, rows: int = _ROWS
) -> Iterator[Any]:
    """
    Documents as ``pyarrow.RecordBatch`` objects, as they are asked for. There is one at least, and no document is held longer.

    :param documents: all of one class: documents, or what they hold, as the routers of a consensus.
    :param columns: by default those of the class of the first one.
    :param rows: how many rows a batch has at most.
    :raises MissingExtra: pyarrow is not installed.
    :raises InvalidArgument: the class has no columns, or there are neither documents nor columns.
    """
    pa = _pyarrow()
    if rows < 1:
        raise InvalidArgument(f"A batch holds at least one row, not {rows}.")
    rest = iter(documents)
    some = list(islice(rest, 1))
    if columns is None and not some:
        raise InvalidArgument("Without a document nobody knows the columns; give some.")
    wanted = columns_of(type(some[0])) if columns is None else tuple(columns)
    schema = arrow_schema(wanted)
    rest = chain(some, rest)
    some = list(islice(rest, rows))
    while True:
        values = [[column.value(document) for document in some] for column in wanted]
        arrays = [pa.array(cells, field.type) for cells, field in zip(values, schema, strict=True)]
        yield pa.RecordBatch.from_arrays(arrays, schema=schema)
        some = list(islice(rest, rows))
        if not some:
            return


def to_arrow(documents: Iterable[Any], columns: Sequence[Column] | None = None) -> Any:
    """
    Documents as one ``pyarrow.Table``.

    :param documents: all of one class: documents, or what they hold, as the routers of a consensus.
    :param columns: by default those of the class of the first one.
    :raises MissingExtra: pyarrow is not installed.
    :raises InvalidArgument: the class has no columns, or there are neither documents nor columns.
    """
    return _pyarrow().Table.from_batches(list(arrow_batches(documents, columns)))


def write_parquet(
    path: str | PathLike[str], documents: Iterable[Any], columns: Sequence[Column] | None = None, *, rows: int = _ROWS
) -> int:
    """
    Write documents to a Parquet file, without ever holding more than a batch of them.

    :param path: of the file, which is replaced.
    :param documents: all of one class: documents, or what they hold, as the routers of a consensus.
    :param columns: by default those of the class of the first one.
    :param rows: how many rows a row group has at most.
    :return: how many rows were written.
    :raises MissingExtra: pyarrow is not installed.
    :raises InvalidArgument: the class has no columns, or there are neither documents nor columns.
    """
    parquet = _pyarrow("pyarrow.parquet")
    batches = arrow_batches(documents, columns, rows=rows)
    first = next(batches)
    written = 0
    with parquet.ParquetWriter(fspath(path), first.schema, compression="zstd") as writer:
        for batch in chain([first], batches):
            writer.write_batch(batch)
            written += batch.num_rows
    return written
