"""What the pages show, and that they show names as they are and nothing more."""

import json

import pytest
from ui_samples import Desk, new_desk

NASTY = '<script>alert("1")</script>'


@pytest.fixture
def desk(tmp_path):
    """Return a workbench and a browser that has come in."""
    made = new_desk(tmp_path)
    yield made
    made.close()


def test_the_first_page_lists_files_and_studies(desk: Desk):
    """Tables and folders of pictures to choose from, studies with state and verdict, the running first."""
    for kind in ("cats", "dogs"):
        (desk.root / "animals" / kind).mkdir(parents=True)
        (desk.root / "animals" / kind / "1.png").write_bytes(b"")
    study = desk.root / "from-terminal"
    study.mkdir()
    (study / "report.json").write_bytes((desk.root / ".prepared/done/report.json").read_bytes())
    name = desk.begin()
    text = desk.client.get("/").text
    assert '<a href="/data?path=rows.csv">' in text
    assert '<a href="/data?path=animals">' in text
    assert text.index(name) < text.index("from-terminal")
    assert "The network overfits." in text
    assert "Running" in text


def test_columns_are_shown_with_what_they_are_taken_for(desk: Desk):
    """Name, kind and cells of each column, and a choice of kinds for it."""
    text = desk.client.get("/data?path=rows.csv").text
    assert "40 rows, 3 columns" in text
    for part in ("age", "integer", "city", "boolean", "Oslo", 'name="kind-1"', '<option value="bought">'):
        assert part in text, part


def test_columns_answer_to_what_is_chosen(desk: Desk):
    """The target and its classes are told; another kind shows its effect; what cannot be is explained."""
    text = desk.post("/data/columns", path="rows.csv", target="bought").text
    assert "2 classes: 0, 1." in text
    assert "predicted" in text
    text = desk.post("/data/columns", **{"path": "rows.csv", "target": "bought", "kind-0": "category"}).text
    assert '<option value="category" selected>' in text
    text = desk.post("/data/columns", **{"path": "rows.csv", "target": "bought", "kind-1": "numeric"}).text
    assert "cannot be read as numeric" in text
    assert "choose another kind" in text


def test_every_name_is_escaped(desk: Desk):
    """A column, a cell, a class and a study named like markup are text on every page."""
    (desk.root / "nasty.csv").write_text(
        f'"{NASTY.replace(chr(34), chr(34) * 2)}",y\n'
        + "".join(f"<i>{i % 4}</i>,<u>{i % 2}</u>\n" for i in range(40))
    )
    report = json.loads((desk.root / ".prepared/done/report.json").read_text())
    report["verdict_line"] = report["partial"] = report["options"]["data"] = NASTY
    for name in ("<b>one", "<b>two"):
        (desk.root / name).mkdir()
        (desk.root / name / "report.json").write_text(json.dumps(report))
    pages = [
        desk.client.get("/"),
        desk.client.get("/data?path=nasty.csv"),
        desk.post("/data/columns", path="nasty.csv", target="y"),
        desk.client.get("/studies/<b>one"),
        desk.client.get("/compare", params={"study": ["<b>one", "<b>two"]}),
        desk.client.get("/data", params={"path": NASTY}),
    ]
    for answer in pages:
        text = answer.text
        assert "alert" in text or "&lt;b&gt;" in text
        for part in ("<script>", "<b>", "<i>", "<u>", 'alert("'):
            assert part not in text, answer.url


def test_control_and_direction_characters_are_shown_as_missing(desk: Desk):
    """They could make a page show something else than what is there."""
    (desk.root / "odd.csv").write_text("a\u202eb,y\n" + "1,2\n3,4\n" * 20)
    text = desk.client.get("/data?path=odd.csv").text
    assert "a\ufffdb" in text
    assert "\u202e" not in text


def test_the_code_can_be_fetched(desk: Desk):
    """A script and its rows, where a study wrote them; nothing else of its folder."""
    study = desk.root / "study"
    study.mkdir()
    (study / "report.json").write_bytes((desk.root / ".prepared/done/report.json").read_bytes())
    assert "train.py" not in desk.client.get("/studies/study").text
    for name in ("train.py", "train.npz", "notes.txt"):
        (study / name).write_bytes(b"it")
    text = desk.client.get("/studies/study").text
    assert "/studies/study/files/train.py" in text
    assert "notes.txt" not in text
    assert desk.client.get("/studies/study/files/train.npz").content == b"it"


def test_studies_are_compared(desk: Desk):
    """Side by side with the main numbers; other data or metrics are warned of; one is not enough."""
    report = json.loads((desk.root / ".prepared/done/report.json").read_text())
    for name, metric in (("one", "log_loss"), ("two", "log_loss"), ("three", "rmse")):
        (desk.root / name).mkdir()
        report["metric"]["name"] = metric
        (desk.root / name / "report.json").write_text(json.dumps(report))
    text = desk.client.get("/compare?study=one&study=two").text
    assert "0.01 (0.004 to 0.016)" in text
    assert "dropout" in text
    assert "cannot be ranked" not in text
    report["chosen"], report["metric"]["name"] = report["baseline"], "log_loss"
    report["holdout"] |= {"difference": 0.0, "low": 0.0, "high": 0.0}
    (desk.root / "kept").mkdir()
    (desk.root / "kept/report.json").write_text(json.dumps(report))
    assert "none, the baseline is kept" in desk.client.get("/compare?study=one&study=kept").text
    assert "cannot be ranked" in desk.client.get("/compare?study=one&study=three").text
    assert desk.client.get("/compare?study=one").status_code == 422
    assert desk.client.get("/compare?study=one&study=nowhere").status_code == 422


def test_a_result_says_what_was_found(desk: Desk):
    """Verdict, holdout, changes and files; the report opens and files are fetched under the study's name."""
    study = desk.root / "study"
    study.mkdir()
    for path in (desk.root / ".prepared/done").iterdir():
        (study / path.name).write_bytes(path.read_bytes())
    text = desk.client.get("/studies/study").text
    for part in (
        "Overfitting",
        "Overfits, most likely because",
        "Holdout (100 rows)",
        "dropout",
        "/studies/study/report",
    ):
        assert part in text, part
    assert "Go on from here" not in text, "the workbench did not start it and does not know how"
    fetched = desk.client.get("/studies/study/files/model.keras")
    assert fetched.content == b"a network"
    assert 'filename="study-model.keras"' in fetched.headers["content-disposition"]
    assert "Overfitting" in desk.client.get("/studies/study/report").text


@pytest.mark.parametrize(
    "changes",
    [{"target": ""}, {"target": "nowhere"}, {"amount": "0"}, {"amount": "-1"}, {"amount": "1e9"},
     {"unit": "d"}, {"seed": "x"}, {"holdout": "2"}, {"group": "nowhere"}, {"path": "nowhere.csv"}],
)  # fmt: skip
def test_what_cannot_be_is_not_started(desk: Desk, changes):
    """A form with a value that no page offers starts nothing and says what is expected."""
    fields = {"path": "rows.csv", "target": "bought", **changes}
    answer = desk.post("/studies", **fields)
    assert answer.status_code == 422
    assert "<dl" in answer.text
    assert not (desk.root / ".wellfit").exists()


def test_pages_that_are_not_there(desk: Desk):
    """An address that leads nowhere is a page with a way back."""
    answer = desk.client.get("/nowhere")
    assert answer.status_code == 404
    assert 'href="/"' in answer.text
    (desk.root / "empty.csv").write_bytes(b"")
    assert "<h1>empty.csv is empty.</h1>" in desk.client.get("/data?path=empty.csv").text
    assert desk.client.get("/studies/nowhere").status_code == 422
    assert desk.client.get("/openapi.json").status_code == 404
    assert desk.client.get("/docs").status_code == 404
