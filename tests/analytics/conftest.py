"""A writer in front of a real database, and a project of the test's own."""

from tests.ingest.conftest import broker, database, project_id, writer

__all__ = ["broker", "database", "project_id", "writer"]
