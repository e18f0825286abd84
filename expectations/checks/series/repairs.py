"""Values that would fit their series after one mistake was undone: a power of ten, two digits."""

from expectations.checks.base import SeriesCheck
from expectations.checks.prefilter import MayFind, any_series, having
from expectations.checks.sql import DIGIT, beyond_counting, points

# Student's t with 3 degrees of freedom for what is usual in a series, after Lange, Little and
# Taylor, Robust statistical modeling using the t distribution (JASA 84, 1989): large deviations are
# far more frequent than by the normal distribution.
_DEGREES = 3


def _logarithm(deviations: str) -> str:
    """Return SQL of minus the logarithm of the density so many usual deviations away."""
    return f"{(_DEGREES + 1) / 2} * ln(1 + pow({deviations}, 2) / {_DEGREES})"


class SeriesRepairs(SeriesCheck):
    """A value far off that would fit with its decimal point elsewhere or two digits exchanged.

    Tried are 10, 100, 1,000 and 1,000,000 times as much or less, and neighbouring digits. Expected
    is what lies between its neighbours, which are alike; of the last value what follows from the
    one before, and no digits are exchanged. Usual is the median of how far the series' values are
    from that. The value is `least` usual deviations off, and a quarter, in a series whose highest
    value is twice the lowest; repaired, at most `fits`. It is `odds` times as likely (Student's t
    with 3 degrees of freedom) as the value as it stands, for each repair that was tried. Not where
    a share `shared` of the indicator's series is off in the same period, where the last value
    returns to the level before the last, nor small counts (`deviations` of a Poisson count). A
    suggestion: nothing is changed.
    """

    type = "expect_series_values_to_fit_as_written"
    vi = (
        "không giá trị nào sẽ khớp với chuỗi hơn hẳn nếu nhân hay chia cho 10, 100, 1.000 hoặc"
        " 1.000.000, hoặc nếu đổi chỗ hai chữ số cạnh nhau"
    )
    en = (
        "no value would fit its series far better if multiplied or divided by 10, 100, 1,000 or"
        " 1,000,000, or with two neighbouring digits exchanged"
    )
    severity = "warning"
    automatic = "series_fit_as_written"
    frequencies = ("A", "S")  # of months the season would have to be known

    min_periods: int = 8
    least: float = 8
    fits: float = 2.5
    odds: float = 1000
    back: float = 0.25
    shared: float = 0.1
    deviations: float = 8

    def candidate(self) -> str:
        # Of series that span less no steps are known before the query (`runner.prefilter`).
        return f"n_positive >= {self.min_periods} AND positive AND high >= 2 * low_positive"

    def may_find(self) -> MayFind:
        far = f"greatest(ln(1.25), {self.least} * greatest(0.005, 1.4826 * list_median(bend)))"
        return any_series(f"{self.candidate()} AND greatest(bend[1], last_step) >= 0.999 * {far}")

    def query(self) -> str:
        # Slices as functions: of `[:i]` SQLAlchemy would make a parameter in an exported suite.
        better = f"{_logarithm('d / usual')} - {_logarithm('left_over / usual')}"
        return f"""
WITH point AS ({points(self.series, self.frequency, also=", indicator")}),
candidate AS ({having(self.candidate(), f", {DIGIT}")}),
near AS (
  SELECT *, lag(v) OVER past AS v0, lag(v, 2) OVER past AS v00, lead(v) OVER past AS v2,
    t - lag(t) OVER past <= 2 AND coalesce(lead(t) OVER past - t <= 2, true) AS beside,
    lag(period) OVER past AS reference
  FROM point JOIN candidate USING (series) WHERE v > 0
  WINDOW past AS (PARTITION BY series ORDER BY t)
),
habit AS (
  SELECT series, median(ln(v / v0)) AS mid, count(*) AS periods,
    greatest(0.005, 1.4826 * median(abs(ln(v) - (ln(v0) + ln(v2)) / 2))) AS usual
  FROM near GROUP BY series
),
off AS (
  SELECT *, CASE WHEN v2 IS NULL THEN v0 * exp(mid) ELSE sqrt(v0 * v2) END AS expected,
    ln(v / expected) AS d
  FROM near JOIN habit USING (series) WHERE beside
),
far AS (
  SELECT *, count(*) OVER (PARTITION BY indicator, t) AS together FROM off
  WHERE abs(d) >= greatest(ln(1.25), {self.least} * usual)
),
beside AS (
  SELECT indicator, t, count(*) AS present FROM point
  SEMI JOIN (SELECT DISTINCT indicator, t FROM far) USING (indicator, t) GROUP BY indicator, t
),
tried AS (
  SELECT *, -round(d / ln(10)) AS power, round(v / nullif(digit, 0))::BIGINT::VARCHAR AS digits,
    CASE WHEN v2 IS NOT NULL AND v / nullif(digit, 0) < 1e15 THEN list_transform(
      range(1, length(digits)), lambda i: (left(digits, i - 1) || digits[i + 1] || digits[i]
        || substr(digits, i + 2))::BIGINT / round(1 / digit)
    ) END AS exchanged
  FROM far JOIN beside USING (indicator, t)
  WHERE (together < 3 OR together < {self.shared} * present)
    AND CASE WHEN v2 IS NULL THEN abs(ln(v / v00)) > {self.back} * abs(d)
        ELSE abs(ln(v2 / v0)) <= {self.back} * abs(d) END
    AND {beyond_counting("v", "expected", self.deviations)}
),
repaired AS (
  SELECT *, CASE WHEN abs(power) IN (1, 2, 3, 6) THEN abs(d + power * ln(10)) END AS by_power,
    list_min(list_transform(list_filter(exchanged, lambda x: x > 0),
      lambda x: abs(ln(x / expected)))) AS by_digits,
    least(by_power, by_digits) AS left_over
  FROM tried
)
SELECT _id, v AS observed, expected, exp(d) AS factor, reference, periods,
  CASE WHEN left_over = by_power THEN pow(10, power) END AS multiplied_by,
  CASE WHEN left_over IS DISTINCT FROM by_power THEN list_filter(exchanged,
    lambda x: x > 0 AND abs(ln(CASE WHEN x > 0 THEN x END / expected)) = by_digits)[1]
  END AS digits_exchanged
FROM repaired WHERE left_over <= {self.fits} * usual
  AND {better} >= ln({self.odds} * (8 + coalesce(len(exchanged), 0)))"""
