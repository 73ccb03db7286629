"""Calls the API of mnistsite. One file for Python 3.9 or later, without packages: copy it."""

from __future__ import annotations

import json
import os
import shutil
import time
import uuid
from collections.abc import Iterable, Iterator, Mapping
from http.client import HTTPResponse
from pathlib import Path
from typing import Any, Union
from urllib.error import HTTPError
from urllib.parse import quote, urlencode, urlsplit
from urllib.request import Request, urlopen

Picture = Union[bytes, str, "os.PathLike[str]"]  # the content of a file, or its path
RETRIED = (429, 502, 503, 504)
MANY = 10


class ApiError(Exception):
    """What the site answered instead: `code` for programs, `detail` for people."""

    def __init__(self, status: int, problem: Mapping[str, Any]) -> None:
        self.status = status
        self.code = str(problem.get("code", ""))
        self.detail = str(problem.get("detail", ""))
        self.errors: dict[str, list[str]] = problem.get("errors", {})
        super().__init__(f"{status} {self.code}: {self.detail}")


class Client:
    """Tries what fails for a passing reason up to `tries` times; no picture is kept twice by that.

    Raises ApiError for what the site refuses, OSError where it is not reached.
    """

    def __init__(
        self,
        base: str = "http://127.0.0.1:8080",
        token: str | None = None,
        *,
        tries: int = 4,
        timeout_s: float = 30,
    ) -> None:
        self.base = base.rstrip("/")
        self.tries, self.timeout_s = tries, timeout_s
        self._headers = {"Authorization": f"Bearer {token}"} if token else {}

    # For everybody

    def recognise(self, picture: Picture) -> Any:
        return self._json("POST", "/api/predict", _content(picture), **_once())

    def recognise_many(self, pictures: Iterable[Picture]) -> Iterator[Any]:
        """`{"name", "answer", "problem"}` of each, in their order; of the last two one is None."""
        waiting = list(pictures)
        for start in range(0, len(waiting), MANY):
            body, kind = _multipart(waiting[start : start + MANY])
            headers = {"Content-Type": kind, **_once()}
            yield from self._json("POST", "/api/predict/many", body, **headers)["results"]

    def preview(self, picture: Picture) -> Any:
        """As `recognise`, with what the model saw; nothing is kept."""
        return self._json("POST", "/api/preview", _content(picture))

    def fetch(self, upload: str) -> Any:
        return self._json("GET", f"/api/uploads/{quote(upload)}")

    def suggest(self, image: str, label: str) -> Any:
        """That an image, one of the `digits` of an answer, is of something else."""
        return self._json("POST", f"/api/images/{quote(image)}/suggestions", {"label": label})

    def delete(self, upload: str, delete_key: str | None = None) -> None:
        """By the `delete_key` of its answer or, for staff, by a token with the scope `delete`."""
        headers = {"Delete-Key": delete_key} if delete_key else {}
        self._open("DELETE", f"/api/uploads/{quote(upload)}", None, headers).close()

    # For staff, with a token

    def images(self, **filters: Any) -> Iterator[Any]:
        """All that fit, such as `label="unknown"`, page by page."""
        query = urlencode({"limit": 200, **filters})
        while query:
            page = self._json("GET", f"/api/images?{query}")
            yield from page["results"]
            query = urlsplit(page["next"] or "").query

    def label(self, image: str, label: str) -> Any:
        return self._json("PATCH", f"/api/images/{quote(image)}", {"label": label})

    def label_many(self, labels: Mapping[str, str]) -> Any:
        """By the images' ids, at most 1,000; all of them or none."""
        asked = [{"id": str(image), "label": label} for image, label in labels.items()]
        return self._json("POST", "/api/labels", {"labels": asked})

    def export(self, path: str | os.PathLike[str]) -> None:
        """Writes what is labelled to `path`, which ends with `.npz` or `.zip`."""
        part = Path(f"{os.fspath(path)}.part")
        response = self._open("GET", f"/api/labels{Path(path).suffix}", None, {})
        with response, part.open("wb") as file:
            shutil.copyfileobj(response, file)
        part.replace(path)

    def _json(self, method: str, path: str, body: Any = None, **headers: str) -> Any:
        if body is not None and not isinstance(body, bytes):
            body, headers = json.dumps(body).encode(), {"Content-Type": "application/json"}
        with self._open(method, path, body, headers) as response:
            return json.load(response)

    def _open(
        self, method: str, path: str, body: bytes | None, headers: Mapping[str, str]
    ) -> HTTPResponse:
        headers = {**self._headers, **headers}
        request = Request(self.base + path, body, headers, method=method)  # noqa: S310
        for attempt in range(1, self.tries + 1):
            wait = 0.25 * 2**attempt
            try:
                response: HTTPResponse = urlopen(request, timeout=self.timeout_s)  # noqa: S310
                return response
            except HTTPError as error:
                if error.code not in RETRIED or attempt == self.tries:
                    raise ApiError(error.code, _problem(error)) from None
                wait = _seconds(error.headers.get("Retry-After"), wait)
            except OSError:
                if attempt == self.tries:
                    raise
            time.sleep(wait)
        raise ValueError("Client(tries=…) has to be at least 1.")


def _once() -> dict[str, str]:
    """Sent again after a lost answer, a request with the same key is answered and not redone."""
    return {"Idempotency-Key": str(uuid.uuid4())}


def _content(picture: Picture) -> bytes:
    return picture if isinstance(picture, bytes) else Path(picture).read_bytes()


def _multipart(pictures: Iterable[Picture]) -> tuple[bytes, str]:
    boundary = uuid.uuid4().hex
    parts = []
    for picture in pictures:
        name = "picture" if isinstance(picture, bytes) else Path(picture).name
        head = f'Content-Disposition: form-data; name="image"; filename="{quote(name)}"'
        parts.append(f"--{boundary}\r\n{head}\r\n\r\n".encode() + _content(picture) + b"\r\n")
    body = b"".join(parts) + f"--{boundary}--\r\n".encode()
    return body, f"multipart/form-data; boundary={boundary}"


def _problem(error: HTTPError) -> Mapping[str, Any]:
    """What is in front of the site may answer otherwise."""
    try:
        problem = json.load(error)
    except ValueError:
        problem = None
    return problem if isinstance(problem, dict) else {"detail": error.reason}


def _seconds(given: str | None, default: float) -> float:
    try:
        return float(given or default)
    except ValueError:
        return default
