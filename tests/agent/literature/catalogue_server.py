"""A local HTTP server that answers as Semantic Scholar and OpenAlex do, or fails as they do.

The shapes are those of both services' public documentation and of recorded answers: field names,
nesting, nulls, paging by ``offset``/``next`` and by ``page``, bodies of errors.
"""

from __future__ import annotations

import time
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from tests.data.scripted_server import BaseScript, ScriptedHandler, serving

PAPERS = [
    ("Direct Preference Optimization", "A logistic loss on pairs.", 2023, "2305.18290"),
    ("A General Theoretical Paradigm", "A squared distance from a margin.", 2023, "2310.12036"),
    ("Sequence Likelihood Calibration", None, 2023, "2305.10425"),
    ("Rank Analysis of Incomplete Block Designs", None, 1952, None),
    ("A Study without Much", "", None, None),
]


@dataclass
class Script(BaseScript):
    """What catalogues hold, and what arrived."""

    retry_after_s: int = 0
    retry_after: str = ""
    papers: list[tuple[str, str | None, int | None, str | None]] = field(
        default_factory=lambda: list(PAPERS)
    )
    received: list[dict[str, str]] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    at: list[float] = field(default_factory=list)


def semantic_scholar(script: Script, query: dict[str, str]) -> Any:
    offset, limit = int(query["offset"]), int(query["limit"])
    page = script.papers[offset : offset + limit]
    answer: dict[str, Any] = {"total": len(script.papers), "offset": offset}
    if offset + limit < len(script.papers):
        answer["next"] = offset + limit
    if script.papers:
        answer["data"] = [
            {
                "paperId": f"{number:040x}",
                "externalIds": {"CorpusId": 1000 + number, **({"ArXiv": arxiv} if arxiv else {})},
                "title": title,
                "abstract": abstract,
                "venue": "",
                "year": year,
                "authors": [{"authorId": None, "name": "A. One"}, {"authorId": "2", "name": "B."}],
            }
            for number, (title, abstract, year, arxiv) in enumerate(page, offset)
        ]
    return answer


def openalex(script: Script, query: dict[str, str]) -> Any:
    size, page = int(query["per-page"]), int(query["page"])
    shown = script.papers[(page - 1) * size : page * size]
    return {
        "meta": {
            "count": len(script.papers),
            "db_response_time_ms": 21,
            "page": page,
            "per_page": size,
            "groups_count": None,
        },
        "results": [
            {
                "id": f"https://openalex.org/W{number}",
                "doi": f"https://doi.org/10.48550/arXiv.{arxiv}" if arxiv else None,
                "display_name": title,
                "publication_year": year,
                "authorships": [
                    {
                        "author_position": "first",
                        "author": {"id": "https://openalex.org/A1", "display_name": "A. One"},
                        "institutions": [],
                    }
                ],
                "primary_location": {"source": None, "landing_page_url": None} if arxiv else None,
                "abstract_inverted_index": _inverted(abstract),
            }
            for number, (title, abstract, year, arxiv) in enumerate(shown, (page - 1) * size)
        ],
        "group_by": [],
    }


# By a name: the field of Semantic Scholar's, the field of OpenAlex's, and what is in it instead.
ODD_FIELDS: dict[str, tuple[str, str, Any]] = {
    "authors_are_names": ("authors", "authorships", ["A. One"]),
    "authors_are_one_name": ("authors", "authorships", "A. One"),
    "identifiers_are_a_list": ("externalIds", "primary_location", ["10.1/x"]),
    "identifiers_are_a_text": ("externalIds", "primary_location", "10.1/x"),
    "abstract_without_places": ("abstract", "abstract_inverted_index", {"loss": 0}),
    "year_is_a_text": ("year", "publication_year", "2023"),
    "title_is_a_list": ("title", "display_name", ["Direct"]),
    "key_is_a_number": ("paperId", "id", 7),
}


def _inverted(text: str | None) -> dict[str, list[int]] | None:
    if text is None:
        return None
    index: dict[str, list[int]] = {}
    for place, word in enumerate(text.split()):
        index.setdefault(word, []).append(place)
    return index


class _Handler(ScriptedHandler[Script]):
    def do_GET(self) -> None:  # noqa: N802 - the base class's name
        script = self.server.script
        parts = urlsplit(self.path)
        query = dict(parse_qsl(parts.query))
        script.received.append(query)
        script.headers.append({name.lower(): value for name, value in self.headers.items()})
        script.at.append(time.monotonic())
        answers = {"/graph/v1/paper/search": semantic_scholar, "/works": openalex}
        if parts.path not in answers:
            self.send_json(404, {"error": "Not Found"})
            return
        behavior = script.next_behavior()
        answer = answers[parts.path](script, query)
        if behavior in ODD_FIELDS:
            self.do_odd_field(script, answer, behavior)
        else:
            getattr(self, f"do_{behavior}")(script, answer)

    def do_ok(self, script: Script, answer: Any) -> None:
        self.send_json(200, answer)

    def do_rate_limit(self, script: Script, answer: Any) -> None:
        message = "Too Many Requests. Please wait and try again or apply for a key."
        headers = {"Retry-After": str(script.retry_after_s)} if script.retry_after_s else {}
        self.send_json(429, {"message": message, "code": "429"}, headers)

    def do_rate_limit_until(self, script: Script, answer: Any) -> None:
        moment = datetime.now(UTC) + timedelta(seconds=script.retry_after_s)
        headers = {"Retry-After": format_datetime(moment, usegmt=True)}
        self.send_json(429, {"error": "Rate limit exceeded"}, headers)

    def do_rate_limit_oddly(self, script: Script, answer: Any) -> None:
        self.send_json(429, {"error": "Rate limit exceeded"}, {"Retry-After": script.retry_after})

    def do_server_error(self, script: Script, answer: Any) -> None:
        self.send_json(500, {"message": "Internal Server Error"})

    def do_gateway_timeout(self, script: Script, answer: Any) -> None:
        self.send_json(504, {"message": "Endpoint request timed out"})

    def do_bad_query(self, script: Script, answer: Any) -> None:
        self.send_json(400, {"error": "Unacceptable query params: [offset=-1]"})

    def do_forbidden(self, script: Script, answer: Any) -> None:
        self.send_json(403, {"message": "Forbidden"})

    def do_hang(self, script: Script, answer: Any) -> None:
        self.hang()

    def do_drip(self, script: Script, answer: Any) -> None:
        self.drip()

    def do_cut(self, script: Script, answer: Any) -> None:
        self.cut_off(answer)

    def do_malformed(self, script: Script, answer: Any) -> None:
        self.send_bytes(200, b'{"total": 3, "data": [')

    def do_page_of_html(self, script: Script, answer: Any) -> None:
        self.send_bytes(200, b"<html>We are down</html>", {"Content-Type": "text/html"})

    def do_other_shape(self, script: Script, answer: Any) -> None:
        self.send_json(200, {"message": "Endpoint moved"})

    def do_matches_without_data(self, script: Script, answer: Any) -> None:
        empty: list[Any] = []
        self.send_json(
            200,
            {"total": 12, "offset": 0, "data": empty, "meta": {"count": 12}, "results": empty},
        )

    def do_list_of_all(self, script: Script, answer: Any) -> None:
        self.send_json(200, [answer])

    def do_null_for_a_paper(self, script: Script, answer: Any) -> None:
        papers = answer.get("data", answer.get("results"))
        papers[0] = None
        self.send_json(200, answer)

    def do_odd_field(self, script: Script, answer: Any, odd: str) -> None:
        papers = answer.get("data", answer.get("results"))
        of_semantic_scholar, of_openalex, content = ODD_FIELDS[odd]
        papers[0][of_semantic_scholar if "data" in answer else of_openalex] = content
        self.send_json(200, answer)

    def do_deep(self, script: Script, answer: Any) -> None:
        self.send_bytes(200, b"[" * 100_000)

    def do_half_a_character(self, script: Script, answer: Any) -> None:
        papers = answer.get("data", answer.get("results"))
        papers[0]["title" if "data" in answer else "display_name"] = "\ud83d"
        self.send_json(200, answer)


def serve() -> AbstractContextManager[tuple[str, Script]]:
    """Run the server; yields its address and its script."""
    return serving(_Handler, Script())
