"""Recall of the checks for personal data on generated Vietnamese records, and false alarms.

`python -m bench.privacy` (or `make bench-privacy`) makes 10,000 records from a seed that nothing
was tuned on, writes each as a publisher might, and says how many are found by kind and form.
With `--files FOLDER` it also reads every column of text of real files there, and lists those in
which something is found.

Names, streets and wards are those of Faker's locale vi_VN, in the Vietnamese order of a name (Faker
itself puts the family name last; one in five is left so). Numbers are made by these rules:

- CCCD: 0 and the province's number, century and sex, year of birth, six digits (Decree
  137/2015/NĐ-CP, article 13; Circular 59/2021/TT-BCA, article 4).
- tax code of a person: ten digits, the first 8, the tenth a check digit by the weights 31, 29, 23,
  19, 17, 13, 7, 5, 3, modulo 11 (Circular 105/2020/TT-BTC, article 5); since July 2025 the CCCD
  (Circular 86/2024/TT-BTC, article 5).
- social insurance: ten digits, the first two the province's number; health insurance: group,
  benefit, province and the same ten (Decision 1351/QĐ-BHXH).
- telephone: mobile prefixes and area codes of Circular 22/2014/TT-BTTTT as renumbered in 2017-2018.
- bank account: as many digits as the bank gives (`BANKS`), beside its name or "STK", "tài khoản".
"""

from __future__ import annotations

import argparse
import random
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from faker import Faker

from model.reference.personal_data import indirect_kinds_of, kinds_of

TUNING_SEED, TEST_SEED = 1, 20261129
PROVINCES = [
    "001", "002", "004", "006", "008", "010", "011", "012", "014", "015", "017", "019", "020",
    "022", "024", "025", "026", "027", "030", "031", "033", "034", "035", "036", "037", "038",
    "040", "042", "044", "045", "046", "048", "049", "051", "052", "054", "056", "058", "060",
    "062", "064", "066", "067", "068", "070", "072", "074", "075", "077", "079", "080", "082",
    "083", "084", "086", "087", "089", "091", "092", "093", "094", "095", "096",
]
MOBILE = "32 33 34 35 36 37 38 39 52 56 58 59 70 76 77 78 79 81 82 83 84 85 86 87 88 89 90 91 93" \
    " 94 96 97 98 99"
LANDLINE = "203 204 205 210 225 226 234 235 236 238 254 256 258 262 269 274 292 297 24 28"
BANKS = {
    "Vietcombank": 10, "VCB": 13, "BIDV": 14, "Agribank": 13, "VietinBank": 12, "Techcombank": 14,
    "MB Bank": 13, "ACB": 9, "Sacombank": 12, "VPBank": 9, "TPBank": 11, "HDBank": 15, "SHB": 10,
}
INSURED = [
    "DN", "HX", "CH", "NN", "TK", "HC", "XK", "HT", "TB", "NO", "CT", "XB", "TN", "CS", "HN",
    "DT", "DK", "XD", "TE", "HS", "SV", "GD",
]
MIDDLE = [
    "Văn", "Thị", "Hữu", "Đức", "Ngọc", "Thanh", "Minh", "Quang", "Xuân", "Thu", "Kim", "Bảo",
    "Gia", "Đình", "Công", "Hoàng",
]

# Half of the sentences are for tuning, the other half only for the test: no pattern saw them.
SENTENCES = {
    "name": (
        "Liên hệ {} để biết thêm chi tiết", "Người cung cấp số liệu: {}", "do ông {} ký ngày 12/3",
        "bà {} xác nhận", "Chủ hộ: {}", "Họ và tên: {}", "{} (hộ nghèo) chưa nhận hỗ trợ",
        "Theo đơn của {}, đã giải quyết", "cháu {} học lớp 5", "Đại diện: {}",
        "Người lập biểu: {}", "hộ {} có 3 khẩu", "anh {} báo đã sửa số", "Bệnh nhân {} ra viện",
        "số liệu của chị {} gửi qua thư", "ghi chú: {} đã chuyển đi nơi khác",
        "hồ sơ {} còn thiếu", "Giáo viên {} nghỉ thai sản", "em {} bỏ học năm 2019",
        "{} là chủ tàu", "Cán bộ phụ trách {}", "nạn nhân {} tử vong",
    ),
    "address": (
        "Địa chỉ: {}", "trú tại {}", "nhà ở {}", "Hộ khẩu thường trú: {}", "{} (đã chuyển)",
        "cư trú tại {} từ 2019", "gửi thư về {}", "đến {} gặp chủ nhà", "ca bệnh ở {}",
        "ĐC {}", "nơi ở hiện nay {}", "cháy tại {} ngày 2/9",
    ),
    "phone": ("Liên hệ {}", "ĐT: {}", "điện thoại {} gặp chị Lan", "hotline {}", "Zalo {}",
              "gọi {} sau 17 giờ", "{}", "số máy {}"),
    "CCCD": ("CCCD: {}", "số căn cước công dân {}", "{}", "chứng minh nhân dân/CCCD số {}",
             "mã định danh {}", "giấy tờ {} cấp năm 2021", "ghi chú {} đã kiểm tra", "(số {})"),
    "tax code": ("MST: {}", "mã số thuế {}", "mã số thuế cá nhân: {}", "MST cá nhân {}",
                 "thuế TNCN, MST {}", "có mã số thuế là {}"),
    "social insurance": ("số BHXH {}", "BHXH: {}", "mã số BHXH: {}", "sổ bảo hiểm xã hội {}",
                         "mã số bảo hiểm xã hội là {}", "bảo hiểm xã hội số {}"),
    "health insurance": ("BHYT: {}", "thẻ {}", "số thẻ BHYT {}", "{}", "thẻ bảo hiểm y tế {}",
                         "mã thẻ {} hết hạn"),
    "bank account": ("STK {}", "số tài khoản {}", "tài khoản: {}", "chuyển khoản vào STK: {}",
                     "TK {}", "tài khoản ngân hàng {}"),
}
STRUCTURED = tuple(kind for kind in SENTENCES if kind not in ("name", "address"))


@dataclass(frozen=True)
class Text:
    """A text with one piece of personal data in it."""

    kind: str
    form: str  # plain, spaced, dotted
    text: str


class Records:
    """Records of persons who do not exist, from a seed."""

    def __init__(self, seed: int, for_test: bool) -> None:
        self.rng = random.Random(seed)  # noqa: S311 the same records on every run
        self.faker = Faker("vi_VN")
        self.faker.seed_instance(seed)
        self.for_test = for_test
        self.made: dict[str, Callable[[], tuple[str, str]]] = {
            "name": lambda: ("plain", self.name()),
            "address": lambda: ("plain", self.address()),
            "phone": self.phone, "CCCD": lambda: self.grouped(self.identity(), (3, 3, 3, 3)),
            "tax code": self.tax_code,
            "social insurance": lambda: self.grouped(self.insurance(), (2, 4, 4)),
            "health insurance": self.health_card, "bank account": self.account,
        }

    def texts(self, records: int) -> Iterator[Text]:
        """Yield for each record one text of every kind."""
        for _ in range(records):
            for kind, make in self.made.items():
                form, value = make()
                mine = SENTENCES[kind][1 if self.for_test else 0::2]
                yield Text(kind, form, self.rng.choice(mine).format(value))

    def digits(self, count: int) -> str:
        """Return so many digits."""
        return "".join(self.rng.choice("0123456789") for _ in range(count))

    def name(self) -> str:
        """Return a name: family, middle and given; one in five as Faker has it, given first."""
        if self.rng.random() < 0.2:
            return self.faker.name()
        middle = self.rng.sample(MIDDLE, self.rng.choice((0, 1, 1, 1, 2)))
        return " ".join([self.faker.last_name(), *middle, self.faker.first_name()])

    def address(self) -> str:
        """Return Faker's address on one line, without the postcode."""
        return self.faker.address().replace("\n", ", ")

    def grouped(self, digits: str, sizes: tuple[int, ...]) -> tuple[str, str]:
        """Return digits plain, spaced or dotted."""
        form = self.rng.choice(("plain", "spaced", "dotted"))
        if form == "plain":
            return form, digits
        parts, at = [], 0
        for size in sizes:
            parts.append(digits[at:at + size])
            at += size
        parts += [digits[at:]] if digits[at:] else []
        return form, (" " if form == "spaced" else ".").join(filter(None, parts))

    def identity(self) -> str:
        """Return the number of an identity card."""
        year = self.rng.randint(1940, 2024)
        sex = self.rng.randint(0, 1) + (2 if year >= 2000 else 0)
        return f"{self.rng.choice(PROVINCES)}{sex}{year % 100:02d}{self.digits(6)}"

    def tax_code(self) -> tuple[str, str]:
        """Return a person's tax code, of ten digits or the CCCD."""
        if self.rng.random() < 0.3:
            return self.grouped(self.identity(), (3, 3, 3, 3))
        while True:
            nine = "8" + self.digits(8)
            weights = (31, 29, 23, 19, 17, 13, 7, 5, 3)
            last = 10 - sum(w * int(d) for w, d in zip(weights, nine, strict=True)) % 11
            if 0 <= last <= 9:
                return self.grouped(f"{nine}{last}", (4, 3, 3))

    def insurance(self) -> str:
        """Return a number of social insurance."""
        return f"{self.rng.choice(PROVINCES)[1:]}{self.digits(8)}"

    def health_card(self) -> tuple[str, str]:
        """Return the number of a health insurance card of 15 characters."""
        parts = (self.rng.choice(INSURED), str(self.rng.randint(1, 5)),
                 self.rng.choice(PROVINCES)[1:], self.insurance())
        form = self.rng.choice(("plain", "spaced", "dotted"))
        if form == "spaced":
            return form, f"{parts[0]} {parts[1]} {parts[2]} {parts[3][:2]} {parts[3][2:5]}" \
                f" {parts[3][5:]}"
        return form, "-".join(parts) if form == "dotted" else "".join(parts)

    def phone(self) -> tuple[str, str]:
        """Return a telephone number, mobile or (one in four) fixed, in a usual grouping."""
        form = self.rng.choice(("plain", "spaced", "dotted"))
        between = {"plain": "", "spaced": " ", "dotted": "."}[form]
        start = self.rng.choice(("0", "0", "0", "+84", "+84 ", "(+84) "))
        if self.rng.random() < 0.25:
            area = self.rng.choice(LANDLINE.split())
            rest = self.digits(8 if len(area) == 2 else 7)
            number = f"({start}{area}){between}{rest}" if start == "0" else f"{start}{area}" \
                f"{between}{rest[:-4]}{between}{rest[-4:]}"
            return form, number
        number = "0" + self.rng.choice(MOBILE.split()) + self.digits(7)
        parts, at = [], 0
        for size in self.rng.choice(((4, 3, 3), (3, 3, 4), (3, 4, 3), (4, 2, 2, 2))):
            parts.append(number[at:at + size])
            at += size
        return form, start + between.join(parts)[1:]

    def account(self) -> tuple[str, str]:
        """Return a bank account, with or without its bank."""
        bank = self.rng.choice(sorted(BANKS))
        form, number = self.grouped(self.rng.choice("123456789") + self.digits(BANKS[bank] - 1),
                                    (4, 4, 4, 4))
        where = self.rng.choice(("", "", f" {bank}", f" tại {bank}", f" ({bank})"))
        return form, number + where


def found(text: Text) -> bool:
    """Say whether the text is found.

    A number must block the release, whichever kind it is taken for ("0230 2702 209" in an account
    is also a telephone); a name or an address must be called that.
    """
    if text.kind in STRUCTURED:
        return any(kinds_of(text.text))
    return text.kind in indirect_kinds_of(text.text)


def recall(seed: int, records: int, for_test: bool) -> tuple[list[str], dict[str, float]]:
    """Return the lines of the table, the recall of each kind, and of it all missed texts.

    Args:
        seed: of the records.
        records: how many; each has one text of every kind.
        for_test: in the sentences that no pattern was written for.
    """
    all_of, found_of, missed = Counter[tuple[str, str]](), Counter[tuple[str, str]](), []
    for text in Records(seed, for_test).texts(records):
        hit = found(text)
        for form in (text.form, "all"):
            all_of[text.kind, form] += 1
            found_of[text.kind, form] += hit
        if not hit:
            missed.append(f"{text.kind}: {text.text}")
    lines = [f"{'kind':18} texts   plain  spaced  dotted     all"]
    shares = {}
    for kind in SENTENCES:
        cells = "  ".join(
            f"{found_of[kind, form] / all_of[kind, form]:6.1%}" if all_of[kind, form] else "     -"
            for form in ("plain", "spaced", "dotted", "all")
        )
        shares[kind] = found_of[kind, "all"] / all_of[kind, "all"]
        lines.append(f"{kind:18} {all_of[kind, 'all']:6} {cells}")
    return [*lines, *random.Random(0).sample(missed, min(len(missed), 40))], shares  # noqa: S311


def main() -> None:
    """Print recall and false alarms."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--records", type=int, default=10_000)
    parser.add_argument("--tuning", action="store_true", help="the seed and sentences for tuning")
    parser.add_argument("--missed", action="store_true", help="show some of what was missed")
    parser.add_argument("--files", type=Path, action="append", default=[], help="real files")
    options = parser.parse_args()
    seed = TUNING_SEED if options.tuning else TEST_SEED
    lines, _ = recall(seed, options.records, not options.tuning)
    print("\n".join(lines if options.missed else lines[:1 + len(SENTENCES)]))
    if options.files:
        from bench.text_columns import false_alarms  # noqa: PLC0415 readers take a second

        false_alarms(options.files)


if __name__ == "__main__":
    main()
