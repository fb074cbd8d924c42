"""What a scenario is given: machines, built projects, and a report to write its findings into."""

import contextlib
import fcntl
import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import images
from machine import HERE, LAB, PROJECT, Failed, Machine


class Lab:
    """One run of the lab."""

    def __init__(self, keep: bool = False) -> None:
        self.keep = keep
        self.failures = 0
        self.checks = 0
        self.rick = Path(os.environ.get("RICK", PROJECT / "target/debug/rick"))
        self.machines: list[Machine] = []
        LAB.mkdir(parents=True, exist_ok=True)
        # Two runs would take each other's machines for left-overs.
        self._lock = (LAB / "lock").open("w")
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print("another run of the lab is under way; waiting for its end", flush=True)
            fcntl.flock(self._lock, fcntl.LOCK_EX)
        # Whoever held it before may have crashed, and left machines running whose names this run does not use.
        for folder in (LAB / "machines").glob("*/root"):
            Machine(folder.parent.name).kill()

    def prepare(self) -> None:
        """Builds what all scenarios need: the probe and the root file system."""
        with self.section("preparing"):
            subprocess.run(["rustup", "--quiet", "target", "add", images.TARGET], check=True, stderr=subprocess.DEVNULL)
            build = ["cargo", "build", "--quiet", "--release", "--locked", "--target", images.TARGET]
            subprocess.run(
                build, cwd=HERE / "probe", env=os.environ | {"CARGO_TARGET_DIR": str(LAB / "probe")}, check=True
            )
            subprocess.run([HERE / "rootfs"], check=True)

    def machine(self, name: str, boot: bool = True) -> Machine:
        """A new machine, booted unless told otherwise."""
        machine = Machine(name)
        self.machines.append(machine)
        machine.create()
        if boot:
            machine.boot()
        return machine

    def build(self, example: str) -> Path:
        """Copies an example and builds it with this rick; returns the copy, in which `dist/<machine>` is."""
        project = LAB / "projects" / example
        if project.exists():
            shutil.rmtree(project)
        shutil.copytree(PROJECT / "examples" / example, project, ignore=shutil.ignore_patterns("dist"))
        built = subprocess.run([self.rick, "build"], cwd=project, capture_output=True, text=True)
        if built.returncode != 0:
            raise Failed(f"rick build in {example}: status {built.returncode}\n{built.stdout}{built.stderr}")
        return project

    def registry(self, machine: Machine, project: Path, name: str = "web1") -> images.Registry:
        """A registry in the machine with a stand-in for each image of a built project."""
        registry = images.Registry(machine)
        registry.start()
        registry.push(images.of_deployment(project / "dist" / name, project))
        return registry

    def check(self, text: str, passed: bool, detail: object = "") -> bool:
        """Records a finding; the detail is shown where it is not as it should be."""
        self.checks += 1
        if passed:
            print(f"  ok      {text}", flush=True)
        else:
            self.failures += 1
            print(f"  FAILED  {text}", flush=True)
            for line in str(detail).strip().splitlines():
                print(f"          {line}", flush=True)
        return passed

    def same(self, text: str, found: object, expected: object) -> bool:
        """Records whether two values are the same."""
        return self.check(text, found == expected, f"found    {found!r}\nexpected {expected!r}")

    def note(self, text: str) -> None:
        """Tells something that is no finding: what cannot be judged here, and why."""
        print(f"  note    {text}", flush=True)

    @contextlib.contextmanager
    def section(self, title: str) -> Iterator[None]:
        """Times what is done within, and goes on after an error in it."""
        print(title, flush=True)
        start = time.monotonic()
        try:
            yield
        finally:
            print(f"  {time.monotonic() - start:6.1f} s  {title}", flush=True)

    def finish(self, scenario: str, failed: bool) -> None:
        """Takes the machines of a scenario away, unless they are wanted; of one that failed the journals stay."""
        for machine in self.machines:
            if failed and machine.folder.exists():
                journal = LAB / "journals" / f"{scenario}-{machine.name}.log"
                journal.parent.mkdir(exist_ok=True)
                try:
                    journal.write_text(machine.journal(100_000))
                    print(f"  the journal of {machine.name} is in {journal.relative_to(PROJECT)}", flush=True)
                except (OSError, Failed, subprocess.SubprocessError) as problem:
                    print(f"  the journal of {machine.name} cannot be read: {problem}", flush=True)
            if self.keep:
                # It ends with this process, so that its files are kept in good order, and boot again.
                with contextlib.suppress(Failed, subprocess.SubprocessError):
                    machine.power_off()
                machine.kill()
                print(f"  {machine.name} is kept in {machine.folder.relative_to(PROJECT)}", flush=True)
            else:
                machine.destroy()
        self.machines.clear()
