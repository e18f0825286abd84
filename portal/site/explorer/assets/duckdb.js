// @ts-check
/** DuckDB in a worker: the messages of @duckdb/duckdb-wasm 1.28's own client, the few that are needed.
 *
 * Results come as CSV, by COPY: its client would need Apache Arrow, which has no single file.
 */

const HTTP = 4; // DuckDBDataProtocol
const RESULT = "result.csv";
export const NULL = "\\N"; // in the result

export class DuckDb {
  /** @param {string} worker
   * @param {string} module  Addresses of its two files.
   */
  constructor(worker, module) {
    this.module = module;
    this.worker = new Worker(worker);
    /** @type {Map<number, {resolve: (data: any) => void, reject: (error: Error) => void}>} */
    this.waiting = new Map();
    this.next = 1;
    this.worker.onmessage = ({ data: { requestId, type, data } }) => {
      const task = this.waiting.get(requestId);
      if (!task || type === "LOG" || type === "INSTANTIATE_PROGRESS") return;
      this.waiting.delete(requestId);
      if (type === "ERROR") task.reject(new Error(data.message));
      else task.resolve(data);
    };
    this.worker.onerror = ({ message }) => {
      for (const { reject } of this.waiting.values()) reject(new Error(message));
      this.waiting.clear();
    };
  }

  /** @param {string} type
   * @param {any} [data]
   * @returns {Promise<any>}
   */
  ask(type, data) {
    const messageId = this.next++;
    return new Promise((resolve, reject) => {
      this.waiting.set(messageId, { resolve, reject });
      this.worker.postMessage({ messageId, type, data });
    });
  }

  async open() {
    await this.ask("INSTANTIATE", [this.module, null]);
    // Without files of its own kind beside it, nothing is fetched from elsewhere.
    await this.ask("OPEN", { path: ":memory:", query: { castBigIntToDouble: true } });
    this.connection = await this.ask("CONNECT");
    return this;
  }

  /** @param {string} sql */
  run(sql) { return this.ask("RUN_QUERY", [this.connection, sql]); }

  /** Make a view of a Parquet file, which is read by ranges.
   * @param {string} schema
   * @param {string} name
   * @param {string} url
   */
  async view(schema, name, url) {
    const file = `${schema}.${name}.parquet`;
    await this.ask("REGISTER_FILE_URL", [file, url, HTTP, false]);
    await this.run(`CREATE SCHEMA IF NOT EXISTS "${schema}"`);
    await this.run(`CREATE OR REPLACE VIEW "${schema}"."${name}" AS SELECT * FROM read_parquet('${file}')`);
  }

  /** The result of a SELECT as CSV.
   * @param {string} sql
   * @returns {Promise<string>}
   */
  async csv(sql) {
    await this.ask("REGISTER_FILE_BUFFER", [RESULT, new Uint8Array()]);
    await this.run(`COPY (${sql.trim().replace(/;+\s*$/, "")}\n) TO '${RESULT}' (FORMAT CSV, HEADER, NULLSTR '${NULL}')`);
    const bytes = await this.ask("COPY_FILE_TO_BUFFER", RESULT);
    await this.ask("DROP_FILE", RESULT);
    return new TextDecoder().decode(bytes);
  }
}
