"""Campaigns on an engine that they were handed: the same bits as on one of their own."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from agent.archive import SANDBOX_TROUBLE, Archive, CampaignRecord
from agent.campaign import Campaign
from agent.campaign.extending import extend, measures_left
from agent.evaluation.single import evaluate_file
from agent.loading import template_of
from sandboxes.engines import Engine, open_engine
from sandboxes.process import ProcessSandbox
from templates.errors import InfrastructureError, UserError
from templates.registry import Template, load_template
from tests.agent.campaign.test_campaign import Quiet, comparable, settings
from tests.data.completions import write_recording

pytestmark = pytest.mark.gate

HONEST = "def loss(prediction, target):\n    return jnp.abs(prediction - target)\n"
CANDIDATES = 4


@pytest.fixture(scope="module")
def shared(small_template: Template) -> Iterator[Engine]:
    with open_engine(small_template, ProcessSandbox(), workers=2) as engine:
        yield engine


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_recording(tmp_path_factory.mktemp("recorded") / "completions.jsonl")


@pytest.fixture(scope="module")
def alone(recorded: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[int, list[object]]:
    """What campaigns find on engines of their own, by their seeds."""
    found: dict[int, list[object]] = {}
    for seed in (0, 1):
        home = tmp_path_factory.mktemp("alone")
        with Archive(home / "archive.db") as archive:
            record = begun(archive, recorded, home, seed).run(Quiet())
            found[seed] = list(comparable(archive, record))
    assert found[0] != found[1]
    return found


def begun(archive: Archive, recording: Path, home: Path, seed: int = 0) -> Campaign:
    # Two workers are not what the engine has by chance: one of its own would have one.
    wanted = settings(recording, candidates=CANDIDATES, seed=seed, workers=1)
    return Campaign.create(archive, wanted, home)


def troubles(archive: Archive, record: CampaignRecord) -> list[str]:
    events = archive.events(record.id, kinds=[SANDBOX_TROUBLE])
    return [event.payload["text"] for event in events]


def still_works(engine: Engine) -> bool:
    program = engine.trace(HONEST)
    return engine.is_open and engine.inspect(program).operations > 0


@pytest.mark.full("campaigns")
def test_one_after_another_they_find_the_same_and_are_told_their_own(
    shared: Engine, recorded: Path, alone: dict[int, list[object]], tmp_path: Path
) -> None:
    with ExitStack() as stack:
        archives = [
            stack.enter_context(Archive(tmp_path / f"{seed}" / "archive.db")) for seed in (0, 1)
        ]
        records = []
        for seed, archive in enumerate(archives):
            before = [one for one in shared.processes() if one.alive()]
            campaign = begun(archive, recorded, tmp_path / f"{seed}", seed)
            records.append(campaign.run(Quiet(), shared))
            assert records[-1].status == "done"
            assert all(one in shared.processes() for one in before)
            assert len(shared.processes()) == 3
            shared.processes("evaluator")[0].kill()
        assert [list(comparable(*both)) for both in zip(archives, records, strict=True)] == [
            alone[0],
            alone[1],
        ]
        assert troubles(archives[0], records[0]) == []
        assert len(troubles(archives[1], records[1])) == 1
        environment = records[0].environment
        assert environment["workers"] == shared.workers == 2
        assert environment["device"] == shared.device
        assert environment["sandbox"]["name"] == shared.sandbox.name
    assert still_works(shared)


@pytest.mark.full("campaigns")
def test_at_the_same_time_they_find_the_same(
    shared: Engine, recorded: Path, alone: dict[int, list[object]], tmp_path: Path
) -> None:
    found: dict[int, list[object]] = {}
    with ExitStack() as stack:
        archives = [
            stack.enter_context(Archive(tmp_path / f"{seed}" / "archive.db")) for seed in (0, 1)
        ]

        def run(seed: int) -> None:
            campaign = begun(archives[seed], recorded, tmp_path / f"{seed}", seed)
            record = campaign.run(Quiet(), shared)
            found[seed] = list(comparable(archives[seed], record))

        threads = [threading.Thread(target=run, args=(seed,)) for seed in (0, 1)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(timeout=300)
    assert found == alone
    assert still_works(shared)


def test_it_stays_open_after_a_stop_and_the_campaign_goes_on_there(
    shared: Engine, recorded: Path, alone: dict[int, list[object]], tmp_path: Path
) -> None:
    with Archive(tmp_path / "archive.db") as archive:
        campaign = begun(archive, recorded, tmp_path)

        def stop_soon() -> None:
            while archive.counts(campaign.id, kinds=["proposal"]).total < 2:
                time.sleep(0.02)
            campaign.request_stop()

        threading.Thread(target=stop_soon, daemon=True).start()
        assert campaign.run(Quiet(), shared).status == "stopped"
        kept = [archive.evaluations(one.id) for one in archive.candidates(campaign.id)]
        assert still_works(shared)
        time.sleep(1.0)
        # Nothing that was under way is written into an archive that may be somebody else's now.
        assert [archive.evaluations(one.id) for one in archive.candidates(campaign.id)] == kept
        done = Campaign.resume(archive, campaign.id, tmp_path).run(Quiet(), shared)
        assert done.status == "done"
        assert list(comparable(archive, done)) == alone[0]


def test_it_stays_open_after_an_error(shared: Engine, tmp_path: Path) -> None:
    recording = tmp_path / "down.jsonl"
    failure = {"kind": "infrastructure", "message": "503 down", "retry_after_s": 0.01}
    recording.write_text(json.dumps({"error": failure}) + "\n")
    with Archive(tmp_path / "archive.db") as archive:
        asked = settings(recording, candidates=2, overrides={"call_tries": "1"})
        campaign = Campaign.create(archive, asked, tmp_path)
        with pytest.raises(InfrastructureError, match="resume it when the provider is back"):
            campaign.run(Quiet(), shared)
        assert archive.campaign(campaign.id).status == "stopped"
    assert still_works(shared)


@pytest.mark.full("campaigns")
def test_more_is_measured_and_files_are_evaluated_on_it(
    shared: Engine, recorded: Path, tmp_path: Path
) -> None:
    with Archive(tmp_path / "archive.db") as archive:
        record = begun(archive, recorded, tmp_path).run(Quiet(), shared)
        before = shared.processes()
        candidate = next(
            one
            for one in archive.candidates(record.id, kinds=["proposal"])
            if one.outcome in ("scored", "screened_out", "confirmed", "discovery")
        )
        left = measures_left(archive, candidate, template_of(record).spec)
        assert left
        told: list[str] = []
        extend(
            archive,
            candidate,
            left[:1],
            stopping=threading.Event(),
            notify=told.append,
            engine=shared,
        )
        assert told == [f"measuring: {left[0].replace('_', ' ')}"]
        again = archive.candidate(candidate.id)
        assert left[0] not in measures_left(archive, again, template_of(record).spec)
    file = tmp_path / "candidate.py"
    file.write_text(HONEST)
    template = str(shared.template.path)
    found = evaluate_file(template, file, seeds=2, engine=shared)
    own = evaluate_file(template, file, seeds=2, sandbox="process", workers=1)
    assert found["known_as"] == "absolute"
    assert {**found, "seconds": 0} == {**own, "seconds": 0}
    assert shared.processes() == before


def test_one_that_does_not_fit_is_refused(
    shared: Engine, recorded: Path, small_template: Template, tmp_path: Path
) -> None:
    sandbox = ProcessSandbox()
    hasty = small_template.spec.model_copy(update={"job_timeout_s": 1.0})
    closed = open_engine(small_template, sandbox, workers=1)
    closed.close()
    unfit = {
        "another template or version: circle_packing": open_engine(
            load_template("circle_packing"), sandbox, workers=1
        ),
        "with other settings": open_engine(
            Template(hasty, small_template.path), sandbox, workers=1
        ),
        "it runs on cuda, not on cpu": open_engine(
            small_template, sandbox, workers=1, platform="cuda"
        ),
        "it was closed or never started": closed,
    }
    with Archive(tmp_path / "archive.db") as archive:
        for reason, engine in unfit.items():
            campaign = begun(archive, recorded, tmp_path)
            with pytest.raises(UserError, match=f"handed in cannot evaluate .*{reason}"):
                campaign.run(Quiet(), engine)
            assert archive.campaign(campaign.id).status == "stopped"
        asked = settings(recorded, sandbox="process")
        campaign = Campaign.create(archive, asked, tmp_path)
        name, shared.sandbox.name = shared.sandbox.name, "another"
        try:
            with pytest.raises(UserError, match="in the sandbox another, not in process"):
                campaign.run(Quiet(), shared)
        finally:
            shared.sandbox.name = name
    assert still_works(shared)
