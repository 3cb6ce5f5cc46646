/** The guest's screen, small and without input, for the summary. Invariant: it never takes the keyboard. */
import { MonitorOff } from 'lucide-react';
import { useRef } from 'react';
import type { VmView } from '../../../preload/contract/contract.ts';
import { powerWords } from '../../text/vm-words.ts';
import { refusal } from '../../text/refusal.ts';
import { texts } from '../../text/index.ts';
import { useGuestScreen } from './screen.ts';

export function ConsolePreview({ vm }: { readonly vm: VmView }) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const live = refusal('console', vm) === null;
  const { size, blank } = useGuestScreen(canvas, vm.id, live, vm.poweredOnAt);
  const seen = size !== null && live && !blank;
  return (
    <span className="preview-box">
      <canvas ref={canvas} className={seen ? 'preview-canvas' : 'preview-canvas preview-hidden'} width={1} height={1} />
      {seen ? null : (
        <span className="preview-off">
          <MonitorOff className="icon" aria-hidden="true" />
          {live ? texts.console.blank : powerWords(vm)}
        </span>
      )}
    </span>
  );
}
