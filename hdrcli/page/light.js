// Linear light: unpacked from half floats (hdrcli/page/light.py), and drawn on a canvas at any exposure.
//
// A table of all half floats gives the sRGB level of each at one exposure, so that drawing is a look-up a value: exact,
// and fast enough to follow a finger.

const HALVES = 0x7c00; // bits of +infinity: all that is positive and finite lies below

const halfValues = (() => {
  const values = new Float64Array(HALVES);
  for (let bits = 0; bits < HALVES; bits++) {
    const exponent = bits >> 10;
    const fraction = bits & 0x3ff;
    values[bits] = exponent ? 2 ** (exponent - 15) * (1 + fraction / 1024) : 2 ** -14 * (fraction / 1024);
  }
  return values;
})();

/** sRGB-encoded light (IEC 61966-2-1) as a level of 8 bits. */
function toLevel(light) {
  const x = Math.min(light, 1);
  return Math.round(255 * (x <= 0.0031308 ? 12.92 * x : 1.055 * x ** (1 / 2.4) - 0.055));
}

/** The light of an sRGB level of 8 bits. */
function toLight(level) {
  const x = level / 255;
  return x <= 0.04045 ? x / 12.92 : ((x + 0.055) / 1.055) ** 2.4;
}

function fromBase64(text) {
  const binary = atob(text);
  const bytes = new Uint8Array(binary.length);
  for (let i = 0; i < bytes.length; i++) bytes[i] = binary.charCodeAt(i);
  return bytes;
}

async function inflated(bytes) {
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

/** The bits of packed half floats: {width, height, planes}, red, green and blue one after the other. */
async function unpacked({ data, width, height }) {
  const bytes = await inflated(fromBase64(data));
  const size = width * height;
  const planes = new Uint16Array(3 * size);
  for (let i = 0; i < planes.length; i++) {
    const zigzag = (bytes[i] << 8) | bytes[i + planes.length];
    const step = (zigzag >> 1) ^ -(zigzag & 1);
    const x = i % width;
    const before = x ? planes[i - 1] : i % size ? planes[i - width] : 0;
    planes[i] = before + step;
  }
  for (let i = 0; i < size; i++) {
    planes[i] += planes[i + size];
    planes[i + 2 * size] += planes[i + size];
  }
  return { width, height, planes };
}

/** Draw light on a canvas, `stops` brighter than it is. */
function drawLight(canvas, { width, height, planes }, stops) {
  const gain = 2 ** stops;
  const levels = Uint8Array.from(halfValues, (value) => toLevel(value * gain));
  const size = width * height;
  paint(canvas, width, height, (pixels) => {
    for (let i = 0; i < size; i++) {
      pixels[4 * i] = levels[planes[i]];
      pixels[4 * i + 1] = levels[planes[i + size]];
      pixels[4 * i + 2] = levels[planes[i + 2 * size]];
      pixels[4 * i + 3] = 255;
    }
  });
}

/** Draw a picture's levels, {width, height, levels}, `stops` brighter than they are. */
function drawLevels(canvas, { width, height, levels }, stops) {
  const gain = 2 ** stops;
  const table = Uint8Array.from({ length: 256 }, (_, level) => toLevel(toLight(level) * gain));
  paint(canvas, width, height, (pixels) => {
    for (let i = 0; i < pixels.length; i++) pixels[i] = i % 4 === 3 ? 255 : table[levels[i]];
  });
}

function paint(canvas, width, height, fill) {
  canvas.width = width;
  canvas.height = height;
  const context = canvas.getContext("2d");
  const image = context.createImageData(width, height);
  fill(image.data);
  context.putImageData(image, 0, 0);
}

/** The levels of a picture, no longer than `longest` on any side. */
async function levelsOf(url, longest) {
  const image = new Image();
  image.src = url;
  await image.decode();
  const scale = Math.min(1, longest / Math.max(image.naturalWidth, image.naturalHeight));
  const width = Math.max(1, Math.round(image.naturalWidth * scale));
  const height = Math.max(1, Math.round(image.naturalHeight * scale));
  const canvas = new OffscreenCanvas(width, height);
  const context = canvas.getContext("2d");
  context.drawImage(image, 0, 0, width, height);
  return { width, height, levels: context.getImageData(0, 0, width, height).data };
}

/** The light at a place, x and y in [0, 1]: red, green, blue. */
function lightAt({ width, height, planes }, x, y) {
  const size = width * height;
  const at = Math.min(height - 1, Math.floor(y * height)) * width + Math.min(width - 1, Math.floor(x * width));
  return [0, 1, 2].map((channel) => halfValues[planes[at + channel * size]]);
}
