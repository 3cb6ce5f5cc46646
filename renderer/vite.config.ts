/**
 * How the page is built, by electron-vite as part of the application or alone: `vite build -c renderer/vite.config.ts`.
 *
 * Invariant: the result is static files with relative addresses and no inline script or style, so that it works from
 * `app://` and from the headless host under the same Content-Security-Policy.
 */
import { fileURLToPath } from 'node:url';
import react from '@vitejs/plugin-react';
import { defineConfig, type UserConfig } from 'vite';

const root = fileURLToPath(new URL('.', import.meta.url));

export const page = {
  root,
  base: './',
  build: {
    outDir: fileURLToPath(new URL('../out/renderer', import.meta.url)),
    emptyOutDir: true,
    // The browsers the page is for: Electron 45's, and what people have today. `light-dark()` stays as it is written.
    target: 'chrome130',
    assetsInlineLimit: 0,
    // electron-vite would leave it as it is.
    minify: true,
    // In kB. What is large by itself (terminal, charts, another language) is loaded when it is wanted. The tabs and
    // dialogs are not: the page comes from this computer, and cut into them it was 45 files and painted no sooner; a
    // page whose host is gone could not open them. What makes it larger than this should be looked at.
    chunkSizeWarningLimit: 640,
    modulePreload: { polyfill: false },
    rollupOptions: { input: fileURLToPath(new URL('./index.html', import.meta.url)) },
  },
} satisfies UserConfig;

export default defineConfig({ ...page, plugins: [react()] });
