"""Everything that needs a GPU, checked by one command and shown as one table.

Usage: make gpu-check, or from the repository's root, with any Python that has this project's
packages: python -m tests.gpu_check [--platform cpu] [--quick] [--only CHECK ...]
[--json FILE] [--limit SECONDS]
"""
