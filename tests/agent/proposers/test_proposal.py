import json
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.proposers import Proposal, parse_proposal, proposal_schema, sanitize_name
from templates.edits import parse_edits
from templates.errors import CandidateError
from templates.registry import load_template

CODE = 'import jax.numpy as jnp\n\n\ndef loss(x):\n    return jnp.exp(-x)  # "steep"\n'
PLAIN = {"thought": "Steep losses help.", "name": "Exp Loss!", "code": CODE}
EXPECTED = Proposal("Steep losses help.", "exp_loss", CODE)


def spelled(**changes: object) -> str:
    return json.dumps({**PLAIN, **changes})


@pytest.mark.parametrize(
    "text",
    [
        spelled(),
        f"Sure! Here it is:\n```json\n{spelled()}\n```\nIt should {{work}}.",
        f"```\n{spelled()}",
        f"I considered {{x}} and then {spelled()} as the answer.",
        json.dumps({"answer": 1}) + "\n" + spelled(),
        spelled(code=f"```python\n{CODE}```"),
        spelled(code=f"Here is the code:\n```py\n{CODE}\n```\nDone."),
        spelled(code=CODE.replace("\n", "\r\n")),
        spelled(code=CODE.splitlines()),
        spelled(code=json.dumps(CODE)[1:-1]),
        spelled(code=f"\n\n{CODE}\n\n"),
        spelled().replace("\\n", "\n"),
        '{"thought": "Steep losses help.", "name": "exp_loss", "code": """' + CODE + '"""}',
        spelled(code=CODE.replace('"', "'")).replace('"', "”").replace("'", '\\"'),
    ],
    ids=[
        "plain", "fenced", "unclosed fence", "text around", "another object first",
        "fenced code", "code in prose", "carriage returns", "code as lines", "escaped twice",
        "blank lines", "raw newlines", "triple quotes", "smart quotes",
    ],
)  # fmt: skip
def test_the_same_proposal_is_read_from_every_form(text: str) -> None:
    assert parse_proposal(text) == EXPECTED


def test_smart_quotes_in_code_become_python_quotes_only_where_it_would_not_parse() -> None:
    broken = parse_proposal(spelled(code="def loss(x):\n    return d[“a”]\n"))
    assert broken.code == 'def loss(x):\n    return d["a"]\n'
    fine = "def loss(x):\n    return x  # the “good” one\n"
    assert parse_proposal(spelled(code=fine)).code == fine


def test_an_escape_that_python_reads_is_left_alone() -> None:
    one_line = 'loss = lambda x: print("a\\nb") or x\n'
    assert parse_proposal(spelled(code=one_line)).code == one_line


@pytest.mark.parametrize(
    ("text", "kind", "says"),
    [
        ("", "empty_answer", "thought"),
        (" \n\t", "empty_answer", "thought"),
        ("I cannot do that.", "malformed_json", "exactly one object"),
        ("[1, 2, 3]", "malformed_json", "exactly one object"),
        ('{"thought": "a", "name": "b", "code": "def loss(', "truncated_json", "Shorten"),
        ('{"thought": "a", "name": "b"}', "missing_field", '"code"'),
        ('{"name": "b", "code": "pass"}', "missing_field", '"thought"'),
        (spelled(code=""), "empty_code", "whole function"),
        (spelled(code="```python\n\n```"), "empty_code", "whole function"),
        (spelled(code=None), "wrong_type", "NoneType"),
        (spelled(name=7), "wrong_type", '"name"'),
        ("{" * 200_000, "too_long", "stay below"),
        ('{"a":' * 20_000, "truncated_json", "Shorten"),
        ('{"code": ' + "9" * 5_000 + "}", "malformed_json", "exactly one object"),
    ],
)
def test_what_is_no_proposal_says_what_to_change(text: str, kind: str, says: str) -> None:
    with pytest.raises(CandidateError) as caught:
        parse_proposal(text)
    assert caught.value.kind == kind
    assert says in caught.value.message


@pytest.mark.parametrize(
    ("raw", "clean"),
    [
        ("AdaptiveQuantileLoss", "adaptive_quantile_loss"),
        ("  log-cosh (v2)  ", "log_cosh_v2"),
        ("дпо", "unnamed"),
        ("", "unnamed"),
        ("a" * 80, "a" * 48),
    ],
)
def test_names_are_sanitized(raw: str, clean: str) -> None:
    assert sanitize_name(raw) == clean


@pytest.mark.parametrize(
    ("edits", "kept"),
    [
        ([("return loss", "return loss + (a ** 2)}}]}}")], ["return loss + (a ** 2)"]),
        ([("x = [1]", "x = [1, 2]]")], ["x = [1, 2]"]),
        ([("x = {1: [2]}", "x = {1: [3]}")], ["x = {1: [3]}"]),
        ([("    }", "        3: 4,\n    }")], ["        3: 4,\n    }"]),
        ([("    }]", "    }]}]}")], ["    }]"]),
        ([("x", "y[0]")], ["y[0]"]),
        ([("x = t[0]", 'x = t[k.index("]")]')], ['x = t[k.index("]")]']),
        ([("p = {", "p = [{"), ("\n}", "\n}]")], ["p = [{", "}]"]),
        ([("a", "b}]}"), ("c", "d}]}")], ["b", "d"]),
    ],
)
def test_the_end_of_an_answer_is_no_part_of_a_replacement(
    edits: list[tuple[str, str]], kept: list[str]
) -> None:
    said = [{"file": "model.py", "search": one, "replace": other} for one, other in edits]
    text = json.dumps({"thought": "t", "name": "n", "edits": said})
    found = parse_edits(parse_proposal(text).code)
    assert [edit.replace for edit in found] == kept


def test_what_no_database_stores_is_removed() -> None:
    text = '{"thought": "a\\ud800b\\u0000", "name": "n\\udfff", "code": "x = 1  # \\ud800"}'
    proposal = parse_proposal(text)
    assert proposal == Proposal("a?b", "n", "x = 1  # ?\n")


def test_the_schema_asks_for_the_thought_first() -> None:
    schema = proposal_schema(load_template("preference_loss").spec)
    assert list(schema["properties"]) == schema["required"]
    assert schema["required"] == ["thought", "name", "code"]


@pytest.mark.parametrize(
    ("body", "fits"),
    [
        ("    return x", True),
        ("    x = 1\n    return x", True),
        ("    returns = 1\n    return returns", True),
        ("    ret\n    r = 1\n    return ret", True),
        ("    def inner(x):\n        return x\n    return inner(1)", True),
        ("    x = 1", False),
        ("    return x\n    y = 1", False),
        ("    return x\n    return y", False),
        ("    return(x)\n    return y", False),
        ("    return x\n    ```", False),
        ("    x = '1'\n    return x", False),
    ],
)
def test_the_code_ends_with_the_first_return_of_the_function(body: str, fits: bool) -> None:
    schema = proposal_schema(load_template("preference_loss").spec)
    head = (
        "import jax\nimport jax.numpy as jnp\n\n\ndef loss(policy_chosen_logps, "
        "policy_rejected_logps, reference_chosen_logps, reference_rejected_logps, beta):\n"
    )
    pattern = schema["properties"]["code"]["pattern"]
    assert bool(re.search(pattern, head + body)) is fits


def check(text: str) -> None:
    try:
        proposal = parse_proposal(text)
    except CandidateError as error:
        # What goes into the archive and back to the model must be storable text.
        f"{error.kind}: {error.message}".encode()
        return
    assert sanitize_name(proposal.name) == proposal.name
    assert proposal.code.strip()
    assert "\0" not in proposal.code + proposal.thought
    assert (proposal.code + proposal.thought).encode()


@settings(max_examples=300, deadline=None)
@given(st.text())
def test_any_text_is_a_proposal_or_a_candidate_error(text: str) -> None:
    check(text)


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)


@settings(max_examples=300, deadline=None)
@given(
    st.dictionaries(st.sampled_from(["thought", "name", "code", "x"]), _JSON),
    st.text(max_size=20),
    st.text(max_size=20),
    st.booleans(),
)
def test_any_object_is_a_proposal_or_a_candidate_error(
    found: dict[str, object], before: str, after: str, ascii_only: bool
) -> None:
    check(before + json.dumps(found, ensure_ascii=ascii_only) + after)


@settings(max_examples=200, deadline=None)
@given(st.integers(0, 400))
def test_a_cut_answer_never_yields_a_cut_code(length: int) -> None:
    text = spelled()
    if length >= len(text):
        assert parse_proposal(text[:length]) == EXPECTED
        return
    with pytest.raises(CandidateError):
        parse_proposal(text[:length])


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=200), st.text(max_size=60), st.text(min_size=1, max_size=200))
def test_thought_and_code_survive(thought: str, name: str, body: str) -> None:
    code = f"# {body!r}\ndef loss(x):\n    return x\n"
    if "```" in code:
        return
    proposal = parse_proposal(json.dumps({"thought": thought, "name": name, "code": code}))
    # A representation never holds a raw newline or a lone surrogate, so the code stays as it is.
    assert proposal.code == code


SCRIPT = """import numpy as np
import math


def spread(count):
    kinds = {'a': 1}

    return np.zeros((count, 2))


def pack(count, seed):
    centres = spread(count)

    radii = np.zeros(count)
    return centres, radii"""


def test_a_script_is_whole_and_ends_with_its_function() -> None:
    schema = proposal_schema(load_template("circle_packing").spec)
    pattern = re.compile(schema["properties"]["code"]["pattern"])
    assert pattern.fullmatch(SCRIPT)
    for spoiled in (
        SCRIPT + "}",
        SCRIPT.replace("'a'", '"a"'),
        SCRIPT + "\n\n\ncentres, radii = pack(26, 0)",
        SCRIPT.replace("def pack", "def packs"),
        SCRIPT.replace("def pack(count, seed)", "def pack(seed)"),
        SCRIPT.replace("\n    radii", "\n\n\n    radii"),
    ):
        assert not pattern.fullmatch(spoiled), spoiled
