"""What administrative mutations answer."""

from __future__ import annotations

from schema.payloads import UserError
from schema.project import ApiKey, Project
from schema.row import of_row


@of_row
class CreateProjectPayload:
    """What became of a new project."""

    project: Project | None
    """The project; null when it was refused."""
    user_errors: list[UserError]
    """Why it was refused; empty when it is there."""


@of_row
class UpdateProjectPayload:
    """What became of a change to a project."""

    project: Project | None
    """The project as it is now; null when the change was refused."""
    user_errors: list[UserError]
    """Why it was refused; empty when it is done."""


@of_row
class CreateApiKeyPayload:
    """What became of a new key."""

    api_key: ApiKey | None
    """The key; null when it was refused."""
    secret: str | None
    """What to send as `Authorization: Bearer <secret>`. Shown once, here, and kept nowhere."""
    user_errors: list[UserError]
    """Why it was refused; empty when it is there."""


@of_row
class RevokeApiKeyPayload:
    """What became of a revocation."""

    api_key: ApiKey | None
    """The key as it is now; null when there is no such key."""
    user_errors: list[UserError]
    """Why it was refused; empty when it is done."""


@of_row
class DeleteTracesPayload:
    """What became of a deletion."""

    deleted_count: int
    """How many traces are gone; fewer than were meant when they are many: repeat the call."""
    user_errors: list[UserError]
    """Why nothing was deleted; empty when it was understood."""
