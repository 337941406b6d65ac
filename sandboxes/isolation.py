"""Puts a process into a cage before any untrusted byte is read (runs as a script of its own).

Standard library and our own modules only. Started by `sandboxes.process` as ``python -I
isolation.py SPEC`` with a pair of pipes for the protocol and one for its report. It asks the kernel
for as much as it gives:

* new mount, PID, network, IPC and UTS namespaces (through a user namespace where we are not root),
* a root file system that holds only the interpreter, its packages and the declared folders, all
  read-only, with private bounded ``/scratch`` and ``/dev``,
* an unprivileged user inside the cage, no new privileges, no capabilities,
* a filter of system calls,
* resource limits,

and reports, one JSON line, what it got, before it becomes the worker. Process 1 of the PID
namespace is the worker itself, so ending it ends everything that it ever started.

Where the kernel refuses namespaces, Landlock closes the machine's files, TCP and other processes
instead, the filter refuses every socket, and the waiter outside adopts what the worker leaves
behind, ends it and removes its scratch folder.
"""

from __future__ import annotations

import contextlib
import ctypes
import ctypes.util
import json
import os
import resource
import runpy
import signal
import sys
import tempfile
from pathlib import Path
from typing import Any, NoReturn

CLONE_NEWNS = 0x00020000
CLONE_NEWUTS = 0x04000000
CLONE_NEWIPC = 0x08000000
CLONE_NEWUSER = 0x10000000
CLONE_NEWPID = 0x20000000
CLONE_NEWNET = 0x40000000
MS_RDONLY, MS_NOSUID, MS_NODEV, MS_NOEXEC = 1, 2, 4, 8
MS_REMOUNT, MS_BIND, MS_REC, MS_PRIVATE = 32, 4096, 16384, 1 << 18
MNT_DETACH = 2
PR_SET_PDEATHSIG, PR_SET_DUMPABLE = 1, 4
PR_SET_NO_NEW_PRIVS, PR_GET_NO_NEW_PRIVS = 38, 39
PR_CAPBSET_DROP = 24
SYS_PIVOT_ROOT = {"x86_64": 155, "aarch64": 41}
SYS_CAPSET = {"x86_64": 126, "aarch64": 91}
NOBODY = 65534
FILE_BYTES = 64 * 2**20
# The only place to write. Not /tmp itself, where what must stay in sight may lie.
SCRATCH = Path("/scratch")
SCRATCH_FILES = 10_000

_libc = ctypes.CDLL(None, use_errno=True)


def _check(result: int, what: str) -> None:
    if result != 0:
        code = ctypes.get_errno()
        raise OSError(code, f"{what}: {os.strerror(code)}")


def mount(source: str, target: str, kind: str, flags: int, data: str = "") -> None:
    """mount(2); raises OSError."""
    _check(
        _libc.mount(
            source.encode(), target.encode(), kind.encode(), ctypes.c_ulong(flags), data.encode()
        ),
        f"mount {kind or 'bind'} on {target}",
    )


def unshare(flags: int) -> None:
    """unshare(2); raises OSError."""
    _check(_libc.unshare(flags), "unshare")


def prctl(option: int, argument: int) -> None:
    """prctl(2) with one argument; raises OSError."""
    _check(_libc.prctl(option, ctypes.c_ulong(argument), 0, 0, 0), f"prctl {option}")


def no_new_privileges() -> bool:
    """Whether nothing that this process starts can gain privileges."""
    return int(_libc.prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0)) == 1


def map_self(inside: int, user: int, group: int) -> None:
    """Map one user and group id of the parent user namespace into the new one."""
    Path("/proc/self/setgroups").write_text("deny")
    Path("/proc/self/gid_map").write_text(f"{inside} {group} 1")
    Path("/proc/self/uid_map").write_text(f"{inside} {user} 1")


def _bind(source: Path, root: Path, *, writable: bool = False) -> None:
    target = root / source.relative_to("/")
    if source.is_dir():
        target.mkdir(parents=True, exist_ok=True)
    else:
        target.parent.mkdir(parents=True, exist_ok=True)
        target.touch()
    mount(str(source), str(target), "", MS_BIND | MS_REC)
    if not writable:
        # The flags that the kernel locked on the source must be kept, else EPERM.
        kept = os.statvfs(target).f_flag & (MS_NOSUID | MS_NODEV | MS_NOEXEC)
        mount("", str(target), "", MS_REMOUNT | MS_BIND | MS_RDONLY | kept)


def _system_folders() -> list[Path]:
    names = ("/usr", "/lib", "/lib32", "/lib64", "/bin", "/etc/ld.so.cache", "/etc/alternatives")
    return [Path(name) for name in names if Path(name).exists()]


def build_root(spec: dict[str, Any]) -> None:
    """Make a small read-only root, enter it and let go of the old one."""
    mount("", "/", "", MS_REC | MS_PRIVATE)
    # A mount point and nothing else: what is mounted on it is seen by this cage alone.
    root = Path(tempfile.gettempdir()) / f"discover-root-{os.getuid()}"
    root.mkdir(mode=0o755, exist_ok=True)
    mount("tmpfs", str(root), "tmpfs", MS_NOSUID | MS_NODEV, "size=1m,mode=755")
    links: list[Path] = []
    for path in [*_system_folders(), *map(Path, spec["visible"])]:
        if path.is_symlink():
            links.append(path)
        elif not (root / path.relative_to("/")).exists():
            _bind(path, root)
    for link in links:
        (root / link.relative_to("/")).parent.mkdir(parents=True, exist_ok=True)
        if not (root / link.relative_to("/")).exists():
            (root / link.relative_to("/")).symlink_to(link.readlink())
    for hidden in spec["hidden"]:
        covered = root / Path(hidden).relative_to("/")
        if covered.is_dir():
            mount("tmpfs", str(covered), "tmpfs", MS_RDONLY | MS_NOSUID, "size=4k,mode=755")
    device = root / "dev"
    device.mkdir()
    if spec["gpu"]:
        mount("/dev", str(device), "", MS_BIND | MS_REC)
    else:
        for name in ("null", "zero", "urandom", "random"):
            _bind(Path("/dev") / name, root, writable=True)
    scratch = root / SCRATCH.relative_to("/")
    scratch.mkdir()
    if spec["scratch_bytes"]:
        size = f"size={spec['scratch_bytes']},nr_inodes={SCRATCH_FILES},mode=1777"
        mount("tmpfs", str(scratch), "tmpfs", MS_NOSUID | MS_NODEV, size)
    # A checkout, an environment or a cache may lie under /tmp: it must stay in sight.
    if not (root / "tmp").exists():
        (root / "tmp").symlink_to(SCRATCH)
    (root / "proc").mkdir()
    # The old /proc comes along until the new process has mounted its own: the kernel lets an
    # unprivileged user mount one only while another is fully visible.
    (root / "old").mkdir()
    os.chdir(root)
    number = SYS_PIVOT_ROOT.get(os.uname().machine)
    if number is None:
        raise OSError(38, f"no pivot_root number known for {os.uname().machine}")
    _check(_libc.syscall(number, b".", b"old"), "pivot_root")
    os.chdir("/")


def finish_root() -> bool:
    """Mount this PID namespace's own /proc and drop the old root; whether /proc is there."""
    try:
        mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC)
        own_proc = True
    except OSError:
        own_proc = False
    _check(_libc.umount2(b"/old", MNT_DETACH), "umount old root")
    Path("/old").rmdir()
    mount("", "/", "", MS_REMOUNT | MS_BIND | MS_RDONLY | MS_NOSUID | MS_NODEV)
    return own_proc


def set_limits(spec: dict[str, Any]) -> None:
    """Resource limits that every process of the cage inherits."""
    limits = {
        resource.RLIMIT_CORE: 0,
        resource.RLIMIT_NOFILE: 512,
        resource.RLIMIT_FSIZE: FILE_BYTES,
        resource.RLIMIT_MEMLOCK: 0,
        resource.RLIMIT_STACK: 64 * 2**20,
    }
    if spec["address_space_bytes"]:
        limits[resource.RLIMIT_AS] = spec["address_space_bytes"]
    for which, value in limits.items():
        set_limit(which, value)
    # gVisor has no message queues and lets nobody limit them; Linux cannot refuse to lower a limit.
    with contextlib.suppress(ValueError):
        set_limit(resource.RLIMIT_MSGQUEUE, 0)


def set_limit(which: int, value: int) -> None:
    """Set one resource limit, or keep the one that is there if it is lower."""
    _, hard = resource.getrlimit(which)
    bound = value if hard == resource.RLIM_INFINITY else min(value, hard)
    resource.setrlimit(which, (bound, bound))


def enter(spec: dict[str, Any]) -> dict[str, str]:
    """Take what isolation the kernel gives; returns name -> why not, for what it refused."""
    refused: dict[str, str] = {}
    root = os.geteuid() == 0
    wanted = CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS
    try:
        if root:
            unshare(wanted)
        else:
            user, group = os.geteuid(), os.getegid()
            unshare(CLONE_NEWUSER | wanted)
            map_self(0, user, group)
    except OSError as error:
        for name in ("namespaces", "files", "network", "processes"):
            refused[name] = str(error)
        return refused
    try:
        build_root(spec)
    except OSError as error:
        refused["files"] = str(error)
    return refused


def become_nobody(refused: dict[str, str]) -> None:
    """Leave root for good where we had it; inside, the process may still make own namespaces."""
    try:
        if Path("/proc/self").stat().st_uid == 0 and os.geteuid() == 0 and not _in_user_namespace():
            os.setgroups([])
            os.setresgid(NOBODY, NOBODY, NOBODY)
            os.setresuid(NOBODY, NOBODY, NOBODY)
            prctl(PR_SET_DUMPABLE, 1)
            unshare(CLONE_NEWUSER)
            map_self(0, NOBODY, NOBODY)
    except OSError as error:
        refused["unprivileged"] = str(error)
    prctl(PR_SET_NO_NEW_PRIVS, 1)


def drop_capabilities() -> None:
    """Give up what being root in a user namespace still allows."""
    number = SYS_CAPSET.get(os.uname().machine)
    for capability in range(64):
        _libc.prctl(PR_CAPBSET_DROP, ctypes.c_ulong(capability), 0, 0, 0)
    if number is not None:
        header = (ctypes.c_uint32 * 2)(0x20080522, 0)
        _libc.syscall(number, header, (ctypes.c_uint32 * 6)())


def _in_user_namespace() -> bool:
    fields = Path("/proc/self/uid_map").read_text().split()
    return fields[2] == "1"


def _wait(child: int, scratch: Path | None, *, alone: bool) -> NoReturn:
    """Outside of the cage: wait for its end, and for that of all that was in it."""
    if alone:
        # Again, since a user namespace of our own made the kernel forget it.
        prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        _, status = os.waitpid(child, 0)
    else:
        from sandboxes.descendants import outlive

        # Should the host die, there is something left to do.
        prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
        status = outlive(child)
    if scratch is not None:
        from sandboxes.fallback import remove_scratch

        remove_scratch(scratch)
    os._exit(os.waitstatus_to_exitcode(status) & 0xFF)


def main() -> NoReturn:
    """Enter the cage described by the first argument, then run its module."""
    spec = json.loads(sys.argv[1])
    report_fd = spec["report_fd"]
    prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    os.umask(0o022)
    sys.path[:0] = spec["import_paths"]
    from sandboxes import fallback, filtering
    from sandboxes.descendants import adopt_orphans

    unfiltered = filtering.preload()
    refused = enter(spec)
    own_files, alone = "files" not in refused, "processes" not in refused
    scratch: Path | None = None
    if spec["scratch_bytes"] and not own_files:
        leaves_root = os.geteuid() == 0 and not _in_user_namespace()
        scratch = fallback.make_scratch(NOBODY if leaves_root else os.geteuid())
    if not alone:
        adopt_orphans()
    child = os.fork()  # the PID namespace holds from the next process on
    if child:
        for descriptor in (*spec["keep_fds"], report_fd):
            os.close(descriptor)
        _wait(child, scratch, alone=alone)
    prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    os.setsid()
    if own_files and not finish_root():
        refused["own_proc"] = "the kernel did not allow a /proc of its own; there is none"
    become_nobody(refused)
    set_limits(spec)
    os.environ.clear()
    home = str(scratch or SCRATCH)
    os.environ.update(spec["environment"], HOME=home, TMPDIR=home)
    tempfile.tempdir = None  # it was looked up outside
    bound = spec["processes"]
    if "namespaces" in refused or "unprivileged" in refused:
        # No user of our own: all that this one runs on the machine is counted.
        os.environ["SANDBOX_BOUNDS_PROCESSES"] = "1"
        bound = fallback.most_processes(bound)
    set_limit(resource.RLIMIT_NPROC, bound)
    if not own_files:
        why = fallback.close_the_machine(spec, _system_folders(), scratch)
        for name in ("files", "network", "processes"):
            if name in refused:
                refused[name] += f"; {why or 'Landlock holds instead'}"
    if not spec["nests"]:
        # What it starts cannot reach it through /proc: not its memory, not its descriptors.
        prctl(PR_SET_DUMPABLE, 0)
        drop_capabilities()
    # The kernel forgets this whenever a process changes its user or its capabilities.
    prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if not spec["nests"]:
        unfiltered = filtering.install(own_files=own_files)
    if unfiltered is not None:
        refused["seccomp"] = unfiltered
    report = {"refused": refused, "scratch": str(scratch) if scratch else None}
    os.write(report_fd, json.dumps(report).encode() + b"\n")
    os.close(report_fd)
    sys.argv = [spec["module"], json.dumps(spec["arguments"]), *map(str, spec["keep_fds"])]
    runpy.run_module(spec["module"], run_name="__main__", alter_sys=True)
    os._exit(0)


if __name__ == "__main__":
    main()
