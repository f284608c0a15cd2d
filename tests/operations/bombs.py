"""Documents that are made to be expensive: one of every kind that is known to bring servers down."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

FIELDS = "id name status startTime endTime durationMs sessionId userId environment release serviceName tags stepCount"


def _chain(length: int, links: str, last: str) -> str:
    fragments = " ".join(f"fragment f{i} on Trace {{ {links.format(next=i + 1)} }}" for i in range(length))
    return f"{{ trace(id: 1) {{ ...f0 }} }} {fragments} fragment f{length} on Trace {{ {last} }}"


# By name: the document, and the limit or the code by which it is refused, or nothing when it is answered.
BOMBS: Final[Mapping[str, tuple[str, str]]] = {
    "fragments that double": (_chain(20, "...f{next} ...f{next}", "id"), "fields"),
    "fragments that multiply by lists": (_chain(6, "steps {{ nodes {{ trace {{ ...f{next} }} }} }}", "id"), "depth"),
    "a cycle of fragments": (_chain(100, "id ...f{next}", "...f0"), "GRAPHQL_VALIDATION_FAILED"),
    "deep nesting": ("{ trace(id: 1) " + "{ steps { nodes { trace " * 40 + "{ id }" + " } } }" * 40 + " }", "depth"),
    "nesting without end": ("{ viewer " * 700, "depth"),
    "lists in lists of values": ("{ nodes(ids: " + "[" * 450 + "]" * 450 + ") { id } }", "depth"),
    "many aliases": ("{ " + " ".join(f"a{i}: __typename" for i in range(500)) + " }", "aliases"),
    "aliases of a list": (
        "{ " + " ".join(f"a{i}: traces(first: 100) {{ nodes {{ id }} }}" for i in range(50)) + " }",
        "",
    ),
    "large pages in pages": ("{ traces(first: 100) { nodes { steps(first: 1000) { nodes { id } } } } }", "cost"),
    "many directives": ("{ __typename " + "@skip(if: false) " * 200 + "}", "directives"),
    "unknown directives": ("{ __typename " + " ".join(f"@d{i}" for i in range(900)) + "}", "directives"),
    "too many tokens": ("{ " + "__typename " * 5_000 + "}", "documentBytes"),
    "comments": ("{ __typename " + "#\n" * 6_000 + "}", "tokens"),
    "one field many times": ("{ " + "__typename " * 1_400 + "}", ""),
    "the same fields again and again": ("{ traces { nodes { " + f"{FIELDS} " * 130 + "} } }", ""),
    "fields that are not there": ("{ " + " ".join(f"x{i}" for i in range(1_900)) + " }", "GRAPHQL_VALIDATION_FAILED"),
    "fields with conflicts": (
        "{ " + " ".join(f"t: trace(id: {i}) {{ n: {'id' if i % 2 else 'name'} }}" for i in range(25)) + " }",
        "GRAPHQL_VALIDATION_FAILED",
    ),
    "many operations": (" ".join(f"query q{i} {{ __typename }}" for i in range(380)), "operations"),
    "many variables": (
        "query(" + " ".join(f"$v{i}: Int" for i in range(480)) + ") { __typename }",
        "argumentTokens",
    ),
    "inline fragments": ("{ " + "... on Query { __typename } " * 330 + "}", ""),
    "a long list of values": (
        "{ traces(filter: {status: {in: [" + "OK " * 1_900 + "]}}) { nodes { id } } }",
        "argumentTokens",
    ),
    "as many values as may be": ("{ traces(filter: {status: {in: [" + "OK " * 980 + "]}}) { nodes { id } } }", ""),
    "a wide filter": (
        "{ traces(filter: {and: [" + '{name: {eq: "x"}} ' * 220 + "]}) { nodes { id } } }",
        "argumentTokens",
    ),
    "a filter as wide as may be": (
        "{ traces(filter: {and: [" + '{name: {eq: "x"}} ' * 105 + "]}) { nodes { id } } }",
        "",
    ),
    "introspection in introspection": (
        "{ __schema { types { fields { type { fields { type { fields { type { name } } } } } } } } }",
        "GRAPHQL_VALIDATION_FAILED",
    ),
    "a string that fills the document": ('{ trace(id: "' + "x" * 16_000 + '") { id } }', ""),
    "half a string": ('{ trace(id: "' + "x" * 16_000, "GRAPHQL_PARSE_FAILED"),
    "block strings": ("{ trace(id: " + '"""\\""" """ ' * 900 + ") { id } }", "GRAPHQL_PARSE_FAILED"),
}
