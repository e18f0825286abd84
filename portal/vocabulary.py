"""Titles and descriptions of the observation's columns and codes: SDMX concepts and codelists.

Sources: SDMX 3.0 cross-domain concepts and codelists CL_FREQ 2.1, CL_OBS_STATUS 2.2.
"""

from __future__ import annotations

from typing import NamedTuple

from model.util.text import Bilingual


class ColumnWords(NamedTuple):
    """A column's title, its description, and whether it holds numbers."""

    title: Bilingual
    description: Bilingual
    number: bool = False


def _b(vi: str, en: str) -> Bilingual:
    return Bilingual(vi=vi, en=en)


COLUMNS: dict[str, ColumnWords] = {
    "indicator": ColumnWords(
        _b("Chỉ tiêu", "Indicator"), _b("Mã của đại lượng được đo", "Code of what is measured")
    ),
    "ref_area": ColumnWords(
        _b("Khu vực", "Area"), _b("Mã của nơi mà số liệu nói tới", "Code of the place described")
    ),
    "geo_vintage": ColumnWords(
        _b("Phiên bản địa giới", "Geography vintage"),
        _b(
            "Danh mục và ngày mà mã khu vực có hiệu lực; cùng một mã ở phiên bản khác có thể là"
            " nơi khác",
            "List and date for which the area code holds; the same code in another vintage can"
            " be another place",
        ),
    ),
    "freq": ColumnWords(_b("Tần suất", "Frequency"), _b("Độ dài của kỳ", "Length of the period")),
    "time_period": ColumnWords(
        _b("Kỳ", "Period"), _b("Kỳ số liệu theo ISO 8601", "Time period in ISO 8601")
    ),
    "obs_value": ColumnWords(
        _b("Giá trị", "Value"),
        _b(
            "Số liệu, theo đơn vị ở cột unit_measure; để trống khi không có",
            "The figure, in the unit of the column unit_measure; empty where there is none",
        ),
        number=True,
    ),
    "unit_measure": ColumnWords(
        _b("Đơn vị", "Unit"), _b("Mã của đơn vị tính", "Code of the unit of measure")
    ),
    "obs_status": ColumnWords(
        _b("Trạng thái", "Status"),
        _b("Trạng thái của số liệu theo SDMX", "SDMX status of the observation"),
    ),
    "obs_note": ColumnWords(
        _b("Ghi chú", "Note"), _b("Ghi chú cho riêng số liệu này", "Note on this one observation")
    ),
    "lower_bound": ColumnWords(
        _b("Cận dưới", "Lower bound"),
        _b("Cận dưới của khoảng, theo đơn vị của giá trị", "Lower end of the interval, in the"
           " value's unit"), number=True,
    ),
    "upper_bound": ColumnWords(
        _b("Cận trên", "Upper bound"),
        _b("Cận trên của khoảng, theo đơn vị của giá trị", "Upper end of the interval, in the"
           " value's unit"), number=True,
    ),
    "footnotes": ColumnWords(
        _b("Chú thích", "Footnotes"),
        _b("Mã các chú thích của số liệu này, cách nhau bằng dấu cách", "Ids of the footnotes that"
           " apply to the observation, separated by blanks"),
    ),
    "change": ColumnWords(
        _b("Thay đổi", "Change"),
        _b("added (mới), revised (sửa) hoặc withdrawn (rút)", "added, revised or withdrawn"),
    ),
    "old_value": ColumnWords(
        _b("Giá trị cũ", "Old value"),
        _b("Giá trị ở bản phát hành trước", "The figure of the release before"), number=True,
    ),
    "new_value": ColumnWords(
        _b("Giá trị mới", "New value"),
        _b("Giá trị ở bản phát hành này", "The figure of this release"), number=True,
    ),
    "old_status": ColumnWords(
        _b("Trạng thái cũ", "Old status"),
        _b("Trạng thái ở bản phát hành trước", "Status in the release before"),
    ),
    "new_status": ColumnWords(
        _b("Trạng thái mới", "New status"),
        _b("Trạng thái ở bản phát hành này", "Status in this release"),
    ),
}

def _finding(vi: str, en: str) -> ColumnWords:
    return ColumnWords(_b(vi, en), _b(vi, en))


# What checks report of a row that they find, besides the row itself.
FINDINGS: dict[str, ColumnWords] = {
    "observed": _finding("Thực tế", "Found"),
    "expected": _finding("Dự kiến", "Expected"),
    "factor": _finding("Gấp (lần)", "Factor"),
    "reference": _finding("So với", "Compared with"),
    "missing": _finding("Thiếu", "Missing"),
    "periods": _finding("Số kỳ", "Periods"),
    "series": _finding("Số chuỗi", "Series"),
    "series_without": _finding("Số chuỗi thiếu", "Series without"),
    "affected": _finding("Số dòng", "Rows"),
    "before": _finding("Trước đó", "Before"),
    "last_period": _finding("Kỳ cuối", "Last period"),
    "column": _finding("Cột", "Column"),
    "kind": _finding("Loại", "Kind"),
    "masked": _finding("Nội dung đã che", "Text, masked"),
    "change": _finding("Thay đổi", "Change"),
    "source": _finding("Nguồn", "Source"),
    "copy": _finding("Giống với", "Same as"),
    "share": _finding("Tỷ lệ", "Share"),
    "shift": _finding("Lệch (kỳ)", "Shift (periods)"),
    "matches": _finding("Số kỳ trùng", "Periods that agree"),
}

STATUSES: dict[str, Bilingual] = {
    "A": _b("Bình thường", "Normal"),
    "B": _b("Gián đoạn chuỗi", "Break in the series"),
    "E": _b("Ước tính", "Estimated"),
    "F": _b("Dự báo", "Forecast"),
    "I": _b("Suy ra", "Imputed"),
    "N": _b("Không đáng kể", "Not significant"),
    "O": _b("Không có số liệu", "Missing"),
    "P": _b("Sơ bộ", "Provisional"),
    "Q": _b("Không công bố", "Suppressed"),
    "U": _b("Độ tin cậy thấp", "Low reliability"),
}

# Statuses of figures that are expected to be replaced.
NOT_FINAL = frozenset({"P", "E", "F", "I"})

FREQUENCIES: dict[str, Bilingual] = {
    "A": _b("Hằng năm", "Annual"),
    "S": _b("Nửa năm", "Half-yearly"),
    "Q": _b("Hằng quý", "Quarterly"),
    "M": _b("Hằng tháng", "Monthly"),
    "W": _b("Hằng tuần", "Weekly"),
    "D": _b("Hằng ngày", "Daily"),
    "YTD": _b("Luỹ kế từ đầu năm", "Year to date"),
}

CHANGES: dict[str, Bilingual] = {
    "added": _b("mới", "new"),
    "revised": _b("sửa", "revised"),
    "withdrawn": _b("rút", "withdrawn"),
}

DECISIONS: dict[str, Bilingual] = {
    "approved": _b("Người duyệt:", "Approved by"),
    "rollback": _b("Người quyết định:", "Decided by"),
    "withdrawal": _b("Người quyết định:", "Decided by"),
}

FRESHNESS: dict[str, Bilingual] = {
    "fresh": _b("Mới", "Fresh"),
    "late": _b("Trễ", "Late"),
    "overdue": _b("Quá hạn", "Overdue"),
    "dead": _b("Ngừng cập nhật", "Dead"),
    "ended": _b("Đã kết thúc", "Ended"),
    "unknown": _b("Chưa rõ", "Unknown"),
}

REASONS: dict[str, Bilingual] = {
    "first release": _b("Phát hành lần đầu", "First release"),
    "source changed": _b("Nguồn có số liệu mới", "The source has changed"),
    "declaration changed": _b("Mô tả tập dữ liệu thay đổi", "The dataset's declaration changed"),
    "suite changed": _b("Bộ kiểm tra thay đổi", "The checks changed"),
    "rows accepted": _b(
        "Những dòng bị giữ lại được chấp nhận", "Quarantined rows were accepted"
    ),
    "code changed": _b("Phần mềm xử lý thay đổi", "The software changed"),
    "rollback": _b("Quay về nội dung cũ", "Return to earlier content"),
    "withdrawal": _b("Rút tập dữ liệu", "Withdrawal of the dataset"),
}
