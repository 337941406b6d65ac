"""Drifts that are networks, found by an evolution strategy in this template's core."""
