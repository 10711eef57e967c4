import assert from "node:assert/strict";
import { beforeEach, mock, test } from "node:test";
import { outline, page, skip } from "./dom.mjs";

const run = await import("../../src/agentcell/render/assets/run.js");
const { default: widget, duration, sanitize } = run;

/** A model as anywidget gives it: `sent` is what the page said, `hear` what the kernel says. */
function fakeModel(snapshot = null) {
  const heard = new Set();
  return {
    sent: [],
    get: (name) => (name === "snapshot" ? snapshot : undefined),
    send(message) {
      this.sent.push(message);
    },
    on: (event, callback) => event === "msg:custom" && heard.add(callback),
    off: (_, callback) => heard.delete(callback),
    hear: (message) => heard.forEach((callback) => callback({ v: 1, ...message })),
    listeners: () => heard.size,
  };
}

function start(html = '<div data-k="b"></div>', seq = 0) {
  const model = fakeModel({ seq, html });
  const instance = widget();
  instance.initialize({ model });
  return { model, instance, view: () => view(instance, model) };
}

function view(instance, model) {
  const el = document.createElement("div");
  document.body.append(el);
  const stop = instance.render({ model, el });
  return Object.assign(el, { stop });
}

const add = (seq, html, key = "b") => ({ t: "frame", seq, ops: [["add", key, html]] });
const texts = (el) => [...el.querySelectorAll("p")].map((p) => p.textContent).join(" ");

let window;
beforeEach(() => {
  if (!skip) window = page();
});

// Waiting for an answer that never comes must not keep the test process alive.
const { setTimeout: realTimeout } = globalThis;
globalThis.setTimeout = (...given) => realTimeout(...given).unref();

const domTest = (name, body) => test(name, { skip }, body);

test("no export is called render, which anywidget would take for an old widget", () => {
  assert.equal(run.render, undefined);
});

test("durations read like 3.2 s and 2 min 05 s", () => {
  assert.deepEqual([0, 3249, 59_900, 125_000].map(duration), ["0.0 s", "3.2 s", "59.9 s", "2 min 05 s"]);
});

domTest("frames that arrive before the view are in it", () => {
  const { model, view } = start();
  model.hear(add(1, "<p>one</p>"));
  assert.equal(texts(view()), "one");
});

domTest("frames that the snapshot holds already are ignored", () => {
  const { model, view } = start('<div data-k="b"><p>one</p></div>', 5);
  const el = view();
  model.hear(add(5, "<p>one</p>"));
  model.hear(add(6, "<p>two</p>"));
  assert.equal(texts(el), "one two");
  assert.deepEqual(model.sent, []);
});

domTest("a gap asks once; frames go on behind the snapshot", () => {
  const { model, view } = start();
  const el = view();
  for (const seq of [1, 3, 4]) model.hear(add(seq, `<p>${seq}</p>`));
  assert.deepEqual(model.sent, [{ v: 1, t: "resync", have: 1 }]);
  assert.equal(texts(el), "1");
  model.hear({ t: "snap", seq: 4, html: '<div data-k="b"><p>1</p><p>2</p><p>3</p><p>4</p></div>' });
  model.hear(add(5, "<p>5</p>"));
  assert.equal(texts(el), "1 2 3 4 5");
  model.hear(add(7, ""));
  assert.deepEqual(model.sent.map((m) => m.have), [1, 5]);
});

domTest("a question that gets no answer is asked again, later each time and not for ever", () => {
  mock.timers.enable({ apis: ["setTimeout"] });
  const { model } = start();
  model.hear(add(2, ""));
  model.hear(add(3, ""));
  assert.equal(model.sent.length, 1);
  mock.timers.tick(3000);
  assert.equal(model.sent.length, 2);
  mock.timers.tick(5999);
  assert.equal(model.sent.length, 2);
  for (let time = 0; time < 100; time++) mock.timers.tick(3000);
  const asked = model.sent.length;
  assert.ok(asked <= 6);
  model.hear({ t: "snap", seq: 3, html: "" });
  model.hear(add(9, ""));
  assert.equal(model.sent.length, asked + 1, "an answer makes it ask again for the next gap");
  mock.timers.reset();
});

domTest("an end beyond the last frame asks for the rest", () => {
  const { model } = start();
  model.hear(add(1, ""));
  model.hear({ t: "end", seq: 1 });
  assert.deepEqual(model.sent, []);
  model.hear({ t: "end", seq: 2 });
  assert.deepEqual(model.sent, [{ v: 1, t: "resync", have: 1 }]);
});

domTest("a frame that does not fit asks for a snapshot", () => {
  const { model, view } = start();
  const el = view();
  mock.method(console, "warn", () => {});
  model.hear(add(1, "<p>x</p>", "nowhere"));
  model.hear(add(2, "<p>y</p>"));
  mock.restoreAll();
  assert.deepEqual(model.sent, [{ v: 1, t: "resync", have: 0 }]);
  model.hear({ t: "snap", seq: 2, html: '<div data-k="b"><p>healed</p></div>' });
  assert.equal(texts(el), "healed");
});

domTest("messages of another version are ignored", () => {
  const { model, view } = start();
  const el = view();
  model.hear({ ...add(1, "<p>x</p>"), v: 2 });
  assert.equal(texts(el), "");
});

domTest("each view has its own elements; a later one starts from the present", () => {
  const { model, view } = start();
  model.hear(add(1, "<p>1</p>"));
  const first = view();
  const second = view();
  model.hear(add(2, "<p>2</p>"));
  first.stop();
  assert.equal(first.childNodes.length, 0);
  model.hear(add(3, "<p>3</p>"));
  assert.equal(texts(second), "1 2 3");
  second.stop();
  model.hear(add(4, "<p>4</p>"));
  assert.equal(texts(view()), "1 2 3 4");
});

domTest("the cleanup of render takes the view away, that of initialize the handler", () => {
  const model = fakeModel({ seq: 0, html: "<p>x</p>" });
  const instance = widget();
  const cleanup = instance.initialize({ model });
  const el = document.createElement("div");
  instance.render({ model, el })();
  assert.equal(el.childNodes.length, 0);
  cleanup();
  assert.equal(model.listeners(), 0);
});

domTest("set, text and attr change one element and leave the others alone", () => {
  const { model, view } = start('<p data-k="a">a</p><p data-k="c">c</p>');
  const el = view();
  const other = el.querySelector('[data-k="c"]');
  model.hear({
    t: "frame",
    seq: 1,
    ops: [
      ["set", "a", '<p data-k="a" class="ac-new">b</p>'],
      ["text", "a", "<b>"],
      ["attr", "a", "title", "t"],
      ["attr", "a", "onclick", "alert(1)"],
      ["attr", "a", "class", null],
    ],
  });
  assert.equal(el.querySelector('[data-k="a"]').outerHTML, '<p data-k="a" title="t">&lt;b&gt;</p>');
  assert.equal(el.querySelector('[data-k="c"]'), other);
});

domTest("details that the user toggled stay so, in set, attr and snapshot; others follow the kernel", () => {
  const cards = (open) =>
    ["x", "y"].map((k) => `<details data-k="${k}"${open}><summary>s</summary>text</details>`).join("");
  const { model, view } = start(`<div data-k="b">${cards("")}</div>`);
  const el = view();
  el.querySelector('[data-k="x"] summary').click();
  const states = () => [...el.querySelectorAll("details")].map((d) => d.open);
  assert.deepEqual(states(), [true, false]);
  model.hear({ t: "frame", seq: 1, ops: [["set", "b", `<div data-k="b">${cards("")}</div>`]] });
  assert.deepEqual(states(), [true, false]);
  model.hear({ t: "frame", seq: 2, ops: [["attr", "x", "open", null], ["attr", "y", "open", ""]] });
  assert.deepEqual(states(), [true, true]);
  model.hear({ t: "snap", seq: 9, html: `<div data-k="b">${cards("")}</div>` });
  assert.deepEqual(states(), [true, false]);
});

domTest("the kernel hears what a person opens and closes", () => {
  const { model, view } = start('<details data-k="x"><summary>s</summary>t</details><details><summary>n</summary>t</details>');
  const el = view();
  for (const summary of el.querySelectorAll("summary")) summary.click();
  el.querySelector("summary").click();
  assert.deepEqual(model.sent.filter((one) => one.t === "fold"), [
    { v: 1, t: "fold", key: "x", open: true },
    { v: 1, t: "fold", key: "x", open: false },
  ]);
});

domTest("the focus stays on a button whose card is sent again", () => {
  const html = '<div data-k="c"><button data-do="stop">Stop</button></div>';
  const { model, view } = start(html);
  const el = view();
  el.querySelector("button").focus();
  model.hear({ t: "frame", seq: 1, ops: [["set", "c", html]] });
  assert.equal(document.activeElement, el.querySelector("button"));
});

domTest("a click on data-do tells the kernel, with the nearest key, and toggles nothing", () => {
  const { model, view } = start(
    '<details data-k="card"><summary>s <button data-do="stop"><span>Stop</span></button></summary></details>',
  );
  const el = view();
  el.querySelector("button span").click();
  assert.deepEqual(model.sent, [{ v: 1, t: "do", do: "stop", key: "card" }]);
  assert.equal(el.querySelector("details").open, false);
});

domTest("clocks count from what the kernel said", () => {
  let now = 1000;
  mock.timers.enable({ apis: ["setInterval"] });
  mock.method(performance, "now", () => now);
  const { model, view } = start('<p data-clock="4500"><time data-k="t" data-tick="2000">2.5 s</time></p>');
  const el = view();
  now += 700;
  mock.timers.tick(100);
  assert.equal(el.textContent, "3.2 s");
  model.hear({ t: "frame", seq: 1, ops: [["attr", "t", "data-tick", null], ["text", "t", "done"]] });
  now += 5000;
  mock.timers.tick(100);
  assert.equal(el.textContent, "done");
  el.stop();
  mock.timers.reset();
  mock.restoreAll();
});

domTest("a clock does not start again when its neighbour is set", () => {
  let now = 1000;
  mock.timers.enable({ apis: ["setInterval"] });
  mock.method(performance, "now", () => now);
  const { model, view } = start('<time data-k="t" data-tick="0"></time><p data-k="p"></p>');
  const el = view();
  now += 5000;
  model.hear({ t: "frame", seq: 1, ops: [["set", "p", '<p data-k="p">x</p>']] });
  mock.timers.tick(100);
  const shown = el.querySelector("time").textContent;
  el.stop();
  mock.timers.reset();
  mock.restoreAll();
  assert.equal(shown, "5.0 s");
});

domTest("clocks go on when a view comes back", () => {
  let now = 1000;
  mock.timers.enable({ apis: ["setInterval"] });
  mock.method(performance, "now", () => now);
  const { view } = start('<p data-clock="2500"><time data-k="t" data-tick="0">2.5 s</time></p>');
  view().stop();
  now += 1700;
  const again = view();
  mock.timers.tick(100);
  const shown = again.textContent;
  again.stop();
  mock.timers.reset();
  mock.restoreAll();
  assert.equal(shown, "4.2 s");
});

domTest("a countdown stops at nothing, and a timeline knows what time it is", () => {
  let now = 1000;
  mock.timers.enable({ apis: ["setInterval"] });
  mock.method(performance, "now", () => now);
  const { model, view } = start(`<p data-k="run" data-clock="1000"><span data-k="c" data-left="3000"></span></p><div data-k="l" data-tick="0" data-span=""></div>`);
  const el = view();
  const seen = () => [el.querySelector("span").textContent, el.querySelector("[data-k=l]").style.getPropertyValue("--t")];
  assert.deepEqual(seen(), ["2.0 s", "1.000"]);
  const pass = (times) => {
    for (let count = 0; count < times; count++) {
      now += 200;
      mock.timers.tick(100);
    }
  };
  pass(3);
  assert.equal(seen()[0], "1.4 s");
  assert.ok(Number(seen()[1]) >= 1.2 && Number(seen()[1]) <= 1.6);
  pass(30);
  assert.equal(seen()[0], "0.0 s");
  model.hear({ t: "frame", seq: 1, ops: [["attr", "run", "data-clock", "2000"]] });
  pass(3);
  assert.equal(seen()[0], "0.4 s");
  assert.ok(Number(seen()[1]) >= 2 && Number(seen()[1]) <= 2.6);
  el.stop();
  mock.timers.reset();
  mock.restoreAll();
});

domTest("with less motion a timeline is scaled seldom, but never so late that its bars stand outside", () => {
  let now = 0;
  mock.timers.enable({ apis: ["setInterval"] });
  mock.method(performance, "now", () => now);
  globalThis.matchMedia = () => ({ matches: true });
  const { view } = start('<p data-clock="100"></p><div data-tick="0" data-span=""></div>');
  const el = view();
  const scale = () => Number(el.querySelector("[data-span]").style.getPropertyValue("--t"));
  const scales = new Set();
  for (let count = 0; count < 50; count++) {
    now += 200;
    mock.timers.tick(100);
    scales.add(scale());
    assert.ok((now + 100) / 1000 <= 1.25 * scale() + 0.001, `at ${now} ms the scale is ${scale()} s`);
  }
  assert.ok(scales.size < 20, `${scales.size} scales in 10 s`);
  el.stop();
  delete globalThis.matchMedia;
  mock.timers.reset();
  mock.restoreAll();
});

const FOLDING = '<button data-k="f" data-fold="c" aria-expanded="true"></button><div data-k="c">all</div>';

domTest("what a person folds away stays so, in a snapshot too, and the kernel is not asked", () => {
  const { model, view } = start(FOLDING);
  const el = view();
  const state = () => [el.querySelector("[data-k=c]").hidden, el.querySelector("button").getAttribute("aria-expanded")];
  el.querySelector("button").click();
  assert.deepEqual(state(), [true, "false"]);
  model.hear({ t: "snap", seq: 3, html: FOLDING });
  assert.deepEqual(state(), [true, "false"]);
  el.querySelector("button").click();
  assert.deepEqual(state(), [false, "true"]);
  assert.deepEqual(model.sent, []);
});

const CARDS = ["a", "b", "c"].map((key) => `<details class="ac-card" data-k="${key}"><summary>${key}</summary></details>`);
const BARS = ["a", "b"].map((key) => `<span data-to="${key}" tabindex="-1">${key}</span>`);

domTest("j and k go from card to card, arrows from bar to bar, Enter from a bar to its card", () => {
  const { view } = start(`<p>${BARS.join("")}</p>${CARDS.join("")}`);
  const el = view();
  el.firstElementChild.append(document.createElement("textarea"));
  document.body.append(el);
  Element.prototype.scrollIntoView = () => {};
  const press = (key) => {
    const event = new window.KeyboardEvent("keydown", { key, bubbles: true, cancelable: true });
    document.activeElement.dispatchEvent(event);
    return [document.activeElement.textContent, event.defaultPrevented];
  };
  el.querySelector("summary").focus();
  assert.deepEqual([press("j"), press("j"), press("j"), press("k")], [["b", true], ["c", true], ["c", true], ["b", true]]);
  el.querySelector("[data-to]").focus();
  assert.deepEqual([press("ArrowRight"), press("Enter")], [["b", true], ["b", true]]);
  assert.equal(document.activeElement.localName, "summary");
  assert.deepEqual([...el.querySelectorAll("details")].map((card) => card.open), [false, true, false]);
  el.querySelector("textarea").focus();
  assert.equal(press("j")[1], false, "what is typed is typed");
  el.remove();
  el.stop();
});

domTest("keys that mean something here do not reach the notebook, others do", () => {
  const { view } = start(`${CARDS[0]}<button data-do="x">x</button>`);
  const el = view();
  document.body.append(el);
  const heard = [];
  const listen = (event) => heard.push(event.key);
  document.addEventListener("keydown", listen, true);
  for (const [place, key] of [["summary", "j"], ["summary", "Enter"], ["button", " "], ["summary", "x"], ["button", "Escape"]]) {
    el.querySelector(place).dispatchEvent(new window.KeyboardEvent("keydown", { key, bubbles: true }));
  }
  document.removeEventListener("keydown", listen, true);
  el.remove();
  el.stop();
  assert.deepEqual(heard, ["x", "Escape"]);
});

domTest("parts come and go anywhere among their siblings, and text grows", () => {
  const { model, view } = start('<div data-k="p"><i></i><span data-k="a">a</span><span data-k="c">c</span></div>');
  const el = view();
  const first = el.querySelector("[data-k=a]");
  model.hear({
    t: "frame",
    seq: 1,
    ops: [
      ["after", "a", '<span data-k="b">b</span>'],
      ["first", "p", '<span data-k="z">z</span>'],
      ["del", "c"],
      ["add", "p", '<span data-k="c">C</span>'],
      ["grow", "a", "aa"],
    ],
  });
  assert.equal(el.textContent, "zaaabC");
  assert.equal(el.querySelector("[data-k=a]"), first, "what stays is the same element");
});

const PLACEHOLDER = '<p data-k="m"><span class="ac-image" data-src="https://h.example/x.png">alt</span></p>';

domTest("a remote image loads on a click only", () => {
  const { view } = start(PLACEHOLDER);
  const el = view();
  assert.equal(el.querySelector("img"), null);
  el.querySelector("span").click();
  const span = el.querySelector("span");
  const image = (span.shadowRoot ?? span).querySelector("img");
  assert.deepEqual([image.src, image.referrerPolicy], ["https://h.example/x.png", "no-referrer"]);
});

domTest("a placeholder keeps its nodes when its image is shown: later operations count them", () => {
  const { view } = start(PLACEHOLDER);
  const el = view();
  const text = el.querySelector("span").firstChild;
  el.querySelector("span").click();
  assert.equal(el.querySelector("span").firstChild, text);
});

domTest("a placeholder can be reached and used by keyboard", () => {
  const { view } = start(PLACEHOLDER);
  assert.equal(view().querySelector("span").tabIndex, 0);
});

domTest("selected text outside the change stays the same nodes", () => {
  const { model, view } = start('<div data-k="m"></div>');
  const el = view();
  model.hear({ t: "frame", seq: 1, ops: [["md", "m", "chunk", 0], ["md", "m", "patch", 0, 0, 0, 0, "<p>Hello</p>"]] });
  const node = el.querySelector("p").firstChild;
  model.hear({ t: "frame", seq: 2, ops: [["md", "m", "text", 1, " world"]] });
  assert.equal(el.querySelector("p").firstChild, node);
  assert.equal(node.data, "Hello world");
});

const hostile = [
  ["<script>alert(1)</script>", "alert(1)"],
  ["<p onclick=x id=y name=z>a</p>", "<p>a</p>"],
  ["<img src=x onerror=alert(1) alt=A>", "<img alt=A>"],
  ['<img src="data:image/svg+xml;base64,AAAA">', "<img>"],
  ['<img src="data:image/png;base64,AAAA" alt="a">', '<img src="data:image/png;base64,AAAA" alt="a">'],
  ['<a href="javascript:alert(1)">a</a>', "<a>a</a>"],
  ['<a href=" https://x.y">a</a>', "<a>a</a>"],
  ['<a href="/api/contents">a</a>', "<a>a</a>"],
  ["<svg><style>*{}</style><a href='https://x.y'>t</a></svg>", "*{}t"],
  ["<math><mtext><img src=x></mtext></math>", ""],
  ["<iframe srcdoc='<b>'></iframe><style>p{}</style>", "p{}"],
  ['<div class="ac-x jp-Cell">a</div>', "<div>a</div>"],
  ['<div class="ac-x ac-y" data-commandlinker-command="z">a</div>', '<div class="ac-x ac-y">a</div>'],
  ['<div style="position:fixed">a</div>', "<div>a</div>"],
  ['<td style="text-align:right">a</td>', '<td style="text-align:right">a</td>'],
  ['<div style="left:10%;width:20.5%"></div>', '<div style="left:10%;width:20.5%"></div>'],
  ['<div style="width:10%;background:url(//x)"></div>', "<div></div>"],
  ['<span data-src="http://x.y/z">a</span>', "<span>a</span>"],
  ["<button type=submit formaction=//x>a</button>", "<button>a</button>"],
  ["<form action=//x><input name=a></form>", ""],
  ["<template><script>1</script></template>", ""],
  ["<b>bold</b> <u>u</u>", "bold u"],
  ['<p constructor="x" __proto__="y" toString="z">a</p>', "<p>a</p>"],
];
domTest("sanitize gives every link a safe target, whatever the fragment says", () => {
  const link = sanitize('<a href="https://x.y" target="_top" rel="opener">a</a>').firstChild;
  assert.deepEqual([link.target, link.rel], ["_blank", "noopener noreferrer"]);
});

for (const [html, expected] of hostile) {
  domTest(`sanitize ${html}`, () => {
    const div = document.createElement("div");
    div.append(sanitize(html));
    div.normalize();
    const want = document.createElement("template");
    want.innerHTML = expected;
    assert.equal(outline(div), outline(want.content));
  });
}

/* ------------------------------------------------------------------------ forms */

const DIGEST = "a".repeat(64);
const FORM = `<details data-k="c" open><summary>pay</summary>
  <details data-must=""><summary>all</summary><pre>long</pre></details>
  <div data-k="c.f" data-form="call_1" data-digest="${DIGEST}">
    <label><input type="text" data-field='["to"]' value="ann"></label>
    <label><textarea data-field='["text"]'>\nline 1\nline 2</textarea></label>
    <label><input type="checkbox" data-field='["now"]' checked></label>
    <select data-field='["size"]'><option value='"s"'>s</option><option value='"l"' selected>l</option></select>
    <button type="button" data-do="approve" data-needs="seen same">Approve</button>
    <button type="button" data-do="approve_edited" data-needs="seen edited">Approve edited</button>
    <button type="button" data-do="reject">Reject</button>
    <input type="text" data-field="reason" data-note="" data-enter="reject">
    <input type="checkbox" data-field="always" data-note="">
    <div data-said="" role="status"></div>
  </div></details>
  <div data-k="f.input" data-form="input">
    <input type="text" data-field="text" data-enter="input"><button data-do="input" data-needs="text">Add</button>
    <div data-said=""></div>
  </div><div data-k="b"></div>`;

const form = () => start(FORM);
const by = (el, field) => el.querySelector(`[data-field='${field}']`);
const press = (el, action) => el.querySelector(`[data-do="${action}"]`);
const off = (el, action) => press(el, action).hasAttribute("disabled");

function type(field, value) {
  if (field.type === "checkbox") field.checked = value;
  else field.value = value;
  field.dispatchEvent(new window.Event("input", { bubbles: true }));
}

function open(details) {
  details.setAttribute("open", "");
  details.dispatchEvent(new window.Event("toggle"));
}

function enter(field) {
  field.dispatchEvent(new window.KeyboardEvent("keydown", { key: "Enter", bubbles: true, cancelable: true }));
}

domTest("nobody approves before everything folded was opened, and edited only what differs", () => {
  const el = form().view();
  assert.deepEqual(["approve", "approve_edited", "reject"].map((action) => off(el, action)), [true, true, false]);
  type(by(el, '["to"]'), "bob");
  assert.deepEqual([off(el, "approve"), off(el, "approve_edited")], [true, true]);
  const fold = el.querySelector("[data-must]");
  open(fold);
  assert.deepEqual([off(el, "approve"), off(el, "approve_edited")], [true, false], "an edit is approved as one");
  assert.match(el.querySelector('[data-do="approve"]').title, /edited/);
  fold.removeAttribute("open");
  fold.dispatchEvent(new window.Event("toggle"));
  assert.equal(off(el, "approve_edited"), false, "what was opened once was seen");
  type(by(el, '["to"]'), "ann");
  assert.deepEqual([off(el, "approve"), off(el, "approve_edited")], [false, true], "the edit is taken back");
  assert.equal(el.querySelector('[data-do="approve"]').hasAttribute("title"), false);
  type(by(el, "reason"), "no");
  assert.equal(off(el, "approve"), false);
  assert.equal(off(el, "approve_edited"), true, "a note is no edit");
});

domTest("a form that comes in a frame is weighed where it stands", () => {
  const { model, view } = start('<div data-k="b"></div>');
  const el = view();
  const card = '<details data-k="c" open><summary>pay</summary>';
  model.hear({ t: "frame", seq: 1, ops: [
    ["add", "b", `${card}<p data-k="x"></p></details>`],
    ["after", "x", FORM.slice(FORM.indexOf('<div data-k="c.f"'), FORM.indexOf("</div></details>") + 6)],
    ["after", "x", '<details data-must=""><summary>all</summary><pre>long</pre></details>'],
  ] });
  assert.deepEqual([off(el, "approve"), off(el, "reject")], [true, false]);
  open(el.querySelector("[data-must]"));
  assert.equal(off(el, "approve"), false);
});

domTest("a form sends what was entered, with its subject and digest, once", () => {
  const { model, view } = form();
  const el = view();
  open(el.querySelector("[data-must]"));
  type(by(el, '["to"]'), "bob <b>");
  type(by(el, '["now"]'), false);
  by(el, '["size"]').selectedIndex = 0;
  type(by(el, "always"), true);
  press(el, "approve_edited").click();
  press(el, "approve_edited").click();
  press(el, "reject").click();
  const fields = { '["to"]': "bob <b>", '["now"]': false, '["size"]': '"s"', always: true };
  assert.deepEqual(model.sent, [
    { v: 1, t: "do", do: "approve_edited", key: "c.f", about: "call_1", fields, digest: DIGEST },
  ]);
});

domTest("an answer is shown as text, what was typed stays, and it can be sent again", () => {
  const { model, view } = form();
  const el = view();
  open(el.querySelector("[data-must]"));
  type(by(el, '["to"]'), "bob");
  press(el, "approve_edited").click();
  model.hear({ t: "note", key: "c.f", text: "to: <img src=x> is not right" });
  assert.equal(el.querySelector("[data-said]").textContent, "to: <img src=x> is not right");
  assert.equal(el.querySelector("img"), null);
  assert.equal(by(el, '["to"]').value, "bob");
  press(el, "approve_edited").click();
  assert.equal(model.sent.length, 2);
  model.hear({ t: "note", key: "b", text: "not a form" });
  model.hear({ t: "note", key: "nowhere", text: "x" });
});

domTest("Enter in a line presses its button, when that is enabled; other keys stay in the field", () => {
  const { model, view } = form();
  const el = view();
  const line = by(el.querySelector('[data-form="input"]'), "text");
  enter(line);
  assert.deepEqual(model.sent, [], "there is nothing to add");
  type(line, "and Oslo");
  let escaped = 0;
  el.addEventListener("keydown", () => (escaped += 1));
  enter(line);
  assert.equal(escaped, 0, "the notebook's own keys do not see what is typed");
  assert.deepEqual(model.sent, [{ v: 1, t: "do", do: "input", key: "f.input", about: "input", fields: { text: "and Oslo" } }]);
  model.hear({ t: "note", key: "f.input", text: "" });
  assert.equal(line.value, "", "what was taken is gone from the line");
  type(by(el, "reason"), "too much");
  enter(by(el, "reason"));
  assert.deepEqual(model.sent[1].fields, { reason: "too much" });
  assert.equal(model.sent[1].do, "reject");
});

domTest("frames of other parts leave what is typed, the focus and the elements alone", () => {
  const { model, view } = form();
  const el = view();
  const field = by(el, '["text"]');
  assert.equal(field.value, "line 1\nline 2");
  type(field, "my own words");
  field.focus();
  for (let seq = 1; seq < 20; seq++) model.hear(add(seq, `<p>${seq}</p>`));
  assert.equal(by(el, '["text"]'), field);
  assert.equal(field.value, "my own words");
  assert.equal(document.activeElement, field);
});

domTest("a snapshot keeps what was typed about the same call, and the focus; not about another", () => {
  const { model, view } = form();
  const el = view();
  type(by(el, '["to"]'), "bob");
  type(by(el, "always"), true);
  by(el, '["to"]').focus();
  model.hear({ t: "snap", seq: 1, html: FORM });
  assert.deepEqual([by(el, '["to"]').value, by(el, "always").checked], ["bob", true]);
  assert.equal(document.activeElement, by(el, '["to"]'));
  model.hear({ t: "snap", seq: 2, html: FORM.replace(DIGEST, "b".repeat(64)) });
  assert.deepEqual([by(el, '["to"]').value, by(el, "always").checked], ["ann", false]);
});

domTest("the kernel can hold a button back", () => {
  const html = '<div data-k="r" data-form="run"><button data-k="go" data-do="resume" data-off="">Resume</button></div>';
  const { model, view } = start(html);
  const el = view();
  assert.equal(off(el, "resume"), true);
  press(el, "resume").click();
  assert.deepEqual(model.sent, []);
  model.hear({ t: "frame", seq: 1, ops: [["attr", "go", "data-off", null]] });
  assert.equal(off(el, "resume"), false);
  press(el, "resume").click();
  assert.deepEqual(model.sent.map((m) => [m.do, m.about, m.fields]), [["resume", "run", {}]]);
});

domTest("fields have no names, no targets and no other types, whatever a fragment says", () => {
  const html = `<form action="//x"><input type="password" name="p" id="q" formaction="//x" data-field="a" onfocus="x()" autofocus>
    <input type="image" src="data:image/png;base64,AA" data-field="b"><input type="hidden" value="v">
    <button type="submit" formaction="//x" form="q" data-do="approve">a</button>
    <textarea name="t" data-field="c"></textarea><select name="s" multiple><option value="1">1</option></select></form>`;
  const root = document.createElement("div");
  root.append(sanitize(html));
  assert.equal(root.querySelector("form"), null);
  const outer = document.createElement("div");
  outer.append(sanitize(html.replace(/<\/?form[^>]*>/g, "")));
  const attributes = [...outer.querySelectorAll("*")].flatMap((one) => [...one.attributes].map((a) => a.name));
  for (const name of ["name", "id", "form", "formaction", "onfocus", "autofocus", "multiple"]) {
    assert.ok(!attributes.includes(name), name);
  }
  assert.deepEqual([...outer.querySelectorAll("input")].map((one) => one.getAttribute("type")), ["text", "text", "text"]);
});

domTest("code that settles is coloured where it stands, and what is selected in it stays selected", () => {
  const code = '<pre><code class="language-py">x = 1\ny<span class="ac-lines"> = 22\n</span></code></pre>';
  const { model, view } = start(`<div data-k="m"><div class="ac-chunk"><p>a</p><pre><code>z</code></pre>${code}</div></div>`);
  const el = view();
  const [, block] = el.querySelectorAll("code");
  const piece = block.querySelector(".ac-lines");
  const selection = document.getSelection();
  selection.setBaseAndExtent(block.firstChild, 2, piece.firstChild, 4);
  assert.equal(selection.toString(), "= 1\ny = 2");
  model.hear({ t: "frame", seq: 1, ops: [["md", "m", "mark", 2, 0, ".4n.5n2"]] });
  assert.deepEqual(model.sent, []);
  assert.equal(el.querySelectorAll("code")[1], block);
  assert.equal(block.querySelector(".ac-lines"), piece);
  assert.equal(
    block.innerHTML,
    'x = <span class="ac-hl-n">1</span>\ny<span class="ac-lines"> = <span class="ac-hl-n">22</span>\n</span>',
  );
  assert.equal(selection.toString(), "= 1\ny = 2");
  assert.equal(selection.focusNode, piece.querySelector("span").firstChild);
});

domTest("a selection that begins before the code stays as well, and a wrong mark asks for a snapshot", () => {
  const { model, view } = start(
    '<div data-k="m"><div class="ac-chunk"><p>before</p><pre><code class="language-py">if x: y</code></pre></div></div>',
  );
  const el = view();
  const selection = document.getSelection();
  selection.setBaseAndExtent(el.querySelector("code").firstChild, 4, el.querySelector("p").firstChild, 3);
  model.hear({ t: "frame", seq: 1, ops: [["md", "m", "mark", 1, 0, "k2"]] });
  assert.equal(selection.toString(), "oreif x");
  assert.equal(selection.focusNode, el.querySelector("p").firstChild, "its direction too");
  const { warn } = console;
  console.warn = () => {};
  model.hear({ t: "frame", seq: 2, ops: [["md", "m", "mark", 1, 7, "k2"]] });
  console.warn = warn;
  assert.deepEqual(model.sent, [{ v: 1, t: "resync", have: 1 }]);
});
