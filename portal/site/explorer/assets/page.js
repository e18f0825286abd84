// @ts-check
/** What every page of the explorer needs: its settings, texts, numbers, periods, elements and files. */

/**
 * @typedef {object} Settings  The page's data block, see pages.py.
 * @property {string} language
 * @property {string} root  Path from the page to the site's root.
 * @property {Record<string, string>} libraries  Their paths from the root.
 * @property {string[]} preloaded  The modules of the reader of Parquet.
 * @property {string[]} ranges  The datasets whose newest release is read by ranges.
 * @property {string[]} home  Codes of the city and of what it lies in.
 * @property {{day: string, list: string} | null} borders  When borders last changed; which list.
 * @property {Record<string, string>} countries  ISO 3166-1 numeric code -> the code of ours.
 * @property {Record<string, string>} texts
 */

const block = document.getElementById("settings");

/** @type {Settings} */
export const settings = JSON.parse(block?.textContent ?? "{}");

/** The text named `key`; `{name}` in it is replaced by `values[name]`.
 * @param {string} key
 * @param {Record<string, string | number>} [values]
 */
export function text(key, values = {}) {
  return settings.texts[key].replace(/\{(\w+)\}/g, (all, name) => String(values[name] ?? all));
}

/** The address of a file or page of the site, by its path from the root.
 * @param {string} path
 */
export const address = (path) => new URL(settings.root + path, document.baseURI).href;

/** The address of another page of the explorer that shows the same.
 * @param {string} page
 * @param {string} query
 */
export const shown = (page, query) => new URL(`${settings.root}${settings.language}/${page}?${query}`, document.baseURI).href;

/** An element with properties and children; strings become text, never markup.
 * @param {string} name
 * @param {Record<string, any>} [properties]
 * @param {...(Node | string)} children
 * @returns {any}
 */
export function element(name, properties = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(properties)) {
    if (key in made) /** @type {any} */ (made)[key] = value;
    else made.setAttribute(key, value);
  }
  made.append(...children);
  return made;
}

/** The element with this id.
 * @param {string} id
 * @returns {any}
 */
export const byId = (id) => document.getElementById(id);

const locale = settings.language === "en" ? "en-GB" : settings.language;

/** @type {Record<string, Intl.NumberFormat>} by the digits after the point: to make one takes longer than to use it */
const formats = {};

/** A figure in the reader's language: six significant digits, whole numbers in full, and not fewer
 * than its indicator's `decimals`.
 * @param {number | null} value
 * @param {number} [decimals]
 */
export function number(value, decimals = 0) {
  return value === null ? "–" : written(value, decimals, digitsOf(value, decimals));
}

/** @param {number} value @param {number} decimals */
const digitsOf = (value, decimals) => Math.min(12, Math.max(decimals, 5 - Math.floor(Math.log10(Math.abs(value) || 1))));

/** How the figures of a column are written: each with as many decimals as one of them has.
 * @param {number[]} values
 * @param {number} decimals  Those of the indicator.
 * @returns {(value: number) => string}
 */
export function column(values, decimals) {
  const most = digitsOf(values.reduce((one, two) => Math.max(one, Math.abs(two)), 0), decimals);
  const digits = values.map((value) => plainNumber(Number(value.toFixed(most))).split(".")[1]?.length ?? 0)
    .reduce((one, two) => Math.max(one, two), decimals);
  return (value) => (value && Math.abs(value) < 0.5 * 10 ** -digits ? number(value, decimals) : written(value, digits, digits));
}

/** @param {number} value @param {number} decimals @param {number} digits */
function written(value, decimals, digits) {
  return (formats[`${decimals} ${digits}`] ??= new Intl.NumberFormat(locale, {
    minimumFractionDigits: decimals, maximumFractionDigits: digits,
  })).format(value);
}

/** A number with all its digits and no exponent, as the release's CSV has it.
 * @param {number | null} value
 */
export function plainNumber(value) {
  if (value === null || value === undefined) return "";
  const [, sign, whole, fraction = "", exponent] = /^(-?)(\d+)\.?(\d*)(?:e([+-]\d+))?$/.exec(String(value)) ?? [];
  if (exponent === undefined) return String(value);
  const digits = whole + fraction;
  const at = whole.length + Number(exponent);
  if (at <= 0) return `${sign}0.${"0".repeat(-at)}${digits}`;
  return sign + digits.padEnd(at, "0") + (at < digits.length ? `.${digits.slice(at)}` : "");
}

/** A figure for an axis: short.
 * @param {number} value
 * @param {number} [digits]  After the point; without it, at most two.
 */
export const short = (value, digits) => value.toLocaleString(locale, {
  notation: Math.abs(value) >= 1e6 ? "compact" : "standard",
  ...(digits === undefined ? { maximumFractionDigits: 2 } : { minimumFractionDigits: digits, maximumFractionDigits: digits }),
  compactDisplay: settings.language === "vi" ? "long" : "short",
});

/** @type {Intl.DateTimeFormat | undefined} */
let days;
/** @type {Intl.DateTimeFormat | undefined} */
let months;

/** A day in the reader's language.
 * @param {string} iso
 */
export const day = (iso) => (settings.language === "vi" ? iso.slice(0, 10).split("-").reverse().join("/")
  : (days ??= new Intl.DateTimeFormat(locale, { dateStyle: "long", timeZone: "UTC" })).format(new Date(iso)));

/** How many of a period are in a year; periods are in ISO 8601, as model/reference/periods.py writes them. */
const PER_YEAR = { A: 1, S: 2, Q: 4, M: 12, W: 53, D: 366, YTD: 12 };

/** The part of its year at which a period begins (year to date: its last month), from 1.
 * @param {string} iso
 * @returns {[keyof typeof PER_YEAR, number]}
 */
function part(iso) {
  const found = /^\d{4}(?:-(?:([SQW])(\d+)|(\d\d)(?:-(\d\d)(?:\/P(\d+)M)?)?))?$/.exec(iso);
  if (!found) return ["A", 1];
  const [, letter, number, month, dayOfMonth, months] = found;
  if (letter) return [/** @type {"S" | "Q" | "W"} */ (letter), Number(number)];
  if (months) return ["YTD", Number(months)];
  if (dayOfMonth) {
    const start = Date.UTC(Number(iso.slice(0, 4)), 0, 0);
    return ["D", Math.round((Date.parse(iso) - start) / 864e5)];
  }
  return month ? ["M", Number(month)] : ["A", 1];
}

/** Where a period stands on the axis of time: the fractional year of its beginning.
 * @param {string} iso
 */
export function moment(iso) {
  const [frequency, number] = part(iso);
  return Number(iso.slice(0, 4)) + (number - 1) / PER_YEAR[frequency];
}

/** The step from one period to the next, in years.
 * @param {string} iso
 */
export const step = (iso) => 1 / PER_YEAR[part(iso)[0]];

/** A period in words.
 * @param {string} iso
 */
export function inWords(iso) {
  const [frequency, number] = part(iso);
  const year = iso.slice(0, 4);
  const vi = settings.language === "vi";
  switch (frequency) {
    case "S": return vi ? `nửa ${number === 1 ? "đầu" : "cuối"} năm ${year}` : `H${number} ${year}`;
    case "Q": return vi ? `quý ${number}/${year}` : `Q${number} ${year}`;
    case "M": return vi ? `${iso.slice(5, 7)}/${year}`
      : (months ??= new Intl.DateTimeFormat("en-GB", { month: "short", year: "numeric", timeZone: "UTC" })).format(new Date(`${iso}-01`));
    case "W": return vi ? `tuần ${number}/${year}` : `week ${number}, ${year}`;
    case "D": return day(iso);
    case "YTD": return vi ? `${number} tháng đầu năm ${year}` : `first ${number} months of ${year}`;
    default: return iso;
  }
}

/** Whole number in the reader's language.
 * @param {number} value
 */
export const count = (value) => value.toLocaleString(locale);

/** Let the browser show what there is, and hear its reader, before more is done. */
export const pause = () => new Promise((resolve) => { setTimeout(resolve); });

/** Run `work`; say in the element `status` what went wrong, if something does.
 * @param {HTMLElement} status
 * @param {() => Promise<void>} work
 */
export async function reporting(status, work) {
  try {
    await work();
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    status.textContent = location.protocol === "file:" ? text("needs_server") : reason;
    status.classList.add("notice");
  }
}

/** The rows of a CSV file (RFC 4180), as lists of cells.
 * @param {string} source
 */
export function parseCsv(source) {
  const rows = [[""]];
  let quoted = false;
  for (let at = 0; at < source.length; at++) {
    const row = rows[rows.length - 1];
    const character = source[at];
    if (quoted && character === '"' && source[at + 1] === '"') row[row.length - 1] += source[at++];
    else if (character === '"') quoted = !quoted;
    else if (quoted || !",\r\n".includes(character)) row[row.length - 1] += character;
    else if (character === ",") row.push("");
    else if (character === "\n") rows.push([""]);
  }
  if (rows[rows.length - 1].join("") === "") rows.pop();
  return rows;
}

/** Whether a text may be the id of a dataset.
 * @param {string} dataset
 */
export const isDataset = (dataset) => /^\w+\/\w+$/.test(dataset);

/** A dataset's description; Error where its id is none, or there is no such dataset.
 * @param {string} dataset
 * @returns {Promise<any>}
 */
export async function describe(dataset) {
  if (!isDataset(dataset)) throw new Error(text("no_dataset", { dataset }));
  const answer = await fetch(address(`datasets/${dataset}/dataset.json`));
  if (!answer.ok) throw new Error(text("no_dataset", { dataset }));
  return answer.json();
}

/** Offer `content` to the reader as a file.
 * @param {Blob | string} content
 * @param {string} name
 * @param {string} [type]
 */
export function save(content, name, type = "text/csv;charset=utf-8") {
  const url = URL.createObjectURL(content instanceof Blob ? content : new Blob([content], { type }));
  element("a", { href: url, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(url), 1000);
}

// The same choice in the other language.
for (const link of document.querySelectorAll("a.language")) {
  link.addEventListener("click", () => { /** @type {HTMLAnchorElement} */ (link).search = location.search; });
}
