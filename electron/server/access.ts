import { createHash, randomBytes, timingSafeEqual } from "node:crypto";
import type { IncomingMessage } from "node:http";

const secret = (): string => randomBytes(32).toString("base64url");

/** In a time that does not tell how much was right. */
function same(a: string, b: string): boolean {
  const digest = (text: string) => createHash("sha256").update(text).digest();
  return timingSafeEqual(digest(a), digest(b));
}

/**
 * Who may talk to the server: the browser that was first to show the token printed at the start. It gets a cookie;
 * other users and programs of this host, and other sites open in the same browser, have neither.
 */
export class Access {
  readonly #port: number;
  readonly #session = secret();
  #token: string | null = secret();

  constructor(port: number) {
    this.#port = port;
  }

  /** The address to open; good for once. */
  get address(): string {
    return `http://127.0.0.1:${this.#port}/?token=${this.#token}`;
  }

  /** Uses the token up. Returns the `Set-Cookie` header, or null where the token is wrong or was used. */
  redeem(token: string): string | null {
    if (this.#token === null || !same(token, this.#token)) return null;
    this.#token = null;
    return `${this.#cookieName}=${this.#session}; HttpOnly; SameSite=Strict; Path=/`;
  }

  /** Has the browser shown the token before? */
  hasSession(request: IncomingMessage): boolean {
    for (const cookie of (request.headers.cookie ?? "").split(";")) {
      const [name, value] = cookie.trim().split("=");
      if (name === this.#cookieName && value !== undefined && same(value, this.#session)) return true;
    }
    return false;
  }

  /** A name that resolves to this host, given by a hostile site (DNS rebinding), is none of these. */
  isOwnHost(request: IncomingMessage): boolean {
    const { host } = request.headers;
    return host === `127.0.0.1:${this.#port}` || host === `localhost:${this.#port}`;
  }

  /** What changes something comes from our own page. */
  isOwnOrigin(request: IncomingMessage): boolean {
    return this.isOwnHost(request) && request.headers.origin === `http://${request.headers.host}`;
  }

  /** Cookies do not know ports: each server has a name of its own. */
  get #cookieName(): string {
    return `twinbox-${this.#port}`;
  }
}
