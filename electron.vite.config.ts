/**
 * How the sources become `out/`: main and its child processes (ESM), the preload bridge (CommonJS, as a sandboxed
 * window needs it), and the page.
 *
 * Invariant: packages are loaded from node_modules at run time in main and preload (native modules, v86's files), and
 * are bundled into the page, which loads nothing but its own files (the Content-Security-Policy allows no inline
 * script or style).
 */
import react from '@vitejs/plugin-react';
import { defineConfig } from 'electron-vite';
import { page } from './renderer/vite.config.ts';

export default defineConfig({
  main: {
    build: {
      outDir: 'out/main',
      externalizeDeps: true,
      rollupOptions: {
        input: {
          index: 'main/index.ts',
          serve: 'main/serve.ts',
          cli: 'main/cli.ts',
          replica: 'main/replica/entry.ts',
          replay: 'main/replica/replay-entry.ts',
          gateway: 'main/gateway/entry.ts',
        },
        output: { format: 'es', entryFileNames: '[name].js' },
      },
    },
  },
  preload: {
    build: {
      outDir: 'out/preload',
      // A sandboxed preload can require nothing but electron: whatever else it uses is bundled.
      externalizeDeps: false,
      rollupOptions: {
        input: { index: 'preload/index.ts' },
        output: { format: 'cjs', entryFileNames: '[name].cjs' },
      },
    },
  },
  renderer: { ...page, plugins: [react()] },
});
