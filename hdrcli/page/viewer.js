// One scene: two views with a dividing line, as pictures or as linear light, and marks over them.

const THIRD = 1 / 3;
const LONGEST = 1000; // of a picture that is drawn as light, in pixels

const signed = (stops) => {
  const rounded = Math.round(stops * 100) / 100;
  return rounded ? `${rounded > 0 ? "+" : "−"}${Math.abs(rounded)}` : "0";
};

class Viewer {
  constructor(section) {
    this.section = section;
    const data = JSON.parse(section.querySelector("script.views").textContent);
    this.views = { results: data.results, others: data.others };
    this.chosen = { results: 0, others: null };
    this.mode = "picture";
    this.stops = 0;
    this.split = 50;
    this.marks = new Set();
    this.decoded = new Map(); // of a view: its light, or its levels; forgotten when the scene is out of sight
    this.find(data);
    this.listen();
    const first = this.cards("others").findIndex((card) => card.querySelector("i"));
    this.choose("others", this.views.others.length ? Math.max(0, first) : null);
  }

  find(data) {
    const one = (selector) => this.section.querySelector(selector);
    this.stage = one(".stage");
    this.right = { image: one(".stage > img.right"), canvas: one(".stage > canvas"), tag: one(".of-right") };
    this.left = { box: one(".left"), image: one(".left .picture"), canvas: one(".left canvas"), tag: one(".of-left") };
    this.masks = { moved: one(".mask.moved"), clipped: one(".mask.clipped"), dark: one(".mask.dark") };
    this.divider = one(".divider");
    this.exposure = one(".exposure");
    this.slider = one(".exposure input");
    this.probe = one(".probe");
    this.movedUrl = data.moved;
    this.views.results[0].picture = this.right.image.src;
    this.hasLight = this.views.results.some((view) => view.light) && "DecompressionStream" in window;
    one(".modes").hidden = !this.hasLight;
    one(".bar").hidden = false;
  }

  listen() {
    const { section, stage } = this;
    for (const card of section.querySelectorAll(".card"))
      card.addEventListener("click", () => {
        const { side, index } = card.dataset;
        const again = side === "others" && this.chosen.others === Number(index);
        this.choose(side, again ? null : Number(index));
      });
    for (const button of section.querySelectorAll("[data-mode]"))
      button.addEventListener("click", () => this.show(button.dataset.mode));
    for (const button of section.querySelectorAll("[data-mark]"))
      button.addEventListener("click", () => this.mark(button.dataset.mark));
    section.querySelector(".full").addEventListener("click", () => this.full());
    this.slider.addEventListener("input", () => this.expose(Number(this.slider.value)));
    this.slider.addEventListener("dblclick", () => this.expose(0));
    stage.addEventListener("pointerdown", (event) => {
      stage.setPointerCapture(event.pointerId);
      if (event.pointerType === "mouse") event.preventDefault(); // no dragging of the picture
      (this.divider.hidden ? stage : this.divider).focus({ preventScroll: true });
      this.point(event, true);
    });
    stage.addEventListener("pointermove", (event) => this.point(event, event.buttons > 0));
    stage.addEventListener("pointerleave", () => (this.probe.textContent = ""));
  }

  cards(side) {
    return [...this.section.querySelectorAll(`.card[data-side=${side}]`)];
  }

  view(side) {
    const index = this.chosen[side];
    return index === null ? null : this.views[side][index];
  }

  /** Put a view on its side; null leaves the left empty. In light, the exposure becomes that of the frame. */
  choose(side, index) {
    if (index !== null && index >= this.views[side].length) return;
    this.chosen[side] = index;
    this.cards(side).forEach((card, at) => card.setAttribute("aria-pressed", String(at === index)));
    const stops = this.view("others")?.stops ?? null;
    if (side === "others" && stops !== null && this.mode === "light") this.stops = stops;
    this.update();
  }

  show(mode) {
    if (mode === "light" && !this.hasLight) return;
    this.mode = mode;
    for (const button of this.section.querySelectorAll("[data-mode]"))
      button.setAttribute("aria-pressed", String(button.dataset.mode === mode));
    this.exposure.hidden = mode !== "light";
    this.probe.textContent = "";
    this.update();
  }

  expose(stops) {
    this.stops = Math.max(-12, Math.min(12, stops));
    this.update();
  }

  mark(name) {
    const button = this.section.querySelector(`[data-mark=${name}]`);
    if (!button || button.disabled) return;
    this.marks.delete(name) || this.marks.add(name);
    button.setAttribute("aria-pressed", String(this.marks.has(name)));
    this.update();
  }

  full() {
    if (document.fullscreenElement) document.exitFullscreen();
    else this.section.querySelector(".viewer").requestFullscreen?.();
  }

  moveTo(percent) {
    this.split = Math.max(0, Math.min(100, percent));
    this.stage.style.setProperty("--split", `${this.split}%`);
    this.divider.setAttribute("aria-valuenow", String(Math.round(this.split)));
  }

  /** What the pointer does: moves the line, and reads light. */
  point(event, pressed) {
    const box = this.stage.getBoundingClientRect();
    const x = (event.clientX - box.left) / box.width;
    const y = (event.clientY - box.top) / box.height;
    if (pressed && !this.divider.hidden) this.moveTo(100 * x);
    const onLeft = !this.divider.hidden && 100 * x < this.split;
    const light = this.mode === "light" && this.decoded.get(this.view(onLeft ? "others" : "results"));
    if (!light?.planes || x < 0 || x >= 1 || y < 0 || y >= 1) return void (this.probe.textContent = "");
    const [red, green, blue] = lightAt(light, x, y);
    const luminance = 0.2126 * red + 0.7152 * green + 0.0722 * blue;
    const stops = luminance > 0 ? `, ${signed(Math.log2(luminance))} stops` : "";
    this.probe.textContent = `${[red, green, blue].map((value) => value.toPrecision(3)).join("  ")}${stops}`;
  }

  /** A key that is ours; returns whether it was. */
  key(event) {
    const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
    const focused = document.activeElement;
    const inside = this.section.querySelector(".viewer").contains(focused);
    const step = { ArrowLeft: -1, ArrowRight: 1, ArrowDown: -1, ArrowUp: 1 }[key];
    const across = key === "ArrowLeft" || key === "ArrowRight";
    if (step && this.mode === "light" && (across ? focused === this.slider : inside)) {
      this.expose(Math.round((this.stops + step * THIRD) * 3) / 3);
    } else if (step) {
      if (!across || this.divider.hidden) return false;
      this.moveTo(this.split + step * (event.shiftKey ? 10 : 2));
    } else if (focused === this.divider && (key === "Home" || key === "End")) {
      this.moveTo(key === "Home" ? 0 : 100);
    } else if (/^[0-9]$/.test(key)) this.choose("others", key === "0" ? null : Number(key) - 1);
    else if (key === "l") this.show(this.mode === "light" ? "picture" : "light");
    else if (key === "r") this.choose("results", (this.chosen.results + 1) % this.views.results.length);
    else if (key === "f") this.full();
    else if (key === "m" || key === "c" || key === "b") this.mark({ m: "moved", c: "clipped", b: "dark" }[key]);
    else return false;
    return true;
  }

  update() {
    const result = this.view("results");
    const other = this.view("others");
    this.left.box.hidden = this.left.tag.hidden = this.divider.hidden = !other;
    this.moveTo(this.split);
    this.slider.value = this.stops;
    this.exposure.querySelector("output").textContent = signed(this.stops);
    this.right.tag.textContent = result.name;
    this.draw(this.right, result);
    if (other) {
      this.left.tag.textContent = other.name;
      this.draw(this.left, other);
    }
    this.lay("moved", this.movedUrl);
    this.lay("clipped", other?.clipped);
    this.lay("dark", other?.dark);
  }

  lay(name, url) {
    const mask = this.masks[name];
    const button = this.section.querySelector(`[data-mark=${name}]`);
    if (button) button.disabled = !url;
    mask.hidden = !(url && this.marks.has(name));
    if (!mask.hidden && mask.src !== url) mask.src = url;
  }

  /** Show a view as a picture, or as light where it can be: its own, or a frame's at the exposure it was taken with. */
  async draw(side, view) {
    const asLight = this.mode === "light" && (view.light || view.stops !== null);
    side.canvas.hidden = !asLight;
    side.image.classList.toggle("covered", asLight);
    if (side.image.src !== view.picture) side.image.src = view.picture;
    side.image.alt = view.description;
    if (!asLight) return;
    side.canvas.setAttribute("aria-label", `${view.description}, linear light at ${signed(this.stops)} stops`);
    side.canvas.dataset.drawn = "";
    if (!this.decoded.has(view))
      this.decoded.set(view, await (view.light ? unpacked(view.light) : levelsOf(view.picture, LONGEST)));
    const pixels = this.decoded.get(view);
    if (side.canvas.hidden || !pixels || this.view(side === this.right ? "results" : "others") !== view) return;
    if (view.light) drawLight(side.canvas, pixels, this.stops);
    else drawLevels(side.canvas, pixels, this.stops - view.stops);
    side.canvas.dataset.drawn = String(this.stops);
  }

  /** Give back the memory of what is out of sight. */
  rest() {
    this.decoded.clear();
  }

  wake() {
    if (this.mode === "light") this.update();
  }
}
