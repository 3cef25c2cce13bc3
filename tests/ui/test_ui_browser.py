"""The workbench in a real browser: from a file to a finished report, as a person does it."""

import json
from pathlib import Path

import pytest
from browser import look_at, open_page, served
from cli_samples import small_report
from playwright.sync_api import Page, Route, expect
from sklearn.datasets import load_breast_cancer

from wellfit.report import write_json
from wellfit.ui._runs import find_run, is_running, run_names, stop_run
from wellfit.ui._workbench import Workbench

STATUS = "Running"


@pytest.fixture(scope="module")
def table(tmp_path_factory) -> Path:
    """Return a real table as a CSV file outside of the workbench's folder."""
    frame = load_breast_cancer(as_frame=True).frame.iloc[:250, [0, 1, 2, 3, 20, 30]]
    path = tmp_path_factory.mktemp("outside") / "tumors.csv"
    frame.to_csv(path, index=False)
    return path


@pytest.fixture
def folder(tmp_path):
    """Return the folder of a workbench; studies that a failed test left behind are ended."""
    yield tmp_path
    workbench = Workbench(root=tmp_path.resolve())
    for name in run_names(workbench):
        run = find_run(workbench, name)
        if run is not None and is_running(workbench, run):
            stop_run(workbench, run)


def upload(page: Page, table: Path) -> None:
    """Bring a file in, and wait for its columns."""
    page.get_by_label("A table, a network").set_input_files(table)
    page.get_by_role("button", name="Upload").click()
    expect(page.get_by_role("heading", name="tumors.csv")).to_be_visible()


def choose(page: Page, amount: str, unit: str) -> None:
    """Fill the form of a study in."""
    page.get_by_label("Target", exact=True).select_option("target")
    expect(page.locator("#meaning")).to_contain_text("2 classes: 0, 1.")
    page.get_by_label("Network", exact=True).select_option("dense:64-32")
    page.get_by_label("Budget", exact=True).fill(amount)
    page.get_by_label("Unit of the budget").select_option(unit)


def test_a_choice_made_before_the_scripts_came_counts(folder, table):
    """Hands may be quicker than the network: the target is chosen while htmx is still on its way."""
    with served(folder) as url, open_page() as (page, problems):
        page.goto(url)
        held_back: list[Route] = []

        def hold_back(route: Route) -> None:
            held_back.append(route)

        page.route("**/htmx.min.js", hold_back)
        page.get_by_label("A table, a network").set_input_files(table)
        page.get_by_role("button", name="Upload").click(no_wait_after=True)
        page.get_by_label("Target", exact=True).select_option("target")
        page.wait_for_function("document.readyState === 'interactive'")
        expect(page.locator("#meaning")).to_contain_text("Choose the target")
        held_back.pop().continue_()
        expect(page.locator("#meaning")).to_contain_text("2 classes: 0, 1.")
        assert problems == []


def test_from_upload_to_report(folder, table):
    """Upload, correct a column, start, watch it move, reload in the middle, read, ask, fetch; no errors."""
    with served(folder) as url, open_page(viewport={"width": 1400, "height": 900}) as (page, problems):
        page.goto(url)
        expect(page.get_by_role("heading", name="What shall be made better?")).to_be_visible()
        upload(page, table)
        choose(page, "40", "training runs")
        page.get_by_label("Kind of worst radius").select_option("leave out")
        expect(page.locator("tr", has_text="worst radius")).to_contain_text("left out as asked for")
        page.get_by_role("button", name="Start the study").click()

        expect(page.locator("#status")).to_contain_text(STATUS)
        expect(page.locator("#runs")).not_to_have_text("0")
        page.reload()
        expect(page.locator("#runs")).not_to_have_text("0")
        expect(page.locator("#chart polyline.best")).to_have_count(1)
        expect(page.locator("#curves-chart polyline")).to_have_count(3)

        expect(page.get_by_role("link", name="Open the report")).to_be_visible(timeout=600_000)
        with page.expect_popup() as opened:
            page.get_by_role("link", name="Open the report").click()
        expect(opened.value.get_by_text("wellfit report")).to_be_visible()
        look_at(opened.value, "report")
        opened.value.close()
        with page.expect_download() as download:
            page.get_by_role("link", name="Network (model.keras)").click()
        assert download.value.suggested_filename == "wellfit-tumors-model.keras"

        page.get_by_role("link", name="Try it on one row").click()
        before = page.locator("#said").inner_text()
        page.get_by_label("mean radius, slider").press("End")
        expect(page.locator("#said")).not_to_have_text(before)
        look_at(page, "try")
        assert "worst radius" not in page.locator(".cells").inner_text()
        assert problems == []


def test_trials_in_the_dashboard_of_optuna(folder):
    """The link of a finished study leads to its trials, and nothing that the dashboard needs is refused."""
    study = folder / "study"
    study.mkdir()
    write_json(small_report(), study / "report.json")
    trials = [{"name": f"l2-{i}", "settings": {"l2": 0.1 * i}, "scores": [0.625 + i]} for i in range(5)]
    (study / "trials.json").write_text(json.dumps(trials))
    with served(folder) as url, open_page(viewport={"width": 1400, "height": 900}) as (page, problems):
        elsewhere = []
        page.context.on("request", lambda request: elsewhere.append(request.url))
        page.context.on("console", lambda line: problems.append(line.text) if line.type == "error" else None)
        page.goto(url)
        page.get_by_role("link", name="study").click()
        with page.expect_popup() as opened:
            page.get_by_role("link", name="Trials in Optuna's dashboard").click()
        shown = opened.value
        expect(shown.get_by_text("study (id=")).to_be_visible()
        expect(shown.locator(".js-plotly-plot .scatterlayer").first).to_be_visible()
        shown.locator("a[href$='/trials']").first.click()
        expect(shown.get_by_text("0.625").first).to_be_visible()
        origin = url.partition("/enter")[0]
        assert [address for address in elsewhere if not address.startswith((origin, "data:"))] == []
        assert problems == []


def test_stop_and_begin_again_by_keyboard(folder, table):
    """A long study is stopped, goes on and is stopped; a second one begins with it; no mouse is used."""
    with served(folder) as url, open_page(viewport={"width": 400, "height": 800}) as (page, problems):
        page.goto(url)
        upload(page, table)
        choose(page, "1", "hours")
        page.get_by_role("button", name="Start the study").press("Enter")
        expect(page.locator("#chart polyline.best")).to_have_count(1)
        page.get_by_role("button", name="Stop and keep what there is").press("Enter")
        expect(page.get_by_text("Partial result")).to_be_visible(timeout=600_000)
        page.get_by_role("button", name="Go on where it was").press("Enter")
        expect(page.get_by_role("heading", name="wellfit-tumors")).to_be_visible()
        expect(page.locator("#status")).to_contain_text(STATUS)
        expect(page.locator("#chart polyline.best")).to_have_count(1)
        page.get_by_role("button", name="Stop and keep what there is").press("Enter")
        expect(page.get_by_text("Partial result")).to_be_visible(timeout=600_000)
        page.get_by_role("button", name="Begin another from here").press("Enter")
        expect(page.get_by_role("heading", name="wellfit-tumors-2")).to_be_visible()
        expect(page.locator("#status")).to_contain_text(STATUS)
        page.goto(url.partition("/enter")[0])
        expect(page.locator("li", has_text="wellfit-tumors-2")).to_contain_text("Running")
        page.get_by_role("link", name="wellfit-tumors-2").press("Enter")
        page.get_by_role("button", name="Stop and keep what there is").press("Enter")
        expect(page.locator("h1")).not_to_have_text("wellfit-tumors-2", timeout=600_000)
        assert problems == []
        assert page.evaluate("document.documentElement.scrollWidth") <= 400
