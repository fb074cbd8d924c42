"""A machine that is not as the build takes for granted, and what fails on the way: what rick says, how it goes on."""

import subprocess
import time

from deployment import Deployment
from lab import Lab
from machine import Machine, wait_for


def run(lab: Lab) -> None:
    """The scenario."""
    with lab.section("an image"):
        image(lab, lab.machine("image", boot=False))
    with lab.section("boot"):
        machine = lab.machine("refused")
    deployment = Deployment(lab, "guide", machine)
    deployment.build()
    deployment.make_secrets()
    with lab.section("asked first"):
        asked_first(lab, machine, deployment)
    with lab.section("fails on the way"):
        on_the_way(lab, machine, deployment)
    with lab.section("off"):
        machine.power_off()


def image(lab: Lab, machine: Machine) -> None:
    """Files are put into a root that does not run; what needs a running machine waits."""
    deployment = Deployment.on_disk(lab, "guide", machine)
    rick = [str(lab.rick)]
    target = [str(deployment.dist), f"--root={machine.root}"]
    subprocess.run([*rick, "secrets", "generate", *target], check=True, capture_output=True)
    said = subprocess.run([*rick, "apply", *target], capture_output=True, text=True)
    lab.check(
        "an apply to a root says what waits for the machine",
        said.returncode == 0 and "left for the next apply" in said.stdout,
        said.stderr,
    )
    home = machine.root / "opt/myservice"
    lab.check("homes are there, with their owners", home.is_dir() and home.stat().st_uid == 801, home)
    lab.check(
        "the block is in pg_hba.conf",
        "# BEGIN rick:" in (machine.root / "etc/postgresql/17/main/pg_hba.conf").read_text(),
    )
    lab.same("the image boots", machine.boot(), "running")
    deployment = Deployment(lab, "guide", machine)
    deployment.build()
    said = deployment.apply()
    lab.check("the apply goes on on the machine", "an earlier apply was not finished" in said.err, said.err)
    deployment.verify("of the image")
    deployment.nothing_to_do("of the image")
    machine.power_off()


def asked_first(lab: Lab, machine: Machine, deployment: Deployment) -> None:
    """What is wrong with the machine is said before anything is done."""

    def refused(what: str, *texts: str) -> None:
        before = machine.run("find /etc -type f -printf '%p %T@\\n' | sort").out
        said = deployment.apply(check=False)
        missing = [text for text in texts if text not in said.err]
        lab.check(f"refused: {what}", said.code == 1 and not missing, f"missing {missing} in\n{said.err}")
        lab.same(
            "and nothing was written", machine.run("find /etc -type f -printf '%p %T@\\n' | sort").out == before, True
        )

    machine.run("groupadd --gid 4243 feeds && useradd --uid 4242 --gid feeds feeds")
    refused(
        "a uid that is another",
        "`feeds` is there already with uid 4242",
        "the group `feeds` is there already with gid 4243",
    )
    machine.run("userdel feeds")

    machine.run("echo intruder:10000100:10 >> /etc/subuid")
    refused("subordinate ids that overlap", "overlap with those of `intruder` in /etc/subuid")
    machine.run("sed -i /intruder/d /etc/subuid")

    machine.run("systemd-run --quiet --unit=squatter --uid=nobody python3 -m http.server --bind 127.0.0.1 8080")
    wait_for(lambda: machine.run("curl -s 127.0.0.1:8080", check=False).code == 0, 10, "the squatter")
    refused("a port that is in use", "port 8080 (tcp), which is to be `myservice`'s, is used by a process of `nobody`")
    machine.run("systemctl stop squatter")

    deployment.edit("rick.toml", lambda text: text.replace('valkey = "8.1"', 'valkey = "8.0"'))
    deployment.build()
    refused("a version that is another", "Valkey 8.1", "and the build is for 8.0")
    deployment.edit("rick.toml", lambda text: text.replace('valkey = "8.0"', 'valkey = "8.1"'))
    deployment.build()

    machine.run(
        "mv /etc/rick/secrets/feeds_session_key /root/kept && chmod 0644 /etc/rick/secrets/myservice_secret_key"
    )
    refused(
        "secrets that are missing or open",
        "nobody has the secret feeds_session_key",
        "myservice_secret_key` has mode 0644",
    )
    machine.run(
        "mv /root/kept /etc/rick/secrets/feeds_session_key && chmod 0600 /etc/rick/secrets/myservice_secret_key"
    )

    machine.run("mkdir -p /etc/containers/systemd/users/801")
    machine.write("/etc/containers/systemd/users/801/myservice.container", "[Container]\nImage=by-hand\n")
    refused(
        "a file that somebody else wrote",
        "myservice.container` is there, differs, and rick did not write it",
        "--adopt",
    )
    # It is taken over below.


def on_the_way(lab: Lab, machine: Machine, deployment: Deployment) -> None:
    """What fails stops the apply; put right, it goes on from there."""
    deployment.apply("--adopt", "--until=secrets")
    # As a podman leaves it that is killed just as it makes the process that holds its user namespace.
    pause = "mkdir -p /run/user/801/libpod/tmp && echo 999999 > /run/user/801/libpod/tmp/pause.pid"
    machine.run(pause, user="myservice")
    machine.run("systemctl stop lab-registry")
    said = deployment.apply("--adopt", check=False)
    lab.check("without a registry it stops at the image", said.code == 2 and "cannot be pulled" in said.err, said.err)
    lab.check(
        "what was not done is said", "not done: " in said.err and "restart myservice-pod.service" in said.err, said.err
    )
    machine.run("systemctl start lab-registry")
    time.sleep(0.5)

    caddyfile = machine.read("/etc/caddy/Caddyfile")
    machine.write("/etc/caddy/Caddyfile", caddyfile + "\nbroken {\n", owner="root:root")
    said = deployment.apply(check=False)
    lab.check(
        "it goes on, and stops at a Caddyfile with a mistake", said.code == 2 and "Caddy refuses" in said.err, said.err
    )
    lab.check(
        "its own block is taken back",
        "# BEGIN rick" not in machine.read("/etc/caddy/Caddyfile"),
        machine.read("/etc/caddy/Caddyfile"),
    )
    lab.check("services run all the same", any("myservice" in unit for unit in deployment.units()))
    machine.write("/etc/caddy/Caddyfile", caddyfile, owner="root:root")
    said = deployment.apply()
    lab.check("put right, it goes on to the end", "caddy validate" in said.out, said.out)
    deployment.verify("in the end")
    deployment.nothing_to_do("in the end")

    machine.write("/etc/rick/caddy/sites/feeds.caddy", "# somebody was here\n")
    machine.run("sed -i '/# BEGIN rick/,/# END rick/d' /etc/postgresql/17/main/pg_hba.conf")
    verified = machine.rick("verify", "/root/web1", check=False)
    lab.check("verify finds what somebody changed", verified.code == 1 and "feeds.caddy" in verified.out, verified.out)
    said = deployment.apply()
    lab.check("apply says that somebody had changed a file", "somebody had changed it" in said.out, said.out)
    lab.check(
        "and puts the block back",
        "block in /etc/postgresql/17/main/pg_hba.conf" in said.out and "reload postgresql" in said.out,
        said.out,
    )
    machine.run("systemctl --user stop feeds-worker.service", user="feeds")
    said = deployment.apply()
    lab.check("a unit that was stopped is started", "restart feeds-worker.service" in said.out, said.out)
    deployment.verify("after it was put right")
    machine.run("rm /var/lib/systemd/linger/feeds && chmod 0700 /etc/rick/feeds")
    said = deployment.apply()
    lab.check("a directory's mode and lingering are put right", "tmpfiles.d/rick-feeds.conf" in said.out, said.out)
    deployment.verify("of directories")
    deployment.nothing_to_do("of directories")
    machine.run("systemctl --user stop authentik-worker.service", user="authentik")
    (deployment.project / "services/reports.toml").unlink()
    deployment.build()
    said = deployment.apply()
    lab.check("a removal goes on where authentik cannot be told", "not undone, and tried again" in said.out, said.out)
    said = deployment.apply()
    lab.check(
        "and the next apply tells it",
        "in authentik-worker: ak apply_blueprint custom/rick/.gone/reports" in said.out,
        said.out,
    )
    deployment.nothing_to_do("after both")
    first = machine.run(
        ["sh", "-c", "rick apply /root/web1 --all-steps & sleep 0.5; rick apply /root/web1; echo $?; wait"], check=False
    )
    lab.check(
        "two at a time take turns", "another `rick apply` is at work" in first.out + first.err, first.out + first.err
    )
