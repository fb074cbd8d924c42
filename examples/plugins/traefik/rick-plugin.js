/**
 * For authors of rick plugins in JavaScript: the contract's words, a class with defaults, and one export.
 *
 * A plugin is a pure function of its input. It is a class below `Plugin`, says what it is in `describe`, and has those of the other
 * methods that it needs. Nothing in this file knows WebAssembly: only `component.js` does, so that all else runs under plain Node.
 *
 *     class Greeter extends Plugin {
 *       describe() {
 *         return { name: "greeter", version: "0.1.0", summary: "says hello in a variable", tableSchema: closed({ … }), writesSlots: [ENV] };
 *       }
 *       contribute(call, out) {
 *         out.add(ENV, "GREETING", [call.table.greeting], table("greeting"), { stated: true });
 *       }
 *     }
 */

// The slots of rick's own; wit/ says what each is.
export const ENV = "rick:env@1";
export const MOUNT = "rick:mount@1";
export const GROUP = "rick:group@1";
export const DIRECTORY = "rick:directory@1";
export const SYSTEM_UNIT = "rick:system-unit@1";
export const IDENTITY = "rick:identity@1";
export const VOLUME = "rick:volume@1";
export const DATABASE = "rick:database@1";
export const ENDPOINT = "rick:endpoint@1";
export const HOST = "rick:host@1";
export const SITE = "rick:site@1";
export const GATE = "rick:gate@1";
export const BACKUP = "rick:backup@1";
export const COMMAND = "rick:command@1";
export const SECRET = "rick:secret@1";
export const STEP = "rick:step@1";
export const CHECK = "rick:check@1";
export const MODEL = "rick:model@1";

// Places: because of what something is there.

/** A JSON pointer (RFC 6901), with `~` and `/` escaped. */
export const pointer = (...steps) => steps.map((step) => "/" + String(step).replaceAll("~", "~0").replaceAll("/", "~1")).join("");

const value = (...steps) => ({ tag: "value", val: pointer(...steps) });

/** A value in the plugin's own table of the manifest; `table()` is the table itself. */
export const table = (...steps) => value("table", ...steps);
/** A key in the plugin's own table, rather than its value. */
export const tableKey = (...steps) => ({ tag: "key", val: pointer("table", ...steps) });
/** A value in the manifest's `[service]`. */
export const service = (...steps) => value("service", ...steps);
/** A value of the machine in rick.toml: `machine("versions", "podman")`. */
export const machine = (...steps) => value("machine", ...steps);
/** A value in `[plugins.<name>]` of rick.toml. */
export const setting = (...steps) => value("settings", ...steps);
/** A value in `[machines.<machine>.<name>]` of rick.toml. */
export const fact = (...steps) => value("facts", ...steps);
/** What the service holds of a pool. */
export const claimed = (pool, key) => value("claimed", pool, key);
/** A value of one service in a call of a machine or the project: `of("wiki", "table", "path")`. */
export const of = (name, ...steps) => value("services", name, ...steps);
/** A contribution that this call reads; that of an entry of `call.reads` is in its `place`. */
export const read = (slot, index, ...steps) => value("reads", slot, index, ...steps);
/** Bytes of a file of a `checkFiles` call, from `start` up to but without `end`: see `byteOffset`. */
export const text = (file, start, end) => ({ tag: "text", val: { file, start, end } });

/** The byte of UTF-8 at which the character at `index` of a text begins: the contract counts bytes, JavaScript units of UTF-16. */
export function byteOffset(source, index) {
  let bytes = 0;
  for (const letter of source.slice(0, index)) {
    const code = letter.codePointAt(0);
    bytes += code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
  }
  return bytes;
}

function places(because) {
  const all = Array.isArray(because) ? because : [because];
  if (all.length === 0 || all.some((place) => place?.tag === undefined)) {
    throw new Error("whatever a plugin answers has at least one reason, which is a place");
  }
  return all;
}

/** A JSON object as its text, where there is one. */
const optional = (more) => (more === null || more === undefined ? null : JSON.stringify(more));

// Schemas and rules.

/** A JSON Schema of an object that takes these properties and no others. */
export const closed = (properties, required = []) => ({ type: "object", additionalProperties: false, required, properties });

/**
 * A check. `example` is a manifest that the rule finds, `useInstead` the same, mended; rick adds a `[service]` with an image where there is
 * none. `rick plugin test` lints both.
 */
export function rule({ code, name, severity = "error", waivable = false, what, why, example, useInstead, source }) {
  const page = JSON.stringify({ what, why, example, use_instead: useInstead, source });
  return { code, name, severity, waivable, page };
}

/** A slot that the plugin reads. `fulfils`: it does what is contributed there, rather than only to look. */
export const reads = (slot, by, { of = "service", fulfils = false } = {}) => ({ slot, by, of, fulfils });

/** A pool of names or, with a `range` of `{ first, last, block }`, of numbers; shared `within` a "machine" or the "project". */
export const pool = (name, label, help, { within = "machine", range = null, reuse = false } = {}) => ({
  name,
  label,
  within,
  range: JSON.stringify(range),
  help,
  reuse,
});

/** A slot of the plugin's own. */
export const slot = (name, schema, { merge = "by-key", unread = "ignore" } = {}) => ({
  name,
  schema: JSON.stringify(schema),
  merge,
  unread,
});

// The input of a call.

/** The numbers that a version begins with: `2.53.3+ds1` is [2, 53, 3]; null where it begins with none. */
export function version(said = "") {
  const found = /^[0-9]+(\.[0-9]+)*/.exec(said);
  return found && found[0].split(".").map(Number);
}

/** Whether a version is another one or later: `atLeast([2, 53], [2, 43])`. */
export function atLeast(found, least) {
  for (let index = 0; index < least.length; index += 1) {
    const difference = (found[index] ?? 0) - least[index];
    if (difference !== 0) return difference > 0;
  }
  return true;
}

/** Address and port as a URL has them: an address of IPv6 stands in brackets. */
export const authority = (address, port) => (address.includes(":") ? `[${address}]:${port}` : `${address}:${port}`);

/** The input of a call. What is not of its scope is empty: `wit/input.schema.json` of rick says what there is. */
export class Call {
  constructor(document) {
    const empty = { settings: {}, facts: {}, service: {}, table: {}, claimed: {}, machine: {}, services: {}, machines: {} };
    this.document = document;
    Object.assign(this, empty, document, { reads: this.reads });
  }

  /** What a slot holds, in rick's order; of one service, if said. Empty where the descriptor does not read it. */
  reads(slot, service) {
    const entries = (this.document.reads?.[slot] ?? []).map((entry, index) => ({ ...entry, place: read(slot, index) }));
    return entries.filter((entry) => service === undefined || entry.service === service);
  }

  /** The version of a program on the machine, in numbers; null where rick.toml does not say it. */
  version(program) {
    return version(this.machine.versions?.[program]);
  }
}

// What a call answers.

/** Problems that were found. */
export class Diagnostics {
  diagnostics = [];

  /**
   * Reports a problem, as bad as its rule says. `message`: what was found, then what was expected; lower case, no full stop. `help`: one
   * thing that can be done now. `notes`: `{ at, message }` each. `fixes`: see `fix`.
   * `more`: `{ within: "a part of the text that is there" }` has rick point at just that, `{ hides: true }` keeps it from being shown.
   */
  report(rule, message, at, { help = null, notes = [], fixes = [], severity = rule.severity, more = null } = {}) {
    if (rule?.code === undefined || severity === undefined) throw new Error("a problem is of a rule, which `rule` makes");
    this.diagnostics.push({ code: rule.code, severity, message, at, help, notes, fixes, more: optional(more) });
  }
}

/** What would mend a problem. `safe`: it cannot change what runs other than as asked, and moves or loses no data. */
export const fix = (title, edits, { safe = false } = {}) => ({ title, safe, edits });
/** Puts a value at a place: `set(table("db"), 3)`. */
export const set = (place, value) => ({ tag: "set", val: [place.val, JSON.stringify(value)] });
/** Takes away what is at a place. */
export const remove = (place) => ({ tag: "remove", val: place.val });
/** Replaces bytes of a file. */
export const replace = (place, by) => ({ tag: "replace", val: [place.val, by] });

/** The claims of a service. */
export class Claims extends Diagnostics {
  claims = [];

  /** Claims a name, or a number that the user stated. */
  want(pool, key, value, because) {
    this.claims.push({ pool, key, want: JSON.stringify(value), because: places(because) });
  }

  /** Claims any number of the pool. */
  any(pool, key, because) {
    this.claims.push({ pool, key, want: null, because: places(because) });
  }
}

/** The contributions of a service. */
export class Contributions extends Diagnostics {
  contributions = [];

  /** Contributes to a slot. `stated`: the user wrote the value, so it beats what was derived. `service`, `machine`, `part`: whom for. */
  add(slot, key, value, because, { stated = false, service = null, machine = null, part = null } = {}) {
    const target = { service, machine, part };
    this.contributions.push({ slot, target, key, value: JSON.stringify(value), stated, because: places(because) });
  }
}

/** A secret by name, never by value. `encode`: rick's encodings, the innermost first: "percent", "env-line". */
export const secret = (name, ...encode) => ({ name, encode });

/** A file in the making: lines, each with its reasons. By itself it is root's and readable by all. */
export class Artifact {
  constructor(path, { mode = 0o644, owner = "root", group = "root", machine = null, more = null } = {}) {
    Object.assign(this, { machine, path, mode, owner, group, content: [], more: optional(more) });
  }

  /** Adds a line of texts and secrets; the newline is added here, and one inside would be a second line. */
  line(pieces, because) {
    const why = places(because);
    let text = "";
    for (const piece of Array.isArray(pieces) ? pieces : [pieces]) {
      if (typeof piece !== "string") {
        if (text !== "") this.content.push({ content: { tag: "text", val: text }, because: why });
        this.content.push({ content: { tag: "secret", val: piece }, because: why });
        text = "";
      } else if (piece.includes("\n")) {
        throw new Error(`a line of ${this.path} has a newline in it: ${JSON.stringify(piece)}`);
      } else {
        text += piece;
      }
    }
    this.content.push({ content: { tag: "text", val: text + "\n" }, because: why });
  }

  /** The text of the file, with each secret as `«name encodings»`: for tests. */
  preview() {
    const shown = ({ tag, val }) => (tag === "text" ? val : `«${[val.name, ...val.encode].join(" ")}»`);
    return this.content.map((segment) => shown(segment.content)).join("");
  }
}

/** What a call of `render` makes. It contributes to the slots that end in rick: steps, checks and models. */
export class Rendered extends Contributions {
  artifacts = [];

  /** Adds a file; one without content is left out. */
  artifact(artifact) {
    if (artifact.content.length > 0) this.artifacts.push(artifact);
  }

  /** Adds a step that is called for by changes of the artifacts in `changed`; in every apply, where that is empty. */
  step(key, kind, phase, because, { changed = [], ...members } = {}) {
    this.add(STEP, key, { kind, phase, ...(changed.length > 0 ? { changed } : {}), ...members }, because);
  }

  /** Adds a question to the running machine. `title` is a statement that should hold. */
  check(key, kind, title, because, members = {}) {
    this.add(CHECK, key, { kind, title, ...members }, because);
  }
}

// The plugin.

/** A plugin. Of all methods but `describe` it has those that it needs. */
export class Plugin {
  /** Says what the plugin is. Static: it depends on nothing. What is left out is empty; schemas are objects. */
  describe() {
    throw new Error("a plugin says what it is");
  }
  /** Claims numbers and names for a service. `call` has no `claimed` and nothing to read yet. */
  claim(_call, _out) {}
  /** Contributes to the slots of others, and to the plugin's own. */
  contribute(_call, _out) {}
  /** Checks one service. */
  checkService(_call, _out) {}
  /** Checks one machine with all its services. */
  checkMachine(_call, _out) {}
  /** Checks the whole project. */
  checkProject(_call, _out) {}
  /** Judges files, rendered or written by hand: `{ path, text, judge }` each. */
  checkFiles(_call, _files, _out) {}
  /** Renders what is of one service. */
  renderService(_call, _out) {}
  /** Renders what is of one machine. */
  renderMachine(_call, _out) {}
  /** Renders what is of the whole project. */
  renderProject(_call, _out) {}
}

const CALLS = {
  claim: "claim",
  contribute: "contribute",
  "check-files": "checkFiles",
  "check:service": "checkService",
  "check:machine": "checkMachine",
  "check:project": "checkProject",
  "render:service": "renderService",
  "render:machine": "renderMachine",
  "render:project": "renderProject",
};

/** The descriptor as the contract has it, with what can be told from the plugin itself. */
export function described(plugin) {
  const said = plugin.describe();
  const lists = { owns: [], pools: [], writesSlots: [], reads: [], writes: [], steps: [], judges: [], rules: [] };
  const has = (call) => plugin[CALLS[call]] !== Plugin.prototype[CALLS[call]];
  const schemas = { tableSchema: closed({}), settingsSchema: closed({}), factsSchema: closed({}) };
  for (const key of Object.keys(schemas)) schemas[key] = JSON.stringify(said[key] ?? schemas[key]);
  const answers = Object.keys(CALLS).filter(has);
  return { table: said.name, activates: "table", ...lists, answers, ...said, ...schemas, more: optional(said.more) };
}

const OUT = { claim: Claims, contribute: Contributions, check: Diagnostics, "check-files": Diagnostics, render: Rendered };

function called(plugin, call, input, given) {
  const out = new OUT[call.split(":")[0]]();
  const rest = plugin[CALLS[call]](new Call(input), ...given, out);
  // rick takes the answer when the method returns: what an async method says after its first `await` would be lost.
  if (typeof rest?.then === "function") throw new Error(`\`${CALLS[call]}\` is async, but a call is answered at once`);
  return out;
}

/**
 * What the plugin answers to a call such as "contribute" or "render:service", under plain Node: its claims, contributions, artifacts and
 * diagnostics. As rick does, it holds every place against the input.
 */
export function answer(plugin, call, document, files = []) {
  const input = JSON.parse(JSON.stringify(document));
  const out = called(plugin, call, input, call === "check-files" ? [files] : []);
  for (const place of placesIn(Object.values(out))) {
    if (place.tag !== "text" && !isThere(input, place.val)) {
      throw new Error(`the place \`${place.val}\` is not in the input`);
    }
  }
  return out;
}

function placesIn(value) {
  if (value === null || typeof value !== "object") return [];
  const found = Object.entries(value).flatMap(([key, inner]) =>
    key === "because" || key === "at" ? [inner].flat() : placesIn(inner),
  );
  return found;
}

function isThere(value, pointer) {
  let here = value;
  for (const step of pointer.split("/").slice(1)) {
    const name = step.replaceAll("~1", "/").replaceAll("~0", "~");
    if (here === null || typeof here !== "object" || !Object.hasOwn(here, name)) return false;
    here = here[name];
  }
  return true;
}

/** What depends on more than the input is refused in words; the engine would stop without any, or answer what was so when it was built. */
function denyClockAndChance() {
  const refuse = (what) => {
    throw new Error(`a plugin has no ${what}: what it answers depends on its input alone`);
  };
  Math.random = () => refuse("chance");
  globalThis.Date = class extends Date {
    constructor(...given) {
      if (given.length === 0) refuse("clock");
      super(...given);
    }
    static now() {
      return refuse("clock");
    }
  };
}

/** An object as JSON, since its own words are `[object Object]`; an error by its own. */
function shown(word) {
  if (word === null || typeof word !== "object" || word instanceof Error) return String(word);
  try {
    return JSON.stringify(word);
  } catch {
    return String(word);
  }
}

/**
 * What `component.js` exports: the interfaces of the contract. `log` is what it imports. An exception is told in the log, since nobody else
 * would hear of it, and so is what `console.log` says.
 */
export function component(plugin, log) {
  const say = (level, ...words) => log.log(level, words.map(shown).join(" ").slice(0, 1000));
  const levels = { trace: "trace", debug: "debug", log: "info", info: "info", warn: "warn", error: "warn" };
  globalThis.console = Object.fromEntries(Object.entries(levels).map(([name, level]) => [name, (...words) => say(level, ...words)]));
  denyClockAndChance();
  const told = (work) => {
    try {
      return work();
    } catch (failure) {
      // Where the author's own code was, rather than this file, where there is such a place.
      const lines = String(failure?.stack ?? "").trim().split("\n");
      const where = (lines.find((line) => !line.includes("/rick-plugin.js:")) ?? lines[0]).trim();
      say("warn", `${failure}${where ? `, ${where}` : ""}`);
      throw failure;
    }
  };
  const run = (call, input, ...given) => told(() => called(plugin, call, JSON.parse(input), given));
  return {
    meta: { describe: () => told(() => described(plugin)) },
    claim: { claim: (input) => run("claim", input) },
    contribute: { contribute: (input) => run("contribute", input) },
    check: { check: (scope, input) => run(`check:${scope}`, input).diagnostics },
    checkFiles: { checkFiles: (input, files) => run("check-files", input, files).diagnostics },
    render: { render: (scope, input) => run(`render:${scope}`, input) },
  };
}
