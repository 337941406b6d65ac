"""Container images of the sandboxes: what is in them, and how they are built."""
