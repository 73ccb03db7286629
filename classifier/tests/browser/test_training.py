import re

import pytest
from django.contrib.auth.models import User
from playwright.sync_api import Browser, FilePayload, Locator, Page, expect
from pytest_django.live_server_helper import LiveServer

from classifier.models import ModelVersion, RunState, ShadowReading, TrainingRun, Upload
from classifier.registry import runs, versions
from classifier.tests import factories
from classifier.tests.browser.conftest import PHONE, log_in
from classifier.tests.pictures import Draw

pytestmark = pytest.mark.django_db(transaction=True)

RUNS = "/admin/classifier/trainingrun/"
MODELS = "/admin/classifier/modelversion/"


def start_run(page: Page) -> TrainingRun:
    page.goto(RUNS)
    page.get_by_role("button", name="from scratch").click()
    expect(page.get_by_role("status")).to_contain_text("waiting for the worker")
    return TrainingRun.objects.get()


def update_run(run: TrainingRun, **values: object) -> None:
    """Change a run as the worker does while it trains."""
    TrainingRun.objects.filter(pk=run.pk).update(**values)


def build_epochs(count: int) -> list[dict[str, float]]:
    numbers = range(1, count + 1)
    return [{"member": 1, "epoch": n, "loss": 1 / n, "accuracy": 1 - 0.1 / n} for n in numbers]


def test_run_page_follows_run_to_its_model(champion: ModelVersion, page: Page) -> None:
    run = start_run(page)
    status, curve = page.get_by_role("status"), page.locator(".chart circle")
    live = f"**{RUNS}{run.pk}/live/"
    page.route(live, lambda route: route.abort())
    with page.expect_event("requestfailed"):
        page.get_by_role("button", name="Cancel").focus()
    page.unroute(live)

    runs.claim_run(run.pk)
    update_run(
        run, stage="Training member 1 of 1", progress=build_epochs(2), log="Training on 9 images.\n"
    )
    expect(status).to_contain_text("Training member 1 of 1")
    expect(page.get_by_role("button", name="Cancel")).to_be_focused()
    expect(page.get_by_text("Member 1, epoch 2: loss 0.5000")).to_be_visible()
    expect(curve).to_have_count(4)
    expect(page.get_by_label("Log", exact=True)).to_have_text("Training on 9 images.\n")

    update_run(run, stage="Measuring", progress=build_epochs(3))
    expect(status).to_contain_text("Measuring")
    expect(curve).to_have_count(6)

    factories.copy_bundled_model("better")
    runs.finish_run(run.pk, RunState.SUCCEEDED, result=versions.register_model("better"))
    expect(page.get_by_role("heading", name="Model better")).to_be_visible()
    page.goto(f"{RUNS}{run.pk}/change/")
    expect(page.get_by_role("link", name="See what it learned")).to_be_visible()


RECORD_NOTIFICATIONS = """
window.notifications = [];
window.Notification = class {
  static permission = "default";
  static requestPermission() { Notification.permission = "granted"; return Promise.resolve(); }
  addEventListener() {}
  constructor(title, { body }) { notifications.push(`${title}: ${body}`); }
};
"""


def test_failed_run_is_notified_repeated_and_cancelled(champion: ModelVersion, page: Page) -> None:
    page.set_viewport_size(PHONE)
    page.add_init_script(RECORD_NOTIFICATIONS)
    run, status = start_run(page), page.get_by_role("status")
    runs.claim_run(run.pk)
    expect(page.get_by_text("About 40 minutes left.")).to_be_visible()
    expect(page.get_by_role("progressbar")).to_be_visible()

    page.get_by_role("button", name="Notify me").click()
    expect(page.get_by_role("button", name="Notify me")).to_be_hidden()
    runs.finish_run(run.pk, RunState.FAILED, error="Out of memory.")

    expect(page).to_have_title(re.compile("^Failed: "))
    assert page.evaluate("notifications") == [f"Training run {run.pk}: Failed"]
    expect(status).to_contain_text("Out of memory.")
    expect(page.get_by_role("button", name="Cancel")).to_have_count(0)
    expect(page.locator("[data-live]")).to_have_count(0)

    page.get_by_role("button", name="Try again").click()
    expect(status).to_contain_text("waiting for the worker")
    repeated = TrainingRun.objects.latest("pk")
    runs.claim_run(repeated.pk)
    page.get_by_role("button", name="Cancel").click()
    expect(status).to_contain_text("stopping")
    runs.finish_run(repeated.pk, RunState.CANCELLED, error="Cancelled.")
    expect(status).to_contain_text("Cancelled")


def test_model_is_promoted_and_rolled_back(
    champion: ModelVersion, page: Page, admin_user: User
) -> None:
    improved, worsened = factories.create_mnist_image(), factories.create_mnist_image(label="3")
    counts = {"images": 10, "champion_right": 9, "candidate_right": 9, "p": 0.75}
    sets = {"test": counts | {"better": [str(improved.pk)], "worse": [str(worsened.pk)]}}
    factories.copy_bundled_model("better")
    comparison = {"against": "baseline", "passed": True, "reason": "All well.", "sets": sets}
    versions.register_model("better", comparison)

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


def test_candidate_is_compared_tried_and_decided(
    champion: ModelVersion, page: Page, draw_digit: Draw
) -> None:
    four = factories.create_image(label="4")
    group = {"image": str(four.pk), "images": 2, "champion": "9?", "candidate": "4"}
    label = {"label": "4", "images": 2, "champion_right": 0, "candidate_right": 2}
    effects = {"labels": [label | {"groups": [group]}]}
    factories.copy_bundled_model("better")
    comparison = {"against": "baseline", "passed": True, "reason": "All well.", "sets": {}}
    better = versions.register_model("better", comparison, effects)
    image = factories.create_queue_item().image
    ShadowReading.objects.create(
        image=image, model=better, guess="1", served_guess="7", confidence=0.9
    )
    page.goto(f"{MODELS}{better.pk}/change/")
    expect(page.get_by_role("region", name="Labelled 4")).to_contain_text("9? → 4")

    tried = page.get_by_role("region", name="Try a picture")
    draw_line(page, tried.get_by_role("img", name="Drawing area"))
    expect(tried.get_by_role("definition").first).to_have_text("1")
    expect(tried.get_by_role("term")).to_have_text(["baseline", "better"])
    tried.get_by_role("button", name="Clear").click()
    expect(tried.get_by_role("definition")).to_have_count(0)

    picture: FilePayload = {"name": "7.png", "mimeType": "image/png", "buffer": draw_digit(7)}
    tried.get_by_label("Picture instead of a drawing").set_input_files([picture])
    expect(tried.get_by_role("definition").first).to_have_text("7")
    assert not Upload.objects.exclude(pk__in=[four.upload_id, image.upload_id]).exists()

    decide = page.get_by_role("region", name="Decide")
    decide.get_by_role("link", name="Label 1 more").click()
    expect(page.get_by_text("Two models read it differently.")).to_be_visible()
    page.go_back()
    decide.get_by_role("button", name="Reject").click()
    expect(page.get_by_text("Model better is rejected.")).to_be_visible()


def draw_line(page: Page, pad: Locator) -> None:
    """Draw a vertical line, which is a 1."""
    pad.scroll_into_view_if_needed()
    box = pad.bounding_box()
    assert box
    x = box["x"] + box["width"] / 2
    page.mouse.move(x, box["y"] + 0.2 * box["height"])
    page.mouse.down()
    page.mouse.move(x, box["y"] + 0.8 * box["height"], steps=5)
    page.mouse.up()


def test_picture_is_tried_without_scripts(
    champion: ModelVersion,
    browser: Browser,
    live_server: LiveServer,
    admin_user: User,
    draw_digit: Draw,
) -> None:
    context = browser.new_context(base_url=live_server.url, java_script_enabled=False)
    log_in(context, live_server, admin_user)
    page = context.new_page()
    page.goto(f"{MODELS}{champion.pk}/change/")

    picture: FilePayload = {"name": "7.png", "mimeType": "image/png", "buffer": draw_digit(7)}
    page.locator("#picture").set_input_files([picture])
    page.get_by_role("button", name="Read it").click()

    expect(page.get_by_role("definition").first).to_have_text("7")
    context.close()
