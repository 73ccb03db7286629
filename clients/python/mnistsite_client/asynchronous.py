"""The client for asyncio: each request runs in a thread and never blocks the loop."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from typing import Any

from mnistsite_client.answers import Answer, Box, Correction, PictureResult, Preview, StoredAnswer
from mnistsite_client.client import PICTURES_PER_REQUEST, Client, Picture

DONE = object()


class AsyncClient:
    """A client of one site, with the methods and errors of Client."""

    def __init__(
        self,
        base: str = "http://127.0.0.1:8080",
        token: str | None = None,
        *,
        tries: int = 4,
        timeout_s: float = 30,
    ) -> None:
        self._client = Client(base, token, tries=tries, timeout_s=timeout_s)

    async def recognise(self, picture: Picture) -> StoredAnswer:
        return await asyncio.to_thread(self._client.recognise, picture)

    async def recognise_many(self, pictures: Iterable[Picture]) -> AsyncIterator[PictureResult]:
        remaining = list(pictures)
        for start in range(0, len(remaining), PICTURES_PER_REQUEST):
            group = remaining[start : start + PICTURES_PER_REQUEST]
            for result in await asyncio.to_thread(list, self._client.recognise_many(group)):
                yield result

    async def preview(self, picture: Picture) -> Preview:
        return await asyncio.to_thread(self._client.preview, picture)

    async def fetch(self, upload: str) -> Answer:
        return await asyncio.to_thread(self._client.fetch, upload)

    async def suggest(self, image: str, label: str) -> Any:
        return await asyncio.to_thread(self._client.suggest, image, label)

    async def correct(
        self, upload: str, text: str, boxes: Sequence[Box] | None = None
    ) -> Correction:
        return await asyncio.to_thread(self._client.correct, upload, text, boxes)

    async def delete(self, upload: str, delete_key: str | None = None) -> None:
        await asyncio.to_thread(self._client.delete, upload, delete_key)

    async def images(self, **filters: Any) -> AsyncIterator[Any]:
        images = self._client.images(**filters)
        while (image := await asyncio.to_thread(next, images, DONE)) is not DONE:
            yield image

    async def label(self, image: str, label: str) -> Any:
        return await asyncio.to_thread(self._client.label, image, label)

    async def label_many(self, labels: Mapping[str, str]) -> Any:
        return await asyncio.to_thread(self._client.label_many, labels)

    async def export(self, path: str | os.PathLike[str]) -> None:
        await asyncio.to_thread(self._client.export, path)
