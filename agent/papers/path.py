"""The whole path of one paper: write, review, and revise as often as is wanted."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

from agent.archive import Archive, CandidateRecord
from agent.papers.improving import Improvement, Improving
from agent.papers.paper import Paper, PaperResult
from agent.papers.stages import PaperReviewer, StageStore, revisions
from agent.stopping import StopRequestedError
from templates.errors import UserError

__all__ = ["PaperPath"]


class PaperPath:
    """A paper with its review and its revisions; what is done already is not done again.

    Args:
        archive: The archive.
        candidate: Whom it is about.
        model: Who writes; None for the model that began it, or ``local``.
        home: Where campaigns' output lies.
        out: Folder of the first version; None for one below the home.
        budget_usd: Limit on what all versions and reviews together may cost; None for none.
        again: Begin another paper although there is one.
        reviewer: Reviews each version; None for no review.
        improve: How many revisions there shall be.
        notify: Told in one line what is being done.

    Raises:
        UserError: There is nothing to write about, or revisions are wanted without a reviewer.
    """

    def __init__(
        self,
        archive: Archive,
        candidate: CandidateRecord,
        *,
        model: str | None,
        home: Path,
        out: Path | None = None,
        budget_usd: float | None = None,
        again: bool = False,
        reviewer: PaperReviewer | None = None,
        improve: int = 0,
        notify: Callable[[str], None],
    ) -> None:
        if improve and reviewer is None:
            raise UserError("a paper is improved from its review: leave --reviewers 0 out")
        self._archive = archive
        self._candidate = candidate
        self._home = home
        self._budget_usd = budget_usd
        self._reviewer = reviewer
        self._improve = improve
        self._notify = notify
        self._stopping = threading.Event()
        self._improving: Improving | None = None
        # A revision that was begun goes on as one, before anything is written.
        self._paper: Paper | None = None
        if again or not self._begun_revision():
            self._paper = Paper(
                archive,
                candidate,
                model=model,
                home=home,
                out=out,
                budget_usd=budget_usd,
                again=again,
                notify=notify,
                reviewer=reviewer,
            )

    def request_stop(self, reason: str = "asked to stop") -> None:
        """Keep what is done and leave `run` soon; may be called from any thread or handler."""
        self._stopping.set()
        for work in (self._paper, self._improving):
            if work is not None:
                work.request_stop(reason)

    def run(self) -> tuple[PaperResult, list[Improvement]]:
        """Do all of it.

        Returns:
            The last version, and the revisions that were made now.

        Raises:
            StopRequestedError: Somebody asked for it; what was done is in the archive.
            BudgetSpentError: The next call might cost more than is left.
            UserError: A model, the sandbox or LaTeX cannot be had.
            InfrastructureError: A provider or the sandbox stayed down.
        """
        result = None if self._paper is None else self._paper.run()
        made: list[Improvement] = []
        while result is None or (
            self._reviewed() and revisions(self._archive, self._candidate) < self._improve
        ):
            if self._stopping.is_set():
                raise StopRequestedError
            made.append(self._revise())
            result = made[-1].result
            if not self._reviewed():
                break
        return result, made

    def _revise(self) -> Improvement:
        if self._reviewer is None:
            raise UserError("a revision was begun, and it ends with a review: leave --reviewers 0")
        self._improving = Improving(
            self._archive,
            self._archive.candidate(self._candidate.id),
            home=self._home,
            budget_usd=self._budget_usd,
            reviewer=self._reviewer,
            notify=self._notify,
        )
        return self._improving.run()

    def _kept(self, version: int) -> dict[str, dict[str, object]]:
        found = StageStore(self._archive, self._candidate, version).load() if version else {}
        return {stage: dict(content) for stage, content in found.items()}

    def _latest(self) -> int:
        return StageStore.latest(self._archive, self._candidate)

    def _reviewed(self) -> bool:
        return "review" in self._kept(self._latest())

    def _begun_revision(self) -> bool:
        kept = self._kept(self._latest())
        return "revises" in kept.get("begin", {}) and "document" not in kept
