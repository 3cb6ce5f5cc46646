/**
 * Images of other programs, as the disk of a VM that is made or changed: converted first.
 *
 * Invariant: one image is converted once for a dialog, however often that sends; nothing is made of an answer that
 * came when the dialog was gone, and then the user is told where the disk is.
 */
import { useEffect, useRef } from 'react';
import { isForeign } from '../../disk.ts';
import { useServices } from '../../services.ts';
import { withToast } from '../../state.ts';
import { texts } from '../../text/index.ts';

/** Resolves with the file that the VM gets for the one that was named; null when the dialog is gone. */
export function useConverter(): (named: string) => Promise<string | null> {
  const { bridge, store } = useServices();
  const made = useRef(new Map<string, string>());
  const shown = useRef(false);
  useEffect(() => {
    shown.current = true;
    return () => {
      shown.current = false;
    };
  }, []);
  return async (named) => {
    if (!isForeign(named)) return named;
    const known = made.current.get(named);
    const file = known ?? (await bridge.call('disk.import', { source: named })).file;
    made.current.set(named, file);
    if (shown.current) return file;
    const told = { title: texts.disks.import.action, message: texts.disks.left(file) };
    store.setState((state) => withToast(state, { tone: 'info', ...told }));
    return null;
  };
}
