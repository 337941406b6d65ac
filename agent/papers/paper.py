"""Writes the paper of a candidate, stage by stage; whatever interrupts it, the rest goes on."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from agent.archive import Archive, CandidateRecord
from agent.calling import Caller
from agent.llm import open_model
from agent.llm.contract import Completion, CompletionRequest, LanguageModel
from agent.papers.authorship import BY_MODEL
from agent.papers.checking import check_source
from agent.papers.choosing import manner_of
from agent.papers.claims.bibliography import load_library
from agent.papers.claims.book import FactBook
from agent.papers.claims.ledger import Ledger
from agent.papers.claims.plain_facts import paper_role
from agent.papers.latex.figures import PaperFigure, draw_figures
from agent.papers.latex.tables import TABLE_WORDS, TABLES, table_keys
from agent.papers.sections import SECTIONS
from agent.papers.stages import PaperReviewer, StageStore, paper_cost
from agent.papers.typesetting import Press, set_paper
from agent.papers.writing import Author, Revision, Written
from agent.stopping import StopRequestedError
from templates.errors import CandidateError, UserError

__all__ = ["Paper", "PaperResult"]

_CALL_TRIES = 6
_BEFORE = 300


@dataclass(frozen=True)
class PaperResult:
    """What came of a paper.

    Args:
        candidate: Identifier of the candidate.
        version: Which of its papers.
        status: ``done``; ``uncompiled`` where LaTeX could not set it, ``refused`` where the checker
            did not pass it. Sources and log are kept in each case.
        folder: Where everything lies.
        pdf: The paper; None unless it is done.
        engine: What set it.
        error: Why there is no PDF.
        authors: By section who wrote it, see `agent.papers.authorship`.
        numbers: How many facts it shows.
        pages: Of the PDF.
        overfull_pt: By how much its widest line is too wide.
        calls: Calls of language models for this paper.
        cost_usd: What they cost.
        review: What the reviewer said; None where there was none.
        review_cost_usd: What that cost.
        total_cost_usd: Both, with what it revises.
    """

    candidate: str
    version: int
    status: str
    folder: Path
    pdf: Path | None
    engine: str
    error: str | None
    authors: Mapping[str, str]
    numbers: int
    pages: int
    overfull_pt: float
    calls: int
    cost_usd: float
    review: Mapping[str, Any] | None
    review_cost_usd: float = 0.0
    total_cost_usd: float = 0.0


class Paper:
    """One paper of one candidate.

    Args:
        archive: The archive; stages and calls are kept there.
        candidate: Whom it is about.
        model: Who writes; None for the model that began it, or ``local``.
        home: Where campaigns' output lies.
        out: Folder of the paper; None for one below the home.
        budget_usd: Limit on what it and all that it revises may cost, with reviews; None for none.
        again: Begin another paper although there is one.
        notify: Told in one line what is being done.
        reviewer: Reviews the PDF; None for no review.

    Raises:
        UserError: There is nothing to write about.
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
        notify: Callable[[str], None],
        reviewer: PaperReviewer | None = None,
    ) -> None:
        _refuse(archive, candidate)
        latest = StageStore.latest(archive, candidate)
        begun = StageStore(archive, candidate, latest).load().get("begin") if latest else None
        other = begun is not None and model is not None and begun["model"] != model
        version = latest + 1 if begun is None or again or other else latest
        self.version = version
        self._archive = archive
        self._candidate = candidate
        self._store = StageStore(archive, candidate, version)
        kept = self._store.load().get("begin")
        self._model_name = str(kept["model"]) if kept else model or "local"
        self._budget_usd = budget_usd
        self._notify = notify
        self._reviewer = reviewer
        self._stopping = threading.Event()
        self.folder = (out or home / "papers" / f"{candidate.id}-v{version}").absolute()

    def request_stop(self, reason: str = "asked to stop") -> None:
        """Keep what is done and leave `run` soon; may be called from any thread or handler."""
        self._stopping.set()

    def run(self) -> PaperResult:
        """Write what is not written yet, set it, check it, have it reviewed.

        Raises:
            StopRequestedError: Somebody asked for it; what was done is in the archive.
            BudgetSpentError: The next call might cost more than is left.
            UserError: The model or LaTeX cannot be had, or another process writes this paper.
            InfrastructureError: The provider stayed down.
        """
        try:
            lease = self._archive.lease(f"paper-{self._candidate.id}")
        except UserError as error:
            raise UserError(
                f"another process is writing the paper of {self._candidate.id}"
            ) from error
        with lease:
            return self._run()

    def _run(self) -> PaperResult:
        kept = self._store.load()
        if "begin" not in kept:
            self._store.keep("begin", {"model": self._model_name})
        book = FactBook(self._archive, self._candidate, self.version)
        self.folder.mkdir(parents=True, exist_ok=True)
        self._say("figures")
        figures = draw_figures(book, self.folder / "figures")
        model = _LazyModel(self._model_name)
        try:
            author = self._author(book, figures, model, kept)
            written = self._write(author, kept)
            outcome = set_paper(
                Press(
                    folder=self.folder,
                    archive=self._archive,
                    candidate=self._candidate,
                    version=self.version,
                    figures=figures,
                    models=self._models(written),
                    tell=self._say,
                    check_stop=self._raise_if_stopping,
                ),
                written,
                author,
            )
            self._store.keep("document", outcome.to_json())
        finally:
            # Before the review, which may open the same one.
            model.close()
        calls = self._own_calls()
        review = self._review(kept, outcome.pdf)
        return PaperResult(
            candidate=self._candidate.id,
            version=self.version,
            status=outcome.status,
            folder=self.folder,
            pdf=outcome.pdf,
            engine=outcome.engine,
            error=outcome.error,
            authors={name: one.author for name, one in outcome.written.items()},
            numbers=outcome.numbers,
            pages=outcome.pages,
            overfull_pt=outcome.overfull_pt,
            calls=len(calls),
            cost_usd=sum(call.cost_usd for call in calls),
            review=review,
            review_cost_usd=float(((review or {}).get("review") or {}).get("cost_usd") or 0.0),
            total_cost_usd=paper_cost(self._archive, self._candidate, self.version),
        )

    def _author(
        self,
        book: FactBook,
        figures: list[PaperFigure],
        model: LanguageModel,
        kept: Mapping[str, Mapping[str, Any]],
    ) -> Author:
        library = load_library(book.template)
        keys = [figure.key for figure in figures]
        ledger = Ledger(book, library, keys, ())
        ledger = Ledger(book, library, keys, table_keys(ledger))
        # The campaign's calls are paid for already: the limit is on this paper's.
        left = self._left_usd()
        caller = Caller(
            self._archive,
            book.campaign.id,
            budget_usd=None if left is None else self._archive.cost(book.campaign.id) + left,
            tries=_CALL_TRIES,
            wait=self._wait,
            notify=self._say,
        )
        names = {figure.key: _words_of(figure) for figure in figures}
        begun = [kept[one.name]["author"] for one in SECTIONS if one.name in kept]
        manner = manner_of(model, begun)
        if manner is not Author and not begun:
            self._say("a small model: it chooses among prepared sentences and adds its own")
        return manner(
            archive=self._archive,
            caller=caller,
            model=model,
            ledger=ledger,
            version=self.version,
            names={**names, **{key: TABLE_WORDS[key] for key in TABLES}},
            template_figures=[figure.key for figure in figures if figure.of_template],
            revision=self._revision(),
        )

    def _revision(self) -> Revision | None:
        """What this version revises, where it does; see `agent.papers.improving`."""
        kept = self._store.load()
        number = kept.get("begin", {}).get("revises")
        if number is None:
            return None
        before = StageStore(self._archive, self._candidate, int(number)).load()
        review = before["review"]["review"]
        return Revision(
            {section.name: before[section.name]["source"] for section in SECTIONS},
            kept.get("plan", {}).get("advice", {}),
            list(review.get("weaknesses") or ()),
        )

    def _write(self, author: Author, kept: Mapping[str, Mapping[str, Any]]) -> dict[str, Written]:
        written: dict[str, Written] = {}
        before = ""
        for number, section in enumerate(SECTIONS, start=1):
            self._raise_if_stopping()
            if section.name in kept:
                written[section.name] = Written.from_json(kept[section.name])
            else:
                self._say(f"section {number} of {len(SECTIONS)}: {section.name}")
                written[section.name] = author.write(section, before)
                self._store.keep(section.name, written[section.name].to_json())
                if written[section.name].author not in BY_MODEL:
                    self._say(
                        f"{section.name}: the fixed text stands; {written[section.name].author}"
                    )
            before = written[section.name].source[-_BEFORE:]
        if "whole" in kept:
            change = kept["whole"]
        else:
            self._raise_if_stopping()
            self._say("reading the whole paper")
            improved = author.improve(written)
            change = {"section": None}
            if improved is not None:
                change = {"section": improved[0], "written": improved[1].to_json()}
            self._store.keep("whole", change)
        if change["section"] is not None:
            written[change["section"]] = Written.from_json(change["written"])
        # The archive may have grown since: what does not hold any more does not stand.
        for section in SECTIONS:
            one = written[section.name]
            if one.author not in BY_MODEL:
                written[section.name] = Written(author.default(section), one.author, one.problems)
            elif check_source(one.source, author.ledger):
                written[section.name] = Written(
                    author.default(section), "the archive has changed since it was written"
                )
        return written

    def _review(
        self, kept: Mapping[str, Mapping[str, Any]], pdf: Path | None
    ) -> Mapping[str, Any] | None:
        if self._reviewer is None or pdf is None:
            return None
        said = kept.get("review")
        digest = hashlib.sha256(pdf.read_bytes()).hexdigest()
        asked = {"reviewer": self._reviewer.name, "pdf_sha256": digest}
        if said is None or any(said.get(name) != asked[name] for name in asked):
            self._raise_if_stopping()
            self._say(f"review by {self._reviewer.name}")
            try:
                review = dict(self._reviewer.review(pdf, self._candidate, self._left_usd()))
            except (CandidateError, UserError) as error:
                # The paper stands; the same command asks for its review again.
                self._say(f"no review: {error}")
                return {**asked, "review": None, "fault": str(error)}
            said = {**asked, "review": review}
            self._store.keep("review", said)
        (self.folder / "review.json").write_text(json.dumps(said, indent=2) + "\n")
        return said

    def _left_usd(self) -> float | None:
        if self._budget_usd is None:
            return None
        return max(0.0, self._budget_usd - paper_cost(self._archive, self._candidate, self.version))

    def _own_calls(self) -> list[Any]:
        prefix = paper_role(self.version, "")
        calls = self._archive.model_calls(self._candidate.campaign_id, self._candidate.index)
        return [call for call in calls if call.role.startswith(prefix)]

    def _models(self, written: Mapping[str, Written]) -> list[str]:
        """Who really wrote: names under which completions were recorded."""
        if all(one.author not in BY_MODEL for one in written.values()):
            return []
        names = {call.model for call in self._own_calls() if call.completion}
        return sorted(name.rsplit("/", 1)[-1] for name in names)

    def _say(self, line: str) -> None:
        self._notify(line)

    def _raise_if_stopping(self) -> None:
        if self._stopping.is_set():
            raise StopRequestedError

    def _wait(self, seconds: float) -> None:
        if self._stopping.wait(seconds):
            raise StopRequestedError


class _LazyModel:
    """Opens the model at its first call: a paper that is written already needs none."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.slots = 1
        self._model: LanguageModel | None = None

    @property
    def context_tokens(self) -> int | None:
        return self._opened().context_tokens

    def complete(self, request: CompletionRequest) -> Completion:
        return self._opened().complete(request)

    def most_usd(self, request: CompletionRequest) -> float | None:
        return self._opened().most_usd(request)

    def close(self) -> None:
        if self._model is not None:
            self._model.close()

    def _opened(self) -> LanguageModel:
        if self._model is None:
            self._model = open_model(self.name, slots=1)
        return self._model


def _words_of(figure: PaperFigure) -> str:
    return {
        "scores": "means and intervals of all functions",
        "gains": "paired gains of the candidate at each place of measurement",
        "curves": "the candidate as a function beside the known ones",
        "progress": "the course of the campaign",
    }.get(figure.key, figure.caption[:80])


def _refuse(archive: Archive, candidate: CandidateRecord) -> None:
    if candidate.kind not in ("proposal", "user"):
        raise UserError(f"{candidate.id} is a {candidate.kind}: a paper is about a proposal")
    if archive.lease_holder(candidate.campaign_id) is not None:
        raise UserError(
            f"campaign {candidate.campaign_id} is running: write the paper when it has ended, or "
            f"end it with discover stop {candidate.campaign_id}"
        )
    nothing = f"{candidate.id} ({candidate.name}) has no successful run to write about"
    book = FactBook(archive, candidate)
    found = book.measured(candidate, book.places["search"])
    if found is None or len(found[1]) < 2:
        why = candidate.error_message or candidate.outcome or "it was never scored"
        raise UserError(f"{nothing}: {why}")
    failures = [one.failed for one in found[1].values()]
    if all(failures):
        raise UserError(f"{nothing}: {failures[0]}")
    if book.best is None:
        raise UserError(
            f"no baseline of campaign {candidate.campaign_id} was scored to compare with"
        )
