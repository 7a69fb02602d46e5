"""PostgreSQL: any number of processes, each with a pool of connections."""
