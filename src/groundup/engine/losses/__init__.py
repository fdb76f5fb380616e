"""Losses: value, gradient and Hessian in the score of a row, and the link from score to prediction."""
