// A dataset's page: choose the chart's indicator, copy a checksum.
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
