"""What docs/deploy.md says of backups: taken while runs go on, restored, and gone on with."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import threading
import time
from pathlib import Path

import pytest

from tests.faults.test_bad_input import BEDS, ROOMS, Bench
from tests.fixtures.commands import PROJECT, records
from warehouse.store import packs, releases
from warehouse.store.data_dir import DataDir

SERVICE = PROJECT / "deploy" / "systemd" / "openindicators-backup.service"
LIVE, BACKUP = "/srv/openindicators/live/", "/srv/backup/openindicators/"
VANISHED = 24  # rsync's exit code when a file went while it copied: staging folders do


def setting(name: str) -> str:
    lines = SERVICE.read_text("utf-8").splitlines()
    return next(line.partition("=")[2] for line in lines if line.startswith(f"{name}="))


def released(bench: Bench) -> dict[int, bytes]:
    history = releases.history(DataDir(bench.data_dir), ROOMS)
    return {each.release.number: each.path("data.parquet").read_bytes() for each in history}


@pytest.mark.skipif(shutil.which("rsync") is None, reason="rsync is not installed")
def test_a_backup_taken_while_runs_go_on_is_restored_and_goes_on(tmp_path: Path) -> None:
    """The runs pack the releases before the current ones, and remove what was packed."""
    bench = Bench(tmp_path)
    bench.make(ROOMS, BEDS)
    backup = tmp_path / "backup"
    command = [
        word.replace(LIVE, f"{bench.data_dir}/").replace(BACKUP, f"{backup}/")
        for word in shlex.split(setting("ExecStart"))
    ]
    assert str(backup) in command[-1] and str(bench.data_dir) in command[-2]
    allowed = {0, int(setting("SuccessExitStatus"))}
    is_over = threading.Event()
    codes = []

    def back_up() -> None:
        while not is_over.is_set():
            codes.append(subprocess.run(command, check=False, capture_output=True).returncode)
            is_over.wait(0.2)

    copying = threading.Thread(target=back_up)
    copying.start()
    try:
        for value in (5, 6):
            for dataset in (ROOMS, BEDS):
                bench.table(dataset).write_text(f"area,year,value\n48,2023,5\n48,2024,{value}\n")
            for path in (bench.data_dir / "packs").rglob("*"):
                os.utime(path, (time.time() - 2 * packs.SECONDS,) * 2)
            assert bench.run("run", PACKS_WORTH="1").code == 0
    finally:
        is_over.set()
        copying.join()
    assert set(codes) <= allowed and len(codes) > 3, codes

    before, expected = records(bench.data_dir), released(bench)
    assert set(expected) == {1, 2, 3} and not (bench.data_dir / "releases" / ROOMS / "1").exists()
    shutil.rmtree(bench.data_dir)
    shutil.copytree(backup, bench.data_dir)
    kept = [name for name in records(bench.data_dir) if name.startswith(("releases", "snapshots"))]
    for name in kept:
        if ".staging" not in name and not name.endswith("/current") and name in before:
            assert (bench.data_dir / name).read_bytes() == before[name][1], name
    assert released(bench) == expected
    restored = bench.run("doctor", "--restore")
    assert restored.code == 0, restored.out
    went_on = bench.run("run")
    assert went_on.code == 0, went_on.out + went_on.err
    assert bench.run("doctor").code == 0
    assert bench.number(ROOMS) == bench.number(BEDS) == 3
