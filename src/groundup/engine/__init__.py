"""The engine: how numbers are crunched. Kernels are compiled once, rows live in places, statistics merge.

`kernels` says how Numba is used; `rows` where rows live and who works on them; `statistics` and `losses` hold the
formulas that every learner shares.
"""
