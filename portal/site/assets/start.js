// Begins the scripts of a page's <template id="scripts"> once its first screen is painted: until
// then line and processor are the reader's. What is marked `async` goes first: it reads figures.
"use strict";
(() => {
  const LATEST = 2000; // milliseconds; a page that nobody looks at is not painted
  let begun = false;
  const begin = async () => {
    if (begun) return;
    begun = true;
    const template = /** @type {HTMLTemplateElement} */ (document.getElementById("scripts"));
    const all = document.importNode(template.content, true);
    for (const script of all.querySelectorAll("script:not([async])")) script.async = false; // in order
    document.head.append(...all.querySelectorAll("link")); // what they need, asked for at once
    const first = all.querySelector("script[async]");
    if (first) {
      await new Promise((done) => {
        first.addEventListener("load", done);
        first.addEventListener("error", done);
        document.body.append(first);
      });
    }
    document.body.append(all);
  };
  if (globalThis.PerformanceObserver?.supportedEntryTypes?.includes("paint")) {
    new PerformanceObserver(begin).observe({ type: "paint", buffered: true });
    setTimeout(begin, document.hidden ? 0 : LATEST);
  } else begin();
})();
