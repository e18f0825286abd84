// @ts-check
/** Read what the address asks for while the scripts that show it are still on their way. */

import { Release } from "./release.js";

const query = new URLSearchParams(location.search);
const dataset = query.get("dataset");
// What goes wrong is said by the page's own script, which asks for the same.
if (dataset) Release.open(dataset, query.get("release")).catch(() => {});
