/** Pictures of the video as JPEG, so many a second and one at a time. */

const FPS = 25;
const SHORT_SIDE = 480;
const QUALITY = 0.8;

export class Frames {
  /**
   * @param {HTMLVideoElement} video
   * @param {() => boolean} ready Whether a picture is wanted now.
   * @param {(jpeg: ArrayBuffer, time: number) => void} taken
   */
  constructor(video, ready, taken) {
    this.video = video;
    this.ready = ready;
    this.taken = taken;
    this.canvas = document.createElement("canvas");
    this.context = this.canvas.getContext("2d", { alpha: false });
    this.running = false;
    this.busy = false;
    this.due = 0;
  }

  start() {
    if (this.running) return;
    this.running = true;
    this.wait();
  }

  stop() {
    this.running = false;
  }

  wait() {
    if (!this.running) return;
    const next = () => this.look();
    if ("requestVideoFrameCallback" in this.video) this.video.requestVideoFrameCallback(next);
    else requestAnimationFrame(next);
  }

  look() {
    if (!this.running) return;
    const now = performance.now();
    // A little early is on time: the camera's own rate is not exactly ours.
    if (!this.busy && now >= this.due - 8 && this.video.videoWidth > 0 && this.ready()) {
      this.due = Math.max(this.due + 1000 / FPS, now);
      void this.take(now / 1000);
    }
    this.wait();
  }

  /** @param {number} time */
  async take(time) {
    this.busy = true;
    try {
      const { videoWidth: width, videoHeight: height } = this.video;
      const scale = Math.min(1, SHORT_SIDE / Math.min(width, height));
      this.canvas.width = Math.round(width * scale);
      this.canvas.height = Math.round(height * scale);
      this.context?.drawImage(this.video, 0, 0, this.canvas.width, this.canvas.height);
      const blob = await /** @type {Promise<Blob | null>} */ (
        new Promise((resolve) => this.canvas.toBlob(resolve, "image/jpeg", QUALITY))
      );
      if (blob && this.running) this.taken(await blob.arrayBuffer(), time);
    } finally {
      this.busy = false;
    }
  }
}
