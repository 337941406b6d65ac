"""What proposals are shown of a campaign's other candidates."""

from __future__ import annotations

from agent.campaign.context import Context
from agent.campaign.reviewing import Reviewing
from agent.campaign.scoring import mean_metrics
from agent.proposers import Peer, without_docstring

__all__ = ["Peers"]


class Peers:
    """The candidates of a campaign as prompts show them.

    Args:
        context: Of the campaign.
        reviewing: What reviewers said of them.
    """

    def __init__(self, context: Context, reviewing: Reviewing) -> None:
        self._context = context
        self._reviewing = reviewing
        self._settled: dict[int, Peer] = {}
        self._sketches = {one.code: one.sketch for one in context.template.baselines if one.sketch}

    def unscored_baselines(self) -> tuple[Peer, ...]:
        """Baselines and controls, by what is known of them before anything is scored."""
        return tuple(
            Peer(
                id=self._context.candidate_id(index),
                index=index,
                name=baseline.name,
                thought=baseline.title,
                code=self._shown(baseline.code),
                sketched=baseline.code in self._sketches,
                kind="control" if baseline.is_control else "baseline",
                stage="traced",
            )
            for index, baseline in enumerate(self._context.template.baselines)
        )

    def settled(self, count: int) -> tuple[Peer, ...]:
        """The first candidates by their indices, all of which are settled; each is read once.

        Args:
            count: How many, baselines and controls included.
        """
        return tuple(self._peer(index) for index in range(count))

    def _shown(self, code: str) -> str:
        """What a prompt shows of a candidate: its code, or a sketch where code says nothing."""
        return self._sketches.get(code) or without_docstring(code)

    def _peer(self, index: int) -> Peer:
        if index not in self._settled:
            record = self._context.find(index)
            assert record is not None
            self._settled[index] = Peer(
                id=record.id,
                index=record.index,
                name=record.name,
                thought=record.thought,
                code=self._shown(record.code),
                sketched=record.code in self._sketches,
                kind=record.kind,
                stage=record.stage,
                score=record.score,
                low=record.score_low,
                high=record.score_high,
                metrics=mean_metrics(self._context, record),
                parents=record.parents,
                known_as=record.known_as,
                review=self._reviewing.text(record.id),
                verdict=self._reviewing.verdict(record.id),
                error_kind=record.error_kind,
                error_message=record.error_message,
            )
        return self._settled[index]
