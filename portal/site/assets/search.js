// Search in the catalogue: "du lich" finds "du lịch". The cards carry text that was folded in the
// same way (model/util/text.py: fold) when the page was made.
"use strict";
(() => {
  const form = document.getElementById("search");
  if (!form) return;
  const input = document.getElementById("q");
  const result = document.getElementById("search-result");
  const cards = [...document.querySelectorAll(".card")];
  const letters = { "đ": "d", "Đ": "D", "ð": "d", "Ð": "D" };

  const fold = (text) =>
    text.replace(/[đĐðÐ]/g, (c) => letters[c]).normalize("NFD").replace(/\p{M}/gu, "")
      .toLowerCase().split(/\s+/).filter(Boolean);

  const show = () => {
    const words = fold(input.value);
    let found = 0;
    for (const card of cards) {
      const fits = words.every((word) => card.dataset.search.includes(word));
      card.hidden = !fits;
      found += fits;
    }
    for (const sector of document.querySelectorAll(".sector")) {
      sector.hidden = !sector.querySelector(".card:not([hidden])");
    }
    if (!words.length) result.textContent = "";
    else if (!found) result.textContent = result.dataset.none;
    else result.textContent = `${found} ${found === 1 ? result.dataset.countOne : result.dataset.count}`;
  };

  const remember = () => {
    const address = new URL(location.href);
    if (input.value) address.searchParams.set("q", input.value);
    else address.searchParams.delete("q");
    try { history.replaceState(null, "", address); } catch { /* a file: page keeps its address */ }
    const language = document.getElementById("language");
    if (language) language.search = address.search;
  };

  form.hidden = false;
  input.value = new URL(location.href).searchParams.get("q") || "";
  input.addEventListener("input", () => { show(); remember(); });
  form.addEventListener("submit", (event) => event.preventDefault());
  show();
  remember();
})();
