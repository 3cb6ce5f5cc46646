/**
 * The icon in the system's tray, and the number on the application's own: how the virtual machines are, for somebody
 * who does not look at the window.
 *
 * Invariant: it only tells; what can be done from here is to show the window and to quit, as everywhere. Where the
 * desktop has no tray, the application is none the worse.
 */
import { Menu, nativeImage, Tray, type App } from 'electron';
import type { Inventory, VmView } from '../../preload/contract/contract.ts';

/** What is needed of the fleet. */
export interface Watched {
  inventory(): Pick<Inventory, 'vms'>;
  /** Calls the listener after changes. */
  follow(listener: () => void): () => void;
}

export interface Status {
  readonly tooltip: string;
  /** Alarms that nobody has acknowledged. */
  readonly alarms: number;
}

export function statusOf(vms: readonly Pick<VmView, 'power' | 'ft' | 'alarms'>[]): Status {
  const running = vms.filter(({ power }) => power !== 'off').length;
  const guarded = vms.filter(({ ft }) => ft.status === 'protected').length;
  const alarms = vms.reduce((sum, vm) => sum + vm.alarms.unacknowledged, 0);
  const told = [`${running} running`, `${guarded} protected`, ...(alarms > 0 ? [counted(alarms, 'alarm')] : [])];
  return { tooltip: `Lockstep: ${told.join(', ')}`, alarms };
}

function counted(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? '' : 's'}`;
}

/** To be called once the application is ready. `icon` is a file; `show` brings the window to the front. */
export function showStatus(
  app: Pick<App, 'setBadgeCount' | 'quit'>,
  fleet: Watched,
  icon: string,
  show: () => void,
): void {
  const tray = openTray(icon);
  tray?.on('click', show);
  let told = '';
  const tell = (): void => {
    const { tooltip, alarms } = statusOf(fleet.inventory().vms);
    if (tooltip === told) return;
    told = tooltip;
    app.setBadgeCount(alarms);
    tray?.setToolTip(tooltip);
    // Some desktops show the menu alone, and no tooltip.
    tray?.setContextMenu(
      Menu.buildFromTemplate([
        { label: tooltip, enabled: false },
        { type: 'separator' },
        { label: 'Show Lockstep', click: show },
        { label: 'Quit', click: () => app.quit() },
      ]),
    );
  };
  fleet.follow(tell);
  tell();
}

function openTray(icon: string): Tray | null {
  try {
    return new Tray(nativeImage.createFromPath(icon));
  } catch {
    return null;
  }
}
