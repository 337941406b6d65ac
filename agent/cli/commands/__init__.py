"""The commands, one file for each that is more than a few lines."""
