"""A run on the disk and on the clock: its folder, journal, checkpoints, lock and budget, and the warm-up of kernels."""
