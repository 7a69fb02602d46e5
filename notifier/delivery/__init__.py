"""Getting notices there: claimed under a lease, looked at once more at the last moment, answered for afterwards."""
