"""Open-ended training: one generation after another, each with a choice that is data."""
