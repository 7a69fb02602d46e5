"""A condition as people write it: its text read into the tree that `risk` takes."""

from .parse import parse_condition

__all__ = ["parse_condition"]
