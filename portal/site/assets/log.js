// The transparency log: was a line changed, removed or inserted, and who signed its heads?
//
// The rules are those of portal/transparency: RFC 6962 for the tree, minisign's plain signatures, and
// each line ends with its own checksum. WebCrypto alone, no page: Node runs it, too.
"use strict";
globalThis.transparencyLog = (() => {
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
  /** @param {Uint8Array} data */
  const parsed = (data) => JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(data));

  /** @param {Uint8Array} data @returns {Uint8Array[]} */
  const linesOf = (data) => {
    const lines = [];
    for (let from = 0, to; (to = data.indexOf(10, from)) >= 0; from = to + 1) lines.push(data.slice(from, to));
    return lines;
  };

  const SEAL = bytes(',"checksum":"').length + 64 + 2;
  /** @param {Uint8Array} line @returns {Promise<boolean>} whether its last field is its checksum */
  const isWhole = async (line) => {
    const said = `,"checksum":"${hex(await sha256(line.slice(0, -SEAL)))}"}`;
    return new TextDecoder().decode(line.slice(-SEAL)) === said;
  };

  /** @param {Uint8Array} left @param {Uint8Array} right */
  const parent = (left, right) => sha256(joined(Uint8Array.of(1), left, right));

  /** @param {Uint8Array[]} leaves @param {Set<number>} sizes @returns {Promise<Map<number, string>>} root over the first n */
  const rootsOf = async (leaves, sizes) => {
    const found = new Map([[0, hex(await sha256(new Uint8Array()))]]);
    const hashes = await Promise.all(leaves.map((leaf) => sha256(joined(Uint8Array.of(0), leaf))));
    const complete = []; // whole subtrees from the left
    for (const [at, hash] of hashes.entries()) {
      complete.push({ leaves: 1, hash });
      while (complete.length > 1 && complete.at(-1).leaves === complete.at(-2).leaves) {
        const right = complete.pop(), left = complete.pop();
        complete.push({ leaves: 2 * left.leaves, hash: await parent(left.hash, right.hash) });
      }
      if (!sizes.has(at + 1)) continue;
      let root = complete.at(-1).hash;
      for (const left of complete.slice(0, -1).reverse()) root = await parent(left.hash, root);
      found.set(at + 1, hex(root));
    }
    return found;
  };

  /** @param {string} text @param {string} signature @param {string} key @returns {Promise<boolean>} */
  const isSigned = async (text, signature, key) => {
    const [, first, comment, second, ...rest] = signature.split("\n");
    const publicKey = base64(key), made = base64(first), whole = base64(second);
    const start = "trusted comment: ";
    if (made.length !== 74 || publicKey.length !== 42 || !comment.startsWith(start) || rest.join("")) return false;
    if (hex(publicKey.slice(2, 10)) !== hex(made.slice(2, 10)) || hex(made.slice(0, 2)) !== hex(bytes("Ed"))) return false;
    const imported = await crypto.subtle.importKey("raw", publicKey.slice(10), "Ed25519", false, ["verify"]);
    const signed = [
      [made.slice(10), bytes(text)], [whole, joined(made.slice(10), bytes(comment.slice(start.length)))],
    ];
    const right = await Promise.all(signed.map(([by, what]) => crypto.subtle.verify("Ed25519", imported, by, what)));
    return right.every(Boolean);
  };

  /**
   * @param {Uint8Array} entries @param {Uint8Array} heads the two files
   * @param {string} catalogue checksum of catalogue.json
   * @param {{key?: string, kept?: Uint8Array}} known the first public key, and a file of heads, that the reader has
   */
  const check = async (entries, heads, catalogue, known = {}) => {
    const lines = linesOf(entries), headLines = linesOf(heads), keptLines = linesOf(known.kept ?? new Uint8Array());
    const problems = new Set();
    const whole = await Promise.all([...lines, ...headLines].map(isWhole));
    if (!headLines.length || !whole.every(Boolean)) return { problems: ["rewritten"], log: [], head: null, key: "", unchecked: false };
    const log = lines.map(parsed), all = headLines.map(parsed), kept = keptLines.map(parsed), head = all.at(-1);
    const roots = await rootsOf(lines, new Set([...all, ...kept].map((each) => each.size)));
    let before = { size: 0, time: "" };
    for (const each of all) {
      if (roots.get(each.size) !== each.root || each.size < before.size || each.time < before.time) problems.add("rewritten");
      before = each;
    }
    if (head.size !== lines.length) problems.add("rewritten");
    if (head.catalogue !== catalogue) problems.add("catalogue");
    for (const each of kept) {
      const same = all.some((one) => one.size === each.size && one.root === each.root && one.catalogue === each.catalogue);
      if (!same || roots.get(each.size) !== each.root) problems.add("kept");
    }
    const keys = log.flatMap((entry, at) => (entry.kind === "key" ? [{ ...entry, from: at + 1 }] : []));
    const key = keys.at(-1)?.public ?? "";
    if (known.key && keys[0]?.public !== known.key) problems.add("first");
    let unchecked = false;
    try {
      for (let at = 1; at < keys.length; at++) {
        if (!(await isSigned(keys[at].public, keys[at].statement, keys[at - 1].public))) problems.add("key");
      }
      for (const each of all) {
        const force = keys.findLast((one) => one.from <= each.size)?.public ?? "";
        const text = `openindicators transparency log\nsize ${each.size}\nroot ${each.root}\n`
          + `catalogue ${each.catalogue}\ntime ${each.time}\n`;
        if (force && (each.key !== force || !(await isSigned(text, each.signature, force)))) problems.add("signature");
      }
    } catch (error) {
      if (error instanceof DOMException && error.name === "NotSupportedError") unchecked = true;
      else problems.add("signature");
    }
    return { log, head, key, problems: [...problems], unchecked };
  };
  return { check, isSigned, sha256, hex, bytes, parsed };
})();
