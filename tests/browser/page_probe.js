// Runs in every page before JupyterLab does. It leaves one object, window.probe:
//   wire     what came in on the kernels' websockets, one entry per message, read from the frames themselves
//   texts    how the text of an element grew, one sample per change seen by a MutationObserver
//   pending  commands that were started and have not ended
//   hear     a function that gets the data of each websocket message, when somebody has put one there
(() => {
  const probe = (window.probe = { wire: [], texts: {}, pending: 0, errors: [], hear: null });
  const decoder = new TextDecoder();

  // v1.kernel.websocket.jupyter.org: a count of offsets, the offsets (64 bits each, little endian), then
  // channel, header, parent header, metadata, content and buffers, each from its offset to the next.
  function parts(buffer) {
    const view = new DataView(buffer);
    const offset = (i) => Number(view.getBigUint64(8 * (i + 1), true));
    const slice = (i) => new Uint8Array(buffer, offset(i), offset(i + 1) - offset(i));
    return {
      channel: decoder.decode(slice(0)),
      header: JSON.parse(decoder.decode(slice(1))),
      contentBytes: slice(4).length,
      content: () => JSON.parse(decoder.decode(slice(4))),
    };
  }

  // Without a subprotocol a message is one JSON object.
  function wholeObject(text) {
    const message = JSON.parse(text);
    return {
      channel: message.channel,
      header: message.header,
      contentBytes: new TextEncoder().encode(JSON.stringify(message.content)).length,
      content: () => message.content,
    };
  }

  function note(data, bytes) {
    const message = typeof data === "string" ? wholeObject(data) : parts(data);
    const kind = message.header.msg_type;
    const entry = { kind, bytes, channel: message.channel, content_bytes: message.contentBytes };
    entry.sent = Date.parse(message.header.date) / 1000;
    if (kind.startsWith("comm_")) {
      const content = message.content();
      entry.comm = content.comm_id;
      entry.method = content.data?.method ?? "";
    }
    probe.wire.push(entry);
  }

  const Native = window.WebSocket;
  window.WebSocket = class extends Native {
    constructor(url, protocols) {
      super(url, protocols);
      if (!String(url).includes("/channels")) return;
      this.addEventListener("message", (event) => {
        const bytes = typeof event.data === "string" ? event.data.length : event.data.byteLength;
        try {
          note(event.data, bytes);
          probe.hear?.(event.data);
        } catch (error) {
          probe.errors.push(`unread websocket message of ${bytes} bytes: ${error}`);
        }
      });
    }
  };

  // Samples [milliseconds, length, does the last text begin this one, class of the nearest `within`].
  probe.watch = (name, selector, within) => {
    const samples = (probe.texts[name] = []);
    let last = "";
    const look = () => {
      const found = [...document.querySelectorAll(selector)];
      if (!found.length) return;
      const text = found.map((element) => element.textContent).join("\n");
      if (text === last) return;
      const context = within ? (found[0].closest(within)?.className ?? "") : "";
      samples.push([performance.now(), text.length, text.startsWith(last), context]);
      last = text;
    };
    new MutationObserver(look).observe(document, { subtree: true, childList: true, characterData: true });
    look();
  };

  probe.start = (command, args) => {
    probe.pending++;
    const done = () => void probe.pending--;
    window.jupyterapp.commands.execute(command, args).then(done, done);
  };
})();
