"""Generate hostile requests, mostly valid so that they reach much code."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from random import Random
from typing import Any

from django.test import Client

from mnistsite.tests.fuzzing import addresses, bodies, text

METHODS = ["GET", "GET", "POST", "POST", "POST", "PATCH", "PUT", "DELETE", "HEAD", "OPTIONS"]
UNUSUAL_METHODS = ["TRACE", "PROPFIND", "get", "\xff"]
HEADERS = [
    "Accept",
    "Accept-Language",
    "Accept-Encoding",
    "Authorization",
    "Cookie",
    "Delete-Key",
    "Idempotency-Key",
    "If-Match",
    "If-None-Match",
    "If-Modified-Since",
    "If-Range",
    "Range",
    "Host",
    "Origin",
    "Referer",
    "User-Agent",
    "X-CSRFToken",
    "X-Forwarded-For",
    "X-Request-ID",
    "X-Forwarded-Proto",
    "X-Forwarded-Host",
    "X-HTTP-Method-Override",
    "Script-Name",
    "X-Requested-With",
    "Transfer-Encoding",
    "Expect",
    "Content-Encoding",
]
COOKIES = ["sessionid", "csrftoken", "visitor", "django_language", "messages", "a b", ""]


@dataclass(frozen=True)
class HostileRequest:
    method: str
    path: str
    body: bodies.Body
    headers: dict[str, str] = field(default_factory=dict)

    def send(self, client: Client) -> Any:
        return client.generic(
            self.method, self.path, self.body.content, self.body.media_type, headers=self.headers
        )

    def __str__(self) -> str:
        headers = {name: value[:80] for name, value in self.headers.items()}
        content, media_type = self.body.content[:120], self.body.media_type[:80]
        return f"{self.method} {self.path[:200]} {headers} {media_type} {content!r}"


def generate_request(
    template: str,
    role: Mapping[str, str],
    parameters: Mapping[str, list[str]],
    picture: bytes,
    random: Random,
) -> HostileRequest:
    """Return a request for a URL template with a role's headers."""
    path = addresses.fill_template(template, parameters, random)
    method = random.choice(UNUSUAL_METHODS if random.random() < 0.05 else METHODS)
    if random.random() < 0.6:
        method = random.choice(addresses.list_methods(path) or METHODS)
    if random.random() < 0.4:
        path += "?" + text.generate_pairs(text.QUERY, random)
    has_body = method in ("POST", "PATCH", "PUT") or random.random() < 0.05
    body = bodies.generate_body(template, picture, random) if has_body else bodies.Body(b"", "")
    headers = dict(role)
    if random.random() < 0.5:
        for name in random.sample(HEADERS, random.randint(1, 3)):
            headers[name] = text.choose_header(random)
    if random.random() < 0.3:
        cookies = [f"{name}={text.choose_header(random)}" for name in random.sample(COOKIES, 4)]
        headers["Cookie"] = "; ".join([headers.get("Cookie", ""), *cookies])
    elif not role and random.random() < 0.5:
        headers["Cookie"] = f"sessionid={random.choice(text.SESSIONS)}"
    return HostileRequest(method, path, body, headers)
