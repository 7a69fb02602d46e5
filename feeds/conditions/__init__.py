"""A condition as people write it: its text read into the tree that `risk` takes."""

from .errors import ConditionError
from .parse import parse_condition

__all__ = ["ConditionError", "parse_condition"]
