"""A project deployed by rick to a machine of the lab, and the questions that are asked of every such deployment."""

import json
import shutil
import subprocess
from pathlib import Path

import images
from lab import Lab
from machine import LAB, PROJECT, Failed, Machine, Result, wait_for

# Values that every kind of place has to quote in its own way. Those that rick makes itself are plain.
ODD = "p@ss/:%+#?&= \"'$x\\"

# No name of the lab's is known to a certificate authority, so that Caddy is its own.
SETTINGS = '\n[plugins.caddy]\ntls = "internal"\n'

VISITORS = {"member": "authentik_proxy_lab=member", "outsider": "authentik_proxy_lab=outsider"}


class Deployment:
    """A copy of an example, its builds, and the machine that they are applied to."""

    def __init__(self, lab: Lab, example: str, machine: Machine) -> None:
        self._copy(lab, example, machine)
        if not _has_memory_controller(machine):
            lab.note("limits of memory are not tried: this kernel does not delegate that controller")
        machine.install(lab.rick)
        for who, cookies in VISITORS.items():
            machine.write(f"/root/{who}", cookies, 0o600)
        self.registry = images.Registry(machine)
        self.registry.start()

    def _copy(self, lab: Lab, example: str, machine: Machine) -> None:
        self.lab = lab
        self.machine = machine
        self.project = LAB / "projects" / f"{example}-{machine.name}"
        if self.project.exists():
            shutil.rmtree(self.project)
        shutil.copytree(PROJECT / "examples" / example, self.project, ignore=shutil.ignore_patterns("dist"))
        self.edit("rick.toml", lambda text: text + SETTINGS)

    @classmethod
    def on_disk(cls, lab: Lab, example: str, machine: Machine) -> "Deployment":
        """Builds alone: the machine does not run yet."""
        deployment = cls.__new__(cls)
        deployment._copy(lab, example, machine)
        subprocess.run([lab.rick, "build"], cwd=deployment.project, check=True, capture_output=True)
        return deployment

    @property
    def dist(self) -> Path:
        return self.project / "dist" / "web1"

    def edit(self, path: str, change) -> None:
        """Changes a file of the project."""
        file = self.project / path
        file.write_text(change(file.read_text()))

    def build(self) -> None:
        """Builds, and copies the build and the images that it names to the machine."""
        built = subprocess.run([self.lab.rick, "build"], cwd=self.project, capture_output=True, text=True)
        if built.returncode != 0:
            raise Failed(f"rick build: status {built.returncode}\n{built.stdout}{built.stderr}")
        self.registry.push(images.of_deployment(self.dist, self.project))
        self.machine.put_deployment(self.dist)

    def rick(self, *arguments: str, check: bool = True) -> Result:
        """Runs a command of rick's about the build that is on the machine."""
        return self.machine.rick(*arguments, "/root/web1", check=check)

    def make_secrets(self) -> None:
        """Lets rick make what may be random, and gives the rest."""
        self.rick("secrets", "generate", check=False)
        for name, needed in json.loads((self.dist / "files.json").read_text())["secrets"].items():
            if "generate" not in needed:
                self.machine.write(f"/etc/rick/secrets/{name}", f"{ODD}{name}", 0o600)

    def apply(self, *options: str, check: bool = True) -> Result:
        return self.machine.rick("apply", "/root/web1", *options, check=check)

    def units(self) -> dict[str, str]:
        """Every container, pod and timer of every service, with the number that systemd gives each of its starts."""
        found = {}
        for user in self.users():
            command = (
                "systemctl --user show --property=Id,InvocationID $(systemctl --user list-units --plain --no-legend "
                "--state=active '*.service' '*.timer' | awk '{print $1}')"
            )
            for paragraph in self.machine.run(command, user=user, check=False).out.split("\n\n"):
                about = dict(line.split("=", 1) for line in paragraph.strip().splitlines() if "=" in line)
                name = about.get("Id", "")
                if name.startswith(user) or name.startswith("rick-"):
                    found[f"{user}/{name}"] = about.get("InvocationID", "")
        return found

    def users(self) -> list[str]:
        steps = json.loads((self.dist / "steps.json").read_text())
        return [step["user"] for step in steps if step["kind"] == "identity"]

    def containers(self) -> list[tuple[str, str]]:
        """Users with the names of their containers."""
        checks = json.loads((self.dist / "steps.json").read_text())
        found = []
        for step in checks:
            if step["kind"] == "user-unit-restart" and not step["unit"].endswith(("-pod.service", ".timer")):
                found.append((step["user"], step["unit"].removesuffix(".service")))
        return found

    def verify(self, what: str, wait: int = 30) -> None:
        """All that rick itself asks, with a visitor who may enter and one who may not."""
        sessions = [f"--session={who}=/root/{who}" for who in VISITORS]
        said = self.machine.rick("verify", "/root/web1", f"--wait={wait}", "--format=tap", *sessions, check=False).out
        lines = said.splitlines()
        good = sum(line.startswith("ok ") and "# SKIP" not in line for line in lines)
        total = next((int(line.split("..")[1]) for line in lines if line.startswith("1..")), 0)
        bad = [line for line in lines if line.startswith("not ok") or "# SKIP" in line or line.startswith("  ")]
        self.lab.check(
            f"rick verify {what}: {good} of {total} checks hold", total > 0 and good == total, "\n".join(bad) or said
        )

    def ask(self, what: str) -> None:
        """What every container itself sees."""
        for user, container in self.containers():
            answer = self.machine.ask(user, container)
            wrong = []
            for kind in ("postgres", "valkey"):
                for about in answer[kind]:
                    if about.get("result") != "ok":
                        wrong.append(f"{kind} by {about['variable']}: {about.get('result')}")
            wrong += [f"not understood: {about}" for about in answer["not_understood"]]
            for point, about in answer["mounts"].items():
                sockets = point.startswith("/run/")
                if sockets and about.get("write") == "ok":
                    wrong.append(f"{point} can be written to")
                if (
                    not sockets
                    and "ro" not in about["options"].split(",")
                    and about.get("write") not in (None, "ok")
                    and point != "/"
                ):
                    wrong.append(f"{point} cannot be written to: {about['write']}")
            reached = len(answer["postgres"]) + len(answer["valkey"])
            self.lab.check(
                f"{container} {what}: reaches {reached} databases and writes where it may", not wrong, "\n".join(wrong)
            )

    def made(self) -> dict[str, list[int]]:
        """How many times each container's standing connections were made."""
        found = {}
        for user, container in self.containers():
            answer = self.machine.ask(user, container)
            found[container] = [about["standing"]["made"] for about in answer["postgres"] + answer["valkey"]]
        return found

    def from_nothing(self) -> None:
        """Deploys for the first time, and once more, which changes nothing."""
        self.make_secrets()
        self.apply()
        self.verify("at first")
        self.ask("at first")
        self.nothing_to_do("a second time")

    def nothing_to_do(self, what: str) -> None:
        """Applies once more: nothing may change, and nothing be restarted."""
        before = self.units()
        said = self.apply()
        self.lab.check(f"apply {what}: nothing to do", "nothing to do" in said.out, said.out + said.err)
        self.lab.same("and no unit was restarted", self.units(), before)

    def restarts(self, what: str, expected: set[str]) -> None:
        """Applies a change: just these units may be restarted."""
        before = self.units()
        said = self.apply()
        after = self.units()
        changed = {name for name in before.keys() | after.keys() if before.get(name) != after.get(name)}
        names = ", ".join(sorted(expected)) or "nothing"
        self.lab.check(
            f"{what}: {names} restarts and nothing else", changed == expected, f"{sorted(changed)}\n{said.out}"
        )

    def refused_without_secrets(self) -> None:
        """Says what is missing before anything is written."""
        before = _listing(self.machine)
        said = self.apply(check=False)
        names = [name for name in json.loads((self.dist / "files.json").read_text())["secrets"] if name not in said.err]
        self.lab.check(
            "without its secrets the build is refused, and each is named", said.code == 1 and not names, said.err
        )
        after = _listing(self.machine)
        changed = sorted(set(before.splitlines()) ^ set(after.splitlines()))
        self.lab.same("and nothing was written", changed, [])

    def servers_restart(self) -> None:
        """The databases are restarted under the services, which reconnect."""
        before = self.made()
        units = self.units()
        self.machine.run("systemctl restart postgresql.service 'valkey-server*.service'")

        def again() -> bool:
            return all(
                now > then for name, made in self.made().items() for now, then in zip(made, before[name], strict=True)
            )

        wait_for(again, 40, "the services to reconnect")
        self.lab.check("the databases were restarted, and every service has reconnected", True)
        self.lab.same("without a restart of its own", self.units(), units)

    def no_secret_is_told(self) -> None:
        """No value of a secret stands where rick writes: the build, what it said, its state, the journal."""
        values = {}
        for name in self.machine.run("ls /etc/rick/secrets").out.split():
            values[name] = self.machine.run(["cat", f"/etc/rick/secrets/{name}"]).out.strip("\n")
        places = {
            "the build": "\n".join(path.read_text() for path in sorted(self.dist.rglob("*")) if path.is_file()),
            "rick's state": self.machine.run(
                "cat /var/lib/rick/state.json /var/lib/rick/journal 2>/dev/null; true"
            ).out,
            "the journal": self.machine.run("journalctl --no-pager --output=cat", timeout=60).out,
        }
        for place, text in places.items():
            found = [name for name, value in values.items() if value in text]
            self.lab.same(f"{place} has none of {len(values)} secrets", found, [])
        said = self.machine.run(
            "rick -vv apply /root/web1 --all-steps 2>&1; rick -vv verify /root/web1 2>&1; true", timeout=600
        ).out
        found = [name for name, value in values.items() if value in said]
        self.lab.same("what rick says at its most verbose has none", found, [])

    def rotated(self, secret: str, expected: set[str]) -> None:
        """A secret has another value: just those who have it are restarted, and all holds."""
        self.machine.write(f"/etc/rick/secrets/{secret}", "another-value-of-a-secret-0123456789", 0o600)
        self.restarts(f"{secret} rotated", expected)
        self.verify("after it")

    def removed(self, service: str) -> None:
        """A service is taken off: nothing of it but its data stays; a purge takes that, too."""
        machine = self.machine
        steps = json.loads((self.dist / "steps.json").read_text())
        account = next(step for step in steps if step["kind"] == "identity" and step["service"] == service)
        user, uid = account["user"], account["uid"]
        home = machine.run(f"getent passwd {user} | cut -d: -f6").out.strip()
        others = {name: start for name, start in self.units().items() if not name.startswith(f"{user}/")}
        (self.project / "services" / f"{service}.toml").unlink()
        self.build()
        said = self.apply()
        self.lab.check(f"{service} removed: its data is said to be there", f"--purge {service}" in said.out, said.out)
        self.lab.same(
            "the other units run on", {n: s for n, s in self.units().items() if not n.startswith(f"{user}/")}, others
        )
        self.lab.same("no process of it", machine.run(f"pgrep -u {uid}; true").out, "")
        left = machine.run(
            f"grep -rlw -e {service} -e {user} /etc --exclude-dir=ssl --exclude-dir=secrets | sort; true"
        ).out.split()
        # What an account leaves: the user, its group and its subordinate ids stay for as long as its files do.
        account_files = {f"/etc/{name}" for name in ("passwd", "shadow", "group", "gshadow", "subuid", "subgid")}
        self.lab.same(
            "no file below /etc names it but those of accounts",
            [p for p in left if p.rstrip("-") not in account_files],
            [],
        )
        paths = machine.run(
            f"ls -d /etc/rick/{service} /etc/containers/systemd/users/{uid} "
            f"/etc/systemd/system/user@{uid}.service.d; true"
        ).out
        self.lab.same("no folder of it", paths, "")
        providers = machine.run(
            [
                "psql",
                "-Atc",
                f"select name from rick_probe_objects where kind in ('provider', 'served') and name like '%{service}%'",
                "authentik",
            ],
            user="postgres",
        ).out
        self.lab.same("authentik has no provider of it", providers, "")
        self.lab.check("its home is still there", machine.run(f"test -d {home}", check=False).code == 0)
        database = machine.run(
            ["psql", "-Atc", f"select rolcanlogin from pg_roles where rolname = '{user}'"], user="postgres"
        ).out.strip()
        self.lab.check("nobody can log in as its role any more", database in ("f", ""), database)
        self.verify(f"without {service}")
        self.nothing_to_do("after the removal")
        self.apply(f"--purge={service}")
        self.lab.check("purged: its home is gone", machine.run(f"test -e {home}", check=False).code != 0)
        self.lab.same("and its user", machine.run(f"getent passwd {user}; grep {user}: /etc/subuid; true").out, "")
        roles = machine.run(
            ["psql", "-Atc", f"select count(*) from pg_roles where rolname = '{user}'"], user="postgres"
        ).out.strip()
        self.lab.same("and its role", roles, "0")
        self.nothing_to_do("after the purge")


def _listing(machine: Machine) -> str:
    """What there is below the folders that rick writes to, with owners and modes."""
    folders = "/etc /var/lib /opt"
    return machine.run(
        f"find {folders} -xdev \\( -path /var/lib/systemd -o -path /var/lib/postgresql \\) -prune "
        "-o -printf '%p %m %u %g\\n' | sort"
    ).out


def _has_memory_controller(machine: Machine) -> bool:
    return "memory" in machine.run("cat /sys/fs/cgroup/cgroup.controllers").out.split()
