import { contentSecurityPolicy } from "../platform/content-security-policy.ts";
import { readStatic } from "../platform/static-files.ts";
import { isOwnUrl } from "./policy.ts";

const HEADERS = {
  // The page talks by ports only.
  "Content-Security-Policy": contentSecurityPolicy("'none'"),
  "X-Content-Type-Options": "nosniff",
  "Referrer-Policy": "no-referrer",
  "Cross-Origin-Opener-Policy": "same-origin",
};

/** Answers `app://twinbox/…` with the built window's files, and with nothing else of this computer. */
export async function answerAppRequest(renderer: string, url: string, method: string): Promise<Response> {
  if (method !== "GET" || !isOwnUrl(url))
    return new Response("Not allowed.", { status: 403, headers: HEADERS });
  const file = await readStatic(renderer, new URL(url).pathname);
  if (!file) return new Response("There is no such file.", { status: 404, headers: HEADERS });
  return new Response(file.contents, { headers: { ...HEADERS, "Content-Type": file.type } });
}
