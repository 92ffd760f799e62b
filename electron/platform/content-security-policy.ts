/**
 * What the page may do: run and show what comes from where it comes from, and connect to `connections`. `style-src`
 * allows inline styles because the terminal (xterm) makes its style sheet at run time.
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
