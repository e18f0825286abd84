// @ts-check
/** All rows of a release in pages, sorted and filtered; only the ranges of the file that are needed. */

import { byId, count, element, inWords, number, reporting, settings, text } from "./page.js";
import { Release, isFinal } from "./release.js";

/** @typedef {import("./release.js").Row} Row */

const PAGE = 50; // rows
const FIGURES = ["obs_value", "lower_bound", "upper_bound"];
const NOT_FILTERED = [...FIGURES, "obs_note", "footnotes"];

const query = new URLSearchParams(location.search);
const status = byId("status");
/** @type {Release} */
let release;
/** @type {import("./release.js").Table} */
let file;
/** Columns that were read as a whole, for sorting and filtering.
 * @type {Map<string, any[]>} */
const columns = new Map();
let asked = 0;

const filters = () => [...query].filter(([name, value]) => name.startsWith("f.") && value)
  .map(([name, value]) => [name.slice(2), value]);

/** Read whole columns that are not there yet.
 * @param {string[]} names
 */
async function whole(names) {
  const missing = names.filter((name) => !columns.has(name));
  if (!missing.length) return;
  for (const [name, column] of await file.columns(missing)) columns.set(name, column);
}

/** The numbers of the rows that pass the filters, in the order asked for; null for all as they are.
 * @param {string[][]} wanted
 * @param {string} sort
 * @param {boolean} down
 */
async function order(wanted, sort, down) {
  if (!wanted.length && !sort) return null;
  await whole([...wanted.map(([name]) => name), ...(sort ? [sort] : [])]);
  const tests = wanted.map(([name, value]) => {
    const column = columns.get(name) ?? [];
    return name === "time_period" ? (/** @type {number} */ at) => column[at].startsWith(value) : (/** @type {number} */ at) => column[at] === value;
  });
  const found = [];
  for (let at = 0; at < file.length; at++) if (tests.every((test) => test(at))) found.push(at);
  const column = columns.get(sort);
  if (column) {
    const sign = down ? -1 : 1;
    found.sort((a, b) => { // what is missing comes last
      const [one, other] = [column[a], column[b]];
      if (one === null || other === null) return Number(one === null) - Number(other === null) || a - b;
      return (one < other ? -sign : one > other ? sign : 0) || a - b;
    });
  }
  return found;
}

/** @param {boolean} [keep] */
function update(keep = true) {
  if (keep) history.replaceState(null, "", `?${query}`);
  const question = ++asked;
  status.textContent = text("reading");
  return reporting(status, async () => {
    const [sort, down, page] = [query.get("sort") ?? "", query.get("down") === "1", Number(query.get("page")) || 1];
    const numbers = await order(filters(), release.columns.includes(sort) ? sort : "", down);
    const total = numbers ? numbers.length : file.length;
    const pages = Math.max(1, Math.ceil(total / PAGE));
    const first = (Math.min(page, pages) - 1) * PAGE;
    const shown = Array.from({ length: Math.min(PAGE, total - first) }, (_, at) => first + at);
    const rows = await file.at(numbers ? shown.map((at) => numbers[at]) : shown);
    if (question !== asked) return;
    byId("rows").replaceChildren(...rows.map(line));
    for (const head of byId("head").querySelectorAll("th")) {
      head.ariaSort = head.dataset.column === sort ? (down ? "descending" : "ascending") : "none";
    }
    byId("before").disabled = first === 0;
    byId("after").disabled = first + PAGE >= total;
    byId("page").max = String(pages);
    byId("page").value = String(Math.min(page, pages));
    status.textContent = total ? text("rows_shown", { first: count(first + 1), last: count(first + rows.length), all: count(total) }) : text("nothing");
  });
}

/** The columns that are shown: not those in which every row has the same code. */
const shownColumns = () => release.columns.filter((column) => release.codes(column).length !== 1 || column === "footnotes");

/** @param {Row} row */
function line(row) {
  return element("tr", { className: isFinal(row) ? "" : "not-final" }, ...shownColumns().map((column) => {
    const value = row[column] ?? null;
    if (column === "obs_value") {
      return element("td", { className: "n" }, value === null ? text("none") : element("a", { href: release.figure(row) }, number(value, release.decimals(row.indicator))));
    }
    if (value === null) return element("td", {});
    if (FIGURES.includes(column)) return element("td", { className: "n" }, number(value, release.decimals(row.indicator)));
    const words = column === "time_period" ? inWords(value)
      : column === "footnotes" ? value.split(" ").map((/** @type {string} */ id) => release.name(column, id)).join(" ") : release.name(column, String(value));
    return element("td", { className: column, title: words === value ? "" : String(value) }, element("bdi", {}, words));
  }));
}

/** The heads of the columns, with a filter for those that have codes. */
function heads() {
  byId("head").replaceChildren(...shownColumns().map((column) => {
    const button = element("button", { type: "button", className: "sort", onclick: () => {
      query.set("down", query.get("sort") === column && query.get("down") !== "1" ? "1" : "0");
      query.set("sort", column);
      query.delete("page");
      update();
    } }, release.name(column));
    const head = element("th", { scope: "col", className: FIGURES.includes(column) ? "n" : "" }, button);
    head.dataset.column = column;
    return head;
  }));
  byId("same").textContent = release.columns.filter((column) => !shownColumns().includes(column))
    .map((column) => `${release.name(column)}: ${release.name(column, release.codes(column)[0])}`).join(" · ");
  const filterable = release.columns.filter((column) => !NOT_FILTERED.includes(column) && (column === "time_period" || release.codes(column).length > 1));
  byId("filters").replaceChildren(...filterable.map((column) => {
    const name = `f.${column}`;
    const field = column === "time_period" ? element("input", { id: name, inputMode: "numeric", placeholder: text("starts_with") })
      : element("select", { id: name }, new Option(text("all"), ""), ...release.codes(column).map((code) => new Option(release.name(column, code), code)));
    field.value = query.get(name) ?? "";
    field.addEventListener("change", () => {
      query.set(name, field.value.trim());
      query.delete("page");
      update();
    });
    return element("p", {}, element("label", { htmlFor: name }, release.name(column)), field);
  }));
}

/** @param {number} by */
function turn(by) {
  query.set("page", String((Number(query.get("page")) || 1) + by));
  update();
}

byId("before").addEventListener("click", () => turn(-1));
byId("after").addEventListener("click", () => turn(1));
byId("page").addEventListener("change", () => {
  query.set("page", byId("page").value);
  update();
});
byId("dataset").addEventListener("change", () => location.assign(`?dataset=${byId("dataset").value}`));

reporting(status, async () => {
  if (!query.get("dataset")) {
    status.textContent = text("choose");
    return;
  }
  release = await Release.open(query.get("dataset") ?? "", query.get("release"));
  byId("dataset").value = release.id;
  byId("title").textContent = release.title;
  byId("about").href = `${settings.root}${settings.language}/${release.id}.html`;
  document.title = release.title;
  file = await release.table();
  heads();
  byId("result").hidden = false;
  await update(false);
});
