"""End the process with success while tracing."""

import os


def loss(prediction, target):
    os._exit(0)
