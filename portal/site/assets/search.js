// Search over datasets, indicators and places, as one types. The indexes are written by
// portal/site/shared_pages/search.py and loaded when they are needed, as scripts, because pages that
// are opened as files may load nothing else: that of the page's language when the search is first
// used, those of other languages and the longer texts where a word is in none of those before.
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
  const areas = document.getElementById("areas");
  const facets = [...form.querySelectorAll("[data-facet]")];
  const language = document.documentElement.lang;
  const root = form.dataset.root;
  const SHOWN = 50;
  const WEIGHED = 300; // of a query's finds: those whose names are compared with it as a whole
  const WEIGHTS = { title: 8, indicator: 5, keyword: 3, place: 3, publisher: 2 /* and sector */, unit: 1, text: 1 };
  /** What is not a name is no phrase, and is not ranked by how much of it was typed. */
  const NAMES = ["title", "indicator", "keyword"];

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
   * Whether a known word begins as was typed: typed marks must all be there.
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
      let least = i;
      for (let j = 1; j <= two.length; j++) {
        const same = one[i - 1] === two[j - 1];
        next[j] = Math.min(row[j] + 1, next[j - 1] + 1, row[j - 1] + (same ? 0 : 1));
        if (i > 1 && j > 1 && one[i - 1] === two[j - 2] && one[i - 2] === two[j - 1]) {
          next[j] = Math.min(next[j], before[j - 2] + 1);
        }
        least = Math.min(least, next[j]);
      }
      if (least > limit) return false;
      before = row;
      row = next;
    }
    return row[two.length] <= limit;
  };

  /** All that can be found: {kind, link, title, phrases, names, ...}; the index gives the order. */
  let documents = [];
  /** The index of the page's language. */
  let index = null;
  /** Each group of synonyms, each phrase as its words with their letters. */
  let synonyms = [];
  /** Every word -> its letters, and the documents that have it with their weight. */
  const vocabulary = new Map();
  /** The words by their first letter: few begin as what was typed. */
  const initials = new Map();
  /** What was looked up since an index was added. */
  let known = new Map();
  /** Sets of places -> the datasets that have figures of them. */
  let datasetsOf = [];

  const lines = (text) => (text ? text.split("\n") : []);

  const entryOf = (word) => {
    if (!vocabulary.has(word)) {
      const entry = { letters: letters(word), bare: bare(word), in: new Map(), areas: new Set() };
      vocabulary.set(word, entry);
      const initial = entry.bare[0] || "";
      if (!initials.has(initial)) initials.set(initial, []);
      initials.get(initial).push(entry);
    }
    return vocabulary.get(word);
  };

  /** Add a text to a document: its words, and as a phrase where it is a name. */
  const add = (number, kind, text, own = false) => {
    const words = wordsOf(text || "");
    if (NAMES.includes(kind)) documents[number].phrases.push(` ${bare(words.join(" "))} `);
    if (own) documents[number].names.push(words.join(" "));
    for (const word of words) {
      const found = entryOf(word).in;
      found.set(number, Math.max(found.get(number) || 0, WEIGHTS[kind]));
    }
  };

  /** Every document, in no language yet, as the index of any language has it. */
  const begin = (found) => {
    const { datasets, indicators, places } = found;
    const page = (link) => `${root}${language}/${link}`;
    documents = [
      ...lines(datasets.id).map((id, at) => ({
        kind: "dataset", link: page(`${id}.html`), at,
        sector: found.values.sector[datasets.sector[at]],
        publisher: found.values.publisher[datasets.publisher[at]],
        licence: found.values.licence[datasets.licence[at]],
        frequency: found.values.frequency[datasets.frequency[at]],
        scope: found.values.scope[datasets.scope[at]],
        from: datasets.from[at], to: datasets.to[at], grade: datasets.grade[at],
        due: datasets.due[at],
      })),
      ...lines(indicators.code).map((code, at) => ({
        kind: "indicator", link: page(`indicators/${code}.html`), at,
      })),
      ...lines(places.page).map((link, at) => ({ kind: "place", link: page(link), at })),
    ];
    for (const each of documents) Object.assign(each, { title: "", phrases: [], names: [] });
    datasetsOf = found.areas.map(() => []);
    datasets.areas.forEach((set, at) => datasetsOf[set].push(at));
  };

  globalThis.searchIndex = (found) => {
    if (!documents.length) begin(found);
    const own = found.language === language;
    const { datasets, indicators, places } = found;
    const [first, second] = [lines(datasets.id).length, lines(indicators.code).length];
    const names = lines(indicators.name);
    const titles = [...lines(datasets.title), ...names, ...lines(places.name)];
    titles.forEach((title, number) => {
      if (own) documents[number].title = title;
      add(number, "title", title, true);
    });
    lines(datasets.keywords).forEach((words, at) => {
      for (const word of words.split("|")) add(at, "keyword", word);
      add(at, "publisher", found.fields.sector[datasets.sector[at]]);
      add(at, "publisher", found.fields.publisher[datasets.publisher[at]]);
      for (const indicator of datasets.indicators[at]) {
        add(at, "indicator", names[indicator]);
        add(at, "unit", found.units[indicators.unit[indicator]]);
      }
    });
    names.forEach((_, at) => add(first + at, "unit", found.units[indicators.unit[at]]));
    const called = lines(places.name);
    const otherwise = lines(places.other);
    otherwise.forEach((other, at) => {
      for (const name of other.split(" | ")) add(first + second + at, "title", name, true);
    });
    // Many datasets are about the same places: a word of a place leads to the sets that have it.
    found.areas.forEach((steps, set) => {
      let at = 0;
      for (const step of steps) {
        at += step;
        for (const word of wordsOf(`${called[at]} ${otherwise[at]}`)) entryOf(word).areas.add(set);
      }
    });
    if (own) {
      index = { ...found, names, called };
      synonyms = found.synonyms.map((group) => group.map((phrase) => {
        const words = wordsOf(phrase);
        return { words, letters: words.map(letters) };
      }));
      areas?.replaceChildren(...called.slice(0, places.rows.length).map((name) => new Option(name)));
    }
    known = new Map();
  };

  globalThis.searchTexts = (found) => {
    const first = lines(found.datasets).length;
    lines(found.datasets).forEach((text, at) => add(at, "text", text));
    lines(found.indicators).forEach((text, at) => add(first + at, "text", text));
    known = new Map();
  };

  /** @returns {Map<number, number>} the documents that have a word, or one much like it, with their score */
  const lookUp = (word, unfinished) => {
    const key = `${word} ${unfinished}`;
    if (known.has(key)) return known.get(key);
    const found = new Map();
    const typed = letters(word);
    const plain = bare(word);
    const limit = plain.length < 4 || /\d/.test(plain) ? 0 : plain.length < 8 ? 1 : 2;
    const collect = (entry, factor) => {
      const rarity = Math.log(1 + documents.length / (entry.in.size + entry.areas.size));
      const count = (number, weight) => {
        found.set(number, Math.max(found.get(number) || 0, weight * factor * rarity));
      };
      for (const set of entry.areas) for (const number of datasetsOf[set]) count(number, WEIGHTS.place);
      for (const [number, weight] of entry.in) count(number, weight);
    };
    for (const entry of initials.get(plain[0]) || []) {
      if (begins(typed, entry.letters)) {
        if (typed.length === entry.letters.length) {
          collect(entry, vocabulary.get(word) === entry ? 1.2 : 1);
        } else if (unfinished && typed.length > 1) collect(entry, 0.5);
      }
    }
    found.exact = found.size > 0;
    if (!found.exact && limit) {
      for (const entry of vocabulary.values()) {
        // The same letters with other marks are another word, not a slip.
        if (entry.bare !== plain && near(plain, entry.bare, limit)) collect(entry, 0.3);
      }
    }
    if (/^(19|20)\d\d$/.test(word)) {
      documents.forEach(({ from, to }, number) => {
        if (from <= +word && +word <= to) found.set(number, Math.max(found.get(number) || 0, 1));
      });
    }
    known.set(key, found);
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

  /** How much of what a document is called was typed: all of it, its beginning, or some words. */
  const closeness = (document, query, plain) => {
    let best = 1;
    for (const name of document.names) {
      if (name === query) return 4;
      const without = bare(name);
      const called = query === plain ? without : name; // without marks, as it was typed
      // A place is often typed without what it is: "Hải Châu" is "Phường Hải Châu, Đà Nẵng".
      if (without === plain && query === plain) best = 4;
      else if (document.kind === "place" && ` ${called} `.includes(` ${query} `)) best = Math.max(best, 2);
      else if (called.startsWith(`${query} `)) best = Math.max(best, 1.5);
    }
    return best;
  };

  const rank = (words, unfinished) => {
    const scores = new Map();
    const query = words.join(" ");
    const plain = bare(query);
    for (const [way, variant] of variants(words).entries()) {
      const pairs = variant.slice(1).map((word, at) => ` ${bare(variant[at])} ${bare(word)}`);
      const looked = variant.map((word, at) => lookUp(word, unfinished && at === variant.length - 1));
      const sums = new Map();
      for (const found of looked) {
        for (const [number, score] of found) {
          const sum = sums.get(number);
          if (sum) { sum.hits += 1; sum.score += score; } else sums.set(number, { hits: 1, score });
        }
      }
      let most = 0;
      for (const { hits } of sums.values()) most = Math.max(most, hits);
      const share = most / variant.length;
      const best = [...sums].filter(([, { hits }]) => hits === most)
        .sort(([a, one], [b, two]) => two.score - one.score || a - b);
      for (const [at, [number, { score }]] of best.entries()) {
        const before = scores.get(number);
        if (before && share < before.share) continue;
        let total = score;
        if (at < WEIGHED) {
          const { phrases } = documents[number];
          const together = pairs.filter((pair) => phrases.some((phrase) => phrase.includes(pair)));
          total *= (1 + together.length) * (way ? 1 : closeness(documents[number], query, plain));
        }
        if (way) total *= 0.7;
        if (!before || share > before.share || total > before.score) {
          scores.set(number, { share, score: total });
        }
      }
    }
    const exact = words.every((word, at) => lookUp(word, unfinished && at === words.length - 1).exact);
    let best = 0;
    for (const { share } of scores.values()) best = Math.max(best, share);
    const kept = [...scores].filter(([, each]) => each.share === best);
    kept.sort(([a, one], [b, two]) => two.score - one.score || a - b);
    return { complete: best === 1, exact, numbers: kept.map(([number]) => number) };
  };

  const today = new Date().toISOString().slice(0, 10);
  const freshness = ({ due }) => (due === "ended" ? due : !due ? "" : due < today ? "late" : "fresh");

  const fits = (document) => (!form.dataset.kind || document.kind === form.dataset.kind)
    && facets.every((field) => {
      const { value } = field;
      if (!value) return true;
      const kind = field.dataset.facet;
      if (kind === "kind") return document.kind === value;
      if (document.kind !== "dataset") return false;
      if (kind === "from") return document.to >= +value;
      if (kind === "to") return document.from && document.from <= +value;
      if (kind === "freshness") return freshness(document) === value;
      if (kind === "grade") return document.grade !== "-" && document.grade <= value;
      if (kind === "area") return inArea(document, value);
      return document[kind] === value;
    });

  /** Whether a dataset has figures of the places of a name. */
  const inArea = (document, name) => {
    let at = 0;
    return index.areas[index.datasets.areas[document.at]].some((step) => {
      at += step;
      return index.called[at] === name;
    });
  };

  /** @returns {string[]} what a result says of itself besides its title */
  const facts = ({ kind, at, from, to }) => {
    const { datasets, indicators, places, fields, units } = index;
    const years = (first, last) => (!first ? "" : first === last ? `${first}` : `${first}–${last}`);
    if (kind === "indicator") return [units[indicators.unit[at]], years(indicators.from[at], indicators.to[at])];
    if (kind === "place") return places.rows[at] ? [`${places.rows[at]} ${form.dataset.figures}`] : [];
    return [
      fields.sector[datasets.sector[at]], fields.scope[datasets.scope[at]],
      years(from, to),
      fields.publisher[datasets.publisher[at]],
    ];
  };

  const card = (document, words) => {
    const item = template.content.cloneNode(true);
    const link = item.querySelector("a");
    link.href = document.link;
    link.textContent = document.title;
    if (document.kind === "dataset") {
      const named = index.datasets.indicators[document.at].map((at) => index.names[at]);
      const matching = named.filter((name) => words.some((word) =>
        wordsOf(name).some((other) => bare(other).startsWith(bare(word)))));
      item.querySelector(".card-text").textContent =
        (matching.length ? matching : named).slice(0, 4).join(" · ");
    }
    item.querySelector(".tag").textContent = index.kinds[document.kind];
    const meta = item.querySelector(".meta");
    for (const fact of facts(document).filter(Boolean)) {
      const span = globalThis.document.createElement("span");
      span.textContent = fact;
      meta.append(span);
    }
    return item;
  };

  const others = [...document.querySelectorAll("a[hreflang]")].map((link) => link.hreflang);
  /** The files that are still to be loaded: where a word is in none, the next. */
  const waiting = [
    `${language}/search-index.js`, ...others.map((code) => `${code}/search-index.js`),
    ...[language, ...others].map((code) => `${code}/search-texts.js`),
  ];
  let loading = false;
  const load = () => {
    if (loading || !waiting.length) return;
    loading = true;
    const script = document.createElement("script");
    script.src = root + waiting.shift();
    const done = () => { loading = false; results.ariaBusy = "false"; show(); };
    script.addEventListener("load", done);
    script.addEventListener("error", done);
    results.ariaBusy = "true";
    document.head.append(script);
  };

  const show = () => {
    const words = wordsOf(input.value);
    const asked = words.length > 0 || facets.some((field) => field.value);
    catalogue.hidden = asked;
    results.hidden = results.previousElementSibling.hidden = !asked;
    results.replaceChildren();
    message.textContent = "";
    if (!asked || !index) return;
    const unfinished = !/\s$/.test(input.value);
    const all = () => documents.flatMap(({ kind }, number) => (kind === "dataset" ? [number] : []));
    const { complete, exact, numbers } = words.length
      ? rank(words, unfinished) : { complete: true, exact: true, numbers: all() };
    if (!complete || !exact) load();
    const found = numbers.map((number) => documents[number]).filter(fits);
    results.append(...found.slice(0, SHOWN).map((document) => card(document, words)));
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

  const first = () => { if (!index) load(); };
  const asked = new URL(location.href).searchParams;
  // What was typed before this script came stays.
  for (const field of [input, ...facets]) field.value = asked.get(field.name) ?? field.value;
  const narrowed = form.querySelector("details");
  if (narrowed) narrowed.open = facets.some((field) => field.value);
  for (const field of facets) {
    field.addEventListener("change", () => { first(); show(); remember(); });
  }
  input.addEventListener("focus", first);
  narrowed?.addEventListener("toggle", first);
  input.addEventListener("input", () => { first(); show(); remember(); });
  form.addEventListener("submit", (event) => event.preventDefault());
  if (input.value || document.activeElement === input || facets.some((field) => field.value)) first();
  show();
  remember();
})();
