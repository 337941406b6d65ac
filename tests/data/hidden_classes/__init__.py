"""A tiny experiment for tests: classes of points, scored on points whose classes are hidden."""
