// @ts-check
/** What every page of the explorer needs: its settings, its texts, numbers and elements. */

/**
 * @typedef {object} Settings  The page's data block, see pages.py.
 * @property {string} language
 * @property {string} root  Path from the page to the site's root.
 * @property {Record<string, string>} libraries  Their paths from the root.
 * @property {string[]} preloaded  The modules of the reader of Parquet.
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

/** A figure in the reader's language: six significant digits, whole numbers in full.
 * @param {number | null} value
 */
export function number(value) {
  if (value === null) return "–";
  const digits = Math.max(0, 5 - Math.floor(Math.log10(Math.abs(value) || 1)));
  return value.toLocaleString(locale, { maximumFractionDigits: Math.min(digits, 12) });
}

/** A figure for an axis: short.
 * @param {number} value
 */
export const short = (value) => value.toLocaleString(locale, {
  notation: Math.abs(value) >= 1e6 ? "compact" : "standard", maximumFractionDigits: 2,
  compactDisplay: settings.language === "vi" ? "long" : "short",
});

/** A day in the reader's language.
 * @param {string} iso
 */
export const day = (iso) => new Date(iso).toLocaleDateString(locale, settings.language === "vi"
  ? { year: "numeric", month: "2-digit", day: "2-digit", timeZone: "UTC" }
  : { dateStyle: "long", timeZone: "UTC" });

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
