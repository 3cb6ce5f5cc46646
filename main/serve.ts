/**
 * The headless host's composition root: a fleet on child processes, behind the web door and the command line's.
 *
 * Invariant: when this returns, both doors are open; on SIGINT, SIGTERM or SIGHUP every VM is suspended or powered off
 * before the process ends. Files that it makes are this user's alone.
 */
import { Fleet } from './fleet/fleet.ts';
import type { Limits } from './fleet/limits.ts';
import { surviveFullDatabase } from './fleet/survive.ts';
import { guestLibrary, rendererFolder, processEntries, version } from './paths.ts';
import type { Tls } from './web/certificate.ts';
import { childProcesses } from './web/child-processes.ts';
import { startControl } from './web/control.ts';
import { startWebServer } from './web/server.ts';

export interface ServeOptions {
  readonly dataFolder: string;
  /** Loopback unless the user says otherwise; then it must be encrypted. */
  readonly host: string;
  /** 0 chooses a free one. */
  readonly port: number;
  readonly tls: Tls | null;
  readonly limits: Limits;
  /** Guests reach this computer's loopback. */
  readonly hostLoopback: boolean;
}

const NOBODY_ELSE = 0o077;

/** @returns the link for the first browser, and a way to make more. */
export async function serve(options: ServeOptions): Promise<{ url: string; close: Fleet['close'] }> {
  process.umask(NOBODY_ELSE);
  surviveFullDatabase(() => process.exit(1));
  const { dataFolder, limits, hostLoopback, ...listening } = options;
  const processes = childProcesses(processEntries);
  const fleet = new Fleet({ dataFolder, version, processes, guests: guestLibrary(), limits, hostLoopback });
  process.on('exit', () => {
    fleet.kill();
    processes.close();
  });
  try {
    return await open(fleet, listening, dataFolder);
  } catch (error) {
    await fleet.close();
    processes.close();
    throw error;
  }
}

async function open(
  fleet: Fleet,
  listening: Pick<ServeOptions, 'host' | 'port' | 'tls'>,
  dataFolder: string,
): Promise<{ url: string; close: Fleet['close'] }> {
  const web = await startWebServer(fleet, { ...listening, pageFolder: rendererFolder });
  const control = await startControl(
    fleet,
    dataFolder,
    () => web.link(),
    () => web.logout(),
  );
  const close = async (how?: 'suspend' | 'powerOff'): Promise<void> => {
    await fleet.close(how);
    await control.close();
    await web.close();
  };
  return { url: web.link(), close };
}
