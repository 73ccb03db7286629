"""Memory of request bodies, freed once they are answered."""

import gc

from django.http import HttpRequest, HttpResponse

from mnistsite.middleware.guards import GetResponse, content_length

LARGE_BYTES = 256 * 1024


class BodyReleaseMiddleware:
    """Collects garbage after each large body.

    Django REST framework's view and request refer to each other, and so do an exception and the
    frames of its traceback. Without this, a body in such a cycle lives until Python's next full
    collection, which is hundreds of requests away. The objects that exist at the start are frozen
    (see wsgi.py), so a collection takes less than a millisecond.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        try:
            return self.get_response(request)
        finally:
            if content_length(request) > LARGE_BYTES:
                gc.collect()
