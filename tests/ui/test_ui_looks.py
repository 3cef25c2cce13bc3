"""Every page in a real browser: narrow and wide, light and dark; and studies that run side by side."""

import json
import re
import shutil
import threading
from contextlib import contextmanager
from dataclasses import replace

import pytest
import uvicorn
from browser import look_at, open_page
from playwright.sync_api import expect
from report_samples import full
from ui_samples import Desk, fake_workbench, new_client, wait_for

from wellfit.cli._progress import SCORED, STAGES
from wellfit.report import write_html
from wellfit.ui import Address, Entrance, create_app
from wellfit.ui._runs import start_run
from wellfit.ui._server import listening

PAGES = (
    "/",
    "/data?path=rows.csv",
    "/studies/one",
    "/studies/one/report",
    "/compare?study=one&study=two",
)


@contextmanager
def played(root):
    """Yield a desk whose studies are played, and the address at which a browser can come in."""
    workbench, entrance = fake_workbench(root, stages=STAGES, scored=SCORED), Entrance()
    with listening("127.0.0.1", 0) as listener:
        address = Address("127.0.0.1", listener.getsockname()[1])
        app = create_app(workbench, entrance, address)
        server = uvicorn.Server(uvicorn.Config(app, log_level="error", timeout_graceful_shutdown=1))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        desk = Desk(workbench, entrance, new_client(workbench, Entrance()))
        try:
            yield desk, f"{address.origin}/enter?token={entrance.token}"
        finally:
            desk.close()
            app.state.closing.set()
            server.should_exit = True
            thread.join()


def test_pages_fit_and_are_for_everyone(tmp_path):
    """Every page, narrow and wide, light and dark: no wider than the window, and axe-core finds nothing."""
    with played(tmp_path) as (desk, url), open_page() as (page, problems):
        for name in ("one", "two"):
            shutil.copytree(desk.root / ".prepared" / "done", desk.root / name)
        (desk.root / "fails.csv").write_text((desk.root / "rows.csv").read_text())
        page.goto(url)
        expect(page.get_by_role("heading", name="What shall be made better?")).to_be_visible()
        live, failed = desk_study(desk), desk_study(desk, "fails.csv")
        wait_for(lambda: desk.ended(failed))
        origin = url.partition("/enter")[0]
        for path in (*PAGES, f"/studies/{failed}", f"/studies/{live}"):
            page.goto(origin + path)
            if path.endswith(live):
                expect(page.locator("#chart polyline.best")).to_have_count(1)
            look_at(page, path)
        assert problems == []
        page.goto(f"{origin}/nowhere")
        look_at(page, "a problem")


def desk_study(desk: Desk, data: str = "rows.csv") -> str:
    """Start a played study and return its name."""
    choice = {"data": data, "target": "bought", "arguments": ()}
    return start_run(desk.workbench, **choice).name


@pytest.mark.parametrize("size", [{"width": 400, "height": 800}, {"width": 1400, "height": 900}])
def test_a_report_sorts_reads_off_and_copies(tmp_path, size):
    """Its script runs under the policy of the workbench, by mouse and by keys; another script does not."""
    with played(tmp_path) as (desk, url):
        for name in ("one", "two"):
            shutil.copytree(desk.root / ".prepared" / "done", desk.root / name)
        path = desk.root / "one" / "report.html"
        write_html(replace(full(), code="import keras\n" * 3), path)
        with open_page(viewport=size) as (page, problems):
            page.goto(url)
            expect(page.get_by_role("heading", name="What shall be made better?")).to_be_visible()
            page.goto(url.partition("/enter")[0] + "/studies/one/report")
            expect(page.locator("h1")).to_contain_text("Overfits: 0.388 nats of gap")
            assert page.evaluate("document.documentElement.scrollWidth") <= size["width"]
            table = page.locator("#remedies ~ .scroll table")
            title = table.get_by_role("columnheader", name="Effect")
            title.get_by_role("button").focus()
            page.keyboard.press("Enter")
            expect(title).to_have_attribute("aria-sort", "ascending")
            effects = table.locator("tbody td:nth-child(2)").all_text_contents()
            numbers = [float(text) for text in effects if text != "n/a"]
            assert numbers == sorted(numbers)
            assert effects[-1] == "n/a"
            slider = page.get_by_label("Values at epoch")
            slider.focus()
            page.keyboard.press("Home")
            expect(page.locator(".readout output")).to_have_text(
                re.compile(r"Epoch 1: baseline training 0\.670")
            )
            page.get_by_text("The whole script").click()
            page.get_by_role("button", name="Copy").first.click()
            expect(page.get_by_role("status").first).to_have_text(re.compile("Copied|Selected"))
            assert problems == []
            text = path.read_text("utf-8")
            path.write_text(
                text.replace("</main>", "<script>document.title = 'moved'</script></main>"), "utf-8"
            )
            page.reload()
            expect(page.locator("h1")).to_contain_text("Overfits")
            assert page.title() == "wellfit: Overfitting"
            assert any("Content Security Policy" in problem for problem in problems)


def test_two_studies_are_watched_at_once(tmp_path):
    """Each page shows its own study move; notes are text; the first that ends shows its result."""
    with played(tmp_path) as (desk, url), open_page() as (page, problems):
        page.goto(url)
        expect(page.get_by_role("heading", name="What shall be made better?")).to_be_visible()
        origin = url.partition("/enter")[0]
        pages = [page, page.context.new_page()]
        for one in pages:
            one.goto(f"{origin}/data?path=rows.csv")
            one.get_by_label("Target", exact=True).select_option("bought")
            one.get_by_role("button", name="Start the study").click()
        names = ["wellfit-rows", "wellfit-rows-2"]
        for one, name, runs in zip(pages, names, (5, 7), strict=True):
            expect(one.get_by_role("heading", name=name, exact=True)).to_be_visible()
            expect(one.locator("#runs")).to_have_text("3")
            expect(one.locator("#notes")).to_contain_text("<b>column</b>")
            tell(desk, name, runs)
        for one, runs in zip(pages, ("5", "7"), strict=True):
            expect(one.locator("#runs")).to_have_text(runs)
            expect(one.locator("#curves-chart title")).to_contain_text(f"of 4 runs, after {runs} epochs")
            expect(one.locator("#curves-chart polyline")).to_have_count(3)
            expect(one.locator("#now-lowest")).to_have_text({"5": "0.7000", "7": "0.3000"}[runs])
            expect(one.locator(".stages .now")).to_contain_text(re.compile("screen.*of 9 runs", re.DOTALL))
        pages[0].get_by_role("button", name="Stop and keep what there is").click()
        expect(pages[0].get_by_text("Partial result")).to_be_visible()
        expect(pages[1].locator("#status")).to_contain_text("Running")
        (desk.root / "go").touch()
        expect(pages[1].get_by_role("heading", name="Overfitting")).to_be_visible()
        wait_for(lambda: desk.ended(names[1]))
        assert problems == []


def tell(desk: Desk, name: str, done: int) -> None:
    """Append an event as the study would, with curves of as many epochs as runs are done."""
    event = {"stage": "screen", "done": done, "total": 9, "message": "", "metric": "log_loss"}
    event |= {"baseline": 0.43, "best": 0.4, "elapsed_s": 2.0, "left_s": 9.0}
    losses = [1.0 - 0.1 * epoch for epoch in range(done)]
    event["curves"] = {"num_members": 4, "epochs": [*range(1, done + 1)], "train": losses}
    event["curves"] |= {
        "validation": losses,
        "lowest": [*losses[:-1], None] if done < 7 else [*losses[:-1], 0.3],
    }
    with (desk.root / ".wellfit" / name / "progress.jsonl").open("a") as stream:
        stream.write(json.dumps(event) + "\n")
