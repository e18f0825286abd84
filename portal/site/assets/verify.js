// Is a file genuine? File → release → transparency log → signature, by WebCrypto alone.
//
// The log is checked by log.js. Nothing leaves the page: the file is hashed here, and only the site's
// own records are read.
"use strict";
(() => {
  const form = document.getElementById("verify");
  if (!form) return;
  const root = form.dataset.root;
  const input = form.querySelector("#verify-file");
  const answer = document.getElementById("verdict");
  const say = document.getElementById("verdict-words").content;

  const { check, isSigned, sha256, hex, bytes, parsed } = globalThis.transparencyLog;

  /** @param {string} path @returns {Promise<Uint8Array>} a file of this site */
  const read = async (path) => {
    const found = await fetch(root + path, { cache: "no-cache" });
    if (!found.ok) throw new Error(`${path}: ${found.status}`);
    return new Uint8Array(await found.arrayBuffer());
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

  /** What the reader knows from elsewhere: the publisher's first key, heads that they keep. */
  const known = async () => {
    const kept = form.querySelector("[name=kept]").files[0];
    return {
      key: form.querySelector("[name=key]").value.trim(),
      kept: kept && new Uint8Array(await kept.arrayBuffer()),
    };
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
    const [entries, heads] = await Promise.all(["log/entries.jsonl", "log/heads.jsonl"].map(read));
    const { log, head, key, problems, unchecked } = await check(
      entries, heads, hex(await sha256(catalogue)), await known());
    const entry = log.findLast((line) => line.dataset === id && line.number === release.number);
    if (!entry || entry.files !== hex(await sha256(bytes(filesOf(release))))) problems.push("missing");
    if (problems.length) return [...problems.map((each) => sentence(each, values)), sentence("ask")];
    said.push(sentence("entered", { size: String(head.size), time: head.time.slice(0, 16).replace("T", " ") }));
    said.push(sentence(unchecked ? "unchecked" : key ? "signed" : "unsigned", { key }));
    return said;
  };

  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("change", async () => {
    const file = input.files[0];
    if (!file) return;
    answer.replaceChildren(sentence("busy"));
    try {
      answer.replaceChildren(...await verify(file));
    } catch (error) {
      answer.replaceChildren(sentence("unreadable", { why: String(error.message ?? error) }));
    }
  });

  /** JSON with sorted keys and no blanks, over which builders sign. */
  const canonical = (value) => {
    if (Array.isArray(value)) return `[${value.map(canonical).join(",")}]`;
    if (value === null || typeof value !== "object") return JSON.stringify(value);
    return `{${Object.keys(value).sort().map((name) => `${JSON.stringify(name)}:${canonical(value[name])}`).join(",")}}`;
  };

  const builders = document.getElementById("builders");
  const showBuilders = async () => {
    const rows = builders.querySelector("tbody");
    const { statements } = parsed(await read("builders/index.json"));
    builders.querySelector("[data-none]").hidden = statements.length > 0;
    for (const { file } of statements) {
      const { signature, ...said } = parsed(await read(file));
      const text = `${said.kind}\nsha256 ${hex(await sha256(bytes(canonical(said))))}\n`;
      const right = await isSigned(text, signature, said.key).catch(() => false);
      const count = (outcome) => String(said.releases.filter((each) => each.outcome === outcome).length);
      const key = `${said.key} (${right ? rows.dataset.right : rows.dataset.wrong})`;
      const row = rows.insertRow();
      for (const cell of [
        said.builder, said.made.slice(0, 10), count("reproduced"), count("differs"), count("unchecked"), key,
      ]) row.insertCell().textContent = cell;
      for (const number of [2, 3, 4]) row.cells[number].className = "n";
      const link = document.createElement("a");
      link.href = root + file;
      link.append(...row.cells[0].childNodes);
      row.cells[0].append(link);
    }
  };
  builders.addEventListener("toggle", () => showBuilders().catch((error) => {
    builders.querySelector("[data-none]").textContent = String(error.message ?? error);
  }), { once: true });
  if (location.hash === "#builders") builders.open = true;
})();
