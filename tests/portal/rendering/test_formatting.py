"""Numbers in a reader's language."""

from __future__ import annotations

import pytest

from portal.rendering.formatting import number_in_full


@pytest.mark.parametrize(("value", "written"), [
    (1234.56789, "1.234,56789"), (5.0, "5"), (1000.0, "1.000"), (-0.5, "-0,5"),
    (1e-9, "0,000000001"),
    (1e30, "1.000.000.000.000.000.000.000.000.000.000"),
    (12345678901234567890123456789012, "12.345.678.901.234.567.890.123.456.789.012"),
])
def test_a_number_in_full_has_every_digit_however_many(value: float, written: str) -> None:
    assert number_in_full(value, "vi") == written
