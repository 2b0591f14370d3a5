"""The files of a client that runs in a browser: it must come from the address that it then talks to."""

import mimetypes
from http import HTTPStatus
from pathlib import Path

from websockets.datastructures import Headers
from websockets.http11 import Request, Response


def file_for(request: Request, folder: Path) -> Response:
    """The file of `folder` that is asked for, `index.html` for the address alone, or 404."""
    inside = folder.resolve()
    file = (inside / (request.path.partition("?")[0].strip("/") or "index.html")).resolve()
    found = file.is_relative_to(inside) and file.is_file()
    status = HTTPStatus.OK if found else HTTPStatus.NOT_FOUND
    body = file.read_bytes() if found else b""
    kind = mimetypes.guess_type(file.name)[0] or "application/octet-stream"
    headers = Headers({"Content-Type": kind, "Content-Length": str(len(body)), "Connection": "close"})
    return Response(status, status.phrase, headers, body)
