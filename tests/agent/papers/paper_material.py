"""What papers are made of in tests: campaigns, material, answers of a model."""

from __future__ import annotations

import importlib.util
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from agent.archive import Archive, CandidateRecord, ReviewRecord
from agent.ideas import Idea, IdeaRecord, Novelty
from agent.ideas.keeping import Fate, keep_idea
from agent.ideas.novelty import Round
from agent.papers.claims.bibliography import Library, load_library
from agent.papers.claims.book import FactBook
from agent.papers.claims.facts import Fact
from agent.papers.claims.ledger import Ledger
from agent.papers.latex.document import Draft, assemble
from agent.papers.latex.figures import PaperFigure, draw_figures
from agent.papers.latex.tables import table_keys
from agent.papers.sections import SECTIONS
from agent.papers.stock import OWN, default_source


def _writer() -> Any:
    """The class that writes campaigns for the tests of the report."""
    file = Path(__file__).parents[1] / "report" / "campaign_writer.py"
    spec = importlib.util.spec_from_file_location("written_campaigns", file)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.Writer


def write_campaign(
    folder: Path,
    leader: float,
    *,
    confirm: bool,
    template: str = "preference_loss",
    control: float = 0.45,
) -> Path:
    """An archive whose best proposal is at that level; confirmed, it is a discovery."""
    with Archive(folder / "archive.db") as archive, archive.transaction() as step:
        writer = _writer()(step, template=template)
        writer.baselines(control)
        writer.proposals(leader=leader)
        if confirm:
            assert writer.confirm("tempered_margin", 0.74, {"ipo": 0.71, "dpo": 0.70})
    return folder


IDEA = Idea(
    name="warm_start",
    hypothesis="A slow beginning keeps 2 of 3 layers from learning by heart. It should help.",
    experiment="Raise the rate over the first steps, "
    + "then hold it and watch, " * 8
    + "then hold i",
    expected_effect="Held-out accuracy rises earlier",
    interestingness=7,
    feasibility=9,
    novelty=3,
)
GROKKING = "Grokking: Generalization Beyond Overfitting on Small Algorithmic Datasets"


def write_idea(home: Path, name: str, *, dropped: bool = False) -> None:
    """A candidate's idea, what the literature said of it, and two reviews of the code."""
    with Archive(home / "archive.db") as archive:
        candidate = archive.candidate(name)
        novelty = Novelty(
            "known" if dropped else "unknown",
            "only the local library was asked, and nothing in it is this idea",
            GROKKING if dropped else None,
            (
                Round("warm start grokking", {"local": 31}, (GROKKING, "A Work of 1984")),
                Round("rates", {"local": 2, "openalex": "timed out"}, ()),
            ),
        )
        fate: Fate = "known" if dropped else "proposed"
        for slot, candidate_id in enumerate(("other-1", candidate.id), start=7):
            record = IdeaRecord(slot, candidate_id, fate, IDEA, novelty)
            keep_idea(archive, candidate.campaign_id, record)
        for reviewer, verdict, text in (
            ("rules", "concern", "The gain on addition comes from 1 of 5 seeds."),
            ("model", "reject", "Not new. It could be bett"),
        ):
            archive.add_review(ReviewRecord(candidate.id, reviewer, verdict, None, text))


@dataclass
class Material:
    """A candidate with everything that a paper on it is made of."""

    archive: Archive
    candidate: CandidateRecord
    book: FactBook
    library: Library
    figures: list[PaperFigure]
    ledger: Ledger

    @property
    def template_figures(self) -> list[str]:
        return [figure.key for figure in self.figures if figure.of_template]

    def fresh_ledger(self) -> Ledger:
        return Ledger(self.book, self.library, self.ledger.figures, self.ledger.tables)

    def defaults(self) -> dict[str, str]:
        return {
            section.name: default_source(section, self.ledger, self.template_figures)
            for section in SECTIONS
        }

    def assembled(self, sources: Mapping[str, str]) -> tuple[str, Draft, list[Fact]]:
        draft = Draft(sources, dict.fromkeys(sources, "model"), ["some-model"])
        ledger = self.fresh_ledger()
        return assemble(draft, ledger, self.figures), draft, ledger.facts


def material(home: Path, name: str, folder: Path) -> Material:
    archive = Archive(home / "archive.db")
    candidate = archive.candidate(name)
    book = FactBook(archive, candidate)
    library = load_library(book.template)
    figures = draw_figures(book, folder / "figures")
    keys = [figure.key for figure in figures]
    ledger = Ledger(book, library, keys, table_keys(Ledger(book, library, keys, ())))
    return Material(archive, candidate, book, library, figures, ledger)


GOOD = (
    "This section says what was measured in plain words and leaves nothing out of it.",
    "The value of {{ name('candidate') }} is {{ value('candidate', 'reward_at_kl') }} there.",
)


def choices() -> list[str]:
    """Names of everything that a small model chooses in any section."""
    folder = Path(__file__).parents[3] / "agent" / "papers" / "defaults"
    heads = [
        line.split("|")[0].strip("=? ")
        for file in sorted(folder.glob("*.jinja"))
        for line in file.read_text().splitlines()
        if line.startswith("==")
    ]
    return [name for name in heads if name != OWN]


def recording(file: Path, *, cost_usd: float = 0.01, delay_s: float = 0.0, **texts: Any) -> Path:
    """Answers of a model: a good section for every request, or what is given for some seeds."""
    lines = []
    for number in range(40):
        said = texts.get(f"n{number}", {"paragraphs": [list(GOOD)]})
        lines.append(
            json.dumps(
                {
                    "text": said if isinstance(said, str) else json.dumps(said),
                    "prompt_tokens": 900,
                    "completion_tokens": 120,
                    "cost_usd": cost_usd,
                    "delay_s": delay_s,
                }
            )
        )
    file.write_text("\n".join(lines) + "\n")
    return file
