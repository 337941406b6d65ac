"""Define nothing."""

x = 1

