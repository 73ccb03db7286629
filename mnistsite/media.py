"""Settings of the storage of uploads."""

from typing import Any

from django.core.exceptions import ImproperlyConfigured

from mnistsite import env


def configure_storage() -> dict[str, Any]:
    """Store uploads in MEDIA_S3_BUCKET if it is set, else in MEDIA_ROOT."""
    bucket = env.string("MEDIA_S3_BUCKET")
    if not bucket:
        return {"BACKEND": "classifier.uploads.storage.DurableStorage"}
    keys = env.secret("MEDIA_S3_ACCESS_KEY"), env.secret("MEDIA_S3_SECRET_KEY")
    if any(keys) and not all(keys):
        raise ImproperlyConfigured(
            "Set both MEDIA_S3_ACCESS_KEY and MEDIA_S3_SECRET_KEY, or neither to use the "
            "machine's role."
        )
    options = {
        "bucket_name": bucket,
        "endpoint_url": env.string("MEDIA_S3_ENDPOINT") or None,
        "region_name": env.string("MEDIA_S3_REGION") or None,
        "access_key": keys[0] or None,
        "secret_key": keys[1] or None,
    }
    return {"BACKEND": "classifier.uploads.object_storage.ObjectStorage", "OPTIONS": options}
