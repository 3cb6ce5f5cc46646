/**
 * The console on the whole screen, with a slim bar at the top that goes away.
 *
 * Invariants: the whole document is full, so that menus, dialogs and messages are seen over the console; the bar is
 * there while the pointer is at the top edge, while something in it has the focus or is open, while it is pinned, and
 * in the first moments. Where the browser can, keys that the system would take (Alt+Tab, the Windows key) go to the
 * guest.
 */
import { Minimize, Pin, PinOff } from 'lucide-react';
import { useEffect, useState } from 'react';
import type { VmView } from '../../../preload/contract/contract.ts';
import { sendCtrlAltDel } from '../../actions/send-ctrl-alt-del.ts';
import { ftWords, powerTone, powerWords } from '../../text/vm-words.ts';
import { ActionButton } from '../../kit/action-button.tsx';
import { Badge } from '../../kit/badge.tsx';
import { Button } from '../../kit/button.tsx';
import { texts } from '../../text/index.ts';
import { KeysMenu } from './menus.tsx';

/** So long the bar is seen when the screen has become full. */
const FIRST_MS = 3000;

interface KeyboardLock {
  lock(): Promise<void>;
  unlock(): void;
}

export interface FullScreen {
  readonly full: boolean;
  readonly toggle: () => void;
}

/** Full is what this console has made full. */
export function useFullScreen(): FullScreen {
  const [wanted, setWanted] = useState(false);
  const [full, setFull] = useState(false);
  useEffect(() => {
    const onChange = () => {
      setFull(document.fullscreenElement !== null);
      if (document.fullscreenElement === null) setWanted(false);
    };
    document.addEventListener('fullscreenchange', onChange);
    return () => {
      document.removeEventListener('fullscreenchange', onChange);
    };
  }, []);
  const ours = wanted && full;
  useEffect(() => {
    if (!ours) return;
    const { keyboard } = navigator as { readonly keyboard?: KeyboardLock };
    keyboard?.lock().catch(() => {
      // The system keeps its keys; the menu of combinations is there.
    });
    return () => {
      keyboard?.unlock();
      if (document.fullscreenElement) void document.exitFullscreen();
    };
  }, [ours]);
  const toggle = () => {
    if (document.fullscreenElement) {
      void document.exitFullscreen();
      return;
    }
    setWanted(true);
    document.documentElement.requestFullscreen().catch(() => setWanted(false));
  };
  return { full: ours, toggle };
}

export function FullScreenBar({ vm, onLeave }: { readonly vm: VmView; readonly onLeave: () => void }) {
  const [pinned, setPinned] = useState(false);
  const [fresh, setFresh] = useState(true);
  useEffect(() => {
    const timer = setTimeout(() => setFresh(false), FIRST_MS);
    return () => clearTimeout(timer);
  }, []);
  const words = ftWords(vm);
  return (
    <div className={pinned || fresh ? 'full-edge full-edge-open' : 'full-edge'} data-testid="full-screen-bar">
      <div className="full-bar" role="toolbar" aria-label={texts.console.bar}>
        <Button
          label={texts.console.pin}
          icon={pinned ? PinOff : Pin}
          iconOnly
          size="small"
          tone="quiet"
          pressed={pinned}
          onPress={() => setPinned(!pinned)}
        />
        <strong className="full-name" title={vm.name}>
          {vm.name}
        </strong>
        {vm.power === 'on' && vm.ftEnabled ? (
          <Badge tone={words.tone}>{words.detail ?? words.headline}</Badge>
        ) : (
          <Badge tone={powerTone(vm.power)}>{powerWords(vm)}</Badge>
        )}
        <ActionButton action={sendCtrlAltDel} vm={vm} size="small" tone="quiet" />
        <KeysMenu vm={vm} />
        <Button
          label={texts.console.leave}
          hint={`${texts.console.leave} (Ctrl+Alt+Enter)`}
          icon={Minimize}
          iconOnly
          size="small"
          tone="quiet"
          onPress={onLeave}
        />
      </div>
    </div>
  );
}
