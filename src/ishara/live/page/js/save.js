/** Saving to the visitor's own downloads: a file, and a clip of the camera. Nothing of it goes to the server. */

/**
 * @param {Blob} content
 * @param {string} ending
 */
export function saveFile(content, ending) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(content);
  link.download = `ishara-${new Date().toISOString().slice(0, 19).replaceAll(":", "-")}.${ending}`;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}

export class ClipRecorder {
  constructor() {
    /** @type {MediaRecorder | null} */
    this.recorder = null;
  }

  /** @returns {boolean} Whether this browser can. */
  static get possible() {
    return "MediaRecorder" in window;
  }

  /** @param {MediaStream} stream */
  start(stream) {
    /** @type {Blob[]} */
    const parts = [];
    const recorder = new MediaRecorder(stream);
    recorder.addEventListener("dataavailable", (event) => parts.push(event.data));
    recorder.addEventListener("stop", () => {
      const type = recorder.mimeType || "video/webm";
      saveFile(new Blob(parts, { type }), type.includes("mp4") ? "mp4" : "webm");
    });
    recorder.start();
    this.recorder = recorder;
  }

  stop() {
    if (this.recorder?.state === "recording") this.recorder.stop();
    this.recorder = null;
  }
}
