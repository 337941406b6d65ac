"""Evaluation: seeds, measurements, statistics and who goes on to the next tier."""
