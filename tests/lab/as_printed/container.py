"""Steps 2 and 5: the pod, the container, how the role starts them, and what the container then is."""

import re
from typing import Any

import images
from as_printed import follow
from as_printed.findings import Findings
from as_printed.follow import DATABASE, HOME, UNITS, USER, Reader
from machine import Failed, Result, wait_for

# The image as a registry has it. The guide's own name for it has none.
IMAGE = f"registry.jnss.me/{follow.text('myservice.container').partition('Image=')[2].splitlines()[0]}"

FIRST_SUBORDINATE = 300000

# What Quadlet calls the container, which the guide calls `myservice`.
CONTAINER = f"systemd-{USER}"


def judge(findings: Findings, reader: Reader) -> None:
    """Follows the printed tasks up to a container that runs."""
    files(findings, reader)
    manager(findings, reader)
    generated(findings, reader)
    start(findings, reader)


def files(findings: Findings, reader: Reader) -> None:
    """The templates have names in them that nothing defines, and a folder that nobody makes."""
    names = follow.never_given()
    findings.beyond(
        f"{len(names)} names in the printed templates and tasks have no default", "service_home" in names, names
    )
    findings.mend(
        "values for the names that the guide gives none: "
        + ", ".join(sorted(follow.MADE_UP))
        + ", and whose service it is"
    )
    done = reader.deploy_units()
    findings.beyond(
        "nothing makes the folder that the units are put into", "No such file or directory" in done.err, done
    )
    findings.mend(f"{UNITS} is made")
    reader.machine.run(["mkdir", "-p", UNITS], user=USER)
    reader.deploy_environment()
    done = reader.deploy_units()
    findings.shown("step 2", "the units are there as printed", done.code == 0, done)


def manager(findings: Findings, reader: Reader) -> None:
    """`scope: user` needs a manager of that user."""
    verb, done = reader.start_and_enable()[-1]
    findings.shown(
        "17",
        "without lingering the role cannot start it",
        verb == "daemon-reload" and "No such file or directory" in done.err,
        done,
    )
    findings.mend("the user lingers")
    reader.machine.run(["loginctl", "enable-linger", USER])
    uid = reader.machine.run(["id", "-u", USER]).out.strip()
    wait_for(lambda: reader.root(f"test -S /run/user/{uid}/bus").code == 0, 10, "the user's manager")
    done = reader.become("systemctl --user daemon-reload")
    findings.shown(
        "16", "by hand, as that user, there is no XDG_RUNTIME_DIR", "$XDG_RUNTIME_DIR not defined" in done.err, done
    )
    done = reader.become(f"env XDG_RUNTIME_DIR=/run/user/{uid} systemctl --user daemon-reload")
    findings.differs(
        "16", "Ansible's own module sets it, and then `become_user` reaches the manager", done.code == 0, done
    )


def generated(findings: Findings, reader: Reader) -> None:
    """What Quadlet makes of the two units, read from what it wrote."""
    done = dict(reader.start_and_enable())
    enabled = done.get("is-enabled myservice -l")
    findings.differs(
        "14",
        "`enabled: true` asks first and is told `generated`, so Ansible is content and enables nothing",
        enabled is not None and (enabled.code, enabled.out.strip()) == (0, "generated"),
        done,
    )
    for unit in ("myservice", "myservice-pod"):
        refused = reader.service(f"systemctl --user enable {unit}")
        findings.shown(
            "14", f"systemctl says that {unit} is generated", "is transient or generated" in refused.err, refused
        )
    by_hand = "[Service]\nExecStart=true\n\n[Install]\nWantedBy=default.target\n"
    folder = f"{HOME}/.config/systemd/user"
    reader.machine.run(f"mkdir -p {folder} && cat > {folder}/by-hand.service", user=USER, input=by_hand)
    linked = reader.service("systemctl --user daemon-reload; systemctl --user enable by-hand")
    findings.otherwise("14", "a unit that is a file can be enabled", linked.code == 0, linked)
    source = properties(reader, "myservice", "SourcePath")["SourcePath"]
    findings.shown("15", "the service `myservice` is the container's", source.endswith("/myservice.container"), source)
    pod, container = (
        properties(reader, unit, "Restart", "TimeoutStartUSec") for unit in ("myservice-pod", "myservice")
    )
    findings.shown("18", "the pod's Restart=always has become on-failure", pod["Restart"] == "on-failure", pod)
    findings.otherwise("18", "a container's is what it says", container["Restart"] == "always", container)
    findings.shown(
        "20",
        "the pod may take 15 minutes, and what pulls the image 90 seconds",
        (pod["TimeoutStartUSec"], container["TimeoutStartUSec"]) == ("15min", "1min 30s"),
        f"{pod} {container}",
    )
    wanted = starts_at_boot(reader)
    findings.shown(
        "19",
        "pod and container are both started at boot",
        wanted == ["myservice-pod.service", "myservice.service"],
        wanted,
    )


def start(findings: Findings, reader: Reader) -> None:
    """Starts it, and mends what it fails of, until there is a container."""
    refused = attempt(reader)
    findings.shown("13", "podman does not know where my-service:latest is from", "short-name" in refused, refused)
    findings.mend("the image is in the service's store, as localhost/my-service:latest")
    registry = images.Registry(reader.machine)
    registry.start()
    part = images.Part(USER, ["my-service"], [8080], images.FIRST_INSIDE)
    registry.push([images.Image(IMAGE, USER, USER, 0, parts=[part])])
    pulled = reader.service(f"podman pull --quiet {IMAGE}")
    findings.otherwise("13", "with the registry before it, it is found", pulled.code == 0, pulled)
    reader.machine.run(["podman", "tag", IMAGE, "localhost/my-service:latest"], user=USER)
    refused = attempt(reader)
    # podman stops at the first that it looks for, which is now one and now the other.
    missing = any(f"{HOME}/{folder}: no such file or directory" in refused for folder in ("data", "logs"))
    findings.beyond("nothing makes the folders that are mounted", missing, refused)
    findings.mend(f"{HOME}/data and {HOME}/logs are made")
    reader.machine.run(["mkdir", "-p", f"{HOME}/data", f"{HOME}/logs"], user=USER)
    refused = attempt(reader)
    findings.shown("10", "without subordinate ids no `User=` but root can be had", "setresgid" in refused, refused)
    findings.mend("the user has subordinate ids")
    last = FIRST_SUBORDINATE + 65535
    reader.machine.run(
        f"usermod --add-subuids {FIRST_SUBORDINATE}-{last} --add-subgids {FIRST_SUBORDINATE}-{last} {USER}"
    )
    reader.machine.run(["podman", "system", "migrate"], user=USER)
    refused = attempt(reader)
    findings.otherwise("10", "the container starts", refused == "", refused)


def judge_running(findings: Findings, reader: Reader) -> None:
    """Asks the container as printed, and then with one line changed at a time."""
    seen = reader.machine.ask(USER, CONTAINER)
    uid = int(reader.machine.run(["id", "-u", USER]).out)
    process = reader.service(f"podman inspect {CONTAINER} --format '{{{{.State.Pid}}}}'").out.strip()
    outside = reader.root(f"awk '/^Uid/ {{ print $2 }}' /proc/{process}/status").out.strip()
    findings.shown("8", "inside it is the service's uid", seen["identity"]["uid"] == uid, seen["identity"])
    findings.shown(
        "8",
        "on the machine it is a subordinate one, which nobody is",
        outside == str(FIRST_SUBORDINATE + uid - 1),
        outside,
    )
    refusal = f'Peer authentication failed for user "{USER}"'
    findings.shown("8", "PostgreSQL says that peer authentication failed", refusal in database(seen), database(seen))
    log = reader.root("tail -n 20 /var/log/postgresql/*.log")
    unknown = f"could not look up local user ID {FIRST_SUBORDINATE + uid - 1}"
    findings.shown("23", "and in its log, that it cannot look that uid up", unknown in log.out, log)
    findings.beyond(
        "the service cannot write to /data and /logs",
        all("denied" in seen["mounts"][folder]["write"] for folder in ("/data", "/logs")),
        seen["mounts"],
    )
    groups = seen["identity"]["groups"]
    findings.shown(
        "22", "`id` inside shows 65534 twice for the two groups, and no name", groups.count(65534) == 2, groups
    )
    findings.differs(
        "12", "the annotation does keep the groups: the group's socket lets it in", cache(seen) == "ok", cache(seen)
    )
    write = seen["mounts"]["/var/run/postgresql"]["write"]
    findings.shown("21", "so the container can put files beside PostgreSQL's socket", write == "ok", write)
    troubleshoot(findings, reader)
    restart(findings, reader)
    variants(findings, reader, uid)


def troubleshoot(findings: Findings, reader: Reader) -> None:
    """The commands that the guide has for trouble."""
    answers = reader.troubleshoot()
    named = {command: answer for command, answer in answers.items() if command.startswith("podman")}
    findings.shown(
        "15",
        "`podman inspect myservice` and `podman exec myservice` know no such container, as root",
        len(named) == 4 and all(re.search("no such (container|object)", answer.err) for answer in named.values()),
        named,
    )
    again = {command: reader.service(command) for command in named}
    findings.shown(
        "15",
        "nor as the service's user",
        all(re.search("no such (container|object)", answer.err) for answer in again.values()),
        again,
    )
    right = {command: reader.service(command.replace(USER, CONTAINER)) for command in named}
    findings.otherwise(
        "15", f"{CONTAINER} is what it is called", all(answer.code == 0 for answer in right.values()), right
    )
    inspected = right["podman inspect myservice --format='{{.Config.Annotations}}'"]
    kept = "run.oci.keep_original_groups:1"
    findings.shown(
        "troubleshooting", "the annotation is in the container's description", kept in inspected.out, inspected
    )
    connected = answers[f"sudo -u myservice psql -h /var/run/postgresql -U myservice {DATABASE}"]
    findings.beyond(
        "the printed test of the database, from the host, passes while the container fails",
        connected.code == 0,
        connected,
    )
    client = answers["sudo -u myservice redis-cli -s /var/run/valkey/valkey.sock ping"]
    findings.beyond("there is no redis-cli beside Valkey", "command not found" in client.err, client)


def restart(findings: Findings, reader: Reader) -> None:
    """The handler `restart myservice`, which the role notifies at every change."""
    done = reader.restart_myservice()
    state = reader.service("systemctl --user is-active myservice").out.strip()
    findings.beyond(
        "the handler `restart myservice` ends the pod with its last container, and fails",
        done.code != 0 and "A dependency job for myservice.service failed" in done.err and state != "active",
        f"{done} {state}",
    )


def variants(findings: Findings, reader: Reader, uid: int) -> None:
    """The same questions with one thing changed at a time."""
    printed_pod, printed = follow.text("myservice.pod"), follow.text("myservice.container")
    annotation, mapping = "Annotation=run.oci.keep_original_groups=1\n", "PodmanArgs=--userns=host\n"
    assert annotation in printed and mapping in printed_pod

    redeploy(reader, printed.replace(annotation, ""), printed_pod)
    seen = reader.machine.ask(USER, CONTAINER)
    findings.otherwise("12", "without the annotation the socket is closed to it", "denied" in cache(seen), cache(seen))

    password(findings, reader, printed, printed_pod)

    printed_map = id_map(reader)
    redeploy(reader, printed.replace(annotation, "GroupAdd=keep-groups\n"), printed_pod.replace(mapping, ""))
    findings.shown(
        "9",
        "`--userns=host` changes nothing: without it the ids are mapped alike",
        id_map(reader) == printed_map,
        printed_map,
    )
    seen = reader.machine.ask(USER, CONTAINER)
    findings.otherwise("12", "GroupAdd=keep-groups says it in Quadlet's own words", cache(seen) == "ok", cache(seen))

    right_pod = printed_pod.replace(mapping, "UserNS=keep-id\nPodmanArgs=--exit-policy=continue\n")
    service, install = "[Service]\nRestart=always\n", "[Install]\nWantedBy=default.target\n"
    assert service in printed and install in printed
    right = printed.replace(install, "").replace(annotation, "").replace(service, service + "TimeoutStartSec=900\n")
    redeploy(reader, right, right_pod, "myservice-pod")
    wanted = starts_at_boot(reader)
    findings.otherwise(
        "19", "the pod alone is started at boot, and starts the container", wanted == ["myservice-pod.service"], wanted
    )
    timeout = properties(reader, "myservice", "TimeoutStartUSec")["TimeoutStartUSec"]
    findings.otherwise("20", "the container has its time to pull", timeout == "15min", timeout)
    seen = reader.machine.ask(USER, CONTAINER)
    findings.otherwise(
        "8", "with UserNS=keep-id it is the service's user", database(seen) == f"{USER} {DATABASE}", seen["postgres"]
    )
    findings.otherwise(
        "21", "who needs no group for that", seen["identity"]["groups"].count(65534) == 0, seen["identity"]
    )
    findings.otherwise("8", "and whose folder it is", seen["mounts"]["/data"]["write"] == "ok", seen["mounts"])
    findings.otherwise("9", "another mapping can be seen", id_map(reader) != printed_map, printed_map)
    done = reader.restart_myservice()
    findings.otherwise("beyond the 38", "with another exit policy the pod outlives a restart", done.code == 0, done)
    findings.mend("UserNS=keep-id, --exit-policy=continue: the service runs and has its database for what follows")
    findings.note(f"as printed the process was uid {FIRST_SUBORDINATE + uid - 1} on the machine, with keep-id {uid}")


def password(findings: Findings, reader: Reader, container: str, pod: str) -> None:
    """The other way to a database, for whoever is nobody on the machine: a password, which the printed URL lacks."""
    rules = "/etc/postgresql/17/main/pg_hba.conf"
    reader.machine.run(f"cp -p {rules} {rules}.printed && sed -i '1i local {DATABASE} {USER} scram-sha-256' {rules}")
    reader.machine.run("systemctl reload postgresql")
    redeploy(reader, container, pod)
    said = database(reader.machine.ask(USER, CONTAINER))
    findings.shown("23", "where a password is asked for, the printed URL has none", "password missing" in said, said)
    address = f"postgresql://{USER}@/"
    printed = reader.machine.read(f"{HOME}/.env")
    assert address in printed
    with_password = printed.replace(address, f"postgresql://{USER}:{follow.PASSWORD}@/")
    reader.machine.write(f"{HOME}/.env", with_password, 0o600, f"{USER}:{USER}")
    redeploy(reader, container, pod)
    said = database(reader.machine.ask(USER, CONTAINER))
    findings.otherwise("23", "with it even that subordinate uid connects", said == f"{USER} {DATABASE}", said)
    reader.deploy_environment()
    reader.machine.run(f"mv {rules}.printed {rules} && systemctl reload postgresql")


def attempt(reader: Reader, unit: str = "myservice") -> str:
    """Starts it anew; returns what its programs said if it did not come up, and nothing if it did.

    The first answer counts: what `Restart=` makes of it afterwards only repeats it.
    """
    reader.service("systemctl --user stop myservice myservice-pod; systemctl --user reset-failed")
    # A line to read from on, since the clock's seconds are too coarse for that.
    mark = reader.root(
        "logger --tag lab mark; journalctl --sync; journalctl --lines=0 --show-cursor --quiet"
    ).out.partition("cursor: ")[2]
    done = reader.service(f"systemctl --user start {unit}")
    try:
        if done.code == 0:
            wait_for(lambda: answers(reader), 10, "the container")
            return ""
    except Failed as problem:
        done = Result(1, "", str(problem))
    said = reader.root(
        f"journalctl --output=cat --identifier=myservice --identifier=conmon --after-cursor='{mark.strip()}'"
    ).out
    return f"{done.err}{said}"


def answers(reader: Reader) -> bool:
    """Whether the probe in the container serves."""
    return reader.service(f"podman exec {CONTAINER} /probe ask").code == 0


def redeploy(reader: Reader, container: str, pod: str, unit: str = "myservice") -> None:
    """Puts other units in place and starts them."""
    reader.deploy_units(container, pod)
    reader.machine.run("systemctl --user stop myservice myservice-pod; systemctl --user daemon-reload", user=USER)
    if refused := attempt(reader, unit):
        raise Failed(refused)


def properties(reader: Reader, unit: str, *names: str) -> dict[str, str]:
    """What the manager knows of a unit."""
    shown = reader.machine.run(["systemctl", "--user", "show", f"--property={','.join(names)}", unit], user=USER).out
    return dict(line.split("=", 1) for line in shown.splitlines())


def starts_at_boot(reader: Reader) -> list[str]:
    """What the generator hung onto the target that a user's manager starts."""
    return reader.service("ls $XDG_RUNTIME_DIR/systemd/generator/default.target.wants").out.split()


def id_map(reader: Reader) -> list[str]:
    """Which uids of the machine those inside are, relative to where a process of the user's own podman stands."""
    return reader.service(f"podman exec {CONTAINER} cat /proc/self/uid_map").out.split()


def database(seen: dict[str, Any]) -> str:
    """What PostgreSQL said to the container."""
    (about,) = seen["postgres"]
    return str(about.get("answer") or about["result"])


def cache(seen: dict[str, Any]) -> str:
    """What Valkey said to the container."""
    (about,) = seen["valkey"]
    return str(about["result"])
