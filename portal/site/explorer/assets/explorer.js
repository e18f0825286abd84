// @ts-check
/** The explorer: choose figures, look at them, take them away. The address holds the choice. */

import { draw, read, show, sourceLine, span, subtitle, table, title } from "./chart.js";
import { LIGHT } from "./draw.js";
import { byId, count, element, inWords, moment, pause, reporting, save, settings, shown as addressOf, text } from "./page.js";
import { CHARTS, Selection } from "./selection.js";

/** @typedef {import("./chart.js").Shown} Shown */

const PICTURE = 960; // pixels

let selection = new Selection(new URLSearchParams(location.search));
/** @type {Shown | null} */
let current = null;
/** What was asked for last: an answer to an earlier question is dropped. */
let asked = 0;

const status = byId("status");
/** What few readers need is fetched, and filled in, when it is opened. */
const takeAway = () => import("./take_away.js");

/** Take over a change of the choice: address, figures, page.
 * @param {boolean} [keep]  Whether the browser's history gets an entry of its own.
 */
function update(keep = true) {
  if (keep) history.pushState(null, "", `?${selection.query}`);
  const question = ++asked;
  status.classList.remove("notice");
  if (!selection.dataset) {
    byId("result").hidden = true;
    status.textContent = text("choose");
    return Promise.resolve();
  }
  status.textContent = text("reading");
  return reporting(status, async () => {
    const shown = await read(selection);
    if (question !== asked) return;
    current = shown;
    fillChoices(shown);
    byId("result").hidden = false;
    await pause();
    await render(shown, () => question === asked);
    if (question !== asked) return;
    status.textContent = text("drawn", { series: count(shown.series.length), span: span(shown.series) });
  });
}

/** Show the chart, and what is said of it; nothing more once another is asked for.
 * @param {Shown} shown
 * @param {() => boolean} wanted
 */
async function render(shown, wanted) {
  byId("title").textContent = title(shown);
  byId("subtitle").textContent = subtitle(shown);
  byId("source").textContent = sourceLine(shown.series.length ? shown.series : []);
  await show(shown, byId("chart"), wanted);
  await pause();
  if (!wanted()) return;
  const pivot = shown.selection.chart === "pivot";
  byId("pivot").hidden = !pivot;
  for (const id of ["save_svg", "save_png"]) byId(id).disabled = pivot || !shown.series.length;
  byId("figures").open = pivot || byId("figures").open;
  fillTable();
  document.title = `${title(shown)} · ${text("explorer")}`;
  const { release } = shown;
  byId("about").href = `${settings.root}${settings.language}/${release.id}.html`;
  byId("to_table").href = addressOf("table.html", `dataset=${release.id}`);
  byId("to_sql").href = addressOf("sql.html", `dataset=${release.id}`);
  const frame = addressOf("embed.html", shown.selection.query);
  byId("embed_code").value = `<iframe src="${frame.replaceAll("&", "&amp;")}" title="${title(shown).replaceAll("&", "&amp;").replaceAll('"', "&quot;")}" width="100%" height="560" loading="lazy"></iframe>`;
  await fillCitations();
}

/** Fill the table of the figures, where it is open. */
function fillTable() {
  if (!current || !byId("figures").open) return;
  const { chart, rows } = current.selection;
  byId("table").replaceChildren(table(current, chart === "pivot" ? rows : "time_period"));
}

/** Fill in how to cite what is shown, where that is open. */
async function fillCitations() {
  if (!current || !byId("cite").open) return;
  const { citations } = await takeAway();
  const fixed = new Selection(new URLSearchParams(current.selection.query));
  fixed.release = String(current.release.number);
  const said = citations(current.release, addressOf("explorer.html", fixed.query));
  for (const [name, words] of Object.entries(said)) byId(`cite_${name}`).value = words;
}

/** Fill the form with what the release offers, and mark what is chosen.
 * @param {Shown} shown
 */
function fillChoices({ release, second, selection: chosen }) {
  byId("dataset").value = release.id;
  boxes("indicators", release.codes("indicator").map((code) => [code, release.name("indicator", code)]), chosen.indicators, (codes) => {
    selection.indicators = codes;
  });
  boxes("areas", release.codes("ref_area").map((code) => [code, release.name("ref_area", code)]), chosen.shownAreas, (codes) => {
    selection.areas = codes;
  });
  byId("dimensions").replaceChildren(...release.dimensions.map((name) => {
    const place = element("details", { open: true }, element("summary", {}, release.name(name)));
    const list = element("div", { className: "boxes", role: "group", ariaLabel: release.name(name) });
    place.append(list);
    boxes(list, release.codes(name).map((code) => [code, release.name(name, code)]), chosen.where[name], (codes) => {
      selection.where[name] = codes;
    });
    return place;
  }));
  options("freq", release.codes("freq").map((code) => [code, release.name("freq", code)]), chosen.freq);
  byId("freq").closest("p").hidden = release.codes("freq").length < 2;
  release.rows(chosen.indicators).then((rows) => {
    const periods = [...new Set(rows.filter((row) => row.freq === chosen.freq).map((row) => row.time_period))]
      .sort((a, b) => moment(a) - moment(b)).map((iso) => [iso, inWords(iso)]);
    options("from", [["", text("first")], ...periods], chosen.from);
    options("to", [["", text("last")], ...periods], chosen.to);
  });
  options("rows", ["time_period", "ref_area", "indicator", ...release.dimensions].map((name) => [name, release.name(name)]), chosen.rows);
  if (second) fillSecond();
  byId("with").value = second?.id ?? "";
  const unit = release.unit(chosen.indicators[0]);
  const alike = second ? second.codes("indicator").filter((code) => second.unit(code) === unit) : [];
  byId("with_indicators").hidden = !second;
  byId("with_none").hidden = !second || alike.length > 0;
  if (second) {
    boxes("with_indicators", alike.map((code) => [code, second.name("indicator", code)]), chosen.secondIndicators, (codes) => {
      selection.secondIndicators = codes;
    });
  }
  for (const name of CHARTS) byId(`chart_${name}`).checked = name === chosen.chart;
}

/** Offer every dataset as the second, too. */
function fillSecond() {
  const select = byId("with");
  if (select.length > 1) return;
  const copies = [...byId("dataset").querySelectorAll("optgroup")].map((group) => group.cloneNode(true));
  select.append(...copies);
}

/** Boxes to tick; what has the focus keeps it.
 * @param {string | HTMLElement} place
 * @param {string[][]} entries  Code and name.
 * @param {string[]} ticked
 * @param {(codes: string[]) => void} take
 */
function boxes(place, entries, ticked, take) {
  const list = typeof place === "string" ? byId(place) : place;
  const known = [...list.querySelectorAll("input")].map((input) => input.value);
  if (JSON.stringify(known) === JSON.stringify(entries.map(([code]) => code))) {
    for (const input of list.querySelectorAll("input")) input.checked = ticked.includes(input.value);
    return;
  }
  list.replaceChildren(...entries.map(([code, name]) => element("label", {},
    element("input", { type: "checkbox", value: code, checked: ticked.includes(code) }), " ", element("bdi", {}, name))));
  list.onchange = () => {
    take([...list.querySelectorAll("input:checked")].map((input) => input.value));
    update();
  };
}

/** @param {string} id
 * @param {string[][]} entries
 * @param {string} value
 */
function options(id, entries, value) {
  const select = byId(id);
  const known = [...select.options].map((/** @type {any} */ option) => option.value);
  if (JSON.stringify(known) !== JSON.stringify(entries.map(([code]) => code))) {
    select.replaceChildren(...entries.map(([code, name]) => new Option(name, code)));
  }
  select.value = value;
}

/** Draw the chart as a picture of its own and save it.
 * @param {"svg" | "png"} format
 */
async function saveChart(format) {
  if (!current) return;
  const { picture, savePicture } = await takeAway();
  const charts = await draw(current, PICTURE, LIGHT);
  const height = Math.max(...charts.map(({ y, chart }) => y + Number(chart.getAttribute("height"))));
  const words = {
    title: title(current), subtitle: [subtitle(current), span(current.series)].join(" · "),
    source: sourceLine(current.series), url: location.href,
  };
  await savePicture(picture(words, charts, PICTURE, height), fileName(), format);
}

const fileName = () => `${selection.dataset.replace("/", "-")}-${selection.chart}`;

byId("dataset").addEventListener("change", () => {
  const { chart } = selection;
  selection = new Selection(new URLSearchParams({ dataset: byId("dataset").value, chart }));
  update();
});
byId("compare").addEventListener("toggle", fillSecond);
byId("figures").addEventListener("toggle", fillTable);
byId("cite").addEventListener("toggle", () => reporting(status, fillCitations));
byId("with").addEventListener("change", () => {
  selection.second = byId("with").value;
  selection.secondIndicators = [];
  update();
});
for (const name of /** @type {const} */ (["freq", "from", "to", "rows"])) {
  byId(name).addEventListener("change", () => {
    selection[name] = byId(name).value;
    update();
  });
}
for (const name of CHARTS) {
  byId(`chart_${name}`).addEventListener("change", () => {
    selection.chart = name;
    update();
  });
}
byId("all_areas").addEventListener("click", () => {
  selection.areas = current ? current.release.codes("ref_area") : [];
  update();
});
byId("usual_areas").addEventListener("click", () => {
  selection.areas = [];
  update();
});
byId("find_area").addEventListener("input", () => {
  const plain = (/** @type {string} */ words) => words.normalize("NFD").replace(/\p{M}/gu, "").replaceAll("đ", "d").replaceAll("Đ", "D").toLowerCase();
  const wanted = plain(byId("find_area").value.trim());
  for (const label of byId("areas").querySelectorAll("label")) label.hidden = !plain(label.textContent).includes(wanted);
});
byId("save_csv").addEventListener("click", () => reporting(status, async () => {
  const { long, wide } = await takeAway();
  const shape = byId("csv_shape").value === "wide" ? wide : long;
  if (current?.series.length) save(shape(current.series, byId("csv_words").value), `${fileName()}.csv`);
}));
byId("save_svg").addEventListener("click", () => reporting(status, () => saveChart("svg")));
byId("save_png").addEventListener("click", () => reporting(status, () => saveChart("png")));
for (const button of document.querySelectorAll("[data-copy]")) {
  button.addEventListener("click", async () => {
    const { copy = "" } = /** @type {HTMLElement} */ (button).dataset;
    await navigator.clipboard.writeText(byId(copy).value);
    status.textContent = text("copied");
  });
}
addEventListener("popstate", () => {
  selection = new Selection(new URLSearchParams(location.search));
  update(false);
});
let width = innerWidth;
addEventListener("resize", () => {
  if (width !== innerWidth && current) show(current, byId("chart"));
  width = innerWidth;
});
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => current && show(current, byId("chart")));

// On a phone the chart comes first, and the choices on request.
if (!selection.dataset || matchMedia("(min-width: 56.01rem)").matches) byId("more").open = true;
update(false);
