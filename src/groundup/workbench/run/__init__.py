"""One run on disk and on the clock: folder, journal, lock, budget, history and events."""
