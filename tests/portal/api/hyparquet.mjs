// node hyparquet.mjs LIBRARIES <ADDRESSES: each Parquet file's rows, as hyparquet reads it by ranges.
import { readdirSync, readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";

const [folder] = process.argv.slice(2);
const library = (name, path) => import(pathToFileURL(`${folder}/${readdirSync(folder).find((each) => each.startsWith(`${name}-`))}/${path}`));
const [{ asyncBufferFromUrl, parquetReadObjects }, { decompress }] = await Promise.all([
  library("hyparquet", "src/index.js"), library("fzstd", "esm/index.mjs"),
]);
const compressors = { ZSTD: (input, length) => decompress(input, new Uint8Array(length)) };
const plain = (name, value) => (typeof value === "bigint" ? Number(value) : value);
for (const url of readFileSync(0, "utf8").split("\n")) {
  const rows = await parquetReadObjects({ file: await asyncBufferFromUrl({ url }), compressors });
  console.log(JSON.stringify(rows, plain));
}
