"""Packing circles into the unit square: the `program` boundary end to end."""
