/**
 * The loudspeaker's button: muted until somebody turns the sound on; the choice is kept in this browser.
 *
 * Invariant: the page listens to the VM exactly while the sound is on and the console is open; the button's words say
 * whether it is.
 */
import { Volume2, VolumeX } from 'lucide-react';
import { useEffect, useRef, useState } from 'react';
import type { VmView } from '../../../../preload/contract/contract.ts';
import { refusal } from '../../../text/refusal.ts';
import { Button } from '../../../kit/button.tsx';
import { usePage, useServices } from '../../../services.ts';
import { openSpeaker, type Speaker } from './speaker.ts';
import { withToast } from '../../../state.ts';
import { texts } from '../../../text/index.ts';

const KEY = 'lockstep.sound';

function readChoice(): boolean {
  try {
    return localStorage.getItem(KEY) === 'on';
  } catch {
    return false; // storage is switched off in this browser
  }
}

function keepChoice(on: boolean): void {
  try {
    localStorage.setItem(KEY, on ? 'on' : 'off');
  } catch {
    // The choice then lasts as long as the console is open.
  }
}

export function SoundButton({ vm }: { readonly vm: VmView }) {
  const [on, setOn] = useState(readChoice);
  const waits = useSpeaker(vm, on);
  const toggle = () => {
    keepChoice(!on);
    setOn(!on);
  };
  const hint = on ? (waits ? texts.console.soundWaits : texts.console.mutedHint) : texts.console.soundOnHint;
  return (
    <Button
      label={on ? texts.console.soundOn : texts.console.muted}
      hint={hint}
      icon={on ? Volume2 : VolumeX}
      size="small"
      tone="quiet"
      onPress={toggle}
    />
  );
}

/** True while the browser waits for a click or a key before it lets the page sound. */
function useSpeaker(vm: VmView, on: boolean): boolean {
  const { bridge, store } = useServices();
  const speaker = useRef<Speaker>(null);
  const allowed = useActivation();
  const open = usePage((state) => state.phase === 'open');
  const live = on && allowed && open && refusal('console', vm) === null;
  const held = vm.power === 'paused';
  useEffect(() => {
    if (!live) return;
    const opened = openSpeaker(bridge, vm.id, (error) => {
      if (!error) return;
      const toast = { tone: 'error', title: texts.console.soundFailed, message: error.message } as const;
      store.setState((state) => withToast(state, toast));
    });
    speaker.current = opened;
    return () => {
      opened.close();
      speaker.current = null;
    };
  }, [bridge, store, vm.id, live, vm.poweredOnAt]);
  // After the effect above, so that there is a speaker to hold.
  useEffect(() => speaker.current?.hold(held), [held, live, vm.poweredOnAt]);
  return on && !allowed;
}

/**
 * Whether the page was clicked or a key was pressed in its life. A choice that was kept was clicked in another life,
 * which does not count for browsers.
 */
function useActivation(): boolean {
  const [active, setActive] = useState(() => navigator.userActivation.hasBeenActive);
  useEffect(() => {
    if (active) return;
    const abort = new AbortController();
    const look = () => setActive(navigator.userActivation.hasBeenActive);
    for (const kind of ['click', 'keydown']) {
      window.addEventListener(kind, look, { capture: true, signal: abort.signal });
    }
    return () => abort.abort();
  }, [active]);
  return active;
}
