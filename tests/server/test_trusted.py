"""Trusted documents are read from a folder, or from the manifests that the tools of clients write."""

import json
from pathlib import Path

import pytest

from models.errors import Invalid
from server.application import contract_engine
from server.settings import read_settings
from server.trusted import trusted_documents

TEXT = "query Hello { __typename }"


def test_the_files_of_a_folder_are_trusted_by_their_names(tmp_path: Path) -> None:
    """A folder holds a document per file; what is no document is left alone."""
    (tmp_path / "Hello.graphql").write_text(TEXT)
    (tmp_path / "README.md").write_text("About these.")

    assert trusted_documents(tmp_path) == {"Hello": TEXT}


@pytest.mark.parametrize(
    "manifest",
    [
        {"Hello": TEXT},
        {
            "format": "apollo-persisted-query-manifest",
            "version": 1,
            "operations": [{"id": "Hello", "name": "Hello", "type": "query", "body": TEXT}],
        },
    ],
)
def test_a_manifest_names_documents_by_their_ids(tmp_path: Path, manifest: object) -> None:
    """The manifests of Relay, GraphQL Code Generator and Apollo say the same."""
    (tmp_path / "manifest.json").write_text(json.dumps(manifest))

    assert trusted_documents(tmp_path / "manifest.json") == {"Hello": TEXT}


@pytest.mark.parametrize(
    "text",
    ["", "[]", "{}", '{"Hello": 1}', '{"format": "apollo-persisted-query-manifest", "operations": {}}', "\udcff"],
)
def test_a_manifest_that_is_none_is_refused(tmp_path: Path, text: str) -> None:
    """A manifest that can't be understood is told with its path, and not half believed."""
    (tmp_path / "manifest.json").write_text(text, errors="surrogateescape")

    with pytest.raises(Invalid, match=r"manifest\.json"):
        trusted_documents(tmp_path / "manifest.json")


def test_a_manifest_that_is_not_there_is_refused(tmp_path: Path) -> None:
    """A server that is told to trust documents does not start without them."""
    settings = read_settings({"TRACEGRAPH_TRUSTED_DOCUMENTS": str(tmp_path / "none.json")})

    with pytest.raises(Invalid, match=r"none\.json"):
        contract_engine(settings)
