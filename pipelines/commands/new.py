"""`openindicators new`: the two files of a dataset, ready to run."""

from __future__ import annotations

import re
from string import Template

from model.errors import OpenIndicatorsError
from model.load import load_declaration
from model.registries import load_registries
from model.text import did_you_mean
from pipelines.settings import Settings
from pipelines.terminal import out
from warehouse.atomic import write_text

DECLARATION = Template("""\
# What the dataset is. `openindicators check` says what is wrong, with the line.
title:
  vi: "$title (tên tiếng Việt)"
  en: "$title"
description:
  vi: "Mỗi dòng là gì, ai thu thập, dùng để làm gì."
  en: "What a row is, who collects it, what it is for."
publisher: da_nang_city        # model/registry/publishers.yaml
licence: DA-NANG-OPEN          # model/registry/licences.yaml
keywords:
  vi: [Đà Nẵng]
  en: [Da Nang]
frequency: A                   # A year, S half-year, Q quarter, M month, W week, D day
geography:
  codelist: vn_province_2008   # model/codelists/; the codes carry the vintage of the borders
  coverage: {vi: Thành phố Đà Nẵng, en: Da Nang City}
indicators:
  $indicator:
    name: {vi: "$title", en: "$title"}
    unit: count                # model/registry/units.yaml
    decimals: 0
    minimum: 0

# Where it comes from. `sample` is the profile that `make run` runs.
sources:
  live:
    protocol: files
    options:
      files: [$name.csv]       # in the inbox of the data folder; or `urls: [https://…]`
    columns:
      indicator: {const: $indicator}
      ref_area: {column: area}
      time_period: {column: year}
      obs_value: {column: value, locale: plain}   # vi for 1.234,5 · en for 1,234.5
  sample: live
""")

SUITE = """\
# What must be true of it, beyond what the declaration says by itself (keys, codes, units,
# bounds). Names, kwargs and severities are Great Expectations' own.
expectations:
  - type: expect_table_row_count_to_be_between
    kwargs: {min_value: 1}
    severity: critical
  - type: expect_column_values_to_not_be_null
    kwargs: {column: obs_value}
    severity: warning
    title:
      vi: Năm nào cũng có số liệu
      en: Every year has a figure
"""

TABLE = "area,year,value\n48,2022,120\n48,2023,134\n48,2024,151\n"


def new(dataset: str) -> int:
    """Write a declaration, a suite, and a small table in the inbox; overwrite nothing.

    Args:
        dataset: `<sector>/<dataset>`.

    Raises:
        OpenIndicatorsError: the name is no good, the sector unknown, or a file is there.
    """
    settings = Settings.from_environment()
    sector, _, name = dataset.partition("/")
    registries = load_registries()
    if sector not in registries.sectors:
        raise OpenIndicatorsError(
            f"unknown sector {sector!r}", where=dataset,
            todo=did_you_mean(sector, set(registries.sectors)),
        )
    if not re.fullmatch(r"[a-z][a-z0-9_]{1,60}", name):
        raise OpenIndicatorsError(
            f"{name!r} is no name for a dataset", where=dataset,
            todo="use 2 to 61 of a-z, 0-9 and _, starting with a letter,"
            " e.g. tourism/hotel_rooms",
        )
    declaration = settings.declarations / f"{dataset}.yaml"
    suite = settings.suites / f"{dataset}.yaml"
    for path in (declaration, suite):
        if path.exists():
            raise OpenIndicatorsError(
                "is there already", where=str(path), todo="edit it, or choose another name"
            )
    title = name.replace("_", " ").capitalize()
    text = DECLARATION.substitute(title=title, name=name, indicator=name.upper())
    settings.home.prepare()
    write_text(declaration, text)
    write_text(suite, SUITE)
    load_declaration(declaration, registries)
    table = settings.home.inbox / f"{name}.csv"
    if not table.exists():
        write_text(table, TABLE)
    for what, path in (("declaration", declaration), ("suite", suite), ("its table", table)):
        out.print(f"{what:12} {path}", soft_wrap=True)
    out.print(f"Next         openindicators run {dataset}")
    return 0
