"""A study while it runs and when it has ended: watch, stop, go on, begin again, read, fetch."""

from __future__ import annotations

import json
import os

from fastapi import APIRouter, Request
from fastapi.responses import FileResponse, HTMLResponse, RedirectResponse, Response, StreamingResponse

from wellfit.records import FileReadError
from wellfit.ui import _dashboard
from wellfit.ui._library import report_package
from wellfit.ui._pages import path_part
from wellfit.ui._request import Bench, OwnForm, page
from wellfit.ui._runs import Run, find_run, is_running, resume_run, start_run, stop_run, told_errors
from wellfit.ui._studies import StudyEntry, find_study, own_files_of, study_file
from wellfit.ui._tail import told
from wellfit.ui._workbench import Workbench

router = APIRouter(prefix="/studies/{name}")

# A report has its styles inside, and the one script of all reports, which is allowed by its hash. Any other
# script, whoever wrote it, does not run; and what runs is apart from this origin: without its cookie, and
# with nothing to send data to.
_REPORT_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; script-src {script}; img-src data:; "
    "form-action 'none'; base-uri 'none'; frame-ancestors 'none'; sandbox allow-scripts"
)
_MOST_REMEDIES = 8


@router.get("")
def study(request: Request, workbench: Bench, name: str) -> HTMLResponse:
    """Show a study: live while it runs, its result afterwards."""
    entry = find_study(workbench, name)
    if entry.is_live:
        stages = json.dumps(list(workbench.stages))
        return page(
            request,
            "live.html.jinja",
            study=entry,
            stages=workbench.stages,
            stage_names=stages,
            scored=json.dumps(workbench.scored),
        )
    if entry.has_report:
        return _result(request, workbench, entry)
    errors = told_errors(workbench, entry.run) if entry.run is not None else ""
    return page(request, "failed.html.jinja", study=entry, errors=errors)


def _result(request: Request, workbench: Workbench, entry: StudyEntry) -> HTMLResponse:
    words = report_package()
    report = words.read_json(study_file(workbench, entry.name, "report.json"))
    confirmed = [remedy for remedy in report.remedies if remedy.stage == "confirmed"]
    files = own_files_of(workbench, entry.name)
    return page(
        request,
        "result.html.jinja",
        study=entry,
        report=report,
        headline=words.headline(report),
        holdout=words.holdout_line(report),
        changes=words.changes(report),
        confirmed=confirmed[:_MOST_REMEDIES],
        files=files,
        can_see_trials=_dashboard.is_installed() and "trials.json" in files,
        can_try=os.path.isfile(workbench.root / entry.name / "bundle" / "encoder.json"),
    )


@router.get("/events")
def events(request: Request, workbench: Bench, name: str, after: int = 0) -> StreamingResponse:
    """Tell what a study does, from the beginning or from where this browser left off."""
    last = request.headers.get("last-event-id", "")
    offset = int(last) if last.isascii() and last.isdigit() else max(after, 0)
    stream = told(workbench, _run(workbench, name), offset, request.app.state.closing)
    return StreamingResponse(stream, media_type="text/event-stream")


@router.post("/stop")
def stop(workbench: Bench, name: str, form: OwnForm) -> Response:
    """Ask a study to end."""
    try:
        stop_run(workbench, _run(workbench, name))
    except FileReadError:
        # It ended while the button was on its way; its page shows how.
        find_study(workbench, name)
    return RedirectResponse(f"/studies/{path_part(name)}", 303)


@router.post("/again")
def again(workbench: Bench, name: str, form: OwnForm) -> Response:
    """Start a new study as this one was, which begins with what this one found best."""
    run, entry = _run(workbench, name), find_study(workbench, name)
    begun = start_run(
        workbench,
        data=run.data,
        target=run.target,
        arguments=run.arguments,
        warm_start=name if entry.has_report else "",
    )
    return RedirectResponse(f"/studies/{path_part(begun.name)}", 303)


@router.post("/resume")
def resume(workbench: Bench, name: str, form: OwnForm) -> Response:
    """Go on with a study where it was."""
    run = _run(workbench, name)
    if not is_running(workbench, run):  # two clicks are one
        resume_run(workbench, run)
    return RedirectResponse(f"/studies/{path_part(name)}", 303)


@router.get("/report")
def report(workbench: Bench, name: str) -> Response:
    """Show the report as it was written."""
    path = study_file(workbench, name, "report.html")
    policy = _REPORT_POLICY.format(script=report_package().script_hash())
    return FileResponse(
        path, media_type="text/html; charset=utf-8", headers={"content-security-policy": policy}
    )


@router.get("/files/{file}")
def fetch(workbench: Bench, name: str, file: str) -> Response:
    """Hand out a file of a study."""
    path = study_file(workbench, name, file)
    return FileResponse(
        path,
        media_type="application/octet-stream",
        filename=f"{name}-{file}",
        headers={"content-security-policy": "default-src 'none'; sandbox"},
    )


def _run(workbench: Workbench, name: str) -> Run:
    run = find_run(workbench, name)
    if run is None:
        raise FileReadError(
            "the workbench did not start this study.",
            received=repr(name[:200]),
            expected="a study that was started on one of its pages",
            fix="start it from the terminal again",
        )
    return run
