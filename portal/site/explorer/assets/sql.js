// @ts-check
/** SQL over the datasets: DuckDB is fetched from the site when a query is run, not before. */

import { DuckDb, NULL } from "./duckdb.js";
import { address, byId, count, describe, element, parseCsv, reporting, save, settings, text } from "./page.js";

const MOST_ROWS = 1000; // on the page; the download has all

const status = byId("status");
/** @type {DuckDb | null} */
let engine = null;
/** @type {Set<string>} */
const views = new Set();
let result = "";

/** Make a view of every dataset that the query names: sector.dataset.
 * @param {DuckDb} duckdb
 * @param {string} sql
 */
async function prepare(duckdb, sql) {
  const known = new Set([...byId("dataset").options].map((/** @type {any} */ option) => option.value));
  for (const [, schema, name] of sql.matchAll(/\b([a-z]\w*)"?\."?([a-z]\w*)\b/g)) {
    const dataset = `${schema}/${name}`;
    if (!known.has(dataset) || views.has(dataset)) continue;
    const state = await describe(dataset);
    await duckdb.view(schema, name, address(`datasets/${dataset}/${state.name}.parquet`));
    views.add(dataset);
  }
}

async function run() {
  const sql = byId("query").value;
  history.replaceState(null, "", `?${new URLSearchParams({ dataset: byId("dataset").value, sql })}`);
  byId("run").disabled = true;
  status.classList.remove("notice");
  status.textContent = text(engine ? "running" : "loading");
  await reporting(status, async () => {
    const { duckdb_worker: worker, duckdb_module: module } = settings.libraries;
    engine ??= await new DuckDb(address(worker), address(module)).open();
    await prepare(engine, sql);
    const started = performance.now();
    result = await engine.csv(sql);
    const milliseconds = performance.now() - started;
    const [head, ...rows] = parseCsv(result);
    const numeric = head.map((_, column) => rows.every((row) => row[column] === NULL || /^-?[\d.]+(e[+-]?\d+)?$/.test(row[column])));
    const cell = (/** @type {string} */ words, /** @type {number} */ column) => element("td", { className: numeric[column] ? "n" : "" },
      words === NULL ? element("span", { className: "none" }, "NULL") : element("bdi", {}, words));
    byId("head").replaceChildren(...head.map((name, column) => element("th", { scope: "col", className: numeric[column] ? "n" : "" }, name)));
    byId("rows").replaceChildren(...rows.slice(0, MOST_ROWS).map((row) => element("tr", {}, ...row.map(cell))));
    byId("result").hidden = false;
    status.textContent = text("sql_done", { rows: count(rows.length), shown: count(Math.min(rows.length, MOST_ROWS)), milliseconds: count(Math.round(milliseconds)) });
  });
  byId("run").disabled = false;
}

/** The query that a dataset begins with. */
function usual() {
  const dataset = byId("dataset").value;
  if (dataset) byId("query").value = `SELECT ref_area, time_period, obs_value, unit_measure, obs_status\nFROM ${dataset.replace("/", ".")}\nORDER BY time_period DESC, ref_area\nLIMIT 20`;
}

const query = new URLSearchParams(location.search);
if (query.get("dataset")) byId("dataset").value = query.get("dataset");
if (query.get("sql")) byId("query").value = query.get("sql");
else usual();
byId("dataset").addEventListener("change", usual);
byId("run").addEventListener("click", run);
byId("query").addEventListener("keydown", (/** @type {KeyboardEvent} */ event) => {
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) run();
});
byId("save_csv").addEventListener("click", () => save(result.replaceAll(NULL, ""), "query.csv"));
status.textContent = text("sql_ready");
