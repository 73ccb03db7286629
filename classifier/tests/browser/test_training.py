"""Training, promoting and rolling back, by clicks."""

import pytest
from django.contrib.auth.models import User
from playwright.sync_api import Page, expect

from classifier.models import ModelVersion, RunState, TrainingRun
from classifier.registry import runs, versions
from classifier.tests import factories

pytestmark = pytest.mark.django_db(transaction=True)

RUNS = "/admin/classifier/trainingrun/"
MODELS = "/admin/classifier/modelversion/"


def asked_for(page: Page) -> TrainingRun:
    page.goto(RUNS)
    page.get_by_role("button", name="from scratch").click()
    expect(page.get_by_role("status")).to_contain_text("waiting for the worker")
    return TrainingRun.objects.get()


def write(run: TrainingRun, **values: object) -> None:
    """As the worker does while it trains."""
    TrainingRun.objects.filter(pk=run.pk).update(**values)


def epochs(count: int) -> list[dict[str, float]]:
    numbers = range(1, count + 1)
    return [{"member": 1, "epoch": n, "loss": 1 / n, "accuracy": 1 - 0.1 / n} for n in numbers]


def test_a_run_is_watched_from_the_button_to_its_model(champion: ModelVersion, page: Page) -> None:
    run = asked_for(page)
    status, curve = page.get_by_role("status"), page.locator(".chart circle")

    runs.claim(run.pk)
    write(run, stage="Training member 1 of 1", progress=epochs(2), log="Training on 9 images.\n")
    expect(status).to_contain_text("Training member 1 of 1")
    expect(page.get_by_text("Member 1, epoch 2: loss 0.5000")).to_be_visible()
    expect(curve).to_have_count(4)
    expect(page.get_by_label("Log", exact=True)).to_have_text("Training on 9 images.\n")

    write(run, stage="Measuring", progress=epochs(3))
    expect(status).to_contain_text("Measuring")
    expect(curve).to_have_count(6)

    factories.copy_bundled_model("better")
    runs.finish(run.pk, RunState.SUCCEEDED, result=versions.register("better"))
    page.get_by_role("link", name="Compare and promote").click()
    expect(page.get_by_role("heading", name="Model better")).to_be_visible()


def test_a_button_keeps_its_focus_while_the_page_follows_the_run(
    champion: ModelVersion, page: Page
) -> None:
    run = asked_for(page)
    page.get_by_role("button", name="Cancel").focus()

    runs.claim(run.pk)
    write(run, stage="Measuring")

    expect(page.get_by_role("status")).to_contain_text("Measuring")
    expect(page.get_by_role("button", name="Cancel")).to_be_focused()


def test_a_finished_run_is_not_asked_for_any_more(champion: ModelVersion, page: Page) -> None:
    run = asked_for(page)
    runs.finish(run.pk, RunState.FAILED, error="Out of memory.")

    expect(page.get_by_role("status")).to_contain_text("Out of memory.")
    expect(page.get_by_role("button", name="Cancel")).to_have_count(0)
    expect(page.locator("[data-live]")).to_have_count(0)


def test_the_page_goes_on_after_the_server_could_not_be_reached(
    champion: ModelVersion, page: Page
) -> None:
    run = asked_for(page)
    live = f"**{RUNS}{run.pk}/live/"
    page.route(live, lambda route: route.abort())
    with page.expect_event("requestfailed"):
        pass
    page.unroute(live)

    runs.claim(run.pk)
    write(run, stage="Measuring")

    expect(page.get_by_role("status")).to_contain_text("Measuring")


def test_a_run_is_cancelled_by_a_click(champion: ModelVersion, page: Page) -> None:
    run = asked_for(page)
    runs.claim(run.pk)

    page.get_by_role("button", name="Cancel").click()

    expect(page.get_by_role("status")).to_contain_text("stopping")
    runs.finish(run.pk, RunState.CANCELLED, error="Cancelled.")
    expect(page.get_by_role("status")).to_contain_text("Cancelled")


def test_a_model_is_promoted_and_rolled_back_by_clicks(
    champion: ModelVersion, page: Page, admin_user: User
) -> None:
    up, down = factories.create_mnist_image(), factories.create_mnist_image(label="3")
    counts = {"images": 10, "champion_right": 9, "candidate_right": 9, "p": 0.75}
    sets = {"test": counts | {"better": [str(up.pk)], "worse": [str(down.pk)]}}
    factories.copy_bundled_model("better")
    comparison = {"against": "baseline", "passed": True, "reason": "All well.", "sets": sets}
    versions.register("better", comparison)

    page.goto(MODELS)
    page.get_by_role("link", name="better", exact=True).click()
    pictures = page.get_by_role("region", name="MNIST's test split").get_by_role("img")
    expect(pictures).to_have_count(2)
    for picture in pictures.all():
        picture.scroll_into_view_if_needed()
        expect(picture).to_have_js_property("naturalWidth", 28)

    page.get_by_label("Reason").fill("It reads my 7s.")
    page.get_by_role("button", name="Promote").click()
    expect(page.get_by_text("Model better is the champion")).to_be_visible()

    page.get_by_label("Reason").fill("It reads no 7s.")
    page.get_by_role("button", name="Roll back to baseline").click()
    expect(page.get_by_text("Model baseline is the champion")).to_be_visible()

    page.get_by_role("link", name="Serving history").click()
    reasons = [period.reason for period in versions.list_serving_periods()]
    assert reasons == ["It reads no 7s.", "It reads my 7s.", ""]
    for reason in filter(None, reasons):
        expect(page.get_by_role("cell", name=reason)).to_be_visible()
