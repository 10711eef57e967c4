/** Applies recorded Markdown operations with the real run.js: `node apply_cases.mjs cases.json`; exit 2 without jsdom. */

import { readFileSync } from "node:fs";
import { JSDOM, outline, page, skip } from "./dom.mjs";

if (!JSDOM) {
  console.log(skip);
  process.exit(2);
}
page();
const { applyMarkdown, sanitize } = await import("../../src/agentcell/render/assets/run.js");
const cases = JSON.parse(readFileSync(process.argv[2], "utf-8"));
for (const { source, steps } of cases) {
  let container = document.createElement("div");
  for (const [number, { ops, html }] of steps.entries()) {
    for (const op of ops) applyMarkdown(container, op);
    const expected = document.createElement("div");
    expected.append(sanitize(html));
    if (outline(container) !== outline(expected)) {
      console.error(`after step ${number} of ${JSON.stringify(source)}:\n${outline(container)}\n--- instead of\n${outline(expected)}`);
      process.exit(1);
    }
    if (number === Math.floor(steps.length / 2)) container = expected; // a snapshot takes over
  }
}
console.log(`${cases.length} cases`);
