"""Valid and new proposals per minute of the local models, side by side.

    python -m tests.benchmarks.model_throughput --models 0.5b 1.5b --variants string --calls 12

For every setting the model writes proposals for the preference-loss task, and each goes through the
campaign's own tracer and verifier: valid means that it would be evaluated, new counts different
functions, up to scale and shift, that are no known loss. Wall-clock numbers depend on what else the
machine does; tokens and validity do not, so the table has both.
"""

from __future__ import annotations

import argparse
import json
import os
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from agent.llm import CompletionRequest, LanguageModel, Message, open_model
from agent.proposers.llm import LlmProposer
from agent.proposers.prompts import load_prompts
from agent.proposers.proposal import parse_proposal
from agent.proposers.proposer import ProposerContext
from agent.proposers.selection import Peer
from sandboxes.engines import Engine, open_engine
from sandboxes.process import ProcessSandbox
from templates.errors import CandidateError
from templates.registry import Template, load_template

ARGUMENTS = (
    "policy_chosen_logps, policy_rejected_logps, "
    "reference_chosen_logps, reference_rejected_logps, beta"
)
HEADER = f"def loss({ARGUMENTS}):"
IMPORTS = "import jax\nimport jax.numpy as jnp\n\n\n"
PRINTABLE = r"[ !#-\[\]-~]"
NAME = {"type": "string", "pattern": "^[a-z][a-z0-9_]{2,39}$"}
RHO = (
    "    rho = (policy_chosen_logps - reference_chosen_logps) - "
    "(policy_rejected_logps - reference_rejected_logps)"
)


class Checker:
    """What becomes of proposed code: the campaign's own tracer, verifier and fingerprints."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._known = {
            self._fingerprint(baseline.code): baseline.name
            for baseline in engine.template.baselines
        }

    def check(self, code: str) -> tuple[str, str]:
        """Its fingerprint, and ``new``, the name of a known loss, or the kind of its error."""
        try:
            fingerprint = self._fingerprint(code)
        except CandidateError as error:
            return "", error.kind
        return fingerprint, self._known.get(fingerprint, "new")

    def _fingerprint(self, code: str) -> str:
        return str(self._engine.inspect(self._engine.trace(code)).fingerprint)


SYSTEM = """\
You invent loss functions that train a language model from preference pairs (chosen, rejected).
{form}
Rules:
- Pure JAX: use only jnp (jax.numpy) and jax.nn. No printing, no classes, no random numbers.
- Arguments: four float arrays of shape [batch] with log-probabilities (always negative numbers), \
and the scalar beta.
- Return an array of shape [batch]: one loss for each pair. Do not take the mean or sum of it.
- The loss must be finite, and differentiable in the policy log-probabilities. Minimising it must \
raise the chosen against the rejected text.
"""

FORMS = {
    "string": (
        'Answer with one JSON object {"thought", "name", "code"}: the idea in one sentence, a '
        "short snake_case name, and the code as one string with \\n for line breaks. The code "
        f"is a complete Python function that starts with:\\n{HEADER}"
    ),
    "lines": (
        'Answer with one JSON object {"thought", "name", "code"}: the idea in one sentence, a '
        "short snake_case name, and the code as a list of lines. The lines are the body of this "
        f"Python function:\\n{HEADER}"
    ),
    "rho": (
        'Answer with one JSON object {"thought", "name", "code"}: the idea in one sentence, a '
        "short snake_case name, and the code as a list of lines. The lines continue this Python "
        f"function, in which jax and jnp are imported:\\n{HEADER}\\n{RHO}"
    ),
}
FORMS["prefix"] = FORMS["string"]
FORMS["body"] = FORMS["lines"].replace("a list of lines", "one string with \\n for line breaks")

EXAMPLES = [
    (
        "Logistic loss of the scaled margin, as DPO.",
        "logistic",
        ["    return -jax.nn.log_sigmoid(beta * rho)"],
    ),
    (
        "Hinge loss with a margin that grows where the reference was already right.",
        "reference_hinge",
        [
            "    margin = 1.0 + jax.nn.sigmoid(reference_chosen_logps - reference_rejected_logps)",
            "    return jnp.maximum(0.0, margin - beta * rho)",
        ],
    ),
]
DIRECTIONS = [
    "blend two known losses with a weight that depends on the margin",
    "make the loss robust to wrongly labelled pairs",
    "punish a falling log-probability of the chosen text",
    "use a smooth but bounded function of the margin",
    "use the batch statistics of the margin, such as its mean or standard deviation",
    "treat pairs that the reference already ranks correctly differently",
    "use an asymmetric function of the margin",
    "combine a margin term with a regulariser toward the reference",
]


@dataclass(frozen=True)
class Setting:
    model: str
    variant: str
    temperature: float
    slots: int
    thought: int
    order: str
    max_tokens: int


def code_schema(variant: str) -> dict[str, Any]:
    line = f"    {PRINTABLE}+"
    text: dict[str, dict[str, Any]] = {
        "string": {"type": "string", "maxLength": 1500},
        "prefix": {"type": "string", "pattern": f"^{_quoted(HEADER)}(\n{line}){{1,14}}$"},
        "body": {"type": "string", "pattern": f"^{line}(\n{line}){{0,13}}$"},
    }
    item = {"type": "string", "pattern": f"^{line}$"}
    return text.get(variant) or {"type": "array", "items": item, "minItems": 1, "maxItems": 14}


def _quoted(text: str) -> str:
    return text.replace("(", r"\(").replace(")", r"\)")


def schema(setting: Setting) -> dict[str, Any]:
    parts = {
        "thought": {"type": "string", "maxLength": setting.thought},
        "name": NAME,
        "code": code_schema(setting.variant),
    }
    names = ["code", "name", "thought"] if setting.order == "code" else list(parts)
    if setting.thought == 0:
        names.remove("thought")
    return {
        "type": "object",
        "properties": {name: parts[name] for name in names},
        "required": names,
        "additionalProperties": False,
    }


def shown(setting: Setting, thought: str, name: str, lines: list[str]) -> str:
    body = lines if setting.variant == "rho" else [RHO, *lines]
    code: Any = body
    if setting.variant in ("string", "prefix"):
        code = "\n".join([HEADER, *body])
    elif setting.variant == "body":
        code = "\n".join(body)
    content = {"thought": thought, "name": name, "code": code}
    order = schema(setting)["properties"]
    return json.dumps({key: content[key] for key in order}, separators=(",", ":"))


def request(setting: Setting, index: int) -> CompletionRequest:
    if setting.variant in ("template", "header"):
        return template_request(setting, index)
    examples = "\n".join(shown(setting, *example) for example in EXAMPLES)
    system = SYSTEM.format(form=FORMS[setting.variant]) + f"Examples:\n{examples}\n"
    direction = DIRECTIONS[index % len(DIRECTIONS)]
    user = f"Propose a new loss that differs from the examples. Direction: {direction}."
    return CompletionRequest(
        messages=(Message("system", system), Message("user", user)),
        schema=schema(setting),
        temperature=setting.temperature,
        max_tokens=setting.max_tokens,
        seed=1000 + index,
        timeout_s=600,
    )


def known_losses(template: Template, *, scored: bool) -> list[Peer]:
    """The baselines as a proposer sees them, with made-up scores where they are scored."""
    return [
        Peer(
            id=baseline.name,
            index=number,
            name=baseline.name,
            thought="",
            code=baseline.code,
            kind="baseline",
            stage="search",
            score=0.7 - 0.01 * number if scored else None,
        )
        for number, baseline in enumerate(template.baselines)
        if not baseline.is_control
    ]


def template_request(setting: Setting, index: int) -> CompletionRequest:
    """What a campaign sends at its start; ``template`` leaves the code's pattern out."""
    template = load_template("preference_loss")
    peers = known_losses(template, scored=True)
    context = ProposerContext(template.spec, load_prompts(template.prompt), 7, peers)
    sent = LlmProposer().request(context, index, ()).completion
    schema = json.loads(json.dumps(sent.schema))
    if setting.variant == "template":
        schema["properties"]["code"] = {"type": "string"}
    return replace(sent, schema=schema, temperature=setting.temperature, timeout_s=900)


def assemble(setting: Setting, text: str) -> str:
    if setting.variant in ("template", "header"):
        return parse_proposal(text).code
    code = json.loads(text)["code"]
    body = code if isinstance(code, str) else "\n".join(code)
    if setting.variant in ("string", "prefix"):
        return IMPORTS + body
    lead = f"{HEADER}\n{RHO}\n" if setting.variant == "rho" else f"{HEADER}\n"
    return IMPORTS + lead + body


def measure(
    model: LanguageModel, setting: Setting, calls: int, checker: Checker, log: Any
) -> dict[str, Any]:
    model.complete(request(setting, 0))  # Fills the prompt cache, as in a running campaign.
    started, cpu = time.monotonic(), time.process_time()
    with ThreadPoolExecutor(setting.slots) as pool:
        completions = list(pool.map(lambda i: model.complete(request(setting, i)), range(calls)))
    wall_s, cpu_s = time.monotonic() - started, time.process_time() - cpu
    why: Counter[str] = Counter()
    valid = 0
    functions = set()
    for completion in completions:
        code, fingerprint = None, ""
        try:
            code = assemble(setting, completion.text)
            fingerprint, result = checker.check(code)
        except (ValueError, KeyError, CandidateError):
            result = f"no JSON ({completion.finish_reason})"
        valid += bool(fingerprint)
        if result == "new":
            functions.add(fingerprint)
        else:
            why[result] += 1
        entry = {"setting": setting.__dict__, "result": result, "code": code}
        print(json.dumps({**entry, "text": completion.text}), file=log, flush=True)
    tokens = sum(completion.completion_tokens for completion in completions)
    return {
        "valid": valid,
        "new": len(functions),
        "tokens": tokens / calls,
        "prompt": sum(completion.prompt_tokens for completion in completions) / calls,
        "tokens_s": tokens / wall_s,
        "valid_min": 60 * valid / wall_s,
        "new_min": 60 * len(functions) / wall_s,
        "new_cpu_min": 60 * len(functions) / cpu_s,
        "tokens_cpu_s": tokens / cpu_s,
        "why": why,
    }


def formatted(setting: Setting, calls: int, row: dict[str, Any]) -> str:
    others = ", ".join(f"{count}x {reason}" for reason, count in row["why"].most_common())
    return (
        f"{setting.model:5} {setting.variant:7} {setting.temperature:4} {setting.slots:5} "
        f"{setting.thought:7} {setting.order:>7} | {row['valid']:3}/{calls:<3} "
        f"{row['new']:4} {row['prompt']:6.0f} {row['tokens']:6.0f} {row['tokens_s']:6.1f} "
        f"{row['valid_min']:9.2f} {row['new_min']:7.2f} "
        f"{row['tokens_cpu_s']:9.1f} {row['new_cpu_min']:11.2f} | {others}"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--models", nargs="+", default=["1.5b", "0.5b"])
    parser.add_argument("--variants", nargs="+", default=["string"])
    parser.add_argument("--temperatures", nargs="+", type=float, default=[0.8])
    parser.add_argument("--slots", nargs="+", type=int, default=[2])
    parser.add_argument("--thoughts", nargs="+", type=int, default=[200])
    parser.add_argument("--orders", nargs="+", default=["thought"], choices=["thought", "code"])
    parser.add_argument("--max-tokens", type=int, default=400)
    parser.add_argument("--calls", type=int, default=16)
    parser.add_argument("--log", default=os.devnull, help="JSONL with every proposal")
    options = parser.parse_args()
    print(
        f"{'model':5} {'variant':7} {'temp':>4} {'slots':>5} {'thought':>7} {'order':>7} | "
        f"{'valid':>7} {'new':>4} {'prompt':>6} {'tokens':>6} {'tok/s':>6} {'valid/min':>9} "
        f"{'new/min':>7} {'tok/CPU s':>9} {'new/CPU min':>11} | the others",
        flush=True,
    )
    with (
        Path(options.log).open("a", encoding="utf-8") as log,
        open_engine(load_template("preference_loss"), ProcessSandbox(), workers=1) as engine,
    ):
        checker = Checker(engine)
        for name in options.models:
            for slots in options.slots:
                model = open_model(f"local:qwen2.5-coder-{name}", slots=slots)
                for setting in (
                    Setting(name, variant, temperature, slots, thought, order, options.max_tokens)
                    for variant in options.variants
                    for temperature in options.temperatures
                    for thought in options.thoughts
                    for order in options.orders
                ):
                    row = measure(model, setting, options.calls, checker, log)
                    print(formatted(setting, options.calls, row), flush=True)
                model.close()


if __name__ == "__main__":
    main()
