"""The action that the audit log records for each route."""

from classifier.models import AuditAction

ADMIN, APP = "admin:", "admin:classifier_"
# Pages that show what other people sent, exports of it, and the audit log itself.
VIEWS = {
    "result": AuditAction.VIEW_UPLOAD,
    "original": AuditAction.VIEW_UPLOAD,
    "api-upload": AuditAction.VIEW_UPLOAD,
    f"{APP}upload_change": AuditAction.VIEW_UPLOAD,
    "original-file": AuditAction.DOWNLOAD_ORIGINAL,
    "labels": AuditAction.EXPORT_LABELS,
    "labels-npz": AuditAction.EXPORT_LABELS,
    "labels-zip": AuditAction.EXPORT_LABELS,
    f"{APP}auditentry_changelist": AuditAction.READ_AUDIT_LOG,
}
CHANGES = {
    AuditAction.USE_SECOND_FACTOR: [f"{ADMIN}second_factor"],
    AuditAction.ADD_SECOND_FACTOR: [f"{ADMIN}add_device"],
    AuditAction.REMOVE_SECOND_FACTOR: [f"{ADMIN}remove_device"],
    AuditAction.RENEW_RECOVERY_CODES: [f"{ADMIN}renew_codes"],
    AuditAction.END_SESSION: [f"{ADMIN}end_session"],
    AuditAction.CHANGE_PASSWORD: [
        f"{ADMIN}password_change",
        f"{ADMIN}auth_user_password_change",
    ],
    AuditAction.CREATE_ACCOUNT: [f"{ADMIN}auth_user_add"],
    AuditAction.CHANGE_ACCOUNT: [f"{ADMIN}auth_user_change"],
    AuditAction.DELETE_ACCOUNT: [f"{ADMIN}auth_user_delete", f"{ADMIN}auth_user_changelist"],
    AuditAction.CHANGE_ROLE: [
        f"{ADMIN}auth_group_add",
        f"{ADMIN}auth_group_change",
        f"{ADMIN}auth_group_delete",
        f"{ADMIN}auth_group_changelist",
    ],
    AuditAction.LABEL_IMAGE: [
        f"{APP}inputimage_answer",
        f"{APP}inputimage_queue",
        f"{APP}inputimage_grid",
        f"{APP}inputimage_rows",
        f"{APP}inputimage_change",
        f"{APP}inputimage_changelist",
        "image-detail",
        "labels",
    ],
    AuditAction.IMPORT_LABELS: ["labels-import"],
    AuditAction.SUGGEST_LABEL: ["suggest", "api-suggestions"],
    AuditAction.CORRECT_UPLOAD: ["correct", "api-corrections"],
    AuditAction.DELETE_UPLOAD: [
        f"{APP}upload_delete",
        f"{APP}upload_changelist",
        "api-upload",
        "delete-mine",
        "delete-all-mine",
    ],
    AuditAction.START_TRAINING: [f"{ADMIN}start_run", "run-list"],
    AuditAction.CANCEL_TRAINING: [f"{ADMIN}cancel_run", "run-cancel"],
    AuditAction.PROMOTE_MODEL: [f"{ADMIN}promote", "model-promote"],
    AuditAction.ROLL_BACK_MODEL: [f"{ADMIN}rollback", "rollback"],
    AuditAction.REJECT_MODEL: [f"{ADMIN}reject"],
    AuditAction.TRY_MODEL: [f"{ADMIN}try_models"],
    AuditAction.CREATE_TOKEN: [f"{APP}apitoken_add"],
    AuditAction.DELETE_TOKEN: [f"{APP}apitoken_delete", f"{APP}apitoken_changelist"],
    AuditAction.CREATE_WEBHOOK: [f"{APP}webhook_add"],
    AuditAction.CHANGE_WEBHOOK: [f"{APP}webhook_change", f"{ADMIN}rotate"],
    AuditAction.TEST_WEBHOOK: [f"{ADMIN}test_webhook"],
    AuditAction.DELETE_WEBHOOK: [f"{APP}webhook_delete", f"{APP}webhook_changelist"],
    AuditAction.SEND_DELIVERY: [f"{APP}delivery_changelist"],
}
# Requests that visitors may send too, and logins, which have their own entries.
IGNORED = {
    "api-predict",
    "api-predict-many",
    "api-preview",
    "api-preview-boxes",
    "predict",
    "admin:login",
    "admin:passkey_login",
    "admin:logout",
    "set_language",
    "csp_report",
    "unknown",
}

_BY_ROUTE = {route: action for action, routes in CHANGES.items() for route in routes}


def name_change(route: str) -> str:
    """Return the action of a request that may change something, or else its route."""
    return _BY_ROUTE.get(route, route)
