"""Sources of tables: files, frames and samples, opened by ``read``."""
