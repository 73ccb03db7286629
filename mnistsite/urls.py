"""The project's URLs."""

from django.contrib import admin
from django.urls import include, path
from django.utils.translation import gettext_lazy
from django.views.decorators.csrf import csrf_exempt
from django.views.i18n import set_language

from mnistsite.csp_reports import receive_report
from mnistsite.errors import missing_documentation
from mnistsite.security_txt import show_contact

admin.site.site_header = admin.site.site_title = "mnistsite"
admin.site.index_title = gettext_lazy("Overview")

handler400 = "mnistsite.errors.bad_request"
handler403 = "mnistsite.errors.permission_denied"
handler404 = "mnistsite.errors.not_found"
handler500 = "mnistsite.errors.server_error"

urlpatterns = [
    path("admin/", admin.site.urls),
    path("api/", include("classifier.api.urls")),
    # Without a CSRF token, pages stay cacheable; choosing a language is harmless.
    path("language", csrf_exempt(set_language), name="set_language"),
    path(".well-known/security.txt", show_contact, name="security_txt"),
    path("csp-report", receive_report, name="csp_report"),
    path("docs/", missing_documentation, name="documentation"),
    path("", include("classifier.web.urls")),
]
