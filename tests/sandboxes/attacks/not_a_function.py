"""Define the function as something else."""

class Loss:
    def __call__(self, *arguments, **keywords):
        return arguments[0] * 0


loss = Loss()

