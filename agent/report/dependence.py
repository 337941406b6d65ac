"""What a confirmed candidate depends on: the same seeds again, with one thing changed."""

from __future__ import annotations

from dataclasses import dataclass

from agent.archive import CandidateRecord
from agent.evaluation.racing import gain
from agent.evaluation.seeds import ablation_jobs, jobs_of
from agent.evaluation.statistics import Estimate
from agent.report.scores import ScoreBook
from agent.wording import number
from templates.contract import Task

__all__ = ["Dependence", "dependences"]


@dataclass(frozen=True)
class Dependence:
    """One ablation.

    Args:
        task: The ablation.
        of: The task that it changes.
        loss: What the change costs on the same seeds, positive where the score is worse with it;
            95 % interval, not corrected for the number of ablations.
    """

    task: Task
    of: Task
    loss: Estimate

    @property
    def words(self) -> str:
        """What it says."""
        if self.loss.low > 0:
            return f"matters: the score is worse by {number(self.loss.value)}"
        if self.loss.high < 0:
            return f"hurts: the score is better by {number(-self.loss.value)} with the change"
        return f"no difference seen on {self.loss.n} seeds"


def dependences(book: ScoreBook, candidate: CandidateRecord) -> tuple[Dependence, ...]:
    """The ablations of a candidate that have at least two seeds, in the template's order."""
    spec = book.spec
    tier = spec.tier("confirm")
    seed = book.campaign.seed
    scores = {
        (record.task, record.seed): record.primary
        for record in book.archive.evaluations(candidate.id, tier.effort)
    }
    whole = set(jobs_of(spec, tier, seed))
    tasks = {task.name: task for task in spec.tasks}
    found = []
    for task in spec.ablations:
        changed, plain = {}, {}
        for name, own in ablation_jobs(spec, tier, seed):
            pair = (task.of, own)
            if name == task.name and (name, own) in scores and pair in scores and pair in whole:
                changed[pair], plain[pair] = scores[(name, own)], scores[pair]
        if len(changed) > 1:
            loss = gain(plain, changed, spec.primary.direction)
            found.append(Dependence(task, tasks[task.of], loss))
    return tuple(found)
