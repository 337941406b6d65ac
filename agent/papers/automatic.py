"""Papers that a campaign writes by itself once it is done: for each discovery, or for its best."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from agent.archive import Archive, CampaignRecord, CandidateRecord
from agent.calling import BudgetSpentError
from agent.campaign.settings import CampaignSettings, Knobs
from agent.loading import template_of
from agent.papers.paper import PaperResult
from agent.papers.path import PaperPath
from agent.papers.reviewed import ModelPaperReviewer
from agent.papers.stages import StageStore, review_costs, revisions
from agent.reviewing import ReviewPlan
from templates.errors import CandidateError, UserError

__all__ = ["AutomaticPapers"]


class AutomaticPapers:
    """The papers that a campaign's settings ask for.

    Args:
        archive: The archive.
        record: The campaign.
        home: Where output lies.
        notify: Told in one line what is being done.
    """

    def __init__(
        self, archive: Archive, record: CampaignRecord, home: Path, notify: Callable[[str], None]
    ) -> None:
        self._archive = archive
        self._record = record
        self._home = home
        self._notify = notify
        self._paper: PaperPath | None = None
        self._stopped = False

    def pending(self) -> list[CandidateRecord]:
        """Whose paper is wanted and not finished yet; nobody while the campaign is not done."""
        if self._record.status != "done" or not self._asked():
            return []
        return [one for one in self._wanted() if not self._finished(one, self._knobs())]

    def request_stop(self, reason: str = "asked to stop") -> None:
        """Keep what is done and leave `write` soon; may be called from any thread or handler."""
        self._stopped = True
        if self._paper is not None:
            self._paper.request_stop(reason)

    def write(self) -> list[PaperResult]:
        """Write what is pending, one after the other; one that cannot be written stops no other.

        Raises:
            StopRequestedError: Somebody asked for it; what was done is in the archive.
            InfrastructureError: A provider stayed down; resuming the campaign goes on.
        """
        results = []
        for candidate in self.pending():
            if self._stopped:
                break
            self._notify(f"paper on {candidate.name}")
            try:
                results.append(self._write(candidate))
            except (UserError, CandidateError, BudgetSpentError) as error:
                self._notify(f"no paper on {candidate.name}: {error}")
        return results

    def _write(self, candidate: CandidateRecord) -> PaperResult:
        knobs = self._knobs()
        models = tuple(dict.fromkeys(self._settings().models))
        reviewer = None
        if knobs.paper_reviewers:
            plan = ReviewPlan(
                reviewers=knobs.paper_reviewers,
                reflections=knobs.paper_reflections,
                seed=self._record.seed,
            )
            reviewer = ModelPaperReviewer(
                self._archive, models, plan, home=self._home, notify=self._notify
            )
        begun = StageStore.latest(self._archive, candidate) > 0
        self._paper = PaperPath(
            self._archive,
            candidate,
            # What somebody began with another model goes on with that.
            model=None if begun else models[0],
            home=self._home,
            budget_usd=self._budget_usd(candidate, knobs),
            notify=self._notify,
            reviewer=reviewer,
            improve=knobs.paper_revisions if reviewer else 0,
        )
        if self._stopped:
            self._paper.request_stop()
        return self._paper.run()[0]

    def _budget_usd(self, candidate: CandidateRecord, knobs: Knobs) -> float | None:
        """What it may cost with its revisions: what was said, or what the campaign has left."""
        total = self._settings().budget_usd
        if knobs.paper_budget is not None or total is None:
            return knobs.paper_budget
        calls = self._archive.model_calls(self._record.id, candidate.index)
        own = sum(call.cost_usd for call in calls if call.role.startswith("paper"))
        # Reviews are paid for elsewhere; those of this paper count against its own limit.
        reviews = review_costs(self._archive, self._record.id, leave_out=candidate.id)
        left = total - (self._archive.cost(self._record.id) - own) - reviews
        return max(0.0, left)

    def _wanted(self) -> list[CandidateRecord]:
        spec = template_of(self._record).spec
        proposals = self._archive.candidates(self._record.id, kinds=["proposal"])
        found = [one for one in proposals if one.is_discovery]
        if found or self._knobs().papers == "discoveries":
            return found
        return self._archive.leaderboard(
            self._record.id, 1, direction=spec.primary.direction, kinds=["proposal"]
        )

    def _finished(self, candidate: CandidateRecord, knobs: Knobs) -> bool:
        version = StageStore.latest(self._archive, candidate)
        kept = StageStore(self._archive, candidate, version).load() if version else {}
        if "document" not in kept:
            return False
        if kept["document"]["status"] != "done" or not knobs.paper_reviewers:
            return True
        enough = revisions(self._archive, candidate) >= knobs.paper_revisions
        return "review" in kept and enough

    def _asked(self) -> bool:
        # Most campaigns do not: their template need not be read for it.
        asked: str = self._settings_json().get("papers", "off")
        return asked != "off"

    def _settings_json(self) -> dict[str, str]:
        return dict(self._record.settings.get("overrides", {}))

    def _settings(self) -> CampaignSettings:
        return CampaignSettings.from_json(self._record.settings)

    def _knobs(self) -> Knobs:
        return self._settings().knobs(template_of(self._record).spec)
