"""Solvers of the optimisation problems of linear models."""
