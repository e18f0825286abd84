// @ts-check
/** A dataset's release as the site offers it: what it is, the names of its codes, its figures. */

import { address, describe, isDataset, parseCsv, settings, text } from "./page.js";

/** @typedef {Record<string, any>} Row  A row of the release's Parquet file. */
/** @typedef {{name: string, description: string, unit: string}} Entry */

const AS_A_WHOLE = 4e6; // bytes of JSON, as in pages.py
/** The columns that every dataset may have; the others are its own dimensions. */
const COMMON = ["indicator", "ref_area", "geo_vintage", "freq", "time_period", "obs_value",
  "unit_measure", "lower_bound", "upper_bound", "obs_status", "obs_note", "footnotes"];
/** SDMX's statuses of figures that are expected to be replaced. */
const NOT_FINAL = new Set(["P", "E", "F", "I"]);

/** @param {Row} row */
export const isFinal = (row) => !NOT_FINAL.has(row.obs_status);

/** Text without the marks that turn the direction of writing: a name cannot disguise another.
 * @param {string} words
 */
const plain = (words) => words.replace(/[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/g, "");

/**
 * @typedef {object} Table  The figures of a release, wherever they are read from.
 * @property {number} length  The number of its rows.
 * @property {(indicators: string[]) => Promise<Row[]>} of  The rows of some indicators.
 * @property {(numbers: number[]) => Promise<Row[]>} at  Rows by their numbers.
 * @property {(names: string[]) => Promise<Map<string, any[]>>} columns  Whole columns.
 */

/** Read a release's JSON as a whole: one request, and no reader of Parquet to fetch first.
 * @param {string} url
 * @returns {Promise<Table>}
 */
async function readJson(url) {
  /** @type {Row[]} */
  const rows = (await (await fetch(url)).json()).records;
  return {
    length: rows.length,
    of: async (indicators) => rows.filter((row) => indicators.includes(row.indicator)),
    at: async (numbers) => numbers.map((number) => rows[number]),
    columns: async (names) => new Map(names.map((name) => [name, rows.map((row) => row[name])])),
  };
}

/** Read a Parquet file by ranges.
 * @param {string} url
 * @param {number} [bytes]  Its length; asked of the server where it is not known.
 */
const readParquet = async (url, bytes) => (await import("./parquet.js")).Parquet.open(url, bytes);

/** Begin to read the dictionary and the figures of a dataset's newest release; what goes wrong is
 * for whoever waits for them.
 * @param {string} dataset
 */
function newest(dataset) {
  const file = address(`datasets/${dataset}/${dataset.split("/")[1]}`);
  const begun = { dictionary: fetch(`${file}-dictionary.csv`), table: readJson(`${file}.json`) };
  for (const each of Object.values(begun)) each.catch(() => {});
  return begun;
}

/** One release of a dataset. */
export class Release {
  /** @param {any} state  The site's dataset.json.
   * @param {number} number
   */
  constructor(state, number) {
    this.state = state;
    this.id = state.dataset;
    this.number = number;
    this.record = state.releases.find((/** @type {any} */ each) => each.number === number);
    if (!this.record?.files.length) throw new Error(text("no_release", { number, dataset: this.id }));
    const part = number === state.release ? "" : `releases/${number}/`;
    this.folder = address(`datasets/${this.id}/${part}`);
    /** @type {Map<string, Map<string, Entry>>} column -> code -> names; "" is the column's own */
    this.names = new Map();
    /** @type {Promise<Table> | null} */
    this.opened = null;
    /** @type {{indicators: string, rows: Promise<Row[]>} | null} what was read last */
    this.read = null;
  }

  /** @type {Map<string, Promise<Release>>} what was opened on this page */
  static known = new Map();

  /** Open release `number` of `dataset`, once; the current one without a number.
   * @param {string} dataset
   * @param {string | null} [number]
   * @returns {Promise<Release>}
   */
  static open(dataset, number) {
    const key = `${dataset} ${number ?? ""}`;
    const found = Release.known.get(key) ?? Release.fetched(dataset, number);
    Release.known.set(key, found);
    found.catch(() => Release.known.delete(key)); // asked again, it may answer
    return found;
  }

  /** @param {string} dataset
   * @param {string | null} [number]
   */
  static async fetched(dataset, number) {
    // The addresses of the newest release's files follow from the dataset's: all are asked for at once.
    const begun = !number && isDataset(dataset) && !settings.ranges.includes(dataset) ? newest(dataset) : null;
    const state = await describe(dataset);
    const release = new Release(state, number ? Number(number) : state.release);
    release.opened = begun && begun.table;
    const [dictionary] = await Promise.all([
      begun?.dictionary ?? fetch(release.file("-dictionary.csv")), release.table(),
    ]);
    const [header, ...rows] = parseCsv(await dictionary.text());
    const at = (/** @type {string} */ name) => header.indexOf(name);
    const [name, description] = [at(`name_${settings.language}`), at(`description_${settings.language}`)];
    for (const row of rows) {
      const [column, code] = row;
      if (!release.names.has(column)) release.names.set(column, new Map());
      release.names.get(column)?.set(code, {
        name: plain(row[name] || code || column), description: plain(row[description]), unit: row[at("unit")],
      });
    }
    return release;
  }

  /** The address of a file of this release, by the end of its name.
   * @param {string} end
   */
  file(end) { return this.folder + this.state.name + end; }

  get title() { return plain(this.state.title[settings.language]); }
  get publisher() { return plain(this.state.publisher[settings.language]); }
  get licence() { return plain(this.state.licence[settings.language]); }
  get columns() { return [...this.names.keys()]; }
  get dimensions() { return this.columns.filter((name) => !COMMON.includes(name)); }
  /** The columns that together name a figure. */
  get key() { return ["indicator", "ref_area", "geo_vintage", ...this.dimensions, "freq", "time_period"]; }

  /** The codes that a column's figures have.
   * @param {string} column
   */
  codes(column) { return [...(this.names.get(column)?.keys() ?? [])].filter((code) => code !== ""); }

  /** The name of a column's code, of the column itself without one.
   * @param {string} column
   * @param {string} [code]
   */
  name(column, code = "") { return this.names.get(column)?.get(code)?.name ?? plain(code || column); }

  /** The unit of an indicator, as its code.
   * @param {string} indicator
   */
  unit(indicator) { return this.names.get("indicator")?.get(indicator)?.unit ?? ""; }

  /** How many decimals a figure of an indicator has.
   * @param {string} indicator
   */
  decimals(indicator) {
    return this.state.indicators.find((/** @type {any} */ each) => each.code === indicator)?.decimals ?? 0;
  }

  /** Its figures: its JSON, or its Parquet file where that is large. */
  table() {
    const [json, parquet] = [".json", ".parquet"].map((end) => (
      this.record.files.find((/** @type {any} */ each) => each.name === this.state.name + end)));
    this.opened ??= json?.bytes <= AS_A_WHOLE ? readJson(this.file(".json"))
      : readParquet(this.file(".parquet"), parquet.bytes);
    return this.opened;
  }

  /** The figures of some indicators.
   * @param {string[]} codes
   */
  rows(codes) {
    const indicators = JSON.stringify(codes);
    if (this.read?.indicators !== indicators) {
      this.read = { indicators, rows: this.table().then((table) => table.of(codes)) };
    }
    return this.read.rows;
  }

  /** Where a row's figure stands in the source: its origin, and what all of the release share; null
   * where the site does not say.
   * @param {Row} row
   * @returns {Promise<{origin: Row, about: any} | null>}
   */
  async origin(row) {
    const path = `releases/${this.number}/origins.parquet`;
    const known = await (await fetch(address(`datasets/${this.id}/sha256.json`))).json();
    if (!(path in known)) return null;
    const file = await readParquet(address(`datasets/${this.id}/${path}`));
    const rows = await file.of([row.indicator]);
    const origin = rows.find((each) => this.key.every((name) => (each[name] ?? "") === (row[name] ?? "")));
    const about = file.options.metadata.key_value_metadata
      .find((/** @type {any} */ each) => each.key === "openindicators");
    return origin && about ? { origin, about: JSON.parse(about.value) } : null;
  }

  /** The lasting address of a row's figure: dataset, release, key.
   * @param {Row} row
   */
  figure(row) {
    const query = new URLSearchParams({ dataset: this.id, release: String(this.number) });
    for (const name of this.key) query.set(name, row[name] ?? "");
    return address(`${settings.language}/figure.html?${query}`);
  }
}

// What the address asks for is read while the scripts that show it are still on their way. What goes
// wrong is said by the page's own script, which asks for the same.
const query = new URLSearchParams(location.search);
const dataset = query.get("dataset");
if (dataset) Release.open(dataset, query.get("release")).catch(() => {});
