"""A member of staff who uses the site by HTTP, as a browser does."""

import re
from html import unescape
from http.cookiejar import CookieJar
from urllib.parse import urlencode
from urllib.request import HTTPCookieProcessor, Request, build_opener

from mnistsite.tests.site import PASSWORD, Site

LOGIN = "/admin/login/"


class StaffSession:
    """A session of the site's first account."""

    def __init__(self, site: Site) -> None:
        self._base = site.base
        self._cookies = CookieJar()
        self._opener = build_opener(HTTPCookieProcessor(self._cookies))
        self.get(LOGIN)
        self.post(LOGIN, username="admin", password=PASSWORD, next="/admin/")

    def get(self, path: str) -> str:
        """Return the page's HTML."""
        with self._opener.open(self._base + path) as response:
            return str(response.read().decode())

    def read(self, path: str) -> str:
        """Return the page's visible text as one line."""
        return " ".join(unescape(re.sub(r"<[^>]+>", " ", self.get(path))).split())

    def post(self, path: str, **values: str) -> None:
        """Send a form. Raise HTTPError if it is refused."""
        token = next(each.value for each in self._cookies if each.name == "csrftoken")
        headers = {"X-CSRFToken": str(token), "Referer": self._base}
        request = Request(self._base + path, urlencode(values).encode(), headers)  # noqa: S310
        self._opener.open(request).close()
