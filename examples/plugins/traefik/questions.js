/** What can be asked of a site, from the machine itself: who is let in, and who is not. */

import { service } from "./rick-plugin.js";
import { gateOf, inner, isGatedAtRoot, members, url } from "./site.js";

/** The gate, or the application: no server error. */
const ANSWERED = [200, 201, 204, 301, 302, 303, 307, 308, 400, 401, 403, 404, 405];
/** The application, which may know no such path. */
const LET_THROUGH = [200, 201, 204, 301, 302, 303, 307, 308, 404, 405];

/** The questions of a site. */
export function questions(call, out) {
  const root = `${url(call)}/`;
  // Without a resolver it cannot be told who vouches for the certificate.
  const authority = call.facts.resolver === undefined ? "any" : "trusted";
  const ask = (key, title, url, more) => out.check(key, "http", title, service("domain"), { url, authority, ...more });
  const gate = gateOf(call);
  if (gate !== null) {
    const { value, place } = gate;
    const at = inner(call, members(call.service.name));
    const title = value.require.length > 0 ? `Traefik keeps out who is in none of ${value.require.join(", ")}` : "Traefik keeps out who has no name";
    out.check("members", "http", title, place, { url: at, status: [403] });
  }
  if (gate === null || !isGatedAtRoot(call)) {
    ask("answers", `\`${root}\` answers`, root, { status: ANSWERED });
    return;
  }
  const { value } = gate;
  ask("sign-on", `\`${root}\` asks for sign-on`, root, { status: [302] });
  const forged = { status: [302], headers: forgedFor(value) };
  ask("forged", `\`${root}\` asks for sign-on whatever headers say who somebody is`, root, forged);
  ask("member", `\`${root}\` lets a member in`, root, { status: LET_THROUGH, not_location: value.callback, as: "member" });
  if (value.require.length > 0) {
    // An outpost may have no session at all for somebody who may not enter, and ask again.
    ask("outsider", `\`${root}\` keeps out who is in none of ${value.require.join(", ")}`, root, { status: [302, 403], as: "outsider" });
  }
  for (const path of call.table.public.filter((path) => !path.includes("*") && path !== "/")) {
    const open = `${url(call)}${path}`;
    ask(`public:${path}`, `\`${open}\` asks for no sign-on`, open, { status: LET_THROUGH, not_location: value.callback });
    const beside = `${url(call)}${path.replace(/\/+$/, "")}-rick-verify`;
    ask(`beside:${path}`, `\`${beside}\` asks for sign-on`, beside, { status: [302] });
  }
}

/** Headers as somebody sends them who would be somebody else. */
function forgedFor({ headers, require: groups }) {
  const said = ([known, header]) => [header, known === "groups" ? (groups[0] ?? "admins") : "admin"];
  return { ...Object.fromEntries(Object.entries(headers).map(said)), "Remote-User": "admin" };
}
