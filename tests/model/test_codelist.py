"""Codelists: a code, a name without regard to diacritics, an alias as it is written."""

from __future__ import annotations

import pytest

from tests.fixtures.datasets import registries


@pytest.mark.parametrize(
    ("label", "code"),
    [
        ("VNM", "VNM"), ("Viet Nam", "VNM"), ("việt nam", "VNM"), ("vnm", "VNM"),
        ("nga", "NGA"),  # a code in lower case, as Gapminder and the UIS files have it
        ("Nga", "RUS"),  # Russia in Vietnamese
        ("Nigeria", "NGA"),
    ],
)
def test_a_country_is_found(label: str, code: str) -> None:
    assert registries().codelists["country"].find(label) == code


def test_an_unknown_label_is_refused_with_the_nearest() -> None:
    with pytest.raises(ValueError, match="not in codelist country .did you mean 'turkiye'"):
        registries().codelists["country"].find("TC<rkiye")


@pytest.mark.parametrize(("name", "count"), [("vn_province_2004", 71), ("vn_ward_2025", 3321)])
def test_the_areas_of_a_vintage_are_complete(name: str, count: int) -> None:
    found = registries().codelists[name]
    assert len(found.codes) == count
    assert sum(code.isdigit() and len(code) in (2, 5) for code in found.codes) == {
        "vn_province_2004": 64, "vn_ward_2025": 3321,
    }[name]
