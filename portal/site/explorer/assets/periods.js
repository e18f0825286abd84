// @ts-check
/** Time periods in ISO 8601, as model/reference/periods.py writes them. */

import { day, settings } from "./page.js";

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
      : new Date(`${iso}-01`).toLocaleDateString("en-GB", { month: "short", year: "numeric", timeZone: "UTC" });
    case "W": return vi ? `tuần ${number}/${year}` : `week ${number}, ${year}`;
    case "D": return day(iso);
    case "YTD": return vi ? `${number} tháng đầu năm ${year}` : `first ${number} months of ${year}`;
    default: return iso;
  }
}
