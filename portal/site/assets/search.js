// Search over all datasets, as one types. The index (search-index.js, written by
// portal/site/shared_pages/search.py) is loaded when the search is first used: a script, as pages that are
// opened as files may load nothing else.
//
// Marks that were typed count, marks that were not do not: "duong" finds "đường" and "Dương",
// "đường" does not find "Dương". Every state of the search is in the page's address.
"use strict";
(() => {
  const form = document.getElementById("search");
  if (!form) return;
  const input = document.getElementById("q");
  const message = document.getElementById("search-result");
  const results = document.getElementById("results");
  const catalogue = document.getElementById("catalogue");
  const template = document.getElementById("result");
  const facets = [...form.querySelectorAll("[data-facet]")];
  const language = document.documentElement.lang;
  const SHOWN = 50;
  const WEIGHTS = { title: 8, indicator: 5, place: 3, keyword: 3, publisher: 2, unit: 1, text: 1 };

  /** A letter and its marks: "ờ" is ["o", "̛̀"]. "đ" is a d with a stroke. @type {Record<string, string>} */
  const STROKES = { "đ": "d\u0335", "ð": "d\u0335" };

  /** @param {string} text @returns {string[]} the words of a text, lower case, decomposed */
  const wordsOf = (text) =>
    text.toLowerCase().replace(/[đð]/g, (c) => STROKES[c]).normalize("NFD")
      .split(/[^\p{L}\p{N}\p{M}]+/u).filter(Boolean);

  /** @param {string} word @returns {string} the word without marks */
  const bare = (word) => word.replace(/\p{M}/gu, "");

  /** @param {string} word @returns {[string, string][]} each letter with its marks */
  const letters = (word) =>
    [...word.matchAll(/(\P{M})(\p{M}*)/gu)].map(([, letter, marks]) => [letter, marks]);

  /**
   * How many letters of `known` the marks of `typed` allow: typed marks must all be there.
   * @param {[string, string][]} typed @param {[string, string][]} known
   */
  const begins = (typed, known) =>
    typed.length <= known.length
    && typed.every(([letter, marks], at) =>
      letter === known[at][0] && [...marks].every((mark) => known[at][1].includes(mark)));

  /** Whether two words differ by at most `limit` letters (Levenshtein; neighbours exchanged: 1). */
  const near = (one, two, limit) => {
    if (Math.abs(one.length - two.length) > limit) return false;
    let before = [], row = Array.from({ length: two.length + 1 }, (_, at) => at);
    for (let i = 1; i <= one.length; i++) {
      const next = [i];
      for (let j = 1; j <= two.length; j++) {
        const same = one[i - 1] === two[j - 1];
        next[j] = Math.min(row[j] + 1, next[j - 1] + 1, row[j - 1] + (same ? 0 : 1));
        if (i > 1 && j > 1 && one[i - 1] === two[j - 2] && one[i - 2] === two[j - 1]) {
          next[j] = Math.min(next[j], before[j - 2] + 1);
        }
      }
      before = row;
      row = next;
    }
    return row[two.length] <= limit;
  };

  let index = null;
  /** Each group of synonyms, each phrase as its words with their letters. */
  let synonyms = [];
  /** Every word of the index -> its letters, and the datasets that have it with their weight. */
  const vocabulary = new Map();

  const read = (found) => {
    index = found;
    index.datasets.forEach((dataset, number) => {
      dataset.phrases = [];
      const add = (kind, texts) => {
        for (const text of texts) {
          const words = wordsOf(text || "");
          if (WEIGHTS[kind] > 2) dataset.phrases.push(` ${bare(words.join(" "))} `);
          for (const word of words) {
            if (!vocabulary.has(word)) {
              vocabulary.set(word, { letters: letters(word), bare: bare(word), in: new Map() });
            }
            const places = vocabulary.get(word).in;
            places.set(number, Math.max(places.get(number) || 0, WEIGHTS[kind]));
          }
        }
      };
      const both = (text) => Object.values(text || {});
      add("title", both(dataset.title));
      add("keyword", Object.values(dataset.keywords).flat());
      add("text", both(dataset.description));
      add("publisher", both(index.publishers[dataset.publisher]));
      add("title", both(index.sectors[dataset.sector]));
      for (const indicator of dataset.indicators) {
        add("indicator", both(indicator.name));
        add("text", both(indicator.definition));
        add("unit", both(index.units[indicator.unit]));
      }
      add("place", index.places[dataset.places].flatMap(both));
    });
    synonyms = index.synonyms.map((group) => group.map((phrase) => {
      const words = wordsOf(phrase);
      return { words, letters: words.map(letters) };
    }));
    show();
  };

  /** @returns {Map<number, number>} the datasets that have a word, with their score */
  const lookUp = (word, unfinished) => {
    const found = new Map();
    const typed = letters(word);
    const plain = bare(word);
    const limit = plain.length < 4 || /\d/.test(plain) ? 0 : plain.length < 8 ? 1 : 2;
    const collect = (entry, factor) => {
      const rarity = Math.log(1 + index.datasets.length / entry.in.size);
      for (const [number, weight] of entry.in) {
        found.set(number, Math.max(found.get(number) || 0, weight * factor * rarity));
      }
    };
    for (const [known, entry] of vocabulary) {
      if (known === word) collect(entry, 1.2);
      else if (begins(typed, entry.letters)) {
        if (typed.length === entry.letters.length) collect(entry, 1);
        else if (unfinished && typed.length > 1) collect(entry, 0.5);
      }
    }
    if (!found.size && limit) {
      for (const entry of vocabulary.values()) {
        // The same letters with other marks are another word, not a slip.
        if (entry.bare !== plain && near(plain, entry.bare, limit)) collect(entry, 0.3);
      }
    }
    return found;
  };

  /** What a reader may call the same thing: each way to write the query. @returns {string[][]} */
  const variants = (words) => {
    const all = [words];
    const query = words.join(" ");
    const typed = words.map(letters);
    for (const group of synonyms) {
      for (const phrase of group) {
        const at = typed.findIndex((_, from) =>
          phrase.letters.every((part, k) =>
            typed[from + k]?.length === part.length && begins(typed[from + k], part)));
        if (at < 0) continue;
        for (const other of group) {
          if (other === phrase) continue;
          const changed = [
            ...words.slice(0, at), ...other.words, ...words.slice(at + phrase.words.length),
          ];
          if (changed.join(" ") !== query) all.push(changed);
        }
      }
    }
    return all.slice(0, 12);
  };

  const rank = (words, unfinished) => {
    const scores = new Map();
    for (const [way, variant] of variants(words).entries()) {
      const pairs = variant.slice(1).map((word, at) => ` ${bare(variant[at])} ${bare(word)}`);
      const looked = variant.map((word, at) => {
        const last = at === variant.length - 1;
        const year = /^(19|20)\d\d$/.test(word);
        const found = lookUp(word, unfinished && last);
        if (year) {
          index.datasets.forEach((dataset, number) => {
            const [from, to] = dataset.years || [];
            if (from <= +word && +word <= to) found.set(number, Math.max(found.get(number) || 0, 1));
          });
        }
        return found;
      });
      index.datasets.forEach((dataset, number) => {
        const parts = looked.map((found) => found.get(number) || 0);
        const hits = parts.filter(Boolean).length;
        if (!hits) return;
        let score = parts.reduce((sum, part) => sum + part, 0);
        const together = pairs.filter((pair) =>
          dataset.phrases.some((phrase) => phrase.includes(pair)));
        score *= 1 + together.length;
        score *= way ? 0.7 : 1;
        const known = scores.get(number);
        const share = hits / variant.length;
        if (!known || share > known.share || (share === known.share && score > known.score)) {
          scores.set(number, { share, score });
        }
      });
    }
    const best = Math.max(0, ...[...scores.values()].map((each) => each.share));
    const kept = [...scores].filter(([, each]) => each.share === best);
    kept.sort(([a, one], [b, two]) => two.score - one.score || a - b);
    return { complete: best === 1, numbers: kept.map(([number]) => number) };
  };

  const fits = (dataset) => facets.every((field) => {
    if (!field.value) return true;
    const kind = field.dataset.facet;
    if (kind === "from") return dataset.years && dataset.years[1] >= +field.value;
    if (kind === "to") return dataset.years && dataset.years[0] <= +field.value;
    return String(dataset[kind]) === field.value;
  });

  const card = (dataset, words) => {
    const item = template.content.cloneNode(true);
    const link = item.querySelector("a");
    link.href = `${dataset.id}.html`;
    link.textContent = dataset.title[language];
    const named = dataset.indicators.map((indicator) => indicator.name[language]);
    const matching = named.filter((name) => words.some((word) =>
      wordsOf(name).some((known) => bare(known).startsWith(bare(word)))));
    item.querySelector(".card-text").textContent =
      (matching.length ? matching : named).slice(0, 4).join(" · ");
    const meta = item.querySelector(".meta");
    const facts = [
      index.sectors[dataset.sector][language], index.scopes[dataset.scope]?.[language],
      dataset.years ? dataset.years.filter((year, at, all) => at === all.indexOf(year)).join("–") : "",
      index.publishers[dataset.publisher][language],
    ];
    for (const fact of facts.filter(Boolean)) {
      const span = document.createElement("span");
      span.textContent = fact;
      meta.append(span);
    }
    return item;
  };

  const show = () => {
    const words = wordsOf(input.value);
    const asked = words.length > 0 || facets.some((field) => field.value);
    catalogue.hidden = asked;
    results.hidden = !asked;
    results.replaceChildren();
    message.textContent = "";
    if (!asked || !index) return;
    const unfinished = !/\s$/.test(input.value);
    const { complete, numbers } = words.length
      ? rank(words, unfinished)
      : { complete: true, numbers: index.datasets.map((_, number) => number) };
    const found = numbers.map((number) => index.datasets[number]).filter(fits);
    results.append(...found.slice(0, SHOWN).map((dataset) => card(dataset, words)));
    const { none, count, countOne, partial } = message.dataset;
    if (!found.length) message.textContent = none;
    else {
      const said = `${found.length} ${found.length === 1 ? countOne : count}`;
      message.textContent = complete ? said : `${partial} ${said}`;
    }
  };

  const remember = () => {
    const address = new URL(location.href);
    for (const field of [input, ...facets]) {
      if (field.value) address.searchParams.set(field.name, field.value);
      else address.searchParams.delete(field.name);
    }
    try { history.replaceState(null, "", address); } catch { /* a file: page keeps its address */ }
    for (const link of document.querySelectorAll("a[hreflang]")) link.search = address.search;
  };

  let loading = false;
  const load = () => {
    if (loading) return;
    loading = true;
    globalThis.searchIndex = read;
    const script = document.createElement("script");
    script.src = form.dataset.index;
    document.head.append(script);
  };

  form.hidden = false;
  const asked = new URL(location.href).searchParams;
  for (const field of [input, ...facets]) field.value = asked.get(field.name) || "";
  form.querySelector("details").open = facets.some((field) => field.value);
  for (const field of facets) field.addEventListener("change", () => { load(); show(); remember(); });
  input.addEventListener("focus", load);
  input.addEventListener("input", () => { load(); show(); remember(); });
  form.addEventListener("submit", (event) => event.preventDefault());
  if (input.value || facets.some((field) => field.value)) load();
  show();
  remember();
})();
