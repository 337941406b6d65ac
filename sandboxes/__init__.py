"""Sandboxes: where untrusted proposals are traced and programs are run.

Nothing is imported here: the tracer's cage loads parts of this package and must load no more.
"""
