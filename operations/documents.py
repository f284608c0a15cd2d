"""Documents that were parsed, measured and validated once, and are kept for the next time."""

from __future__ import annotations

import asyncio
import hashlib
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass

from graphql import (
    DocumentNode,
    GraphQLError,
    GraphQLSchema,
    GraphQLSyntaxError,
    OperationDefinitionNode,
    OperationType,
    OverlappingFieldsCanBeMergedRule,
    specified_rules,
    validate,
)
from graphql.validation import (
    DeferStreamDirectiveLabel,
    DeferStreamDirectiveOnRootField,
    DeferStreamDirectiveOnValidOperationsRule,
    StreamDirectiveOnListField,
)
from strawberry.schema.validation_rules.maybe_null import MaybeNullValidationRule
from strawberry.schema.validation_rules.one_of import OneOfInputValidationRule

from models.errors import Overloaded
from operations.inputs import Inputs, inputs_of
from operations.lean import lean
from operations.limits import Limits, Measures, check, check_text
from operations.merging import MOST_VISITS, TooManyVisits, conflict
from operations.rejection import PARSE_FAILED, VALIDATION_FAILED, Rejected, bad_request, refused, rejected
from operations.tokens import parse, survey
from operations.variables import Reader, reader_of

# Whether fields can be merged is looked at by ourselves, in bounded time, when all else is well; and a schema without
# @defer and @stream knows no mistakes in their use.
LEFT_OUT = (
    OverlappingFieldsCanBeMergedRule,
    DeferStreamDirectiveLabel,
    DeferStreamDirectiveOnRootField,
    DeferStreamDirectiveOnValidOperationsRule,
    StreamDirectiveOnListField,
)
RULES = (
    *(rule for rule in specified_rules if rule not in LEFT_OUT),
    MaybeNullValidationRule,
    OneOfInputValidationRule,
)

# A parsed document weighs about a hundred times its text.
KEPT_BYTES = 1024 * 1024
KEPT_ENTRY = 512

# To read a document of the greatest length takes as long as hundreds of small requests. One with more tokens than this
# is read in a thread, so that the others go on meanwhile.
READ_AT_ONCE = 150
# So many of the longest documents may wait to be read. Who brings more is told at once to come again.
WAITING = 2


@dataclass(frozen=True, kw_only=True)
class Prepared:
    """One operation of a valid document.

    `digest` is the SHA-256 of the document's text; `reader` reads the variables from theirs, where that can be done.
    """

    document: DocumentNode
    digest: bytes
    operation: OperationDefinitionNode
    measures: Measures
    reader: Reader | None = None

    @property
    def type(self) -> OperationType:
        """Query, mutation or subscription."""
        return self.operation.operation

    @property
    def name(self) -> str | None:
        """The operation's own name."""
        return self.operation.name.value if self.operation.name else None


@dataclass(frozen=True, kw_only=True)
class Document:
    """A valid document, with its operations by name; a lone operation is also found without one."""

    operations: Mapping[str | None, Prepared]


class Documents:
    """The documents of one schema, the least recently used forgotten first.

    Bounded by the length of the texts. Rejections are kept like documents: a client that repeats a mistake costs no
    more than one that makes none.
    """

    def __init__(self, schema: GraphQLSchema, limits: Limits, kept_bytes: int = KEPT_BYTES) -> None:
        self._schema = schema
        self._inputs = inputs_of(schema)
        self._limits = limits
        self._room = kept_bytes
        self._kept: OrderedDict[str, Document | Rejected] = OrderedDict()
        self._turn = asyncio.Lock()
        self._coming: dict[str, asyncio.Task[Document | Rejected]] = {}
        self._waiting_tokens = 0

    def __len__(self) -> int:
        return len(self._kept)

    def prepare(self, text: str, operation_name: str | None) -> Prepared:
        """Find the operation to run. Raises Rejected."""
        document = self._known(text)
        if document is None:
            self._survey(text)
            document = self._keep(text, self._read(text))
        return _operation(document, operation_name)

    async def find(self, text: str, operation_name: str | None) -> Prepared:
        """Find the operation to run, without holding up others for a long document.

        Raises Rejected, and Overloaded when too many long ones wait already.
        """
        document = self._known(text)
        if document is None:
            tokens = self._survey(text)
            if tokens <= READ_AT_ONCE:
                document = self._keep(text, self._read(text))
            else:
                document = await asyncio.shield(self._coming.get(text) or self._come(text, tokens))
        return _operation(document, operation_name)

    def _come(self, text: str, tokens: int) -> asyncio.Task[Document | Rejected]:
        """Begin to read a long document, one at a time, and each only once for all who ask for it meanwhile."""
        if self._coming and self._waiting_tokens + tokens > WAITING * self._limits.tokens:
            message = "Too many long documents wait to be read; try again in a moment."
            raise Overloaded(message)
        self._waiting_tokens += tokens
        self._coming[text] = asyncio.create_task(self._read_beside(text, tokens))
        return self._coming[text]

    async def _read_beside(self, text: str, tokens: int) -> Document | Rejected:
        try:
            async with self._turn:
                return self._keep(text, await asyncio.to_thread(self._read, text))
        finally:
            self._waiting_tokens -= tokens
            del self._coming[text]

    def _survey(self, text: str) -> int:
        check_text(text, self._limits)
        return survey(text, self._limits)

    def _known(self, text: str) -> Document | Rejected | None:
        document = self._kept.get(text)
        if document is not None:
            self._kept.move_to_end(text)
        return document

    def _read(self, text: str) -> Document | Rejected:
        try:
            return read(text, self._schema, self._limits, self._inputs)
        except Rejected as rejection:
            return rejection

    def _keep(self, text: str, document: Document | Rejected) -> Document | Rejected:
        self._kept[text] = document
        self._room -= len(text) + KEPT_ENTRY
        while self._room < 0:
            forgotten, _ = self._kept.popitem(last=False)
            self._room += len(forgotten) + KEPT_ENTRY
        return document


def read(text: str, schema: GraphQLSchema, limits: Limits, inputs: Inputs | None = None) -> Document:
    """Parse, measure and validate a document. Raises Rejected."""
    tree = _parse(text, limits)
    # Measured first: what is too much to run may be too much to validate.
    measured = check(tree, schema, limits)
    leaner = lean(tree, schema, limits.errors + 1)
    errors = validate(schema, leaner, RULES, max_errors=limits.errors)
    if errors:
        raise rejected(errors, VALIDATION_FAILED, limits.errors)
    _check_merging(tree, schema)
    digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()
    operations: dict[str | None, Prepared] = {}
    lean_operations = (node for node in leaner.definitions if isinstance(node, OperationDefinitionNode))
    for (operation, measures), less in zip(measured, lean_operations, strict=True):
        reader = reader_of(schema, inputs, leaner, less) if inputs and operation.variable_definitions else None
        prepared = Prepared(document=tree, digest=digest, operation=operation, measures=measures, reader=reader)
        operations[prepared.name] = prepared
    if len(measured) == 1:
        operations[None] = next(iter(operations.values()))
    return Document(operations=operations)


def _parse(text: str, limits: Limits) -> DocumentNode:
    try:
        return parse(text, limits.tokens)
    except GraphQLSyntaxError as error:
        if "Parsing aborted" in error.message:
            raise _aborted(error, limits) from None
        raise rejected([error], PARSE_FAILED, limits.errors) from None


def _check_merging(tree: DocumentNode, schema: GraphQLSchema) -> None:
    try:
        found = conflict(schema, tree)
    except TooManyVisits:
        raise refused("The document has too many selections to compare.", "selections", MOST_VISITS) from None
    if found:
        raise rejected([found], VALIDATION_FAILED, 1)


def _aborted(error: GraphQLError, limits: Limits) -> Rejected:
    if "nested" in error.message:
        return refused("The document is nested too deeply.", "depth", limits.depth)
    return refused(f"The document has more than {limits.tokens} tokens.", "tokens", limits.tokens)


def _operation(document: Document | Rejected, name: str | None) -> Prepared:
    if isinstance(document, Rejected):
        raise Rejected(document.errors)
    prepared = document.operations.get(name)
    if prepared is None:
        raise _not_there(document, name)
    return prepared


def _not_there(document: Document, operation_name: str | None) -> Rejected:
    if not document.operations:
        return bad_request("The document has no operation to run.")
    if operation_name is None:
        return bad_request("The document has several operations: say by `operationName` which one to run.")
    return bad_request(f"The document has no operation named {operation_name[:100]!r}.")
