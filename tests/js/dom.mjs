/** Gives the tests a DOM from jsdom, which node looks for beside the tests and in $NODE_PATH. */

import { createRequire } from "node:module";

/** jsdom's JSDOM class, or null when it is not installed. */
export const JSDOM = (() => {
  try {
    return createRequire(import.meta.url)("jsdom").JSDOM;
  } catch {
    return null;
  }
})();

/** Why DOM tests are skipped, or false. */
export const skip = JSDOM ? false : "jsdom is not installed: npm install --prefix DIR jsdom@24, then NODE_PATH=DIR/node_modules";

/** Make a fresh document global, as in a page. */
export function page() {
  const { window } = new JSDOM("<!doctype html><body></body>");
  globalThis.window = window;
  for (const name of ["document", "Node", "NodeFilter", "Element", "AbortController", "AbortSignal"]) {
    globalThis[name] = window[name];
  }
  return window;
}

/** One line for each node, so that two trees can be compared and adjacent texts are seen. */
export function outline(node, indent = "") {
  return [...node.childNodes]
    .filter((child) => child.nodeType !== 3 || child.data)
    .map((child) => {
      if (child.nodeType === 3) return `${indent}${JSON.stringify(child.data)}`;
      const attributes = [...child.attributes].map(({ name, value }) => ` ${name}=${JSON.stringify(value)}`).sort();
      return `${indent}<${child.localName}${attributes.join("")}>\n${outline(child, indent + "  ")}`;
    })
    .join("\n");
}
