"""The key that is accepted in development, so that nobody has to make one first."""

from auth import keys
from auth.projects import DEFAULT, ensure_project
from auth.viewer import SCOPES
from models.database import Database

NAME = "development"


async def ensure_development_key(database: Database, secret: str) -> None:
    """Make the project "default" and accept the secret as a key of all scopes for all projects; safe to repeat.

    A secret that was revoked stays revoked.
    """
    await ensure_project(database, DEFAULT)
    await keys.accept(database, secret, project_id=None, name=NAME, scopes=SCOPES)
