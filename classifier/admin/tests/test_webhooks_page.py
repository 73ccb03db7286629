import re
from base64 import b64decode
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client

from classifier.models import Delivery, Webhook
from classifier.recognition.labels import Event
from classifier.tests.pages import get_admin_url, read_text
from classifier.tests.webhook_receiver import SECRET, list_waiting_jobs
from classifier.webhooks import deliveries, events

pytestmark = pytest.mark.django_db

LIST = "/admin/classifier/webhook/"
DELIVERIES = "/admin/classifier/delivery/"
FORM = {"url": "https://example.org/hook", "events": ["label.created"], "active": "on"}
YES = {"post": "yes"}


@pytest.fixture
def viewer(client: Client) -> Client:
    """A client of staff who may view webhooks and deliveries but change nothing."""
    user = User.objects.create_user("viewer", is_staff=True)
    rights = ("view_webhook", "view_delivery")
    user.user_permissions.set(Permission.objects.filter(codename__in=rights))
    client.force_login(user)
    return client


@pytest.fixture
def webhook(db: None) -> Webhook:
    return Webhook.objects.create(
        url="http://receiver/", secret=SECRET, events=[Event.LABEL_CREATED]
    )


def find_secret(response: Any) -> str:
    match = re.search(r"(whsec_[\w+/=]+)", response.text)
    return match[1] if match else ""


def build_send_again(*chosen: Delivery) -> dict[str, object]:
    return {"action": "send_again", "_selected_action": [delivery.pk for delivery in chosen]}


def create_failed_delivery(webhook: Webhook, error: str = "The answer was 500.") -> Delivery:
    """Create a delivery whose attempts are used up."""
    values = {"payload": {"type": "label.created", "timestamp": "", "data": {}}, "error": error}
    return Delivery.objects.create(
        webhook=webhook, event=Event.LABEL_CREATED, attempts=8, status=500, **values
    )


def test_new_webhook_has_a_secret_that_is_shown_once(admin_client: Client) -> None:
    response = admin_client.post(LIST + "add/", FORM)

    webhook = Webhook.objects.get()
    assert (webhook.url, webhook.events, webhook.active) == (
        "https://example.org/hook",
        ["label.created"],
        True,
    )
    assert find_secret(response) == webhook.secret
    assert len(b64decode(webhook.secret.removeprefix("whsec_"))) == 32
    assert "no-store" in response.headers["Cache-Control"]
    for page in (LIST, get_admin_url(webhook), get_admin_url(webhook, "history")):
        assert webhook.secret not in admin_client.get(page).text


def test_changed_webhook_keeps_its_secret(admin_client: Client, webhook: Webhook) -> None:
    admin_client.post(get_admin_url(webhook), FORM | {"secret": "whsec_other"})
    webhook.refresh_from_db()
    assert (webhook.url, webhook.secret) == ("https://example.org/hook", SECRET)


@pytest.mark.parametrize(
    ("values", "error"),
    [
        ({"url": "http://169.254.169.254/latest"}, "Cloud machines get credentials"),
        ({"url": "ftp://example.org/"}, "Enter a whole address"),
        ({"url": "http://a:b@example.org/"}, "Remove user name and password"),
        ({"events": []}, "This field is required"),
        ({"events": ["no.such"]}, "no.such is not one of the available choices"),
    ],
)
def test_invalid_webhook_is_refused(admin_client: Client, values: Any, error: str) -> None:
    response = admin_client.post(LIST + "add/", FORM | values)
    assert error in response.text
    assert not Webhook.objects.exists()


def test_new_secret_replaces_the_old_one(admin_client: Client, webhook: Webhook) -> None:
    secret = find_secret(admin_client.post(get_admin_url(webhook, "secret")))
    webhook.refresh_from_db()
    assert secret == webhook.secret != SECRET


def test_test_is_queued_with_a_link_to_its_delivery(admin_client: Client, webhook: Webhook) -> None:
    response = admin_client.post(get_admin_url(webhook, "test"), follow=True)
    assert len(list_waiting_jobs()) == 1
    assert f'{DELIVERIES}?webhook__id__exact={webhook.pk}">See its' in response.text
    assert "test http://receiver/ waiting 0" in read_text(admin_client, DELIVERIES)


def test_inactive_webhook_gets_no_test(admin_client: Client, webhook: Webhook) -> None:
    Webhook.objects.update(active=False)
    response = admin_client.post(get_admin_url(webhook, "test"), follow=True)
    assert "Switch it on first" in response.text
    assert list_waiting_jobs() == []


def test_list_shows_failed_deliveries(admin_client: Client, webhook: Webhook) -> None:
    for _ in range(2):
        create_failed_delivery(webhook)
    events.send_test(webhook)
    first = f"{Delivery.objects.earliest('created_at').created_at:%Y-%m-%d %H:%M}"
    text = read_text(admin_client, LIST)
    assert f"http://receiver/ label.created – 2 since {first}" in text


def test_deliveries_are_filtered_by_state(admin_client: Client, webhook: Webhook) -> None:
    create_failed_delivery(webhook)
    events.send_test(webhook)
    assert "1 delivery" in read_text(admin_client, f"{DELIVERIES}?state=failed")
    assert "The answer was 500." in read_text(admin_client, f"{DELIVERIES}?state=failed")
    assert "test http://receiver/ waiting" in read_text(admin_client, f"{DELIVERIES}?state=waiting")
    assert "0 deliveries" in read_text(admin_client, f"{DELIVERIES}?state=delivered")


def test_delivery_shows_its_body_and_is_read_only(admin_client: Client, webhook: Webhook) -> None:
    delivery = create_failed_delivery(webhook)
    page = f"{DELIVERIES}{delivery.pk}/"
    assert "&quot;type&quot;: &quot;label.created&quot;" in (
        admin_client.get(page + "change/").text
    )
    for what in ("change", "delete"):
        assert admin_client.post(f"{page}{what}/", YES).status_code == 403
    assert admin_client.post(DELIVERIES + "add/", YES).status_code == 403


def test_failed_delivery_is_sent_again(admin_client: Client, webhook: Webhook) -> None:
    delivery = create_failed_delivery(webhook)
    response = admin_client.post(DELIVERIES, build_send_again(delivery), follow=True)
    assert "The worker will send 1 delivery again." in response.text
    assert [job["args"]["delivery_id"] for job in list_waiting_jobs()] == [str(delivery.pk)]
    assert deliveries.list_deliveries().get().state == "waiting"


def test_webhook_is_deleted_with_its_deliveries(admin_client: Client, webhook: Webhook) -> None:
    create_failed_delivery(webhook)
    assert "Webhooks: 1 Deliveries: 1" in read_text(admin_client, get_admin_url(webhook, "delete"))
    admin_client.post(get_admin_url(webhook, "delete"), YES)
    assert not Webhook.objects.exists()
    assert not Delivery.objects.exists()


def test_selected_webhooks_are_deleted(admin_client: Client, webhook: Webhook) -> None:
    create_failed_delivery(webhook)
    chosen = {"action": "delete_selected", "_selected_action": [webhook.pk]}
    admin_client.post(LIST, chosen | YES)
    assert not Webhook.objects.exists()


def test_viewer_cannot_change_webhooks(viewer: Client, webhook: Webhook) -> None:
    delivery = create_failed_delivery(webhook)
    page = viewer.get(get_admin_url(webhook)).text
    assert "Send a test" not in page
    assert SECRET not in page
    for what in ("change", "test", "secret", "delete"):
        assert viewer.post(get_admin_url(webhook, what), FORM).status_code == 403, what
    assert viewer.post(LIST + "add/", FORM).status_code == 403
    assert "send_again" not in viewer.get(DELIVERIES).text
    viewer.post(DELIVERIES, build_send_again(delivery))
    webhook.refresh_from_db()
    assert (webhook.secret, list_waiting_jobs()) == (SECRET, [])
