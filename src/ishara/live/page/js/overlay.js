/** The skeleton that is drawn over the camera. */

const COLOURS = { left: "#ffb454", right: "#62d2c7", body: "#dfe7ea" };
const SURE = 0.3;

/** @param {string} name Of a landmark. */
function colourOf(name) {
  if (name.startsWith("left_hand.")) return COLOURS.left;
  if (name.startsWith("right_hand.")) return COLOURS.right;
  return COLOURS.body;
}

export class Overlay {
  /** @param {HTMLCanvasElement} canvas */
  constructor(canvas) {
    this.canvas = canvas;
    this.context = canvas.getContext("2d");
    /** @type {string[]} */
    this.colours = [];
    /** @type {[number, number][]} */
    this.edges = [];
    this.shown = true;
  }

  /**
   * @param {string[]} landmarks
   * @param {[number, number][]} edges
   */
  know(landmarks, edges) {
    this.colours = landmarks.map(colourOf);
    this.edges = edges;
  }

  /**
   * @param {number} width Of the video, in pixels.
   * @param {number} height
   */
  resize(width, height) {
    this.canvas.width = width;
    this.canvas.height = height;
  }

  clear() {
    this.context?.clearRect(0, 0, this.canvas.width, this.canvas.height);
  }

  /** @param {[number, number, number][] | null} points x, y and confidence of each landmark. */
  draw(points) {
    this.clear();
    const context = this.context;
    if (!context || !points || !this.shown) return;
    const { width, height } = this.canvas;
    const thick = Math.max(2, width / 260);
    context.lineCap = "round";
    for (const [from, to] of this.edges) {
      const [x1, y1, sure1] = points[from];
      const [x2, y2, sure2] = points[to];
      if (Math.min(sure1, sure2) < SURE) continue;
      context.beginPath();
      context.moveTo(x1 * width, y1 * height);
      context.lineTo(x2 * width, y2 * height);
      context.lineWidth = this.colours[to] === COLOURS.body ? thick * 1.3 : thick;
      context.strokeStyle = this.colours[to];
      context.globalAlpha = 0.85;
      context.stroke();
    }
    context.globalAlpha = 1;
    points.forEach(([x, y, sure], place) => {
      if (sure < SURE) return;
      context.beginPath();
      context.arc(x * width, y * height, thick * 0.9, 0, 2 * Math.PI);
      context.fillStyle = this.colours[place];
      context.fill();
    });
  }
}
