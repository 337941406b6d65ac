"""Fail with a message that cannot be stored: half a surrogate pair, a NUL, a megabyte."""

raise ValueError("\ud800 \x00" + "x" * 2**20)
