"""SQLite: one file, one writing connection a process, readers beside it."""
