"""Does the lab itself work? One service, put on a machine by hand, sees what it should see, also after a reboot."""

import hashlib

from images import FIRST_INSIDE, Image, Part, Registry
from lab import Lab
from machine import Machine, wait_for

USER = "smoke"
UID = 870
IMAGE = "registry.example.org/lab/smoke:1"
PORT = 8080
PASSWORD = "a%b@c$d"
SECRET = "quotes \" ' % $ \\ pass"

VALKEY = f"""\
user default off
user {USER} on >{PASSWORD} resetchannels &{USER}:* ~{USER}:* +@all -@admin -@dangerous
"""

VALKEY_DROP_IN = """\
[Service]
RuntimeDirectoryPreserve=yes
ExecStart=
ExecStart=/usr/bin/valkey-server /etc/valkey/valkey.conf --supervised systemd --daemonize no \
--unixsocket /run/valkey/valkey.sock --unixsocketperm 777 --aclfile /etc/lab/users.acl
"""

MANAGER_DROP_IN = """\
[Unit]
Wants=network-online.target postgresql.service valkey-server.service
After=network-online.target postgresql.service valkey-server.service
"""

POD = f"""\
[Pod]
PodName={USER}
UserNS=keep-id:uid=1000,gid=1000
PodmanArgs=--exit-policy=continue
PublishPort=127.0.0.1:{PORT}:{PORT}
AddHost=gate.example.org:host-gateway

[Install]
WantedBy=default.target
"""

CONTAINER = f"""\
[Unit]
StartLimitIntervalSec=0

[Container]
ContainerName={USER}
Image={IMAGE}
Pod={USER}.pod
User=1000
Group=1000
EnvironmentFile=/etc/lab/{USER}.env
Secret=smoke_secret,type=env,target=SECRET_KEY
Secret=smoke_secret
Volume=/run/postgresql:/run/postgresql:ro
Volume=/run/valkey:/run/valkey:ro
Volume=/var/lib/{USER}/data:/data
NoNewPrivileges=true
DropCapability=all
LogDriver=journald
HealthCmd=well --health
Notify=healthy

[Service]
Restart=always
RestartSec=1
"""

ENVIRONMENT = f"""\
DATABASE_URL=postgresql://{USER}@/{USER}_db?host=/run/postgresql
CACHE_URL=unix://{USER}:a%25b%40c%24d@/run/valkey/valkey.sock?db=1
OTHER_URL=postgresql+psycopg://{USER}@/{USER}_db
GATE=https://gate.example.org/
"""

SITE = f"https://{USER}.example.org {{\n\treverse_proxy 127.0.0.1:{PORT}\n}}\n"


def run(lab: Lab) -> None:
    """The scenario."""
    with lab.section("boot"):
        machine = lab.machine("smoke")
    with lab.section("by hand"):
        account(machine)
        servers(machine)
        registry = Registry(machine)
        registry.start()
        part = Part(USER, [], [PORT], FIRST_INSIDE)
        registry.push([Image(IMAGE, USER, USER, UID, runs_as=(1000, 1000), parts=[part], programs={"well"})])
        service(machine)
    with lab.section("after the start"):
        ask(lab, machine, 1)
        lab.check("valkey has been restarted", machine.run("systemctl restart valkey-server postgresql").code == 0)
        wait_for(lambda: made(machine) == [2, 2], 20, "the standing connections")
        lab.check("both connections were made again after the servers restarted", True)
    with lab.section("reboot"):
        lab.same("it boots again", machine.reboot(), "running")
        wait_for(lambda: is_active(machine), 60, f"{USER}.service after the reboot")
        ask(lab, machine, None)
    with lab.section("off"):
        machine.power_off()


def account(machine: Machine) -> None:
    """A user of the machine without a login, whose manager runs from the boot on."""
    machine.write(
        "/etc/sysusers.d/smoke.conf", f'g {USER} {UID}\nu {USER} {UID}:{UID} "lab" /var/lib/{USER} /usr/sbin/nologin\n'
    )
    machine.run("systemd-sysusers /etc/sysusers.d/smoke.conf")
    machine.run(f"usermod --add-subuids 10000000-10065535 --add-subgids 10000000-10065535 {USER}")
    machine.run(f"install -d -m 0750 -o {USER} -g {USER} /var/lib/{USER} /var/lib/{USER}/data")
    machine.write(f"/var/lib/systemd/linger/{USER}", "")
    machine.write(f"/etc/systemd/system/user@{UID}.service.d/lab.conf", MANAGER_DROP_IN)


def servers(machine: Machine) -> None:
    """A role and a database, a user of the cache, and a site."""
    machine.run(["psql", "-qc", f"create role {USER} login"], user="postgres")
    machine.run(["psql", "-qc", f"create database {USER}_db owner {USER}"], user="postgres")
    machine.write("/etc/lab/users.acl", VALKEY, 0o640, "root:valkey")
    machine.write("/etc/systemd/system/valkey-server.service.d/lab.conf", VALKEY_DROP_IN)
    machine.write("/etc/caddy/Caddyfile", machine.read("/etc/caddy/Caddyfile") + SITE)
    machine.run("systemctl daemon-reload && systemctl restart valkey-server && systemctl reload caddy")


def service(machine: Machine) -> None:
    """The units, and what they need: the manager, the secret and the image."""
    machine.run(f"systemctl start user@{UID}.service")
    machine.run(["podman", "secret", "create", "smoke_secret", "-"], user=USER, input=SECRET)
    machine.write(f"/etc/lab/{USER}.env", ENVIRONMENT, 0o640, f"root:{USER}")
    folder = f"/etc/containers/systemd/users/{UID}"
    machine.write(f"{folder}/{USER}.pod", POD)
    machine.write(f"{folder}/{USER}.container", CONTAINER)
    machine.run(["podman", "pull", "--quiet", IMAGE], user=USER)
    machine.run("systemctl --user daemon-reload && systemctl --user start smoke-pod.service smoke.service", user=USER)


def is_active(machine: Machine) -> bool:
    """Whether the container is up: with `Notify=healthy` that is once its health check was good."""
    return machine.run(f"systemctl --user is-active {USER}.service", user=USER, check=False).code == 0


def made(machine: Machine) -> list[int]:
    """How many times the one connection to each server was made."""
    answer = machine.ask(USER, USER)
    return [about["standing"]["made"] for about in answer["postgres"] + answer["valkey"]]


def ask(lab: Lab, machine: Machine, rows: int | None) -> None:
    """Everything that the probe tells, against what was set up."""
    answer = machine.ask(USER, USER)
    digest = hashlib.sha256(SECRET.encode()).hexdigest()
    identity = answer["identity"]
    lab.same("it is the image's user inside", (identity["uid"], identity["gid"]), (1000, 1000))
    database, cache = answer["postgres"][0], answer["valkey"][0]
    lab.same("it connects to its database by peer", database.get("answer"), f"{USER} {USER}_db")
    lab.check(
        "it makes a table and writes to it",
        database.get("rows") == rows or rows is None and database["rows"] > 1,
        database,
    )
    lab.same("the cache knows its user", (cache.get("whoami"), cache.get("ping")), (USER, "PONG"))
    lab.same(
        "it sets a key of its own",
        (cache.get("prefix"), cache.get("set"), cache.get("get")),
        (f"{USER}:", "OK", "here"),
    )
    lab.same("what was there before", cache.get("before"), None if rows == 1 else "here")
    for question in ("unprefixed", "foreign", "flushdb"):
        lab.check(f"the cache refuses it: {question}", "NOPERM" in str(cache.get(question)), cache)
    lab.same(
        "a form that is not known is told", [other["variable"] for other in answer["not_understood"]], ["OTHER_URL"]
    )
    lab.same("the secret is in the environment, unchanged", answer["environment"].get("SECRET_KEY"), digest)
    lab.same("and in a file", answer["secrets"], {"smoke_secret": digest})
    writes = {point: about.get("write") for point, about in answer["mounts"].items()}
    lab.same("its folder can be written to", writes.get("/data"), "ok")
    lab.check("the sockets' folders cannot", "Read-only" in str(writes.get("/run/postgresql")), writes)
    if rows is None:
        lab.check("its folder is the one of before", answer["mounts"]["/data"]["lines"] > 1, answer["mounts"])
    lab.same("it reaches Caddy on the host by the name of a site", answer["hosts"], {"gate.example.org": "ok"})
    by_port = machine.run(f"curl -sS http://127.0.0.1:{PORT}/some/path?x=1 -H 'X_Odd.name: 1'").out
    lab.check("it serves on its published port", '"/some/path?x=1"' in by_port and '"X_Odd.name"' in by_port, by_port)
    site = f"--resolve {USER}.example.org:443:127.0.0.1 https://{USER}.example.org/"
    lab.check("and Caddy in front of it", f'"part": "{USER}"' in machine.run(f"curl -sSk {site}").out)
