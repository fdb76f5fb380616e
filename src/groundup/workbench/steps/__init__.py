"""The steps of a run, each a function from what is known to what is known next.

compare -> choose -> finalize; and segment, where there is no target.
"""
