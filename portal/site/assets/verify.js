// Is a file genuine? File → release → transparency log → signature, by WebCrypto alone.
//
// The rules are those of portal/transparency: RFC 6962 for the tree, minisign's plain signatures.
// Nothing leaves the page: the file is hashed here, and only the site's own records are read.
"use strict";
(() => {
  const form = document.getElementById("verify");
  if (!form) return;
  const root = form.dataset.root;
  const input = form.querySelector("input[type=file]");
  const answer = document.getElementById("verdict");
  const say = document.getElementById("verdict-words").content;

  /** @param {Uint8Array | ArrayBuffer} data @returns {Promise<Uint8Array>} */
  const sha256 = async (data) => new Uint8Array(await crypto.subtle.digest("SHA-256", data));
  /** @param {Uint8Array} bytes */
  const hex = (bytes) => [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  /** @param {string} text */
  const bytes = (text) => new TextEncoder().encode(text);
  /** @param {string} text */
  const base64 = (text) => Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  /** @param {...Uint8Array} parts */
  const joined = (...parts) => {
    const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
    parts.reduce((at, part) => (whole.set(part, at), at + part.length), 0);
    return whole;
  };

  /** @param {string} path @returns {Promise<Uint8Array>} a file of this site */
  const read = async (path) => {
    const found = await fetch(root + path, { cache: "no-cache" });
    if (!found.ok) throw new Error(`${path}: ${found.status}`);
    return new Uint8Array(await found.arrayBuffer());
  };
  /** @param {Uint8Array} data */
  const parsed = (data) => JSON.parse(new TextDecoder().decode(data));

  /** @param {Uint8Array[]} leaves @returns {Promise<Uint8Array>} the root of the tree over them */
  const rootOf = async (leaves) => {
    let row = await Promise.all(leaves.map((leaf) => sha256(joined(Uint8Array.of(0), leaf))));
    if (!row.length) return sha256(new Uint8Array());
    // The last of an odd row goes up unchanged: the same tree as RFC 6962's, which splits at the
    // largest power of two.
    while (row.length > 1) {
      row = await Promise.all(row.flatMap((left, at) =>
        at % 2 ? [] : [at + 1 < row.length ? sha256(joined(Uint8Array.of(1), left, row[at + 1])) : left]));
    }
    return row[0];
  };

  /** @param {string} text @param {string} signature @param {string} key @returns {Promise<boolean>} */
  const isSigned = async (text, signature, key) => {
    const publicKey = base64(key), made = base64(signature.split("\n")[1]);
    if (hex(publicKey.slice(2, 10)) !== hex(made.slice(2, 10))) return false;
    const imported = await crypto.subtle.importKey("raw", publicKey.slice(10), "Ed25519", false, ["verify"]);
    return crypto.subtle.verify("Ed25519", imported, made.slice(10), bytes(text));
  };

  /** @param {Uint8Array} data @returns {Uint8Array[]} */
  const linesOf = (data) => {
    const lines = [];
    for (let from = 0, to; (to = data.indexOf(10, from)) >= 0; from = to + 1) lines.push(data.slice(from, to));
    return lines;
  };

  /** Every file that a release offers or offered, as the log's entry has them. */
  const filesOf = (release) => {
    const pairs = [...release.files, ...release.superseded].map((file) => `["${file.name}","${file.sha256}"]`);
    return `[${[...new Set(pairs)].sort().join(",")}]`;
  };

  /**
   * Find a published file with a checksum: likely datasets first.
   * @param {string} name @param {string} checksum @param {Record<string, string>} datasets
   */
  const find = async (name, checksum, datasets) => {
    const likely = (id) => (name.startsWith(id.split("/")[1]) ? 0 : 1);
    let known = false;
    for (const id of Object.keys(datasets).sort((one, two) => likely(one) - likely(two))) {
      const data = await read(`datasets/${id}/dataset.json`);
      if (hex(await sha256(data)) !== datasets[id]) throw new Error(`${id}/dataset.json`);
      for (const release of parsed(data).releases) {
        for (const file of [...release.files, ...release.superseded]) {
          if (file.sha256 === checksum) return { id, release, file };
          known ||= file.name === name;
        }
      }
    }
    return known;
  };

  /** The log: its lines are those that the newest head covers, and the head is signed by the key in force. */
  const readLog = async (catalogue) => {
    const [entries, heads] = await Promise.all(["log/entries.jsonl", "log/heads.jsonl"].map(read));
    const lines = linesOf(entries), head = parsed(linesOf(heads).at(-1));
    const problems = [];
    if (head.size !== lines.length || hex(await rootOf(lines)) !== head.root) problems.push("rewritten");
    if (head.catalogue !== hex(await sha256(catalogue))) problems.push("catalogue");
    const log = lines.map(parsed);
    const keys = log.filter((entry) => entry.kind === "key");
    const key = keys.at(-1)?.public ?? "";
    try {
      for (let at = 1; at < keys.length; at++) {
        if (!(await isSigned(keys[at].public, keys[at].statement, keys[at - 1].public))) problems.push("key");
      }
      const text = `openindicators transparency log\nsize ${head.size}\nroot ${head.root}\n`
        + `catalogue ${head.catalogue}\ntime ${head.time}\n`;
      if (key && (head.key !== key || !(await isSigned(text, head.signature, key)))) problems.push("signature");
    } catch (error) {
      if (!(error instanceof DOMException) || error.name !== "NotSupportedError") problems.push("signature");
      else return { log, head, key, problems, unchecked: true };
    }
    return { log, head, key, problems, unchecked: false };
  };

  /** @param {string} id @param {Record<string, string>} values @returns {Node} a sentence of the page */
  const sentence = (id, values = {}) => {
    const words = /** @type {HTMLElement} */ (say.querySelector(`[data-say="${id}"]`).cloneNode(true));
    for (const place of words.querySelectorAll("[data-value]")) place.textContent = values[place.dataset.value] ?? "";
    return words;
  };

  /** @param {File} file */
  const verify = async (file) => {
    const checksum = hex(await sha256(await file.arrayBuffer()));
    const catalogue = await read("catalogue.json");
    const found = await find(file.name, checksum, parsed(catalogue).datasets);
    if (found === true || found === false) return [sentence(found ? "changed" : "unknown", { file: file.name, checksum })];
    const { id, release, file: record } = found;
    const values = { file: record.name, dataset: id, release: String(release.number), checksum };
    const said = [sentence("genuine", values)];
    const { log, head, key, problems, unchecked } = await readLog(catalogue);
    const entry = log.findLast((line) => line.dataset === id && line.number === release.number);
    if (!entry || entry.files !== hex(await sha256(bytes(filesOf(release))))) problems.push("missing");
    if (problems.length) return [...problems.map((each) => sentence(each, values)), sentence("ask")];
    said.push(sentence("entered", { size: String(head.size), time: head.time.slice(0, 16).replace("T", " ") }));
    said.push(sentence(unchecked ? "unchecked" : key ? "signed" : "unsigned", { key }));
    return said;
  };

  input.addEventListener("change", async () => {
    const file = input.files[0];
    if (!file) return;
    answer.replaceChildren(sentence("busy"));
    try {
      answer.replaceChildren(...await verify(file));
    } catch (error) {
      answer.replaceChildren(sentence("unreadable", { why: String(error.message ?? error) }));
    }
  });
})();
