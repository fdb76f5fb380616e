"""Sources: whatever holds a table, opened by ``read``."""
