/**
 * The console: the guest's screen with keyboard and mouse.
 *
 * Invariant: the last picture stays under whatever is said about it; the keyboard is the guest's only while the picture
 * has the focus, which is always visible.
 */
import { useEffect, useRef, useState, type RefObject } from 'react';
import type { VmView } from '../../../preload/contract/contract.ts';
import { powerOn } from '../../actions/power-on.ts';
import { resume } from '../../actions/resume.ts';
import { sendCtrlAltDel } from '../../actions/send-ctrl-alt-del.ts';
import { noRoomText, powerWords } from '../../text/vm-words.ts';
import { refusal } from '../../text/refusal.ts';
import { ActionButton } from '../../kit/action-button.tsx';
import { Spinner } from '../../kit/spinner.tsx';
import { usePage, useServices } from '../../services.ts';
import { texts } from '../../text/index.ts';
import { FullScreenBar, useFullScreen } from './full-screen.tsx';
import { useConsoleInput, type ConsoleInputOptions } from './input.ts';
import { keepScaling, readScaling, showAt, type Scaling, type Shown } from './scale.ts';
import { useGuestScreen, type GuestScreen, type GuestSize } from './screen.ts';
import { SelectText } from './select-text.tsx';
import { ConsoleToolbar } from './toolbar.tsx';

/** Room for the focus ring around the picture, in CSS pixels on each side; none on a full screen. */
const MARGIN = 12;

export interface ConsoleViewProps {
  readonly vm: VmView;
  /** It has a window of its own. */
  readonly detached?: boolean;
}

export function ConsoleView({ vm, detached = false }: ConsoleViewProps) {
  const stage = useRef<HTMLDivElement>(null);
  const canvas = useRef<HTMLCanvasElement>(null);
  const [scaling, setScaling] = useScaling();
  const live = refusal('console', vm) === null;
  const screen = useGuestScreen(canvas, vm.id, live, vm.poweredOnAt);
  const { full, toggle } = useFullScreen();
  const shown = useShown(stage, screen.size, scaling, full ? 0 : MARGIN);
  const selection = useSelection(screen, canvas);
  const held = useInput({ vm, canvas, screen, shown, live: live && !selection.text, onFullScreen: toggle });
  const locked = usePointerLock(canvas);
  return (
    <div className={full ? 'console console-full' : 'console'}>
      {full ? (
        <FullScreenBar vm={vm} onLeave={toggle} />
      ) : (
        <ConsoleToolbar
          vm={vm}
          canvas={canvas}
          detached={detached}
          scaling={scaling}
          onScaling={setScaling}
          selecting={selection.text !== null}
          noSelecting={selection.text || (live && screen.text) ? null : texts.console.noText}
          onSelect={selection.toggle}
          onFullScreen={toggle}
        />
      )}
      <div className="console-stage" ref={stage}>
        <canvas
          ref={canvas}
          data-testid="console-canvas"
          className={canvasClass(live, screen.blank, held, shown)}
          width={1}
          height={1}
          tabIndex={live ? 0 : -1}
          role="application"
          aria-label={`${texts.views.screenOf(vm.name)} ${texts.console.hintFree}`}
          style={shown ? { width: shown.width, height: shown.height } : undefined}
        />
        {selection.text && shown ? (
          <SelectText name={vm.name} {...selection.text} shown={shown} onEnd={selection.toggle} />
        ) : null}
        <Overlay vm={vm} blank={screen.blank} empty={screen.size === null} />
      </div>
      {full ? null : (
        <p className="guest-hint" aria-live="polite">
          {selection.text ? texts.console.hintSelecting : live ? hintOf(held, locked) : powerWords(vm)}
          {screen.size ? <span className="console-size">{describeSize(screen.size, shown)}</span> : null}
        </p>
      )}
    </div>
  );
}

function hintOf(held: boolean, locked: boolean): string {
  if (locked) return texts.console.hintLocked;
  return held ? texts.console.hintHeld : texts.console.hintFree;
}

function canvasClass(live: boolean, blank: boolean, held: boolean, shown: Shown | null): string {
  const parts = ['console-canvas'];
  if (!live) parts.push('console-stale');
  if (live && blank) parts.push('console-dark');
  if (held) parts.push('console-held');
  if (shown?.sharp) parts.push('console-sharp');
  if (!shown) parts.push('console-empty');
  return parts.join(' ');
}

function describeSize(size: GuestSize, shown: Shown | null): string {
  return texts.views.screenSize(`${size.width} × ${size.height}`, shown && Math.round(shown.scale * 100));
}

function Overlay({ vm, blank, empty }: { readonly vm: VmView; readonly blank: boolean; readonly empty: boolean }) {
  const lost = usePage((state) => state.phase !== 'open');
  if (vm.power === 'on' && !lost) {
    return blank || empty ? (
      <div className="console-overlay console-overlay-plain">
        <p>{texts.console.blank}</p>
      </div>
    ) : null;
  }
  return (
    <div className="console-overlay" role="status">
      <p className="console-overlay-title">
        {vm.power === 'off' || vm.power === 'paused' ? null : <Spinner />}
        {lost ? texts.connection.lost : powerWords(vm)}
      </p>
      {vm.note && vm.power === 'off' ? <p>{vm.note}</p> : null}
      {vm.noRoom ? <p>{noRoomText(vm.noRoom)}</p> : null}
      {vm.power === 'off' ? <ActionButton action={powerOn} vm={vm} tone="primary" size="large" /> : null}
      {vm.power === 'paused' ? <ActionButton action={resume} vm={vm} tone="primary" size="large" /> : null}
    </div>
  );
}

function useScaling(): readonly [Scaling, (scaling: Scaling) => void] {
  const [scaling, setScaling] = useState(readScaling);
  const choose = (next: Scaling) => {
    keepScaling(next);
    setScaling(next);
  };
  return [scaling, choose];
}

interface InputParts {
  readonly vm: VmView;
  readonly canvas: RefObject<HTMLCanvasElement | null>;
  readonly screen: GuestScreen;
  readonly shown: Shown | null;
  readonly live: boolean;
  readonly onFullScreen: () => void;
}

/** Keyboard and mouse; Ctrl+G gives them to the guest, as in VMware's windows. */
function useInput({ vm, canvas, screen, shown, live, onFullScreen }: InputParts): boolean {
  const { runner } = useServices();
  const options = useRef<ConsoleInputOptions>({ send: () => {}, scale: () => 1, local: () => {} });
  useEffect(() => {
    options.current = {
      send: (bytes) => screen.subscription.current?.send(bytes),
      scale: () => shown?.scale ?? 1,
      local: (what) => (what === 'fullScreen' ? onFullScreen() : runner.start(sendCtrlAltDel, vm)),
    };
  });
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      const grabs = event.ctrlKey && !event.altKey && !event.shiftKey && event.key.toLowerCase() === 'g';
      if (!grabs || event.defaultPrevented || document.querySelector('dialog[open]')) return;
      event.preventDefault();
      canvas.current?.focus();
    };
    window.addEventListener('keydown', onKey);
    return () => window.removeEventListener('keydown', onKey);
  }, [canvas]);
  return useConsoleInput(canvas, live, options);
}

interface Selection {
  /** What can be selected now; null while nobody selects. */
  readonly text: { readonly lines: readonly string[]; readonly columns: number } | null;
  readonly toggle: () => void;
}

function useSelection(screen: GuestScreen, canvas: RefObject<HTMLCanvasElement | null>): Selection {
  const [text, setText] = useState<Selection['text']>(null);
  const toggle = () => {
    const { grid } = screen.model.current;
    if (text) {
      setText(null);
      // The picture takes the focus again in the next turn, when it listens again.
      setTimeout(() => canvas.current?.focus(), 0);
    } else if (grid) setText({ lines: screen.model.current.text(), columns: grid.columns });
  };
  return { text, toggle };
}

/** How the guest's screen is shown in the space there is, kept as the window changes. */
function useShown(
  stage: RefObject<HTMLElement | null>,
  size: GuestSize | null,
  scaling: Scaling,
  margin: number,
): Shown | null {
  const [space, setSpace] = useState<GuestSize | null>(null);
  useEffect(() => {
    const element = stage.current;
    if (!element) return;
    const observer = new ResizeObserver(() => {
      setSpace({ width: element.clientWidth - 2 * margin, height: element.clientHeight - 2 * margin });
    });
    observer.observe(element);
    return () => observer.disconnect();
  }, [stage, margin]);
  return size && space && space.width > 0 ? showAt(size, space, window.devicePixelRatio, scaling) : null;
}

function usePointerLock(canvas: { readonly current: HTMLElement | null }): boolean {
  const [locked, setLocked] = useState(false);
  useEffect(() => {
    const onChange = () =>
      setLocked(document.pointerLockElement !== null && document.pointerLockElement === canvas.current);
    document.addEventListener('pointerlockchange', onChange);
    return () => document.removeEventListener('pointerlockchange', onChange);
  }, [canvas]);
  return locked;
}
