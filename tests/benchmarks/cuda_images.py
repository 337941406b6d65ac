"""Builds the images for a GPU, some 12 GB, and runs JAX in each.

Usage: python -m tests.benchmarks.cuda_images

Prints how long each took (packages that were fetched before are not fetched again), its size, and
what JAX in it says: its version, its plugin for CUDA, and the devices where the engine hands out
GPUs, or else what keeps it from one.
"""

from __future__ import annotations

import time

from sandboxes.docker import gpu_request
from sandboxes.images.building import NEEDED, build
from tests.docker_engine import base_image
from tests.docker_engine import engine as docker_engine

LOOK = """
import sys
sys.path.insert(0, "/app/packages")
import jax, jax_cuda12_plugin
said = f"jax {jax.__version__}, plugin {jax_cuda12_plugin.__name__}; "
try:
    print(said + str(jax.devices("cuda")))
except (AssertionError, RuntimeError) as error:
    # An assertion fails in JAX where it is told to use CUDA and its plugin found no driver.
    print(said + (str(error).splitlines() or ["no backend for CUDA: no driver"])[0][:200])
"""


def main() -> None:
    """Build, run, print."""
    with docker_engine() as client:
        base = base_image(client)
        gpus = gpu_request(client)
        for role, accelerator in NEEDED["cuda"]:
            if accelerator != "cuda":
                continue
            began = time.monotonic()
            tag = build(client, role, accelerator="cuda", base=base)
            took = time.monotonic() - began
            size = client.images.get(tag).attrs["Size"] / 1e9
            print(f"{tag}: {took:.0f} s, {size:.2f} GB", flush=True)
            said = client.containers.run(
                tag,
                ["-I", "-c", LOOK],
                entrypoint="python3",
                network_mode="none",
                environment={"TF_CPP_MIN_LOG_LEVEL": "3", "JAX_PLATFORMS": "cuda"},
                device_requests=None if gpus is None else [gpus],
                use_config_proxy=False,
                remove=True,
            )
            print(f"  {said.decode().strip()}", flush=True)


if __name__ == "__main__":
    main()
