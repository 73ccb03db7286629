"""Downloads of the original files, metadata included: for staff only."""

from django.conf import settings
from django.core.files.storage import FileSystemStorage, default_storage
from django.http import FileResponse, HttpResponse
from django.http.response import HttpResponseBase
from django.utils.http import content_disposition_header

from classifier.models import Upload

# An internal location of nginx that holds the folder of uploads.
PROTECTED = "/protected-media/"
# Media types whose usual file extension differs.
EXTENSIONS = {"jpeg": "jpg", "tiff": "tif"}


def serve_original(upload: Upload) -> HttpResponseBase:
    """Return the file as an attachment, so that no browser displays a stranger's file.

    Raise FileNotFoundError if it is gone.
    """
    subtype = upload.media_type.removeprefix("image/")
    name = f"{upload.pk}.{EXTENSIONS.get(subtype, subtype)}"
    if not (settings.BEHIND_NGINX and isinstance(default_storage, FileSystemStorage)):
        file = upload.file.open()
        return FileResponse(file, as_attachment=True, filename=name, content_type=upload.media_type)
    headers = {
        "X-Accel-Redirect": f"{PROTECTED}{upload.file.name}",
        "Content-Disposition": content_disposition_header(True, name) or "attachment",
    }
    return HttpResponse(headers=headers, content_type=upload.media_type)
