"""The audit log of what staff did and saw."""

from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


class AuditAction(models.TextChoices):
    """Something that the audit log records. Entries may have other actions too."""

    LOG_IN = "log_in", _("log in")
    LOG_OUT = "log_out", _("log out")
    FAIL_LOGIN = "fail_login", _("fail to log in")
    USE_SECOND_FACTOR = "use_second_factor", _("use the second factor")
    ADD_SECOND_FACTOR = "add_second_factor", _("add a second factor")
    REMOVE_SECOND_FACTOR = "remove_second_factor", _("remove a second factor")
    RENEW_RECOVERY_CODES = "renew_recovery_codes", _("renew the recovery codes")
    END_SESSION = "end_session", _("end a session")
    CHANGE_PASSWORD = "change_password", _("change a password")
    CREATE_ACCOUNT = "create_account", _("create an account")
    CHANGE_ACCOUNT = "change_account", _("change an account")
    DELETE_ACCOUNT = "delete_account", _("delete an account")
    CHANGE_ROLE = "change_role", _("change a role")
    VIEW_UPLOAD = "view_upload", _("view an upload")
    DOWNLOAD_ORIGINAL = "download_original", _("download an original")
    DELETE_UPLOAD = "delete_upload", _("delete an upload")
    CORRECT_UPLOAD = "correct_upload", _("correct an upload")
    LABEL_IMAGE = "label_image", _("label an image")
    SUGGEST_LABEL = "suggest_label", _("suggest a label")
    IMPORT_LABELS = "import_labels", _("import labels")
    EXPORT_LABELS = "export_labels", _("export labels")
    START_TRAINING = "start_training", _("start a training")
    CANCEL_TRAINING = "cancel_training", _("cancel a training")
    PROMOTE_MODEL = "promote_model", _("promote a model")
    ROLL_BACK_MODEL = "roll_back_model", _("roll back to a model")
    REJECT_MODEL = "reject_model", _("reject a model")
    TRY_MODEL = "try_model", _("try a model")
    CREATE_TOKEN = "create_token", _("create a token")
    DELETE_TOKEN = "delete_token", _("delete a token")
    CREATE_WEBHOOK = "create_webhook", _("create a webhook")
    CHANGE_WEBHOOK = "change_webhook", _("change a webhook")
    TEST_WEBHOOK = "test_webhook", _("test a webhook")
    DELETE_WEBHOOK = "delete_webhook", _("delete a webhook")
    SEND_DELIVERY = "send_delivery", _("send a delivery again")
    CHANGE_SETTINGS = "change_settings", _("start with changed settings")
    READ_AUDIT_LOG = "read_audit_log", _("read the audit log")
    EXPIRE_ENTRIES = "expire_entries", _("delete expired entries")


class AuditEntry(models.Model):
    """One action or view of a member of staff. Entries never change.

    A job gives each entry its `position` in the chain and its `hash`, which covers the entry and
    the hash before it, `previous`.
    """

    at = models.DateTimeField(_("time"), default=timezone.now)
    user = models.CharField(_("user"), max_length=150, blank=True)
    via = models.CharField(
        _("via"), max_length=120, help_text=_("a session, or the name of a token")
    )
    action = models.CharField(_("action"), max_length=100)
    target = models.CharField(_("target"), max_length=300, blank=True)
    status = models.PositiveSmallIntegerField(
        _("status"), null=True, help_text=_("of the HTTP response")
    )
    details = models.JSONField(_("details"), default=dict, encoder=DjangoJSONEncoder)
    position = models.BigIntegerField(_("position"), null=True, unique=True)
    previous = models.CharField(max_length=64, blank=True)
    hash = models.CharField(_("hash"), max_length=64, blank=True)

    class Meta:
        db_table = "audit_log"
        verbose_name = _("audit log entry")
        verbose_name_plural = _("audit log entries")
        default_permissions = ("view",)
        indexes = [
            models.Index(fields=["-at"], name="audit_log_newest"),
            models.Index(
                fields=["id"], name="audit_log_unsealed", condition=models.Q(position__isnull=True)
            ),
        ]

    def __str__(self) -> str:
        return f"{self.action} by {self.user}"
