"""Step 1, User Setup: the user, its groups, and what neither of them brings."""

from as_printed.findings import Findings
from as_printed.follow import USER, Reader

# Somebody who is in none of the groups.
STRANGER = "nobody"


def judge(findings: Findings, reader: Reader) -> None:
    """Follows step 1."""
    for done in (reader.create_service_user(), reader.add_to_infrastructure_groups()):
        findings.shown("step 1", "the user is made as printed", done.code == 0, done)
    groups = reader.root(f"groups {USER}")
    wanted = {USER, "postgres", "valkey"}
    findings.shown("step 1", "`groups` shows what it should", set(groups.out.split()) - {":"} == wanted, groups)
    ranges = reader.root(f"grep ^{USER}: /etc/subuid /etc/subgid")
    findings.shown("10", "a user made by `system: true` has no subordinate ids", ranges.code == 1, ranges)
    directory = reader.root(f"ls -d /run/user/$(id -u {USER}) /var/lib/systemd/linger/{USER}")
    findings.shown(
        "17", "nobody lets its manager run without a login", directory.err.count("No such file") == 2, directory
    )


def judge_groups(findings: Findings, reader: Reader) -> None:
    """What the two groups are good for, once both servers run."""
    socket = reader.become("psql -h /var/run/postgresql -d postgres -c 'select 1'", STRANGER)
    findings.shown(
        "21",
        "PostgreSQL's socket answers who is in no group",
        f'role "{STRANGER}" does not exist' in socket.err,
        socket,
    )
    reader.machine.run("valkey-cli -s /var/run/valkey/valkey.sock -a your_password --no-auth-warning save")
    secrets = {
        "read PostgreSQL's rules of access": "head -c 1 /etc/postgresql/17/main/pg_hba.conf",
        "put files beside PostgreSQL's socket, or others in its place": "touch /run/postgresql/placed",
        "read all that Valkey keeps": "head -c 5 /var/lib/valkey/dump.rdb",
        "read Valkey's password, and change its configuration": "cp /etc/valkey/valkey.conf /etc/valkey/placed.conf",
    }
    for text, command in secrets.items():
        member, stranger = reader.become(command), reader.become(command, STRANGER)
        detail = f"the member: {member}\nsomebody else: {stranger}"
        findings.shown("21", f"the groups let the service {text}", member.code == 0 and stranger.code != 0, detail)
