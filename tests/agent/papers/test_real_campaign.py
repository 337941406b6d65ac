"""Papers on a campaign that really ran: another template, a sandbox, scores that were measured."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from agent.archive import Archive
from agent.campaign import Campaign, CampaignSettings, Progress
from agent.papers.checking import check_document, check_source
from agent.papers.claims.book import FactBook
from agent.papers.latex.pdf import pdf_text
from agent.papers.paper import Paper
from tests.agent.papers.paper_material import GOOD, Material, material, recording
from tests.agent.papers.planted import all_defects
from tests.data.completions import write_recording
from tests.harness.engines import RunCampaign

pytestmark = pytest.mark.gate

TEMPLATE = Path(__file__).parents[2] / "data" / "robust_regression"
RESULTS = """In the mean {{ name('candidate') }} has {{ value('candidate', 'error') }} (interval
{{ interval('candidate', 'error') }}) with {{ value('candidate', 'steps') }} steps taken. The search
asked for {{ cost('calls') }} completions at a price of {{ cost('usd') }}."""


class Quiet:
    def notify(self, progress: Progress) -> None:
        pass


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory, run: RunCampaign) -> Path:
    folder = tmp_path_factory.mktemp("campaign")
    settings = CampaignSettings(
        template=str(TEMPLATE),
        models=(f"recorded:{write_recording(folder / 'completions.jsonl')}",),
        candidates=6,
        workers=2,
    )
    with Archive(folder / "archive.db") as archive:
        assert run(Campaign.create(archive, settings, folder), Quiet()).status == "done"
    return folder


@pytest.fixture(scope="module")
def best(home: Path) -> str:
    """The proposal that got furthest."""
    with Archive(home / "archive.db") as archive:
        campaign = archive.campaign()
        proposals = archive.candidates(campaign.id, kinds=("proposal",))
        tiers = ("screen", "search", "confirm")
        scored = [one for one in proposals if one.score is not None and one.stage in tiers]
        return max(scored, key=lambda one: (tiers.index(one.stage), -one.index)).id


@pytest.fixture(scope="module")
def paper(home: Path, best: str, tmp_path_factory: pytest.TempPathFactory) -> Material:
    return material(home, best, tmp_path_factory.mktemp("figures"))


def test_defects_on_measured_numbers_are_caught(paper: Material) -> None:
    sources = {**paper.defaults(), "results": RESULTS}
    for name, source in sources.items():
        assert check_source(source, paper.ledger) == [], name
    latex, draft, facts = paper.assembled(sources)
    rows = [fact.reference for fact in facts]
    again = FactBook(paper.archive, paper.candidate)

    def problems(text: str) -> list[object]:
        tables = sorted(paper.ledger.tables)
        return [*check_document(text, draft, again, paper.library, paper.figures, tables, rows)]

    assert problems(latex) == []
    defects = all_defects(latex, facts)
    assert len(defects) >= 60
    assert {"digit", "swap", "citation", "rounding"} <= set(Counter(one.family for one in defects))
    assert [one.what for one in defects if not problems(one.latex)] == []


def test_the_whole_path_works_for_another_template(home: Path, best: str) -> None:
    """The model's answers refer to a metric that this template has not: the fixed text stands."""
    assert "reward_at_kl" in GOOD[1]
    model = recording(home / "answers.jsonl")
    with Archive(home / "archive.db") as archive:
        result = Paper(
            archive,
            archive.candidate(best),
            model=f"recorded:{model}",
            home=home,
            notify=lambda line: None,
        ).run()
    assert result.status == "done", result.error
    assert result.overfull_pt <= 5
    assert all("reference" in author for author in result.authors.values())
    assert result.pdf is not None
    text = "\n".join(pdf_text(result.pdf))
    assert "??" not in text
    assert "error on clean data" in text
