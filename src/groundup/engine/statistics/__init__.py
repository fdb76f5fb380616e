"""Values that merge: `of(block)`, `merge(other)`, `finish()`."""
