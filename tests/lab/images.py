"""Stand-ins for the images of a built deployment, and a registry in the guest that they are pulled from.

Every image is busybox and the probe, with what an image's maker decides: the user, and what to know about the parts
that run it. They come from a registry rather than straight into the stores of podman, since a store is a service
user's: before the first apply there is no such user, and pulling is a step of the deployment that is to be seen
working.
"""

import hashlib
import io
import json
import platform
import re
import shlex
import subprocess
import tarfile
import tomllib
from dataclasses import dataclass, field
from pathlib import Path

from machine import LAB, PATH, Machine, base

TARGET = f"{platform.machine()}-unknown-linux-musl"
PROBE = LAB / "probe" / TARGET / "release" / "rick-lab-probe"

# The names that images have for what the kernel calls them.
ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64"}

# Where the registry listens in the guest: an address that no service publishes a port on.
REGISTRY = "127.0.0.99:5000"

# What listens in these images without a word about it in a manifest or an environment.
PORTS = {"docker.io/gotenberg/gotenberg": [3000], "docker.io/apache/tika": [9998]}

# Each part answers for itself on a port of the pod's loopback; the first has this one.
FIRST_INSIDE = 39001


# A file of Quadlet's: the values of each key, in their order.
Unit = dict[str, list[str]]


@dataclass
class Part:
    """One container unit, as far as its image has to know it."""

    name: str
    arguments: list[str]
    ports: list[int]
    inside: int
    outpost: bool = False


@dataclass
class Image:
    """One image of one service."""

    name: str
    service: str
    user: str
    uid: int
    # Whom the image runs as: `(uid, gid)`, and whether its entrypoint drops to that from root. None: root, as most
    # images.
    runs_as: tuple[int, int] | None = None
    starts_as_root: bool = False
    parts: list[Part] = field(default_factory=list)
    programs: set[str] = field(default_factory=set)

    def variables(self) -> list[str]:
        """What is baked in, and what nobody who runs the image would set."""
        variables = [f"PATH={PATH}", f"PROBE_PARTS={json.dumps([vars(part) for part in self.parts])}"]
        if self.starts_as_root and self.runs_as is not None:
            variables.append(f"PROBE_RUN_AS={self.runs_as[0]}:{self.runs_as[1]}")
        return variables

    def user_inside(self) -> str:
        return "" if self.starts_as_root or self.runs_as is None else f"{self.runs_as[0]}:{self.runs_as[1]}"


def of_deployment(dist: Path, project: Path) -> list[Image]:
    """The images of a built machine (`dist/web1`), with what the project's manifests say about them."""
    steps = json.loads((dist / "steps.json").read_text())
    pulls = [step for step in steps if step["kind"] == "pull"]
    services = _manifests(project)
    found = []
    for pull in pulls:
        image = Image(pull["image"], pull["service"], pull["user"], pull["uid"])
        image.runs_as, image.starts_as_root = _runs_as(services[pull["service"]], image.name)
        units = _units(dist / "root/etc/containers/systemd/users" / str(pull["uid"]))
        for unit in units.values():
            if _first(unit, "Image") == image.name:
                image.parts.append(_part(dist, pull["service"], image, unit, units))
        image.programs = _programs(dist, steps, image, units)
        found.append(image)
    return found


def _manifests(project: Path) -> dict[str, dict]:
    found = {}
    for path in sorted((project / "services").glob("*.toml")):
        manifest = tomllib.loads(path.read_text())
        found[manifest.get("service", {}).get("name", path.stem)] = manifest
    return found


def _runs_as(manifest: dict, image: str) -> tuple[tuple[int, int] | None, bool]:
    """What the manifest says of the image's user, since its author knows the image and the lab does not."""
    tables = [manifest["service"], *manifest.get("quadlet", {}).get("containers", {}).values()]
    for table in tables:
        if table.get("image") != image or "user" not in table:
            continue
        user = table["user"]
        if isinstance(user, int):
            return (user, user), False
        return (user["uid"], user.get("gid", user["uid"])), user.get("starts_as_root", False)
    return None, False


def _units(folder: Path) -> dict[str, Unit]:
    """Quadlet's files, by name. Sections are left out: none of the keys that are read here is in two of them."""
    units = {}
    for path in sorted(folder.iterdir()):
        if path.suffix not in (".container", ".pod"):
            continue
        unit: Unit = {}
        for line in path.read_text().replace("\\\n", " ").splitlines():
            key, equals, value = line.partition("=")
            if equals and not key.startswith("#"):
                unit.setdefault(key, []).append(value)
        units[path.name] = unit
    return units


def _first(unit: Unit, key: str) -> str | None:
    return unit.get(key, [None])[0]


def _words(command: str) -> list[str]:
    """A command of a unit: a JSON list, or words as systemd takes them apart, with `%` and `$` doubled."""
    if command.startswith("["):
        return json.loads(command.replace("%%", "%").replace("$$", "$"))
    return shlex.split(command.replace("%%", "%").replace("$$", "$"))


def _part(dist: Path, service: str, image: Image, unit: Unit, units: dict[str, Unit]) -> Part:
    name = _first(unit, "ContainerName") or service
    containers = sorted(name for name in (_first(other, "ContainerName") for other in units.values()) if name)
    ports = list(PORTS.get(image.name.rpartition(":")[0], []))
    # What a pod publishes is the main part's, which has the service's name; others listen where their environment
    # says so.
    if name == service:
        published = units.get(_first(unit, "Pod") or "", unit).get("PublishPort", [])
        ports += [int(port.rpartition(":")[2].partition("/")[0]) for port in published]
    for file in unit.get("EnvironmentFile", []):
        path = dist / "root" / file.lstrip("/")
        if path.exists():
            ports += [int(port) for port in re.findall(r"^\w+=0\.0\.0\.0:(\d+)$", path.read_text(), re.MULTILINE)]
    return Part(
        name=name,
        arguments=_words(_first(unit, "Exec") or ""),
        ports=list(dict.fromkeys(ports)),
        inside=FIRST_INSIDE + containers.index(name),
        # Sites ask the port of authentik's own server, so that the probe which stands in for it is the outpost as well.
        outpost="goauthentik/server" in image.name and name == service,
    )


def _programs(dist: Path, steps: list[dict], image: Image, units: dict[str, Unit]) -> set[str]:
    """The programs that something calls inside: health checks, commands after the start, and jobs."""
    containers = {part.name for part in image.parts}
    commands = []
    for unit in units.values():
        if _first(unit, "Image") != image.name:
            continue
        for health in unit.get("HealthCmd", []):
            if health.startswith("["):
                commands.append(_words(health))
            elif health.startswith("CMD "):
                commands.append(_words(health.removeprefix("CMD ")))
            else:
                commands.append(["sh", "-c", " ".join(shlex.quote(word) for word in _words(health))])
    for step in steps:
        if step["kind"] == "container-command" and step["container"] in containers:
            commands += [step[key] for key in ("command", "unless") if key in step]
    for path in sorted((dist / "root/etc/systemd/user").glob("*.service")):
        match = re.search(r"^ExecStart=/usr/bin/podman exec (?:--\S+ \S+ )*(\S+) (.*)$", path.read_text(), re.MULTILINE)
        if match and match[1] in containers:
            commands.append(_words(match[2]))
    programs = set()
    for command in commands:
        if command[:2] != ["sh", "-c"]:
            programs.add(command[0])
            continue
        # The first word of each command of a line for the shell.
        for piece in re.split(r"\|\|?|&&|;|\n", command[2]):
            programs |= set(shlex.split(piece)[:1])
    return programs


class Registry:
    """The images as a registry keeps them, and the service in the guest that hands them out."""

    def __init__(self, machine: Machine) -> None:
        self.machine = machine
        self.hosts: set[str] = set()

    def start(self) -> None:
        """Puts the registry into the guest, empty."""
        source = Path(__file__).with_name("registry.py")
        self.machine.write("/opt/lab/registry.py", source.read_text())
        # A reboot must find it where it was: the images of a real registry are still there, too.
        unit = (
            "[Unit]\nDescription=A registry for the images of the lab\n\n[Service]\n"
            f"ExecStart=/usr/bin/python3 /opt/lab/registry.py {REGISTRY} /opt/lab/registry\nDynamicUser=yes\n\n"
            "[Install]\nWantedBy=multi-user.target\n"
        )
        self.machine.write("/etc/systemd/system/lab-registry.service", unit)
        self.machine.run(
            "mkdir -p /opt/lab/registry && systemctl daemon-reload && systemctl --quiet enable --now lab-registry"
        )

    def push(self, images: list[Image]) -> None:
        """Adds these images. Whatever registry their names begin with, podman will ask this one for it."""
        archive = io.BytesIO()
        with tarfile.open(fileobj=archive, mode="w") as files:
            for path, content in self._files(images).items():
                _add(files, path, content, 0o644)
        self.machine.run(["tar", "-xC", "/opt/lab/registry"], input=archive.getvalue())
        self.hosts |= {image.name.partition("/")[0] for image in images}
        mirrors = "".join(
            f'[[registry]]\nprefix = "{host}"\nlocation = "{REGISTRY}/{host}"\ninsecure = true\n'
            for host in sorted(self.hosts)
        )
        self.machine.write("/etc/containers/registries.conf.d/lab.conf", mirrors)

    def _files(self, images: list[Image]) -> dict[str, bytes]:
        """What the registry serves, by path: blobs by digest, and a manifest for each name and tag."""
        files: dict[str, bytes] = {}
        for image in images:
            layers = [_common_layer(), _programs_layer(image.programs)]
            config = {
                "architecture": ARCHITECTURES[platform.machine()],
                "os": "linux",
                "config": {
                    "Entrypoint": ["/probe"],
                    "Env": image.variables(),
                    "User": image.user_inside(),
                    "WorkingDir": "/",
                },
                "rootfs": {"type": "layers", "diff_ids": [_digest(layer) for layer in layers]},
            }
            described = json.dumps(config).encode()
            manifest = {
                "schemaVersion": 2,
                "mediaType": "application/vnd.oci.image.manifest.v1+json",
                "config": _descriptor("application/vnd.oci.image.config.v1+json", described),
                "layers": [_descriptor("application/vnd.oci.image.layer.v1.tar", layer) for layer in layers],
            }
            for blob in (described, *layers):
                files[f"blobs/{_digest(blob)}"] = blob
            content = json.dumps(manifest).encode()
            name, _, tag = image.name.rpartition(":")
            files[f"manifests/{name}/{tag}"] = content
            files[f"manifests/{name}/{_digest(content)}"] = content
        return files

    def preload(self, images: list[Image]) -> None:
        """Pulls the images into the stores of service users who exist and whose managers run."""
        for image in images:
            self.machine.run(["podman", "pull", "--quiet", image.name], user=image.user)


def _descriptor(kind: str, content: bytes) -> dict[str, str | int]:
    return {"mediaType": kind, "digest": _digest(content), "size": len(content)}


def _digest(content: bytes) -> str:
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def _add(archive: tarfile.TarFile, path: str, content: bytes, mode: int) -> None:
    entry = tarfile.TarInfo(path)
    entry.size, entry.mode = len(content), mode
    archive.addfile(entry, io.BytesIO(content))


def _link(archive: tarfile.TarFile, path: str, target: str) -> None:
    entry = tarfile.TarInfo(path)
    entry.type, entry.linkname = tarfile.SYMTYPE, target
    archive.addfile(entry)


def _folder(archive: tarfile.TarFile, path: str, mode: int = 0o755) -> None:
    entry = tarfile.TarInfo(path)
    entry.type, entry.mode = tarfile.DIRTYPE, mode
    archive.addfile(entry)


_COMMON: list[bytes] = []


def _common_layer() -> bytes:
    """Busybox with all its names, and the probe: the same bytes for every image, so that a store has them once."""
    if not _COMMON:
        busybox = base() / "usr/bin/busybox"
        names = subprocess.run([busybox, "--list"], capture_output=True, text=True, check=True).stdout.split()
        archive = io.BytesIO()
        with tarfile.open(fileobj=archive, mode="w") as files:
            for path in ("bin", "etc", "usr", "usr/bin", "usr/local", "usr/local/bin", "var"):
                _folder(files, path)
            _folder(files, "root", 0o700)
            _folder(files, "tmp", 0o1777)
            _add(files, "bin/busybox", busybox.read_bytes(), 0o755)
            for name in names:
                if name != "busybox":
                    _link(files, f"bin/{name}", "busybox")
            _add(files, "etc/passwd", b"root:x:0:0:root:/root:/bin/sh\n", 0o644)
            _add(files, "etc/group", b"root:x:0:\n", 0o644)
            _add(files, "probe", PROBE.read_bytes(), 0o755)
        _COMMON.append(archive.getvalue())
    return _COMMON[0]


def _programs_layer(programs: set[str]) -> bytes:
    """The programs of one image, all of them the probe; what busybox has is left to it."""
    busybox = _common_layer()
    with tarfile.open(fileobj=io.BytesIO(busybox)) as common:
        taken = {Path(name).name for name in common.getnames() if name.startswith("bin/")}
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w") as files:
        for program in sorted(programs - taken):
            _link(files, program.lstrip("/") if "/" in program else f"usr/local/bin/{program}", "/probe")
    return archive.getvalue()
