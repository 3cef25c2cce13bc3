"""Optuna's dashboard of a study: linked where it is installed, guarded like every page, and only to look."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from a2wsgi import WSGIMiddleware
from ui_samples import Desk, new_client, new_desk

from wellfit.ui import Entrance, _dashboard

TRIALS = [
    {"name": "l2", "settings": {"l2": 0.1, "patience": 3}, "scores": [0.5, 0.7]},
    {"name": "wide", "settings": {"width": 2.0, "schedule": "cosine"}, "scores": [0.4, 0.2]},
    {"name": "diverged", "settings": {"l2": 10**400, "stages": [1, 2]}, "scores": [0.1, None]},
    {"name": "untried", "settings": {"input_scale": True}, "scores": []},
]
LINK = 'href="/studies/study/optuna"'
OWN = ("/dashboard", "/dashboard/studies/0", "/api/studies", "/api/meta", "/static/bundle.js", "/csv/0")
POLICY = {"default-src 'none'", "script-src 'self'", "connect-src 'self'", "frame-ancestors 'none'"}


@pytest.fixture
def desk(tmp_path):
    """Return a workbench and a browser that has come in."""
    made = new_desk(tmp_path)
    yield made
    made.close()


def study_in(desk: Desk, trials: str = json.dumps(TRIALS), name: str = "study") -> Path:
    """Return the file of the trials of a finished study."""
    folder = desk.root / name
    folder.mkdir()
    (folder / "report.json").write_bytes((desk.root / ".prepared/done/report.json").read_bytes())
    (folder / "trials.json").write_text(trials)
    return folder / "trials.json"


def opened(desk: Desk, name: str = "study") -> int:
    """Return the number in the dashboard that the link of a study leads to."""
    answer = desk.client.get(f"/studies/{name}/optuna")
    assert answer.status_code == 303, answer.text
    page, _, number = answer.headers["location"].rpartition("/")
    assert page == "/dashboard/studies"
    return int(number)


def test_the_link_is_there_where_the_dashboard_is(desk: Desk, monkeypatch):
    """Without the package, or without trials, there is no link; an address typed in says what is missing."""
    path = study_in(desk)
    assert LINK in desk.client.get("/studies/study").text
    monkeypatch.setattr(_dashboard, "find_spec", lambda name: None)
    assert LINK not in desk.client.get("/studies/study").text
    for address in ("/studies/study/optuna", *OWN):
        answer = desk.client.get(address)
        assert answer.status_code == 422, address
        assert "pip install optuna-dashboard" in answer.text
    monkeypatch.undo()
    path.unlink()
    assert LINK not in desk.client.get("/studies/study").text
    assert desk.client.get("/studies/study/optuna").status_code == 422


def test_trials_are_shown(desk: Desk):
    """Each with its mean score; what failed or never ended has none; the table can be fetched."""
    study_in(desk)
    number = opened(desk)
    (study,) = desk.client.get("/api/studies").json()["study_summaries"]
    assert (study["study_name"], study["study_id"]) == ("study", number)
    trials = desk.client.get(f"/api/studies/{number}").json()["trials"]
    assert [trial["state"] for trial in trials] == ["Complete", "Complete", "Pruned", "Pruned"]
    assert [trial["values"][0] for trial in trials[:2]] == pytest.approx([0.6, 0.3])
    assert ["wide" in str(trial["user_attrs"]) for trial in trials] == [False, True, False, False]
    assert "UserAttribute name" in desk.client.get(f"/csv/{number}").text


def test_a_second_click_leaves_it_as_it_is(desk: Desk):
    """Whoever looks keeps the page, until the study itself has changed; then there is one, the new."""
    path = study_in(desk)
    study_in(desk, json.dumps(TRIALS[:1]), "other")
    first = opened(desk)
    other = opened(desk, "other")
    before = desk.client.get(f"/api/studies/{first}").text
    assert opened(desk) == first
    assert desk.client.get(f"/api/studies/{first}").text == before
    path.write_text(json.dumps(TRIALS[:2]))
    os.utime(path, ns=(0, 0))
    second = opened(desk)
    assert len(desk.client.get(f"/api/studies/{second}").json()["trials"]) == 2
    shown = desk.client.get("/api/studies").json()["study_summaries"]
    assert {one["study_id"] for one in shown} == {second, other}


@pytest.mark.parametrize(
    ("trials", "said"),
    [
        ("[]", "has no trials"),
        ("", "is damaged"),
        ("[" * 100_000, "is damaged"),
        ('{"name": "l2"}', "is damaged"),
        ('[{"name": "l2", "settings": {}}]', "is damaged"),
        ('[{"name": "l2", "settings": {}, "scores": ["a"]}]', "is damaged"),
        ('[{"name": "l2", "settings": [], "scores": []}]', "is damaged"),
        ('[{"name": 3, "settings": {}, "scores": []}]', "is damaged"),
    ],
)
def test_a_study_without_trials_says_so(desk: Desk, trials, said):
    """On a page of the workbench; what was shown of it before stays."""
    path = study_in(desk)
    number = opened(desk)
    path.write_text(trials)
    answer = desk.client.get("/studies/study/optuna")
    assert answer.status_code == 422
    assert said in answer.text
    assert len(desk.client.get(f"/api/studies/{number}").json()["trials"]) == len(TRIALS)


def test_nothing_can_be_changed(desk: Desk):
    """What the dashboard itself would write is refused, from the workbench's own pages too."""
    study_in(desk)
    number = opened(desk)
    before = desk.client.get(f"/api/studies/{number}").text
    headers = {"x-csrf-token": desk.entrance.csrf}
    for method, path, sent in (
        ("POST", "/api/studies", {"study_name": "new", "directions": ["minimize"]}),
        ("POST", f"/api/studies/{number}/rename", {"study_name": "new"}),
        ("PUT", f"/api/studies/{number}/note", {"version": 1, "body": "new"}),
        ("DELETE", f"/api/studies/{number}", {}),
        ("POST", "/api/trials/0/user-attrs", {"user_attrs": {"name": "new"}}),
        ("PATCH", "/dashboard", {}),
    ):
        assert desk.client.request(method, path, json=sent, headers=headers).status_code == 405, path
    assert len(desk.client.get("/api/studies").json()["study_summaries"]) == 1
    assert desk.client.get(f"/api/studies/{number}").text == before


def test_strangers_get_nothing_of_it(desk: Desk):
    """Not even its scripts, by whatever method; and nobody gets it under another name."""
    study_in(desk)
    opened(desk)
    outside = new_client(desk.workbench, Entrance())
    for path in OWN:
        for method in ("GET", "HEAD", "POST", "PUT", "DELETE"):
            assert outside.request(method, path).status_code == 403, path
        assert desk.client.get(path, headers={"host": "evil.example:8000"}).status_code == 421, path


def test_its_policy_is_the_workbenchs_own(desk: Desk):
    """Nothing from elsewhere and no text run as code, whatever the dashboard asks for itself."""
    study_in(desk)
    opened(desk)
    for path in (*OWN, "/dashboard/", "/static/nowhere.js", "/static/..%2f_app.py", "/api/nowhere"):
        answer = desk.client.get(path)
        assert set(answer.headers["content-security-policy"].split("; ")) >= POLICY, path
        assert "unsafe-eval" not in answer.headers["content-security-policy"]
        assert len(answer.headers.get_list("content-security-policy")) == 1
        assert answer.headers["x-frame-options"] == "DENY"
        assert (answer.status_code == 200) == ("nowhere" not in path and "_app" not in path), path


def test_it_gets_little_more_than_the_address(desk: Desk, monkeypatch):
    """Neither the cookie that lets a browser in, nor a body, which has no bound where nothing is sent."""
    seen = {}

    def application(environ, start_response):
        seen.update(environ, body=environ["wsgi.input"].read())
        start_response("200 OK", [("content-type", "text/plain")])
        return [b"seen"]

    monkeypatch.setattr(_dashboard.Dashboard, "app", lambda self: WSGIMiddleware(application))
    address = "/api/studies/0?after=3"
    assert desk.client.request("GET", address, content=b"x" * 1000).text == "seen"
    assert (seen["PATH_INFO"], seen["QUERY_STRING"], seen["body"]) == ("/api/studies/0", "after=3", b"")
    assert {name for name in seen if name.startswith(("HTTP_", "CONTENT_"))} == {
        "HTTP_HOST",
        "HTTP_ACCEPT_ENCODING",
    }


def test_scripts_come_packed_where_they_may(desk: Desk):
    """A browser that takes nothing packed gets them plain; HEAD gets no body."""
    packed = desk.client.get("/static/bundle.js").headers
    assert packed["content-encoding"] == "gzip"
    request = desk.client.build_request("GET", "/static/bundle.js")
    del request.headers["accept-encoding"]
    plain = desk.client.send(request)
    assert "content-encoding" not in plain.headers
    assert plain.status_code == 200
    head = desk.client.head("/dashboard")
    assert (head.status_code, head.content) == (200, b"")
