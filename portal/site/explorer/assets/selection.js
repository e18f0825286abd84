// @ts-check
/** What is chosen: from the page's address and back, and the series of figures that it means. */

import { moment, settings, step } from "./page.js";
import { Release, isFinal } from "./release.js";

/** @typedef {import("./release.js").Row} Row */
/** @typedef {{row: Row, at: number, value: number, final: boolean, joined: boolean}} Point */
/**
 * @typedef {object} Series  Figures of one indicator, area, borders and breakdown.
 * @property {string} label
 * @property {Release} release
 * @property {string} unit
 * @property {Record<string, string>} codes  By column.
 * @property {Point[]} points
 */

export const CHARTS = ["line", "bar", "rank", "map", "multiples", "pivot"];
const MOST_AREAS = 5; // drawn unless others are chosen
const TOTAL = "_T"; // SDMX's code of a total

/** The choice of figures; every part of it stands in the address. */
export class Selection {
  /** @param {URLSearchParams} query */
  constructor(query) {
    const list = (/** @type {string} */ name) => query.get(name)?.split(",").filter(Boolean) ?? [];
    this.dataset = query.get("dataset") ?? "";
    this.release = query.get("release");
    this.indicators = list("indicator");
    this.areas = list("area"); // as chosen; none means the usual ones, see `shownAreas`
    /** @type {string[]} */
    this.shownAreas = [];
    this.from = query.get("from") ?? "";
    this.to = query.get("to") ?? "";
    this.freq = query.get("freq") ?? "";
    this.chart = CHARTS.includes(query.get("chart") ?? "") ? String(query.get("chart")) : "line";
    this.rows = query.get("rows") ?? "time_period"; // of the pivot table
    this.second = query.get("with") ?? ""; // a second dataset
    this.secondIndicators = list("with_indicator");
    /** @type {Record<string, string[]>} codes of the dataset's own dimensions */
    this.where = {};
    for (const name of query.keys()) if (name.startsWith("d.")) this.where[name.slice(2)] = list(name);
  }

  /** The choice as a query; without defaults of the first look. */
  get query() {
    const query = new URLSearchParams({ dataset: this.dataset });
    const put = (/** @type {string} */ name, /** @type {string} */ value) => value && query.set(name, value);
    put("release", this.release ?? "");
    put("indicator", this.indicators.join(","));
    put("area", this.areas.join(","));
    for (const [name, codes] of Object.entries(this.where)) put(`d.${name}`, codes.join(","));
    put("freq", this.freq);
    put("from", this.from);
    put("to", this.to);
    put("with", this.second);
    put("with_indicator", this.secondIndicators.join(","));
    query.set("chart", this.chart);
    if (this.chart === "pivot") query.set("rows", this.rows);
    return query.toString().replaceAll("%2C", ",").replaceAll("%2F", "/");
  }

  /** Drop what the release does not have, and fill in what was not chosen.
   * @param {Release} release
   */
  async complete(release) {
    const known = (/** @type {string[]} */ codes, /** @type {string} */ column) => {
      const all = new Set(release.codes(column));
      return codes.filter((code) => all.has(code));
    };
    this.indicators = known(this.indicators, "indicator");
    const declared = release.state.chart ?? { indicator: "", areas: [], where: {} };
    if (!this.indicators.length) this.indicators = known([declared.indicator], "indicator");
    if (!this.indicators.length) this.indicators = release.codes("indicator").slice(0, 1);
    const rows = (await release.rows(this.indicators)).filter((row) => row.obs_value !== null);
    this.freq = known([this.freq], "freq")[0] ?? mostFrequent(rows, "freq");
    this.areas = known(this.areas, "ref_area");
    const used = byFrequency(rows, "ref_area");
    const home = settings.home.filter((code) => used.includes(code));
    // What the city lies in would dwarf it, or stand in a ranking or a map beside its parts.
    const around = home[0] === settings.home[0] && used.length > 2 && !within(rows, home) ? home.slice(1) : [];
    const drawn = declared.areas.filter((/** @type {string} */ code) => used.includes(code));
    const parts = used.filter((code) => !release.state.area_groups.includes(code)); // regions have no rank among provinces
    const compared = ["rank", "map"].includes(this.chart);
    const usual = compared && parts.length > 1 ? parts
      : drawn.length && !compared ? drawn : [...new Set([...home, ...used])].filter((code) => !around.includes(code));
    const broken = release.dimensions.some((name) => this.where[name]?.length > 1);
    const most = compared ? Infinity : broken ? 1 : MOST_AREAS;
    this.shownAreas = this.areas.length ? this.areas : usual.slice(0, most);
    for (const name of release.dimensions) {
      this.where[name] = known(this.where[name] ?? [], name);
      const codes = byFrequency(rows, name);
      if (!this.where[name].length) this.where[name] = known([declared.where[name]], name);
      if (!this.where[name].length) this.where[name] = codes.includes(TOTAL) ? [TOTAL] : codes.slice(0, 1);
    }
    for (const name of Object.keys(this.where)) if (!release.dimensions.includes(name)) delete this.where[name];
  }

  /** The rows of `release` that are chosen.
   * @param {Release} release
   * @param {string[]} indicators
   */
  async chosen(release, indicators) {
    const [first, last] = [this.from && moment(this.from), this.to && moment(this.to)];
    return (await release.rows(indicators)).filter((row) => {
      const at = moment(row.time_period);
      return row.freq === this.freq && this.shownAreas.includes(row.ref_area)
        && (first === "" || at >= first) && (last === "" || at <= last)
        && release.dimensions.every((name) => (this.where[name] ?? [TOTAL]).includes(row[name]));
    });
  }

  /** The chosen rows as series, in the order of the choice.
   * @param {Release} release
   * @param {Release | null} second
   * @returns {Promise<Series[]>}
   */
  async series(release, second) {
    const found = series(release, await this.chosen(release, this.indicators), this.shownAreas);
    if (second) {
      found.push(...series(second, await this.chosen(second, this.secondIndicators), this.shownAreas));
    }
    return labelled(found);
  }
}

/** Whether the city's figures and those of what it lies in are of one size, as rates are.
 * @param {Row[]} rows
 * @param {string[]} home
 */
function within(rows, home) {
  const largest = (/** @type {string} */ area) => Math.max(...rows.filter((row) => row.ref_area === area).map((row) => Math.abs(row.obs_value)));
  return home.slice(1).every((area) => largest(area) < 4 * largest(home[0]));
}

/** The codes of a column, those of most rows first.
 * @param {Row[]} rows
 * @param {string} column
 */
function byFrequency(rows, column) {
  /** @type {Map<string, number>} */
  const counts = new Map();
  for (const row of rows) counts.set(row[column], (counts.get(row[column]) ?? 0) + 1);
  return [...counts.keys()].sort((a, b) => Number(counts.get(b)) - Number(counts.get(a)) || (a < b ? -1 : 1));
}

/** @param {Row[]} rows
 * @param {string} column
 */
const mostFrequent = (rows, column) => byFrequency(rows, column)[0] ?? "";

/** Group rows into series; one never goes on over other borders, a gap or a break.
 * @param {Release} release
 * @param {Row[]} rows
 * @param {string[]} areas
 * @returns {Series[]}
 */
function series(release, rows, areas) {
  const columns = release.key.filter((name) => name !== "time_period");
  /** @type {Map<string, Series>} */
  const found = new Map();
  const ordered = [...rows].sort((a, b) => moment(a.time_period) - moment(b.time_period));
  for (const row of ordered) {
    if (row.obs_value === null) continue;
    const key = JSON.stringify(columns.map((name) => row[name]));
    if (!found.has(key)) {
      const codes = Object.fromEntries(columns.map((name) => [name, row[name]]));
      found.set(key, { label: "", release, unit: row.unit_measure, codes, points: [] });
    }
    const points = /** @type {Series} */ (found.get(key)).points;
    const at = moment(row.time_period);
    const before = points[points.length - 1];
    const joined = Boolean(before) && row.obs_status !== "B" && at - before.at < 1.5 * step(row.time_period);
    points.push({ row, at, value: row.obs_value, final: isFinal(row), joined });
  }
  return [...found.values()].sort((a, b) => areas.indexOf(a.codes.ref_area) - areas.indexOf(b.codes.ref_area));
}

/** Name each series by what distinguishes it from the others.
 * @param {Series[]} all
 */
function labelled(all) {
  const twoDatasets = new Set(all.map((each) => each.release.id)).size > 1;
  const varies = (/** @type {string} */ column) => new Set(all.map((each) => each.codes[column] ?? "")).size > 1;
  const columns = [...new Set(all.flatMap((each) => Object.keys(each.codes)))]
    .filter((column) => column !== "geo_vintage" && column !== "freq" && varies(column));
  for (const each of all) {
    const parts = columns.filter((column) => each.codes[column]).map((column) => each.release.name(column, each.codes[column]));
    if (twoDatasets && !columns.includes("indicator")) parts.push(each.release.title);
    each.label = parts.join(" · ") || each.release.name("ref_area", each.codes.ref_area);
  }
  const labels = all.map((each) => each.label);
  for (const each of all) { // the same place within other borders is another series
    if (labels.indexOf(each.label) === labels.lastIndexOf(each.label)) continue;
    each.label += ` (${each.release.name("geo_vintage", each.codes.geo_vintage)})`;
  }
  return all;
}
