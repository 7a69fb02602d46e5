"""Who is harmed by which upgrade: versions, ranges, conditions, verdicts and safe paths.

Pure: no I/O, no clock, no state. Imports the standard library and `packaging`, nothing else.
"""

from .decisions import Decision, Exposure, Severity, decide
from .defects import Defect, Product, Release, Remedy, Rule, Shelf, Standing
from .evaluate import Explanation, compile_condition, explain_condition
from .facts import Fact, Facts, FactType, Value, Vocabulary, check_fact_name, check_value
from .index import ProductIndex
from .parse import parse_condition
from .paths import SafeTarget
from .ranges import Range, RangeError, VersionSet, compile_ranges
from .sql import Column, Dialect, Sql, condition_sql
from .tokens import ConditionError
from .tree import Node, names, tree_from_json, tree_to_json
from .verdicts import Considered, Finding, Question, Verdict
from .versions import SCHEMES, InvalidVersion, Key, Scheme, UnrankedVersion, scheme

__all__ = [
    "SCHEMES",
    "Column",
    "ConditionError",
    "Considered",
    "Decision",
    "Defect",
    "Dialect",
    "Explanation",
    "Exposure",
    "Fact",
    "FactType",
    "Facts",
    "Finding",
    "InvalidVersion",
    "Key",
    "Node",
    "Product",
    "ProductIndex",
    "Question",
    "Range",
    "RangeError",
    "Release",
    "Remedy",
    "Rule",
    "SafeTarget",
    "Scheme",
    "Severity",
    "Shelf",
    "Sql",
    "Standing",
    "UnrankedVersion",
    "Value",
    "Verdict",
    "VersionSet",
    "Vocabulary",
    "check_fact_name",
    "check_value",
    "compile_condition",
    "compile_ranges",
    "condition_sql",
    "decide",
    "explain_condition",
    "names",
    "parse_condition",
    "scheme",
    "tree_from_json",
    "tree_to_json",
]
