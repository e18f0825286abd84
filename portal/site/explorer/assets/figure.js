// @ts-check
/** One figure at its lasting address: its value, unit, status, source and release; other releases. */

import { byId, count, day, element, inWords, number, plainNumber, reporting, settings, shown, text } from "./page.js";
import { Release } from "./release.js";

const query = new URLSearchParams(location.search);
const status = byId("status");

/** The row that the address names, null where the release has none.
 * @param {Release} release
 */
async function row(release) {
  const wanted = release.key.filter((name) => query.get(name) !== null);
  const rows = await release.rows([query.get("indicator") ?? ""]);
  return rows.find((each) => wanted.every((name) => (each[name] ?? "") === query.get(name))) ?? null;
}

/** A note, its web addresses as links.
 * @param {string} note
 */
const linked = (note) => note.split(/(https?:\/\/[^\s"<>]*[^\s"<>.,;:)])/)
  .map((part, at) => (at % 2 ? element("a", { href: part }, part) : part));

reporting(status, async () => {
  const release = await Release.open(query.get("dataset") ?? "", query.get("release"));
  const missing = ["indicator", "ref_area", "time_period"].filter((name) => !query.get(name));
  if (missing.length) throw new Error(text("no_key", { columns: missing.join(", ") }));
  const found = await row(release);
  if (!found) throw new Error(text("no_figure", { number: release.number, dataset: release.title }));
  const name = (/** @type {string} */ column) => release.name(column, found[column] ?? "");
  const where = release.dimensions.map((column) => `${release.name(column)}: ${name(column)}`);
  document.title = `${name("indicator")}, ${name("ref_area")}, ${inWords(found.time_period)}`;
  byId("title").textContent = name("indicator");
  byId("where").textContent = [name("ref_area"), inWords(found.time_period), ...where].join(" · ");
  const decimals = release.decimals(found.indicator);
  byId("value").textContent = found.obs_value === null ? text("none") : number(found.obs_value, decimals);
  byId("unit").textContent = name("unit_measure");
  byId("definition").textContent = release.names.get("indicator")?.get(found.indicator)?.description ?? "";
  const page = `${settings.root}${settings.language}/${release.id}.html`;
  const facts = [
    [text("in_full"), plainNumber(found.obs_value)],
    ...(found.lower_bound == null && found.upper_bound == null ? []
      : [[`${release.name("lower_bound")} – ${release.name("upper_bound")}`, `${number(found.lower_bound, decimals)} – ${number(found.upper_bound, decimals)}`]]),
    [release.name("obs_status"), name("obs_status")],
    [release.name("geo_vintage"), name("geo_vintage")],
    [text("source"), release.publisher],
    [text("licence"), release.licence],
    [text("dataset"), element("a", { href: page }, release.title)],
    [text("release"), `${release.number}, ${day(release.record.issued)}`],
    ...(found.obs_note ? [[release.name("obs_note"), linked(found.obs_note)]] : []),
    ...(found.footnotes ? [[release.name("footnotes"), found.footnotes.split(" ").map((/** @type {string} */ id) => release.name("footnotes", id)).join(" ")]] : []),
  ];
  byId("facts").append(...facts.map(([term, value]) => element("div", {}, element("dt", {}, term), element("dd", {}, element("bdi", {}, ...[value].flat())))));
  const lasting = release.figure(found);
  byId("address").textContent = lasting;
  byId("explore").href = shown("explorer.html", new URLSearchParams({
    dataset: release.id, indicator: found.indicator, area: found.ref_area,
    ...Object.fromEntries(release.dimensions.map((column) => [`d.${column}`, found[column] ?? ""])),
  }).toString());
  status.textContent = "";
  byId("figure").hidden = false;
  await Promise.all([history(release, found), prove(release, found, lasting)]);
  if (location.hash === "#proof") byId("proof").scrollIntoView();
});

/** Show where a figure stands in the source.
 * @param {Release} release
 * @param {import("./release.js").Row} found
 * @param {string} lasting  Its address.
 */
async function prove(release, found, lasting) {
  const proof = await release.origin(found);
  if (!proof) return;
  const { origin, about } = proof;
  const { snapshot } = about;
  const part = about.parts.find((/** @type {any} */ each) => each.name === origin.source_part);
  const code = (/** @type {string} */ words) => element("code", {}, words);
  const web = /^https?:/.test(part?.url ?? "");
  const facts = [
    [text("record"), code(about.record_sha256 ?? "–")],
    [text(about.computed ? "computed" : "snapshot"), element("span", {}, `${day(snapshot.retrieved)} · `, code(snapshot.sha256))],
    ...(about.computed ? [
      [text("formula"), code(about.computed.formulas[found.indicator] ?? about.computed.select)],
      ...about.computed.inputs.map((/** @type {any} */ each) => [each.name, element("span", {},
        element("a", { href: `${settings.root}datasets/${each.dataset}/releases/${each.release}/index.html` }, each.dataset),
        ` · ${text("release_number", { number: each.release })}`)]),
    ] : part ? [
      [text("file"), element("span", {}, web ? element("a", { href: part.url }, part.name) : part.name,
        ` · ${text("bytes", { count: count(part.bytes) })} · `, code(part.sha256))],
      [text("place"), text(`place ${part.rows}`, {
        row: count(Number(origin.source_row)), column: origin.source_column ?? "–" })],
    ] : [[text("place"), text("no place")]]),
  ];
  byId("origin").append(...facts.map(([term, value]) => element("div", { className: "long" },
    element("dt", {}, term), element("dd", {}, element("bdi", {}, value)))));
  const lines = [part?.header, origin.source_text].filter(Boolean).join("\n");
  byId("source-row").append(...about.computed ? inputs(lines) : [lines]);
  if (about.computed) byId("h-row").textContent = text("cells");
  byId("source-text").hidden = !origin.source_text;
  byId("withheld").textContent = about.withheld ? text(`withheld ${about.withheld}`) : "";
  byId("explain").textContent = `openindicators explain '${lasting}'`;
  byId("proof").hidden = false;
}

/** The cells that a figure was computed from: each leads to its own page, where its source is shown.
 * @param {string} lines  One a cell: its words and, behind a tab, the query of its page.
 */
function inputs(lines) {
  return lines.split("\n").flatMap((line) => {
    const [words, cell] = line.split("\t");
    return [cell ? element("a", { href: `figure.html?${cell}#proof` }, words) : words, "\n"];
  });
}

/** Fill the table of the same figure in every release that has files.
 * @param {Release} release
 * @param {import("./release.js").Row} found
 */
async function history(release, found) {
  const numbers = release.state.releases.filter((/** @type {any} */ each) => each.files.length);
  if (numbers.length < 2) return;
  for (const { number: each, issued } of numbers.reverse()) {
    const other = each === release.number ? release : new Release(release.state, each);
    if (other !== release) other.names = release.names;
    const same = other === release ? found : await row(other);
    const value = same && same.obs_value !== null ? number(same.obs_value, release.decimals(same.indicator)) : text("none");
    byId("releases").append(element("tr", {}, element("td", {}, count(each)), element("td", {}, day(issued)),
      element("td", { className: "n" }, same ? element("a", { href: other.figure(same) }, value) : value),
      element("td", {}, same ? release.name("obs_status", same.obs_status ?? "") : "")));
  }
  byId("history").hidden = false;
}
