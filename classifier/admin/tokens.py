"""Tokens for programs: made for a user, shown once, and taken back by deleting them."""

from typing import Any, cast

from django import forms
from django.contrib import admin
from django.contrib.auth.models import User
from django.db.models import ForeignKey, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone

from classifier.access import tokens
from classifier.models import ApiToken
from classifier.models.constraints import build_choices
from classifier.recognition.labels import Scope


class TokenForm(forms.ModelForm):
    scopes = forms.MultipleChoiceField(
        choices=build_choices(Scope),
        widget=forms.CheckboxSelectMultiple,
        help_text="what it may be used for, where its user may do it",
    )

    def clean_expires_at(self) -> Any:
        expires_at = self.cleaned_data["expires_at"]
        if expires_at and expires_at <= timezone.now():
            raise forms.ValidationError("This is past. Choose a later time, or none.")
        return expires_at


@admin.register(ApiToken)
class TokenAdmin(admin.ModelAdmin):
    """Who is no superuser makes, sees and deletes only their own: no rights come from a token."""

    form = TokenForm
    fields = ("name", "user", "scopes", "expires_at")
    list_display = ("name", "user", "begins", "may", "last_used_at", "expires_at")
    list_select_related = ("user",)
    ordering = ("-id",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[ApiToken]:
        found = super().get_queryset(request)
        return found if request.user.is_superuser else found.filter(user=request.user.pk)

    def formfield_for_foreignkey(
        self, db_field: ForeignKey, request: HttpRequest, **kwargs: Any
    ) -> Any:
        user = cast(User, request.user)
        users = User.objects.filter(is_active=True).order_by("username")
        if not user.is_superuser:
            users = users.filter(pk=user.pk)
        given = {"queryset": users, "initial": user.pk}
        return super().formfield_for_foreignkey(db_field, request, **given | kwargs)

    def has_change_permission(self, request: HttpRequest, obj: ApiToken | None = None) -> bool:
        return False

    def add_view(
        self,
        request: HttpRequest,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        shown = {"show_save_and_add_another": False, "show_save_and_continue": False}
        return super().add_view(request, form_url, shown | (extra_context or {}))

    def save_model(self, request: HttpRequest, obj: ApiToken, form: Any, change: bool) -> None:
        obj.secret = tokens.issue(obj)  # type: ignore[attr-defined]  # for this one page

    def response_add(
        self, request: HttpRequest, obj: ApiToken, post_url_continue: str | None = None
    ) -> HttpResponse:
        """Without a redirect, as the token would have to be kept for the page that it leads to."""
        shown = self.admin_site.each_context(request) | {
            "title": "The new token",
            "opts": self.opts,
            "token": obj,
        }
        return render(request, "admin/classifier/apitoken/made.html", shown)

    @admin.display(description="begins with", ordering="start")
    def begins(self, token: ApiToken) -> str:
        return f"{token.start}…"

    @admin.display(description="scopes")
    def may(self, token: ApiToken) -> str:
        return ", ".join(token.scopes)
