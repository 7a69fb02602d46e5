"""The lints: what looks odd about a report that can be meant, one small function each."""
