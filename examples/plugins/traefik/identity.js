/** The headers by which a service knows who has signed on, and how those of clients are taken away. */

/** A regular expression of Go's for just this text (https://pkg.go.dev/regexp#QuoteMeta). */
export const literal = (text) => text.replace(/[\\.+*?()|[\]{}^$]/g, "\\$&");

/** What many applications believe, whatever a gate may call it. */
const COMMON = ["Remote-User", "Remote-Groups", "Remote-Email", "Remote-Name"];

/**
 * Fits every header by which a client could pass itself off as somebody: those of the gate, and all that begins with `Remote`. Many
 * applications take whatever is neither a letter nor a digit in a header's name for `-`, as CGI did
 * (https://doc.traefik.io/traefik/security/header-aliases/), so names are cut after the first word that tells something, and what is spelt
 * like them goes as well.
 * @param {{ headers: Record<string, string> }} gate
 */
export function spoofable(gate) {
  const beginnings = [...Object.values(gate.headers), ...COMMON].map((name) => {
    const words = name.toLowerCase().split("-");
    let telling = words[0] === "x" ? 2 : 1;
    // `X-Forwarded-For` and its like are how the proxy tells of the connection.
    if (words[0] === "x" && words[1] === "forwarded") telling = 3;
    return words.slice(0, telling).map(literal).join("[^a-z0-9]");
  });
  return `(?i)^(${[...new Set(beginnings)].sort().join("|")})`;
}

/**
 * Names that are taken out where no gate stands. There Traefik asks nobody, and knows headers by their whole names alone: each is said
 * with the characters that stand between its words most often.
 */
export const commonSpellings = () => COMMON.flatMap((name) => ["-", "_", "."].map((between) => name.replace("-", between)));

/**
 * Fits a list of groups in which one of these is, as a whole.
 * @param {string[]} groups
 * @param {string} separator
 */
export function memberOf(groups, separator) {
  const between = literal(separator);
  return `(^|${between})(${groups.map(literal).join("|")})(${between}|$)`;
}
