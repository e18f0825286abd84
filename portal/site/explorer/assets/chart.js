// @ts-check
/** The chart of a selection with its legend, notes and table, on the explorer's and the embed page. */

import { LABELLED, MOST_LINES, barPeriods, bars, borderDay, lastPeriod, lines, multiples, pagePalette, ranking } from "./draw.js";
import { column as alike, day, element, inWords, moment, settings, text } from "./page.js";
import { Release } from "./release.js";
import { Selection } from "./selection.js";

/** @typedef {import("./selection.js").Series} Series */
/** @typedef {import("./draw.js").Palette} Palette */
/** @typedef {{selection: Selection, release: Release, second: Release | null, series: Series[]}} Shown */

/** Read what the address says, and the figures that it means.
 * @param {Selection} selection
 * @returns {Promise<Shown>}
 */
export async function read(selection) {
  const [release, second] = await Promise.all([
    Release.open(selection.dataset, selection.release), selection.second ? Release.open(selection.second) : null,
  ]);
  await selection.complete(release);
  if (second) {
    const unit = release.unit(selection.indicators[0]);
    const alike = second.codes("indicator").filter((code) => second.unit(code) === unit);
    selection.secondIndicators = selection.secondIndicators.filter((code) => alike.includes(code));
    if (!selection.secondIndicators.length) selection.secondIndicators = alike.slice(0, 1);
  }
  return { selection, release, second, series: await selection.series(release, second) };
}

/** What a chart is called: its indicators.
 * @param {Shown} shown
 */
export function title({ selection, release, second }) {
  const names = selection.indicators.map((code) => release.name("indicator", code));
  if (second) names.push(...selection.secondIndicators.map((code) => second.name("indicator", code)));
  return [...new Set(names)].slice(0, 3).join("; ") + (names.length > 3 ? " …" : "");
}

/** What stands below the title: units, and what all series have in common.
 * @param {Shown} shown
 */
export function subtitle({ selection, release, series }) {
  const units = [...new Set(series.map((each) => each.release.name("unit_measure", each.unit)))];
  const fixed = release.dimensions.filter((name) => selection.where[name]?.length === 1)
    .map((name) => `${release.name(name)}: ${release.name(name, selection.where[name][0])}`);
  const area = selection.shownAreas.length === 1 ? [release.name("ref_area", selection.shownAreas[0])] : [];
  const period = selection.chart === "rank" || selection.chart === "map" ? [inWords(lastPeriod(series) ?? "")] : [];
  return [`${text("unit")}: ${units.join(", ")}`, ...area, ...fixed, ...period].join(" · ");
}

/** What a picture and an embedded chart say of their figures, in a line.
 * @param {Series[]} all
 */
export function sourceLine(all) {
  const releases = [...new Set(all.map((each) => each.release))];
  return releases.map((release) => [
    `${text("source")}: ${release.publisher}`, text("release_number", { number: release.number }),
    day(release.record.issued), release.licence,
  ].join(" · ")).join("; ");
}

/** The periods that the series have, in words.
 * @param {Series[]} all
 */
export function span(all) {
  const points = all.flatMap((each) => each.points).sort((a, b) => a.at - b.at);
  if (!points.length) return "";
  const [first, last] = [inWords(points[0].row.time_period), inWords(points[points.length - 1].row.time_period)];
  return first === last ? first : `${first} – ${last}`;
}

/** Draw the selection: its charts, each with its place in a picture.
 * @param {Shown} shown
 * @param {number} width
 * @param {Palette} palette
 * @returns {Promise<{x: number, y: number, title?: string, chart: SVGSVGElement}[]>}
 */
export async function draw({ selection, series }, width, palette) {
  const options = { width, palette };
  const drawn = series.slice(0, selection.chart === "rank" || selection.chart === "map" ? undefined : MOST_LINES);
  const units = new Set(drawn.map((each) => each.unit));
  if (selection.chart === "multiples" || (units.size > 1 && selection.chart !== "map")) {
    const small = multiples(drawn, options);
    const columns = Math.max(1, Math.min(4, Math.floor(width / 230)));
    return small.map(({ title: name, chart }, index) => ({
      x: (index % columns) * Math.floor(width / columns), y: Math.floor(index / columns) * 200 + 10, title: name, chart,
    }));
  }
  const chart = selection.chart === "bar" ? bars(drawn, options)
    : selection.chart === "rank" ? ranking(drawn, options)
      : selection.chart === "map" ? await (await import("./map.js")).map(drawn, options) : lines(drawn, options);
  return [{ x: 0, y: 0, chart }];
}

/** Put the chart with its legend and its notes into `place`, if it is still wanted once it is drawn.
 * @param {Shown} shown
 * @param {HTMLElement} place
 * @param {() => boolean} [wanted]
 */
export async function show(shown, place, wanted = () => true) {
  const { selection, series } = shown;
  if (!series.length) return place.replaceChildren(element("p", { className: "notice" }, text("nothing")));
  const said = notes(shown).map((note) => element("p", { className: "hint" }, note));
  if (selection.chart === "pivot") return place.replaceChildren(...said);
  const palette = pagePalette();
  const width = Math.max(300, place.clientWidth);
  const drawn = await draw(shown, width, palette);
  if (!wanted()) return undefined;
  const words = `${title(shown)}. ${text("table_below")}`;
  for (const { chart } of drawn) {
    chart.setAttribute("role", "img");
    // Plot names its marks so, which a group without a role may not be.
    for (const mark of chart.querySelectorAll("g[aria-label]")) {
      mark.setAttribute("data-mark", String(mark.getAttribute("aria-label")));
      mark.removeAttribute("aria-label");
    }
    chart.setAttribute("aria-label", words);
  }
  if (drawn[0].title !== undefined) {
    place.replaceChildren(element("div", { className: "multiples" }, ...drawn.map((each) => (
      element("figure", {}, element("figcaption", {}, each.title ?? ""), each.chart)))));
  } else {
    place.replaceChildren(drawn[0].chart);
    const named = selection.chart === "line" && width >= LABELLED; // beside the lines
    if (!named && ["line", "bar"].includes(selection.chart)) place.append(legend(series.slice(0, MOST_LINES), palette));
  }
  place.append(...said);
  return undefined;
}

/** @param {Series[]} series
 * @param {Palette} palette
 */
function legend(series, palette) {
  return element("ul", { className: "legend" }, ...series.map((each, index) => {
    const swatch = element("span", { className: "swatch", ariaHidden: "true" });
    swatch.style.background = palette.colours[index % palette.colours.length];
    return element("li", {}, swatch, element("bdi", {}, each.label));
  }));
}

/** What must be known to read the chart.
 * @param {Shown} shown
 */
function notes({ selection, series }) {
  const found = [];
  const points = series.flatMap((each) => each.points);
  if (points.some((point) => !point.final)) found.push(text("not_final"));
  if (points.some(({ row }) => row.obs_status === "B")) found.push(text("breaks"));
  const onePeriod = selection.chart === "rank" || selection.chart === "map";
  if (!onePeriod && borderDay(series) !== null && settings.borders) {
    found.push(text("borders", { day: day(settings.borders.day) }));
  }
  if (selection.chart === "map") {
    found.push(text(series.some((each) => each.codes.geo_vintage.startsWith("VN:")) ? "tiles" : "atlas"));
  }
  const most = onePeriod || selection.chart === "pivot" ? Infinity : MOST_LINES;
  if (series.length > most) found.push(text("only_some", { shown: most, all: series.length }));
  if (selection.chart === "bar") {
    const { drawn, count } = barPeriods(series.slice(0, MOST_LINES));
    if (drawn.length < count) found.push(text("only_newest", { shown: drawn.length, all: count }));
  }
  return found;
}

/** The figures as a table: a row for each period, or for each series with the periods as columns.
 * @param {Shown} shown
 * @param {string} rows  `time_period`, or the column by whose codes the rows are sorted.
 */
export function table({ series }, rows) {
  const byPeriod = rows === "time_period";
  const periods = [...new Set(series.flatMap((each) => each.points.map(({ row }) => row.time_period)))]
    .sort((a, b) => moment(b) - moment(a));
  const points = new Map(series.map((each) => [each, new Map(each.points.map((point) => [point.row.time_period, point]))]));
  /** @type {Map<string, number[]>} values by indicator: all of one are written alike */
  const values = new Map();
  for (const { value, row: { indicator } } of series.flatMap((each) => each.points)) {
    const known = values.get(indicator);
    if (known) known.push(value);
    else values.set(indicator, [value]);
  }
  const write = new Map([...values].map(([indicator, known]) => {
    const from = series.find((each) => each.codes.indicator === indicator)?.release;
    return [indicator, alike(known, from?.decimals(indicator) ?? 0)];
  }));
  const cell = (/** @type {Series} */ each, /** @type {string} */ period) => {
    const point = points.get(each)?.get(period);
    if (!point) return element("td", { className: "n" }, "–");
    const { row: { obs_status: status } } = point;
    const link = element("a", { href: each.release.figure(point.row) }, String(write.get(point.row.indicator)?.(point.value)));
    if (status && status !== "A") link.title = each.release.name("obs_status", status);
    return element("td", { className: point.final ? "n" : "n not-final" }, link);
  };
  const column = (/** @type {string} */ name) => element("th", { scope: "col", className: "n" }, name);
  const corner = element("th", { scope: "col" }, series[0]?.release.name(rows) ?? "");
  const line = (/** @type {string} */ name, /** @type {Node[]} */ cells) => element("tr", {}, element("th", { scope: "row" }, name), ...cells);
  const first = (/** @type {Series} */ each) => each.release.name(rows, each.codes[rows] ?? "");
  const order = series.map(first);
  const head = byPeriod ? series.map((each) => column(each.label)) : periods.map((period) => column(inWords(period)));
  const body = byPeriod ? periods.map((period) => line(inWords(period), series.map((each) => cell(each, period))))
    : [...series].sort((a, b) => order.indexOf(first(a)) - order.indexOf(first(b))).map((each) => {
      const others = each.label.split(" · ").filter((part) => part !== first(each));
      return line([first(each), ...others].join(" · "), periods.map((period) => cell(each, period)));
    });
  return element("table", {}, element("thead", {}, element("tr", {}, corner, ...head)), element("tbody", {}, ...body));
}
