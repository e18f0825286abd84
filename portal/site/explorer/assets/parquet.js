// @ts-check
/** A Parquet file that is read by ranges, with hyparquet; fetched where a page needs one. */

import { address, element, settings } from "./page.js";

/** @typedef {import("./release.js").Row} Row */

const FOOTER = 48 * 1024; // bytes: of a million rows in the groups that portal/distributions writes

// All modules of the reader at once: they import each other up to six deep.
document.head.append(...settings.preloaded.map((path) => element("link", { rel: "modulepreload", href: address(path) })));

/** A file that is open; it is a `Table` of release.js. */
export class Parquet {
  /** @param {any} reader  hyparquet.
   * @param {any} options  What each of its functions needs: file, metadata, compressors.
   */
  constructor(reader, options) {
    this.reader = reader;
    this.options = options;
    this.length = Number(options.metadata.num_rows);
  }

  /** Read what a file says of itself.
   * @param {string} url
   * @param {number} [byteLength]  Asked of the server where it is not known.
   */
  static async open(url, byteLength) {
    const { hyparquet, fzstd } = settings.libraries;
    const [reader, zstd] = await Promise.all([import(address(hyparquet)), import(address(fzstd))]);
    const file = reader.cachedAsyncBuffer(await reader.asyncBufferFromUrl({ url, byteLength }));
    return new Parquet(reader, {
      file,
      metadata: await reader.parquetMetadataAsync(file, { initialFetchSize: FOOTER }),
      compressors: {
        /** @type {(input: Uint8Array, length: number) => Uint8Array} */
        ZSTD: (input, length) => zstd.decompress(input, new Uint8Array(length)),
      },
    });
  }

  /** @param {string[]} indicators
   * @returns {Promise<Row[]>}
   */
  of(indicators) {
    return this.reader.parquetReadObjects({ ...this.options, filter: { indicator: { $in: indicators } } });
  }

  /** Rows by their numbers, read from each group of the file in one go.
   * @param {number[]} numbers
   */
  async at(numbers) {
    /** @type {Map<number, Row>} */
    const found = new Map();
    let start = 0;
    for (const group of this.options.metadata.row_groups) {
      const end = start + Number(group.num_rows);
      const inside = numbers.filter((at) => at >= start && at < end);
      if (inside.length) {
        const [rowStart, rowEnd] = [Math.min(...inside), Math.max(...inside) + 1];
        const rows = await this.reader.parquetReadObjects({ ...this.options, rowStart, rowEnd });
        for (const at of inside) found.set(at, rows[at - rowStart]);
      }
      start = end;
    }
    return numbers.map((at) => /** @type {Row} */ (found.get(at)));
  }

  /** @param {string[]} names
   * @returns {Promise<Map<string, any[]>>}
   */
  async columns(names) {
    const found = new Map(names.map((name) => [name, new Array(this.length)]));
    await this.reader.parquetRead({
      ...this.options, columns: names,
      /** @param {{columnName: string, columnData: any[], rowStart: number}} chunk */
      onChunk: ({ columnName, columnData, rowStart }) => {
        const column = /** @type {any[]} */ (found.get(columnName));
        for (let at = 0; at < columnData.length; at++) column[rowStart + at] = columnData[at];
      },
    });
    return found;
  }
}
