"""redis-py: says what it makes of a URL. Called with the URL and a prefix for keys; see ../README.md."""

import json
import sys

import redis


def probe(url, prefix):
    client = redis.from_url(url, decode_responses=True)
    client.set(prefix + "probe", "written by redis-py")
    try:
        client.get("foreign:probe")
        foreign = None
    except redis.ResponseError as error:
        foreign = str(error)
    return {
        "whoami": client.acl_whoami(),
        "got": client.get(prefix + "probe"),
        "db": int(client.client_info()["db"]),
        "foreign": foreign,
    }


if __name__ == "__main__":
    if sys.argv[1:] == ["--version"]:
        print(redis.__version__)
        sys.exit()
    try:
        said = probe(*sys.argv[1:])
    except Exception as error:  # whatever it is, it is the answer
        sys.exit(f"{type(error).__name__}: {error}")
    print(json.dumps(said))
