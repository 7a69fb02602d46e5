"""Figures: what the service costs beside plain peers that do the same, in one run."""
