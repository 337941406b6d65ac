"""How many proposals of the default model become programs that are new, repairs included.

    python -m tests.benchmarks.proposal_acceptance --proposals 16 --parents

Asks as a campaign does, with its prompts, its selection of parents and its rule for when to repair
and when to start afresh, and traces every answer, but trains nothing. With ``--parents`` the known
losses are shown with made-up scores, as in a campaign whose baselines are scored.
"""

from __future__ import annotations

import argparse
import time
from concurrent.futures import ThreadPoolExecutor

from agent.evaluation.novelty import NoveltyIndex
from agent.llm import LanguageModel, open_model
from agent.proposers import Attempt, LlmProposer, ProposerContext, load_prompts
from agent.proposers.proposal import parse_proposal
from sandboxes.engines import Engine, open_engine
from sandboxes.process import ProcessSandbox
from templates.errors import CandidateError
from templates.registry import load_template
from tests.benchmarks.model_throughput import known_losses


class Slots:
    """What a campaign does from the prompt to an accepted program."""

    def __init__(self, engine: Engine, model: LanguageModel, context: ProposerContext) -> None:
        self._engine = engine
        self._model = model
        self._context = context
        self._proposer = LlmProposer()
        self._known = NoveltyIndex()
        for baseline in engine.template.baselines:
            self._accept(baseline.name, baseline.code)

    def run(self, slot: int) -> list[str]:
        """What came of each attempt; the last one is ``new`` where one was accepted."""
        failed: list[Attempt] = []
        outcomes = []
        while len(failed) < 3:
            request = self._proposer.request(self._context, slot, failed)
            text = self._model.complete(request.completion).text
            try:
                proposal = parse_proposal(text)
                text = proposal.code
                self._accept(proposal.name, text, refuse=True)
            except CandidateError as error:
                failed.append(Attempt(text, error.kind, error.message))
                outcomes.append(f"{error.kind} ({request.role})")
            else:
                return [*outcomes, "new"]
        return outcomes

    def _accept(self, name: str, code: str, refuse: bool = False) -> None:
        found = self._engine.inspect(self._engine.trace(code))
        if refuse:
            if {"constant", "zero_gradient"} & set(found.flags):
                raise CandidateError("no_gradient", "the function has no gradient anywhere")
            same = self._known.find(found.digest, found.fingerprint)
            if same is not None:
                raise CandidateError("known", f"up to scale and shift this is exactly {same}")
        self._known.add(name, found.digest, found.fingerprint)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--proposals", type=int, default=16)
    parser.add_argument("--parents", action="store_true", help="show known losses with scores")
    parser.add_argument("--model", default="local")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    template = load_template("preference_loss")
    visible = known_losses(template, scored=options.parents)
    context = ProposerContext(template.spec, load_prompts(template.prompt), options.seed, visible)
    with open_engine(template, ProcessSandbox(), workers=1) as engine:
        model = open_model(options.model, slots=2)
        slots = Slots(engine, model, context)
        started = time.monotonic()
        with ThreadPoolExecutor(2) as pool:
            found = list(pool.map(slots.run, range(options.proposals)))
        minutes = (time.monotonic() - started) / 60
        model.close()
    for slot, outcomes in enumerate(found):
        print(f"{slot:3}: {', '.join(outcomes)}")
    first = sum(outcomes[0] == "new" for outcomes in found)
    accepted = sum(outcomes[-1] == "new" for outcomes in found)
    calls = sum(map(len, found))
    print(
        f"new at once {first}/{len(found)}, with repairs and fresh starts {accepted}/{len(found)}; "
        f"{calls} calls, {minutes:.1f} min"
    )


if __name__ == "__main__":
    main()
