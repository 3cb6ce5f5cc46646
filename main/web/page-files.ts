/**
 * The files of the built page, and the headers they are served with, by the web door and by the desktop window alike.
 *
 * Invariant: a path outside the page's folder, or of a type the page does not use, is not served.
 */
import path from 'node:path';

const TYPES: { readonly [extension: string]: string } = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.ico': 'image/x-icon',
  '.woff2': 'font/woff2',
  '.json': 'application/json',
};

export const pageHeaders = {
  'Content-Security-Policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; " +
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  'X-Content-Type-Options': 'nosniff',
  'Referrer-Policy': 'no-referrer',
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Resource-Policy': 'same-origin',
  // What the console uses, and nothing else of what a computer has.
  'Permissions-Policy':
    'fullscreen=(self), clipboard-write=(self), clipboard-read=(), camera=(), microphone=(), geolocation=(), usb=(), ' +
    'serial=(), hid=(), bluetooth=(), midi=(), payment=(), display-capture=(), publickey-credentials-get=()',
  'X-Frame-Options': 'DENY',
} as const;

/** The file that a URL's path names, and its media type; null where there can be none. */
export function resolvePageFile(folder: string, pathname: string): { path: string; type: string } | null {
  let name: string;
  try {
    name = pathname === '/' ? 'index.html' : decodeURIComponent(pathname.slice(1));
  } catch {
    return null;
  }
  const file = path.resolve(folder, name);
  const type = TYPES[path.extname(file)];
  return type && file.startsWith(folder + path.sep) ? { path: file, type } : null;
}
