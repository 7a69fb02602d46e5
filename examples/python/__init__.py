"""The client for apps written in Python: one file to copy."""
