"""Answers as authentik and its embedded outpost do, as far as the guide's printed steps ask.

Called with a port, the outside host of the one application, and optionally the `skip_path_regex` of its provider. It is
written after what authentik's outpost does with a request of Caddy's `forward_auth`; README.md says what is left open.
"""

import http.cookies
import http.server
import re
import sys
import urllib.parse

PORT = int(sys.argv[1])
APPLICATION = sys.argv[2]
# The outpost searches each line in the path, from nowhere in particular: an expression is only anchored if it says so.
ALLOWED = [re.compile(line) for line in " ".join(sys.argv[3:]).splitlines() if line]

AUTHENTIK = "https://auth.jnss.me"
PREFIX = "/outpost.goauthentik.io"
CALLBACK = "X-authentik-auth-callback"
COOKIE = "authentik_proxy_stub"

# Whom authentik knows, with the groups that each is a direct member of: the header has no others.
PEOPLE = {
    "alice": ["authentik Users", "myservice_users"],
    "bob": ["authentik Users", "other_users"],
    "mallory": ["authentik Users", "notmyservice_users_x"],
    "carol": ["authentik Users", "myservice_admins"],
    "dora": ["myservice_users", "service_users"],
}


class Answers(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *arguments: object) -> None:
        """Says nothing: the journal is read for other things."""

    def do_GET(self) -> None:
        address = urllib.parse.urlsplit(self.path)
        if address.path == "/application/o/authorize/":
            return self.authorize(urllib.parse.parse_qs(address.query))
        if not address.path.startswith(f"{PREFIX}/"):
            return self.answer(404)
        # The application is found by the name that people came to, as the proxy in front tells it.
        if (self.headers.get("X-Forwarded-Host") or self.headers.get("Host")) != APPLICATION:
            return self.answer(400)
        if address.path == f"{PREFIX}/auth/caddy":
            return self.forwarded(urllib.parse.urlsplit(self.headers.get("X-Forwarded-Uri") or ""))
        if address.path == f"{PREFIX}/callback":
            return self.callback(address)
        if address.path == f"{PREFIX}/sign_out":
            return self.answer(302, {"Location": f"{AUTHENTIK}/application/o/end-session/"})
        if address.path == f"{PREFIX}/start":
            return self.start("/")
        return self.answer(404)

    def forwarded(self, asked: urllib.parse.SplitResult) -> None:
        """What `forward_auth` is told about a request to the application."""
        # The way back from the sign-on bears a mark, by which it is known here too: it needs no route of its own.
        if urllib.parse.parse_qs(asked.query).get(CALLBACK) == ["true"]:
            return self.callback(asked)
        cookie = http.cookies.SimpleCookie(self.headers.get("Cookie", "")).get(COOKIE)
        if cookie is not None and cookie.value in PEOPLE:
            name = cookie.value
            claims = {
                "username": name,
                "groups": "|".join(PEOPLE[name]),
                "email": f"{name}@jnss.me",
                "name": name.title(),
                "uid": name,
            }
            return self.answer(200, {f"X-authentik-{key}": value for key, value in claims.items()})
        if any(line.search(asked.path) for line in ALLOWED):
            return self.answer(200)
        return self.start(asked.geturl())

    def start(self, wanted: str) -> None:
        """Sends to authentik, with the way back."""
        back = f"https://{APPLICATION}{PREFIX}/callback?{CALLBACK}=true"
        query = urllib.parse.urlencode({"client_id": "stub", "redirect_uri": back, "state": wanted})
        self.answer(302, {"Location": f"{AUTHENTIK}/application/o/authorize/?{query}"})

    def authorize(self, query: dict[str, list[str]]) -> None:
        """authentik's own side: whoever has a session there is sent back at once, others get the page to sign on."""
        cookie = http.cookies.SimpleCookie(self.headers.get("Cookie", "")).get("authentik_session")
        if cookie is None or cookie.value not in PEOPLE:
            return self.answer(200, body="who are you?\n")
        given = urllib.parse.urlencode({"code": cookie.value, "state": query["state"][0]})
        self.answer(302, {"Location": f"{query['redirect_uri'][0]}&{given}"})

    def callback(self, asked: urllib.parse.SplitResult) -> None:
        """The way back: gives the application's own session, which is not authentik's."""
        query = urllib.parse.parse_qs(asked.query)
        cookie = f"{COOKIE}={query['code'][0]}; Path=/; Secure; HttpOnly"
        self.answer(302, {"Set-Cookie": cookie, "Location": f"https://{APPLICATION}{query['state'][0]}"})

    def answer(self, status: int, headers: dict[str, str] | None = None, body: str = "") -> None:
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body.encode())


http.server.ThreadingHTTPServer(("127.0.0.1", PORT), Answers).serve_forever()
