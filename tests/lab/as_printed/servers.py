"""Step 4, Database Setup, and the Valkey that step 3 takes for given."""

from as_printed.findings import Findings
from as_printed.follow import DATABASE, PASSWORD, SOCKET, USER, Reader


def judge_valkey(findings: Findings, reader: Reader) -> None:
    """The guide's service reaches Valkey by its group, so Valkey's socket has to have that group."""
    findings.mend("Valkey listens on the socket that the guide names, with a password: how, it does not print")
    machine = reader.machine
    settings = f"unixsocket {SOCKET}\nunixsocketperm 770\nrequirepass {PASSWORD}\n"
    machine.run("cp -p /etc/valkey/valkey.conf /etc/valkey/valkey.conf.before")
    machine.run("cat >> /etc/valkey/valkey.conf", input=settings + "unixsocketgroup valkey\n")
    started = reader.root(
        "systemctl restart valkey-server; systemctl show -p ExecMainStatus,ExecMainCode valkey-server"
    )
    findings.beyond(
        "`unixsocketgroup` ends Debian's Valkey by its filter of system calls", "Status=31" in started.out, started
    )
    machine.run("mv /etc/valkey/valkey.conf.before /etc/valkey/valkey.conf")
    machine.run("cat >> /etc/valkey/valkey.conf", input=settings)
    started = reader.root(
        "systemctl stop valkey-server; systemctl reset-failed valkey-server; systemctl start valkey-server"
    )
    findings.shown("step 3", "without it Valkey is there, and its socket is the group's", started.code == 0, started)
    member, stranger = (
        reader.become(f"valkey-cli -s {SOCKET} ping"),
        reader.become(f"valkey-cli -s {SOCKET} ping", "nobody"),
    )
    findings.shown("step 3", "a member of the group gets an answer", "NOAUTH" in member.out, member)
    findings.shown("step 3", "others do not get through to it", "Permission denied" in stranger.err, stranger)


def judge_database(findings: Findings, reader: Reader) -> None:
    """Follows step 4 in the printed order."""
    made = reader.create_database()
    findings.shown("24", "the database comes before its owner", f'role "{USER}" does not exist' in made.err, made)
    made = reader.create_database_user()
    findings.beyond(
        "the tasks cannot be swapped either: the one for the user connects to the database",
        f'database "{DATABASE}" does not exist' in made.err,
        made,
    )
    findings.mend("the role is made from the database `postgres`, before its own database")
    made = reader.create_database_user("postgres")
    findings.otherwise("24", "the role is there", made.code == 0, made)
    made = reader.create_database()
    findings.shown(
        "25", "a Debian without en_US refuses that locale", "invalid LC_COLLATE locale name" in made.err, made
    )
    findings.mend("the locale en_US.UTF-8 is generated, and PostgreSQL restarted to see it")
    reader.machine.run("localedef -i en_US -f UTF-8 en_US.UTF-8 && systemctl restart postgresql")
    made = reader.create_database()
    refusal = "is incompatible with the collation of the template database"
    findings.shown("25", "one that has it wants `template0`", refusal in made.err, made)
    findings.mend("the database is made with `template: template0`")
    made = reader.create_database(" TEMPLATE template0")
    findings.otherwise("25", "so the database can be made", made.code == 0, made)
    privileges(findings, reader)


def privileges(findings: Findings, reader: Reader) -> None:
    """What the two grants give: to a role that does not own the database, since an owner needs neither."""
    reader.sql("CREATE TABLE earlier (i int)", DATABASE)
    for grant in (reader.privileges_of_user(), reader.grant_connect_privileges()):
        findings.shown("step 4", "the grants are made as printed", grant.code == 0, grant)
    reader.sql("CREATE TABLE later (i int)", DATABASE)
    may = "SELECT has_table_privilege('{}', '{}', 'select')"
    tables = {name: reader.sql(may.format(USER, name), DATABASE).out.strip() for name in ("earlier", "later")}
    findings.shown(
        "26", "ALL_IN_SCHEMA is of the tables of that moment", tables == {"earlier": "t", "later": "f"}, tables
    )
    reader.sql(f"ALTER DEFAULT PRIVILEGES GRANT ALL ON TABLES TO {USER}", DATABASE)
    reader.sql("CREATE TABLE latest (i int)", DATABASE)
    latest = reader.sql(may.format(USER, "latest"), DATABASE).out.strip()
    findings.otherwise("26", "default privileges are of those to come", latest == "t", latest)
    for statement in (
        "CREATE ROLE somebody LOGIN",
        "CREATE DATABASE another",
        "REVOKE ALL ON DATABASE another FROM PUBLIC",
    ):
        reader.sql(statement)
    grant = reader.sql('GRANT ALL ON ALL TABLES IN SCHEMA "public" TO somebody', "another")
    connects = "SELECT has_database_privilege('somebody', '{}', 'connect')"
    found = {name: reader.sql(connects.format(name)).out.strip() for name in ("another", DATABASE)}
    findings.shown(
        "26", '"Grant connect privileges" grants no connection', grant.code == 0 and found["another"] == "f", found
    )
    findings.shown("26", "and everybody can connect to the service's database", found[DATABASE] == "t", found)
    reader.sql(f"REVOKE ALL ON DATABASE {DATABASE} FROM PUBLIC")
    left = {
        name: reader.sql(connects.replace("somebody", name).format(DATABASE)).out.strip() for name in ("somebody", USER)
    }
    findings.otherwise("26", "taken from PUBLIC, the service alone can", left == {"somebody": "f", USER: "t"}, left)
