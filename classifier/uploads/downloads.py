"""An upload's file byte by byte as it was sent, with its metadata: for staff alone."""

from django.conf import settings
from django.core.files.storage import FileSystemStorage, default_storage
from django.http import FileResponse, HttpResponse
from django.http.response import HttpResponseBase
from django.utils.http import content_disposition_header

from classifier.models import Upload

# Where nginx has the folder of the uploads, out of reach from outside.
PROTECTED = "/protected-media/"
EXTENSIONS = {
    "image/jpeg": "jpg",
    "image/png": "png",
    "image/webp": "webp",
    "image/gif": "gif",
    "image/bmp": "bmp",
    "image/tiff": "tif",
}


def serve_original(upload: Upload) -> HttpResponseBase:
    """As an attachment, so that no browser shows what a stranger made. Raises FileNotFoundError."""
    name = f"{upload.pk}.{EXTENSIONS[upload.media_type]}"
    if not (settings.BEHIND_NGINX and isinstance(default_storage, FileSystemStorage)):
        file = upload.file.open()
        return FileResponse(file, as_attachment=True, filename=name, content_type=upload.media_type)
    headers = {
        "X-Accel-Redirect": f"{PROTECTED}{upload.file.name}",
        "Content-Disposition": content_disposition_header(True, name) or "attachment",
    }
    return HttpResponse(headers=headers, content_type=upload.media_type)
