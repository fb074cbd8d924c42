"""Follows the guide step by step, as a careful reader would: what each printed file and task is on a machine.

A method does what one printed step says and returns how that ended. It mends nothing: what has to be mended for the
next step to be tried at all is the scenario's business, and is listed there.
"""

import re
from pathlib import Path

from machine import Machine, Result

PRINTED = Path(__file__).resolve().parent / "printed"

USER = "myservice"
HOME = "/opt/myservice"
DATABASE = "myservice_db"
DOMAIN = "myservice.jnss.me"
AUTHENTIK = "auth.jnss.me"
SOCKET = "/var/run/valkey/valkey.sock"
PASSWORD = "your_password"
# With `become_user` no other folder can be written to that podman reads units from.
UNITS = f"{HOME}/.config/containers/systemd"

# What the guide gives a value: the defaults of its role, and the settings in the text of its third step.
GIVEN: dict[str, str] = {
    "service_name": USER,
    "service_domain": DOMAIN,
    "service_port": "8080",
    "service_backend": "localhost:8080",
    "auth_enabled": "true",
    "auth_pattern": "forward_auth",
    "required_group": "myservice_users",
    "service_db_user": USER,
    "service_db_name": DATABASE,
    "postgresql_unix_socket_directories": "/var/run/postgresql",
    "valkey_unix_socket_path": SOCKET,
    "service_valkey_db": "2",
    "valkey_password": PASSWORD,
}

# What its templates ask for and it says nothing of; a reader has to come up with these.
MADE_UP: dict[str, str] = {
    "service_db_password": PASSWORD,
    "service_secret_key": "some-secret-key",
    "service_log_level": "info",
    "service_bind_address": "0.0.0.0",
}


def text(name: str) -> str:
    """A file as it is printed."""
    return (PRINTED / name).read_text()


def fill(template: str, **values: str) -> str:
    """What Ansible makes of a template: values for names, and the blocks of `if`, whose lines are cut out whole."""
    known = GIVEN | MADE_UP | values
    lines = []
    shown = [True]
    for line in template.splitlines(keepends=True):
        if asked := re.fullmatch(r"\{% if (.+) %\}\n", line):
            shown.append(shown[-1] and all(_holds(part, known) for part in asked[1].split(" and ")))
        elif line == "{% endif %}\n":
            shown.pop()
        elif shown[-1]:
            lines.append(line)
    return re.sub(r"\{\{ (\w+) \}\}", lambda name: known[name[1]], "".join(lines))


def _holds(condition: str, known: dict[str, str]) -> bool:
    name, _, wanted = condition.partition(" == ")
    return known[name] == wanted.strip("'") if wanted else known[name] not in ("", "false")


def never_given() -> list[str]:
    """The names in templates and tasks that no printed default has: a play would end at the first of them."""
    defaults = set(re.findall(r"^(\w+):", text("role/defaults-main.yml"), re.MULTILINE))
    asked: set[str] = set()
    for name in (
        "myservice.container",
        "myservice.env.j2",
        "database.yml",
        "role/tasks-main.yml",
        "role/myservice.caddy.j2",
    ):
        asked |= set(re.findall(r"\{\{ (\w+) \}\}", text(name)))
    return sorted(asked - defaults)


class Reader:
    """Somebody with the guide in front of them, and root on the machine."""

    def __init__(self, machine: Machine) -> None:
        self.machine = machine

    def root(self, command: str, timeout: float = 30) -> Result:
        return self.machine.run(command, check=False, timeout=timeout)

    def become(self, command: str, user: str = USER) -> Result:
        """What `become_user` is: sudo, with that user's home, and with nothing of a login of theirs."""
        return self.root(f"sudo -H -u {user} {command}")

    def service(self, command: str) -> Result:
        """The same, with the variables of a login: as it would have to be done."""
        return self.machine.run(command, user=USER, check=False, timeout=60)

    # Step 1: User Setup

    def create_service_user(self) -> Result:
        """`user:` with these options is this call of useradd."""
        return self.root(f"useradd -d {HOME} -s /bin/false -m -r {USER}")

    def add_to_infrastructure_groups(self) -> Result:
        return self.root(f"usermod -a -G postgres,valkey {USER}")

    # Step 2: Container Configuration

    def deploy_units(self, container: str | None = None, pod: str | None = None) -> Result:
        """`template:` into a folder, which it does not make."""
        uid, gid = (self.machine.run(["id", option, USER]).out.strip() for option in ("-u", "-g"))
        files = {
            "myservice.pod": pod or text("myservice.pod"),
            "myservice.container": fill(container or text("myservice.container"), service_uid=uid, service_gid=gid),
        }
        for name, content in files.items():
            done = self.machine.run(f"sudo -H -u {USER} tee {UNITS}/{name} > /dev/null", check=False, input=content)
            if done.code != 0:
                return done
        return done

    # Step 4: Database Setup. What each module states was read from the log of a server that Ansible had run the printed
    # tasks on, with the modules of community.postgresql 3.9 and 4.2.

    def sql(self, statement: str, database: str = "postgres") -> Result:
        return self.machine.run(["psql", "-X", "-At", "-d", database, "-c", statement], user="postgres", check=False)

    def create_database(self, ending: str = "", name: str = DATABASE) -> Result:
        return self.sql(
            f'CREATE DATABASE "{name}" OWNER "{USER}" ENCODING \'UTF-8\' '
            f"LC_COLLATE 'en_US.UTF-8' LC_CTYPE 'en_US.UTF-8'{ending}"
        )

    def create_database_user(self, database: str = DATABASE) -> Result:
        """The module connects to the `db` that it is given, before it makes the role."""
        return self.sql(f"CREATE USER \"{USER}\" WITH ENCRYPTED PASSWORD '{PASSWORD}'", database)

    def privileges_of_user(self) -> Result:
        """`priv: ALL`, which the module knew up to version 3 of its collection."""
        return self.sql(f'GRANT CREATE, CONNECT, TEMPORARY ON DATABASE "{DATABASE}" TO "{USER}"', DATABASE)

    def grant_connect_privileges(self) -> Result:
        """`objs: ALL_IN_SCHEMA`: of tables, in `public`, since nothing else is said."""
        return self.sql(f'GRANT ALL ON ALL TABLES IN SCHEMA "public" TO "{USER}"', DATABASE)

    # Step 5: Service Role Template

    def deploy_environment(self, **values: str) -> None:
        self.machine.write(f"{HOME}/.env", fill(text("myservice.env.j2"), **values), 0o600, f"{USER}:{USER}")

    def deploy_site(self, template: str, changes: dict[str, str], **values: str) -> None:
        """Writes a site; `changes` are mendings, text for text."""
        site = fill(text(template), **values)
        for printed, mended in changes.items():
            assert printed in site, printed
            site = site.replace(printed, mended)
        self.machine.write("/etc/caddy/sites-enabled/myservice.caddy", site)

    def start_and_enable(self) -> list[tuple[str, Result]]:
        """`systemd:` with `enabled`, `started` and `scope: user` is this series of calls, up to the first that fails.

        The module sets XDG_RUNTIME_DIR itself where nobody else has; and what it is told to enable it leaves alone if
        `is-enabled` ends well, whatever that says.
        """
        variable = f"env XDG_RUNTIME_DIR=/run/user/{self.machine.run(['id', '-u', USER]).out.strip()}"
        done: list[tuple[str, Result]] = []
        for verb in (
            "daemon-reload",
            "show -p LoadState --value myservice",
            "is-enabled myservice -l",
            "start myservice",
        ):
            done.append((verb, self.become(f"{variable} systemctl --user {verb}")))
            if done[-1][1].code != 0:
                break
        return done

    # Handlers, by the names that the tasks notify.

    def restart_myservice(self) -> Result:
        return self.service("systemctl --user restart myservice")

    # Troubleshooting

    def troubleshoot(self) -> dict[str, Result]:
        """Each printed command, as root, who is the one to be told to use sudo."""
        commands = [line for line in text("troubleshooting.sh").splitlines() if not line.startswith("#")]
        # With nothing to read, psql ends once it has connected.
        return {command: self.root(f"{command} < /dev/null") for command in commands}

    # Integration Testing

    def test_service_auth(self, patience: int = 10) -> Result:
        self.machine.write("/opt/lab/test-service-auth.sh", text("test-service-auth.sh"), 0o755)
        return self.root(f"timeout {patience} /opt/lab/test-service-auth.sh")
