"""New tasks in a typed predicate language, shown to be solvable before training is spent."""
