"""Parquet files, made of the rows that COPY sends."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any, Final

import pyarrow as pa
from pyarrow import csv, json
from pyarrow import parquet as pq

from export.fields import Field, Kind

# How much text becomes one row group: what is held in memory, a few times over.
GROUP_BYTES: Final = 2 * 1024 * 1024

TYPES: Final[Mapping[Kind, pa.DataType]] = {
    Kind.ID: pa.string(),
    Kind.WORD: pa.string(),
    Kind.TEXT: pa.string(),
    Kind.TIME: pa.timestamp("us", tz="UTC"),
    Kind.NUMBER: pa.float64(),
    Kind.COUNT: pa.int64(),
    Kind.MONEY: pa.decimal128(38, 12),
    Kind.JSON: pa.string(),
    Kind.LIST: pa.list_(pa.string()),
}
# CSV has no lists: they come as JSON, and are read one by one.
READ_AS: Final = {**TYPES, Kind.LIST: pa.string()}


class _Sink:
    """A file that keeps what is written to it until it is fetched."""

    closed = False

    def __init__(self) -> None:
        self._parts: list[bytes] = []
        self._digest = hashlib.sha256()
        self._size = 0

    def write(self, part: bytes) -> int:
        """Take a part."""
        self._parts.append(part)
        self._digest.update(part)
        self._size += len(part)
        return len(part)

    def tell(self) -> int:
        """How much was written."""
        return self._size

    def flush(self) -> None:
        """Do nothing: everything is here already."""

    def close(self) -> None:
        """Do nothing: what was written is still to be fetched."""

    def fetch(self) -> bytes:
        """What was written since the last time."""
        parts, self._parts = self._parts, []
        return b"".join(parts)

    def proof(self, rows: int) -> dict[str, str]:
        """What the footer says of everything before it."""
        return {
            "tracegraph.rows": str(rows),
            "tracegraph.bytes": str(self._size),
            "tracegraph.sha256": self._digest.hexdigest(),
        }


class Table:
    """Parquet: row groups of some thousand rows; the footer has their number and the digest of all before it."""

    def __init__(self, fields: Sequence[Field]) -> None:
        self._fields = fields
        self._schema = pa.schema([pa.field(field.name, TYPES[field.kind]) for field in fields])
        self._sink = _Sink()
        self._writer = pq.ParquetWriter(
            pa.PythonFile(self._sink, mode="w"), self._schema, compression="zstd", write_page_checksum=True
        )
        self._waiting: list[bytes] = []
        self._size = 0

    def rows(self, copied: bytes) -> bytes:
        """A row group, whenever there are enough rows for it."""
        self._waiting.append(copied)
        self._size += len(copied)
        return self._group() if self._size >= GROUP_BYTES else b""

    def closing(self, rows: int) -> bytes:
        """The last row group and the footer."""
        last = self._group() if self._waiting else b""
        self._writer.add_key_value_metadata(self._sink.proof(rows))
        self._writer.close()
        return last + self._sink.fetch()

    def _group(self) -> bytes:
        text = b"".join(self._waiting)
        self._waiting, self._size = [], 0
        self._writer.write_table(self._read(text))
        pa.default_memory_pool().release_unused()  # it would keep for the next group what we need now and then
        return self._sink.fetch()

    def _read(self, text: bytes) -> pa.Table:
        options: dict[str, Any] = {
            "read_options": csv.ReadOptions(
                use_threads=False, block_size=len(text) + 1, column_names=[field.name for field in self._fields]
            ),
            "parse_options": csv.ParseOptions(newlines_in_values=True),
            "convert_options": csv.ConvertOptions(
                column_types={field.name: READ_AS[field.kind] for field in self._fields},
                null_values=[""],
                strings_can_be_null=True,
                quoted_strings_can_be_null=False,
            ),
        }
        table = csv.read_csv(pa.BufferReader(text), **options)
        for place, field in enumerate(self._fields):
            if field.kind is Kind.LIST:
                table = table.set_column(place, field.name, _lists(table.column(place).to_pylist()))
        return table


def _lists(entries: Sequence[str]) -> pa.ChunkedArray:
    # `pa.array` would import pandas wherever that is installed, which takes more memory than everything here.
    lines = "".join(f'{{"list":{entry}}}\n' for entry in entries).encode()
    table = json.read_json(
        pa.BufferReader(lines),
        read_options=json.ReadOptions(use_threads=False, block_size=len(lines) + 1),
        parse_options=json.ParseOptions(explicit_schema=pa.schema([("list", TYPES[Kind.LIST])])),
    )
    return table.column(0)
