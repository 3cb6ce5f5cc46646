/**
 * The console: the guest's screen with keyboard and mouse.
 *
 * Invariant: the last picture stays under whatever is said about it; the keyboard is the guest's only while the picture
 * has the focus, which is always visible.
 */
import { useEffect, useRef, useState } from 'react';
import type { VmView } from '../../../preload/contract.ts';
import { powerOn } from '../../actions/power-on.ts';
import { resume } from '../../actions/resume.ts';
import { sendCtrlAltDel } from '../../actions/send-ctrl-alt-del.ts';
import { noRoomText, powerWords } from '../../ft-view.ts';
import { refusal } from '../../refusal.ts';
import { ActionButton } from '../../kit/action-button.tsx';
import { Spinner } from '../../kit/spinner.tsx';
import { usePage, useServices } from '../../services.ts';
import { texts } from '../../text/index.ts';
import { useConsoleInput, type ConsoleInputOptions } from './input.ts';
import { showAt, type Shown } from './scale.ts';
import { useGuestScreen, type GuestSize } from './screen.ts';
import { ConsoleToolbar } from './toolbar.tsx';

/** Room for the focus ring around the picture, in CSS pixels on each side. */
const MARGIN = 12;

export function ConsoleView({ vm }: { readonly vm: VmView }) {
  const { runner } = useServices();
  const frame = useRef<HTMLDivElement>(null);
  const stage = useRef<HTMLDivElement>(null);
  const canvas = useRef<HTMLCanvasElement>(null);
  const [fit, setFit] = useState(false);
  const live = refusal('console', vm) === null;
  const screen = useGuestScreen(canvas, vm.id, live, vm.poweredOnAt);
  const shown = useShown(stage, screen.size, fit);
  const options = useRef<ConsoleInputOptions>({ send: () => {}, scale: () => 1, local: () => {} });
  useEffect(() => {
    options.current = {
      send: (bytes) => screen.subscription.current?.send(bytes),
      scale: () => shown?.scale ?? 1,
      local: (what) => (what === 'fullScreen' ? toggleFullScreen(frame.current) : runner.start(sendCtrlAltDel, vm)),
    };
  });
  const held = useConsoleInput(canvas, live, options);
  const locked = usePointerLock(canvas);
  return (
    <div className="console" ref={frame}>
      <ConsoleToolbar
        vm={vm}
        fit={fit}
        onFit={setFit}
        onFullScreen={() => toggleFullScreen(frame.current)}
        onCapture={() => {
          canvas.current?.focus();
          void canvas.current?.requestPointerLock();
        }}
      />
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
        <Overlay vm={vm} blank={screen.blank} empty={screen.size === null} />
      </div>
      <p className="console-hint" aria-live="polite">
        {live
          ? locked
            ? texts.console.hintLocked
            : held
              ? texts.console.hintHeld
              : texts.console.hintFree
          : powerWords(vm)}
        {screen.size ? <span className="console-size">{describeSize(screen.size, shown)}</span> : null}
      </p>
    </div>
  );
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

function toggleFullScreen(frame: HTMLElement | null): void {
  if (document.fullscreenElement) void document.exitFullscreen();
  else void frame?.requestFullscreen();
}

/** How the guest's screen is shown in the space there is, kept as the window changes. */
function useShown(stage: { readonly current: HTMLElement | null }, size: GuestSize | null, fit: boolean): Shown | null {
  const [space, setSpace] = useState<GuestSize | null>(null);
  useEffect(() => {
    const element = stage.current;
    if (!element) return;
    const observer = new ResizeObserver(() => {
      setSpace({ width: element.clientWidth - 2 * MARGIN, height: element.clientHeight - 2 * MARGIN });
    });
    observer.observe(element);
    return () => observer.disconnect();
  }, [stage]);
  return size && space && space.width > 0 ? showAt(size, space, window.devicePixelRatio, fit) : null;
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
