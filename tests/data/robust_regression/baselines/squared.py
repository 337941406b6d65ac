"""Squared error.

Gauss, 1809.
"""


def loss(prediction, target):
    return 0.5 * (prediction - target) ** 2
