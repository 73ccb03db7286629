"""The menu of the lists that staff need rarely."""

from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

PROGRAMS = {"ApiToken", "Webhook", "Delivery"}
OPERATION = {"AuditEntry"}


@dataclass(frozen=True)
class MenuSection:
    """Links of the menu, each a model as `AdminSite.get_app_list` describes it."""

    title: str
    links: list[dict[str, Any]]


def build_menu(app_list: list[dict[str, Any]]) -> list[MenuSection]:
    """Sort the lists that a person may see: the product's, its programs', and the operator's."""
    links = [(app["app_label"], model) for app in app_list for model in app["models"]]
    links = [(app, model) for app, model in links if model["admin_url"]]
    own = [model for app, model in links if app == "classifier"]
    sections = {
        _("Lists"): [model for model in own if model["object_name"] not in PROGRAMS | OPERATION],
        _("Programs"): [model for model in own if model["object_name"] in PROGRAMS],
        _("Operator"): [
            model
            for app, model in links
            if app != "classifier" or model["object_name"] in OPERATION
        ],
    }
    return [MenuSection(title, models) for title, models in sections.items() if models]
