"""A plugin of somebody else's: examples/plugins/backup, whose backups are made, and restored as its own page says."""

import json
import os
import re
import subprocess
from pathlib import Path

import images
from deployment import ODD, Deployment
from lab import Lab
from machine import LAB, PROJECT, Failed, Machine, wait_for

PLUGIN = PROJECT / "examples" / "plugins" / "backup"

REPOSITORY = "/mnt/backup/100% of $it"

RICK = f"""
[machines.web1]
versions = {{ podman = "5.4.2", postgresql = "17" }}

[plugins.backup]
repository       = "{REPOSITORY}"
randomized_delay = "1s"
"""

# One by peer, with a volume of each kind; one by password, that shares the repository.
SERVICES = {
    "wiki": """
[service]
image = "ghcr.io/acme/wiki:1.0.0"
port  = 8080

[postgres]

[quadlet]
volumes = ["data:/data", "cache:/cache", { name = "search", kind = "podman", path = "/search" }]

[backup]
exclude  = ["cache", "data/no $x 100%*"]
schedule = "*-*-* 03:00"
keep     = { daily = 14, monthly = 12 }
""",
    "notes": """
[service]
image = "ghcr.io/acme/notes:1.0.0"
port  = 8081

[postgres]
authentication = "scram"

[backup]
""",
}

DATA = "/var/lib/wiki/data"


class Project(Deployment):
    """A project with the plugin, which is built from its sources."""

    def _copy(self, lab: Lab, example: str, machine: Machine) -> None:
        self.lab = lab
        self.machine = machine
        self.project = LAB / "projects" / example
        subprocess.run(["rm", "-rf", self.project], check=True)
        (self.project / "services").mkdir(parents=True)
        (self.project / "rick.toml").write_text(RICK)
        for name, text in SERVICES.items():
            (self.project / "services" / f"{name}.toml").write_text(text)
        self.add(component())

    def add(self, component: Path, *options: str) -> None:
        """Adds a plugin to the project, and allows what it does."""
        command = [self.lab.rick, "plugin", "add", component, "--yes", *options]
        added = subprocess.run(command, cwd=self.project, check=False, capture_output=True, text=True)
        if added.returncode != 0:
            raise Failed(f"rick plugin add: status {added.returncode}\n{added.stdout}{added.stderr}")

    def backup(self, service: str) -> int:
        """Makes the backups of a service, as its timer would; returns how `systemctl` ended."""
        return self.machine.run(["systemctl", "start", f"rick-backup-{service}.service"], check=False).code

    def said(self, service: str) -> str:
        """What the last backup of a service said."""
        unit = f"rick-backup-{service}.service"
        run = self.machine.run(["systemctl", "show", "--property=InvocationID", "--value", unit]).out.strip()
        return self.machine.run(f"journalctl --no-pager --output=cat _SYSTEMD_INVOCATION_ID={run}").out

    def restic(self, *arguments: str, service: str = "wiki") -> str:
        return self.machine.run(["sh", "/etc/rick/backup/restic", service, *arguments]).out

    def snapshots(self) -> set[str]:
        """What there are snapshots of."""
        found = json.loads(self.restic("snapshots", "--json"))
        return {" ".join(tag for tag in one["tags"] if tag != "rick") for one in found}


def component() -> Path:
    """The plugin, built."""
    target = PROJECT / "target" / "plugins"
    build = ["cargo", "build", "--quiet", "--release", "--locked", "--target", "wasm32-unknown-unknown"]
    subprocess.run(build, cwd=PLUGIN, env=os.environ | {"CARGO_TARGET_DIR": str(target)}, check=True)
    return target / "wasm32-unknown-unknown/release/rick_plugin_backup.wasm"


def unruly() -> Path:
    """The plugin of the tests that runs any command, where it is allowed to."""
    target = PROJECT / "target" / "plugins"
    build = ["cargo", "build", "--quiet", "--locked", "--profile=plugin", "--target=wasm32-unknown-unknown"]
    build += ["--package=unruly", f"--target-dir={target}"]
    subprocess.run(build, cwd=PROJECT, check=True)
    return target / "wasm32-unknown-unknown/plugin/unruly.wasm"


def restoring() -> list[str]:
    """The commands of the plugin's page, from under `Restoring` up to the next heading."""
    text = re.split(r"^## ", (PLUGIN / "README.md").read_text(), flags=re.MULTILINE)
    section = next(part for part in text if part.startswith("Restoring"))
    return re.findall(r"^    web1# (.+)$", section, re.MULTILINE)


def run(lab: Lab) -> None:
    """The scenario."""
    with lab.section("boot"):
        machine = lab.machine("strangers")
    project = Project(lab, "strangers", machine)
    with lab.section("from nothing"):
        project.build()
        project.from_nothing()
        timers(lab, machine, "at first")
        units = "/etc/systemd/system/rick-backup-*.*"
        judged = machine.run(f"systemd-analyze verify {units} 2>&1", check=False)
        # What systemd says of units of the machine's own is not about these.
        about = "\n".join(line for line in judged.out.splitlines() if "rick-backup" in line)
        lab.same("systemd finds no mistake in the units", about, "")
        lab.note(machine.run("systemd-analyze security rick-backup-wiki.service | tail -n 1").out.strip())
    with lab.section("reboot"):
        lab.same("it boots again", machine.reboot(), "running")
        timers(lab, machine, "after the reboot")
        project.verify("after the reboot", wait=90)
        project.nothing_to_do("after the reboot")
    with lab.section("backup"):
        backup(lab, project)
    with lab.section("restore"):
        restore(lab, project)
    with lab.section("a new machine"):
        new_machine(lab, project)
    with lab.section("the clock"):
        clock(lab, project)
    with lab.section("failures"):
        failures(lab, project)
    with lab.section("removal"):
        removal(lab, project)
    with lab.section("any command"):
        any_command(lab, project)
    with lab.section("off"):
        machine.power_off()


def idle(machine: Machine, service: str) -> bool:
    state = machine.run(f"systemctl show --property=ActiveState --value rick-backup-{service}.service").out.strip()
    return state in ("inactive", "failed")


def timers(lab: Lab, machine: Machine, when: str) -> None:
    for service in SERVICES:
        unit = f"rick-backup-{service}"
        shown = machine.run(f"systemctl show --property=ActiveState,NextElapseUSecRealtime {unit}.timer").out
        lab.check(f"the timer of {service} waits {when}", "=active" in shown and "UTC" in shown, shown)
        state = machine.run(["systemctl", "show", "--property=Result,ActiveState", f"{unit}.service"]).out.split()
        lab.same(
            f"no backup of {service} was made by the start {when}", state, ["Result=success", "ActiveState=inactive"]
        )


def listing(machine: Machine) -> str:
    """What is in the volume, to the last bit of it, but what is left out and what the running service writes."""
    return machine.run(
        f"cd {DATA} && find . ! -name .probe ! -name 'no *' ! -path . -printf '%p %y %m %U %G %T@ %l\\n' | sort; "
        "find . -type f ! -name .probe ! -name 'no *' -exec sha256sum {} + | sort"
    ).out


def rows(machine: Machine, database: str = "wiki") -> str:
    query = "select count(*), md5(string_agg(word, ',' order by number)) from precious"
    return machine.run(["psql", "-Atc", query, database], user="postgres").out.strip()


def backup(lab: Lab, project: Project) -> None:
    machine = project.machine
    # Of a uid that is the container's alone, which the service's user itself cannot read.
    machine.run(
        f"cd {DATA} && mkdir -m 0700 private && echo hidden > private/file && ln -s private/file link && "
        "chmod 0600 private/file && chown -R 10000123:10000123 private && "
        "head -c 3000000 /dev/urandom > 'it'\\''s \"100%\" $x' && echo no > 'no $x 100% of it' && "
        f"echo cached > {DATA}/../cache/file"
    )
    words = "create table precious as select g as number, md5(g::text) as word from generate_series(1, 50000) g"
    for service in SERVICES:
        owned = f"set role {service}; {words}"
        machine.run(["psql", "-qc", owned, service], user="postgres")
    # Both at once, to one repository that is not there yet.
    machine.run("systemctl start --no-block rick-backup-notes.service")
    lab.same("the first backup of wiki ends well", project.backup("wiki"), 0)
    wait_for(lambda: idle(machine, "notes"), 60, "the backup of notes")
    for service in SERVICES:
        result = machine.run(
            ["systemctl", "show", "--property=Result", "--value", f"rick-backup-{service}.service"]
        ).out
        lab.check(f"that of {service} has succeeded", result.strip() == "success", project.said(service))
    lab.same(
        "there is a snapshot of each thing",
        project.snapshots(),
        {
            "service=wiki database=wiki",
            "service=wiki volume=data",
            "service=wiki volume=search",
            "service=notes database=notes",
        },
    )
    names = project.restic("ls", "latest", "--host", "web1", "--tag", "service=wiki,volume=data")
    lab.check("what is to be left out is left out", "private/file" in names and "no $x" not in names, names)
    lab.same("a second one ends well, too", project.backup("wiki"), 0)
    lab.same("the repository is whole", machine.run("sh /etc/rick/backup/restic wiki check", check=False).code, 0)
    lab.same("no lock is left", project.restic("list", "locks", "--no-lock"), "")
    # Through systemd's file of variables the password has come as it is.
    known = {"RESTIC_PASSWORD": f"{ODD}backup_password", "RESTIC_REPOSITORY": REPOSITORY}
    asked = machine.run(["restic", "cat", "config", "--no-cache"], environment=known, check=False)
    lab.check("the password is just that of the secret", asked.code == 0, asked.err)


def restore(lab: Lab, project: Project) -> None:
    machine = project.machine
    files, words = listing(machine), rows(machine)
    machine.run(f"rm -rf {DATA}/private {DATA}/it* && echo ruined > {DATA}/link.new && rm {DATA}/link")
    machine.run(["psql", "-qc", "drop table precious", "wiki"], user="postgres")
    for command in restoring():
        result = machine.run(["/bin/sh", "-c", command], check=False)
        lab.check(f"{command}", result.code == 0, result.out + result.err)
    lab.same("the volume is as it was, with owners, modes and times", listing(machine), files)
    lab.same("the database is as it was", rows(machine), words)
    owner = "select tableowner from pg_tables where tablename = 'precious'"
    lab.same("and the role's", machine.run(["psql", "-Atc", owner, "wiki"], user="postgres").out.strip(), "wiki")
    project.verify("after the restore")
    project.ask("after the restore")
    lab.same("and it is backed up again", project.backup("wiki"), 0)


def new_machine(lab: Lab, project: Project) -> None:
    """Nothing is left but the project, the secrets and the repository."""
    old, new = project.machine, lab.machine("new")
    files, words = listing(old), rows(old)
    kept = old.run("tar -cC / mnt/backup etc/rick/secrets | base64").out
    old.power_off()
    new.run("base64 -d | tar -xC /", input=kept)
    new.install(lab.rick)
    images.Registry(new).start()
    new.copy_in(old.root / "opt/lab/registry", "/opt/lab/registry")
    new.copy_in(old.root / "etc/containers/registries.conf.d/lab.conf", "/etc/containers/registries.conf.d/lab.conf")
    new.put_deployment(project.dist)
    new.rick("apply", "/root/web1", "--until", "user-managers")
    # There is nothing to stop, to put aside or to drop.
    needless = ("systemctl --user", "mv ", "cd / && runuser -u postgres -- dropdb", "rick apply /root/web1 --all-steps")
    for command in restoring():
        if not command.startswith(needless):
            result = new.run(["/bin/sh", "-c", command], check=False)
            lab.check(f"{command}", result.code == 0, result.out + result.err)
    lab.same("the volume is as it was, with owners, modes and times", listing(new), files)
    lab.same("the database is as it was", rows(new), words)
    asked = new.rick("verify", "/root/web1", "--wait=90", check=False)
    lab.check("rick verify finds nothing", asked.code == 0, asked.out + asked.err)
    new.power_off()
    old.boot()
    project.verify("back on the old machine", wait=90)


def clock(lab: Lab, project: Project) -> None:
    """A schedule that was changed holds from the apply on, without anybody's help."""
    machine = project.machine
    count = "systemctl show --property=InvocationID --value rick-backup-notes.service"
    before = machine.run(count).out
    project.edit("services/notes.toml", lambda text: text.replace("[backup]", '[backup]\nschedule = "*:*:0/10"'))
    project.build()
    project.apply()
    wait_for(lambda: machine.run(count).out != before, 40, "a backup of notes by its timer")
    project.edit("services/notes.toml", lambda text: text.replace('\nschedule = "*:*:0/10"', ""))
    project.build()
    project.apply()
    wait_for(lambda: idle(machine, "notes"), 60, "the backup of notes")
    lab.check("the timer makes a backup when it is due", True)


def failures(lab: Lab, project: Project) -> None:
    machine = project.machine
    before = project.restic("snapshots", "--json")

    def fails(what: str, text: str, service: str = "wiki") -> None:
        code = project.backup(service)
        said = project.said(service)
        lab.check(f"{what}: the backup fails, and says so", code != 0 and text in said, f"status {code}\n{said}")

    secret = "/etc/rick/secrets/backup_password"
    machine.write(secret, "wrong", 0o600)
    project.apply()
    fails("a wrong password", "the password is not that of the repository")
    machine.write(secret, f"{ODD}backup_password", 0o600)
    project.apply()

    machine.run("systemctl stop postgresql.service")
    fails("no server", "pg_dump failed")
    machine.run("systemctl start postgresql.service")

    machine.run(f"mv {DATA} {DATA}.away")
    fails("a volume that is gone", f"volume data: {DATA} is not there")
    machine.run(f"mv {DATA}.away {DATA}")
    after = json.loads(project.restic("snapshots", "--json"))
    lost = {one["id"] for one in json.loads(before)} - {one["id"] for one in after}
    lab.same("no snapshot was forgotten by a backup that failed", lost, set())

    project.edit("rick.toml", lambda text: text.replace(REPOSITORY, "sftp:backup@192.0.2.77:/backup"))
    project.build()
    project.apply()
    machine.run("ip route add unreachable 192.0.2.77")
    fails("a repository out of reach", "the repository cannot be reached, or not be read")
    project.edit(
        "rick.toml", lambda text: text.replace("sftp:backup@192.0.2.77:/backup", '/mnt/other"\ninit = false\n#"')
    )
    project.build()
    project.apply()
    fails("a repository that is not to be made", "there is no repository, and it is not to be made")
    lab.check("and it is not made", machine.run("test -e /mnt/other", check=False).code != 0)
    project.edit("rick.toml", lambda text: text.replace('/mnt/other"\ninit = false\n#"', REPOSITORY))
    project.build()
    project.apply()
    lab.same("with all as before it ends well", (project.backup("wiki"), project.backup("notes")), (0, 0))

    machine.run("systemctl stop rick-backup-wiki.timer && mv /usr/bin/restic /usr/bin/restic.away")
    said = project.apply("--all-steps", check=False)
    lab.check(
        "without restic the apply fails", said.code != 0 and "rick-backup-wiki.timer" in said.err, said.out + said.err
    )
    machine.run("mv /usr/bin/restic.away /usr/bin/restic")
    project.apply()


def removal(lab: Lab, project: Project) -> None:
    machine = project.machine
    project.edit("services/wiki.toml", lambda text: text[: text.index("[backup]")])
    project.build()
    project.apply()
    left = machine.run(
        "ls -d /etc/rick/backup/wiki*; find /etc/systemd/system -name '*rick-backup-wiki*'", check=False
    ).out
    lab.same("without [backup] nothing of it is left", left, "")
    known = machine.run("systemctl list-units --all --no-legend --plain 'rick-backup-wiki*'").out
    lab.same("and systemd knows nothing of it", known, "")
    lab.same("the other service's is still made", project.backup("notes"), 0)
    project.nothing_to_do("after the removal")


def any_command(lab: Lab, project: Project) -> None:
    """A step that runs any command, of a plugin that was granted it: once, again where it is another, and undone in the end."""
    machine = project.machine
    project.add(unruly(), "--allow-commands")
    before = (project.project / "services/notes.toml").read_text()
    project.edit("services/notes.toml", lambda text: text + '\n[unruly]\nact = "command"\n')
    project.build()
    project.apply()
    owner = machine.run(["stat", "--format=%U", "/run/unruly"], check=False)
    lab.same("the command was run as root", owner.out.strip(), "root")
    machine.run("rm /run/unruly")
    project.nothing_to_do("after the command")
    lab.check("and it is not run again", machine.run("test -e /run/unruly", check=False).code != 0)
    machine.run("touch /run/unruly")
    project.edit("services/notes.toml", lambda _: before)
    project.build()
    project.apply()
    lab.check(
        "what it did is undone when it is no longer built", machine.run("test -e /run/unruly", check=False).code != 0
    )
