"""A real database, and a project of the test's own."""

from tests.ingest.conftest import database, project_id

__all__ = ["database", "project_id"]
