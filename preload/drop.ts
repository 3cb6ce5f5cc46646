/**
 * Files that are dropped onto the desktop window: their paths, for the main process alone.
 *
 * Invariant: the page gets no paths, and a file that a script made has none. A browser's page does not have this: there
 * nobody is told where a file is, and the host takes no uploads.
 */
import { EXPORT_EXTENSION } from './contract/share.ts';

const FILES_MAX = 20;

/** `pathOf` knows where a file is, '' where it is nowhere; `tell` hears of exported virtual machines. */
export function listenToDrops(pathOf: (file: File) => string, tell: (files: readonly string[]) => void): void {
  const exported = (event: DragEvent): readonly string[] =>
    [...(event.dataTransfer?.files ?? [])]
      .slice(0, FILES_MAX)
      .map(pathOf)
      .filter((file) => file.toLowerCase().endsWith(EXPORT_EXTENSION));
  window.addEventListener('dragover', (event) => {
    // Unless somebody says that it may be, nothing can be dropped.
    if (event.dataTransfer?.types.includes('Files')) event.preventDefault();
  });
  window.addEventListener('drop', (event) => {
    const files = exported(event);
    if (event.dataTransfer?.types.includes('Files')) event.preventDefault();
    if (files.length > 0) tell(files);
  });
}
