"""Double the graph thirty times."""


def double(value, depth):
    return value if depth == 0 else double(value, depth - 1) + double(value * 1.01, depth - 1)


def loss(prediction, target):
    return double(prediction - target, 30)
