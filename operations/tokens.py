"""The tokens of a document: counted in one cheap pass before it is parsed, and then read by a regular expression."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from graphql import DocumentNode, GraphQLSyntaxError, Lexer, Source, Token, TokenKind
from graphql.language.parser import Parser

from operations.limits import Limits, check_operations, compare

# One alternative for each kind of token. What lacks its end goes on to the end of the text, so that nothing is looked
# at twice.
TOKEN = re.compile(
    r'"""(?:.*?(?<!\\)"""|.*)'
    r'|"(?:[^"\\\n\r]|\\.)*"?'
    r"|\#[^\n\r]*"
    r"|[_A-Za-z][_0-9A-Za-z]*"
    r"|-?[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?"
    r"|\.\.\."
    r"|[^ \t\n\r,\ufeff]",
    re.DOTALL,
)
# Names and punctuators are nearly all there is. What else there may be is left to the lexer of graphql-core.
PLAIN = re.compile(r"[ \t\n,\ufeff]*(?:([_A-Za-z][_0-9A-Za-z]*)|(\.\.\.|[]!$&():=@[{|}]))")
FRAGMENT, ARGUMENT = "f", "-"
PARENTHESES = ("(", ")")
DEEPER = {"{": 1, "}": -1}
PUNCTUATORS = {kind.value: kind for kind in TokenKind}


def survey(text: str, limits: Limits) -> int:
    """Count the tokens of a document. Raises Rejected for one that plainly asks for too much.

    Aliases and directives are counted in each definition by itself: whoever spreads a fragment has all those in it.
    """
    tokens = TOKEN.findall(text)
    compare("tokens", len(tokens), limits)
    operations = arguments = 0
    for marks in _definitions(tokens):
        operations += FRAGMENT not in marks
        arguments += marks.count(ARGUMENT)
        compare("directives", marks.count("@"), limits)
        compare("aliases", marks.count(":"), limits)
    compare("argument_tokens", arguments, limits)
    check_operations(operations, limits)
    return len(tokens)


def parse(text: str, most_tokens: int) -> DocumentNode:
    """The document as a tree. Raises GraphQLSyntaxError, also when it has too many tokens or is nested too deeply."""
    source = Source(text)
    lexer = _QuickLexer(source)
    try:
        return Parser(source, lexer=lexer, max_tokens=most_tokens).parse_document()
    except RecursionError:
        message = "Document is nested too deeply. Parsing aborted."
        raise GraphQLSyntaxError(source, lexer.token.start, message) from None


def _definitions(tokens: Sequence[str]) -> Iterator[str]:
    """What counts in each definition: `@` for a directive, `:` for an alias, and the marks below."""
    marks: list[str] = []
    depth = 0
    is_value = False  # between parentheses, where braces and colons mean something else
    for part in tokens:
        if part in PARENTHESES:
            is_value = part == "("
        elif part == "@" or (part == ":" and not is_value):
            marks.append(part)
        elif is_value:
            marks.append(ARGUMENT)
        elif part == "fragment" and depth == 0:
            marks.append(FRAGMENT)
        else:
            depth += DEEPER.get(part, 0)
            if part == "}" and depth == 0:
                yield "".join(marks)
                marks.clear()
    if marks:  # it breaks off
        yield "".join(marks)


class _QuickLexer(Lexer):
    """Reads plain tokens by one match each, in place of character by character."""

    def read_next_token(self, start: int) -> Token:
        """The token that begins there, after what is to be ignored."""
        body = self.source.body
        found = PLAIN.match(body, start)
        if found is None:
            return super().read_next_token(start)
        end = found.end()
        name, mark = found.groups()
        begin = end - len(name or mark)
        if breaks := body.count("\n", start, begin):
            self.line += breaks
            self.line_start = body.rindex("\n", start, begin) + 1
        kind = TokenKind.NAME if name else PUNCTUATORS[mark]
        return Token(kind, begin, end, self.line, begin - self.line_start + 1, name)
