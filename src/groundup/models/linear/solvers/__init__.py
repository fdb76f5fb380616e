"""Solvers of smooth problems: they know slopes and metrics, nothing of losses, penalties or rows."""
