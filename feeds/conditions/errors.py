"""What is wrong with a condition, and where."""

from __future__ import annotations


class ConditionError(ValueError):
    """A condition is wrong at one place; the first argument is a sentence for people."""

    def __init__(self, sentence: str, position: int, length: int) -> None:
        super().__init__(sentence)
        #: where, in characters from 0
        self.position = position
        #: how many characters are meant
        self.length = length
