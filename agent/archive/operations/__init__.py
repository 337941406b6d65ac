"""What can be asked of an archive, one concept a file; `combined` puts them together."""

from agent.archive.operations.combined import CombinedOperations

__all__ = ["CombinedOperations"]
