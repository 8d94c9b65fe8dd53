"""The page in a browser: who is let in, what it shows of data and specs, and the runs that it starts."""

import asyncio
import html
import io
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from zipfile import ZipFile

import httpx2 as httpx
import pandas as pd
import psutil
import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.routing import Route
from starlette.testclient import TestClient

import command
from harness.installed import installed
from harness.plugin.commands import Session
from harness.registry.choice import PluginChoice
from harness.study.spec.document import WrittenSpec
from harness.study.spec.json_schema import choices_of, spec_schema
from harness.study.spec.load import load_study
from harness_app import guard, queue, spec_text, tools
from harness_app.guard import Door, Guarded
from harness_app.pages import Desk, made_app
from harness_app.queue import Queue
from small_run import WRITTEN, grunfeld
from spec_tables import as_workbook

HOST, TOKEN = "127.0.0.1:8000", "token-of-this-test"
ORIGIN = {"origin": f"http://{HOST}"}
SMALL = WRITTEN.replace("formats: []", "formats: [html]")


def session(folder):
    return Session(PluginChoice(), folder)


@pytest.fixture
def folder(tmp_path):
    inner = tmp_path / "inner"
    inner.mkdir()
    grunfeld().reset_index().to_csv(inner / "rows.csv", index=False)
    (tmp_path / "secret.csv").write_text("secret")
    (inner / "link.csv").symlink_to(tmp_path / "secret.csv")
    (inner / ".hidden.csv").write_text("secret")
    return inner


@pytest.fixture
def client(folder):
    with TestClient(made_app(session(folder), Door(HOST, TOKEN)), base_url=f"http://{HOST}") as opened:
        opened.get("/", params={"token": TOKEN})
        yield opened


def test_the_token_of_the_address_becomes_a_cookie_that_scripts_and_other_sites_do_not_get(client):
    client.cookies.clear()
    answer = client.get("/", params={"token": TOKEN}, follow_redirects=False)
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    cookie = answer.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=strict" in cookie
    assert client.get("/").status_code == 200


HOSTILE = {
    "another host": ("GET", "/", {"host": "evil.example"}, b"", 421),
    "a name that leads here": ("GET", "/", {"host": "localhost.evil.example:8000"}, b"", 421),
    "another port": ("GET", "/", {"host": "127.0.0.1:8001"}, b"", 421),
    "another origin": ("POST", "/begin", {"origin": "http://evil.example"}, b"", 403),
    "another origin asks": ("GET", "/", {"origin": "http://evil.example"}, b"", 403),
    "no origin": ("POST", "/begin", {}, b"", 403),
    "a sandboxed origin": ("POST", "/begin", {"origin": "null"}, b"", 403),
    "another scheme": ("POST", "/begin", {"origin": f"https://{HOST}"}, b"", 403),
    "no token": ("GET", "/", {"cookie": ""}, b"", 401),
    "another token": ("GET", "/static/app.css", {"cookie": "harness-8000=x"}, b"", 401),
    "a token that is no text": ("GET", "/", {"cookie": b"harness-8000=\xff"}, b"", 401),
    "another token in the address": ("GET", "/?token=x", {"cookie": ""}, b"", 401),
    "the token in another address": ("GET", f"/queue?token={TOKEN}", {"cookie": ""}, b"", 401),
    "put": ("PUT", "/", ORIGIN, b"", 405),
    "options": ("OPTIONS", "/begin", {**ORIGIN, "access-control-request-method": "POST"}, b"", 405),
    "trace": ("TRACE", "/", {}, b"", 405),
    "get of what changes": ("GET", "/begin", {}, b"", 405),
    "above": ("GET", "/files/%2e%2e/secret.csv", {}, b"", 404),
    "above, encoded": ("GET", "/files/..%2fsecret.csv", {}, b"", 404),
    "absolute": ("GET", "/files//etc/passwd", {}, b"", 404),
    "report above": ("GET", "/report/..%2f..%2fetc/hosts.html", {}, b"", 404),
    "a link that leads out": ("GET", "/files/link.csv", {}, b"", 404),
    "hidden": ("GET", "/files/.hidden.csv", {}, b"", 404),
    "end of a text of C": ("GET", "/files/rows.csv%00.csv", {}, b"", 404),
    "data above": ("GET", "/study?data=..%2fsecret.csv", {}, b"", 404),
    "spec above": ("GET", "/study?spec=%2fetc%2fpasswd", {}, b"", 404),
    "run above": ("GET", "/run?run=..", {}, b"", 404),
    "static above": ("GET", "/static/..%2fguard.py", {}, b"", 404),
    "a form of three megabytes": ("POST", "/plan", ORIGIN, b"text=" + b"x" * 3_000_000, 413),
    "a form of less than nothing": ("POST", "/plan", {**ORIGIN, "content-length": "-1"}, b"text=x", 413),
    "too large a file": ("POST", "/upload", {**ORIGIN, "content-length": "600000000"}, b"x", 413),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_requests_are_refused(client, name):
    method, path, headers, body, code = HOSTILE[name]
    kind = {"content-type": "application/x-www-form-urlencoded"}
    if "cookie" in headers:
        client.cookies.clear()
    answer = client.request(method, path, headers={**kind, **headers}, content=body, follow_redirects=False)
    assert answer.status_code == code, answer.text
    assert "secret" not in answer.text.replace("secret.csv", "")
    assert not any(one.startswith("access-control") for one in answer.headers)
    assert answer.headers["content-security-policy"] == guard.POLICY
    assert (answer.headers["x-content-type-options"], answer.headers["cache-control"]) == (
        "nosniff",
        "no-store",
    )


def test_a_body_without_an_end_and_a_slow_one_are_refused(client, monkeypatch):
    def pieces():
        yield b"text="
        for _ in range(4):
            yield b"x" * 1_000_000

    kind = {"content-type": "application/x-www-form-urlencoded"}
    assert client.post("/plan", headers={**ORIGIN, **kind}, content=pieces()).status_code == 413
    monkeypatch.setattr(guard, "PATIENCE", 0.05)

    async def read(request):
        await request.body()

    async def ask():
        routes, door = [Route("/", read, methods=["POST"])], Door(HOST, TOKEN)
        sent, app = [], Starlette(routes=routes, middleware=[Middleware(Guarded, door=door)])
        headers = {"host": HOST, "cookie": f"harness-8000={TOKEN}", **ORIGIN}
        scope = {"type": "http", "method": "POST", "path": "/", "query_string": b""}
        scope |= {"headers": [(name.encode(), value.encode()) for name, value in headers.items()]}

        async def never():
            await asyncio.sleep(60)

        async def send(message):
            sent.append(message)

        await app(scope, never, send)
        return sent[0]["status"]

    assert asyncio.run(ask()) == 408


@pytest.fixture
def address(folder):
    """Address of a server of the page's own kind, in a thread, which waits for headers for one second."""
    with pytest.MonkeyPatch.context() as patch, socket.create_server(("127.0.0.1", 0)) as listening:
        patch.setattr(guard, "PATIENCE_WITH_HEADERS", 1)
        host, port = listening.getsockname()
        serving = guard.made_server(made_app(session(folder), Door(f"{host}:{port}", TOKEN)))
        running = threading.Thread(target=serving.run, args=([listening],))
        running.start()
        yield host, port
        serving.should_exit = True
        running.join()


SLOW = {
    "half a header": b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nX-",
    "nothing": b"",
    "half a header after a request": b"GET / HTTP/1.1\r\nHost: evil.example\r\n\r\nGET / HTTP/1.1\r\nX",
    "half a body that is refused": b"POST / HTTP/1.1\r\nHost: evil.example\r\nContent-Length: 9\r\n\r\nx",
}


@pytest.mark.parametrize("sent", SLOW.values(), ids=SLOW)
def test_slow_headers_hold_up_nobody_and_are_left(address, sent):
    slow = [socket.create_connection(address) for _ in range(70)]
    for one in slow:
        one.sendall(sent)
        one.settimeout(10)
    time.sleep(0.1)
    cookie = {"cookie": f"harness-{address[1]}={TOKEN}"}
    assert httpx.get("http://{}:{}/queue".format(*address), headers=cookie).status_code == 200
    for one in slow:
        with one:
            while one.recv(10_000):
                pass


def test_more_requests_at_once_than_are_answered_are_refused(client, monkeypatch):
    monkeypatch.setattr(guard, "MOST_REQUESTS", 1)
    assert [client.get("/queue").status_code for _ in range(3)] == [200, 200, 200]
    monkeypatch.setattr(guard, "MOST_REQUESTS", 0)
    assert client.get("/queue").status_code == 503


def test_others_need_the_password_too(folder):
    with TestClient(
        made_app(session(folder), Door(HOST, TOKEN, "päss")), base_url=f"http://{HOST}"
    ) as opened:
        assert opened.get("/", params={"token": TOKEN}).status_code == 401
        assert opened.get("/", params={"token": TOKEN}, auth=("", "pass")).status_code == 401
        assert opened.get("/", params={"token": TOKEN}, auth=("", "päss".encode())).status_code == 200
    refused = command.harness("app", "--host", "192.0.2.1", "--no-open", cwd=folder)
    assert refused.returncode == 2
    assert "HARNESS_APP_PASSWORD" in refused.stderr


def test_an_uploaded_file_has_a_plain_name_and_replaces_none(client, folder):
    def upload(name, text):
        return client.post("/upload", headers=ORIGIN, files={"file": (name, text)})

    assert upload("new.csv", "a,b\n1,2\n").headers["hx-redirect"] == "/study?data=new.csv"
    assert (folder / "new.csv").read_text() == "a,b\n1,2\n"
    assert upload("rows.csv", "x").status_code == 404
    assert (folder / "rows.csv").read_text() != "x"
    for name in ("new.yaml", "new.py", ".new.csv", "link.csv"):
        assert upload(name, "x").status_code == 404
    assert upload("../../above.csv", "x").headers["hx-redirect"] == "/study?data=above.csv"
    assert not (folder.parent / "above.csv").exists()
    assert (folder.parent / "secret.csv").read_text() == "secret"
    refused = client.post(
        "/upload", headers={**ORIGIN, "hx-request": "true"}, files={"file": ("rows.csv", "x")}
    )
    assert refused.status_code == 200
    assert faults(refused.text) == [("rows.csv", "is there already", "", "choose it below, or rename yours")]


EXPECTED, HINT = ("Expected", "应为"), ("Hint", "提示")


def faults(page):
    """Return the mistakes of a page, each with place, value, what was expected and remedy."""
    import html5lib

    texts = []
    for one in html5lib.parse(page, namespaceHTMLElements=False).iter("div"):
        if one.get("class") == "fault":
            first, *others = ("".join(part.itertext()).strip() for part in one.iter("p"))
            further = dict(re.split("[:：] ?", other, maxsplit=1) for other in others)
            expected, hint = (next(iter(further.keys() & words), "") for words in (EXPECTED, HINT))
            texts.append(
                (*re.split("[:：] ", first, maxsplit=1), further.get(expected, ""), further.get(hint, ""))
            )
    return texts


BAD = {
    "empty.csv": (b"", "no columns: the file is empty", "a header and rows", "export the data again"),
    "no_rows.csv": (b"a,b\n", "0 rows: there is a header only", "at least one row", "export the data again"),
    "twice.csv": (
        b"a,a\n1,2\n",
        "names that occur more than once: 'a' (2 times)",
        "each name once, white space around it aside",
        "rename or remove one of them",
    ),
    "cut.xlsx": (
        b"PK\x03\x04x",
        "cannot be read as xlsx: File is not a zip file",
        "a whole xlsx file",
        "write the file again, or give another one",
    ),
    "text.dta": (
        b"a,b\n1,2\n",
        "is named as a Stata file, but its first bytes say it is something else",
        "a Stata file under this name",
        "give the file its right extension, or export the data again",
    ),
}


@pytest.mark.parametrize("name", BAD)
def test_a_bad_data_file_is_told_of_with_place_value_and_remedy(client, folder, name):
    content, what, expected, hint = BAD[name]
    (folder / name).write_bytes(content)
    page = client.get("/study", params={"data": name}).text
    ((where, *shown),) = faults(page)
    assert where in (name, f"{name}: header")
    assert shown in ([what, expected, hint], [f"header: {what}", expected, hint])
    assert "1 to correct" in page


def test_a_damaged_run_is_told_of_with_place_value_and_remedy(client, folder):
    (folder / "small.yaml").write_text(SMALL)
    assert command.harness("run", "small.yaml", "--quick", cwd=folder).returncode == 0
    for name in ("cut", "changed", "without"):
        shutil.copytree(folder / "runs/small", folder / "runs" / name)
    run = folder / "runs"
    (run / "cut/manifest.json").write_bytes((run / "small/manifest.json").read_bytes()[:100])
    (run / "without/coefficients.csv").unlink()
    mend = "take a whole copy of the folder, or run the study again"
    changed = ("coefficients.csv", "has other bytes than the run wrote: its SHA-256 differs", "", mend)
    damaged = {
        "small": [],
        "changed": [changed],
        "without": [("coefficients.csv", "is missing", "", mend)],
        "cut": [("manifest.json", "is not the manifest whose SHA-256 is in manifest.sha256", "", mend)],
    }
    assert faults(client.get("/").text) != []
    (run / "changed/coefficients.csv").write_text("x")  # while the page is open
    for name, wrong in damaged.items():
        assert faults(client.get("/run", params={"run": f"runs/{name}"}).text)[:1] == wrong
    home = client.get("/").text
    for wrong in damaged.values():
        assert {*wrong} <= {*faults(home)}
    assert home.count("Effect.") == 3


def test_what_data_are_called_is_text(client, folder):
    name = "<script>alert(1)</script>\"'><img src=x onerror=alert(2)>"
    frame = grunfeld().reset_index().rename(columns={"capital": name})
    frame.to_csv(folder / "odd.csv", index=False)
    page = client.get("/study", params={"data": "odd.csv"}).text
    assert "&lt;script&gt;alert(1)" in page
    assert "<script>alert" not in page
    assert "<img" not in page
    assert (
        re.search(r"\son\w+=|style=|javascript:", re.sub("&[^;]+;", "", page.replace("onerror=", ""))) is None
    )


def test_a_histogram_has_every_value_of_its_column_in_a_bar(client):
    page = client.get("/study", params={"data": "rows.csv"}).text
    figures = re.findall(r'<label for="part-\d+">(\w+)<.*?(<svg.*?</svg>)', page, re.DOTALL)
    rows = grunfeld().reset_index()
    assert {name for name, _ in figures} == {*rows}
    for name, figure in figures:
        heights = [int(one) for one in re.findall('height="([0-9]+)"', figure)]
        assert sum(heights) == rows[name].count()
        n_bars, highest = map(int, re.search('viewBox="0 0 ([0-9]+) ([0-9]+)"', figure).groups())
        assert highest == max(heights)
        assert all(int(one) < n_bars for one in re.findall(' x="([0-9]+)"', figure))


def test_what_a_file_holds_is_read_once_until_it_changes(folder, monkeypatch):
    desk, calls = Desk(session(folder)), []

    async def call(tool, **_):
        calls.append(tool)
        return {"columns": [len(calls)]}

    monkeypatch.setattr(desk.tools, "call", call)

    def columns():
        return asyncio.run(desk._once("init", folder / "rows.csv", file="rows.csv"))["columns"]

    assert columns() == columns() == [1]
    os.utime(folder / "rows.csv", ns=(0, 0))
    assert columns() == [2]

    async def both():
        os.utime(folder / "rows.csv", ns=(1, 1))
        return await asyncio.gather(*(desk._once("init", folder / "rows.csv", file="rows.csv") for _ in "ab"))

    assert asyncio.run(both()) == [{"columns": [3]}] * 2


def test_a_report_of_a_stranger_runs_nothing(client, folder):
    (folder / "evil.html").write_text("<script>parent.alert(1)</script>")
    answer = client.get("/report/evil.html")
    policy = answer.headers["content-security-policy"]
    assert policy.startswith("sandbox; default-src 'none'")
    assert "allow-scripts" not in policy
    assert "script-src" not in policy
    saved = client.get("/files/evil.html")
    assert saved.headers["content-disposition"].startswith("attachment")
    assert saved.headers["content-type"] == "application/octet-stream"


def choices(page):
    """Return the fields of the form of a page, as a browser sends them."""
    import html5lib

    root = html5lib.parse(page, namespaceHTMLElements=False)
    kinds = ("hidden", None)
    fields = {one.get("name"): one.get("value", "") for one in root.iter("input") if one.get("type") in kinds}
    for one in root.iter("select"):
        picked = [option for option in one.iter("option") if option.get("selected") is not None]
        chosen = next(iter([*picked, *one.iter("option")]))
        fields[one.get("name")] = chosen.get("value", chosen.text)
    texts = {one.get("name"): one.text or "" for one in root.iter("textarea")}
    fields["sheet"] = [
        one.get("value")
        for one in root.iter("input")
        if one.get("name") == "sheet" and one.get("checked") is not None
    ]
    named = {value: key.removeprefix("name.") for key, value in fields.items() if key.startswith("name.")}
    return {**fields, **texts}, named


def test_form_and_text_follow_each_other_and_mistakes_stand_at_their_column(client):
    fields, index = choices(client.get("/study", params={"data": "rows.csv"}).text)
    assert (fields[f"part.{index['firm']}"], fields[f"part.{index['year']}"], fields["text"]) == (
        "entity",
        "time",
        "",
    )
    fields |= {f"part.{index['invest']}": "outcome", f"part.{index['value']}": "exposure"}
    drafted, _ = choices(client.post("/study", headers=ORIGIN, data=fields).text)
    assert "controls: [capital]" in drafted["text"]
    assert drafted[f"part.{index['capital']}"] == "control"
    changed = drafted | {f"part.{index['capital']}": "moderator"}
    changed_back, _ = choices(client.post("/study", headers=ORIGIN, data=changed).text)
    assert spec_text.parts_of(spec_text.read(changed_back["text"]))["capital"] == "moderator"
    assert "# Drafted from rows.csv" in changed_back["text"]
    edited = changed_back | {"text": changed_back["text"].replace("exposure: value", "exposure: firm")}
    page = client.post("/study", headers=ORIGIN, data=edited).text
    assert re.search(rf'id="part-{index["firm"]}"[^>]*aria-invalid="true"', page)
    assert "already in" in page
    back, _ = choices(client.post("/study", headers=ORIGIN, data=edited | {"text": "roles: ["}).text)
    assert back["text"] == "roles: ["


def test_a_spec_that_is_no_text_is_refused_in_one_message(client, folder):
    (folder / "latin.yaml").write_bytes(SMALL.replace("firm", "caf\xe9").encode("latin-1"))
    (folder / "folder.yaml").mkdir()
    for name, what in {"latin.yaml": "not UTF-8: byte", "folder.yaml": "is no spec"}.items():
        answer = client.get("/study", params={"spec": name})
        assert answer.status_code == 404
        assert re.findall(rf"<b>{name}[^<]*</b> ([^<]*)", answer.text)[0].startswith(what)
        assert answer.text.count('class="fault"') == 1
    refused = client.post("/begin", headers=ORIGIN, data={"text": SMALL, "file": "latin.yaml"})
    assert "is there already, with another text" in refused.text


def test_a_file_of_another_name_is_another_study_whose_run_has_its_own_folder(client):
    fields = {"text": SMALL, "shown": SMALL, "data": "rows.csv", "named": "small.yaml", "file": "small.yaml"}
    same, _ = choices(client.post("/study", headers=ORIGIN, data=fields).text)
    assert same["text"] == SMALL
    studies = []
    for name in ("without_gdp.yaml", "Without-GDP.yaml", "城市.yaml", "排放.yaml"):
        other, _ = choices(client.post("/study", headers=ORIGIN, data=fields | {"file": name}).text)
        assert (other["named"], other["file"]) == (name, name)
        study = spec_text.read(other["text"])["study"]
        assert re.fullmatch("[a-z0-9-]{1,64}", study)
        studies.append(study)
    assert studies[0] == "without-gdp"
    assert len({*studies}) == len(studies)


def test_a_chinese_page_drafts_a_chinese_spec(client):
    client.cookies.set("harness-language", "zh")
    fields, index = choices(client.get("/study", params={"data": "rows.csv"}).text)
    fields |= {f"part.{index['invest']}": "outcome", f"part.{index['value']}": "exposure"}
    drafted, _ = choices(client.post("/study", headers=ORIGIN, data=fields).text)
    assert drafted["text"].startswith("# 由 rows.csv 起草")
    assert spec_text.read(drafted["text"])["report"] == {"language": "zh"}
    chosen, _ = choices(client.post("/study", headers=ORIGIN, data=drafted | {"question": "threshold"}).text)
    labels = [one["label"] for one in spec_text.read(chosen["text"])["estimators"]]
    assert labels == ["混合 OLS", "双向固定效应", "门槛模型", "样条"]


def test_mistakes_are_in_the_language_of_the_page_whatever_that_of_the_study(client, folder):
    (folder / "twice.csv").write_text("a,a\n1,2\n")
    wrong, other = SMALL.replace("exposure: value", "exposure: firm"), "report: {language: zh, formats: []}"
    specs = (wrong, wrong.replace("report: {formats: [html]}", other), "roles: [", "data: {path: x.csv}\n")
    for language, letters in {"zh": r"[\u4e00-\u9fff]{2}", "en": r"^[^\u4e00-\u9fff]*$"}.items():
        client.cookies.set("harness-language", language)
        pages = [client.post("/study", headers=ORIGIN, data={"text": one, "shown": one}) for one in specs]
        pages += [client.get("/study", params={"data": name}) for name in ("twice.csv", "none.csv")]
        for page in pages:
            wrongs = faults(page.text)
            assert wrongs
            for one in wrongs:
                assert re.search(letters, "".join(one)), one


def test_labels_of_the_questions_are_for_the_catalogs():
    named = [one["estimators"] for one in spec_text.questions().values()]
    assert {entry["label"] for one in named if isinstance(one, list) for entry in one} == {*spec_text.LABELS}


def test_sheets_are_shown_and_those_that_are_chosen_are_read(client, folder):
    rows = grunfeld().reset_index()
    odd = "<script>alert(1)"
    book = {"main": ["firm", "year", "invest", "value"], odd: ["firm", "year", "capital"]}
    sheets = {name: [columns, *rows[columns].to_numpy().tolist()] for name, columns in book.items()}
    (folder / "book.xlsx").write_bytes(as_workbook({**sheets, "notes": [["<img src=x>", "b"], ["c", "d"]]}))
    page = client.get("/study", params={"data": "book.xlsx"}).text
    assert "<td>{:g}</td><td>{:g}</td></tr>".format(*rows.loc[0, ["invest", "value"]]) in page
    assert "rows: 220, columns: 3" in page
    assert not re.search("<script>alert|<img", page)
    fields, index = choices(page)
    assert fields["sheet"] == ["main", odd]
    fields |= {f"part.{index['invest']}": "outcome", f"part.{index['value']}": "exposure"}
    drafted, _ = choices(client.post("/study", headers=ORIGIN, data=fields).text)
    data = spec_text.read(drafted["text"])["data"]
    assert (data["sheet"], [one["sheet"] for one in data["merge"]]) == ("main", [odd])
    asked, _ = choices(client.post("/study", headers=ORIGIN, data=drafted | {"question": "published"}).text)
    page = client.post("/study", headers=ORIGIN, data=asked | {"sheet": ["main"]}).text
    fewer, index = choices(page)
    spec = spec_text.read(fewer["text"])
    assert (fewer["sheet"], spec["estimators"][-1]["use"]) == (["main"], "rab")
    assert re.search(rf'id="part-{index["capital"]}"[^>]*aria-invalid="true"', page)
    without, _ = choices(
        client.post("/study", headers=ORIGIN, data=fewer | {f"part.{index['capital']}": ""}).text
    )
    words = ("init", "book.xlsx", "--sheet", "main", "--outcome", "invest", "--exposure", "value")
    assert command.harness(*words, cwd=folder).returncode == 0
    by_command = spec_text.read((folder / "book.yaml").read_text())
    changed = spec_text.read(without["text"])
    assert (changed["data"], changed["roles"]) == (by_command["data"], by_command["roles"])


def test_every_option_of_an_estimator_is_open_as_the_schema_has_it_and_goes_into_the_text(client):
    entries = "estimators:\n  - pooled_ols  # plain\n  - {use: boosting, id: trees, max_leaves: 20}"
    text = SMALL.replace("estimators: [pooled_ols]", entries)

    def posted(fields, **changed):
        page = client.post("/study", headers=ORIGIN, data=fields | changed).text
        return page, choices(page)[0]

    page, fields = posted({"text": text, "shown": text, "data": "rows.csv"}, expert="trees")
    schema = spec_schema(installed().catalogs)
    known = choices_of({"$defs": {"estimator": schema["$defs"]["EstimatorEntry"]}}, "estimator")["boosting"]
    shown = {name.removeprefix("option."): one for name, one in fields.items() if name.startswith("option.")}
    assert shown.keys() == known["properties"].keys() - {"use"}
    assert {name: one for name, one in shown.items() if one} == {"id": "trees", "max_leaves": "20"}
    plain = html.unescape(page).replace("``", "")
    for name in shown:
        assert known["properties"][name].get("description", "").replace("``", "") in plain
    rate = re.search('id="option-learning_rate".*?</td>', page, re.DOTALL)[0]
    assert 'placeholder="0.1"' in rate
    assert "&gt; 0 · ≤ 1" in rate or "> 0 · ≤ 1" in rate
    page, changed = posted(
        fields, **{"option.learning_rate": "0.2", "option.target": "log", "option.max_leaves": ""}
    )
    expected = entries.replace("max_leaves: 20", "learning_rate: 0.2, target: log")
    assert changed["text"] == text.replace(entries, expected)
    assert 'aria-invalid="true"' not in page
    page, _ = posted(changed, **{"option.learning_rate": "7"})
    assert re.findall('id="([^"]*)"[^>]*aria-invalid="true"', page) == ["option-learning_rate"]
    assert "a number, above 0, at most 1" in page
    page, other = posted(changed, expert="pooled_ols")
    assert other["text"] == changed["text"]
    _, of_word = posted(other, **{"option.label": "a, b: c"})
    assert "is no YAML" in posted(other, **{"option.label": "a, b: c"})[0]
    assert of_word["text"] == other["text"]
    _, labelled = posted(other, **{"option.label": "Plain"})
    assert "  - {use: pooled_ols, label: Plain}" in labelled["text"]
    assert labelled["text"].count("\n") == text.count("\n")


@pytest.mark.parametrize("question", spec_text.questions())
def test_every_question_makes_a_spec_that_is_valid(question):
    spec = spec_text.read(SMALL)
    spec_text.ask(spec, question)
    text = spec_text.written(spec)
    study = load_study(WrittenSpec(text), catalogs=installed().catalogs).study
    assert len(study.estimators) > 1
    spec_text.ask(spec, question)
    assert spec_text.written(spec) == text
    assert spec_text.question_of(spec_text.read(text)) == question


def test_the_question_that_a_spec_answers_is_checked_until_the_spec_is_another(client):
    def posted(fields, **changed):
        page = client.post("/study", headers=ORIGIN, data=fields | changed).text
        return choices(page)[0], re.findall('name="question" value="([^"]*)" checked', page)

    start = {"text": SMALL, "shown": SMALL, "data": "rows.csv"}
    assert posted(start)[1] == []
    fields, checked = posted(start, question="threshold")
    assert checked == ["threshold"]
    fields |= {"question": "threshold"}  # as a browser sends it from now on
    _, index = choices(client.post("/study", headers=ORIGIN, data=fields).text)
    fields, checked = posted(fields, **{f"part.{index['capital']}": "groups"})
    assert (checked, fields["text"].count("by: capital")) == (["threshold"], 1)
    expert, _ = posted(fields | {"question": "threshold"}, expert="splines")
    renamed, checked = posted(expert | {"question": "threshold"}, **{"option.id": "bends"})
    assert checked == []
    assert "id: bends" in renamed["text"]
    without = re.sub(r"\n.*splines.*", "", fields["text"])
    edited, checked = posted(fields | {"question": "threshold"}, text=without)
    assert (edited["text"], checked) == (without, [])
    assert without != fields["text"]


def states(opened):
    """Return where each run stands, by its number, as the page says it."""
    return dict(re.findall(r'<b>(\d+) · .*?class="state (\w+)"', opened.get("/queue").text, re.DOTALL))


def ended(opened, number, timeout=60):
    last = time.monotonic() + timeout
    while (state := states(opened)[str(number)]) in ("waiting", "running"):
        assert time.monotonic() < last, opened.get(f"/log/{number}").text
        time.sleep(0.05)
    return state


def test_a_run_of_the_page_is_that_of_the_command(client, folder):
    form = {"text": SMALL, "file": "small.yaml", "quick": "1"}
    assert "small" in client.post("/begin", headers=ORIGIN, data=form).text
    assert ended(client, 1) == "finished"
    log = client.get("/log/1").text
    assert "0/3 invest" in log
    assert "3/3 writing tables and report" in log
    by_command = command.harness("run", "small.yaml", "--quick", "--out", "other", cwd=folder)
    assert by_command.returncode == 0, by_command.stderr
    compared = command.harness("compare", "runs/small", "other", cwd=folder)
    assert compared.returncode == 0, compared.stdout
    words = ("run", "small.yaml", "--quick", "--out", "fewer", "--set", "roles.controls=[]")
    assert command.harness(*words, cwd=folder).returncode == 0
    compared_runs = {"run": "runs/small", "other": "fewer"}
    page = re.sub("<[^>]+>", "|", client.post("/compare", headers=ORIGIN, data=compared_runs).text)
    assert "|roles.controls[capital]||&#34;capital&#34;||–|" in page
    slopes = [
        pd.read_csv(folder / run / "coefficients.csv").set_index("term").loc["const", "estimate"]
        for run in compared_runs.values()
    ]
    assert re.search("[|]estimate[|]+[^|]*term=const[^|]*[|]+([^|]+)[|]+([^|]+)", page).groups() == tuple(
        map(str, slopes)
    )
    packed = client.post("/printed/pack", headers=ORIGIN, data={"run": "runs/small"}).text
    assert 'href="/files/runs/small.zip" download' in packed
    with ZipFile(io.BytesIO(client.get("/files/runs/small.zip").content)) as archive:
        assert archive.testzip() is None
        rows = [name for name in archive.namelist() if name.endswith("rows.csv")]
        assert archive.read(rows[0]) == (folder / "rows.csv").read_bytes()
    page = client.get("/run", params={"run": "runs/small"}).text
    assert 'sandbox src="/report/runs/small/report.html"' in page
    assert "Effect." in page or "Prediction." in page
    verified = client.post("/printed/verify", headers=ORIGIN, data={"run": "runs/small"}).text
    assert "holds: " in verified
    assert "does not hold" not in verified
    refused = client.post(
        "/begin", headers={**ORIGIN, "hx-request": "true"}, data=form | {"text": SMALL + "# other\n"}
    ).text
    assert "is there already" in refused
    assert (folder / "small.yaml").read_text() == SMALL


SLEEPS = """\
import json, time
print(begun := time.monotonic(), flush=True)
time.sleep({})
text = f"{{begun}} {{time.monotonic()}}"
print(json.dumps({{"id": 1, "result": {{"content": [{{"text": text}}], "isError": {}}}}}))
"""


@pytest.fixture
def sleeper(monkeypatch):
    """Runs that sleep instead."""

    def set_to(seconds, *, is_error=False):
        words = [sys.executable, "-c", SLEEPS.format(seconds, str(is_error))]
        monkeypatch.setattr(queue, "command", lambda *_: words)

    return set_to


def test_three_runs_at_once_queue_and_one_is_cancelled(client, folder, sleeper):
    sleeper(0.3, is_error=True)
    form = {"text": SMALL, "file": "small.yaml", "quick": "1"}
    for _ in range(3):
        client.post("/begin", headers=ORIGIN, data=form)
    assert [*states(client).values()].count("running") <= 1
    client.post("/cancel/3", headers=ORIGIN)
    assert states(client)["3"] == "stopped"
    assert [ended(client, index) for index in (1, 2)] == ["stopped", "stopped"]
    times = [client.get(f"/log/{index}").text.split() for index in (1, 2)]
    assert float(times[0][1]) <= float(times[1][0])
    time.sleep(2 * queue.PAUSE)
    assert not (folder / ".harness-app/3.log").exists()


def stood(of):
    return [of.standing(job).state for job in of.jobs().values()]


def waited(condition):
    last = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < last
        time.sleep(0.05)


@pytest.mark.skipif(sys.platform == "win32", reason="no locks that a child inherits")
def test_a_run_goes_on_where_the_page_is_killed_and_may_resume_where_it_is(folder, sleeper):
    sleeper(60)
    first = Queue(session(folder))
    first.add("small", "small.yaml", quick=True)
    first.add("small", "small.yaml", quick=True)
    first._look()
    process = first.jobs()[1].process
    try:
        later = Queue(session(folder))  # as after kill -9 of the page, which no run notices
        later.add("small", "small.yaml", quick=True)
        later._look()
        assert stood(later) == ["waiting", "stopped", "running"]
    finally:
        os.killpg(process, signal.SIGKILL)
        first._process.wait()
    waited(lambda: stood(later)[2] == "stopped")
    sleeper(0)
    later._look()
    assert stood(later)[0] == "running"
    later._process.wait()
    later._look()
    assert stood(later) == ["finished", "stopped", "stopped"]


def lines_of(folder, ending="jsonl"):
    path = folder / f".harness-app/1.{ending}"
    return path.read_text() if path.exists() else ""


# Moments of a run by what is to be seen of it then.
MOMENTS = {
    "in the queue": lambda _: True,
    "planning": lambda folder: '"process": null' not in lines_of(folder, "json") and not lines_of(folder),
    "its tasks running": lambda folder: '"progress": 2' in lines_of(folder),
    "its report being written": lambda folder: "writing tables and report" in lines_of(folder),
    "just finished": lambda folder: '"result"' in lines_of(folder),
}


@contextmanager
def served(folder):
    """Serve a folder by the command, give a client of its page, and kill it in the end."""
    words = [sys.executable, "-m", "harness", "app", "--folder", folder, "--no-open"]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as server:
        try:
            server.stdout.readline()
            address, _, token = server.stdout.readline().split()[1].partition("/?token=")
            with httpx.Client(base_url=address, headers={"origin": address}, timeout=60) as opened:
                opened.get("/", params={"token": token})
                yield opened
        finally:
            server.kill()


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="no groups of processes")
def test_page_and_run_killed_at_any_moment_come_to_the_run_of_the_command(folder):
    text = SMALL.replace("[pooled_ols]", "[pooled_ols, fixed_effects]").replace(
        "in_sample", "held_out_entities"
    )
    (folder / "small.yaml").write_text(text)
    assert command.harness("run", "small.yaml", "--quick", "--out", "other", cwd=folder).returncode == 0
    for is_there in MOMENTS.values():
        for there in (folder / "runs", folder / ".harness-app"):
            shutil.rmtree(there, ignore_errors=True)
        with served(folder) as opened:
            opened.post("/begin", data={"text": text, "file": "small.yaml", "quick": "1"})
            waited(partial(is_there, folder))
        job = json.loads(lines_of(folder, "json"))
        if job["process"]:
            with suppress(ProcessLookupError):
                os.killpg(job["process"], signal.SIGKILL)
        with served(folder) as opened:
            state = states(opened)["1"]
            # By what a run had come to when it was killed, a moment later than was waited for.
            has_result = '"result"' in lines_of(folder)
            assert state == ("finished" if has_result else "stopped")
            opened.post("/resume/1")
            if state != "finished":
                assert ended(opened, 2) == "finished"
        compared = command.harness("compare", "runs/small", "other", cwd=folder)
        assert compared.returncode == 0, compared.stdout
        names = [
            sorted(path.relative_to(run).as_posix() for path in run.rglob("*"))
            for run in (folder / "runs/small", folder / "other")
        ]
        assert names[0] == names[1]


@pytest.mark.slow
def test_three_runs_submitted_at_once_are_those_of_the_command(folder):
    texts = {
        f"study-{index}": SMALL.replace("study: small", f"study: study-{index}").replace(
            "[pooled_ols]", models
        )
        for index, models in enumerate(("[pooled_ols]", "[fixed_effects]", "[pooled_ols, fixed_effects]"))
    }

    def begin(name):
        form = {"text": texts[name], "file": f"{name}.yaml", "quick": "1"}
        return opened.post("/begin", data=form).status_code

    with served(folder) as opened:
        with ThreadPoolExecutor(3) as pool:
            assert [*pool.map(begin, texts)] == [200] * 3
        now = [*states(opened).values()]
        assert len(now) == 3
        assert now.count("running") <= 1
        assert [ended(opened, number, timeout=180) for number in (1, 2, 3)] == ["finished"] * 3
    for name in texts:
        by_command = command.harness("run", f"{name}.yaml", "--quick", "--out", f"by-{name}", cwd=folder)
        assert by_command.returncode == 0, by_command.stderr
        compared = command.harness("compare", f"runs/{name}", f"by-{name}", cwd=folder)
        assert compared.returncode == 0, compared.stdout


@pytest.mark.slow
def test_two_hundred_requests_a_second_are_answered_by_few_processes_in_bounded_memory(folder):
    (folder / "small.yaml").write_text(SMALL)
    assert command.harness("run", "small.yaml", "--quick", cwd=folder).returncode == 0
    often = ["/", "/queue", "/study?data=rows.csv", "/run?run=runs/small", "/static/app.css"]
    per_second, seconds = 200, 10

    def ask(index):
        """Ask when it is due, whether or not those before have been answered."""
        time.sleep(max(0, begun + index / per_second - time.monotonic()))
        # Each check of a spec is work of its own.
        return opened.get(often[index % len(often)] if index % 40 else "/study?spec=small.yaml").status_code

    def memory():
        return sum(one.memory_info().rss for one in (server, *server.children(recursive=True)))

    with served(folder) as opened, ThreadPoolExecutor(32) as pool:
        server = next(one for one in psutil.Process().children() if "app" in one.cmdline())
        begun = time.monotonic()
        assert {*pool.map(ask, range(2 * per_second))} == {200}
        before, begun = memory(), time.monotonic()
        assert {*pool.map(ask, range(seconds * per_second))} == {200}
        assert time.monotonic() - begun < 2 * seconds
        assert len(server.children(recursive=True)) <= 2 * tools.MOST_PROCESSES
        assert memory() - before < 64_000_000


def test_a_folder_of_a_stranger_starts_and_ends_nothing(folder, sleeper, monkeypatch):
    sleeper(0)
    killed = []
    monkeypatch.setattr(os, "killpg", lambda *of: killed.append(of), raising=False)
    (folder / ".harness-app").mkdir()
    for process in (None, 1):
        job = {"number": 1, "study": "x", "spec": "--plugins-folder=evil", "process": process}
        (folder / ".harness-app/1.json").write_text(json.dumps(job))
        strange = Queue(session(folder))
        strange._look()
        assert strange._process is None
        assert stood(strange) == ["stopped"]
        strange.cancel(strange.jobs()[1])
    assert killed == []


def test_other_commands_do_not_load_the_page():
    code = "import sys, harness.cli; sys.argv = ['harness', '--help']\n"
    code += "try: harness.cli.main()\nfinally: print(*sys.modules)"
    done = command.python("-c", code)
    assert not {"harness_app", "starlette", "uvicorn"} & set(done.stdout.split())
    code = "import sys, harness.installed; harness.installed.installed(); print(*sys.modules)"
    assert not {"starlette", "uvicorn"} & set(command.python("-c", code).stdout.split())


def test_more_calls_at_once_than_processes_wait_for_one(folder, monkeypatch):
    class Sleeper:
        def call(self, *_):
            time.sleep(0.05)
            return {"structuredContent": {"columns": []}}

    begun = []
    monkeypatch.setattr(tools, "start_worker", lambda: begun.append(Sleeper()) or begun[-1])

    async def ask():
        called = tools.Tools(session(folder))
        return await asyncio.gather(*(called.call("init") for _ in range(3 * tools.MOST_PROCESSES)))

    assert asyncio.run(ask()) == [{"columns": []}] * 3 * tools.MOST_PROCESSES
    assert len(begun) == tools.MOST_PROCESSES


def test_the_address_is_there_before_anything_heavy_is_loaded(folder):
    code = "import sys, harness.cli; sys.argv = ['harness', 'app']\n"
    code += "def shown(*_): print(*sys.modules, file=sys.stderr); sys.exit()\n"
    code += "import webbrowser; webbrowser.open = shown; harness.cli.main()"
    done = command.python("-c", code, cwd=folder)
    assert "?token=" in done.stdout
    heavy = {"harness.installed", "harness.api", "statsmodels", "starlette", "uvicorn", "jinja2"}
    assert not heavy & set(done.stderr.split())
    assert "harness_app" in done.stderr.split()


@pytest.mark.slow
@pytest.mark.skipif(not Path("/usr/bin/chromium").exists(), reason="no Chromium")
def test_from_a_file_to_the_report_without_a_character_of_yaml(tmp_path):
    pytest.importorskip("playwright.sync_api")
    import write_app_pictures as walk

    walk.write_yearbook(tmp_path / "yearbook.xlsx")
    with walk.opened(tmp_path) as (browser, address):
        way = walk.Way(browser, address)
        way.go()
    assert way.wrong == []
    for spec, run in (("yearbook.yaml", "yearbook"), ("without_gdp.yaml", "without-gdp")):
        by_command = command.harness("run", spec, "--quick", "--out", "other", cwd=tmp_path)
        assert by_command.returncode == 0, by_command.stderr
        compared = command.harness("compare", f"runs/{run}", "other", cwd=tmp_path)
        assert compared.returncode == 0, compared.stdout
        shutil.rmtree(tmp_path / "other")
    drawn = {path.name for path in walk.PICTURES.glob("app_*.webp")}
    assert drawn == {f"app_{name}.webp" for name in way.pictures}


def english(page, *names):
    """Return the words of a page, and of its labels, that are in English and are no names."""
    text = page.evaluate(
        """() => {
            const named = [...document.querySelectorAll("[aria-label], [placeholder], [title]")];
            const labels = named.map((one) => one.ariaLabel || one.placeholder || one.title);
            const foreign = [...document.querySelectorAll("[lang=en], code, pre, .option-name")];
            const hidden = foreign.map((one) => one.textContent);
            return hidden.reduce((all, one) => all.replace(one, ""), document.body.innerText) + labels.join();
        }"""
    )
    for name in sorted(names, key=len, reverse=True):
        text = text.replace(name, "")
    return re.findall("[A-Za-z]{2,}", text)


# Programs, formats and methods, which have one name in both languages.
NAMES = ("harness", "English", "csv", "Excel", "Stata", "SPSS", "SAS", "parquet", "YAML", "OLS", "ANN", "SOM")


def tab_to(page, selector):
    """Go on with Tab until what is chosen has the focus."""
    for _ in range(120):
        if page.evaluate("one => document.activeElement.matches(one)", selector):
            return
        page.keyboard.press("Tab")
    raise AssertionError(selector)


@pytest.mark.slow
@pytest.mark.skipif(not Path("/usr/bin/chromium").exists(), reason="no Chromium")
def test_the_way_by_keyboard_alone_and_in_chinese(tmp_path):
    pytest.importorskip("playwright.sync_api")
    import write_app_pictures as walk

    walk.write_yearbook(tmp_path / "yearbook.xlsx")
    columns = (
        "Emissions",
        "Digital economy",
        "GDP per head",
        "Urban share",
        "Telephones",
        "Notes",
        "City",
        "year",
    )
    names = (*NAMES, *columns, "yearbook.xlsx", "yearbook.yaml", "yearbook", "Printed in May", str(tmp_path))
    units = ("kt", "index", "1,000 yuan", "per 100 people", "Source: invented for the docs")
    with walk.opened(tmp_path) as (browser, address):
        way = walk.Way(browser, address)
        page = way.page(language="zh-CN", is_dark=False, size=walk.WIDE)
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.className") == "skip"
        assert english(page, *names) == []
        tab_to(page, "[href*='yearbook.xlsx']")
        page.keyboard.press("Enter")
        page.wait_for_selector("#study")
        page.wait_for_load_state()
        for column, part in {"Emissions": "outcome", "Digital economy": "exposure"}.items():
            selector = "#" + walk.part(page, column).get_attribute("id")
            tab_to(page, selector)
            while page.locator(selector).input_value() != part:
                with page.expect_response("**/study"):
                    page.keyboard.press("ArrowDown")
                page.wait_for_timeout(200)  # until the form is another
                assert page.evaluate("one => document.activeElement.matches(one)", selector)
        page.wait_for_selector(".good")
        tab_to(page, "[name=question]")
        page.keyboard.press("Space")
        page.wait_for_selector("[name=question][checked]")
        page.keyboard.press("ArrowDown")
        page.wait_for_selector("#question-predict[checked]")
        assert page.evaluate("document.activeElement.id") == "question-predict"
        page.keyboard.press("ArrowUp")
        page.wait_for_selector("#question-effect[checked]")
        tab_to(page, "#expert")
        page.keyboard.press("ArrowDown")
        page.wait_for_selector(".options")
        cells = [*map(str, range(2011, 2020)), *units]
        keys = page.locator(".options th, .options option, #expert option").all_text_contents()
        assert english(page, *names, *cells, *keys, "estimators", "evaluation", "null") == []
        assert page.locator("[role=status], [role=alert], [aria-live]").count() >= 4
        tab_to(page, "#begin")
        page.keyboard.press("Enter")
        page.wait_for_selector("#begun [href^='/run']", timeout=walk.PATIENCE)
        tab_to(page, "#begun [href^='/run']")
        page.keyboard.press("Enter")
        page.wait_for_selector("iframe")
        files = page.locator(".files a").all_inner_texts()
        assert english(page, *names, *units, *files, "runs") == []
    assert way.wrong == []


@pytest.mark.slow
@pytest.mark.skipif(not Path("/usr/bin/chromium").exists(), reason="no Chromium")
def test_what_needs_script_copies_saves_and_takes_what_is_dropped(folder):
    pytest.importorskip("playwright.sync_api")
    import write_app_pictures as walk
    from playwright.sync_api import expect

    with walk.opened(folder) as (browser, address):
        way = walk.Way(browser, address)
        page = way.page(language="en", is_dark=False, size=walk.WIDE)
        page.evaluate(
            """(content) => {
                const held = new DataTransfer();
                held.items.add(new File([content], "dropped.csv"));
                const event = new DragEvent("drop", { dataTransfer: held, bubbles: true, cancelable: true });
                document.querySelector(".drop").dispatchEvent(event);
            }""",
            (folder / "rows.csv").read_text(),
        )
        page.click(".drop button")
        page.wait_for_url("**/study?data=dropped.csv")
        assert (folder / "dropped.csv").read_text() == (folder / "rows.csv").read_text()
        page.wait_for_load_state()
        for column, part in {"invest": "outcome", "value": "exposure", "capital": "moderator"}.items():
            page.locator("th", has_text=column).first.drag_to(page.locator(f"[data-part={part}]"))
            expect(walk.part(page, column)).to_have_value(part)
            if column == "value":
                page.wait_for_selector(".good")
        expect(page.locator("#text")).to_have_value(re.compile(r"moderators:.*\n *- capital"))
        text = page.locator("#text").input_value()
        page.context.grant_permissions(["clipboard-read", "clipboard-write"])
        page.click("[data-copy]")
        assert page.evaluate("navigator.clipboard.readText()") == text
        with page.expect_download() as saved:
            page.click("[data-save]")
        assert saved.value.suggested_filename == "dropped.yaml"
        assert saved.value.path().read_text() == text
    assert way.wrong == []
