"""A machine of the lab: a copy of the base root file system that boots with systemd as its first process.

It is a real Debian in every way that matters to a deployment, in namespaces of this machine's kernel. Everything here
needs root.
"""

import atexit
import hashlib
import itertools
import json
import os
import shlex
import shutil
import subprocess
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
PROJECT = HERE.parent.parent
LAB = PROJECT / "target" / "lab"

# Without the second, crun cannot write /proc/sys/net/ipv4/ping_group_range for a container.
ENVIRONMENT = {"SYSTEMD_NSPAWN_UNIFIED_HIERARCHY": "1", "SYSTEMD_NSPAWN_API_VFS_WRITABLE": "1"}

# What a rootless container needs of the kernel and nspawn would withhold: keys for crun, /dev/fuse and /dev/net/tun
# for podman.
NSPAWN = [
    "systemd-nspawn",
    "--quiet",
    "--register=no",
    "--keep-unit",
    "--private-network",
    "--capability=all",
    "--system-call-filter=add_key keyctl bpf",
    "--bind=/dev/fuse",
    "--bind=/dev/net/tun",
    "--resolv-conf=off",
    "--timezone=off",
    "--link-journal=no",
    "--console=pipe",
    "--boot",
]

# nspawn's own status when the guest asked for a reboot and its caller is to start it again.
REBOOT_STATUS = 133

PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


@dataclass(frozen=True)
class Result:
    """How a command ended, and what it said."""

    code: int
    out: str
    err: str


class Failed(Exception):
    """A command in a machine, or a machine itself, did not do what it had to."""


def base() -> Path:
    """The root file system that `rootfs` builds, by the digest of its recipe: an old one is never taken for it."""
    return LAB / f"base-{hashlib.sha256((HERE / 'rootfs').read_bytes()).hexdigest()}"


def wait_for(question: Callable[[], bool], timeout: float, what: str, every: float = 0.1) -> None:
    """Asks until the answer is yes."""
    end = time.monotonic() + timeout
    while not question():
        if time.monotonic() > end:
            raise Failed(f"waited {timeout:.0f} s for {what}")
        time.sleep(every)


class Machine:
    """One machine: a directory, and while it runs a process of systemd-nspawn."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.folder = LAB / "machines" / name
        self.root = self.folder / "root"
        # What the machine has changed below /usr.
        self.upper = self.folder / "usr"
        self.log = self.folder / "console"
        # A control group of its own: by it the guest is found and ended, also by a later run, and two guests stay
        # apart.
        self.group = _own_group() / f"rick-lab-{name}-{hashlib.sha256(str(self.root).encode()).hexdigest()[:8]}"
        self.nspawn: subprocess.Popen[bytes] | None = None
        self.leader = 0
        self._numbers = itertools.count()
        # Who was not asked to stop is stopped at the end, also after an error.
        atexit.register(self.kill)

    def create(self) -> None:
        """Makes it a copy of the base, in place of whatever an earlier run left there.

        A plain copy of all that a deployment writes to: podman's own overlay cannot stand on top of another, so that
        images would be stored differently from a real machine. Only /usr, which is nearly all of it, is laid over the
        base's.
        """
        self.destroy()
        self.upper.mkdir(parents=True)
        self.root.mkdir()
        entries = [entry for entry in base().iterdir() if entry.name != "usr"]
        subprocess.run(["cp", "-a", "--reflink=auto", *entries, self.root], check=True)
        # nspawn asks for this file before it puts /usr there.
        (self.root / "usr/lib").mkdir(parents=True)
        shutil.copy(base() / "usr/lib/os-release", self.root / "usr/lib/os-release")

    def boot(self, timeout: float = 120, allow_degraded: bool = False) -> str:
        """Starts it and waits until systemd has done all that it began.

        Returns `running`, or if that is allowed `degraded: ` with the units that failed; raises with their journal
        otherwise.
        """
        state = self._start(timeout)
        if state == "running":
            return state
        failed = [
            line.split()[0] for line in self.run("systemctl list-units --failed --no-legend --plain").out.splitlines()
        ]
        said = f"{state}: {' '.join(failed)}"
        if state == "degraded" and allow_degraded:
            return said
        units = [f"--unit={unit}" for unit in failed]
        raise Failed(f"{self.name} is {said}\n{self.journal(60, '--boot', *units)}")

    def _start(self, timeout: float) -> str:
        if self.nspawn is not None:
            raise Failed(f"{self.name} runs already")
        # nspawn ends with whoever started it, however that ends, and takes the guest with it if it is asked to.
        command = ["setpriv", "--pdeathsig", "TERM", *NSPAWN, f"--machine={self.name}", f"--directory={self.root}"]
        command.append(f"--overlay={base() / 'usr'}:{self.upper}:/usr")
        self.group.mkdir(exist_ok=True)
        # The shell puts itself into the group before it becomes nspawn, so that nothing of the guest is ever outside.
        command = ["sh", "-c", 'echo $$ > "$0" && exec "$@"', str(self.group / "cgroup.procs"), *command]
        with self.log.open("ab") as log:
            self.nspawn = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=os.environ | ENVIRONMENT,
                start_new_session=True,
            )
        self.leader = 0
        end = time.monotonic() + timeout
        wait_for(self._find_leader, timeout, f"the first process of {self.name}", every=0.02)
        while True:
            asked = subprocess.run(
                [*self._enter(), "systemctl", "is-system-running", "--wait"],
                capture_output=True,
                text=True,
                timeout=max(1.0, end - time.monotonic()),
            )
            state = asked.stdout.strip()
            # Until the bus answers there is no state; what follows `--wait` is a final one.
            if state in ("running", "degraded", "maintenance", "stopping"):
                return state
            if time.monotonic() > end:
                raise Failed(
                    f"{self.name} is not up after {timeout:.0f} s: {state} {asked.stderr.strip()}\n{self.console()}"
                )
            time.sleep(0.05)

    def _find_leader(self) -> bool:
        """The guest's first process: the one below nspawn that calls itself process 1."""
        assert self.nspawn is not None
        if self.nspawn.poll() is not None:
            raise Failed(f"{self.name} did not start: nspawn ended with {self.nspawn.returncode}\n{self.console()}")
        for process in _descendants(self.nspawn.pid):
            try:
                status = Path(f"/proc/{process}/status").read_text()
                named = Path(f"/proc/{process}/comm").read_text().strip()
            except OSError:
                continue
            numbers = next((line.split()[1:] for line in status.splitlines() if line.startswith("NSpid:")), [])
            if len(numbers) > 1 and numbers[-1] == "1" and named == "systemd":
                self.leader = process
                return True
        return False

    def _enter(self) -> list[str]:
        # With an empty environment, since nothing of this machine's has a meaning in there.
        return ["nsenter", f"--target={self.leader}", "--all", "--wd=/", "env", "-i", f"PATH={PATH}", "LANG=C.UTF-8"]

    def run(
        self,
        command: str | Sequence[str],
        user: str | None = None,
        check: bool = True,
        input: str | bytes | None = None,
        timeout: float = 300,
        environment: dict[str, str] | None = None,
    ) -> Result:
        """Runs a command, as root or as a user; a text goes through the shell, a list does not.

        What merely enters the namespaces stays in a control group of this machine, where rootless podman cannot work.
        So the guest's systemd starts each command as a unit of its own; for a user with a manager that is one beside
        the user's login sessions, with the variables by which `podman` and `systemctl --user` find the manager.
        """
        arguments = ["/bin/sh", "-c", command] if isinstance(command, str) else list(command)
        unit = f"lab-run-{next(self._numbers)}.service"
        start = [
            "systemd-run",
            "--quiet",
            "--wait",
            "--pipe",
            "--collect",
            "--service-type=exec",
            "--expand-environment=no",
        ]
        start += [f"--unit={unit}", f"--setenv=PATH={PATH}", "--setenv=LANG=C.UTF-8", "--working-directory=/"]
        if user is not None:
            start += [f"--uid={user}", *(f"--setenv={name}={value}" for name, value in self._variables(user).items())]
        start += [f"--setenv={name}={value}" for name, value in (environment or {}).items()]
        given = input.encode() if isinstance(input, str) else input
        process = subprocess.Popen(
            [*self._enter(), *start, "--", *arguments],
            stdin=subprocess.DEVNULL if given is None else subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        try:
            out, err = process.communicate(given, timeout)
        except subprocess.TimeoutExpired:
            # The command is no child of ours: its unit has to be stopped, which also ends systemd-run.
            subprocess.run([*self._enter(), "systemctl", "kill", "--signal=KILL", unit], capture_output=True)
            out, err = process.communicate()
            raise Failed(f"{_shown(command)}: not done after {timeout:.0f} s\n{_text(out)}{_text(err)}") from None
        result = Result(process.returncode, _text(out), _text(err))
        if check and result.code != 0:
            raise Failed(
                f"{_shown(command)}{f' as {user}' if user else ''}: status {result.code}\n{result.out}{result.err}"
            )
        return result

    def _variables(self, user: str) -> dict[str, str]:
        """What a login of this user would have in its environment. Read from the files, which costs no further call."""
        for line in (self.root / "etc/passwd").read_text().splitlines():
            name, _, uid, _, _, home, _ = line.split(":")
            if user not in (name, uid):
                continue
            return {
                "HOME": home,
                "USER": name,
                "LOGNAME": name,
                "XDG_RUNTIME_DIR": f"/run/user/{uid}",
                "DBUS_SESSION_BUS_ADDRESS": f"unix:path=/run/user/{uid}/bus",
            }
        raise Failed(f"{self.name} has no user {user}")

    def write(self, path: str, content: str | bytes, mode: int | str = 0o644, owner: str = "root:root") -> None:
        """Writes a file, with the folders that it needs."""
        bits = mode if isinstance(mode, str) else f"{mode:04o}"
        text = 'mkdir -p "$(dirname "$1")" && rm -f "$1" && cat > "$1" && chown "$2" "$1" && chmod "$3" "$1"'
        self.run(["/bin/sh", "-c", text, "sh", path, owner, bits], input=content)

    def read(self, path: str) -> str:
        """What is in a file."""
        return self.run(["cat", path]).out

    def copy_in(self, source: Path | str, path: str) -> None:
        """Copies a file or a folder in, as root's: a folder takes the place of what is at `path`."""
        source = Path(source)
        archive = subprocess.Popen(
            [
                "tar",
                "--create",
                "--owner=0",
                "--group=0",
                "--numeric-owner",
                f"--directory={source.parent}",
                source.name,
            ],
            stdout=subprocess.PIPE,
        )
        text = 'rm -rf "$1" && mkdir -p "$1.new" && tar -xC "$1.new" && mv "$1.new/$2" "$1" && rmdir "$1.new"'
        data, _ = archive.communicate()
        if archive.returncode != 0:
            raise Failed(f"{source} cannot be read")
        self.run(["/bin/sh", "-c", text, "sh", path.rstrip("/"), source.name], input=data)

    def ask(self, user: str, container: str) -> dict[str, Any]:
        """What the probe in a container of this user sees: the answer of `/probe`, asked from inside."""
        return json.loads(self.run(["podman", "exec", container, "/probe", "ask"], user=user).out)

    def install(self, program: Path) -> None:
        """Puts a program into /usr/local/bin; for rick, of which the machine then has this build."""
        self.write(f"/usr/local/bin/{program.name}", program.read_bytes(), 0o755)

    def rick(self, *arguments: str, check: bool = True, timeout: float = 600) -> Result:
        """Runs rick in it, as root."""
        return self.run(["rick", *arguments], check=check, timeout=timeout)

    def put_deployment(self, dist: Path | str) -> str:
        """Copies what `rick build` wrote for one machine in, and returns where it is."""
        path = f"/root/{Path(dist).name}"
        self.copy_in(dist, path)
        return path

    def apply(self, dist: Path | str, *options: str, check: bool = True) -> Result:
        """Copies what `rick build` wrote for one machine in and applies it."""
        return self.rick("apply", self.put_deployment(dist), *options, check=check)

    def reboot(self, timeout: float = 180, allow_degraded: bool = False) -> str:
        """Stops it in order and starts it again; returns as `boot` does."""
        self._ask_to_stop("reboot")
        assert self.nspawn is not None
        code = self.nspawn.wait(timeout)
        self.nspawn = None
        if code != REBOOT_STATUS:
            raise Failed(f"{self.name} was to reboot and ended with {code}\n{self.console()}")
        return self.boot(timeout, allow_degraded)

    def power_off(self, timeout: float = 120) -> None:
        """Stops it in order."""
        if self.nspawn is None:
            return
        self._ask_to_stop("poweroff")
        try:
            code = self.nspawn.wait(timeout)
        except subprocess.TimeoutExpired:
            self.kill()
            raise Failed(f"{self.name} did not stop in {timeout:.0f} s\n{self.console()}") from None
        self.nspawn = None
        if code != 0:
            raise Failed(f"{self.name} stopped with {code}\n{self.console()}")

    def _ask_to_stop(self, verb: str) -> None:
        subprocess.run([*self._enter(), "systemctl", "--no-block", verb], check=True, capture_output=True)

    def kill(self) -> None:
        """Stops it as a power cut would, also one that an earlier run left running."""
        if self.group.exists():
            # nspawn alone must not be killed: the guest would go on without it.
            (self.group / "cgroup.kill").write_text("1")
            wait_for(lambda: "populated 0" in (self.group / "cgroup.events").read_text(), 30, f"the end of {self.name}")
            for path, _, _ in os.walk(self.group, topdown=False):
                os.rmdir(path)
        if self.nspawn is not None:
            self.nspawn.wait()
            self.nspawn = None

    def destroy(self) -> None:
        """Takes it away with all that is in it, also one that a crashed run left running."""
        self.kill()
        if self.folder.exists():
            shutil.rmtree(self.folder)

    def console(self, lines: int = 40) -> str:
        """The last lines of what it said on its console."""
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:]) if self.log.exists() else ""

    def journal(self, lines: int = 200, *arguments: str) -> str:
        """The last lines of its journal; of a machine that is off they are read from its files."""
        options = ["--no-pager", "--output=short-precise", f"--lines={lines}", *arguments]
        if self.nspawn is not None and self.leader:
            return self.run(["journalctl", *options], check=False).out
        read = subprocess.run(
            ["journalctl", f"--directory={self.root}/var/log/journal", *options],
            capture_output=True,
            text=True,
            check=False,
        )
        return read.stdout


def _descendants(process: int) -> list[int]:
    found: list[int] = []
    waiting = [process]
    while waiting:
        number = waiting.pop()
        try:
            children = Path(f"/proc/{number}/task/{number}/children").read_text().split()
        except OSError:
            continue
        found += map(int, children)
        waiting += map(int, children)
    return found


def _own_group() -> Path:
    """The control group of this process, below which others may be made."""
    mounted = next(
        line.split()[1] for line in Path("/proc/mounts").read_text().splitlines() if line.split()[2] == "cgroup2"
    )
    own = next(line for line in Path("/proc/self/cgroup").read_text().splitlines() if line.startswith("0::"))
    return Path(mounted) / own.removeprefix("0::").lstrip("/")


def _text(said: bytes) -> str:
    return said.decode(errors="replace")


def _shown(command: str | Sequence[str]) -> str:
    text = command if isinstance(command, str) else shlex.join(command)
    return f"`{text if len(text) <= 200 else text[:197] + '...'}`"
