"""Data that leaves in files."""

from __future__ import annotations

from datetime import datetime

from export.selection import ExportFormat, ExportKind
from resolvers.exports import Wanted
from schema.described import enum_of, input_of
from schema.payloads import UserError
from schema.row import of_row

enum_of(ExportKind)
enum_of(ExportFormat)
input_of(Wanted, name="CreateExportInput")


@of_row
class Export:
    """A file that is made while it is read."""

    url: str
    """Where it is fetched, by GET and without a key: a path on this server."""
    expires_at: datetime
    """Until when a download may begin."""


@of_row
class CreateExportPayload:
    """What became of the wish for an export."""

    export: Export | None
    """The export; null when it was refused."""
    user_errors: list[UserError]
    """Why it was refused; empty when it was not."""
