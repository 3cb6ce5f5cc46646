/**
 * What can be done on the page itself, about no VM: for the palette, the shortcuts and the settings menu.
 *
 * Invariant: what is here can be reached by the keyboard alone; ids are unique.
 */
import {
  BellRing,
  FolderPlus,
  Import,
  Keyboard,
  LayoutDashboard,
  Languages,
  List,
  LogOut,
  Network,
  Palette,
  Plus,
  Search,
  type LucideIcon,
} from 'lucide-react';
import type { Services } from '../services.ts';
import type { OpenDialog } from '../state.ts';
import { chooseLanguage, LANGUAGE_NAMES, LANGUAGES } from '../text/language.ts';
import { texts } from '../text/index.ts';
import { keepTheme, THEMES } from '../theme.ts';

export interface PageCommand {
  readonly id: string;
  readonly label: string;
  readonly icon: LucideIcon;
  /** Such as `Alt+N`, or a letter. */
  readonly shortcut?: string;
  /** It needs the host. */
  readonly online?: boolean;
  readonly run: (services: Services) => void;
}

const opens = (dialog: OpenDialog) => (services: Services) => services.store.setState({ dialog });

const places: readonly PageCommand[] = (
  [
    ['home', texts.inventory.overview, LayoutDashboard],
    ['networks', texts.inventory.networks, Network],
    ['events', texts.inventory.events, List],
    ['alarms', texts.inventory.alarms, BellRing],
  ] as const
).map(([page, name, icon]) => ({
  id: `go-${page}`,
  label: `${texts.palette.goTo}: ${name}`,
  icon,
  run: ({ go }) => go({ page }),
}));

const looks: readonly PageCommand[] = THEMES.map((theme) => ({
  id: `theme-${theme}`,
  label: `${texts.shell.theme}: ${texts.shell.themes[theme]}`,
  icon: Palette,
  run: ({ store }) => {
    keepTheme(theme);
    store.setState({ theme });
  },
}));

const languages: readonly PageCommand[] = LANGUAGES.map((language) => ({
  id: `language-${language}`,
  label: `${texts.shell.language}: ${LANGUAGE_NAMES[language]}`,
  icon: Languages,
  run: () => chooseLanguage(language),
}));

export const openPalette: PageCommand = {
  id: 'palette',
  label: texts.shortcuts.palette,
  icon: Search,
  shortcut: 'Ctrl+K',
  run: opens({ kind: 'palette' }),
};
export const openShortcuts: PageCommand = {
  id: 'shortcuts',
  label: texts.shortcuts.show,
  icon: Keyboard,
  shortcut: '?',
  run: opens({ kind: 'shortcuts' }),
};
export const newVm: PageCommand = {
  id: 'new-vm',
  label: texts.actions.newVm,
  icon: Plus,
  shortcut: 'Alt+N',
  run: opens({ kind: 'newVm' }),
};
export const findInInventory: PageCommand = {
  id: 'find',
  label: texts.shortcuts.search,
  icon: Search,
  shortcut: '/',
  run: () => document.querySelector<HTMLElement>('.inventory input[type=search]')?.focus(),
};
export const logOut: PageCommand = {
  id: 'log-out',
  label: texts.shell.logOut,
  icon: LogOut,
  online: true,
  run: ({ runner, bridge, store }) => {
    void runner.attempt('log-out', texts.shell.logOut, async () => {
      const answer = await fetch('/logout', { method: 'POST' });
      if (!answer.ok) throw new Error(await answer.text());
      bridge.close();
      store.setState({ loggedOut: true, dialog: null });
    });
  },
};

/** Only a browser can be logged out: the desktop window is Lockstep itself. */
export function canLogOut(): boolean {
  return window.lockstep === undefined;
}

/** In the order in which the palette shows them. */
export function pageCommands(): readonly PageCommand[] {
  const own = [
    newVm,
    { id: 'new-folder', label: texts.folders.add, icon: FolderPlus, run: opens({ kind: 'newFolder', folder: '' }) },
    { id: 'import-vm', label: texts.share.import.title, icon: Import, run: opens({ kind: 'import', file: '' }) },
    { id: 'new-network', label: texts.networks.add, icon: Network, run: opens({ kind: 'newNetwork' }) },
    findInInventory,
    openShortcuts,
  ];
  return [...places, ...own, ...looks, ...languages, ...(canLogOut() ? [logOut] : [])];
}

/** Those that a key runs wherever the focus is, except in a field. */
const WITH_KEYS: readonly PageCommand[] = [openPalette, newVm, openShortcuts, findInInventory];

interface Press {
  readonly ctrlKey: boolean;
  readonly metaKey: boolean;
  readonly altKey: boolean;
  readonly key: string;
}

/** The command whose shortcut this key press is; single letters are none while somebody writes. */
export function commandForKey({ ctrlKey, metaKey, altKey, key }: Press, writing: boolean): PageCommand | undefined {
  const name = key.length === 1 ? key.toUpperCase() : key;
  const control = ctrlKey || metaKey;
  if (!control && !altKey && writing) return undefined;
  const pressed = `${control ? 'Ctrl+' : ''}${altKey ? 'Alt+' : ''}${name}`;
  return WITH_KEYS.find(({ shortcut }) => shortcut === pressed);
}
