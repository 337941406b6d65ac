"""Which task next: open-ended curricula in a small world of gathering and making."""
