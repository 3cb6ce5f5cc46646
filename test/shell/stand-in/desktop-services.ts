/**
 * What Electron offers of the desktop around the application: dialogs, menu, theme, screens, power, other programs.
 *
 * Invariant: whatever a person would see or answer goes to the test.
 */
import { EventEmitter } from 'node:events';
import { readFileSync } from 'node:fs';
import type { MenuItemConstructorOptions, MessageBoxOptions, Rectangle } from 'electron';
import { requireReady } from './app.ts';
import { perform, show } from './hands.ts';

const answers: ((button: number) => void)[] = [];

export const dialog = {
  /** With or without a window to belong to. */
  showMessageBox(...given: [MessageBoxOptions] | [object, MessageBoxOptions]) {
    requireReady('dialog.showMessageBox cannot be used');
    const options = given.at(-1) as MessageBoxOptions;
    show({ saw: 'question', options });
    return new Promise<{ response: number; checkboxChecked: boolean }>((resolve) => {
      answers.push((response) => resolve({ response, checkboxChecked: false }));
    });
  },
  showErrorBox: (title: string, content: string) => show({ saw: 'errorBox', title, content }),
};

perform('answer', ({ button }) => answers.shift()?.(button));

export class Menu {
  static #application: Menu | null = null;
  readonly items: readonly MenuItemConstructorOptions[];

  private constructor(items: readonly MenuItemConstructorOptions[]) {
    this.items = items;
  }

  static buildFromTemplate(template: readonly MenuItemConstructorOptions[]): Menu {
    const nameless = template.find(({ label, role, type }) => !label && !role && type !== 'separator');
    if (nameless) throw new TypeError('Invalid template for MenuItem: must have submenu, role, label or type');
    return new Menu(template);
  }

  static setApplicationMenu(menu: Menu | null): void {
    Menu.#application = menu;
  }

  static getApplicationMenu(): Menu | null {
    return Menu.#application;
  }
}

class NativeImage {
  readonly #bytes: Buffer;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  isEmpty(): boolean {
    return this.#bytes.length === 0;
  }
}

export const nativeImage = {
  /** A file that cannot be read gives an empty image. */
  createFromPath(file: string): NativeImage {
    try {
      return new NativeImage(readFileSync(file));
    } catch {
      return new NativeImage(Buffer.alloc(0));
    }
  },
};

export class Tray extends EventEmitter {
  constructor(image: NativeImage) {
    super();
    requireReady('Cannot create Tray');
    if (image.isEmpty()) throw new Error('Failed to load image');
    perform('clickTray', () => this.emit('click'));
  }

  setToolTip(text: string): void {
    show({ saw: 'tooltip', text });
  }

  setContextMenu(menu: Menu): void {
    if (!(menu instanceof Menu)) throw new TypeError('Error processing argument at index 0, conversion failure');
  }
}

export const nativeTheme = { shouldUseDarkColors: false };
export const powerMonitor = new EventEmitter();

export const screen = {
  getAllDisplays(): { workArea: Rectangle }[] {
    requireReady("The 'screen' module can't be used");
    return [{ workArea: { x: 0, y: 0, width: 1920, height: 1080 } }];
  },
};

export const shell = {
  openExternal(url: string): Promise<void> {
    show({ saw: 'external', url });
    return Promise.resolve();
  },
};
