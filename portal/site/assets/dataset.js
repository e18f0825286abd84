// A dataset's page: choose the chart's indicator, copy a checksum, lead from a figure to its proof.
"use strict";
(() => {
  const more = document.querySelector(".more-charts");
  const chooser = document.querySelector(".chooser");
  if (more && chooser) {
    const figures = [...document.querySelectorAll(".figure")];
    const select = chooser.querySelector("select");
    const show = () => figures.forEach((figure, index) => {
      figure.hidden = index !== select.selectedIndex;
    });
    for (const figure of figures) select.add(new Option(figure.dataset.name));
    more.replaceWith(...figures.slice(1));
    chooser.hidden = false;
    select.addEventListener("change", show);
    show();
  }

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
