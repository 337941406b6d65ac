"""Template: a small language model of characters, scored on characters that it never sees."""
