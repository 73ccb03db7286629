"""API tokens: created for a user, shown once, and revoked by deleting them."""

from typing import Any, cast

from django import forms
from django.contrib import admin
from django.contrib.auth.models import User
from django.db.models import ForeignKey, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from classifier.access import tokens
from classifier.admin.second_factor import confirm_changes
from classifier.models import ApiToken
from classifier.recognition.labels import Scope


class TokenForm(forms.ModelForm):
    scopes = forms.MultipleChoiceField(
        choices=[(scope.value, scope.value) for scope in Scope],
        widget=forms.CheckboxSelectMultiple,
        help_text=_("what the token may be used for, as far as its user may"),
    )

    def clean_expires_at(self) -> Any:
        expires_at = self.cleaned_data["expires_at"]
        if expires_at and expires_at <= timezone.now():
            raise forms.ValidationError(gettext("This time is past. Choose a later time, or none."))
        return expires_at


@admin.register(ApiToken)
@confirm_changes
class TokenAdmin(admin.ModelAdmin):
    """Tokens of all users for superusers, and one's own for everybody else."""

    form = TokenForm
    fields = ("name", "user", "scopes", "expires_at")
    list_display = ("name", "user", "first_characters", "scope_list", "last_used_at", "expires_at")
    list_select_related = ("user",)
    ordering = ("-id",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[ApiToken]:
        every = super().get_queryset(request)
        return every if request.user.is_superuser else every.filter(user=request.user.pk)

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        field = super().formfield_for_dbfield(db_field, request, **kwargs)
        if field and db_field.name == "expires_at":
            # The label of the two inputs names neither for screen readers.
            for widget, name in zip(
                field.widget.widgets, (gettext("expiry date"), gettext("time")), strict=True
            ):
                widget.attrs["aria-label"] = name
        return field

    def formfield_for_foreignkey(
        self, db_field: ForeignKey, request: HttpRequest, **kwargs: Any
    ) -> Any:
        user = cast(User, request.user)
        users = User.objects.filter(is_active=True).order_by("username")
        if not user.is_superuser:
            users = users.filter(pk=user.pk)
        defaults = {"queryset": users, "initial": user.pk}
        return super().formfield_for_foreignkey(db_field, request, **defaults | kwargs)

    def has_change_permission(self, request: HttpRequest, obj: ApiToken | None = None) -> bool:
        return False

    def save_model(self, request: HttpRequest, obj: ApiToken, form: Any, change: bool) -> None:
        obj.secret = tokens.issue_token(obj)  # type: ignore[attr-defined]  # for response_add

    def response_add(
        self, request: HttpRequest, obj: ApiToken, post_url_continue: str | None = None
    ) -> HttpResponse:
        """Show the token without a redirect, for which it would have to be in the session."""
        context = self.admin_site.each_context(request) | {
            "title": gettext("The new token"),
            "opts": self.opts,
            "token": obj,
        }
        return render(request, "admin/classifier/apitoken/created.html", context)

    @admin.display(description=_("starts with"), ordering="start")
    def first_characters(self, token: ApiToken) -> str:
        return f"{token.start}…"

    @admin.display(description=_("scopes"))
    def scope_list(self, token: ApiToken) -> str:
        return ", ".join(token.scopes)
