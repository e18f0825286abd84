// A dataset's page, and that of its charts: lead from a figure to its proof, copy a checksum.
"use strict";
(() => {
  for (const table of document.querySelectorAll("table[data-proof]")) {
    const keys = [...table.querySelectorAll("thead th[data-key]")].map((each) => each.dataset.key);
    for (const cell of table.querySelectorAll("tbody td:not(.none)")) {
      const { period } = cell.parentElement.querySelector("th").dataset;
      if (cell.textContent === "–") continue;
      const link = document.createElement("a");
      link.href = `${table.dataset.proof}&${keys[cell.cellIndex - 1]}&time_period=${period}#proof`;
      link.append(...cell.childNodes);
      cell.append(link);
    }
  }

  // Asked for when somebody looks: "reproduced by N builders", with their names.
  for (const line of document.querySelectorAll("[data-builders]")) {
    line.closest("details").addEventListener("toggle", async () => {
      const found = await fetch(line.dataset.builders);
      if (!found.ok) return;
      const { releases } = await found.json();
      const names = releases[line.dataset.dataset]?.[line.dataset.release] ?? [];
      line.querySelector("span").hidden = !names.length;
      line.querySelector("strong").textContent = `${names.length} (${names.join(", ")})`;
    }, { once: true });
  }

  for (const button of document.querySelectorAll(".copy")) {
    const code = document.getElementById(button.dataset.copy);
    const label = button.innerHTML;
    button.hidden = !navigator.clipboard;
    button.addEventListener("click", async () => {
      await navigator.clipboard.writeText(code.textContent);
      button.textContent = button.dataset.done;
      setTimeout(() => { button.innerHTML = label; }, 2000);
    });
  }
})();
