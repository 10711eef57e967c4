/** The golden transcripts: the frames that the kernel sends lead to the page that it means. */

import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import { test } from "node:test";
import { outline, page, skip } from "./dom.mjs";

const { default: widget, sanitize } = await import("../../src/agentcell/render/assets/run.js");
const folder = new URL("../golden/", import.meta.url);

for (const file of readdirSync(folder).filter((name) => name.endsWith(".json"))) {
  const { name, snapshot, frames, live } = JSON.parse(readFileSync(new URL(file, folder), "utf-8"));
  test(`${name}: its frames lead to its page`, { skip }, () => {
    page();
    const heard = [];
    const model = {
      sent: [],
      get: (key) => (key === "snapshot" ? { seq: 0, html: snapshot } : undefined),
      send(message) {
        this.sent.push(message);
      },
      on: (event, callback) => event === "msg:custom" && heard.push(callback),
      off() {},
    };
    const instance = widget();
    instance.initialize({ model });
    const el = document.createElement("div");
    document.body.append(el);
    const stop = instance.render({ model, el });
    let seq = 0;
    for (const ops of frames) {
      if (ops.length) heard.forEach((callback) => callback({ v: 1, t: "frame", seq: (seq += 1), ops }));
    }
    assert.deepEqual(model.sent, [], "a frame did not fit");
    const expected = document.createElement("div");
    expected.append(sanitize(live));
    const root = (place) => place.querySelector('[data-k="run"]').parentNode;
    assert.equal(outline(root(el)), outline(root(expected)));
    stop?.();
  });
}
