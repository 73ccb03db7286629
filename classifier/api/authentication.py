"""Authentication by the token in the Authorization header."""

from typing import Any

from django.contrib.auth.models import User
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from rest_framework.authentication import BaseAuthentication, get_authorization_header
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from classifier.access import tokens
from classifier.models import ApiToken

SCHEMES = (b"bearer", b"token")


class TokenAuthentication(BaseAuthentication):
    def authenticate(self, request: Request) -> tuple[User, ApiToken] | None:
        scheme, _, secret = get_authorization_header(request).partition(b" ")
        if scheme.lower() not in SCHEMES:
            return None
        try:
            token = tokens.authenticate_token(secret.strip())
        except tokens.ExpiredToken as error:
            raise AuthenticationFailed(str(error), code="token_expired") from error
        except tokens.UnknownToken as error:
            raise AuthenticationFailed(str(error)) from error
        return token.user, token

    def authenticate_header(self, request: Request) -> str:
        return 'Bearer realm="mnistsite"'


class TokenScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    target_class = TokenAuthentication
    name = "token"

    def get_security_definition(self, auto_schema: Any) -> dict[str, Any]:
        return {
            "type": "http",
            "scheme": "bearer",
            "description": "`Authorization: Bearer mns_…`. Staff create tokens in the admin.",
        }
