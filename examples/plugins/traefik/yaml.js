/**
 * YAML, as far as Traefik's file provider needs it: maps, lists and scalars, each line with its reasons.
 *
 * Scalars are JSON's, which YAML has as well, so that nothing in them is ever taken for something else. Traefik takes the file for a
 * template of Go's first (https://doc.traefik.io/traefik/providers/file/#go-templating), so no `{{` may be in it.
 */

/**
 * A value, and why it is there. All lines below have its reasons, unless they have their own.
 * @param {unknown} value
 * @param {import("./rick-plugin.js").Because} because
 */
export const said = (value, because) => new Said(value, because);

class Said {
  constructor(value, because) {
    Object.assign(this, { value, because });
  }
}

/** Adds a map to a file. */
export function write(file, map, because) {
  for (const [line, reasons] of lines(map, because)) file.line(line, reasons);
}

// JSON may have these as they are, and YAML may not.
const UNPRINTABLE = /[\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]/g;
const asNumber = (letter) => `\\u${letter.charCodeAt(0).toString(16).padStart(4, "0")}`;

/** A scalar, or what is empty, always on one line. */
export function scalar(value) {
  const text = JSON.stringify(value).replace(UNPRINTABLE, asNumber);
  return typeof value === "string" ? text.replaceAll("{{", "\\u007b\\u007b") : text;
}

const key = (name) => (/^[A-Za-z_][A-Za-z0-9_-]*$/.test(name) ? name : scalar(name));
const isDeep = (value) => typeof value === "object" && value !== null && Object.keys(value).length > 0;

function* lines(given, inherited) {
  const [value, because] = given instanceof Said ? [given.value, given.because] : [given, inherited];
  if (!isDeep(value)) {
    yield [scalar(value), because];
  } else if (Array.isArray(value)) {
    for (const item of value) {
      // What follows the hyphen stands in the same line; all else of the item below it.
      let before = "- ";
      for (const [line, reasons] of lines(item, because)) {
        yield [before + line, reasons];
        before = "  ";
      }
    }
  } else {
    for (const [name, item] of Object.entries(value)) {
      const [inner, reasons] = item instanceof Said ? [item.value, item.because] : [item, because];
      if (isDeep(inner)) {
        yield [`${key(name)}:`, reasons];
        for (const [line, own] of lines(inner, reasons)) yield [`  ${line}`, own];
      } else {
        yield [`${key(name)}: ${scalar(inner)}`, reasons];
      }
    }
  }
}
