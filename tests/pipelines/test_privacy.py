"""Personal data that a source lets slip are shown to its operator alone: nowhere in public."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from model.records.release import FileRecord
from model.reference.registries import load_registries
from portal.ckan.desired import mapping
from portal.content import Content
from tests.fixtures.commands import PROJECT
from tests.fixtures.listeners import webhook
from tests.pipelines.test_quality import Steward
from warehouse.store import releases, validation_log
from warehouse.store.data_dir import DataDir

CASES = "health/cases"
DECLARATION = """\
title: {vi: Ca bệnh, en: Cases}
description: {vi: Mỗi dòng một năm, en: One row a year}
publisher: da_nang_city
licence: DA-NANG-OPEN
keywords: {vi: [ca bệnh], en: [cases]}
frequency: A
geography: {codelist: vn_province_2008, coverage: {vi: Việt Nam, en: Viet Nam}}
indicators:
  CASES: {name: {vi: Ca bệnh, en: Cases}, unit: count, minimum: 0}
dimensions:
  cause: {name: {vi: Nguyên nhân, en: Cause}}
tolerance: 0.5
source:
  protocol: files
  files: [cases.csv]
  columns:
    indicator: {const: CASES}
    ref_area: area
    cause: cause
    time_period: year
    obs_value: {column: value, locale: plain}
    obs_note: note
"""
HEAD = "area,cause,year,value,note\n"
GOOD = "".join(f"48,sốt,{year},{year - 1900},\n" for year in range(2000, 2025))
# Each stands in a row that cannot be read, or that breaks a check on single rows.
PLANTED = {
    "048190001234": "48,sốt,1999,CCCD 048190001234,\n",
    "048190001235": "48,sốt,số 048190001235,5,\n",
    "0905123456": "gọi 0905123456,sốt,1998,5,\n",
    "nguyen.an@gmail.com": "48,nguyen.an@gmail.com,1997,-5,\n",
    "0905123457": "48,sốt,1996,-5,ĐT 0905123457\n",
    "201234567": "48,sốt,1995,-5,CMND 201234567\n",
    "Nguyễn Văn An": '48,sốt,1994,-5,"Nguyễn Văn An, sinh ngày 12/03/1985"\n',
}


@pytest.fixture
def command(tmp_path, capsys, monkeypatch) -> Steward:
    monkeypatch.setenv("OPENINDICATORS_PROJECT", str(tmp_path / "project"))
    monkeypatch.setenv("OPENINDICATORS_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("COLUMNS", "300")
    steward = Steward(tmp_path, capsys)
    path = steward.project / f"assets/{CASES}.yaml"
    path.parent.mkdir(parents=True)
    path.write_text(DECLARATION, encoding="utf-8")
    return steward


def source(command: Steward, text: str) -> None:
    (command.data_dir / "inbox" / "cases.csv").write_text(text, encoding="utf-8")


def texts(folder: Path) -> dict[str, str]:
    """Return every file below a folder as text: tables read, archives unpacked."""
    return {
        path.relative_to(folder).as_posix(): _text(path.name, path.read_bytes())
        for path in sorted(folder.rglob("*")) if path.is_file()
    }


def _text(name: str, data: bytes) -> str:
    if name.endswith(".parquet"):
        return str(pq.read_table(io.BytesIO(data)).to_pylist())
    if name.endswith(".xlsx"):
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            return " ".join(archive.read(item).decode() for item in archive.namelist())
    return data.decode("utf-8", "replace")


def leaks(shown: dict[str, str]) -> list[tuple[str, str]]:
    assert shown
    return [(name, secret) for name, text in shown.items() for secret in PLANTED if secret in text]


def payloads(data_dir: DataDir) -> dict[str, str]:
    """Return what CKAN receives of the dataset besides the files, which the site has as well."""
    stored = releases.current(data_dir, CASES)
    assert stored is not None
    content = Content.of(stored, load_registries(PROJECT))
    files = [FileRecord(name=name, sha256="0" * 64, bytes=1)
             for name in mapping.file_names(content)]
    offered = [mapping.current_resource(content, file) for file in files]
    received = [mapping.package(content, stored.release, False, files), offered]
    return {"CKAN": json.dumps(received, ensure_ascii=False)}


def test_quarantined_rows_are_shown_to_the_operator_alone(command, tmp_path):
    source(command, HEAD + GOOD + "".join(PLANTED.values()))
    command("run", CASES)
    data_dir = DataDir(command.data_dir)
    assert leaks(texts(data_dir.site)) == []
    assert leaks(payloads(data_dir)) == []

    pages = texts(data_dir.site)
    assert "x" * 4 + " " + "#" * 12 in pages[f"vi/{CASES}.html"]  # masked, but there
    report = json.loads(pages[f"datasets/{CASES}/cases-quality.json"])
    assert [c["unexpected"] for c in report["checks"]
            if c["name"] == "obs_value_within_bounds"] == [4]

    # Of the release, only what is never published has the rows themselves.
    folder = texts(data_dir.releases(CASES) / "1")
    assert {name for name, _ in leaks(folder)} <= {"quarantine.parquet", "source_schema.json"}
    assert {secret for _, secret in leaks(folder)} == set(PLANTED)
    # Neither has the record that is kept of each judgement.
    newest = validation_log.log(data_dir, CASES)[-1]
    assert leaks({"record": str(validation_log.record(data_dir, newest))}) == []

    junit = tmp_path / "junit.xml"
    command("quality", CASES, "--junit", str(junit))
    assert leaks({"junit": junit.read_text(encoding="utf-8")}) == []
    quarantined = command("quarantine", CASES, "--json").out
    assert all(secret in quarantined for secret in PLANTED)


def test_personal_data_block_the_release_and_are_not_shown(command, monkeypatch):
    source(command, HEAD + GOOD)
    command("run", CASES)
    rows = GOOD.replace("48,sốt,2000,100,", "48,0905123456,2000,100,CCCD 048190001234")
    source(command, HEAD + rows)
    with webhook() as (address, received):
        monkeypatch.setenv("OPENINDICATORS_WEBHOOK", address)
        command("run", CASES, code=5)
        command("quality", code=5)
    data_dir = DataDir(command.data_dir)
    [validation_run] = validation_log.log(data_dir, CASES)[1:]
    assert validation_run.blockers is not None
    assert "no_personal_data" in str(validation_run.blockers)
    check = next(item for item in validation_log.record(data_dir, validation_run).checks
                 if item.name == "no_personal_data")
    assert {(row["column"], row["kind"]) for row in check.samples} == {
        ("cause", "phone"), ("obs_note", "CCCD")}
    assert received and leaks({"webhook": json.dumps(received, ensure_ascii=False)}) == []
    site = texts(data_dir.site)
    assert "dữ liệu cá nhân" in site["vi/failures.atom"]
    assert leaks(site) == []
    assert leaks({"record": str(validation_log.record(data_dir, validation_run))}) == []


COUNTS = "".join(
    f"48,{cause},{year},{value},\n"
    for year in range(2000, 2025)
    for cause, value in (("sốt", 3 if year == 2010 else 70), ("lao", 50), ("khác", 60))
) + "".join(f"48,_T,{year},{113 if year == 2010 else 180},\n" for year in range(2000, 2025))
RULE = "small_cells: {action: suppress, totals: {cause: _T}, also_in: [health/again]}"


def test_a_small_count_is_suppressed_with_another_and_searched_elsewhere(command):
    source(command, HEAD + COUNTS)
    command("run", CASES)
    data_dir = DataDir(command.data_dir)
    declaration = command.project / f"assets/{CASES}.yaml"
    withholding = DECLARATION.replace("minimum: 0}", f"minimum: 0, {RULE}}}")

    declaration.write_text(withholding, encoding="utf-8")
    assert "no dataset 'health/again' is declared" in command("run", CASES, code=3).err
    again = DECLARATION.replace("cases.csv", "again.csv")
    declaration.with_name("again.yaml").write_text(again, encoding="utf-8")
    command("run", CASES)
    stored = releases.current(data_dir, CASES)
    assert stored is not None and stored.release.number == 2
    rows = pq.read_table(stored.path("data.parquet")).to_pylist()
    withheld = {(row["cause"], row["time_period"]) for row in rows if row["obs_status"] == "Q"}
    assert withheld == {("sốt", "2010"), ("lao", "2010")}
    assert not [row for row in rows if row["obs_value"] == 3]
    checks = {check.name: check for check in stored.quality.checks}
    assert checks["small_cells_withheld"].observed == {
        "withheld": {"small": 1, "beside": 1, "intervals at least, in thresholds": 3.3}
    }
    # It was published before: that is reported, and which it was is not.
    assert checks["withheld_in_every_release"].outcome == "warned"
    assert [row["affected"] for row in checks["withheld_in_every_release"].samples] == [2]
    assert checks["withheld_elsewhere"].outcome == "not_evaluated"
    assert "Nothing has changed" in command("run", CASES).out

    (command.data_dir / "inbox" / "again.csv").write_text(HEAD + COUNTS, encoding="utf-8")
    command("run", "health/again")
    said = command("run", CASES, code=5)
    assert "withheld_elsewhere" in said.out + said.err
    assert releases.current(data_dir, CASES).release.number == 2


def test_samples_disclose_nothing_of_a_table_that_small_counts_block(command):
    source(command, HEAD + COUNTS)
    stopping = "minimum: 0, small_cells: {threshold: 10}}"
    path = command.project / f"assets/{CASES}.yaml"
    path.write_text(DECLARATION.replace("minimum: 0}", stopping), encoding="utf-8")
    command("run", CASES, code=5)
    data_dir = DataDir(command.data_dir)
    record = validation_log.record(data_dir, validation_log.log(data_dir, CASES)[-1])
    checks = {check.name: check for check in record.checks}
    assert checks["small_cells_withheld"].outcome == "failed"
    assert checks["series_without_jumps"].unexpected  # 3 among many 70
    assert not any(check.samples or check.observed for check in record.checks)
    # The operator runs the check again, and sees where it is.
    assert "2010" in command("quality", CASES, "--check", "small_cells_withheld", code=5).out
