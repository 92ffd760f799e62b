/**
 * What the page may do: run and show what comes from here. `style-src` allows inline styles because the terminal
 * (xterm) makes its style sheet at run time.
 */
export const contentSecurityPolicy = (connections: string): string =>
  [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self' 'unsafe-inline'",
    "img-src 'self' data: blob:",
    "font-src 'self'",
    `connect-src ${connections}`,
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join("; ");

/** Of every answer of the server shell. */
export const securityHeaders = (port: number): Record<string, string> => ({
  "Content-Security-Policy": contentSecurityPolicy(
    `'self' ws://127.0.0.1:${port} ws://localhost:${port}`, // Not every browser counts ws: as 'self'.
  ),
  "X-Content-Type-Options": "nosniff",
  "X-Frame-Options": "DENY",
  "Referrer-Policy": "no-referrer",
  "Cross-Origin-Opener-Policy": "same-origin",
  "Cross-Origin-Embedder-Policy": "require-corp",
  "Cross-Origin-Resource-Policy": "same-origin",
  "Permissions-Policy": "camera=(), microphone=(), geolocation=(), usb=(), serial=(), hid=(), payment=()",
  "Cache-Control": "no-store",
});
