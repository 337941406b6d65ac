"""Both catalogues against a server that behaves, or fails, as theirs do."""

from __future__ import annotations

import errno
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from agent.literature import Fetcher, Found, OpenAlex, SemanticScholar, Unavailable
from agent.literature.cache import AnswerCache
from tests.agent.literature.catalogue_server import ODD_FIELDS, PAPERS, Script, serve

CATALOGUES = pytest.mark.parametrize("kind", [SemanticScholar, OpenAlex])


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[str, Script]]:
    for name in ("SEMANTIC_SCHOLAR_API_KEY", "OPENALEX_API_KEY", "http_proxy", "HTTP_PROXY"):
        monkeypatch.delenv(name, raising=False)
    with serve() as found:
        yield found


def opened(kind: Any, address: str, *, page: int = 100, **values: Any) -> tuple[Any, list[float]]:
    waited: list[float] = []
    fetcher = Fetcher(**{"wait": waited.append, "pause_s": 0.0, "timeout_s": 5.0, **values})
    return kind(fetcher, address, page), waited


@CATALOGUES
def test_papers_are_read_whole_nulls_included(kind: Any, server: tuple[str, Script]) -> None:
    catalogue, _ = opened(kind, server[0])
    found = catalogue.search("preference loss", 10)
    assert isinstance(found, Found)
    assert found.total == len(PAPERS)
    said = [(one.title, one.abstract or None, one.year, one.arxiv) for one in found.publications]
    assert said == [(title, text or None, year, arxiv) for title, text, year, arxiv in PAPERS]
    assert found.publications[0].authors[0] == "A. One"


@CATALOGUES
def test_pages_are_followed_to_the_limit_and_to_the_end(
    kind: Any, server: tuple[str, Script]
) -> None:
    catalogue, _ = opened(kind, server[0], page=2)
    assert len(catalogue.search("loss", 3).publications) == 3
    assert len(server[1].received) == 2
    titles = [one.title for one in catalogue.search("loss", 50).publications]
    assert titles == [title for title, *_ in PAPERS]
    assert len(server[1].received) == 5


@CATALOGUES
def test_no_match_is_an_answer(kind: Any, server: tuple[str, Script]) -> None:
    server[1].papers.clear()
    catalogue, _ = opened(kind, server[0])
    assert catalogue.search("nothing like it", 5) == Found(catalogue.name, "nothing like it", (), 0)


@CATALOGUES
@pytest.mark.parametrize(
    ("behavior", "said"),
    [
        ("rate_limit", "429"),
        ("server_error", "500"),
        ("gateway_timeout", "504"),
        ("cut", "connection failed"),
        ("malformed", "no JSON"),
        ("page_of_html", "no JSON"),
        ("deep", "no JSON"),
        ("half_a_character", "no JSON"),
        ("hang", "no answer within"),
        ("drip", "no whole answer within"),
    ],
)
def test_what_passes_is_tried_again_and_what_stays_is_unknown(
    kind: Any, server: tuple[str, Script], behavior: str, said: str
) -> None:
    address, script = server
    catalogue, waited = opened(kind, address, tries=2, timeout_s=0.4)
    script.behaviors = [behavior]
    assert isinstance(catalogue.search("loss", 5), Found)
    assert waited == [1.0]
    script.behaviors = [behavior, behavior]
    found = catalogue.search("loss", 5)
    assert isinstance(found, Unavailable)
    assert said in found.reason
    assert "2 times" in found.reason


@CATALOGUES
@pytest.mark.parametrize("behavior", ["bad_query", "forbidden"])
def test_what_cannot_pass_is_not_tried_again(
    kind: Any, server: tuple[str, Script], behavior: str
) -> None:
    address, script = server
    script.behaviors = [behavior]
    catalogue, waited = opened(kind, address)
    assert isinstance(catalogue.search("loss", 5), Unavailable)
    assert len(script.received) == 1
    assert waited == []


@CATALOGUES
@pytest.mark.parametrize(
    "behavior",
    ["other_shape", "list_of_all", "null_for_a_paper", "matches_without_data", *ODD_FIELDS],
)
def test_what_is_not_understood_is_unknown_once_and_never_kept(
    kind: Any, server: tuple[str, Script], tmp_path: Path, behavior: str
) -> None:
    address, script = server
    script.behaviors = [behavior]
    catalogue, waited = opened(kind, address, cache=AnswerCache(tmp_path))
    found = catalogue.search("loss", 5)
    assert isinstance(found, Unavailable)
    assert "not that of a search" in found.reason
    assert len(script.received) == 1
    assert waited == []
    assert list(tmp_path.iterdir()) == []
    # The server is itself again.
    assert isinstance(catalogue.search("loss", 5), Found)


@CATALOGUES
def test_what_was_kept_and_is_not_understood_is_asked_for_again(
    kind: Any, server: tuple[str, Script], tmp_path: Path
) -> None:
    address, script = server
    catalogue, _ = opened(kind, address, cache=AnswerCache(tmp_path))
    first = catalogue.search("loss", 5)
    (file,) = tmp_path.iterdir()
    whole = json.loads(file.read_text())
    file.write_text(json.dumps({**whole, "answer": {"message": "Too Many Requests"}}))
    assert catalogue.search("loss", 5) == first
    assert len(script.received) == 2
    assert catalogue.search("loss", 5) == first
    assert len(script.received) == 2


@CATALOGUES
def test_answers_that_cannot_be_kept_are_used_and_that_is_said_once(
    kind: Any, server: tuple[str, Script], tmp_path: Path
) -> None:
    address, script = server
    (tmp_path / "file").write_text("no folder")
    said: list[str] = []
    cache = AnswerCache(tmp_path / "file" / "literature", notify=said.append)
    catalogue, _ = opened(kind, address, cache=cache)
    for _ in range(2):
        assert isinstance(catalogue.search("loss", 5), Found)
    assert len(script.received) == 2
    (line,) = said
    assert "not kept" in line
    assert str(tmp_path / "file") in line


def test_a_full_disk_leaves_no_half_an_answer(
    server: tuple[str, Script], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: Any) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    said: list[str] = []
    cache = AnswerCache(tmp_path, notify=said.append)
    catalogue, _ = opened(OpenAlex, server[0], cache=cache)
    with monkeypatch.context() as patched:
        patched.setattr(Path, "replace", full)
        assert isinstance(catalogue.search("loss", 5), Found)
    assert list(tmp_path.iterdir()) == []
    assert len(said) == 1
    assert isinstance(catalogue.search("loss", 5), Found)
    assert len(list(tmp_path.iterdir())) == 1


@CATALOGUES
def test_a_page_that_fails_spoils_the_search(kind: Any, server: tuple[str, Script]) -> None:
    server[1].behaviors = ["ok", "server_error", "server_error"]
    catalogue, _ = opened(kind, server[0], page=2, tries=2)
    assert isinstance(catalogue.search("loss", 5), Unavailable)


@pytest.mark.parametrize("behavior", ["rate_limit", "rate_limit_until"])
def test_a_server_is_left_alone_as_long_as_it_asks(
    server: tuple[str, Script], behavior: str
) -> None:
    address, script = server
    script.behaviors, script.retry_after_s = [behavior], 9
    catalogue, waited = opened(SemanticScholar, address)
    assert isinstance(catalogue.search("loss", 5), Found)
    (pause,) = waited
    assert 7 < pause <= 9
    script.behaviors, script.retry_after_s = [behavior], 3600
    found = catalogue.search("other", 5)
    assert isinstance(found, Unavailable)
    assert "asks for" in found.reason
    assert len(waited) == 1


@pytest.mark.parametrize("text", ["²", "-5", "soon", "1 Jan 99999999999 00:00:00 GMT", ","])
def test_an_odd_time_to_wait_says_nothing(server: tuple[str, Script], text: str) -> None:
    address, script = server
    script.behaviors, script.retry_after = ["rate_limit_oddly"], text
    catalogue, waited = opened(SemanticScholar, address)
    assert isinstance(catalogue.search("loss", 5), Found)
    assert waited == [1.0]


def test_nobody_there_is_unknown() -> None:
    with serve() as (address, _):
        pass
    catalogue, _ = opened(SemanticScholar, address, tries=2)
    found = catalogue.search("loss", 5)
    assert isinstance(found, Unavailable)
    assert "connection failed" in found.reason


def test_requests_keep_their_distance(server: tuple[str, Script]) -> None:
    catalogue, waited = opened(SemanticScholar, server[0], page=2, pause_s=30.0)
    catalogue.search("loss", 5)
    # Nobody really waited, so the second one would have to wait twice as long.
    assert [round(pause / 30.0) for pause in waited] == [1, 2]


@CATALOGUES
def test_keys_are_sent_and_stand_nowhere(
    kind: Any, server: tuple[str, Script], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SEMANTIC_SCHOLAR_API_KEY", "s3cret")
    monkeypatch.setenv("OPENALEX_API_KEY", "s3cret")
    address, script = server
    catalogue, _ = opened(kind, address, cache=AnswerCache(tmp_path))
    catalogue.search("loss", 5)
    sent = [*script.received[0].values(), *script.headers[0].values()]
    assert "s3cret" in sent
    assert not any("s3cret" in file.read_text() for file in tmp_path.iterdir())
    script.behaviors = ["forbidden"]
    assert "s3cret" not in catalogue.search("other", 5).reason


@CATALOGUES
def test_answers_are_kept_and_failures_are_not(
    kind: Any, server: tuple[str, Script], tmp_path: Path
) -> None:
    address, script = server
    script.behaviors = ["malformed"]
    catalogue, _ = opened(kind, address, tries=1, cache=AnswerCache(tmp_path))
    assert isinstance(catalogue.search("loss", 5), Unavailable)
    first = catalogue.search("loss", 5)
    assert isinstance(first, Found)
    asked = len(script.received)
    other, _ = opened(kind, address, cache=AnswerCache(tmp_path))
    assert other.search("loss", 5) == first
    assert len(script.received) == asked
    for file in tmp_path.iterdir():
        file.write_text("{damaged")
    assert other.search("loss", 5) == first
    assert len(script.received) == asked + 1
    old, _ = opened(kind, address, cache=AnswerCache(tmp_path, kept_s=-1.0))
    old.search("loss", 5)
    assert len(script.received) == asked + 2
