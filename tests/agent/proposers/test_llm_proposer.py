from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from agent.archive.records import CandidateKind
from agent.proposers import (
    Attempt,
    LlmProposer,
    Peer,
    ProposerContext,
    Sampling,
    load_prompts,
    proposal_schema,
)
from agent.proposers.prompts import PROMPT_NAMES, draw_direction, render
from templates.contract import TemplateSpec
from templates.errors import UserError

SPEC = TemplateSpec.model_validate(
    {
        "name": "toy",
        "title": "Toy",
        "summary": "A toy.",
        "boundary": "function",
        "core": "core:Core",
        "functions": [
            {
                "name": "loss",
                "arguments": [{"name": "x", "shape": [4], "description": "input"}],
                "returns_shape": [4],
                "description": "a loss",
            }
        ],
        "population": {"cpu": 1},
        "metrics": [
            {
                "name": "reward",
                "title": "Reward",
                "direction": "maximize",
                "primary": True,
                "description": "more is better",
            }
        ],
        "tasks": [{"name": "a", "title": "A", "role": "search", "description": "one"}],
        "tiers": [
            {"name": "smoke", "effort": "low", "seed_block": "search", "seeds": 1, "limit_s": 2}
        ],
    }
)
FILES = {
    "system.jinja": "Write {{ spec.functions[0].name }}.",
    "propose.jinja": (
        "{% for p in parents %}PARENT {{ p.name }} {{ p.score | score(2) }}\n{{ p.code }}\n"
        "{% endfor %}\n\n\n\n"
        "{% for s in siblings %}SIBLING {{ s.name }}\n{% endfor %}"
        "{% for b in baselines %}BASELINE {{ b.name }}\n{% endfor %}"
        "{% for f in failures %}FAILURE {{ f.kind }} x{{ f.count }}: {{ f.message | clip(20) }}\n"
        "{% endfor %}HINT {{ direction }}"
    ),
    "repair.jinja": "REPAIR {{ attempt }}\n{{ code }}\n{{ error_kind }}: {{ error_message }}",
}


def reader(files: dict[str, str]) -> Callable[[str], str]:
    def read(name: str) -> str:
        if name not in files:
            raise UserError(f"no prompt {name}")
        return files[name]

    return read


def peer(index: int, kind: CandidateKind, score: float | None, **changes: Any) -> Peer:
    values: dict[str, Any] = {
        "name": f"{kind}_{index}",
        "thought": "",
        "stage": "search",
        "code": "{{ 7 * 6 }}",
    }
    return Peer(id=f"c{index}", index=index, kind=kind, score=score, **{**values, **changes})


VISIBLE = (
    peer(0, "baseline", 0.7),
    peer(1, "baseline", 0.8),
    peer(2, "proposal", 0.9),
    peer(3, "proposal", None, error_kind="shape", error_message="returned a scalar, not [4]"),
)


def context(**changes: Any) -> ProposerContext:
    values: dict[str, Any] = {
        "spec": SPEC,
        "prompts": load_prompts(reader(FILES)),
        "campaign_seed": 5,
    }
    return ProposerContext(**{**values, "visible": VISIBLE, **changes})


def test_a_proposal_shows_parent_siblings_baselines_failures_and_a_hint() -> None:
    request = LlmProposer("best").request(context(), 0, ())
    system, user = request.completion.messages
    assert (system.role, system.content) == ("system", "Write loss.\n")
    hint = request.direction
    assert user.role == "user"
    assert user.content == (
        "PARENT proposal_2 0.90\n{{ 7 * 6 }}\n\nBASELINE baseline_1\nBASELINE baseline_0\n"
        f"FAILURE shape x1: returned a scalar...\nHINT {hint}\n"
    )
    assert request.completion.schema == proposal_schema(context().spec)
    assert request.parents == ("c2",)
    assert request.provenance["strategy"] == "best"


def test_the_list_of_baselines_is_the_same_in_every_prompt() -> None:
    text = LlmProposer("best").request(context(visible=VISIBLE[:2]), 0, ())
    assert text.parents == ("c1",)
    assert "BASELINE baseline_1\nBASELINE baseline_0" in text.completion.messages[1].content


def test_a_repair_shows_the_code_and_the_error() -> None:
    previous = [Attempt("def loss(x): return 0", "shape", "returned a scalar")]
    request = LlmProposer().request(context(), 3, previous)
    assert request.completion.messages[1].content == (
        "REPAIR 1\ndef loss(x): return 0\nshape: returned a scalar\n"
    )
    assert request.role == "repair"
    assert request.parents == ()


def test_the_sampling_follows_what_is_asked() -> None:
    sampling = Sampling(
        temperature=0.7,
        explore_temperature=1.1,
        repair_temperature=0.2,
        max_tokens=9,
        timeout_s=3,
    )
    previous = Attempt("x", "syntax", "bad")
    asked = {
        0.7: LlmProposer("best", sampling).request(context(), 0, ()),
        1.1: LlmProposer("explore", sampling).request(context(), 0, ()),
        0.2: LlmProposer("best", sampling).request(context(), 0, [previous]),
    }
    for temperature, request in asked.items():
        sent = request.completion
        assert (sent.temperature, sent.max_tokens, sent.timeout_s) == (temperature, 9, 3)


def test_the_same_state_asks_the_same_and_every_slot_and_attempt_has_its_own_seed() -> None:
    proposer = LlmProposer()
    assert proposer.request(context(), 4, ()) == proposer.request(context(), 4, ())
    shuffled = context(visible=VISIBLE[::-1])
    assert proposer.request(shuffled, 4, ()) == proposer.request(context(), 4, ())
    previous = Attempt("x", "syntax", "bad")
    seeds = {
        proposer.request(context(campaign_seed=seed), slot, [previous] * attempt).completion.seed
        for seed in (0, 1)
        for slot in range(20)
        for attempt in range(3)
    }
    assert len(seeds) == 2 * 20 * 3
    assert all(0 <= seed < 2**31 for seed in seeds)


def test_slots_differ_in_parents_and_hints() -> None:
    requests = [LlmProposer().request(context(), slot, ()) for slot in range(40)]
    assert len({request.direction for request in requests}) > 8
    assert {request.provenance["strategy"] for request in requests} == {
        "weighted",
        "best",
        "explore",
    }


@pytest.mark.parametrize(
    "kinds", [("known",), ("duplicate",), ("no_gradient",), ("shape", "shape"), ("syntax", "known")]
)
def test_what_is_nothing_new_or_was_repaired_in_vain_starts_afresh(kinds: tuple[str, ...]) -> None:
    previous = [Attempt("FAILED CODE", kind, f"a {kind} error") for kind in kinds]
    proposer = LlmProposer("best")
    first, again = proposer.request(context(), 3, ()), proposer.request(context(), 3, previous)
    assert (again.role, again.provenance["strategy"], again.parents) == ("propose", "afresh", ())
    assert again.completion.temperature == Sampling().explore_temperature
    text = again.completion.messages[1].content
    assert f"FAILURE {kinds[-1]} x1: a {kinds[-1]} error" in text
    assert "FAILED CODE" not in text
    assert "PARENT" not in text
    assert again.completion.seed != first.completion.seed


def test_another_error_is_repaired_again() -> None:
    previous = [Attempt("x", "syntax", "bad"), Attempt("y", "shape", "a scalar")]
    assert LlmProposer().request(context(), 3, previous).role == "repair"


def test_prompt_records_hold_every_file_with_its_hash() -> None:
    records = load_prompts(reader(FILES)).records()
    assert [record.name for record in records] == sorted([*PROMPT_NAMES, "directions.txt"])
    changed = load_prompts(reader({**FILES, "system.jinja": "Other."})).records()
    differing = [a.name for a, b in zip(records, changed, strict=True) if a.hash != b.hash]
    assert differing == ["system.jinja"]


def test_a_template_may_bring_its_own_directions() -> None:
    own = "# for this template\n[2] join\n[1] vary\n[0] invent\nanything\n"
    prompts = load_prompts(reader({**FILES, "directions.txt": own}))
    rng = np.random.default_rng(0)
    drawn = [{draw_direction(prompts, parents, rng) for _ in range(60)} for parents in range(3)]
    assert drawn == [{"invent", "anything"}, {"vary", "anything"}, {"join", "vary", "anything"}]
    only = load_prompts(reader({**FILES, "directions.txt": "[2] join\n"}))
    assert draw_direction(only, 0, rng) == "join"


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"system.jinja": "{% if %}"}, r"system\.jinja, line 1"),
        ({"directions.txt": "# nothing\n"}, "holds no direction"),
    ],
)
def test_broken_prompt_files_are_refused_by_name(changes: dict[str, str], says: str) -> None:
    with pytest.raises(UserError, match=says):
        load_prompts(reader({**FILES, **changes}))


def test_a_missing_prompt_file_is_refused() -> None:
    with pytest.raises(UserError, match=r"repair\.jinja"):
        load_prompts(reader({name: FILES[name] for name in PROMPT_NAMES[:2]}))


def test_an_unknown_variable_names_the_file_and_the_known_ones() -> None:
    prompts = load_prompts(reader({**FILES, "repair.jinja": "{{ eror }}"}))
    with pytest.raises(UserError, match=r"repair\.jinja.*eror.*it may use code"):
        render(prompts, "repair.jinja", {"spec": SPEC, "code": ""})


@pytest.mark.parametrize(
    ("prompt", "says"),
    [
        ("{{ spec.__class__.__mro__ }}", "__class__.* is unsafe"),
        ("{{ cycler.__init__.__globals__.os.system('touch ' + file) }}", "__init__.* is unsafe"),
        ("{{ shown.append(1) }}", "append.* is unsafe"),
        ("{% for i in range(10 ** 9) %}{% endfor %}", "Range too big"),
    ],
)
def test_a_prompt_of_a_template_reaches_only_what_it_is_given(
    prompt: str, says: str, tmp_path: Path
) -> None:
    prompts = load_prompts(reader({**FILES, "repair.jinja": prompt}))
    shown = [0]
    variables = {"spec": SPEC, "code": "", "shown": shown, "file": str(tmp_path / "mark")}
    with pytest.raises(UserError, match=rf"prompts/repair\.jinja: .*{says}"):
        render(prompts, "repair.jinja", variables)
    assert shown == [0]
    assert not list(tmp_path.iterdir())


def test_the_prompts_of_every_shipped_template_render() -> None:
    templates = pytest.importorskip("templates.registry")
    names = templates.template_names()
    choices = [
        (name, {setting: choice})
        for name in names
        for setting, offered in templates.load_template(name).spec.settings.items()
        for choice in offered.choices
    ]
    for name, chosen in [*((name, {}) for name in names), *choices]:
        template = templates.load_template(name, chosen)
        prompts = load_prompts(template.prompt)
        baselines = tuple(
            peer(i, "baseline", 0.5 + i / 100, name=b.name, code=b.code)
            for i, b in enumerate(template.baselines)
            if not b.is_control
        )
        code = baselines[-1].code
        visible = tuple(replace(one, code=code) for one in VISIBLE[2:])
        shown = context(spec=template.spec, prompts=prompts, visible=baselines + visible)
        for slot in range(8):
            request = LlmProposer().request(shown, slot, ())
            text = "\n".join(message.content for message in request.completion.messages)
            for function in template.spec.functions:
                assert function.name in text or not function.required
            assert request.direction is not None
            assert request.direction in text
        previous = Attempt("def wrong(): ...", "shape", "returned a scalar")
        repair = LlmProposer().request(shown, 0, [previous]).completion.messages[1].content
        assert "def wrong(): ..." in repair
        assert "returned a scalar" in repair
        assert Path(template.path / "prompts").is_dir()
