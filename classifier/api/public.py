"""The base of the views that are open to everybody."""

from rest_framework.permissions import AllowAny
from rest_framework.views import APIView

from classifier.access.throttles import AddressThrottle


class PublicView(APIView):
    """A view without logins, limited by address."""

    authentication_classes = ()
    permission_classes = (AllowAny,)
    throttle_classes: tuple[type[AddressThrottle], ...] = (AddressThrottle,)
