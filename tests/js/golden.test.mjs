/** The golden transcripts: the frames that the kernel sends lead to the page that it means. */

import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import { test } from "node:test";
import { outline, page, skip } from "./dom.mjs";

const { default: widget } = await import("../../src/agentcell/render/assets/run.js");
const folder = new URL("../golden/", import.meta.url);

/** A page that begins with a snapshot. */
function shown(html) {
  const heard = [];
  const sent = [];
  const model = {
    get: (key) => (key === "snapshot" ? { seq: 0, html } : undefined),
    send: (message) => sent.push(message),
    on: (event, callback) => event === "msg:custom" && heard.push(callback),
    off() {},
  };
  const instance = widget();
  instance.initialize({ model });
  const el = document.createElement("div");
  document.body.append(el);
  return { heard, sent, el, stop: instance.render({ model, el }) };
}

/** The run of a page, without what time it is. */
function settled(place) {
  const run = place.querySelector('[data-k="run"]');
  run.removeAttribute("data-clock");
  for (const clock of run.querySelectorAll("[data-tick], [data-left]")) {
    clock.removeAttribute("style");
    if (!clock.hasAttribute("data-span")) clock.replaceChildren();
  }
  return run.parentNode;
}

for (const file of readdirSync(folder).filter((name) => name.endsWith(".json"))) {
  const { name, snapshot, frames, live } = JSON.parse(readFileSync(new URL(file, folder), "utf-8"));
  test(`${name}: its frames lead to its page`, { skip }, () => {
    page();
    const { heard, sent, el, stop } = shown(snapshot);
    let seq = 0;
    for (const ops of frames) {
      if (ops.length) heard.forEach((callback) => callback({ v: 1, t: "frame", seq: (seq += 1), ops }));
    }
    assert.deepEqual(sent, [], "a frame did not fit");
    const expected = shown(live);
    assert.equal(outline(settled(el)), outline(settled(expected.el)));
    expected.stop();
    stop();
  });
}
