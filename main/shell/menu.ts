/**
 * The application's menu: what the platform expects, and nothing that takes keys away from a guest.
 *
 * Invariant: commands for VMs live in the page (renderer/actions), once; the menu has only the window's own.
 */
import { Menu, type MenuItemConstructorOptions } from 'electron';

export function setApplicationMenu(platform: NodeJS.Platform): void {
  const first: MenuItemConstructorOptions =
    platform === 'darwin' ? { role: 'appMenu' } : { label: '&File', submenu: [{ role: 'quit' }] };
  const template: MenuItemConstructorOptions[] = [
    first,
    { role: 'editMenu' },
    {
      label: '&View',
      submenu: [
        { role: 'resetZoom' },
        { role: 'zoomIn' },
        { role: 'zoomOut' },
        { type: 'separator' },
        { role: 'toggleDevTools' },
      ],
    },
    { role: 'windowMenu' },
  ];
  Menu.setApplicationMenu(Menu.buildFromTemplate(template));
}
