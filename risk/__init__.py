"""Who is harmed by which upgrade: versions, ranges, conditions, verdicts and safe paths.

Pure: no I/O, no clock, no state. Imports the standard library and `packaging`, nothing else.
"""

from .decisions import Decision, Exposure, Severity, decide
from .defects import Defect, Product, Release, Remedy, Shelf
from .evaluate import Explanation, compile_condition, explain_condition
from .facts import Fact, Facts, FactType, Value, Vocabulary
from .index import ProductIndex
from .kinds import fits
from .ranges import Range, RangeError, VersionSet, compile_ranges
from .rules import Concern, Rule, Standing
from .tree import Node, names, tree_from_json, tree_to_json
from .verdicts import Considered, Finding, Question, SafeTarget, Verdict
from .versions import SCHEMES, InvalidVersion, Key, Scheme, UnrankedVersion, scheme
from .words import Sentence, Shown

# Versions and ranges; facts and conditions; what is judged; what the judgement says.
__all__ = ["SCHEMES", "InvalidVersion", "Key", "Range", "RangeError", "Scheme", "UnrankedVersion", "VersionSet"]
__all__ += ["compile_ranges", "scheme"]
__all__ += ["Fact", "FactType", "Facts", "Value", "Vocabulary"]
__all__ += ["Explanation", "Node", "compile_condition", "explain_condition", "fits", "names"]
__all__ += ["tree_from_json", "tree_to_json"]
__all__ += ["Defect", "Product", "ProductIndex", "Release", "Remedy", "Rule", "Severity", "Shelf", "Standing"]
__all__ += ["Considered", "Decision", "Exposure", "Finding", "Question", "SafeTarget", "Sentence", "Shown", "Verdict"]
__all__ += ["Concern", "decide"]
