"""Makes what all parts of a running campaign share: sandbox, engine, measurer, signals."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager

from agent.archive.records import CampaignRecord
from agent.archive.store import Archive
from agent.campaign.context import Context
from agent.campaign.settings import CampaignSettings
from agent.evaluation.engines import fitting_sandbox, running_engine
from sandboxes.engines import Engine

__all__ = ["open_context"]


@contextmanager
def open_context(
    archive: Archive,
    record: CampaignRecord,
    settings: CampaignSettings,
    *,
    notify: Callable[[str], None],
    engine: Engine | None = None,
    stopping: threading.Event | None = None,
    trouble: Callable[[str], None] | None = None,
) -> Iterator[Context]:
    """A campaign's context, with sandboxes that run; its end ends what they do for the campaign.

    Args:
        archive: Where everything lands; the caller holds the campaign's lease.
        record: The campaign's.
        settings: The campaign's.
        notify: Told in one line what happens while sandboxes start.
        engine: A running engine to use, which stays open; None for one of the campaign's own, which
            ends with the block.
        stopping: Set when the campaign shall stop; None for an event of its own.
        trouble: Told in one line of a sandboxed process that was replaced; default
            `Context.tell_trouble`.

    Raises:
        UserError: Template or sandbox cannot be used, or the engine does not fit.
        InfrastructureError: A process did not come up.
    """
    template = settings.load()
    sandbox = fitting_sandbox(template, settings.sandbox, engine, notify)
    with (
        running_engine(
            template, sandbox, engine, workers=settings.workers, notify=notify
        ) as running,
        closing(
            Context(
                archive,
                record,
                settings,
                template,
                running,
                sandbox.guarantees(),
                stopping or threading.Event(),
                trouble,
            )
        ) as context,
    ):
        yield context
