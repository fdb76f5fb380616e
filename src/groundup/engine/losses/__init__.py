"""Losses: value, gradient and curvature of each, and the link between score and prediction."""
