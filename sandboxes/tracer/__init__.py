"""The tracer: the only place where a candidate's Python runs.

Nothing in this package imports templates, agent or reviewers: the cage holds only JAX and this.
"""
