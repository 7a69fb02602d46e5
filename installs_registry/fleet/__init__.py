"""The installs of a product as columns in memory, kept up with what commits (SQLite only)."""
