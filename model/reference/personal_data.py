"""Personal data in text: what it looks like, and how it is made unreadable.

Vietnamese identity cards (CCCD of 12 digits, CMND of 9), passports, telephones, e-mail addresses,
health insurance (BHYT), tax codes of persons, bank accounts and cards, and names beside a date of
birth. A number that could be anything counts only beside a word that says what it is.

Names and addresses alone are apart (`INDIRECT`): streets, schools and offices have them too, so
that they are a reason to look, and none to block a release or to mask a message.

The patterns are for RE2 (DuckDB) and for Python alike: without classes of Unicode, look-around and
`\\b`, in which both differ. Law 91/2025/QH15 on personal data, in force from 1 January 2026.
"""

import re
import unicodedata
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

from model.records.validation import CheckResult, DuplicateCause, QualityRecord, ReleaseBlocker

# What is written otherwise and read the same: digits and marks of full width, blanks, dashes; and
# what nobody sees. DuckDB's translate() takes the same three.
LIKE = "０１２３４５６７８９＠．＋\u00a0\u2002\u2003\u2007\u2009\u200a\u202f‐‑‒–—−"
READ_AS = "0123456789@.+       ------"
UNSEEN = "\u00ad\u200b\u200c\u200d\u2060\ufeff"
_FOLD = str.maketrans(LIKE, READ_AS, UNSEEN)

# Identifiers of files and objects hold any digits.
UUID = "(?i:[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12})"

_SEP = "[ .-]?"  # between the groups of a number
_TEN = rf"[0-9]{{2}}({_SEP}[0-9]){{5}}{_SEP}[0-9]{{3}}"

# Around a number that is neither part of a word nor of a decimal ("0.048190001234", ".0481…").
_MARK = r"[^0-9 \t\n(=:;,.+-][.,]"
_FROM = rf"(^|[^0-9A-Za-z_.,]|{_MARK})"
_TO = r"($|[^0-9A-Za-z_.,]|[.,]($|[^0-9]))"
_UP_TO = r"[^0-9\n]{0,%d}"  # words between a word and its number
_APART = r"(^|[^0-9A-Za-z_])"

# Of the 63 provinces that numbers were given in; the 34 of 2025 have kept codes of these.
_PROVINCE = (
    "(01|02|04|06|08|10|11|12|14|15|17|19|20|22|24|25|26|27|30|31|33|34|35|36|37|38|40|42|44|45|46"
    "|48|49|51|52|54|56|58|60|62|64|66|67|68|70|72|74|75|77|79|80|82|83|84|86|87|89|91|92|93|94|95"
    "|96)"
)
_IDENTITY = (
    rf"({_APART}(?i:CMND|CMTND|CMT|CCCD)|(?i:chứng minh (nhân dân|thư)|số chứng minh|căn cước"
    r"|(số|mã) định danh|identity (card|number)|ID (card|no|number)))"
)
_MOBILE = "(3[2-9]|5[25689]|7[06-9]|8[1-9]|9[0-9])"  # since the renumbering of 2018
_PHONE = (
    rf"({_MOBILE}[ .-]?[0-9]{{3}}[ .-]?[0-9]{{2}}[ .-]?[0-9]{{2}}"
    rf"|{_MOBILE}[0-9][ .-]?[0-9]{{3}}[ .-]?[0-9]{{3}}"
    rf"|{_MOBILE}[ .-]?[0-9]{{4}}[ .-]?[0-9]{{3}}"
    rf"|{_MOBILE}[0-9][ .-]?[0-9]{{2}}[ .-]?[0-9]{{2}}[ .-]?[0-9]{{2}}"
    r"|2[0-9]{2}\)?[ .-]{0,2}([0-9]{3}[ .-]?[0-9]{4}|[0-9]{4}[ .-]?[0-9]{3})"
    r"|2[48]\)?[ .-]{0,2}[0-9]{4}[ .-]?[0-9]{4})"
)
_INSURED = (
    "(DN|HX|CH|NN|TK|HC|XK|HT|TB|NO|CT|XB|TN|CS|QN|CA|CY|XN|MS|CC|CK|CB|KC|HD|TE|BT|HN|DT|DK|XD|TS"
    "|TC|TQ|TA|TY|HG|LS|PV|HS|SV|GB|GD)"
)
_BANK = (
    rf"({_APART}(?i:VCB|ACB|TCB|SHB|VIB|MSB|OCB)|(?i:vietcombank|vietinbank|BIDV|agribank"
    r"|techcombank|sacombank|MB ?bank|VPBank|TPBank|HDBank|eximbank|seabank|LPBank|pvcombank))"
)
# Plain, or in groups of three digits and more.
_ACCOUNT = r"([0-9]{6,19}|[0-9]{3,6}([ .-][0-9]{3,6}){1,4}([ .-][0-9]{1,2})?)"
_LONG_ACCOUNT = (
    r"([0-9]{8,16}|[0-9]{3,6}([ .-][0-9]{3,6}){2,4}([ .-][0-9]{1,2})?"
    r"|[0-9]{4}[ .-][0-9]{4}[ .-][0-9]{1,2})"
)
_DATE = (
    r"((0?[1-9]|[12][0-9]|3[01])[/.-](0?[1-9]|1[0-2])[/.-](19|20)[0-9]{2}"
    r"|(19|20)[0-9]{2}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01]))"
)
# Without those that begin a place's name as well (Hà Nội, Hồ Chí Minh, Thái Bình).
_SURNAMES = (
    "Nguyễn|Trần|Lê|Phạm|Hoàng|Huỳnh|Phan|Vũ|Võ|Đặng|Bùi|Đỗ|Ngô|Dương|Lý|Đinh|Đoàn|Trịnh"
    "|Trương|Tô|Lương|Tạ|Vương|Quách|Nguyen|Tran|Pham|Hoang|Huynh|Dang|Bui|Ngo|Duong|Dinh|Doan"
    "|Trinh|Truong"
)
_CAPITAL = "[A-ZÀÁÂÃÈÉÊÌÍÒÓÔÕÙÚÝĂĐĨŨƠƯẠẢẤẦẨẪẬẮẰẲẴẶẸẺẼẾỀỂỄỆỈỊỌỎỐỒỔỖỘỚỜỞỠỢỤỦỨỪỬỮỰỲỴỶỸ]"
_NAMED = rf"({_SURNAMES}|{_SURNAMES.upper()})( {_CAPITAL}[^ \t\n\f\r0-9,;:.()/-]*)"
_NAME = rf"{_NAMED}{{1,4}}"
_BORN = (
    rf"((?i:sinh ngày|ngày sinh|sinh|SN|born( on)?|date of birth|DOB)[ :.]{{0,3}}{_DATE}"
    r"|(?i:sinh năm|năm sinh|SN|born in)[ :.]{0,3}(19|20)[0-9]{2})"
)

PATTERNS: dict[str, str] = {
    # 0 and the province's number, century and sex (0-3: people born until 2099), year of birth, six
    # digits: Decree 137/2015/NĐ-CP, article 13, and Circular 59/2021/TT-BCA, article 4.
    "CCCD": (
        rf"{_FROM}0{_PROVINCE}([ .-]?[0-3][0-9]{{2}}[ .-]?[0-9]{{3}}[ .-]?[0-9]{{3}}"
        rf"|[0-3][ .-][0-9]{{4}}[ .-][0-9]{{4}}|[ .-][0-3][ .-][0-9]{{2}}[ .-][0-9]{{6}}){_TO}"
    ),
    # The old card's 9 digits, and 12 of whatever form, only beside the word.
    "CMND": (
        rf"({_IDENTITY}{_UP_TO % 30}[0-9]{{3}}({_SEP}[0-9]{{3}}){{2,3}}{_TO}"
        rf"|{_FROM}[0-9]{{9}}([0-9]{{3}})?[ (,:-]{{1,3}}(?i:CMND|CMT|CCCD))"
    ),
    "passport": rf"(?i:hộ chiếu|passport)[^0-9\n]{{0,20}}[A-Z][0-9]{{7}}{_TO}",
    "phone": (
        rf"((^|[^0-9.,+]|{_MARK})(\(?(\+|00)84\)?[ .-]?(\(0\)|0)?[ .-]?|\(?0){_PHONE}{_TO}"
        rf"|(?i:ĐT|điện thoại|phone|tel|mobile|zalo){_UP_TO % 15}84{_MOBILE}[0-9]{{7}}{_TO})"
    ),
    "e-mail": r"[A-Za-z0-9._%+-]+@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*\.[A-Za-z]{2,}",
    # The group, 1-5 of the benefit, province (or 97-99), and the ten digits of social insurance
    # (Decision 1351/QD-BHXH); since 2021 the card bears those ten alone.
    "BHYT": (
        rf"({_APART}{_INSURED}[ -]?[1-5][ -]?({_PROVINCE}|9[7-9])[ -]?[0-9]{{2}}[ -]?[0-9]{{3}}"
        rf"[ -]?[0-9]{{5}}{_TO}"
        rf"|((?i:BHYT|BHXH)[ :.-]{{0,3}}|(?i:(mã|thẻ|sổ)( số)?{_UP_TO % 8}(BHYT|BHXH|bảo hiểm)"
        rf"|(BHYT|BHXH|bảo hiểm( y tế| xã hội)?|insurance) (số|mã|card|code|no|number))"
        rf"{_UP_TO % 15}){_TEN}{_TO})"
    ),
    # A person's of ten digits begins with 8; those of firms, which are public, with a province's
    # number. Since July 2025 the CCCD is the code (Circular 86/2024/TT-BTC, article 5).
    "tax code": (
        rf"(({_APART}(?i:MST)|(?i:mã số thuế|tax (code|id)))(?i: cá nhân)?{_UP_TO % 15}"
        rf"8[0-9]{{3}}{_SEP}[0-9]{{3}}{_SEP}[0-9]{{3}}{_TO}"
        rf"|(?i:(MST|mã số thuế) cá nhân){_UP_TO % 20}{_TEN}({_SEP}[0-9]{{2,3}})?{_TO})"
    ),
    # "Số tài khoản" is also the number of accounts: nothing but a mark may stand in between.
    "account": (
        rf"(({_APART}(?i:STK|số TK){_UP_TO % 20}|(?i:tài khoản( số| ngân hàng)?)[ :.-]{{0,3}}"
        rf"|(?i:bank account|account (no|number)){_UP_TO % 20}){_ACCOUNT}{_TO}"
        rf"|{_BANK}{_UP_TO % 20}{_LONG_ACCOUNT}{_TO}|{_FROM}{_LONG_ACCOUNT}{_UP_TO % 20}{_BANK}"
        rf"|{_APART}TK[ :.-]{{1,3}}{_LONG_ACCOUNT}{_TO})"
    ),
    "name and birth": (
        rf"({_NAME}[ ,;:(-]{{1,4}}({_DATE}|{_BORN})|{_BORN}[ ,;:(-]{{1,4}}{_NAME})"
    ),
}

# Streets and schools bear people's names: taken off before a name is looked for.
PLACES = (
    r"(?i:đường|phố|cầu|phường|xã|quận|trường|bệnh viện|công viên|chợ|street|road|school|hospital)"
    rf" {_NAMED}{{1,3}}"
)

_SYLLABLE = rf"{_CAPITAL}[^ \t\n\f\r0-9,;:.()/-]*"
_LOWER = f"[a-z{_CAPITAL[4:].lower()}"
# Alone in a cell it is as likely a street's or a ward's: only within a sentence.
_FULL_NAME = (
    rf"(({_SURNAMES})( {_CAPITAL}{_LOWER}*){{2,4}}|({_SURNAMES.upper()})( {_CAPITAL}+){{2,4}})"
)
_BEFORE = f"(^|[^0-9A-Za-z_{_CAPITAL[4:-1]}{_CAPITAL[4:-1].lower()}])"
_ALL_SURNAMES = (  # those too that begin a place's name
    rf"({_SURNAMES}|{_SURNAMES.upper()}"
    r"|Hồ|Hà|Mai|Cao|Lâm|Phùng|Đào|Thái|Châu|La|Triệu|Chu|Tống|Nghiêm|Từ"
    r"|Tăng|Thạch|Kiều|Lưu|Doãn|Diệp|Hứa|Mạc|Tôn|Tôn Nữ|Nông|Lò|Vi"
    r"|Ông|Phí|Khương|Trà|Âu|Văn|Thân)"
)
_TITLE = "(?i:ông|bà|anh|chị|em|cháu|cô|chú|bác|thầy|dì|cậu|quý (ông|bà|cô)|mr|mrs|ms)"
_ROLE = (
    "(?i:họ( và)? tên|(người|cán bộ|nhân viên) [^ 0-9:,]+( [^ 0-9:,]+){0,3}|chủ hộ|hộ|hồ sơ"
    "|đại diện|liên hệ|gặp|cán bộ|giáo viên|bác sĩ|bs|y tá|bệnh nhân|nạn nhân|học sinh|sinh viên"
    "|chủ (tàu|xe|nhà|cơ sở)|đơn của|tên|contact|name)"
)
# Historical persons whose names streets, schools and districts bear.
_EPONYMS = (
    "(?i:Nguyễn (Văn (Linh|Cừ|Trỗi|Thoại|Tạo|Huyên|Siêu|Bỉnh|Quá)|Thị (Minh Khai|Định|Thập)"
    "|Tri Phương"
    "|Hữu (Thọ|Cảnh|Cầu|Huân|Dật)|Công Trứ|Bỉnh Khiêm|Chí Thanh|Đình Chiểu|Lương Bằng|Tất Thành"
    "|Trường Tộ|Thái Học|Thượng Hiền|Phong Sắc)|Lê (Đình Lý|Hồng Phong|Quý Đôn|Thánh Tông|Văn"
    " (Hiến|Duyệt|Sỹ|Lương|Tám)|Thanh Nghị|Đức Thọ|Đại Hành)|Trần (Hưng Đạo|Cao Vân|Quốc Toản"
    "|Quang Khải|Quang Diệu|Bình Trọng|Nhân Tông|Đại Nghĩa|Văn (Thời|Ơn|Kỷ))|Phạm (Văn"
    " (Đồng|Nghị|Hai|Chiêu)|Ngũ Lão|Hồng Thái|Ngọc Thạch|Thế Hiển|Hùng)|Phan (Bội Châu|Chu"
    " Trinh|Châu Trinh|Đình Phùng|Đăng Lưu|Văn (Trị|Hớn))|Võ (Nguyên Giáp|Văn (Kiệt|Tần|Ngân)|Thị"
    " Sáu|Chí Công)|Hoàng (Văn (Thụ|Hoan)|Quốc Việt|Hoa Thám|Diệu)|Huỳnh (Thúc Kháng|Tấn"
    " Phát|Văn Nghệ)|Lý (Thường Kiệt|Thái Tổ|Nam Đế|Tự Trọng|Chính Thắng)|Đinh (Tiên Hoàng|Bộ"
    " Lĩnh)|Trương (Định|Công Định|Vĩnh Ký)|Bùi (Thị Xuân|Hữu Nghĩa|Viện)|Ngô Gia Tự|Tô Vĩnh Diện"
    "|Đặng (Thai Mai|Thùy Trâm|Trần Côn)|Dương Đình Nghệ)"
)
_WAY = "(?i:đường|phố|ngõ|hẻm|kiệt|ngách|khóm|khu|ấp|tổ|thôn|xóm|đại lộ)"
_NOT_PERSONS = (
    r"((?i:đường|phố|cầu|phường|xã|quận|huyện|thị (trấn|xã)|tỉnh|từ|đến|giáp|đoạn|nối"
    r"|(trường )?(thpt|thcs|th|tiểu học|mầm non|mẫu giáo|đại học|cao đẳng)|trường|bệnh viện|chợ"
    r"|công viên|kênh|sông|duong|pho"
    r"|đại lộ|ngõ|hẻm|kiệt|khu dân cư|kdc|nút giao|tượng đài|cảng"
    r"|đền|chùa|lăng|bến|quảng trường|nhà thờ|giải thưởng|công ty|tnhh|street|road|school|hospital)"
    rf"|[0-9]+[A-Za-z]?,?) {_SYLLABLE}( {_SYLLABLE}){{0,3}}"
    rf"|{_SYLLABLE}( {_SYLLABLE}){{1,3}} (đến|tới|nối|giao|giáp|cắt)"
)
_HOUSE = (
    r"((?i:số( nhà)?|nhà( số)?|sn|k)[ .:]{0,2})?[0-9]{1,4}[A-Za-z]?(/[0-9]{1,4}[A-Za-z]?)*"
)
_WARD = rf"(?i:phường|xã|thị trấn|p\.|tt\.|quận|huyện|tp\.?|thành phố) ?({_SYLLABLE}|[0-9])"
_NUMBERED_WARD = rf"(?i:phường|xã|thị trấn|quận)( {_SYLLABLE})* [0-9]{{1,2}},"
_VIA = rf"({_WAY} ?(số )?[0-9]{{0,3}}[A-Z]?[ ,]{{0,2}})"

_STREET = rf"({_SYLLABLE}( {_SYLLABLE}){{0,4}}|[0-9]{{1,2}} Tháng [0-9]{{1,2}})"

INDIRECT: dict[str, str] = {
    "name": (
        rf"({_BEFORE}({_TITLE}|{_ROLE})[ :.,-]{{1,3}}({_TITLE} )?"
        rf"({_ALL_SURNAMES}( {_SYLLABLE}){{1,4}}"
        rf"|{_SYLLABLE}( {_SYLLABLE}){{0,2}} {_ALL_SURNAMES}{_TO})"
        rf"|{_BEFORE}{_FULL_NAME}[ ,:;(-]{{1,3}}{_LOWER}"
        rf"|(^|[ ,;(]){_LOWER}+[ ,:;(-]{{1,3}}{_FULL_NAME})"
    ),
    "address": (
        rf"{_APART}({_HOUSE}[ ,]{{1,3}}({_VIA}+({_STREET})?"
        rf"|{_STREET})[ ,]{{1,3}}{_WARD}"
        rf"|(?i:số( nhà)?|nhà số) [0-9]{{1,4}}[A-Za-z]?(/[0-9]{{1,4}}[A-Za-z]?)*[ ,]{{1,2}}{_VIA}"
        rf"{_SYLLABLE})"
    ),
}
# Taken off before it is looked for.
EXCEPT = {"name": rf"({_EPONYMS}|{_NOT_PERSONS})", "address": _NUMBERED_WARD}

# Cards by their issuers' numbers (Visa, Mastercard, American Express, JCB, UnionPay, NAPAS); the
# last digit must be Luhn's check digit (ISO/IEC 7812-1).
CARD = (
    r"(4[0-9]{3}([ -]?[0-9]{4}){3}([ -]?[0-9]{3})?|5[1-5][0-9]{2}([ -]?[0-9]{4}){3}"
    r"|2[2-7][0-9]{2}([ -]?[0-9]{4}){3}|35[2-8][0-9]([ -]?[0-9]{4}){3}"
    r"|3[47][0-9]{2}[ -]?[0-9]{6}[ -]?[0-9]{5}|(62[0-9]{2}|9704)([ -]?[0-9]{4}){3}([ -]?[0-9]{3})?)"
)
AROUND_CARD = f"{_FROM}{CARD}{_TO}"
KINDS = (*PATTERNS, "card")
SMALL_COUNTS = "expect_small_cells_to_be_withheld"
_QUOTED = re.compile("`[^`]*`|'[^']*'|\"[^\"]*\"")

# Every kind has six digits or an @, but for a year of birth.
_TELLING = "@|([^0-9]*[0-9]){6}|(?i:SN|sinh|born)[^0-9]{0,10}[0-9]{4}"


def kind_of(text: str) -> str | None:
    """Return the first kind of personal data that a text holds, or None."""
    return next(kinds_of(text), None)


def kinds_of(text: str) -> Iterator[str]:
    """Give every kind of personal data that a text holds; what is one kind is no other as well."""
    # Compiled on first use, by `re` itself: 60 ms that most commands do not need.
    folded = _folded(text)
    if not re.search(_TELLING, folded):
        return
    for kind, pattern in PATTERNS.items():
        if re.search(pattern, re.sub(PLACES, "", folded) if kind == "name and birth" else folded):
            yield kind
            folded = re.sub(pattern, " ", folded)
    cards = (re.sub("[^0-9]", "", found.group()) for found in re.finditer(AROUND_CARD, folded))
    if any(map(_luhn, cards)):
        yield "card"


def _folded(text: str) -> str:
    return re.sub(UUID, "", unicodedata.normalize("NFC", text).translate(_FOLD))


def indirect_kinds_of(text: str) -> Iterator[str]:
    """Give what a text holds of `INDIRECT`: names of persons, and addresses."""
    folded = _folded(text)
    for kind, pattern in INDIRECT.items():
        if re.search(pattern, re.sub(EXCEPT[kind], "", folded)):
            yield kind


def _luhn(digits: str) -> bool:
    doubled = [d * 2 - 9 * (d > 4) if i % 2 else d for i, d in enumerate(map(int, digits[::-1]))]
    return sum(doubled) % 10 == 0


@lru_cache(maxsize=10_000)  # a dataset's checks say the same in each of its records
def masked(text: str) -> str:
    """Return a text as it may be shown: unreadable, where it holds personal data.

    A message quotes what a source says: where all that is personal is quoted, the rest stays.
    """
    if kind_of(text) is None:
        return text
    message = _QUOTED.sub(lambda found: _unreadable_if_personal(found.group()), text)
    return message if kind_of(message) is None else _unreadable(text)


def _unreadable_if_personal(text: str) -> str:
    return text if kind_of(text) is None else text[0] + _unreadable(text[1:-1]) + text[-1]


def _unreadable(text: str) -> str:
    return re.sub(r"[^#\s.,:;/+-]", "x", re.sub("[0-9]", "#", text), flags=re.ASCII)


def masked_values(value: Any) -> Any:
    """Return a value with every text in it masked, however deep: texts, lists, mappings."""
    if isinstance(value, str):
        return masked(value)
    if isinstance(value, dict):
        return {masked_values(name): masked_values(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(masked_values(item) for item in value)
    return value


def masked_record(record: QualityRecord) -> QualityRecord:
    """Return a quality record as it may be shown: without personal data in what checks found.

    Where small counts block a release no check shows what it found: samples would disclose the
    table that is not published.
    """
    small = any(c.expectation == SMALL_COUNTS and c.outcome == "failed" for c in record.checks)
    checks = map(_without_findings if small else _masked_check, record.checks)
    blockers = map(_blocker_without_findings if small else _masked_blocker, record.blockers or ())
    return record.model_copy(update={"checks": tuple(checks), "blockers": tuple(blockers) or None})


def _without_findings(check: CheckResult) -> CheckResult:
    return _masked_check(check.model_copy(update={"samples": (), "observed": None}))


def _blocker_without_findings(blocker: ReleaseBlocker) -> ReleaseBlocker:
    unseen = {"observed": None, "expected": None}
    checks = tuple(check.model_copy(update=unseen) for check in blocker.checks)
    return _masked_blocker(blocker.model_copy(update={"checks": checks, "reasons": ()}))


def _masked_blocker(blocker: ReleaseBlocker) -> ReleaseBlocker:
    return ReleaseBlocker.model_validate(masked_values(blocker.model_dump()))


def _masked_check(check: CheckResult) -> CheckResult:
    title = check.title  # drift is named there
    if any(masked(text) != text for text in title.by_language.values()):
        title = title.in_each(masked)
    cause = check.cause and DuplicateCause.model_validate(masked_values(check.cause.model_dump()))
    return check.model_copy(update={
        "title": title, "cause": cause,
        **{name: masked_values(getattr(check, name)) for name in ("observed", "samples", "error")},
    })
