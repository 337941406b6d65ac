"""Recorded completions for the small templates: good, broken, known and repeated ideas."""

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

PLACE = "import numpy as np\n\n\ndef place(count, seed):\n    "
SCRIPTS = [
    ("even", f"{PLACE}return np.linspace(0, 1, count)"),
    ("same_place", f"# as before\n{PLACE}return np.zeros( count )"),
    ("squares", f"{PLACE}return np.linspace(0, 1, count) ** 2"),
    ("out", f"{PLACE}return np.arange(count)"),
    ("broken", f"{PLACE}return 1 / 0"),
    ("endless", f"{PLACE}while True:\n        pass"),
    ("typo", f"{PLACE}retrn count"),
]


def write_recording(file: Path, *, delay_s: float = 0.0) -> Path:
    """One completion a line; which one answers is decided by the request's seed alone."""
    head = "import jax.numpy as jnp\n\n\ndef loss(p, t):\n    "
    ideas = [(name, f"{head}{body}\n") for name, body in IDEAS]
    lines = _lines(ideas, delay_s)
    lines.insert(5, json.dumps({"text": "I am sorry, here is a poem instead."}))
    lines.insert(9, json.dumps({"error": {"kind": "refusal", "message": "cannot help"}}))
    file.write_text("\n".join(lines) + "\n")
    return file


def write_script_recording(file: Path) -> Path:
    """The same for the template of scripts."""
    file.write_text("\n".join(_lines(SCRIPTS, 0.0)) + "\n")
    return file


def _lines(ideas: list[tuple[str, str]], delay_s: float) -> list[str]:
    lines = []
    for number, (name, code) in enumerate(ideas):
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
    return lines


EDITS = [
    ("narrower", [("kernel.py", "WIDTH = 0.8", "WIDTH = 0.3")]),
    ("known_width", [("kernel.py", "WIDTH = 0.8", "WIDTH = 0.4")]),
    ("less_floor", [("model.py", "FLOOR = 0.2", "FLOOR = 0.05")]),
    ("same", [("kernel.py", "WIDTH = 0.8", "WIDTH = 0.8")]),
    ("missing", [("kernel.py", "HEIGHT = 0.8", "HEIGHT = 0.1")]),
    ("measures", [("run.py", "from model import predict", "import os")]),
    ("broken", [("model.py", "near = weights(", "near = weight(")]),
    (
        "sharper",
        [("kernel.py", "square = (", "square = 9 * ("), ("model.py", "FLOOR = ", "FLOOR = 0.5 * ")],
    ),
]


def write_edit_recording(file: Path) -> Path:
    """Edits of the experiment ``hidden_classes``, as a model answers under the schema."""
    texts = [
        {
            "thought": f"idea {number}",
            "name": name,
            "edits": [dict(zip(("file", "search", "replace"), one, strict=True)) for one in edits],
        }
        for number, (name, edits) in enumerate(EDITS)
    ]
    lines = [json.dumps({"text": json.dumps(text), "cost_usd": 0.001}) for text in texts]
    file.write_text("\n".join(lines) + "\n")
    return file
