"""Documents that clients name in place of sending them: trusted ones, given at the start, and those sent once before.

Clients send a document once with its hash, and from then on the hash alone, as Apollo's automatic persisted queries do
(https://www.apollographql.com/docs/apollo-server/performance/apq), or `documentId: "sha256:..."`, as the appendix on
persisted documents of GraphQL over HTTP has it.
"""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass

from operations.rejection import NOT_PERSISTED, bad_request, failed, forbidden

SHA256 = "sha256:"

KEPT_BYTES = 4 * 1024 * 1024
KEPT_ENTRY = 256


@dataclass(frozen=True, kw_only=True)
class Reference:
    """How a request says which document it means: by its text, an id, its SHA-256 in hexadecimal, or some of them."""

    text: str | None = None
    id: str | None = None
    digest: str | None = None


class Persisted:
    """The documents that can be named: `trusted` ones by their ids and digests, others once they were sent.

    With `only_trusted` no others are run. Those that were sent are bounded by their length, the least recently used
    forgotten first: who names a forgotten one is told so and sends it again.
    """

    def __init__(
        self, trusted: Mapping[str, str] | None = None, *, only_trusted: bool = False, kept_bytes: int = KEPT_BYTES
    ) -> None:
        texts = dict(trusted or {})
        self._trusted = {SHA256 + digest(text): text for text in texts.values()} | texts
        self._trusted_texts = frozenset(texts.values())
        self._only_trusted = only_trusted
        self._room = kept_bytes
        self._kept: OrderedDict[str, str] = OrderedDict()

    def text(self, reference: Reference) -> str:
        """The text of the document that is meant. Raises Rejected."""
        if reference.text is None:
            return self._named(reference)
        if self._only_trusted and reference.text not in self._trusted_texts:
            raise forbidden("This server runs trusted documents only; name one by its id.")
        identity = _identity(reference)
        if identity is not None and identity != SHA256 + digest(reference.text):
            raise bad_request("The given hash is not that of the document.")
        return reference.text

    def remember(self, reference: Reference) -> None:
        """Keep a document that was sent with its digest and turned out to be valid."""
        identity = _identity(reference)
        if identity is None or reference.text is None or identity in self._trusted or identity in self._kept:
            return
        self._kept[identity] = reference.text
        self._room -= len(reference.text) + KEPT_ENTRY
        while self._room < 0:
            _, forgotten = self._kept.popitem(last=False)
            self._room += len(forgotten) + KEPT_ENTRY

    def _named(self, reference: Reference) -> str:
        names = [name for name in (reference.id, _identity(reference)) if name is not None]
        found = {text for name in names if (text := self._found(name)) is not None}
        if not found:
            # Clients of automatic persisted queries know this sentence, and answer with the document.
            raise failed("PersistedQueryNotFound", NOT_PERSISTED)
        if len(found) > 1:
            raise bad_request("`documentId` and the persisted query name different documents.")
        return found.pop()

    def _found(self, name: str) -> str | None:
        if name in self._trusted:
            return self._trusted[name]
        if name in self._kept and not self._only_trusted:
            self._kept.move_to_end(name)
            return self._kept[name]
        return None


def digest(text: str) -> str:
    """The SHA-256 of a document, in hexadecimal."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def _identity(reference: Reference) -> str | None:
    """The id that a digest makes; that of the request may be one itself."""
    if reference.digest is not None:
        return SHA256 + reference.digest
    return reference.id if reference.id is not None and reference.id.startswith(SHA256) else None
