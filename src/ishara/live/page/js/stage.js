/** The camera's part of the page: from the first picture to the server's answers. */

import { showBars } from "./bars.js";
import { cameraAllowed, closeCamera, listCameras, openCamera, troubleOf } from "./camera.js";
import { byId, toggle } from "./dom.js";
import { Frames } from "./frames.js";
import { onLanguage, percent, say } from "./i18n.js";
import { announce, unwarn, warn } from "./notice.js";
import { Overlay } from "./overlay.js";
import { ClipRecorder } from "./save.js";
import { nameOf, showSign } from "./sign.js";
import { Connection } from "./socket.js";
import { Speed } from "./speed.js";
import { recall, remember } from "./store.js";
import { Teaching } from "./teach.js";
import { addToTranscript } from "./transcript.js";

/** @typedef {"off" | "connecting" | "live" | "waiting" | "paused"} State */

export class Stage {
  /**
   * @param {any} info What the server says of itself.
   * @param {(glosses: number) => void} taught Told how many glosses are known, once one more is.
   */
  constructor(info, taught) {
    this.info = info;
    this.taught = taught;
    /** @type {State} */
    this.state = "off";
    /** @type {MediaStream | null} */
    this.stream = null;
    this.seq = 0;
    this.began = 0;
    this.resting = true;
    this.video = /** @type {HTMLVideoElement} */ (byId("video"));
    this.overlay = new Overlay(/** @type {HTMLCanvasElement} */ (byId("overlay")));
    this.speed = new Speed();
    this.clip = new ClipRecorder();
    this.connection = new Connection(() => ({ input: "jpeg", left_handed: this.leftHanded }), {
      message: (message) => this.told(message),
      state: (state, reasoned) => this.connected(state, reasoned),
      ended: (code, detail) => this.ended(code, detail),
    });
    this.teaching = new Teaching((message) => this.connection.say(message));
    this.frames = new Frames(
      this.video,
      () => this.state === "live" && this.connection.ready,
      (jpeg, time) => {
        this.seq += 1;
        this.speed.left(this.seq);
        this.connection.show(this.seq, time, jpeg);
      },
    );
    this.wire();
    this.render();
  }

  /** @returns {boolean} */
  get leftHanded() {
    return byId("left-handed").getAttribute("aria-pressed") === "true";
  }

  wire() {
    byId("start").addEventListener("click", () => void this.start());
    byId("pause").addEventListener("click", () => (this.state === "paused" ? this.resume() : this.pause()));
    byId("off").addEventListener("click", () => {
      this.stop();
      byId("start").focus();
    });
    toggle(byId("mirror"), (on) => {
      byId("screen").classList.toggle("mirrored", on);
      remember("mirror", String(on));
    });
    toggle(byId("bones"), (on) => {
      this.overlay.shown = on;
      if (!on) this.overlay.clear();
    });
    toggle(byId("left-handed"), (on) => {
      remember("left-handed", String(on));
      this.connection.say({ type: "options", left_handed: on });
    });
    toggle(byId("save"), (on) => {
      if (on && this.stream) this.clip.start(this.stream);
      else this.clip.stop();
      this.render();
    });
    const mirrored = recall("mirror") !== "false";
    byId("mirror").setAttribute("aria-pressed", String(mirrored));
    byId("screen").classList.toggle("mirrored", mirrored);
    byId("left-handed").setAttribute("aria-pressed", String(recall("left-handed") === "true"));
    const choice = /** @type {HTMLSelectElement} */ (byId("camera"));
    choice.addEventListener("change", () => {
      remember("camera", choice.value);
      void this.start();
    });
    this.video.addEventListener("resize", () => {
      const { videoWidth: width, videoHeight: height } = this.video;
      this.overlay.resize(width, height);
      if (width && height) byId("screen").style.aspectRatio = `${width} / ${height}`;
    });
    byId("save").hidden = !ClipRecorder.possible;
    byId("teach").hidden = !this.info.teachable;
    onLanguage(() => this.render());
  }

  /** Ask for the camera, and connect. */
  async start() {
    unwarn();
    try {
      const stream = await openCamera(recall("camera") ?? undefined);
      closeCamera(this.stream);
      this.stream = stream;
    } catch (error) {
      this.stop();
      warn(`error.${troubleOf(error)}`);
      return;
    }
    // A camera that is unplugged ends.
    this.stream.getVideoTracks()[0].addEventListener("ended", () => {
      this.stop();
      warn("error.camera-missing");
    });
    this.video.srcObject = this.stream;
    await this.video.play();
    // Who chooses another camera in a pause wants to see it.
    if (this.state === "paused") this.state = "connecting";
    byId("invitation").hidden = true;
    byId("controls").hidden = false;
    this.speed.reset();
    this.frames.start();
    this.connection.open();
    if (this.connection.welcomed) this.connected("live");
    await this.offerCameras();
    if (document.activeElement === document.body) byId("pause").focus();
  }

  async offerCameras() {
    const cameras = await listCameras();
    const choice = /** @type {HTMLSelectElement} */ (byId("camera"));
    const current = this.stream?.getVideoTracks()[0].getSettings().deviceId;
    choice.replaceChildren(
      ...cameras.map((camera, place) => {
        const name = camera.label || say("camera.numbered", { number: place + 1 });
        return new Option(name, camera.deviceId, false, camera.deviceId === current);
      }),
    );
    byId("camera-choice").hidden = cameras.length < 2;
  }

  pause() {
    this.state = "paused";
    this.frames.stop();
    this.video.pause();
    this.connection.say({ type: "pause" });
    this.overlay.clear();
    this.render();
  }

  resume() {
    this.frames.start();
    void this.video.play();
    this.state = this.connection.welcomed ? "live" : "waiting";
    if (!this.connection.wanted) this.connection.open();
    this.render();
  }

  stop() {
    this.frames.stop();
    this.clip.stop();
    this.teaching.close();
    this.connection.close();
    closeCamera(this.stream);
    this.stream = null;
    this.video.srcObject = null;
    this.overlay.clear();
    this.state = "off";
    byId("save").setAttribute("aria-pressed", "false");
    byId("invitation").hidden = false;
    byId("controls").hidden = true;
    this.render();
  }

  /**
   * @param {"connecting" | "live" | "waiting"} state
   * @param {boolean} [reasoned] Whether the server said why; its reason stays.
   */
  connected(state, reasoned = false) {
    if (state === "waiting") {
      if (!reasoned) warn("error.offline");
      this.teaching.lost();
    }
    if (state === "live") {
      unwarn();
      if (!this.began) this.began = performance.now() / 1000;
      this.speed.reset();
    }
    if (this.state !== "paused") this.state = state;
    this.render();
  }

  /**
   * @param {string} code
   * @param {string} detail
   */
  ended(code, detail) {
    // A page that was paused for long goes on when it is asked to.
    if (code === "timeout" && this.state === "paused") return;
    this.stop();
    warn(code === "token" ? "token.wrong" : `error.${code}`, detail);
  }

  /** @param {any} message */
  told(message) {
    if (message.type === "taught") this.taught(message.glosses);
    if (message.type === "frame") this.seen(message);
    else if (message.type === "sign") this.signed(message);
    else if (message.type === "welcome") this.overlay.know(message.landmarks, message.edges);
    else if (message.type === "take" || message.type === "taught") this.teaching.told(message);
    else if (message.type === "error") warn(`error.${message.code}`, message.message);
  }

  /** @param {any} message */
  seen(message) {
    this.speed.came(message.seq, message.dropped + this.connection.skipped);
    if (this.state !== "live") return;
    this.overlay.draw(message.points);
    this.resting = message.provisional === null;
    byId("now-rest").hidden = !this.resting;
    showBars(byId("now-bars"), message.provisional ?? []);
  }

  /** @param {any} message */
  signed(message) {
    showSign(message);
    addToTranscript({
      time: message.end - this.began,
      gloss: nameOf(message),
      probability: message.probability,
    });
    announce(`${nameOf(message)}, ${percent(message.probability)}`);
  }

  render() {
    const why = !cameraAllowed() ? "insecure" : this.info.camera_problem ? "camera.none-here" : null;
    byId("start").hidden = why !== null;
    byId("invitation-text").textContent = say(why ?? "invitation");
    const pill = byId("state");
    pill.hidden = this.state === "off";
    pill.className = `pill state ${this.state}`;
    if (this.state !== "off") pill.textContent = say(`state.${this.state}`);
    const paused = this.state === "paused";
    byId("screen").classList.toggle("paused", paused);
    byId("pause-text").textContent = say(paused ? "resume" : "pause");
    byId("pause-icon").setAttribute("href", paused ? "#icon-play" : "#icon-pause");
    const saving = byId("save").getAttribute("aria-pressed") === "true";
    byId("save-text").textContent = say(saving ? "save.stop" : "save");
    const running = this.state === "live";
    byId("now-rest").textContent = say(running ? "now.rest" : this.state === "off" ? "now.off" : `state.${this.state}`);
    if (!running) {
      showBars(byId("now-bars"), []);
      byId("now-rest").hidden = false;
    }
  }
}
