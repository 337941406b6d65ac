"""Look for the hidden classes, or for the code that makes them, anywhere on the machine."""

import os
import sys

import numpy as np


def predict(classes, seed, points, labels, asked):
    for name in ("templates", "agent", "reviewers"):
        try:
            __import__(name)
        except ImportError:
            continue
        if getattr(sys.modules[name], "__file__", None):
            raise ValueError(f"BREACH: {name} can be imported")
    for place, folders, files in os.walk("/"):
        for name in {"proc", "sys", "site-packages", "dist-packages"} & set(folders):
            folders.remove(name)
        for name in files:
            if name == "template.toml" or (name == "core.py" and "classes" in place):
                raise ValueError(f"BREACH: {place}/{name}")
            if name.endswith(".npy") and name not in ("points.npy", "labels.npy", "asked.npy"):
                raise ValueError(f"BREACH: {place}/{name}")
    return np.full((len(asked), classes), -np.log(classes))
