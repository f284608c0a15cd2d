"""Lists that were flattened into attributes, `llm.input_messages.0.message.role`, put together again."""

from typing import Any, Final

from ingest.otlp.attributes import Attributes

# OpenInference wraps every entry of a list in the name of what it is.
WRAPPERS: Final = frozenset(
    ("message", "message_content", "tool_call", "document", "embedding", "prompt", "completion", "tool")
)
MOST_SEGMENTS: Final = 24


class Branch(dict[str, Any]):
    """A part of a path, as opposed to an attribute whose value is an object."""


def gathered(attributes: Attributes, prefixes: tuple[str, ...]) -> list[Any] | None:
    """The list under the first of these prefixes (each ends in a dot) that has one."""
    names = [name for name in attributes if name.startswith(prefixes)]
    for prefix in prefixes if names else ():
        tree = Branch()
        for name in names:
            if name.startswith(prefix):
                _plant(tree, name[len(prefix) :].split("."), attributes[name])
        if tree and all(key.isdecimal() for key in tree):
            return _list(tree)
    return None


def _plant(tree: Branch, path: list[str], value: Any) -> None:
    if len(path) > MOST_SEGMENTS:
        return
    for segment in path[:-1]:
        branch = tree.setdefault(segment, Branch())
        if not isinstance(branch, Branch):
            return
        tree = branch
    tree.setdefault(path[-1], value)


def _grown(node: Any) -> Any:
    if not isinstance(node, Branch):
        return node
    if all(key.isdecimal() for key in node):
        return _list(node)
    return {key: _grown(value) for key, value in node.items()}


def _list(tree: Branch) -> list[Any]:
    return [_unwrapped(_grown(tree[key])) for key in sorted(tree, key=_index)]


def _index(key: str) -> tuple[int, str]:
    # As long as all digits are counted, the longer number is the greater one; this needs no number of any size.
    digits = key.lstrip("0")
    return len(digits), digits


def _unwrapped(entry: Any) -> Any:
    if isinstance(entry, dict) and len(entry) == 1:
        ((name, inner),) = entry.items()
        return inner if name in WRAPPERS else entry
    return entry
