"""Never finish tracing."""


def loss(prediction, target):
    total = prediction
    while True:
        total = total + target
