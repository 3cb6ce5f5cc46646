/**
 * A terminal on a VM's serial port: xterm, joined to the topic `serial`.
 *
 * Invariants: Ctrl+Alt gives the keyboard back, as on the console, since every other key is the guest's; the terminal's
 * styles reach the page only as constructed style sheets and through the style object, because the
 * Content-Security-Policy forbids style elements and style attributes made at run time.
 */
import '@xterm/xterm/css/xterm.css';
import { FitAddon } from '@xterm/addon-fit';
import { Terminal, type ITheme } from '@xterm/xterm';
import type { Bridge } from '../../host/bridge.ts';
import type { CommandError } from '../../../preload/contract/contract.ts';
import { GuestKeyboard } from '../console/keyboard.ts';

export interface SerialTerminal {
  /** Ends the subscription; what was printed stays. */
  disconnect(): void;
  dispose(): void;
}

const SCROLLBACK_LINES = 5000;
const THEME: ITheme = {
  background: '#0b0f14',
  foreground: '#d7dee7',
  cursor: '#57a8ff',
  cursorAccent: '#0b0f14',
  selectionBackground: '#2f5d8f',
};

export function openTerminal(
  host: HTMLElement,
  bridge: Bridge,
  vm: string,
  onEnd: (error: CommandError | null) => void,
): SerialTerminal {
  host.replaceChildren();
  const styles = adoptedStyles();
  const terminal = new Terminal({
    documentOverride: styles.document,
    fontFamily: 'ui-monospace, "DejaVu Sans Mono", Menlo, Consolas, monospace',
    fontSize: 14,
    scrollback: SCROLLBACK_LINES,
    theme: THEME,
    screenReaderMode: false,
  });
  const fit = new FitAddon();
  terminal.loadAddon(fit);
  styles.during(() => terminal.open(host));
  const resize = new ResizeObserver(() => fit.fit());
  resize.observe(host);
  const subscription = bridge.subscribe(
    'serial',
    { vm, history: true },
    { begin: () => terminal.reset(), bytes: (bytes) => terminal.write(bytes), end: onEnd },
  );
  const encoder = new TextEncoder();
  terminal.onData((text) => subscription.send(encoder.encode(text)));
  terminal.onBinary((text) => subscription.send(Uint8Array.from(text, (character) => character.charCodeAt(0) & 0xff)));
  releaseByKey(terminal);
  terminal.focus();
  return {
    disconnect: () => subscription.cancel(),
    dispose: () => {
      subscription.cancel();
      resize.disconnect();
      terminal.dispose();
      styles.dispose();
    },
  };
}

/** The console's rule for Ctrl+Alt; what else it would do with a key is not the terminal's way. */
function releaseByKey(terminal: Terminal): void {
  const keyboard = new GuestKeyboard();
  terminal.attachCustomKeyEventHandler(({ type, code, ctrlKey: ctrl, altKey: alt, shiftKey: shift, metaKey: meta }) => {
    if (type === 'keypress') return true;
    const outcome = keyboard.key({ code, pressed: type === 'keydown', down: { ctrl, alt, shift, meta } });
    if (outcome.kind === 'local' && outcome.what === 'release') terminal.blur();
    return true;
  });
  terminal.textarea?.addEventListener('blur', () => void keyboard.releaseAll());
}

const makeElement = Reflect.get(Document.prototype, 'createElement') as (this: Document, name: string) => HTMLElement;

/** The browser's own way, whatever stands in for it. */
function plain(name: string): HTMLElement {
  return makeElement.call(document, name);
}

interface AdoptedStyles {
  readonly document: Document;
  /** While `work` runs, the page's own document makes elements in the same way: xterm's viewport asks it (6.0.0). */
  during(work: () => void): void;
  dispose(): void;
}

/**
 * A document for xterm whose style elements are plain elements mirrored into constructed style sheets, and whose spans
 * take a style attribute as a style object. Everything else is the page's own document.
 */
function adoptedStyles(): AdoptedStyles {
  const sheets = new Set<CSSStyleSheet>();
  const drop = (sheet: CSSStyleSheet) => {
    sheets.delete(sheet);
    document.adoptedStyleSheets = document.adoptedStyleSheets.filter((one) => one !== sheet);
  };
  const styleStandIn = (): HTMLElement => {
    const element = plain('template');
    const sheet = new CSSStyleSheet();
    sheets.add(sheet);
    document.adoptedStyleSheets = [...document.adoptedStyleSheets, sheet];
    const replace = (css: string): void => void sheet.replaceSync(css);
    Object.defineProperty(element, 'textContent', { set: replace });
    Object.defineProperty(element, 'remove', { value: () => drop(sheet) });
    return element;
  };
  const createElement = (name: string): HTMLElement => {
    if (name === 'style') return styleStandIn();
    const element = plain(name);
    if (name === 'span') element.setAttribute = setAttributeByStyleObject;
    return element;
  };
  const proxy = new Proxy(document, {
    get: (target, key) => {
      if (key === 'createElement') return createElement;
      const value: unknown = Reflect.get(target, key, target);
      return typeof value === 'function' ? (value as () => unknown).bind(target) : value;
    },
  });
  return {
    document: proxy,
    during: (work) => {
      Object.defineProperty(document, 'createElement', { value: createElement, configurable: true });
      try {
        work();
      } finally {
        Reflect.deleteProperty(document, 'createElement');
      }
    },
    dispose: () => [...sheets].forEach(drop),
  };
}

function setAttributeByStyleObject(this: HTMLElement, name: string, value: string): void {
  if (name === 'style') this.style.cssText = value;
  else Element.prototype.setAttribute.call(this, name, value);
}
