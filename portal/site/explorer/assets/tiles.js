// @ts-check
/** Where the provinces of Viet Nam stand on a map of tiles: a scheme of their places, no borders.
 *
 * A map of tiles needs no borders, which no free geometry has as the law of 2025 draws them, and
 * shows Hoàng Sa with Đà Nẵng and Trường Sa with Khánh Hòa, to which they belong.
 */

/** @typedef {{code: string, column: number, row: number, name?: string}} Tile */

/** Rows from north to south, columns from west to east; the codes of the statistics office. */
const SINCE_2025 = [
  ". 12 15 08 04 . . . .", ". 11 14 25 19 20 . . .", ". . . 01 24 22 . . .", ". . . 37 33 31 . . .",
  ". . . 38 . . . . .", ". . . 40 . . . . .", ". . . . 42 . . . .", ". . . . 44 . . . .",
  ". . . . . 46 48 . 48:Hoàng_Sa", ". . . . . . 51 . .", ". . . . . . 52 . .", ". . . . . . 66 . .",
  ". . . 80 75 68 56 . 56:Trường_Sa", ". . 91 82 79 . . . .", ". . 92 86 . . . . .", ". . 96 . . . . . .",
];
const BEFORE = [
  ". . . 02 04 . . . .", ". 12 10 08 06 20 . . .", ". 11 15 25 19 24 22 . .", ". . 14 26 01 27 30 31 .",
  ". . . 17 35 33 34 . .", ". . . 38 37 36 . . .", ". . . 40 . . . . .", ". . . . 42 . . . .",
  ". . . . 44 . . . .", ". . . . . 45 . . .", ". . . . . 46 48 . 48:Hoàng_Sa", ". . . . . . 49 . .",
  ". . . . . 62 51 . .", ". . . . . 64 52 . .", ". . . . . 66 54 . .", ". . . 70 67 68 56 . 56:Trường_Sa",
  ". . 72 74 75 60 58 . .", ". . 80 79 77 . . . .", "89 87 82 83 . . . . .", "91 92 86 84 . . . . .",
  ". 93 94 . . . . . .", "96 95 . . . . . . .",
];

/** The tiles for areas, each given with its list; null where they are not provinces of Viet Nam.
 * @param {string[][]} areas  Code and list, e.g. ["48", "VN:2025-07-01"].
 * @returns {Tile[] | null}
 */
export function tilesOf(areas) {
  const provinces = areas.filter(([code, list]) => list.startsWith("VN:") && /^\d\d$/.test(code));
  if (!provinces.length) return null;
  const layout = provinces[0][1] >= "VN:2025-07-01" ? SINCE_2025 : BEFORE;
  return layout.flatMap((line, row) => line.split(" ").flatMap((cell, column) => {
    const [code, name] = cell.split(":");
    return code === "." ? [] : [{ code, column, row, ...(name ? { name: name.replace("_", " ") } : {}) }];
  }));
}
