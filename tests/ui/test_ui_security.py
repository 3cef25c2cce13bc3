"""Who may use the workbench, and what it lets nobody do."""

import base64
import hashlib
import re

import pytest
from fastapi.routing import APIRoute
from ui_samples import ADDRESS, Desk, fake_workbench, new_client, new_desk

from wellfit.report import languages
from wellfit.ui import Address, Entrance
from wellfit.ui._app import ROUTES
from wellfit.ui._guard import cookie_name
from wellfit.ui._uploads import plain_name


@pytest.fixture
def desk(tmp_path):
    """Return a workbench and a browser that has come in."""
    made = new_desk(tmp_path)
    yield made
    made.close()


def routes(method: str) -> list[str]:
    """Return the paths of all routes of a method, with parts filled in."""
    found = [
        route.path.replace("{name}", "wellfit-rows").replace("{file}", "report.json")
        for routes in ROUTES
        for route in routes.router.routes
        if isinstance(route, APIRoute) and method in route.methods
    ]
    assert found
    return found


def test_nobody_comes_in_without_the_token(tmp_path):
    """Every page but the entrance refuses a browser without the cookie, also with a made-up one."""
    client = new_client(fake_workbench(tmp_path), Entrance())
    for method in ("GET", "POST"):
        for path in routes(method):
            if path == "/enter":
                continue
            assert client.request(method, path).status_code == 403, path
            made_up = {"cookie": f"{cookie_name(ADDRESS)}=guess"}
            assert client.request(method, path, headers=made_up).status_code == 403, path


def test_the_token_works_once(tmp_path):
    """It gives a strict cookie that scripts cannot read; a second visit and a wrong token get nothing."""
    entrance = Entrance()
    client = new_client(fake_workbench(tmp_path), entrance)
    assert client.get("/enter", params={"token": "wrong"}).status_code == 403
    first = client.get("/enter", params={"token": entrance.token})
    cookie = first.headers["set-cookie"]
    assert all(part in cookie for part in ("HttpOnly", "SameSite=strict", "Path=/"))
    assert entrance.token not in cookie
    client.cookies.clear()
    second = client.get("/enter", params={"token": entrance.token})
    assert second.status_code == 403
    assert "set-cookie" not in second.headers


@pytest.mark.parametrize(
    "host", ["evil.example:8000", "127.0.0.1:9000", "127.0.0.1", "", "127.0.0.1.evil:8000"]
)
def test_other_names_are_refused(desk: Desk, host):
    """A name that is not the workbench's own gets no page, with the cookie or without (DNS rebinding)."""
    assert desk.client.get("/", headers={"host": host}).status_code == 421
    assert desk.client.get("/assets/workbench.css", headers={"host": host}).status_code == 421


def test_own_names():
    """Loopback names are always its own; addresses in numbers are, where it listens everywhere."""
    assert Address("127.0.0.1", 80).is_own("127.0.0.1")
    assert Address("127.0.0.1", 8000).is_own("[::1]:8000")
    assert not Address("127.0.0.1", 8000).is_own("192.168.1.5:8000")
    assert Address("0.0.0.0", 8000).is_own("192.168.1.5:8000")
    assert not Address("0.0.0.0", 8000).is_own("evil.example:8000")
    assert Address("desk.local", 8000).is_own("DESK.local:8000")
    assert not Address("127.0.0.1", 8000).is_own("127.0.0.1:8000x")


def test_every_form_needs_the_csrf_token(desk: Desk):
    """Each POST route refuses a form without it and one with a wrong one, and does nothing."""
    for path in routes("POST"):
        for fields in ({}, {"csrf": "wrong"}):
            assert desk.client.post(path, data=fields).status_code == 403, path
        assert desk.client.post(path, headers={"x-csrf-token": "wrong"}).status_code == 403, path
    assert not (desk.root / ".wellfit").exists()


def test_forms_of_other_pages_are_refused(desk: Desk):
    """A browser says where a form comes from; another origin is refused even with the right token."""
    for headers in ({"origin": "http://evil.example"}, {"sec-fetch-site": "cross-site"}, {"origin": "null"}):
        fields = {"csrf": desk.entrance.csrf, "path": "rows.csv", "target": "bought"}
        assert desk.client.post("/studies", data=fields, headers=headers).status_code == 403
    assert not (desk.root / ".wellfit").exists()


def test_every_answer_has_the_policy(desk: Desk, tmp_path):
    """Nothing from elsewhere, no inline script; also on refusals and on errors."""
    outside = new_client(desk.workbench, Entrance())
    answers = [desk.client.get("/"), desk.client.get("/nowhere"), outside.get("/")]
    answers += [desk.client.get("/data?path=rows.csv"), desk.client.get("/assets/live.js")]
    for answer in answers:
        policy = answer.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "script-src 'self';" in policy
        assert "unsafe" not in policy
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["x-frame-options"] == "DENY"


def test_no_page_has_inline_code(desk: Desk):
    """No script without a source, no handler and no style in the markup: the policy would refuse them."""
    for path in ("/", "/data?path=rows.csv"):
        text = desk.client.get(path).text.lower()
        assert text.count("<script") == text.count("<script src=")
        assert not any(part in text for part in (" onclick", " onload", " oninput", "style=", "javascript:"))


@pytest.mark.parametrize(
    "path",
    ["../secret.csv", "/etc/passwd", "link.csv", "inside/../../secret.csv", ".prepared/done/report.json", "",
     ".", "rows.csv\0", "a" * 5000, "folder/out.csv"],
)  # fmt: skip
def test_paths_stay_in_the_folder(tmp_path, path):
    """Neither dots nor absolute paths nor links lead out of it, and hidden files are not shown."""
    root = tmp_path / "root"
    (root / "inside").mkdir(parents=True)
    (tmp_path / "out").mkdir()
    for place in (tmp_path / "secret.csv", tmp_path / "out" / "out.csv"):
        place.write_text("secret,b\n1,2\n")
    (root / "link.csv").symlink_to(tmp_path / "secret.csv")
    (root / "folder").symlink_to(tmp_path / "out")
    desk = new_desk(root)
    answer = desk.client.get("/data", params={"path": path})
    assert answer.status_code == 422
    assert "secret,b" not in answer.text
    assert desk.post("/studies", path=path, target="b").status_code == 422
    listed = desk.client.get("/").text
    assert "link.csv" not in listed
    assert "out.csv" not in listed
    desk.close()


def test_studies_stay_in_the_folder(desk: Desk, tmp_path_factory):
    """A study that is a link to another place is neither listed nor opened nor fetched."""
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    (elsewhere / "report.json").write_bytes((desk.root / ".prepared/done/report.json").read_bytes())
    (desk.root / "linked").symlink_to(elsewhere)
    assert "linked" not in desk.client.get("/").text
    for path in ("/studies/linked", "/studies/linked/files/report.json", "/studies/linked/try"):
        assert desk.client.get(path).status_code == 422
    for name in ("..", "%2e%2e", "..%2f..", ".prepared", ".wellfit"):
        assert desk.client.get(f"/studies/{name}/files/report.json").status_code in (404, 422)


def test_only_some_files_of_a_study_are_handed_out(desk: Desk):
    """What is not on the list stays, whatever its name."""
    study = desk.root / "study"
    study.mkdir()
    (study / "report.json").write_bytes((desk.root / ".prepared/done/report.json").read_bytes())
    (study / "private.txt").write_text("private")
    (study / "model.keras").symlink_to(desk.root.parent / "nowhere")
    assert desk.client.get("/studies/study/files/report.json").status_code == 200
    for file in ("private.txt", "model.keras", "..%2frows.csv", "bundle"):
        assert desk.client.get(f"/studies/study/files/{file}").status_code in (404, 422)


def send(desk: Desk, name: str, content: bytes):
    """Upload a file."""
    return desk.client.post("/upload", data={"csrf": desk.entrance.csrf}, files={"file": (name, content)})


def test_uploads_are_checked_by_their_ending(desk: Desk):
    """A table is taken; a program, a page or a pickle is not, and nothing of it stays."""
    before = sorted(path.name for path in desk.root.iterdir())
    for name in ("run.py", "page.html", "data.pkl", "table.csv.exe", "csv", ".csv", "x.zip"):
        assert send(desk, name, b"a,b\n1,2\n").status_code == 422, name
    assert sorted(path.name for path in desk.root.iterdir()) == before
    assert send(desk, "new.csv", b"a,b\n1,2\n").headers["location"] == "/data?path=new.csv"


def test_uploads_never_replace_and_never_leave_the_folder(desk: Desk):
    """A file of the same name gets a number; folders in a name are dropped."""
    assert send(desk, "rows.csv", b"other,b\n1,2\n").headers["location"] == "/data?path=rows-2.csv"
    assert "age" in (desk.root / "rows.csv").read_text()
    assert send(desk, "../../up.csv", b"a,b\n1,2\n").status_code == 303
    assert (desk.root / "up.csv").exists()
    assert not (desk.root.parent / "up.csv").exists()
    assert plain_name("..\\..\\.hidden;rm -rf.csv") == "hidden_rm_-rf.csv"


def test_uploads_are_bounded(tmp_path):
    """What is too large is refused: by its length before it is read, and again while it is written."""
    desk = new_desk(tmp_path, max_upload_bytes=1000)
    assert send(desk, "large.csv", b"x" * 200_000).status_code == 413
    assert send(desk, "large.csv", b"x" * 1001).status_code == 422
    assert send(desk, "empty.csv", b"").status_code == 422
    assert not list(desk.root.glob("large*")) + list(desk.root.glob("empty*"))
    assert send(desk, "small.csv", b"a,b\n" + b"1,2\n" * 200).status_code == 303
    large_form = desk.client.post("/studies", data={"csrf": desk.entrance.csrf, "path": "x" * 5_000_000})
    assert large_form.status_code == 413
    desk.close()


def test_what_is_sent_must_say_its_length(desk: Desk):
    """A body in chunks of unknown number is refused before it is read."""
    answer = desk.client.post("/upload", content=iter([b"a", b"b"]))
    assert answer.status_code == 411


def test_only_networks_without_code_can_be_chosen(desk: Desk):
    """A function in a Python file, which would run, is no choice; nor is a network outside the folder."""
    (desk.root / "net.py").write_text("raise SystemExit")
    (desk.root.parent / "outside.keras").write_bytes(b"")
    for model in ("net.py:build", "os:system", "net.py", "../outside.keras", "rows.csv"):
        assert desk.post("/studies", path="rows.csv", target="bought", model=model).status_code == 422, model
    assert not (desk.root / ".wellfit").exists()


def test_a_report_runs_apart(desk: Desk):
    """The report is shown without this origin's cookie and without a way to send anything."""
    study = desk.root / "study"
    study.mkdir()
    for name in ("report.json", "report.html"):
        (study / name).write_bytes((desk.root / ".prepared/done" / name).read_bytes())
    answer = desk.client.get("/studies/study/report")
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    scripts = re.search(r"script-src ([^;]+);", policy)
    assert scripts
    sources = scripts.group(1).split()  # the script of each language
    assert len(sources) == len(languages())
    assert all(re.fullmatch(r"'sha256-[A-Za-z0-9+/=]{44}'", source) for source in sources)
    (script,) = re.findall(r"<script>(.*?)</script>", answer.text, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    assert f"'sha256-{digest}'" in sources
    assert "sandbox" in policy
    assert "allow-same-origin" not in policy
    assert "connect-src" not in policy
