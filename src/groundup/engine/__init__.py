"""The engine: compiled kernels, rows in blocks, statistics that merge, and losses.

`kernels` defines how Numba is used, `rows` where rows are stored and which threads work on them; `statistics` and
`losses` hold the formulas that all models share.
"""
