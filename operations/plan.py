"""Plans: a document walked once, so that running it is asking resolvers level by level and writing what they answer."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, TypeAlias

from graphql import GraphQLSchema, OperationType
from graphql.execution.values import VariableValues
from strawberry import Schema

from operations.compiler import Compiler
from operations.documents import Prepared
from operations.levels import Followed, Level, Run
from operations.resumption import AFTER, only_resumes
from operations.selection import Selections, Uncovered, conditions_in, fragments_in

KEPT_FIELDS = 50_000
PLAN_FIELDS = 20  # what a plan weighs besides its fields
MOST_VARIANTS = 16

Flags: TypeAlias = tuple[bool, ...]


@dataclass(frozen=True, kw_only=True)
class Plan:
    """How to run one operation under given conditions. `fields` is its size.

    `resuming` is the variable that only says where a subscription begins, if there is one.
    """

    level: Level
    fields: int
    resuming: str | None = None

    @property
    def followed(self) -> Followed | None:
        """The root of a subscription."""
        return next((branch.source for branch in self.level.branches if isinstance(branch.source, Followed)), None)

    async def data(self, run: Run, payload: Any = None) -> dict[str, Any]:
        """The data of an operation, or of one event of a subscription, which is the payload.

        Raises whatever the resolvers raise, and NullError for a null where none may be.
        """
        (data,) = await self.level.complete([payload], run)
        made: dict[str, Any] = data
        return made


@dataclass(kw_only=True)
class Variants:
    """The plans of one operation: one for each combination of the variables that decide what is included."""

    conditions: tuple[str, ...]
    weight: int = PLAN_FIELDS
    plans: dict[Flags, Plan | None] = field(default_factory=dict)


class Planner:
    """The plans of one schema's documents, the least recently used forgotten first; bounded by their fields."""

    def __init__(self, schema: GraphQLSchema, kept_fields: int = KEPT_FIELDS) -> None:
        self._schema = schema
        contract = schema.extensions.get("strawberry-definition")
        self._contract = contract if isinstance(contract, Schema) else None
        self._room = kept_fields
        self._kept: OrderedDict[tuple[bytes, str | None], Variants] = OrderedDict()

    def __len__(self) -> int:
        return len(self._kept)

    def plan_of(self, prepared: Prepared, variables: VariableValues) -> Plan | None:
        """The plan for an operation with these variables; None where the reference executor has to answer."""
        variants = self._variants(prepared)
        if not variants.conditions and variants.plans:
            return variants.plans[()]
        values = [variables.coerced.get(name) for name in variants.conditions]
        flags = tuple(value is True for value in values)
        if flags not in variants.plans:
            if len(variants.plans) == MOST_VARIANTS or not all(isinstance(value, bool) for value in values):
                return None
            plan = self._compiled(prepared, dict(zip(variants.conditions, flags, strict=True)))
            variants.plans[flags] = plan
            self._weigh(variants, plan.fields if plan else 0)
        return variants.plans[flags]

    def _variants(self, prepared: Prepared) -> Variants:
        key = (prepared.digest, prepared.name)
        variants = self._kept.get(key)
        if variants is not None:
            self._kept.move_to_end(key)
            return variants
        fragments = fragments_in(prepared.document)
        try:
            conditions = conditions_in(prepared.operation.selection_set, fragments)
        except Uncovered:
            variants = Variants(conditions=(), plans={(): None})
        else:
            variants = Variants(conditions=conditions)
        self._kept[key] = variants
        self._weigh(variants, 0)
        return variants

    def _compiled(self, prepared: Prepared, flags: Mapping[str, bool]) -> Plan | None:
        kind = self._schema.get_root_type(prepared.type)
        if self._contract is None or kind is None:
            return None
        selections = Selections(schema=self._schema, fragments=fragments_in(prepared.document), flags=flags)
        compiler = Compiler(self._contract, selections)
        is_mutation = prepared.type is OperationType.MUTATION
        try:
            level = compiler.level(kind, [prepared.operation.selection_set], uniform=False, serial=is_mutation)
        except Uncovered:
            return None
        plan = Plan(level=level, fields=compiler.fields)
        variable = plan.followed.arguments.variable_of(AFTER) if plan.followed else None
        alone = variable is not None and only_resumes(prepared.document, variable)
        return replace(plan, resuming=variable) if alone else plan

    def _weigh(self, variants: Variants, fields: int) -> None:
        variants.weight += fields
        self._room -= fields or PLAN_FIELDS
        while self._room < 0 and len(self._kept) > 1:
            _, forgotten = self._kept.popitem(last=False)
            self._room += forgotten.weight
