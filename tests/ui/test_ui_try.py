"""What the network of a study says about one row."""

import json
import shutil

import numpy as np
import pytest
from ui_samples import TABLE, new_desk

import wellfit
from wellfit.api import what_if


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    """Return the folder of a real study with a network that was hardly trained."""
    folder = tmp_path_factory.mktemp("study")
    rng = np.random.default_rng(0)
    ages = rng.integers(18, 80, 120)
    cities = rng.choice(["Oslo", "Rome", "Lima"], 120)
    heights = rng.normal(1.7, 0.1, 120)
    rows = [
        f"{age},{city},{height:.3f},{'yes' if index % 3 else 'no'},{int(age > 50)}\n"
        for index, (age, city, height) in enumerate(zip(ages, cities, heights, strict=True))
    ]
    (folder / "rows.csv").write_text("age,city,height,member,bought\n" + "".join(rows))
    wellfit.improve(
        folder / "rows.csv",
        target="bought",
        model="dense:8",
        budget="10 members",
        epochs=4,
        out=folder / "wellfit-rows",
    )
    return folder


def test_cells_know_what_may_stand_in_them(study):
    """Numbers have the range of the table, categories their values, yes or no its words."""
    known = what_if(study / "wellfit-rows", study / "rows.csv")
    cells = {cell.name: cell for cell in known.cells}
    assert list(cells) == ["age", "city", "height", "member"]
    assert known.target == "bought"
    assert (cells["age"].low, cells["age"].high, cells["age"].step) == (18, 79, 1)
    assert cells["city"].choices == ("Lima", "Oslo", "Rome")
    assert set(cells["member"].choices) == {"no", "yes"}
    assert 1.3 < cells["height"].low < 1.6 < float(cells["height"].typical) < 1.8 < cells["height"].high < 2.1


def test_the_study_alone_tells_a_range(study):
    """Without the table a number has three deviations to each side of its center."""
    known = what_if(study / "wellfit-rows")
    age = next(cell for cell in known.cells if cell.name == "age")
    assert age.low < 18 + 10
    assert age.high > 79 - 10


def test_an_answer_is_what_predict_says(study):
    """The same row in a file gives the same class and the same probabilities."""
    known = what_if(study / "wellfit-rows")
    row = {"age": "61", "city": "Rome", "height": "1.75", "member": "no"}
    answer = known.answer(row)
    (study / "one.csv").write_text("age,city,height,member\n61,Rome,1.75,no\n")
    said = wellfit.predict(study / "wellfit-rows", study / "one.csv").row(0, named=True)
    assert answer.prediction == said["prediction"]
    assert answer.probabilities == pytest.approx({name: said[f"probability_{name}"] for name in ("0", "1")})
    assert list(answer.probabilities.values()) == sorted(answer.probabilities.values(), reverse=True)
    assert sum(known.answer({}).probabilities.values()) == pytest.approx(1), "all cells may be missing"
    with pytest.raises(wellfit.DataError, match="'age' is not a number"):
        known.answer({"age": "old"})


def test_the_page_answers(study, tmp_path):
    """A slider for a number, a list for a category; a changed cell is answered, a wrong one explained."""
    shutil.copytree(study / "wellfit-rows", tmp_path / "wellfit-rows")
    desk = new_desk(tmp_path)
    page = desk.client.get("/studies/wellfit-rows/try").text
    for part in ('type="range"', "<option>Oslo", "bought", "<meter"):
        assert part in page, part
    said = desk.post("/studies/wellfit-rows/try", **{"cell-0": "70", "cell-1": "Rome"}).text
    assert "%" in said
    assert "is not a number" in desk.post("/studies/wellfit-rows/try", **{"cell-0": "<i>old"}).text
    manifest = tmp_path / "wellfit-rows" / "bundle" / "bundle.json"
    values = json.loads(manifest.read_text())
    manifest.write_text(json.dumps({**values, "files": {"network.keras": "0"}}))
    assert desk.client.get("/studies/wellfit-rows/try").status_code == 422
    desk.close()


def test_a_study_without_a_network(tmp_path):
    """It has nothing to ask."""
    (tmp_path / "rows.csv").write_text(TABLE)
    desk = new_desk(tmp_path)
    (tmp_path / "study").mkdir()
    (tmp_path / "study/report.json").write_bytes((tmp_path / ".prepared/done/report.json").read_bytes())
    assert desk.client.get("/studies/study/try").status_code == 422
    assert "Try it on one row" not in desk.client.get("/studies/study").text
    desk.close()
