"""Refuse passwords that contain a word of this site."""

from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

WORDS = ("mnist", "digit", "ziffer", "labeller", "trainer", "operator", "admin", "password")


class SiteWordsValidator:
    def validate(self, password: str, _user: Any = None) -> None:
        found = next((word for word in WORDS if word in password.lower()), None)
        if found:
            raise ValidationError(
                _("The password contains '%(word)s'. Choose another."), params={"word": found}
            )

    def get_help_text(self) -> str:
        return _("Your password can’t contain a word of this site, such as its name.")
