"""Recorded completions for the small template: good, broken, known and repeated ideas."""

from __future__ import annotations

import json
from pathlib import Path

IDEAS = [
    ("huber", "e = p - t\n    return jnp.where(jnp.abs(e) < 1, 0.5 * e**2, jnp.abs(e) - 0.5)"),
    ("tripled_absolute", "return 3 * jnp.abs(p - t) + 1"),
    ("log_cosh", "return jnp.log(jnp.cosh(jnp.clip(p - t, -9, 9)))"),
    ("typo", "retrn p"),
    ("pseudo_huber", "e = p - t\n    return jnp.sqrt(1 + e**2) - 1"),
    ("mean", "return jnp.mean((p - t) ** 2)"),
    ("welsch", "return 1 - jnp.exp(-((p - t) ** 2))"),
    ("root", "return jnp.abs(p - t) ** 1.5"),
    ("huber", "e = jnp.abs(p - t)\n    return jnp.where(e < 1, e**2, 2 * e - 1)"),
    ("tukey", "e = jnp.clip((p - t) / 4, -1, 1)\n    return 1 - (1 - e**2) ** 3"),
    ("quantile", "e = p - t\n    return jnp.maximum(0.6 * e, -0.4 * e)"),
    ("arctan", "return jnp.arctan((p - t) ** 2)"),
    ("endless_shape", "return jnp.concatenate([p, t])"),
]


def write_recording(file: Path, *, delay_s: float = 0.0) -> Path:
    """One completion a line; which one answers is decided by the request's seed alone."""
    lines = []
    for number, (name, body) in enumerate(IDEAS):
        code = f"import jax.numpy as jnp\n\n\ndef loss(p, t):\n    {body}\n"
        text = json.dumps({"thought": f"idea {number}", "name": name, "code": code})
        lines.append(
            json.dumps(
                {
                    "text": text,
                    "prompt_tokens": 100,
                    "completion_tokens": 50,
                    "cost_usd": 0.001,
                    "delay_s": delay_s,
                }
            )
        )
    lines.insert(5, json.dumps({"text": "I am sorry, here is a poem instead."}))
    lines.insert(9, json.dumps({"error": {"kind": "refusal", "message": "cannot help"}}))
    file.write_text("\n".join(lines) + "\n")
    return file
