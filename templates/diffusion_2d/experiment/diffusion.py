"""How noise is added, what is learned of it, and how points are drawn (Ho et al. 2020)."""

import jax
import jax.numpy as jnp

from model import apply

TIMES = 100
FIRST_BETA = 1e-4
LAST_BETA = 0.06


def noise_schedule():
    """Variances of the added noise, and the share of the signal that is left, [TIMES] each."""
    betas = jnp.linspace(FIRST_BETA, LAST_BETA, TIMES)
    return betas, jnp.cumprod(1.0 - betas)


def make_loss():
    """The loss of parameters on points: mean squared error of the predicted noise."""
    _, left = noise_schedule()

    def loss(params, points, key):
        key_time, key_noise = jax.random.split(key)
        time = jax.random.randint(key_time, (points.shape[0],), 0, TIMES)
        noise = jax.random.normal(key_noise, points.shape)
        signal = left[time][:, None]
        noisy = jnp.sqrt(signal) * points + jnp.sqrt(1.0 - signal) * noise
        return ((apply(params, noisy, time / TIMES) - noise) ** 2).mean()

    return loss


def make_sampler():
    """A function (params, samples, key) that draws points, [samples, 2]."""
    betas, left = noise_schedule()

    def sample(params, samples, key):
        key_start, key_steps = jax.random.split(key)

        def body(index, x):
            time = TIMES - 1 - index
            noise = apply(params, x, jnp.full(samples, time / TIMES))
            mean = (x - betas[time] / jnp.sqrt(1.0 - left[time]) * noise) / jnp.sqrt(
                1.0 - betas[time]
            )
            fresh = jax.random.normal(jax.random.fold_in(key_steps, index), x.shape)
            return mean + jnp.where(time > 0, jnp.sqrt(betas[time]), 0.0) * fresh

        return jax.lax.fori_loop(0, TIMES, body, jax.random.normal(key_start, (samples, 2)))

    return sample
