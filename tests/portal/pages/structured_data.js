// What Google's dataset search wants of a page's schema.org, asked by structured-data-testing-tool.
// node structured_data.js PACKAGE SITE <PAGES; prints [[page, what is missing], …].
// Source: https://developers.google.com/search/docs/appearance/structured-data/dataset
const { readFileSync } = require("fs");

const [library, site] = process.argv.slice(2);
const { structuredDataTest } = require(library);

const WANTED = {
  Dataset: ["name", "description", "creator", "distribution[0].contentUrl",
    "distribution[0].encodingFormat", "identifier", "license", "spatialCoverage",
    "temporalCoverage", "variableMeasured[0].name", "includedInDataCatalog.name", "url", "version"],
  StatisticalVariable: ["name", "identifier"],
  AdministrativeArea: ["name", "identifier.value"],
  Country: ["name", "identifier.value"],
  DataCatalog: ["name", "description"],
};

async function judge(page) {
  const text = readFileSync(`${site}/${page}`, "utf8");
  const nodes = [...text.matchAll(/<script type="application\/ld\+json">(.*?)<\/script>/gs)]
    .map(([, json]) => JSON.parse(json));
  const found = nodes.map((node) => node["@type"]);
  // A dataset whose figures may not be published has nothing to download, and says so.
  const closed = nodes.some((node) => node.isAccessibleForFree === false);
  const wanted = (type) => (WANTED[type] ?? []).filter((field) => !closed || !field.startsWith("distribution"));
  const tests = found.flatMap((type) => wanted(type).map((field) => (
    { test: `${type}[0].${field}`, type: "jsonld", description: `${type} has ${field}` })));
  const unknown = found.filter((type) => !WANTED[type]).map((type) => `unexpected type ${type}`);
  if (!found.length) return unknown;
  const schemas = found.map((type) => `jsonld:${type}`);
  const failed = (result) => result.failed.map(({ description, test, error }) => `${description ?? test}: ${error?.message ?? "missing"}`);
  return unknown.concat(await structuredDataTest(text, { schemas, tests }).then(failed, (error) => (
    error.res ? failed(error.res) : [String(error)])));
}

(async () => {
  const pages = readFileSync(0, "utf8").split("\n").filter(Boolean);
  const said = [];
  for (const page of pages) for (const each of await judge(page)) said.push([page, each]);
  console.log(JSON.stringify(said));
})();
