// @ts-check
/** What a reader takes away: the figures as CSV, the chart as a picture, how to cite both. */

import { LIGHT } from "./draw.js";
import { day, element, plainNumber, save, text } from "./page.js";

/** @typedef {import("./selection.js").Series} Series */

const FIGURES = ["obs_value", "lower_bound", "upper_bound"];

/** Lists of cells as CSV (RFC 4180); a cell is quoted where it must be.
 * @param {string[][]} rows
 */
export const toCsv = (rows) => rows.map((row) => row.map((cell) => (
  /[",\r\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell)).join(",")).join("\r\n") + "\r\n";

/** The columns of a download: codes, names, or each code with its name after it.
 * @param {string[]} columns
 * @param {"codes" | "labels" | "both"} words
 */
const withNames = (columns, words) => columns.flatMap((column) => (
  words === "codes" ? [{ column, named: false }] : words === "labels" ? [{ column, named: true }]
    : [{ column, named: false }, { column, named: true }]));

/** The chosen figures, one in a row, with the columns of the release.
 * @param {Series[]} all
 * @param {"codes" | "labels" | "both"} words
 */
export function long(all, words) {
  const columns = [...new Set(all.flatMap((each) => each.release.columns))];
  const plain = ["time_period", ...FIGURES, "obs_note"];
  const header = columns.flatMap((column) => (
    plain.includes(column) ? [{ column, named: false }] : withNames([column], words)));
  const rows = all.flatMap((each) => each.points.map(({ row }) => header.map(({ column, named }) => {
    const value = row[column] ?? null;
    if (FIGURES.includes(column)) return plainNumber(value);
    if (value === null) return "";
    return named ? each.release.name(column, value) : String(value);
  })));
  const titles = header.map(({ column, named }) => (
    named && words === "both" ? `${column}_label` : named ? all[0].release.name(column) : column));
  return toCsv([titles, ...rows]);
}

/** The chosen figures with a row for each series and a column for each period.
 * @param {Series[]} all
 * @param {"codes" | "labels" | "both"} words
 */
export function wide(all, words) {
  const columns = [...new Set(all.flatMap((each) => Object.keys(each.codes))), "unit_measure"];
  const periods = [...new Set(all.flatMap((each) => each.points.map(({ row }) => row.time_period)))].sort();
  const header = withNames(columns, words);
  const rows = all.map((each) => {
    const values = new Map(each.points.map(({ row, value }) => [row.time_period, plainNumber(value)]));
    const code = (/** @type {string} */ column) => (column === "unit_measure" ? each.unit : each.codes[column] ?? "");
    return [
      ...header.map(({ column, named }) => (named && code(column) ? each.release.name(column, code(column)) : code(column))),
      ...periods.map((period) => values.get(period) ?? ""),
    ];
  });
  const titles = header.map(({ column, named }) => (
    named && words === "both" ? `${column}_label` : named ? all[0].release.name(column) : column));
  return toCsv([[...titles, ...periods], ...rows]);
}

/** How to cite what is shown, in three notations.
 * @param {import("./release.js").Release} release
 * @param {string} url
 * @returns {Record<"plain" | "bibtex" | "ris", string>}
 */
export function citations(release, url) {
  const issued = release.record.issued.slice(0, 10);
  const year = issued.slice(0, 4);
  const name = document.querySelector(".brand strong, meta[property='og:site_name']")?.textContent ?? "";
  const edition = text("release_number", { number: release.number });
  const today = new Date().toISOString().slice(0, 10);
  const brace = (/** @type {string} */ words) => words.replace(/[\\{}]/g, "").replace(/([&%#_$])/g, "\\$1");
  return {
    plain: `${release.publisher}. ${release.title}. ${edition}, ${day(issued)}. ${name}. ${release.licence}. ${url} (${text("accessed")} ${day(today)}).`,
    bibtex: [
      `@misc{${release.id.replace(/\W/g, "_")}_${release.number},`,
      `  author = {{${brace(release.publisher)}}},`,
      `  title = {${brace(release.title)}},`,
      `  edition = {${brace(edition)}},`,
      `  year = {${year}},`,
      `  publisher = {${brace(name)}},`,
      `  note = {${brace(release.licence)}},`,
      `  url = {${url}},`,
      `  urldate = {${today}}`,
      "}",
    ].join("\n"),
    ris: [
      "TY  - DATA", `AU  - ${release.publisher}`, `TI  - ${release.title}`, `ET  - ${edition}`,
      `PY  - ${year}`, `DA  - ${issued.replaceAll("-", "/")}`, `PB  - ${name}`, `C1  - ${release.licence}`,
      `UR  - ${url}`, `Y2  - ${today.replaceAll("-", "/")}`, "ER  - ",
    ].join("\r\n"),
  };
}

const SVG = "http://www.w3.org/2000/svg";
const FONT = 'system-ui, "Segoe UI", Roboto, "Noto Sans", Arial, sans-serif';

/** A picture of its own: title, charts, source and address, on white.
 * @param {{title: string, subtitle: string, source: string, url: string}} words
 * @param {{x: number, y: number, title?: string, chart: SVGSVGElement}[]} charts
 * @param {number} width
 * @param {number} height  Of the charts together.
 * @returns {SVGSVGElement}
 */
export function picture(words, charts, width, height) {
  const make = (/** @type {string} */ name, /** @type {Record<string, string | number>} */ attributes, content = "") => {
    const made = document.createElementNS(SVG, name);
    for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, String(value));
    made.textContent = content;
    return made;
  };
  const total = height + 132;
  const made = /** @type {SVGSVGElement} */ (make("svg", {
    xmlns: SVG, width, height: total, viewBox: `0 0 ${width} ${total}`, "font-family": FONT, fill: LIGHT.soft, "font-size": 13,
  }));
  made.append(
    make("rect", { width, height: total, fill: LIGHT.paper }),
    make("text", { x: 16, y: 32, "font-size": 20, "font-weight": 600, fill: LIGHT.ink }, words.title),
    make("text", { x: 16, y: 54 }, words.subtitle),
    make("text", { x: 16, y: total - 34 }, words.source),
    make("text", { x: 16, y: total - 14, "font-size": 11 }, words.url),
  );
  for (const { x, y, title, chart } of charts) {
    const copy = /** @type {SVGSVGElement} */ (chart.cloneNode(true));
    for (const tip of copy.querySelectorAll("[aria-label=tip], style")) tip.remove();
    copy.setAttribute("x", String(x));
    copy.setAttribute("y", String(y + 68));
    copy.setAttribute("color", LIGHT.soft);
    made.append(copy);
    if (title) made.append(make("text", { x: x + 16, y: y + 66, "font-weight": 600, fill: LIGHT.ink }, title));
  }
  return made;
}

/** Save a picture as SVG, or as PNG in twice its size.
 * @param {SVGSVGElement} drawing
 * @param {string} name
 * @param {"svg" | "png"} format
 */
export async function savePicture(drawing, name, format) {
  const source = new XMLSerializer().serializeToString(drawing);
  const blob = new Blob([source], { type: "image/svg+xml;charset=utf-8" });
  if (format === "svg") return save(blob, `${name}.svg`);
  const url = URL.createObjectURL(blob);
  const image = new Image();
  image.src = url;
  await image.decode();
  const canvas = element("canvas", { width: 2 * image.width, height: 2 * image.height });
  canvas.getContext("2d").drawImage(image, 0, 0, canvas.width, canvas.height);
  URL.revokeObjectURL(url);
  /** @type {Blob} */
  const png = await new Promise((resolve) => canvas.toBlob(resolve, "image/png"));
  return save(png, `${name}.png`);
}
