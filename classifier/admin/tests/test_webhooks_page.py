"""Staff with the right say who is told of what, and see whether they were."""

import re
from base64 import b64decode
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from classifier.models import Delivery, Webhook
from classifier.recognition.labels import Event
from classifier.tests.pages import get_admin_url, read_text
from classifier.tests.webhook_receiver import SECRET, list_waiting_jobs
from classifier.webhooks import deliveries, events

pytestmark = pytest.mark.django_db

LIST = "/admin/classifier/webhook/"
DELIVERIES = "/admin/classifier/delivery/"
GIVEN = {"url": "https://example.org/hook", "events": ["label.created"], "active": "on"}
YES = {"post": "yes"}


@pytest.fixture
def onlooker(client: Client) -> Client:
    """Of staff who may see webhooks and deliveries, and change nothing."""
    user = User.objects.create_user("onlooker", is_staff=True)
    rights = ("view_webhook", "view_delivery")
    user.user_permissions.set(Permission.objects.filter(codename__in=rights))
    client.force_login(user)
    return client


@pytest.fixture
def webhook(db: None) -> Webhook:
    return Webhook.objects.create(
        url="http://receiver/", secret=SECRET, events=[Event.LABEL_CREATED]
    )


def secret_in(response: Any) -> str:
    found = re.search(r"(whsec_[\w+/=]+)", response.content.decode())
    return found[1] if found else ""


def again(*chosen: Delivery) -> dict[str, object]:
    return {"action": "send_again", "_selected_action": [delivery.pk for delivery in chosen]}


def failed(webhook: Webhook, error: str = "The answer was 500.") -> Delivery:
    """One that nobody tries to deliver any more."""
    given = {"payload": {"type": "label.created", "timestamp": "", "data": {}}, "error": error}
    return Delivery.objects.create(
        webhook=webhook, event=Event.LABEL_CREATED, attempts=8, status=500, **given
    )


def test_a_webhook_is_made_with_a_secret_that_is_shown_once(admin_client: Client) -> None:
    response = admin_client.post(LIST + "add/", GIVEN)

    webhook = Webhook.objects.get()
    assert (webhook.url, webhook.events, webhook.active) == (
        "https://example.org/hook",
        ["label.created"],
        True,
    )
    assert secret_in(response) == webhook.secret
    assert len(b64decode(webhook.secret.removeprefix("whsec_"))) == 32
    assert "no-store" in response.headers["Cache-Control"]
    for page in (LIST, get_admin_url(webhook), get_admin_url(webhook, "history")):
        assert webhook.secret not in admin_client.get(page).content.decode()


def test_changing_one_keeps_its_secret(admin_client: Client, webhook: Webhook) -> None:
    admin_client.post(get_admin_url(webhook), GIVEN | {"secret": "whsec_other"})
    webhook.refresh_from_db()
    assert (webhook.url, webhook.secret) == ("https://example.org/hook", SECRET)


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"url": "http://169.254.169.254/latest"}, "kept for the machines of a network"),
        ({"url": "ftp://example.org/"}, "Use a whole address"),
        ({"url": "http://a:b@example.org/"}, "Leave out user name and password"),
        ({"events": []}, "This field is required"),
        ({"events": ["no.such"]}, "no.such is not one of the available choices"),
    ],
)
def test_what_can_t_be_told_is_not_taken(admin_client: Client, given: Any, told: str) -> None:
    response = admin_client.post(LIST + "add/", GIVEN | given)
    assert told in response.content.decode()
    assert not Webhook.objects.exists()


def test_a_new_secret_takes_the_place_of_the_old_one(
    admin_client: Client, webhook: Webhook
) -> None:
    shown = secret_in(admin_client.post(get_admin_url(webhook, "secret")))
    webhook.refresh_from_db()
    assert shown == webhook.secret != SECRET


def test_a_test_is_sent_and_leads_to_what_became_of_it(
    admin_client: Client, webhook: Webhook
) -> None:
    response = admin_client.post(get_admin_url(webhook, "test"), follow=True)
    assert len(list_waiting_jobs()) == 1
    assert f'{DELIVERIES}?webhook__id__exact={webhook.pk}">What' in response.content.decode()
    assert "test http://receiver/ waiting 0" in read_text(admin_client, DELIVERIES)


def test_to_one_that_is_switched_off_it_is_not(admin_client: Client, webhook: Webhook) -> None:
    Webhook.objects.update(active=False)
    response = admin_client.post(get_admin_url(webhook, "test"), follow=True)
    assert "Switch it on first" in response.content.decode()
    assert list_waiting_jobs() == []


def test_the_list_shows_who_could_not_be_told(admin_client: Client, webhook: Webhook) -> None:
    for _ in range(2):
        failed(webhook)
    events.send_test(webhook)  # which nobody has tried yet
    first = f"{Delivery.objects.earliest('created_at').created_at:%Y-%m-%d %H:%M}"
    shown = read_text(admin_client, LIST)
    assert f"http://receiver/ label.created – 2, the first of {first}" in shown


def test_deliveries_are_found_by_their_state(admin_client: Client, webhook: Webhook) -> None:
    failed(webhook)
    events.send_test(webhook)
    assert "1 delivery" in read_text(admin_client, f"{DELIVERIES}?state=failed")
    assert "The answer was 500." in read_text(admin_client, f"{DELIVERIES}?state=failed")
    assert "test http://receiver/ waiting" in read_text(admin_client, f"{DELIVERIES}?state=waiting")
    assert "0 deliveries" in read_text(admin_client, f"{DELIVERIES}?state=delivered")


def test_a_page_of_deliveries_costs_as_many_queries_as_one_delivery(
    admin_client: Client, webhook: Webhook
) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            admin_client.get(DELIVERIES)
        return len(captured)

    failed(webhook)
    queries()
    of_one = queries()
    for _ in range(9):
        failed(webhook)
    assert queries() == of_one


def test_a_delivery_shows_what_is_told_and_can_t_be_changed(
    admin_client: Client, webhook: Webhook
) -> None:
    delivery = failed(webhook)
    page = f"{DELIVERIES}{delivery.pk}/"
    assert "&quot;type&quot;: &quot;label.created&quot;" in (
        admin_client.get(page + "change/").content.decode()
    )
    for what in ("change", "delete"):
        assert admin_client.post(f"{page}{what}/", YES).status_code == 403
    assert admin_client.post(DELIVERIES + "add/", YES).status_code == 403


def test_what_failed_is_sent_again(admin_client: Client, webhook: Webhook) -> None:
    delivery = failed(webhook)
    response = admin_client.post(DELIVERIES, again(delivery), follow=True)
    assert "1 will be sent again" in response.content.decode()
    assert [job["args"]["delivery_id"] for job in list_waiting_jobs()] == [str(delivery.pk)]
    assert deliveries.list_deliveries().get().state == "waiting"


def test_a_webhook_goes_with_its_deliveries(admin_client: Client, webhook: Webhook) -> None:
    failed(webhook)
    told = read_text(admin_client, get_admin_url(webhook, "delete"))
    assert "Webhooks: 1 Deliveries: 1" in told
    admin_client.post(get_admin_url(webhook, "delete"), YES)
    assert not Webhook.objects.exists()
    assert not Delivery.objects.exists()


def test_many_go_at_once(admin_client: Client, webhook: Webhook) -> None:
    failed(webhook)
    chosen = {"action": "delete_selected", "_selected_action": [webhook.pk]}
    admin_client.post(LIST, chosen | YES)
    assert not Webhook.objects.exists()


def test_who_may_only_look_changes_nothing(onlooker: Client, webhook: Webhook) -> None:
    delivery = failed(webhook)
    page = onlooker.get(get_admin_url(webhook)).content.decode()
    assert "Send a test" not in page
    assert SECRET not in page
    for what in ("change", "test", "secret", "delete"):
        assert onlooker.post(get_admin_url(webhook, what), GIVEN).status_code == 403, what
    assert onlooker.post(LIST + "add/", GIVEN).status_code == 403
    assert "send_again" not in onlooker.get(DELIVERIES).content.decode()
    onlooker.post(DELIVERIES, again(delivery))
    webhook.refresh_from_db()
    assert (webhook.secret, list_waiting_jobs()) == (SECRET, [])


def test_an_outsider_is_sent_to_the_login(client: Client, outsider: User, webhook: Webhook) -> None:
    client.force_login(outsider)
    for address in (
        LIST,
        DELIVERIES,
        get_admin_url(webhook, "test"),
        get_admin_url(webhook, "secret"),
    ):
        response = client.post(address, GIVEN)
        assert response.status_code == 302
        assert "login" in response.headers["Location"]
    assert list_waiting_jobs() == []


def test_the_pages_take_a_post_only_where_something_is_done(
    admin_client: Client, webhook: Webhook
) -> None:
    for what in ("test", "secret"):
        assert admin_client.get(get_admin_url(webhook, what)).status_code == 405
