"""``discover sandbox``: the images that the Docker sandbox runs, and what was left behind."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from agent.cli.failures import ReportingCommand
from agent.cli.home import JsonOption
from agent.cli.output import console, emit_json

__all__ = ["sandbox_app"]

sandbox_app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode=None,
    help="Images and containers of the Docker sandbox.",
)


class _Accelerator(StrEnum):
    cpu = "cpu"
    cuda = "cuda"


@sandbox_app.command(
    "build",
    cls=ReportingCommand,
    epilog="Example: discover sandbox build --base registry.example.org/python:3.12-slim",
    short_help="Build the images.",
)
def build(
    base: Annotated[
        str | None,
        typer.Option(
            "--base",
            metavar="IMAGE",
            envvar="DISCOVER_BASE_IMAGE",
            help="Base image: any with Python 3.11 to 3.14. Default: that of the last build, else "
            "an official slim Python.",
        ),
    ] = None,
    accelerator: Annotated[
        _Accelerator,
        typer.Option("--accelerator", help="What evaluators and labs run on."),
    ] = _Accelerator.cpu,
    json: JsonOption = False,
) -> None:
    """Build the images that are not there yet; campaigns use Docker from then on.

    Packages are installed with this machine's pip settings and checked against their hashes; the
    build itself needs no network.
    """
    from sandboxes.images.building import NEEDED, client, usual_base
    from sandboxes.images.building import build as build_image

    engine = client()
    told = console(stderr=True)
    tags = {}
    for role, kind in NEEDED["cuda" if accelerator is _Accelerator.cuda else "cpu"]:
        tags[role if kind == "cpu" else f"{role}-{kind}"] = build_image(
            engine,
            role,
            accelerator=kind,
            base=base or usual_base(engine),
            notify=told.print,
        )
    if json:
        emit_json({"images": tags})
        return
    for role, tag in tags.items():
        console().print(f"{role}: {tag}")


@sandbox_app.command(
    "list",
    cls=ReportingCommand,
    epilog="Example: discover sandbox list --json",
    short_help="List images and containers.",
)
def list_images(json: JsonOption = False) -> None:
    """List our images, whether this version uses them, and our containers."""
    from sandboxes.docker import leftovers
    from sandboxes.images.building import client, images

    engine = client()
    found = images(engine)
    abandoned = {container.id for container in leftovers(engine)}
    containers = [
        {
            "id": container.short_id,
            "image": container.attrs["Config"]["Image"],
            "status": container.status,
            "abandoned": container.id in abandoned,
        }
        for container in leftovers(engine, everything=True)
    ]
    if json:
        emit_json({"images": found, "containers": containers})
        return
    from agent.cli.tables import plain_table

    table = plain_table("role", "image", "base", "MB", "in use", right=("MB",))
    for image in found:
        size = f"{image.size_bytes / 1e6:.0f}"
        table.add_row(image.role, image.tag, image.base, size, "yes" if image.current else "no")
    console().print(table)
    running = len(containers) - len(abandoned)
    console().print(f"containers: {running} of running campaigns, {len(abandoned)} abandoned")


@sandbox_app.command(
    "cleanup",
    cls=ReportingCommand,
    epilog="Example: discover sandbox cleanup --all",
    short_help="Remove abandoned containers and old images.",
)
def cleanup(
    everything: Annotated[
        bool, typer.Option("--all", help="Also what running campaigns use, and all images.")
    ] = False,
    json: JsonOption = False,
) -> None:
    """Remove containers whose campaign is gone and images that this version does not use."""
    from sandboxes.docker import leftovers
    from sandboxes.images.building import client, images, remove_images

    engine = client()
    containers = leftovers(engine, everything=everything)
    for container in containers:
        container.remove(force=True, v=True)
    tags = [image.tag for image in images(engine) if everything or not image.current]
    remove_images(engine, tags)
    if json:
        emit_json({"containers": len(containers), "images": tags})
        return
    console().print(f"removed {len(containers)} containers and {len(tags)} images")
