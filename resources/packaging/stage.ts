// The folder that electron-builder packs: the bundles, package.json, and the packages that are loaded at run time.
// Invariant: nothing is in it that the application does not load, so nothing has to be filtered out of it later, and
// what npm's tree looks like in a checkout (symbolic links, workspaces, extraneous packages) makes no difference.

import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { loadedPackages } from './packages.ts';

/** Parts of packages that are for building them, for debugging, for types or for other environments. */
const NOT_LOADED: readonly RegExp[] = [
  /^better-sqlite3\/(deps|src|binding\.gyp)(\/|$)/,
  /^v86\/build\/(?!(v86\.wasm|libv86\.js)$)./,
  /^(fast-png|iobuffer|fflate)\/(src|umd)(\/|$)/,
  /\.(map|md|d\.[cm]?ts)$/i,
  /\/node_modules\//,
];

/** Where the application is staged: `directories.app` of electron-builder.yml. */
function stageFolder(root: string): string {
  return path.join(root, 'dist', 'app');
}

/** The fields of package.json that an installed application needs. */
function manifest(root: string): object {
  const full = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8')) as { [field: string]: unknown };
  const kept = ['name', 'productName', 'version', 'description', 'license', 'author', 'type', 'main'];
  const versions = Object.fromEntries(loadedPackages(root).map(({ name, version }) => [name, version]));
  return { ...Object.fromEntries(kept.map((field) => [field, full[field]])), dependencies: versions };
}

/** Makes the folder anew from `out/` and node_modules. */
export function stage(root: string): void {
  const folder = stageFolder(root);
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  for (const part of ['main', 'preload', 'renderer']) {
    cpSync(path.join(root, 'out', part), path.join(folder, 'out', part), { recursive: true });
  }
  // The icon in the tray (main/paths.ts).
  const icon = path.join('resources', 'icons', '32x32.png');
  cpSync(path.join(root, icon), path.join(folder, icon));
  for (const found of loadedPackages(root)) {
    const target = path.join(folder, 'node_modules', found.name);
    const wanted = (file: string): boolean => {
      const inside = `${found.name}/${path.relative(found.folder, file).replaceAll(path.sep, '/')}`;
      return !NOT_LOADED.some((pattern) => pattern.test(inside));
    };
    cpSync(found.folder, target, { recursive: true, filter: wanted });
  }
  writeFileSync(path.join(folder, 'package.json'), `${JSON.stringify(manifest(root), null, 2)}\n`);
}
