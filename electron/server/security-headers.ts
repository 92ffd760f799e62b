import { contentSecurityPolicy } from "../platform/content-security-policy.ts";

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
