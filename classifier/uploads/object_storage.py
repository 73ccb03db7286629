"""Storage of uploads in a bucket of S3 or a compatible service, for hosts without a shared disk."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from http import HTTPStatus
from typing import Any
from uuid import UUID

from boto3.s3.transfer import TransferConfig
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from django.core.files import File
from django.core.files.base import ContentFile
from storages.backends.s3 import S3Storage

from classifier.uploads.storage import NoStorage


class ObjectStorage(S3Storage):
    """A bucket that raises NoStorage within seconds if the service does not answer.

    A missing object raises FileNotFoundError.
    """

    # Names are UUIDs, so nothing is overwritten, and a check would cost a request.
    file_overwrite = True
    # Objects are private, also in buckets that refuse access control lists.
    default_acl = None
    querystring_auth = False
    # One request for a file, in the calling thread.
    transfer_config = TransferConfig(multipart_threshold=1 << 30, use_threads=False)
    client_config = Config(
        connect_timeout=2,
        read_timeout=5,
        retries={"mode": "standard", "total_max_attempts": 2},
        # Many compatible services don't know the newer checksums of S3.
        request_checksum_calculation="when_required",
        response_checksum_validation="when_required",
    )

    def _open(self, name: str, _mode: str = "rb") -> "File[bytes]":
        with translate_errors(name):
            content = self.bucket.Object(self._normalize_name(name)).get()["Body"].read()
        return ContentFile(content, name)

    def _save(self, name: str, content: "File[Any]") -> str:
        with translate_errors(name):
            saved: str = super()._save(name, content)
            return saved

    def delete(self, name: str) -> None:
        with translate_errors(name):
            super().delete(name)

    def exists(self, name: str) -> bool:
        with translate_errors(name):
            return bool(super().exists(name))

    def listdir(self, path: str) -> tuple[list[str], list[str]]:
        with translate_errors(path):
            folders, files = super().listdir(path)
            return folders, files

    def get_modified_time(self, name: str) -> datetime:
        with translate_errors(name):
            modified: datetime = super().get_modified_time(name)
            return modified

    def probe(self) -> UUID | None:
        """Check that the bucket answers. Raise NoStorage if it does not.

        Nothing is written: a bucket does not get full, and may store each version of an object.
        """
        with translate_errors(self.bucket_name):
            self.bucket.meta.client.list_objects_v2(Bucket=self.bucket_name, MaxKeys=1)
        return None


@contextmanager
def translate_errors(name: str) -> Iterator[None]:
    try:
        yield
    except (BotoCoreError, ClientError) as error:
        if is_missing(error):
            raise FileNotFoundError(f"There is no object {name}.") from error
        raise NoStorage(str(error)) from error


def is_missing(error: Exception) -> bool:
    """Return whether an object is missing; a missing bucket is a wrong setting instead."""
    if not isinstance(error, ClientError):
        return False
    status = error.response["ResponseMetadata"]["HTTPStatusCode"]
    code = error.response["Error"]["Code"]
    return bool(status == HTTPStatus.NOT_FOUND and code != "NoSuchBucket")
