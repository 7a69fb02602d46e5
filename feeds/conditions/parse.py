"""The parser of conditions: a subset of CEL (Common Expression Language), by recursive descent.

or      := and ("||" and)*
and     := test ("&&" test)*
test    := term (("==" | "!=" | "<" | "<=" | ">" | ">=" | "in") term)?
term    := "!" term | "(" or ")" | literal | list | call | name ("." method "(" or ")")*
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from risk import Node, Vocabulary
from risk.tree import COMPARISONS, TEXT_TESTS, Scalar

from .check import check_condition
from .errors import ConditionError
from .tokens import Token, number, string, tokens

#: Longest text of a condition, in characters.
MAX_TEXT: Final = 4_000
#: Most brackets and `!` inside one another.
MAX_DEPTH: Final = 32
#: Most nodes of one condition; a list counts as one.
MAX_NODES: Final = 500
#: Most values in one list.
MAX_LIST: Final = 500


def parse_condition(text: str, vocabulary: Vocabulary) -> Node:
    """Parse and type-check; raises ConditionError, which points at the place."""
    if len(text) > MAX_TEXT:
        raise ConditionError(f"A condition has at most {MAX_TEXT} characters.", MAX_TEXT, len(text) - MAX_TEXT)
    node = _Parser(tokens(text)).whole()
    check_condition(node, vocabulary)
    return node


class _Parser:
    """Walks the tokens once; `depth` and `nodes` count towards the limits."""

    def __init__(self, found: list[Token]) -> None:
        self.tokens = found
        self.next = 0
        self.depth = 0
        self.nodes = 0

    def whole(self) -> Node:
        node = self.either()
        if self.token.kind != "end":
            raise self.token.error(f"Expected an operator such as == or &&, not {self.token.text}.")
        return node

    def either(self) -> Node:
        return self.chain("||", lambda: self.chain("&&", self.test))

    def chain(self, mark: str, part: Callable[[], Node]) -> Node:
        start = self.token
        parts = [part()]
        while self.take(mark):
            parts.append(part())
        return parts[0] if len(parts) == 1 else self.node(start, mark, tuple(parts))

    def test(self) -> Node:
        start = self.token
        left = self.term()
        for op in (*COMPARISONS, "in"):
            if self.take(op):
                return self.node(start, op, (left, self.term()))
        return left

    def term(self) -> Node:
        start = self.token
        if self.take("!"):
            return self.node(start, "!", (self.deeper(start, self.term),))
        if self.take("("):
            node = self.deeper(start, self.either)
            self.expect(")")
            return node
        if self.take("["):
            return self.list(start)
        return self.methods(start, self.leaf(start))

    def deeper(self, start: Token, part: Callable[[], Node]) -> Node:
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise start.error(f"Brackets and ! go at most {MAX_DEPTH} deep.")
        node = part()
        self.depth -= 1
        return node

    def list(self, start: Token) -> Node:
        if self.take("]"):
            raise start.error("An empty list holds nothing: expected at least one value.")
        items = [self.item()]
        while self.take(","):
            items.append(self.item())
        if len(items) > MAX_LIST:
            raise start.error(f"A list has at most {MAX_LIST} values.")
        self.expect("]")
        return self.node(start, "list", tuple(items))

    def item(self) -> Node:
        start = self.token
        node = self.leaf(start)
        if node.op not in ("literal", "version"):
            raise start.error("Expected a value: a list holds texts, numbers or versions.")
        self.nodes -= 1
        return node

    def leaf(self, start: Token) -> Node:
        self.next += start.kind != "end"
        if start.kind == "number":
            return self.node(start, "literal", value=number(start))
        if start.kind == "text":
            return self.node(start, "literal", value=string(start))
        if start.kind != "word" or start.text == "in":
            raise start.error(f"Expected a fact, a value or a bracket, not {start.text or 'the end'}.")
        if start.text in ("true", "false"):
            return self.node(start, "literal", value=start.text == "true")
        return self.call(start) if self.take("(") else self.name(start)

    def call(self, start: Token) -> Node:
        """Parse a function's argument and the bracket that closes it; `start` is the function's name."""
        if start.text not in _ARGUMENTS:
            raise start.error(f"There is no function {start.text}; there are {', '.join(_ARGUMENTS)}.")
        argument = self.token
        kind, op, expected = _ARGUMENTS[start.text]
        node = self.leaf(argument)
        if (argument.kind, node.op) != (kind, op):
            raise argument.error(f"Expected {expected}.")
        self.expect(")")
        if start.text == "size":
            return self.node(start, "size", (node,))
        return self.node(start, start.text, value=node.value)

    def name(self, start: Token) -> Node:
        parts = [start.text]
        while self.token.text == "." and self.peek(1).kind == "word" and self.peek(2).text != "(":
            parts.append(self.peek(1).text)
            self.next += 2
        return self.node(start, "name", value=".".join(parts))

    def methods(self, start: Token, left: Node) -> Node:
        while self.take("."):
            method = self.token
            if method.text not in TEXT_TESTS:
                raise method.error(f"Expected a method here: {', '.join(TEXT_TESTS)}.")
            self.next += 1
            self.expect("(")
            right = self.leaf(self.token)
            self.expect(")")
            left = self.node(start, method.text, (left, right))
        return left

    def expect(self, mark: str) -> None:
        if not self.take(mark):
            raise self.token.error(f"Expected {mark}, not {self.token.text or 'the end'}.")

    def take(self, text: str) -> bool:
        found = self.token.text == text and self.token.kind in ("mark", "word")
        self.next += found
        return found

    @property
    def token(self) -> Token:
        return self.tokens[self.next]

    def peek(self, ahead: int) -> Token:
        return self.tokens[min(self.next + ahead, len(self.tokens) - 1)]

    def node(self, start: Token, op: str, args: tuple[Node, ...] = (), value: Scalar = "") -> Node:
        """Make a node that reaches from `start` to the last token taken."""
        self.nodes += 1
        if self.nodes > MAX_NODES:
            raise start.error(f"A condition has at most {MAX_NODES} parts.")
        last = self.tokens[self.next - 1]
        return Node(op, args, value, start.position, last.position + len(last.text) - start.position)


#: The functions; of each, the token and the node it takes, and that in words.
_ARGUMENTS: Final = {
    "has": ("word", "name", "a fact's name"),
    "size": ("word", "name", "a fact's name"),
    "version": ("text", "literal", "a text, such as version('4.2')"),
}
