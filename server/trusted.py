"""The trusted documents: those of a folder, or of a manifest as the tools of clients write it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import orjson

from models.errors import Invalid

SUFFIXES = (".graphql", ".gql")
APOLLO = "apollo-persisted-query-manifest"


def trusted_documents(path: Path) -> dict[str, str]:
    """Documents by their ids. Raises Invalid when they can't be read.

    In a folder each `.graphql` file is a document, by the name of the file without its ending. A manifest is a JSON
    object of documents by their ids, which relay-compiler and graphql-codegen write, or that of Apollo's
    `generate-persisted-query-manifest`.
    """
    try:
        if path.is_dir():
            files = sorted(file for file in path.iterdir() if file.suffix in SUFFIXES)
            return {file.stem: file.read_text(encoding="utf-8") for file in files}
        return _in_manifest(orjson.loads(path.read_bytes()), path)
    except (OSError, UnicodeDecodeError, orjson.JSONDecodeError) as error:
        raise Invalid(f"The trusted documents at {path} can't be read: {error}.") from error


def _in_manifest(manifest: Any, path: Path) -> dict[str, str]:
    if isinstance(manifest, dict) and manifest.get("format") == APOLLO:
        operations = manifest.get("operations")
        entries = operations if isinstance(operations, list) else []
        manifest = {entry.get("id"): entry.get("body") for entry in entries if isinstance(entry, dict)}
    if not isinstance(manifest, dict) or not manifest:
        raise Invalid(f"The manifest {path} has no documents: it has to be an object of documents by their ids.")
    for identity, text in manifest.items():
        if not isinstance(identity, str) or not isinstance(text, str):
            raise Invalid(f"The manifest {path} has an entry that is no document: {str(identity)[:100]!r}.")
    return manifest
