"""What a paper may say, and how it is known: facts, references to them, rules for sentences."""
