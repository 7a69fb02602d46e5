"""Whom we owe a notice, and getting it there: exposures, notices, delivery, channels, ledger."""
