/* Browsers start no worker for a page that is read from a disk. There the search runs in a hidden frame instead,
   under a worker's interface. On a server this file does nothing. */
(() => {
  if (location.protocol !== "file:") return;

  const inside = `
    window.importScripts = (...urls) => urls.reduce((before, url) => before.then(() => new Promise((done, failed) => {
      const script = document.createElement("script");
      Object.assign(script, { src: url, onload: done, onerror: () => failed(new Error(url)) });
      document.body.appendChild(script);
    })), Promise.resolve());
    window.postMessage = data => parent.postMessage(data, "*");`;

  window.Worker = class extends EventTarget {
    constructor(url) {
      super();
      this.onmessage = this.onerror = null;
      const frame = Object.assign(document.createElement("iframe"), { hidden: true });
      document.body.appendChild(frame);
      this.frame = frame;
      const page = frame.contentDocument;
      page.open();
      page.write(`<body><script>${inside}<\/script><script src="${url}"><\/script></body>`);
      this.ready = new Promise(done => frame.contentWindow.addEventListener("load", done, { once: true }));
      page.close();
      addEventListener("message", event => {
        if (event.source !== frame.contentWindow) return;
        event.stopImmediatePropagation();
        const message = new MessageEvent("message", { data: event.data });
        this.dispatchEvent(message);
        if (this.onmessage) this.onmessage(message);
      });
    }
    postMessage(data) {
      this.ready.then(() => this.frame.contentWindow.dispatchEvent(new MessageEvent("message", { data })));
    }
    terminate() {
      this.frame.remove();
    }
  };
})();
