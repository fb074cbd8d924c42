"""Celery and its kombu: say what they make of a URL. Called with the URL and a prefix for keys; see ../README.md.

The same URL is the broker's and the result backend's. `got` went through a queue; `result` through the backend, in
the database `result_db`.
"""

import json
import sys

import celery
import kombu
import redis

TEXT = "sent by kombu"


def app_of(url, prefix):
    app = celery.Celery("probe", broker=url, backend=url)
    app.conf.update(
        broker_transport_options={"global_keyprefix": prefix},
        result_backend_transport_options={"global_keyprefix": prefix},
        broker_connection_retry=False,
        broker_connection_retry_on_startup=False,
        result_backend_always_retry=False,
    )
    return app


def through_a_queue(app):
    with app.connection_for_write() as connection:
        connection.ensure_connection(max_retries=1, timeout=5)
        queue = connection.SimpleQueue("kombu-probe")
        queue.clear()
        queue.put(TEXT)
        message = queue.get(timeout=5)
        message.ack()
        queue.close()
        client = connection.default_channel.client
        try:
            # Without the prefix that kombu would put before the key.
            redis.Redis(connection_pool=client.connection_pool).get("foreign:probe")
            foreign = None
        except redis.ResponseError as error:
            foreign = str(error)
        return {
            "whoami": as_text(client.acl_whoami()),
            "got": as_text(message.payload),
            "db": int(client.client_info()["db"]),
            "foreign": foreign,
        }


def through_the_backend(app):
    backend = app.backend
    backend.client.set(backend.get_key_for_task("probe"), TEXT, ex=60)
    return {
        "result": as_text(backend.get(backend.get_key_for_task("probe"))),
        "result_db": int(backend.client.client_info()["db"]),
    }


def as_text(value):
    return value.decode() if isinstance(value, bytes) else value


if __name__ == "__main__":
    if sys.argv[1:] == ["--version"]:
        print(f"celery {celery.__version__}, kombu {kombu.__version__}")
        sys.exit()
    try:
        app = app_of(*sys.argv[1:])
        said = through_a_queue(app) | through_the_backend(app)
    except Exception as error:  # whatever it is, it is the answer
        sys.exit(f"{type(error).__name__}: {error}")
    print(json.dumps(said))
