// @ts-check
/** Charts of series, drawn with Observable Plot: lines, bars, ranking, small multiples. */

import { column, inWords, moment, number, settings, short, step, text } from "./page.js";

/** @typedef {import("./selection.js").Series} Series */
/** @typedef {import("./selection.js").Point} Point */
/** @typedef {{colours: string[], ink: string, soft: string, line: string, paper: string}} Palette */
/** @typedef {Point & {series: Series, colour: string}} Mark */

const { Plot, d3 } = /** @type {any} */ (globalThis);

export const MOST_LINES = 12;
const MOST_BARS = 60;
export const LABELLED = 640; // pixels from which on names stand beside the lines
const SMALL = 200; // pixels: a lower chart has no room for words
const LABEL_WIDTH = 170; // beside the lines
const DECLARED = { className: "explorer-plot" }; // a fixed name: the security policy knows its style

/** The palette of a picture that is saved, whatever the page's. */
export const LIGHT = {
  colours: ["#0b5563", "#b3401f", "#8a6100", "#6a3f8f", "#2f6f37", "#4d6073", "#9c2f63", "#1f5fa8"],
  ink: "#16282d", soft: "#51636a", line: "#e6ecec", paper: "#ffffff",
};

/** The page's own colours, light or dark.
 * @returns {Palette}
 */
export function pagePalette() {
  const style = getComputedStyle(document.documentElement);
  const of = (/** @type {string} */ name, /** @type {string} */ usual) => style.getPropertyValue(name).trim() || usual;
  return {
    colours: LIGHT.colours.map((colour, index) => of(`--chart-${index}`, colour)),
    ink: of("--ink", LIGHT.ink), soft: of("--soft", LIGHT.soft),
    line: of("--line", LIGHT.line), paper: of("--paper", LIGHT.paper),
  };
}

/** The words on a mark: whose, when, how much, what of it is not final.
 * @param {Mark | {series: Series} & Point} mark
 */
export function words({ series, row, value }) {
  const status = row.obs_status && row.obs_status !== "A" ? ` (${series.release.name("obs_status", row.obs_status)})` : "";
  const unit = series.release.name("unit_measure", series.unit);
  const figure = number(value, series.release.decimals(row.indicator));
  return `${series.label}\n${inWords(row.time_period)}: ${figure} ${unit}${status}`;
}

/** The day on which borders changed, if the series are of areas of that list and reach over it.
 * @param {Series[]} all
 */
export function borderDay(all) {
  const borders = settings.borders;
  if (!borders) return null;
  const points = all.filter((each) => each.codes.geo_vintage.startsWith(borders.list)).flatMap((each) => each.points);
  const day = moment(borders.day);
  // A month's end by twelfths is days away from the day's place by 366ths.
  const reaches = points.some(({ at, row }) => at >= day || at + step(row.time_period) > day + 0.01);
  return reaches && points.some((point) => point.at < day) ? day : null;
}

/** Runs of points that a line joins; a run to a figure that is not final is dashed.
 * @param {Mark[]} marks  Of one series, in order.
 */
function runs(marks) {
  /** @type {(Mark & {run: string, dashed: boolean})[]} */
  const found = [];
  marks.forEach((mark, index) => {
    const before = marks[index - 1];
    if (!mark.joined || !before) return;
    const last = found[found.length - 1];
    const dashed = !mark.final;
    const goesOn = last && last.row === before.row && last.dashed === dashed;
    const run = goesOn ? last.run : `${mark.series.label}#${index}`;
    if (!goesOn) found.push({ ...before, run, dashed });
    found.push({ ...mark, run, dashed });
  });
  return found;
}

/** @param {Series[]} all
 * @param {Palette} palette
 * @returns {Mark[]}
 */
const marksOf = (all, palette) => all.flatMap((series, index) => series.points.map((point) => (
  { ...point, series, colour: palette.colours[index % palette.colours.length] })));

/** What every chart shares.
 * @param {number} width
 * @param {number} height
 * @param {Palette} palette
 */
const frame = (width, height, palette) => ({
  ...DECLARED, width, height, marginTop: 18, marginRight: 16, marginBottom: 30,
  style: { fontSize: "12.5px", color: palette.soft, background: "none", fontFamily: "inherit" },
});

/** Room for the longest number on the axis of these values.
 * @param {number[]} values
 */
const room = (values) => 22 + 7 * Math.max(...d3.ticks(Math.min(0, ...values), Math.max(...values), 8)
  .concat(d3.ticks(Math.min(...values), Math.max(...values), 8)).map((/** @type {number} */ tick) => short(tick).length));

/** The time axis: years, or, where these say little, as many periods as have room.
 *
 * The newest is named first, then the oldest: they say what the chart spans.
 * @param {Mark[]} marks
 * @param {[number, number]} span  Of the axis, in years.
 * @param {[number, number]} sides  Its ends, in pixels.
 * @param {number} width
 */
function timeAxis(marks, span, sides, width) {
  const periods = new Map(marks.map((mark) => [mark.at, mark.row.time_period]));
  const order = [...periods.keys()].sort((a, b) => a - b);
  const [first, last] = [order[0], order[order.length - 1]];
  if (last - first >= 3 || order.every(Number.isInteger)) {
    return [Plot.axisX({ label: null, ticks: width / 90, tickFormat: (/** @type {number} */ year) => (Number.isInteger(year) ? String(year) : "") })];
  }
  const x = d3.scaleLinear(span, sides);
  /** @type {{at: number, left: number, right: number, anchor: string}[]} */
  const named = [];
  for (const at of new Set([last, ...order])) {
    const [text, place] = [7 * inWords(periods.get(at) ?? "").length, x(at)];
    const anchor = place < text / 2 ? "start" : place > width - text / 2 ? "end" : "middle";
    const left = place - { start: 0, middle: text / 2, end: text }[anchor];
    if (named.every((each) => left + text + 10 <= each.left || each.right + 10 <= left)) {
      named.push({ at, left, right: left + text, anchor });
    }
  }
  return ["start", "middle", "end"].map((textAnchor) => Plot.axisX(
    named.filter(({ anchor }) => anchor === textAnchor).map(({ at }) => at),
    { label: null, textAnchor, tickFormat: (/** @type {number} */ at) => inWords(periods.get(at) ?? "") },
  ));
}

/** A chart of lines.
 * @param {Series[]} all
 * @param {{width: number, height?: number, palette: Palette, labels?: boolean, domain?: [number, number]}} options
 * @returns {SVGSVGElement}
 */
export function lines(all, { width, height = 420, palette, labels = width >= LABELLED, domain }) {
  const marks = marksOf(all, palette);
  const drawn = all.flatMap((each) => runs(marks.filter((mark) => mark.series === each)));
  const day = borderDay(all);
  const values = marks.map((mark) => mark.value);
  const from = Math.min(...values), to = Math.max(...values);
  const near = from >= 0 && from < 0.6 * to;
  const line = { x: "at", y: "value", z: "run", stroke: "colour", strokeWidth: 2.2, strokeLinejoin: "round" };
  const breaks = marks.filter((mark) => mark.row.obs_status === "B");
  const options = { ...frame(width, height, palette), marginLeft: room(values), marginRight: labels ? LABEL_WIDTH : 16 };
  const moments = marks.map((mark) => mark.at).concat(day ?? []);
  /** @type {[number, number]} */
  const span = [Math.min(...moments), Math.max(...moments)];
  const chart = Plot.plot({
    ...options,
    x: { domain: span, nice: false },
    y: { label: null, tickFormat: short, ticks: height / 60, nice: true, zero: near, ...(domain ? { domain, nice: false } : {}) },
    marks: [
      ...timeAxis(marks, span, [options.marginLeft, width - options.marginRight], width),
      Plot.gridY({ stroke: palette.line, strokeOpacity: 1 }),
      from < 0 ? Plot.ruleY([0], { stroke: palette.soft }) : null,
      ...(day === null ? [] : [
        Plot.ruleX([day], { stroke: palette.ink, strokeDasharray: "2 3" }),
        height < SMALL ? null : Plot.text([text("borders_short")], { x: () => day, frameAnchor: "top-right", textAnchor: "end", dx: -5, dy: 2, fill: palette.ink }),
      ]),
      ...(marks.some((mark) => mark.row.lower_bound != null) ? [
        Plot.areaY(drawn, { x: "at", y1: (/** @type {Mark} */ m) => m.row.lower_bound, y2: (/** @type {Mark} */ m) => m.row.upper_bound, z: "run", fill: "colour", fillOpacity: 0.15 }),
      ] : []),
      Plot.line(drawn.filter((mark) => !mark.dashed), line),
      Plot.line(drawn.filter((mark) => mark.dashed), { ...line, strokeDasharray: "5 4" }),
      Plot.dot(marks, { x: "at", y: "value", r: marks.length > 200 || height < SMALL ? 1.6 : 3, stroke: "colour", strokeWidth: 1.6,
        fill: (/** @type {Mark} */ mark) => (mark.final ? mark.colour : palette.paper) }),
      Plot.text(breaks, { x: "at", y: "value", text: () => "≠", dy: -12, fill: palette.ink }),
      Plot.tip(marks, Plot.pointer({ x: "at", y: "value", title: words, fill: palette.paper, stroke: palette.line, textColor: palette.ink })),
    ],
    color: { type: "identity" },
  });
  if (labels) label(chart, all, palette, options.marginTop);
  return chart;
}

/** Write each series' name beside the end of its line, none above another.
 * @param {any} chart
 * @param {Series[]} all
 * @param {Palette} palette
 * @param {number} top
 */
function label(chart, all, palette, top) {
  const [x, y] = [chart.scale("x"), chart.scale("y")];
  const ends = all.map((series, index) => ({ series, index, last: series.points[series.points.length - 1] }))
    .filter((end) => end.last).map((end) => ({ ...end, at: y.apply(end.last.value) }))
    .sort((a, b) => a.at - b.at);
  let free = top;
  for (const end of ends) free = (end.at = Math.max(end.at, free)) + 16;
  let limit = y.range[0] + 8;
  for (const end of [...ends].reverse()) limit = (end.at = Math.min(end.at, limit)) - 16;
  for (const { series, index, at } of ends) {
    const name = document.createElementNS("http://www.w3.org/2000/svg", "text");
    name.setAttribute("x", String(x.range[1] + 9));
    name.setAttribute("y", String(at + 4));
    name.setAttribute("fill", palette.colours[index % palette.colours.length]);
    name.setAttribute("font-weight", "600");
    name.setAttribute("text-anchor", "start");
    name.textContent = series.label.length > 21 ? `${series.label.slice(0, 20)}…` : series.label;
    chart.append(name);
  }
}

/** The periods that bars are drawn of: the newest, in order, and how many there are.
 * @param {Series[]} all
 */
export function barPeriods(all) {
  const periods = [...new Set(all.flatMap((each) => each.points.map(({ row }) => row.time_period)))]
    .sort((a, b) => moment(a) - moment(b));
  return { drawn: periods.slice(-Math.max(2, Math.floor(MOST_BARS / all.length))), count: periods.length };
}

/** Bars by period, those of the series beside each other.
 * @param {Series[]} all
 * @param {{width: number, palette: Palette}} options
 * @returns {SVGSVGElement}
 */
export function bars(all, { width, palette }) {
  const marks = marksOf(all, palette);
  const periods = barPeriods(all).drawn;
  const shown = marks.filter((mark) => periods.includes(mark.row.time_period));
  const longest = Math.max(...periods.map((iso) => inWords(iso).length));
  const broken = longest > 12; // into lines, as "6 tháng đầu năm 2023"
  // Half of the last name stands beside its bar.
  const margins = { marginLeft: room(shown.map((mark) => mark.value)), ...(broken ? { marginRight: 38, marginBottom: 64 } : { marginRight: Math.max(16, 3.6 * longest) }) };
  const each = broken ? 92 : Math.max(50, 7 * longest + 10);
  const every = Math.ceil(periods.length * each / (width - margins.marginLeft - margins.marginRight));
  const position = (/** @type {Mark} */ mark) => mark.series.label;
  return Plot.plot({
    ...frame(width, 420, palette), ...margins,
    fx: { domain: periods, label: null, padding: 0, axis: null },
    x: { axis: null, domain: all.map((each) => each.label), paddingInner: 0.05, paddingOuter: 0.15 * all.length + 0.1 },
    y: { label: null, tickFormat: short, ticks: 7, nice: true },
    color: { type: "identity" },
    marks: [
      Plot.gridY({ stroke: palette.line, strokeOpacity: 1 }),
      Plot.barY(shown, { fx: (/** @type {Mark} */ m) => m.row.time_period, x: position, y: "value", fill: "colour",
        fillOpacity: (/** @type {Mark} */ mark) => (mark.final ? 1 : 0.35), title: words, tip: { fill: palette.paper, textColor: palette.ink } }),
      Plot.axisFx({ anchor: "bottom", label: null, lineWidth: 6,
        tickFormat: (/** @type {string} */ iso) => ((periods.length - 1 - periods.indexOf(iso)) % every === 0 ? inWords(iso) : "") }),
      Plot.ruleY([0], { stroke: palette.soft }),
    ],
  });
}

/** The last common period of the series: the newest that most of them have.
 * @param {Series[]} all
 */
export function lastPeriod(all) {
  /** @type {Map<string, number>} */
  const counts = new Map();
  for (const each of all) for (const { row } of each.points) counts.set(row.time_period, (counts.get(row.time_period) ?? 0) + 1);
  const most = Math.max(...counts.values());
  return [...counts.keys()].filter((iso) => Number(counts.get(iso)) >= most / 2)
    .sort((a, b) => moment(b) - moment(a))[0];
}

/** Bars of one period, the longest first.
 * @param {Series[]} all
 * @param {{width: number, palette: Palette}} options
 * @returns {SVGSVGElement}
 */
export function ranking(all, { width, palette }) {
  const period = lastPeriod(all);
  const marks = marksOf(all, palette).filter((mark) => mark.row.time_period === period)
    .sort((a, b) => b.value - a.value);
  const names = marks.map((mark) => mark.series.label);
  const longest = Math.min(Math.max(...names.map((name) => name.length)) * 7 + 12, width * 0.4);
  const decimals = marks.map((mark) => mark.series.release.decimals(mark.row.indicator));
  const write = column(marks.map((mark) => mark.value), Math.max(0, ...decimals));
  const home = (/** @type {Mark} */ mark) => settings.home[0] === mark.series.codes.ref_area;
  return Plot.plot({
    ...frame(width, 40 + marks.length * 26, palette), marginLeft: longest, marginRight: 90,
    x: { axis: null, nice: true, zero: true }, y: { label: null, domain: names, tickSize: 0 },
    color: { type: "identity" },
    marks: [
      Plot.axisY({ label: null, tickSize: 0, lineWidth: longest / 13, fill: palette.ink, textOverflow: "ellipsis-end" }),
      Plot.barX(marks, { x: "value", y: (/** @type {Mark} */ m) => m.series.label, fill: (/** @type {Mark} */ m) => palette.colours[home(m) ? 1 : 0],
        fillOpacity: (/** @type {Mark} */ mark) => (mark.final ? 1 : 0.35), inset: 3, title: words }),
      Plot.text(marks, { x: "value", y: (/** @type {Mark} */ m) => m.series.label, text: (/** @type {Mark} */ m) => write(m.value),
        textAnchor: "start", dx: 6, fill: palette.ink }),
      Plot.ruleX([0], { stroke: palette.soft }),
    ],
  });
}

/** One small chart for each series, all on the same scale.
 * @param {Series[]} all
 * @param {{width: number, palette: Palette}} options
 * @returns {{title: string, chart: SVGSVGElement}[]}
 */
export function multiples(all, { width, palette }) {
  const columns = Math.max(1, Math.min(4, Math.floor(width / 230)));
  /** @type {Map<string, number[]>} values by unit: other units have scales of their own */
  const byUnit = new Map();
  for (const each of all) byUnit.set(each.unit, [...(byUnit.get(each.unit) ?? []), ...each.points.map((point) => point.value)]);
  return all.map((each, index) => {
    const values = /** @type {number[]} */ (byUnit.get(each.unit));
    /** @type {[number, number]} */
    const domain = [Math.min(0, ...values), Math.max(0, ...values)];
    const colour = palette.colours[index % palette.colours.length];
    const chart = lines([each], {
      width: Math.floor(width / columns) - 12, height: 170, labels: false, domain,
      palette: { ...palette, colours: [colour] },
    });
    return { title: each.label, chart };
  });
}
