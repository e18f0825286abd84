// @ts-check
/** Maps of one period: countries by Natural Earth, the provinces of Viet Nam as tiles. */

import { lastPeriod, words } from "./draw.js";
import { address, element, settings, short, text } from "./page.js";
import { tilesOf } from "./tiles.js";

/** @typedef {import("./selection.js").Series} Series */
/** @typedef {import("./draw.js").Palette} Palette */

const { Plot, d3 } = /** @type {any} */ (globalThis);
const CLASSES = 5;
const TILE = 62;
/** Islands of Viet Nam that the atlas does not have; their place in degrees. */
const ISLANDS = [
  { code: "VNM", name: "Hoàng Sa", at: [112, 16.5] }, { code: "VNM", name: "Trường Sa", at: [114, 9.6] },
];

/** The value of each area in the last common period.
 * @param {Series[]} all
 */
function values(all) {
  const period = lastPeriod(all);
  return new Map(all.flatMap((series) => series.points.filter(({ row }) => row.time_period === period)
    .map((point) => [series.codes.ref_area, { ...point, series }])));
}

/** Draw the areas of the series: tiles for provinces of Viet Nam, else countries.
 * @param {Series[]} all
 * @param {{width: number, palette: Palette}} options
 * @returns {Promise<SVGSVGElement>}
 */
export async function map(all, { width, palette }) {
  const tiles = tilesOf(all.map((each) => [each.codes.ref_area, each.codes.geo_vintage]));
  const known = values(all);
  for (const code of known.keys()) if (tiles && !tiles.some((tile) => tile.code === code)) known.delete(code);
  const amounts = [...known.values()].map((each) => each.value);
  const scale = d3.scaleQuantile(amounts, d3.quantize(
    d3.interpolateLab(d3.interpolateLab(palette.paper, palette.colours[0])(0.15), palette.colours[0]), CLASSES));
  const options = {
    className: "explorer-plot", width, marginLeft: 0, marginRight: 0, marginTop: 44, marginBottom: 0,
    style: { fontSize: "11.5px", color: palette.soft, background: "none", fontFamily: "inherit" },
    color: { type: "identity" },
  };
  /** @param {string} code */
  const fill = (code) => {
    const found = known.get(code);
    return found ? scale(found.value) : palette.line;
  };
  /** @param {string} code */
  const title = (code) => {
    const found = known.get(code);
    return found ? words(found) : text("no_value");
  };
  const chart = tiles ? drawTiles(tiles, known, fill, title, options, palette)
    : await drawCountries(known, fill, title, options, palette);
  key(chart, scale, palette);
  return chart;
}

/** @param {import("./tiles.js").Tile[]} tiles
 * @param {Map<string, any>} known
 * @param {(code: string) => string} fill
 * @param {(code: string) => string} title
 * @param {any} options
 * @param {Palette} palette
 */
function drawTiles(tiles, known, fill, title, options, palette) {
  const name = (/** @type {any} */ tile) => tile.name ?? known.get(tile.code)?.series.release.name("ref_area", tile.code)
    .replace(/^(Thành phố|Tỉnh|TP\.) /, "") ?? tile.code;
  const ink = (/** @type {any} */ tile) => (d3.lab(fill(tile.code)).l > 58 ? "#16282d" : "#ffffff");
  const height = (Math.max(...tiles.map((tile) => tile.row)) + 1) * TILE + 44;
  const left = Math.max(0, (options.width - 9 * TILE) / 2);
  const size = Math.min(TILE, options.width / 9);
  return Plot.plot({
    ...options, height: height * size / TILE + 44 * (1 - size / TILE), marginLeft: left, marginRight: left,
    x: { axis: null, domain: [0, 9] }, y: { axis: null, domain: [0, height / TILE - 44 / TILE], reverse: true },
    marks: [
      Plot.rect(tiles, { x1: "column", x2: (/** @type {any} */ t) => t.column + 1, y1: "row", y2: (/** @type {any} */ t) => t.row + 1, inset: 1.5, rx: 4,
        fill: (/** @type {any} */ t) => fill(t.code), title: (/** @type {any} */ t) => title(t.code), strokeDasharray: "3 2",
        stroke: (/** @type {any} */ t) => (t.name ? palette.soft : "none") }),
      Plot.text(tiles, { x: (/** @type {any} */ t) => t.column + 0.5, y: (/** @type {any} */ t) => t.row + 0.5, text: name, fill: ink,
        fontSize: size < TILE ? 7.5 : 10.5, lineWidth: 5.2 }),
    ],
  });
}

/** @param {Map<string, any>} known
 * @param {(code: string) => string} fill
 * @param {(code: string) => string} title
 * @param {any} options
 * @param {Palette} palette
 */
async function drawCountries(known, fill, title, options, palette) {
  const { atlas, topojson } = settings.libraries;
  const [world] = await Promise.all([fetch(address(atlas)).then((answer) => answer.json()), script(address(topojson))]);
  const all = /** @type {any} */ (globalThis).topojson.feature(world, world.objects.countries);
  const code = (/** @type {any} */ country) => settings.countries[country.id] ?? "";
  const shown = all.features.filter((/** @type {any} */ country) => known.has(code(country)));
  const domain = { type: "FeatureCollection", features: shown.length ? shown : all.features };
  return Plot.plot({
    ...options, height: Math.round(options.width * 0.6) + 44,
    projection: { type: "equal-earth", domain, inset: 12, ...(shown.length ? { rotate: centre(domain) } : {}) },
    marks: [
      Plot.geo(all, { fill: palette.line, stroke: palette.paper, strokeWidth: 0.6 }),
      Plot.geo(domain, { fill: (/** @type {any} */ c) => fill(code(c)), stroke: palette.paper, strokeWidth: 0.6, title: (/** @type {any} */ c) => title(code(c)) }),
      ...(known.has("VNM") ? [
        Plot.dot(ISLANDS, { x: (/** @type {any} */ i) => i.at[0], y: (/** @type {any} */ i) => i.at[1], r: 2.5, fill: (/** @type {any} */ i) => fill(i.code), title: (/** @type {any} */ i) => title(i.code) }),
        Plot.text(ISLANDS, { x: (/** @type {any} */ i) => i.at[0], y: (/** @type {any} */ i) => i.at[1], text: "name", dx: 6, textAnchor: "start", fontSize: 9, fill: palette.ink }),
      ] : []),
    ],
  });
}

/** Turn the globe so that what is shown is not cut in two by the antimeridian.
 * @param {any} shape
 */
const centre = (shape) => [-d3.geoCentroid(shape)[0], 0];

/** Load a script once.
 * @param {string} source
 * @returns {Promise<void>}
 */
function script(source) {
  if (document.querySelector(`script[src="${CSS.escape(source)}"]`)) return Promise.resolve();
  return new Promise((resolve, reject) => {
    document.head.append(element("script", { src: source, onload: () => resolve(), onerror: reject }));
  });
}

/** Draw the classes of values above the map.
 * @param {SVGSVGElement} chart
 * @param {any} scale
 * @param {Palette} palette
 */
function key(chart, scale, palette) {
  const limits = scale.quantiles();
  const most = Math.max(...limits.map(Math.abs));
  // Three significant digits, the same for each: limits lie between figures, where more say nothing.
  const digits = Math.min(12, Math.max(0, 2 - Math.floor(Math.log10(most >= 1e6 ? 1 : most || 1))));
  scale.range().forEach((/** @type {string} */ colour, /** @type {number} */ index) => {
    const box = d3.select(chart).append("g").attr("transform", `translate(${4 + index * 66},6)`);
    box.append("rect").attr("width", 66).attr("height", 10).attr("fill", colour);
    if (index) box.append("text").attr("y", 25).attr("text-anchor", "middle").attr("fill", palette.soft).attr("font-size", 10.5).text(short(limits[index - 1], digits));
  });
}
