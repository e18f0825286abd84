"""The checks of a form as formulas: a hidden sheet, row by row beside the one that is filled in.

Three stages follow the pipeline's. What is filled in is read as the connector and cleaning read it;
rows that cannot be read have no part in the checks on rows, nor those that fail these in the
checks on the table. Each stage has the rows' cells again, empty where a row is out.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from expectations.checks.spreadsheet import is_code, quoted
from expectations.suites.expectation import Expectation
from model.records.validation import Severity
from model.reference.periods import MAX_YEAR, MIN_YEAR
from model.util.text import LocalizedText
from pipelines.submissions.form import LABEL_MARK, Column, Form, concerned
from pipelines.submissions.texts import say
from sources.connectors.submission import FIRST_ROW, LISTS, NUMBERS
from sources.formats.workbook.cells import column_letters

ROW = "\0"  # stands for the number of the row in a formula that is made once for all rows
LONGEST = 7_000  # characters of a formula; Excel allows 8,192
BEGUN = "time_period_begun"
NAMES, TITLES = 1, 2  # rows of the hidden sheet


@dataclass(frozen=True)
class Rule:
    """A check in the sheet: its name, words, and the letters of the column that it fills.

    """

    name: str
    title: LocalizedText
    severity: Severity
    columns: tuple[str, ...]
    letters: str


@dataclass
class Lists:
    """The lists of the template, each with a name and its texts, in columns of one sheet."""

    columns: dict[str, Sequence[str]] = field(default_factory=dict)

    def cells(self, name: str, texts: Sequence[str]) -> str:
        """Return the cells of a list of that `name`, which is added with its `texts` if it is new.
        """
        self.columns.setdefault(name, texts)
        letters = column_letters([*self.columns].index(name) + 1)
        return f"{LISTS}!${letters}$2:${letters}${len(texts) + 1}"


@dataclass(frozen=True)
class Stage:
    """The cells of the rows in a stage: a `SheetRow` of the checks' formulas."""

    letters: dict[str, str]
    last_row: int
    lists: Lists

    def cell(self, column: str) -> str:
        """Return the cell of the row."""
        return f"${self.letters[column]}{ROW}"

    def column(self, column: str) -> str:
        """Return the cells of all rows."""
        letters = self.letters[column]
        return f"${letters}${FIRST_ROW}:${letters}${self.last_row}"

    @property
    def numbers(self) -> str:
        """The values of all rows, 0 where there is none."""
        return self.column("")

    def listed(self, texts: Sequence[str]) -> str:
        """Return the cells of a list of these texts."""
        known = [name for name, each in self.lists.columns.items() if list(each) == list(texts)]
        return self.lists.cells(known[0] if known else f"set {len(self.lists.columns)}", texts)


@dataclass
class ChecksSheet:
    """The formulas of a form over so many rows.

    columns: by letters, the name of each column, and its formula, with ROW.
    rules: the checks that are computed here.
    later: those that are not.
    active: the letters of whether a row counts; unmarked: of whether nothing critical is wrong.
    """

    form: Form
    rows: int
    lists: Lists
    columns: dict[str, tuple[str, str]] = field(default_factory=dict)
    rules: list[Rule] = field(default_factory=list)
    later: list[Expectation] = field(default_factory=list)
    active: str = ""
    unmarked: str = ""

    def __post_init__(self) -> None:
        """Write all formulas."""
        self.later = list(self.form.expectations)
        self.active = self._add("active", self._active())
        stage = self._read()
        self._reading_rules(stage)
        self._rules(stage, self.active, lambda item: item.name in self.form.reading_checks)
        readable = self._add("readable", self._none_of(self.active, 0))
        stage, before = self._next(stage, readable), len(self.rules)
        self._rules(
            stage, readable, lambda item: item.level == "row" and item.severity == "critical"
        )
        remaining = self._add("remaining", self._none_of(readable, before))
        stage, before = self._next(stage, remaining), len(self.rules)
        self._rules(stage, remaining, lambda item: True)
        self.unmarked = self._add("unmarked", self._none_of(remaining, before))

    @property
    def last_row(self) -> int:
        """The last row that can be filled in."""
        return FIRST_ROW + self.rows - 1

    def source(self, place: int) -> str:
        """Return the cell of the row that is filled in, in the column at `place`, from 0."""
        name = self.form.sheet.replace("'", "''")
        return f"'{name}'!${column_letters(place + 1)}{ROW}"

    def list_of(self, column: Column) -> tuple[str, str]:
        """Return the cells of the codes of a `column`, and of their labels."""
        name, codes = f"{self.form.sheet}!{column.concept}", column.codes or {}
        return (
            self.lists.cells(name, [*codes]), self.lists.cells(f"{name} label", [*codes.values()])
        )

    def _add(self, name: str, formula: str) -> str:
        letters = column_letters(len(self.columns) + 1)
        self.columns[letters] = (name, formula)
        return letters

    def _active(self) -> str:
        places = [
            place for place, column in enumerate(self.form.columns)
            if self.form.keeps_empty or column.concept == "obs_value"
        ]
        filled = [f'IFERROR({self.source(place)}<>"",TRUE)' for place in places]
        return f"OR({','.join(filled)})"

    def _read(self) -> Stage:
        letters: dict[str, str] = {}
        for concept, code in self.form.constants.items():
            letters[concept] = self._read_cell(concept, quoted(code))
        # The status depends on whether there is a value.
        by_place = sorted(enumerate(self.form.columns), key=lambda x: x[1].concept == "obs_status")
        for place, column in by_place:
            read = f'IFERROR({self._reading(column, self.source(place))},"""#""")'
            if column.concept == "obs_status":
                default = f'IF(${letters["obs_value"]}{ROW}="","O","A")'
                read = f'IF({_any_empty_or_normal(read)},{default},{read})'
            letters[column.concept] = self._read_cell(column.concept, read)
        letters[""] = self._numbers(letters)
        return Stage(letters, self.last_row, self.lists)

    def _read_cell(self, concept: str, formula: str) -> str:
        return self._add(f"read {concept}", f'IF(${self.active}{ROW},{formula},"")')

    def _reading(self, column: Column, cell: str) -> str:
        """Return what the connector reads in a cell: see `sources.connectors.submission`."""
        marked = f'""""&{cell}&""""'
        if column.concept in NUMBERS:
            return f'IF({cell}="","",IF(ISNUMBER({cell}),{cell},{marked}))'
        if column.codes is not None:
            codes, labels = self.list_of(column)
            code = f'LEFT({cell},FIND({quoted(LABEL_MARK)},{cell})-1)'
            return (
                f'IF({cell}="","",IF(SUMPRODUCT(--EXACT({labels},{cell}&""))>0,{code},'
                f'IF(SUMPRODUCT(--EXACT({codes},{cell}&""))>0,{cell}&"",{marked})))'
            )
        if column.concept == "obs_note":
            return f'IF(TRIM({cell})="","",{cell}&"")'
        return f'{cell}&""' if column.concept == "time_period" else f"TRIM({cell})"

    def _numbers(self, letters: dict[str, str]) -> str:
        value = f"${letters['obs_value']}{ROW}"
        return self._add("number", f"IF(ISNUMBER({value}),{value},0)")

    def _next(self, stage: Stage, kept: str) -> Stage:
        """Return the cells of the rows that are `kept`."""
        letters = {
            concept: self._add(f"kept {concept}", f'IF(${kept}{ROW},{stage.cell(concept)},"")')
            for concept in stage.letters if concept
        }
        letters[""] = self._numbers(letters)
        return Stage(letters, self.last_row, self.lists)

    def _reading_rules(self, stage: Stage) -> None:
        for column in self.form.columns:
            cell = stage.cell(column.concept)
            if column.concept in NUMBERS:
                self._rule(f"{column.concept}_number", say("is_number", column=column.title),
                           column.concept, f'AND(ISTEXT({cell}),{cell}<>"")')
            if column.concept == "time_period":
                self._rule(BEGUN, say("has_begun"), column.concept, self._unbegun(stage))

    def _rule(self, name: str, title: LocalizedText, column: str, formula: str) -> None:
        letters = self._add(name, f"IF(${self.active}{ROW},{formula},FALSE)")
        self.rules.append(Rule(name, title, "critical", (column,), letters))

    def _unbegun(self, stage: Stage) -> str:
        """Return the formula of a period that is no day of the calendar, or lies in the future."""
        dataset, cell = self.form.bound.dataset, stage.cell("time_period")
        year = f"VALUE(LEFT({cell},4))"
        first = _begins(dataset.frequency, cell, year)
        no_day = f"DAY({first})<>VALUE(RIGHT({cell},2))" if dataset.frequency == "D" else "FALSE"
        planned = [is_code(stage.cell("obs_status"), "F")]
        planned += [is_code(stage.cell("indicator"), x) for x in sorted(dataset.projections)]
        # Excel takes the years up to 1899 for such since 1900.
        future = f"IF({year}<1900,FALSE,AND({first}>TODAY(),NOT(OR({','.join(planned)}))))"
        within = f"IFERROR(AND({year}>={MIN_YEAR},{year}<={MAX_YEAR}),TRUE)"
        return f"IF({within},IFERROR(OR({no_day},{future}),FALSE),TRUE)"

    def _rules(self, stage: Stage, kept: str, wanted: Callable[[Expectation], bool]) -> None:
        """Add the expectations of a stage that a formula can say, over the rows that are `kept`."""
        for item in [item for item in self.later if wanted(item)]:
            formula = self._formula(item, stage)
            if formula is None or len(formula) > LONGEST:
                continue
            self.later.remove(item)
            if formula == "FALSE":  # nobody can break it here
                continue
            letters = self._add(item.name, f"IF(${kept}{ROW},{formula},FALSE)")
            self.rules.append(
                Rule(item.name, item.title, item.severity, concerned(item), letters)
            )

    def _formula(self, item: Expectation, stage: Stage) -> str | None:
        if item.relations:
            return None
        try:
            return item.check.formula(stage)
        except KeyError:  # a column that is not filled in
            return None

    def _none_of(self, kept: str, since: int) -> str:
        """Return that a row is `kept`, and fails no critical rule of those `since` a number."""
        failed = [f"${rule.letters}{ROW}" for rule in self.rules[since:]
                  if rule.severity == "critical"]
        return f"AND(${kept}{ROW},NOT(OR({','.join(failed) or 'FALSE'})))"

    def reasons(self, sheet: str) -> Iterator[tuple[Rule, str]]:
        """Yield each rule with the cell, on the `sheet` of these formulas, that says if it fails.
        """
        for rule in self.rules:
            yield rule, f"'{sheet}'!${rule.letters}{ROW}"


def _any_empty_or_normal(cell: str) -> str:
    """Return the condition that a status is not given, or says that the figure is a normal one."""
    return f'OR({cell}="",EXACT({cell},"A"))'


def _begins(frequency: str, cell: str, year: str) -> str:
    """Return the day on which the period of a `cell` begins, in a `year`; see `periods.begins`."""
    last = f"VALUE(RIGHT({cell},1))"
    new_year = f"DATE({year},1,4)"
    return {
        "A": f"DATE({year},1,1)",
        "S": f"DATE({year},6*{last}-5,1)",
        "Q": f"DATE({year},3*{last}-2,1)",
        "M": f"DATE({year},VALUE(RIGHT({cell},2)),1)",
        "W": f"{new_year}-WEEKDAY({new_year},3)+7*VALUE(RIGHT({cell},2))-7",
        "D": f"DATE({year},VALUE(MID({cell},6,2)),VALUE(RIGHT({cell},2)))",
        "YTD": f"DATE({year},VALUE(MID({cell},13,LEN({cell})-13)),1)",
    }[frequency]
