"""The client, whose methods wait for their answer."""

from __future__ import annotations

import json
import os
import shutil
import time
import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from http.client import HTTPResponse
from pathlib import Path
from typing import Any, Union, cast
from urllib.error import HTTPError
from urllib.parse import quote, urlencode, urlsplit
from urllib.request import Request, urlopen

from mnistsite_client.answers import Answer, Box, Correction, PictureResult, Preview, StoredAnswer

Picture = Union[bytes, str, "os.PathLike[str]"]  # the content of a file, or its path
RETRY_STATUSES = (429, 502, 503, 504)
PICTURES_PER_REQUEST = 10


class ApiError(Exception):
    """An error response: `code` is for programs, `detail` for people, `errors` by field."""

    def __init__(self, status: int, problem: Mapping[str, Any]) -> None:
        self.status = status
        self.code = str(problem.get("code", ""))
        self.detail = str(problem.get("detail", ""))
        self.errors: dict[str, list[str]] = problem.get("errors", {})
        super().__init__(f"{status} {self.code}: {self.detail}")


class Client:
    """A client of one site.

    Temporary failures are retried up to `tries` times, without storing a picture twice. Methods
    raise ApiError for an error response and OSError if the site can't be reached.
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

    # For everyone

    def recognise(self, picture: Picture) -> StoredAnswer:
        answer = self._json("POST", "/api/predict", _read_picture(picture), **_new_key())
        return cast(StoredAnswer, answer)

    def recognise_many(self, pictures: Iterable[Picture]) -> Iterator[PictureResult]:
        """Yield `{"name", "answer", "problem"}` for each picture; answer or problem is None."""
        remaining = list(pictures)
        for start in range(0, len(remaining), PICTURES_PER_REQUEST):
            body, media_type = _encode_multipart(remaining[start : start + PICTURES_PER_REQUEST])
            headers = {"Content-Type": media_type, **_new_key()}
            yield from self._json("POST", "/api/predict/many", body, **headers)["results"]

    def preview(self, picture: Picture) -> Preview:
        """Recognise a picture without storing it; the answer has the model's input too."""
        return cast(Preview, self._json("POST", "/api/preview", _read_picture(picture)))

    def fetch(self, upload: str) -> Answer:
        return cast(Answer, self._json("GET", f"/api/uploads/{quote(upload)}"))

    def suggest(self, image: str, label: str) -> Any:
        """Suggest another label for an image, one of an answer's `digits`."""
        return self._json("POST", f"/api/images/{quote(image)}/suggestions", {"label": label})

    def correct(self, upload: str, text: str, boxes: Sequence[Box] | None = None) -> Correction:
        """Suggest all digits of an upload; without boxes, in those of its answer."""
        body = {"text": text, **({"boxes": list(boxes)} if boxes is not None else {})}
        path = f"/api/uploads/{quote(upload)}/corrections"
        return cast(Correction, self._json("POST", path, body))

    def delete(self, upload: str, delete_key: str | None = None) -> None:
        """Delete an upload with its answer's `delete_key`, or with a token of scope `delete`."""
        headers = {"Delete-Key": delete_key} if delete_key else {}
        self._open("DELETE", f"/api/uploads/{quote(upload)}", None, headers).close()

    # For staff, with a token

    def images(self, **filters: Any) -> Iterator[Any]:
        """Yield all images that match the filters, such as `label="unknown"`."""
        query = urlencode({"limit": 200, **filters})
        while query:
            page = self._json("GET", f"/api/images?{query}")
            yield from page["results"]
            query = urlsplit(page["next"] or "").query

    def label(self, image: str, label: str) -> Any:
        return self._json("PATCH", f"/api/images/{quote(image)}", {"label": label})

    def label_many(self, labels: Mapping[str, str]) -> Any:
        """Set the labels of up to 1,000 images by id, all or none."""
        items = [{"id": str(image), "label": label} for image, label in labels.items()]
        return self._json("POST", "/api/labels", {"labels": items})

    def export(self, path: str | os.PathLike[str]) -> None:
        """Write the labelled images to `path`, which ends with `.npz` or `.zip`."""
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
                if error.code not in RETRY_STATUSES or attempt == self.tries:
                    raise ApiError(error.code, _read_problem(error)) from None
                wait = _parse_seconds(error.headers.get("Retry-After"), wait)
            except OSError:
                if attempt == self.tries:
                    raise
            time.sleep(wait)
        raise ValueError("Client(tries=…) must be at least 1.")


def _new_key() -> dict[str, str]:
    """Return a header with which a repeated request gets the first response again."""
    return {"Idempotency-Key": str(uuid.uuid4())}


def _read_picture(picture: Picture) -> bytes:
    return picture if isinstance(picture, bytes) else Path(picture).read_bytes()


def _encode_multipart(pictures: Iterable[Picture]) -> tuple[bytes, str]:
    boundary = uuid.uuid4().hex
    parts = []
    for picture in pictures:
        name = "picture" if isinstance(picture, bytes) else Path(picture).name
        head = f'Content-Disposition: form-data; name="image"; filename="{quote(name)}"'
        parts.append(f"--{boundary}\r\n{head}\r\n\r\n".encode() + _read_picture(picture) + b"\r\n")
    body = b"".join(parts) + f"--{boundary}--\r\n".encode()
    return body, f"multipart/form-data; boundary={boundary}"


def _read_problem(error: HTTPError) -> Mapping[str, Any]:
    try:
        problem = json.load(error)
    except ValueError:  # a response of a proxy in front of the site
        problem = None
    return problem if isinstance(problem, dict) else {"detail": error.reason}


def _parse_seconds(value: str | None, default: float) -> float:
    try:
        return float(value or default)
    except ValueError:
        return default
