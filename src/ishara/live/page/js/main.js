/** The page begins: language, theme, token, and what the server offers. */

import { byId } from "./dom.js";
import { onLanguage, preferredLanguage, say, speak } from "./i18n.js";
import { unwarn, warn } from "./notice.js";
import { Stage } from "./stage.js";
import { startTheme } from "./theme.js";
import { askForToken, authorization, token } from "./token.js";
import { startTranscript } from "./transcript.js";
import { startUpload } from "./upload.js";

/** @type {any} */
let info = null;
// How many glosses are known; teaching adds to them.
let known = 0;

/** @returns {Promise<boolean>} Whether the server told what it offers. */
async function ask() {
  const response = await fetch("/info", { headers: authorization() });
  if (!response.ok) return false;
  info = await response.json();
  known = info.glosses.length;
  return true;
}

function startLanguage() {
  const chosen = preferredLanguage();
  for (const input of document.querySelectorAll('input[name="language"]')) {
    const radio = /** @type {HTMLInputElement} */ (input);
    radio.checked = radio.value === chosen;
    radio.addEventListener("change", () => void speak(/** @type {"en" | "bn"} */ (radio.value)));
  }
  return speak(chosen);
}

function showModel() {
  if (!info) return;
  byId("model-name").textContent = say("model", { name: info.name, count: known });
  byId("no-threshold").hidden = info.tells_unknown;
  byId("upload-how").textContent = say("upload.how", { seconds: info.clip_seconds });
}

startTheme();
await startLanguage();
startTranscript();
startUpload();
onLanguage(showModel);
try {
  const health = await (await fetch("/health")).json();
  const allowed = !health.token_needed || token() !== null;
  if (!allowed || !(await ask())) await askForToken(ask);
  unwarn();
  showModel();
  new Stage(info, (glosses) => {
    known = glosses;
    showModel();
  });
} catch {
  warn("error.offline");
}
