"""Containers: what they are given and what is left of them; and what is said without Docker."""

from __future__ import annotations

import dataclasses
import re
import socket
import subprocess
from pathlib import Path

import docker
import pytest

from agent.cli.commands.sandbox import _Accelerator
from agent.cli.commands.sandbox import build as build_command
from agent.evaluation.platforms import choose_platform
from agent.evaluation.single import evaluate_file
from sandboxes.contract import Role
from sandboxes.docker import OWNER_LABEL, Container, DockerSandbox, leftovers
from sandboxes.engines import Engine, open_engine
from sandboxes.engines.experiment import ExperimentEngine
from sandboxes.engines.function import FunctionEngine
from sandboxes.engines.script import ScriptEngine
from sandboxes.images import building
from sandboxes.images.locked import locked_for
from templates.errors import InfrastructureError, UserError
from templates.registry import load_template

pytestmark = pytest.mark.gate

TEMPLATE = Path(__file__).parents[1] / "data" / "robust_regression"


def test_without_an_engine_a_person_is_told_how_to_get_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", "unix:///nowhere/docker.sock")
    with pytest.raises(UserError, match=r"no Docker engine answers .* Install one"):
        DockerSandbox()


def test_an_unknown_runtime_is_named(docker_client: docker.DockerClient) -> None:
    with pytest.raises(UserError, match=r"no runtime 'runsk'; it knows .*runc"):
        DockerSandbox(engine=docker_client, runtime="runsk")


def test_every_guarantee_holds(docker_client: docker.DockerClient) -> None:
    missing = [g for g in DockerSandbox(engine=docker_client).guarantees() if not g.holds]
    assert not missing


def test_a_container_gets_nothing_that_it_does_not_need(
    docker_client: docker.DockerClient, engine: Engine
) -> None:
    if not isinstance(engine.sandbox, DockerSandbox):
        return
    for role in ("evaluator", "tracer"):
        handle = engine.processes(role)[0]
        assert isinstance(handle, Container)
        seen = docker_client.api.inspect_container(handle.id)
        given = seen["HostConfig"]
        assert given["NetworkMode"] == "none"
        assert given["IpcMode"] == "none"
        assert given["ReadonlyRootfs"]
        assert given["CapDrop"] == ["ALL"]
        assert not given["CapAdd"]
        assert not given["Privileged"]
        assert given["Memory"] == given["MemorySwap"] > 0
        assert given["PidsLimit"] > 0
        assert given["NanoCpus"] > 0
        assert "no-new-privileges:true" in given["SecurityOpt"]
        assert any('"defaultAction": "SCMP_ACT_ERRNO"' in opt for opt in given["SecurityOpt"])
        assert not given["Devices"]
        assert not given["DeviceRequests"]
        assert given["LogConfig"]["Type"] == "none"
        assert all(not mount["RW"] for mount in seen["Mounts"] if mount["Type"] == "bind")
        assert seen["Config"]["User"] == "65534:65534"
        names = {variable.partition("=")[0] for variable in seen["Config"]["Env"] or ()}
        assert names <= {"PATH", "LANG", "GPG_KEY", "PYTHON_VERSION", "PYTHON_SHA256"}


def test_what_a_dead_campaign_left_is_removed_at_the_next_start(
    docker_client: docker.DockerClient,
) -> None:
    image = building.find(docker_client, "tracer", "cpu")
    assert image is not None
    owner = f"{socket.gethostname()}/{2**22 + 1}/1"
    left = docker_client.containers.create(
        image, command=["{}"], labels={OWNER_LABEL: owner}, network_mode="none"
    )
    assert left.id in {container.id for container in leftovers(docker_client)}
    DockerSandbox(engine=docker_client)
    everything = leftovers(docker_client, everything=True)
    assert left.id not in {container.id for container in everything}


def test_images_are_built_once_and_named_by_their_content(
    docker_client: docker.DockerClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[str] = []
    for role in building.ROLES:
        tag = building.find(docker_client, role, "cpu")
        assert tag is not None
        base = docker_client.images.get(tag).labels["discovery-agent.base"]
        assert building.build(docker_client, role, base=base, notify=told.append) == tag
    assert not told
    monkeypatch.delenv("DISCOVER_BASE_IMAGE", raising=False)
    assert building.usual_base(docker_client) == base
    monkeypatch.setenv("DISCOVER_BASE_IMAGE", "another:one")
    assert building.usual_base(docker_client) == "another:one"
    assert {image.role for image in building.images(docker_client) if image.current} == set(
        building.ROLES
    )


def test_the_tracer_image_holds_no_core_and_no_baseline(docker_client: docker.DockerClient) -> None:
    tag = building.find(docker_client, "tracer", "cpu")
    look = (
        "import os; print([folder for folder in ('/app/templates', '/app/agent', "
        "'/app/sandboxes/evaluator', '/app/sandboxes/engines') if os.path.exists(folder)])"
    )
    assert tag is not None
    said = docker_client.containers.run(
        tag, ["-I", "-c", look], entrypoint="python3", network_mode="none", remove=True
    )
    assert said.decode().strip() == "[]"


def test_docker_and_processes_give_the_same_bits(
    docker_client: docker.DockerClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sandboxes.docker.client", lambda: docker_client)
    file = tmp_path / "loss.py"
    file.write_text(
        "def loss(prediction, target):\n    return jnp.abs(prediction - target) ** 1.5\n"
    )
    found = {
        name: evaluate_file(str(TEMPLATE), file, sandbox=name, workers=1)
        for name in ("docker", "process")
    }
    assert {name: result["sandbox"] for name, result in found.items()} == {
        "docker": "docker",
        "process": "process",
    }
    assert found["docker"]["error"] is None
    assert found["docker"]["score"] == found["process"]["score"]
    assert found["docker"]["per_seed"] == found["process"]["per_seed"]


class EngineWithGpu:
    """The real engine, which says of itself that it hands out GPUs."""

    def __init__(self, inside: docker.DockerClient, **said: object) -> None:
        self._inside = inside
        self._said = said

    def info(self) -> dict[str, object]:
        return {**self._inside.info(), **self._said}

    def __getattr__(self, name: str) -> object:
        return getattr(self._inside, name)


RUNTIME = {"Runtimes": {"runc": {}, "nvidia": {"path": "nvidia-container-runtime"}}}
DEVICES = {
    "Runtimes": {"runc": {}},
    "DiscoveredDevices": [{"Source": "cdi", "ID": f"nvidia.com/gpu={one}"} for one in ("0", "all")],
}


@pytest.mark.parametrize("said", [RUNTIME, DEVICES], ids=["runtime", "cdi"])
def test_the_engine_says_whether_there_is_a_gpu(
    docker_client: docker.DockerClient, monkeypatch: pytest.MonkeyPatch, said: dict[str, object]
) -> None:
    """Nothing of this machine is looked at: the engine may be on another, and JAX is in there."""
    told: list[str] = []
    engine = EngineWithGpu(docker_client, **said)
    sandbox = DockerSandbox(engine=engine, notify=told.append)  # type: ignore[arg-type]
    spec = load_template(TEMPLATE).spec
    assert choose_platform(spec, sandbox) == "cpu"
    assert "discover sandbox build --accelerator cuda" in told[0]
    # As after that command, without the gigabytes.
    cpu = building.find(docker_client, "evaluator", "cpu")
    monkeypatch.setattr("sandboxes.docker.find", lambda engine, role, accelerator: cpu)
    assert sandbox.platforms() == ("cuda", "cpu")
    assert choose_platform(spec, sandbox) == "cuda"
    assert choose_platform(spec.model_copy(update={"population": {"cpu": 2}}), sandbox) == "cpu"
    without = EngineWithGpu(docker_client, Runtimes={"runc": {}}, DiscoveredDevices=None)
    assert DockerSandbox(engine=without).platforms() == ("cpu",)  # type: ignore[arg-type]


def test_one_command_builds_what_a_campaign_on_a_gpu_uses(
    docker_client: docker.DockerClient, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    built: set[tuple[str, str]] = set()

    def build(engine: object, role: str, *, accelerator: str = "cpu", **_: object) -> str:
        built.add((role, accelerator))
        return f"{role}-{accelerator}"

    monkeypatch.setattr(building, "client", lambda: docker_client)
    monkeypatch.setattr(building, "build", build)
    build_command(accelerator=_Accelerator.cuda, base="b", json=True)
    used: set[tuple[str, str]] = set()
    engine = EngineWithGpu(docker_client, **RUNTIME)

    class Looking(DockerSandbox):
        """Notes which images are asked for, and starts none."""

        def start(self, role: Role) -> Container:
            used.add((role.image, "cuda" if role.gpu else "cpu"))
            raise InfrastructureError("seen")

    looking = Looking(engine=engine)  # type: ignore[arg-type]
    functions = open_engine(load_template(TEMPLATE), looking, workers=1, platform="cuda")
    scripts = open_engine(load_template("circle_packing"), looking, workers=1)
    learning = load_template("grokking", {"profile": "gpu"})
    experiments = open_engine(learning, looking, workers=1, platform="cuda")
    assert isinstance(functions, FunctionEngine)
    assert isinstance(scripts, ScriptEngine)
    assert isinstance(experiments, ExperimentEngine)
    for start in (
        functions.start,
        lambda: looking.start(scripts.lab_role()),
        lambda: looking.start(experiments.lab_role()),
    ):
        with pytest.raises(InfrastructureError, match="seen"):
            start()
    cuda = {("evaluator", "cuda"), ("lab", "cuda")}
    assert built == used == {("tracer", "cpu"), ("lab", "cpu")} | cuda


@pytest.mark.full("boundary")
def test_the_packages_for_a_gpu_can_be_had(tmp_path: Path) -> None:
    """By what builds the images; tests/benchmarks/cuda_images.py gets and builds the gigabytes."""
    pins = {
        name: set(
            re.findall(
                r"^[a-z0-9-]+==\S+",
                locked_for(building.lock_file("evaluator", name).read_text(), "3.12", "x86_64"),
                re.M,
            )
        )
        for name in ("cpu", "cuda")
    }
    wanted = tmp_path / "pins.txt"
    wanted.write_text("\n".join(sorted(pins["cuda"] - pins["cpu"])))
    assert any(pin.startswith("nvidia-cudnn") for pin in pins["cuda"] - pins["cpu"])
    folder = str(tmp_path / "packages")
    command = [*building.pip_command("3.12", "x86_64"), "--dry-run", "--ignore-installed"]
    done = subprocess.run(
        [*command, "--target", folder, "--requirement", str(wanted)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-800:]


def test_a_gpus_driver_may_speak_to_this_machine_alone(docker_client: docker.DockerClient) -> None:
    engine = EngineWithGpu(docker_client, **RUNTIME)
    sandbox = DockerSandbox(engine=engine)  # type: ignore[arg-type]
    role = Role(
        name="evaluator",
        image="evaluator",
        module="sandboxes.evaluator.worker",
        read_only=(),
        hidden_packages=(),
        memory_bytes=2**30,
        processes=32,
        gpu=True,
        arguments={},
    )
    settings = sandbox.settings(role)
    assert settings["device_requests"]
    code = (
        "import socket\n"
        "socket.socket(socket.AF_UNIX).close()\n"
        "for family in (socket.AF_INET, socket.AF_INET6, socket.AF_NETLINK, 40):\n"
        "    try:\n"
        "        socket.socket(family, socket.SOCK_STREAM)\n"
        "    except PermissionError:\n"
        "        print('refused', flush=True)\n"
    )
    image = docker_client.images.get(sandbox.image(dataclasses.replace(role, gpu=False)))
    said = docker_client.containers.run(
        image.labels["discovery-agent.base"],
        ["-I", "-c", code],
        entrypoint="python3",
        network_mode="none",
        security_opt=settings["security_opt"],
        use_config_proxy=False,
        remove=True,
    )
    assert said.decode().split() == ["refused"] * 4
