/**
 * The headless host's composition root: a fleet on child processes, behind the web door and the command line's.
 *
 * Invariant: when this returns, both doors are open; on SIGINT or SIGTERM every VM is powered off before the process
 * ends.
 */
import { Fleet } from './fleet/fleet.ts';
import { guestLibrary, rendererFolder, processEntries, version } from './paths.ts';
import { childProcesses } from './web/child-processes.ts';
import { startControl } from './web/control.ts';
import { startWebServer } from './web/server.ts';

export interface ServeOptions {
  readonly dataFolder: string;
  /** Loopback unless the user says otherwise. */
  readonly host: string;
  /** 0 chooses a free one. */
  readonly port: number;
}

/** @returns the link for the first browser, and a way to make more. */
export async function serve(options: ServeOptions): Promise<{ url: string; close(): Promise<void> }> {
  const processes = childProcesses(processEntries);
  const fleet = new Fleet({ dataFolder: options.dataFolder, version, processes, guests: guestLibrary() });
  process.on('exit', () => {
    fleet.kill();
    processes.close();
  });
  const web = await startWebServer(fleet, { host: options.host, port: options.port, pageFolder: rendererFolder });
  const control = await startControl(fleet, options.dataFolder, () => web.link());
  const close = async (): Promise<void> => {
    await fleet.close();
    await control.close();
    await web.close();
  };
  return { url: web.link(), close };
}
