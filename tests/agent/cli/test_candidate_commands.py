"""``best`` and ``show`` on a real archive."""

from __future__ import annotations

import pytest

from agent.archive import Archive
from tests.agent.cli.conftest import Discover, Home


def test_best_ranks_and_says_what_was_found(discover: Discover, home: Home) -> None:
    found = discover("best", "--home", home.path)
    assert found.code == 0
    names = ["tempered_logit", "dpo", "hinge", "weak_one"]
    places = [found.out.index(f"  {name} ") for name in names]
    assert places == sorted(places)
    assert "gain over dpo" in found.out
    assert "the best baseline" in found.out
    assert "discovery" in next(line for line in found.out.splitlines() if "-3 " in line)
    assert "1 discovery: tempered_logit beats dpo by +0.1" in found.out
    assert f"discover show {home.campaign[-4:]}-3" in found.out


def test_best_fits_a_narrow_terminal(
    discover: Discover, home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    lines = discover("best", "--home", home.path).out.splitlines()
    assert max(map(len, lines)) <= 80
    leader = next(line for line in lines if "tempered_logit" in line)
    assert leader.split()[-1] == "discovery"
    assert leader.split()[3] == f"{home_score(discover, home):.4f}"


def home_score(discover: Discover, home: Home) -> float:
    shown = discover("show", "tempered_logit", "--json", "--home", home.path)
    return float(shown.json["score"])


def test_best_keeps_to_the_limit(discover: Discover, home: Home) -> None:
    found = discover("best", "--limit", "1", "--json", "--home", home.path).json
    assert [row["candidate"]["name"] for row in found["candidates"]] == ["tempered_logit"]
    assert found["left_out"] > 0
    assert found["best_baseline"]["name"] == "dpo"
    assert found["discoveries"] == [home.ids["tempered_logit"]]


def test_best_gives_gains_that_pair_seeds(discover: Discover, home: Home) -> None:
    rows = discover("best", "--json", "--home", home.path).json["candidates"]
    by_name = {row["candidate"]["name"]: row for row in rows}
    # What a seed adds is common to all, so the paired interval is far narrower than the score's.
    gain, score = by_name["hinge"]["gain"], by_name["hinge"]["candidate"]
    assert gain["low"] <= gain["value"] <= gain["high"] < 0
    assert gain["value"] == pytest.approx(-0.1, abs=0.002)
    assert gain["high"] - gain["low"] < 0.2 * (score["score_high"] - score["score_low"])
    assert by_name["dpo"]["gain"] is None


def test_show_prints_everything(discover: Discover, home: Home) -> None:
    found = discover("show", "tempered_logit", "--home", home.path)
    assert found.code == 0
    for text in (
        home.ids["tempered_logit"],
        "proposal, by recorded:toy",
        "Soften the tail of [bold]DPO[/bold].",
        "return jnp.log1p(jnp.exp(-x))",
        r"\log\left(1 + e^{-x}\right)",
        f"dpo ({home.ids['dpo']})",
        "non_convex",
        "syntax: line 1: expected ':'",
        "Review by code: accept, score 0.9",
        "Sound; it does not touch the metric.",
        "noisy (held out)",
        "discovery",
    ):
        assert text in found.out, text


def test_show_says_where_each_result_was_measured(discover: Discover, home: Home) -> None:
    found = discover("show", "tempered_logit", "--home", home.path).out
    assert "process, every guarantee held (6 of 22 results)" in found
    assert "process, without files (16 of 22 results)" in found
    evaluations = discover("show", "tempered_logit", "--json", "--home", home.path).json[
        "evaluations"
    ]
    assert {entry["sandbox"] for entry in evaluations} == {"process"}
    assert [entry["guarantees"]["files"] for entry in evaluations].count(False) == 16


def test_show_keeps_fresh_seeds_apart(discover: Discover, home: Home) -> None:
    lines = discover("show", "tempered_logit", "--home", home.path).out.splitlines()
    scores = [line.split()[:3] for line in lines if line.strip().startswith(("search", "confirm"))]
    assert ["search", "plain", "6"] in scores
    assert ["confirm", "plain", "8"] in scores
    assert not any(line.strip().startswith("screen") for line in lines)


def test_show_of_a_screened_out_candidate(discover: Discover, home: Home) -> None:
    found = discover("show", "weak_one", "--home", home.path)
    assert "screened_out" in found.out
    assert any(line.split()[:3] == ["screen", "plain", "3"] for line in found.out.splitlines())
    assert f"tempered_logit ({home.ids['tempered_logit']})" in found.out


def test_show_names_the_known_loss(discover: Discover, home: Home) -> None:
    assert "known as  dpo" in discover("show", "same_as_dpo", "--home", home.path).out


def test_a_model_cannot_steer_the_terminal(discover: Discover, home: Home) -> None:
    name = next(name for name in home.ids if name.startswith("broken"))
    found = discover("show", home.ids[name], "--home", home.path)
    assert "shape: loss returned [2] where [batch] is wanted" in found.out
    assert "\x1b" not in found.out


def test_show_as_json(discover: Discover, home: Home) -> None:
    found = discover("show", "tempered_logit", "--json", "--home", home.path).json
    assert found["name"] == "tempered_logit"
    assert found["parents"] == [home.ids["dpo"]]
    assert found["children"] == [home.ids["weak_one"]]
    assert [attempt["error_kind"] for attempt in found["attempts"]] == ["syntax", None]
    assert len(found["evaluations"]) == 6 + 8 + 8
    assert found["reviews"][0]["verdict"] == "accept"


def test_show_takes_a_short_id(discover: Discover, home: Home) -> None:
    tag = home.campaign[-4:]
    assert discover("show", f"{tag}-3", "--json", "--home", home.path).json["name"] == (
        "tempered_logit"
    )


def test_unknown_candidate_names_near_ones(discover: Discover, home: Home) -> None:
    found = discover("show", "tempered_logi", "--home", home.path)
    assert found.code == 2
    assert "tempered_logit" in found.err
    assert found.err.count("\n") == 1


def test_numbers_that_json_lacks_become_null(discover: Discover, home: Home) -> None:
    with Archive(home.path / "archive.db") as archive:
        record = archive.evaluations(home.ids["dpo"])[0]
        from dataclasses import replace

        archive.add_evaluation(replace(record, seed=3, detail={"loss": float("nan")}))
    found = discover("show", "dpo", "--json", "--home", home.path).json
    assert {"loss": None} in [evaluation["detail"] for evaluation in found["evaluations"]]
