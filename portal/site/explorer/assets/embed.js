// @ts-check
/** A chart in a frame of another page: the chart, its source and licence, and the way here. */

import { read, show, sourceLine, subtitle, table, title } from "./chart.js";
import { byId, reporting, shown as addressOf } from "./page.js";
import { Selection } from "./selection.js";

const status = byId("status");
reporting(status, async () => {
  const shown = await read(new Selection(new URLSearchParams(location.search)));
  document.title = title(shown);
  byId("title").textContent = title(shown);
  byId("subtitle").textContent = subtitle(shown);
  byId("source").textContent = sourceLine(shown.series);
  byId("explore").href = addressOf("explorer.html", shown.selection.query);
  status.textContent = "";
  const draw = () => show(shown, byId("chart"));
  await draw();
  if (shown.selection.chart === "pivot") {
    byId("chart").append(table(shown, shown.selection.rows));
    return;
  }
  let width = innerWidth;
  addEventListener("resize", () => {
    if (width !== innerWidth) draw();
    width = innerWidth;
  });
});
