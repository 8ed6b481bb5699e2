const data = JSON.parse(document.getElementById("frames").textContent);
const canvas = document.getElementById("screen");
const slider = document.getElementById("when");
const play = document.getElementById("play");
const shown = document.getElementById("time");
const heat = document.getElementById("heat");
const count = data.frames ? data.frames.length : 0;
const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
const pictures = data.kind === "pictures" ? data.frames.map((source) => Object.assign(new Image(), { src: source })) : [];
let timer = null;
if (count) {
  canvas.width = data.width;
  canvas.height = data.height;
  slider.max = count - 1;
}

function drawSkeleton(context, frame) {
  const colours = { left_hand: colour("--left"), right_hand: colour("--right"), body: colour("--body"), face: colour("--body") };
  context.lineCap = "round";
  for (const [a, b, group] of data.bones) {
    if (!frame[a] || !frame[b]) continue;
    context.strokeStyle = colours[group];
    context.lineWidth = group === "body" ? 7 : 6;
    context.beginPath();
    context.moveTo(...frame[a]);
    context.lineTo(...frame[b]);
    context.stroke();
  }
  frame.forEach((point, place) => {
    if (!point) return;
    const group = data.dots[place];
    context.fillStyle = colours[group];
    context.beginPath();
    context.arc(point[0], point[1], group === "body" ? 8 : group === "face" ? 2 : 5, 0, 7);
    context.fill();
  });
}

function drawHeat(context, place) {
  const cells = data.heat[data.segment[place]];
  const side = data.width / cells.length;
  cells.forEach((row, y) => row.forEach((share, x) => {
    context.fillStyle = `rgba(255, 176, 0, ${0.62 * share})`;
    context.fillRect(x * side, y * side, side, side);
    if (share > 0.66) {
      context.strokeStyle = "#000";
      context.lineWidth = data.width / 150;
      context.strokeRect(x * side + 1, y * side + 1, side - 2, side - 2);
    }
  }));
}

function draw() {
  if (!count) return;
  const place = Number(slider.value);
  const context = canvas.getContext("2d");
  context.clearRect(0, 0, canvas.width, canvas.height);
  if (data.kind === "skeleton") {
    drawSkeleton(context, data.frames[place]);
  } else if (pictures[place].complete) {
    context.drawImage(pictures[place], 0, 0);
    if (data.heat && heat && heat.checked) drawHeat(context, place);
  }
  const time = data.times.length ? data.times[place] : null;
  shown.value = time === null ? `${place + 1} / ${count}` : `${time.toFixed(2)} s`;
  slider.setAttribute("aria-valuetext", shown.value);
  for (const cursor of document.querySelectorAll(".cursor")) cursor.style.left = `${(100 * (place + 0.43)) / count}%`;
}

function go(place) {
  slider.value = Math.max(0, Math.min(count - 1, place));
  draw();
}

function stop() {
  clearTimeout(timer);
  timer = null;
  play.textContent = "▶";
  play.setAttribute("aria-label", "Play");
}

function step() {
  const place = (Number(slider.value) + 1) % count;
  go(place);
  const wait = data.times.length > 1 && place + 1 < count ? 1000 * (data.times[place + 1] - data.times[place]) : 700;
  timer = setTimeout(step, Math.max(wait, 30));
}

play.addEventListener("click", () => {
  if (timer !== null) return stop();
  play.textContent = "❚❚";
  play.setAttribute("aria-label", "Pause");
  step();
});
slider.addEventListener("input", () => { stop(); draw(); });
for (const plot of document.querySelectorAll(".plot")) {
  plot.addEventListener("pointerdown", (event) => {
    const box = plot.getBoundingClientRect();
    stop();
    go(Math.floor((count * (event.clientX - box.left)) / box.width));
  });
}
if (heat) heat.addEventListener("change", draw);
for (const picture of pictures) picture.addEventListener("load", draw);
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
go(Number(slider.value));
