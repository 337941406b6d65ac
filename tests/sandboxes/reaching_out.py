"""What the tests of Landlock run without namespaces: an engine, and candidates that reach out.

``python reaching_out.py BAIT`` prints one JSON object: what the sandbox says of itself, what a
hostile candidate and a hostile script got hold of, and the score of an honest candidate before and
after.
"""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path

from sandboxes.contract import Role
from sandboxes.engines import Engine, open_engine
from sandboxes.process import ProcessSandbox
from sandboxes.protocol import Message
from templates.errors import CandidateError
from templates.registry import load_template

HONEST = "def loss(prediction, target):\n    return jnp.abs(prediction - target)\n"
# Names of what can be done to the outside; `found` is left empty where nothing can.
REACHING = """
import os, socket
found = []
def attempt(name, action):
    try:
        action()
    except OSError:
        return
    found.append(name)
bait, home, host = BAIT, HOME, HOST
attempt("read a file", lambda: open(bait).read())
attempt("write a file", lambda: open(bait, "a").write("x"))
attempt("truncate a file", lambda: os.truncate(bait, 0))
attempt("change its mode", lambda: os.chmod(bait, 0o777))
attempt("change its time", lambda: os.utime(bait))
attempt("remove a file", lambda: os.unlink(bait))
attempt("make a file", lambda: open(bait + ".new", "w"))
attempt("make a folder", lambda: os.mkdir(bait + ".folder"))
attempt("make a link", lambda: os.symlink(bait, bait + ".link"))
attempt("list the home", lambda: os.listdir(home))
attempt("list the root", lambda: os.listdir("/"))
attempt("list /proc", lambda: os.listdir("/proc"))
attempt("read another environment", lambda: open("/proc/%d/environ" % host, "rb").read())
attempt("read another memory", lambda: open("/proc/%d/mem" % host, "rb"))
attempt("run a program that is hidden", lambda: open(bait + "/../../agent/__init__.py"))
attempt("signal the host", lambda: os.kill(host, 0))
attempt("enter a namespace", lambda: open("/proc/%d/ns/net" % host))
attempt("use a device", lambda: open("/dev/tty0"))
for family in (socket.AF_INET, socket.AF_INET6, socket.AF_UNIX, socket.AF_NETLINK):
    attempt("make a socket of family %d" % family, lambda: socket.socket(family))
"""


def _reaching(bait: Path) -> str:
    """The hostile text with what it looks for filled in."""
    filled = {"BAIT": str(bait), "HOME": str(Path.home()), "HOST": os.getpid()}
    text = REACHING
    for name, value in filled.items():
        text = text.replace(f" {name},", f" {value!r},").replace(f", {name}\n", f", {value!r}\n")
    return text


def _traced(engine: Engine, bait: Path) -> list[str]:
    code = _reaching(bait) + "raise RuntimeError('FOUND' + repr(found))\n" + HONEST
    try:
        engine.trace(code)
    except CandidateError as error:
        said = error.message.split("FOUND")[1]
        return list(json.loads(said[: said.index("]") + 1].replace("'", '"')))
    raise AssertionError("it raised nothing")


def _run(sandbox: ProcessSandbox, bait: Path) -> tuple[list[str], list[str]]:
    """What a script got hold of in the lab, and the folders that were left behind."""
    role = Role("lab", "lab", "sandboxes.lab.runner", (), ("agent", "reviewers", "templates"),
                2**31, 64, False, {})  # fmt: skip
    before = set(bait.parent.parent.glob("discover-scratch-*"))
    code = _reaching(bait) + (
        "import sys, numpy\n"
        "open(os.environ['TMPDIR'] + '/mine', 'w').write('x')\n"
        "os.makedirs(os.environ['TMPDIR'] + '/closed/in', mode=0o300)\n"
        "if os.fork() == 0:\n"
        "    os.setsid()\n"
        "    if os.fork() == 0:\n"
        "        import time\n"
        "        time.sleep(600)\n"
        "    os._exit(0)\n"
        "def go():\n"
        "    sys.stderr.write('FOUND' + repr(found))\n"
        "    return numpy.zeros(1)\n"
    )
    handle = sandbox.start(role)
    pid = handle.pid
    try:
        handle.channel.receive(deadline=time.monotonic() + 60)
        body = {"entry": "mine:go", "arguments": {}, "outputs": ["x"], "timeout_s": 30, "cpu_s": 0}
        handle.channel.send(Message("run", body, {"file:mine.py": code.encode()}))
        ran = handle.channel.receive(deadline=time.monotonic() + 60)
    finally:
        handle.kill()
    assert ran.body["exit"] == 0, ran.body
    said = ran.body["said"].split("FOUND")[1]
    left = [str(path) for path in set(bait.parent.parent.glob("discover-scratch-*")) - before]
    left += [line for line in _processes() if f"discover-scratch-{os.getuid()}-{pid}" in line]
    return list(json.loads(said[: said.index("]") + 1].replace("'", '"'))), left


def _processes() -> list[str]:
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            found.append((entry / "environ").read_text(errors="replace"))
        except OSError:
            continue
    return found


def main() -> None:
    """Do all of it and tell."""
    bait = Path(sys.argv[1])
    sandbox = ProcessSandbox()
    template = load_template(Path(__file__).parents[1] / "data" / "robust_regression")
    scores = []
    with open_engine(template, sandbox, workers=1) as engine:
        # The screen explains rules to models; it is not what holds.
        engine.trace.__globals__["screen"] = lambda code, functions: None
        for _ in range(2):
            program = engine.trace(HONEST)
            scores.append(
                engine.evaluate(program, effort="full", task="outliers", seeds=[3])[0].metrics
            )
            traced = _traced(engine, bait)
    script, left = _run(sandbox, bait)
    print(
        json.dumps(
            {
                "guarantees": {one.name: one.holds for one in sandbox.guarantees()},
                "traced": traced,
                "script": script,
                "left": left,
                "scores": scores,
            }
        )
    )


if __name__ == "__main__":
    main()
