"""The evaluator: trusted core, untrusted programs, no candidate Python."""
