"""Documents can be named in place of sent: those that are trusted, and those that were sent before."""

import pytest

from operations.engine import engine
from operations.persisted import Persisted, Reference, digest
from operations.rejection import Rejected
from tests.fakes.contract import graphql_schema

TEXT = "{ hello }"
DIGEST = digest(TEXT)
OTHER = "{ project }"


def code(persisted: Persisted, reference: Reference) -> str:
    with pytest.raises(Rejected) as rejection:
        persisted.text(reference)
    return rejection.value.code


def test_a_document_that_was_sent_is_found_by_its_digest() -> None:
    """What came once with its hash is known by the hash from then on, and by the id that the hash makes."""
    persisted = Persisted()
    unknown = code(persisted, Reference(digest=DIGEST))
    persisted.remember(Reference(text=TEXT, digest=DIGEST))

    assert unknown == "PERSISTED_QUERY_NOT_FOUND"
    assert persisted.text(Reference(digest=DIGEST)) == TEXT
    assert persisted.text(Reference(id=f"sha256:{DIGEST}")) == TEXT
    assert persisted.text(Reference(text=TEXT, digest=DIGEST)) == TEXT


@pytest.mark.parametrize(
    "reference", [Reference(text=TEXT, digest=digest(OTHER)), Reference(text=TEXT, id=f"sha256:{digest(OTHER)}")]
)
def test_a_document_with_the_hash_of_another_is_refused(reference: Reference) -> None:
    """Nobody can put a document under the hash of another one."""
    assert code(Persisted(), reference) == "BAD_REQUEST"


def test_what_is_not_named_is_not_kept() -> None:
    """A document that came without a hash, or under a free name, is not kept."""
    persisted = Persisted()
    persisted.remember(Reference(text=TEXT))
    persisted.remember(Reference(text=TEXT, id="mine"))

    assert code(persisted, Reference(id="mine")) == "PERSISTED_QUERY_NOT_FOUND"
    assert code(persisted, Reference(digest=DIGEST)) == "PERSISTED_QUERY_NOT_FOUND"


def test_the_least_recently_used_is_forgotten() -> None:
    """However many documents are sent, those kept stay within the bound; one in use stays."""
    persisted = Persisted(kept_bytes=2_000)
    persisted.remember(Reference(text=TEXT, digest=DIGEST))
    texts = [f"{{ a{number}: hello }}" for number in range(20)]
    for text in texts:
        persisted.remember(Reference(text=text, digest=digest(text)))
        assert persisted.text(Reference(digest=DIGEST)) == TEXT

    assert code(persisted, Reference(digest=digest(texts[0]))) == "PERSISTED_QUERY_NOT_FOUND"
    assert persisted.text(Reference(digest=digest(texts[-1]))) == texts[-1]


def test_a_trusted_document_is_found_by_its_id_and_its_digest() -> None:
    """A trusted document is known from the start, by the name it was given and by its hash."""
    persisted = Persisted({"Hello": TEXT})

    assert persisted.text(Reference(id="Hello")) == TEXT
    assert persisted.text(Reference(id=f"sha256:{DIGEST}")) == TEXT
    assert persisted.text(Reference(digest=DIGEST)) == TEXT
    assert persisted.text(Reference(text=OTHER)) == OTHER


def test_only_trusted_documents_are_run_where_it_is_so_set() -> None:
    """A server that trusts some documents only runs no other, by whatever way it comes."""
    persisted = Persisted({"Hello": TEXT}, only_trusted=True)
    persisted.remember(Reference(text=OTHER, digest=digest(OTHER)))

    assert code(persisted, Reference(text=OTHER)) == "FORBIDDEN"
    assert code(persisted, Reference(text=OTHER, digest=digest(OTHER))) == "FORBIDDEN"
    assert code(persisted, Reference(digest=digest(OTHER))) == "PERSISTED_QUERY_NOT_FOUND"
    assert persisted.text(Reference(text=TEXT)) == TEXT


def test_two_names_of_different_documents_are_refused() -> None:
    """A request that names two documents is not run with either."""
    persisted = Persisted({"Hello": TEXT, "Project": OTHER})

    assert code(persisted, Reference(id="Project", digest=DIGEST)) == "BAD_REQUEST"
    assert persisted.text(Reference(id="Hello", digest=DIGEST)) == TEXT


async def test_a_document_that_is_not_valid_is_not_kept() -> None:
    """What can't be run is not remembered, so that nobody fills the memory with nonsense."""
    fake = engine(graphql_schema())
    wrong = Reference(text="{ nothing }", digest=digest("{ nothing }"))
    with pytest.raises(Rejected):
        await fake.find(wrong, None)

    assert code(fake.persisted, Reference(digest=wrong.digest)) == "PERSISTED_QUERY_NOT_FOUND"
