"""Serves images in the guest, as far as `podman pull` asks, from a folder of manifests and blobs."""

import http.server
import json
import sys
from pathlib import Path


class Handler(http.server.BaseHTTPRequestHandler):
    """https://github.com/opencontainers/distribution-spec/blob/main/spec.md#pull"""

    protocol_version = "HTTP/1.1"
    folder = Path()

    def do_GET(self) -> None:
        parts = self.path.partition("?")[0].strip("/").split("/")
        if ".." in parts or parts[0] != "v2":
            return self.answer(404, b"")
        if len(parts) == 1:
            return self.answer(200, b"{}")
        kind, reference = parts[-2:]
        if kind == "blobs":
            return self.file(self.folder / "blobs" / reference, "application/octet-stream")
        if kind == "manifests":
            path = self.folder.joinpath("manifests", *parts[1:-2], reference)
            return self.file(path, "application/vnd.oci.image.manifest.v1+json")
        return self.answer(404, b"")

    do_HEAD = do_GET

    def file(self, path: Path, kind: str) -> None:
        if not path.is_file():
            errors = {"errors": [{"code": "MANIFEST_UNKNOWN", "message": "not known here"}]}
            return self.answer(404, json.dumps(errors).encode())
        return self.answer(200, path.read_bytes(), kind)

    def answer(self, status: int, content: bytes, kind: str = "application/json") -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)


if __name__ == "__main__":
    address, port = sys.argv[1].split(":")
    Handler.folder = Path(sys.argv[2])
    http.server.ThreadingHTTPServer((address, int(port)), Handler).serve_forever()
