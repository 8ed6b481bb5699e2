/** A clip that is dropped on the page or chosen: sent, and its prediction shown. */

import { showBars } from "./bars.js";
import { byId } from "./dom.js";
import { onLanguage, percent, say } from "./i18n.js";
import { announce, unwarn, warn } from "./notice.js";
import { nameOf } from "./sign.js";
import { showStrip } from "./strip.js";
import { authorization } from "./token.js";
import { addToTranscript } from "./transcript.js";

const OWN_WORDS = new Set([413, 503]);
/** @type {any} */
let shown = null;
/** @type {string | null} */
let busy = null;
let address = "";

function render() {
  byId("result").hidden = shown === null && busy === null;
  byId("result").setAttribute("aria-busy", String(busy !== null));
  byId("result-name").textContent = busy !== null ? say("upload.busy", { name: busy }) : (shown?.clip ?? "");
  byId("result-gloss").textContent = busy === null && shown ? nameOf(shown) : "";
  byId("result-gloss").classList.toggle("unknown", shown?.known === false);
  showBars(byId("result-bars"), busy === null && shown ? shown.ranked : []);
  const strip = byId("result-strip");
  /** @type {HTMLElement} */ (strip.closest("figure")).hidden = busy !== null || !shown;
  if (shown && busy === null) showStrip(strip, shown.attention);
}

/** @param {File} file */
function preview(file) {
  const video = /** @type {HTMLVideoElement} */ (byId("result-video"));
  URL.revokeObjectURL(address);
  video.hidden = true;
  video.removeAttribute("src");
  if (!file.type.startsWith("video/")) return;
  address = URL.createObjectURL(file);
  video.src = address;
  // What the browser cannot play, the server may still read.
  video.onloadeddata = () => {
    // Of some files it knows the sound alone.
    if (!video.videoWidth) return;
    video.hidden = false;
    void video.play().catch(() => {});
  };
}

/** @param {File} file */
async function send(file) {
  if (busy !== null) return;
  unwarn();
  busy = file.name;
  shown = null;
  preview(file);
  render();
  announce(say("upload.busy", { name: file.name }));
  const form = new FormData();
  form.append("clip", file);
  try {
    const response = await fetch("/predict?top=5", { method: "POST", body: form, headers: authorization() });
    const told = await response.json();
    if (response.ok) {
      shown = told;
      addToTranscript({ time: null, gloss: nameOf(told), probability: told.probability });
      announce(say("upload.done", { name: told.clip, gloss: nameOf(told), share: percent(told.probability) }));
    } else {
      const key = OWN_WORDS.has(response.status) ? `error.upload-${response.status}` : "error.upload";
      warn(key, typeof told.detail === "string" ? told.detail : "");
    }
  } catch {
    warn("error.offline");
  }
  busy = null;
  render();
}

/** Take files by button and by drag and drop. */
export function startUpload() {
  const input = /** @type {HTMLInputElement} */ (byId("file"));
  const card = byId("upload");
  byId("choose").addEventListener("click", () => input.click());
  input.addEventListener("change", () => {
    const file = input.files?.[0];
    if (file) void send(file);
    input.value = "";
  });
  window.addEventListener("dragover", (event) => {
    event.preventDefault();
    card.classList.add("over");
  });
  window.addEventListener("dragleave", (event) => {
    if (event.relatedTarget === null) card.classList.remove("over");
  });
  window.addEventListener("drop", (event) => {
    event.preventDefault();
    card.classList.remove("over");
    const file = event.dataTransfer?.files[0];
    if (file) void send(file);
  });
  onLanguage(render);
}
