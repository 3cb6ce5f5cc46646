/**
 * The guest's first serial port as a terminal.
 *
 * Invariant: the terminal (a big library) is loaded when the tab is first opened; what the port printed stays visible
 * after the power-off, and a new connection begins with what the host kept.
 */
import { useEffect, useRef, useState } from 'react';
import type { VmView } from '../../../preload/contract/contract.ts';
import { refusal } from '../../text/refusal.ts';
import { useServices } from '../../services.ts';
import { errorWords } from '../../text/host-words.ts';
import { texts } from '../../text/index.ts';
import type { SerialTerminal } from './serial-terminal.ts';

export function Serial({ vm }: { readonly vm: VmView }) {
  const box = useRef<HTMLDivElement>(null);
  const terminal = useRef<SerialTerminal>(null);
  const { bridge } = useServices();
  const [note, setNote] = useState<string | null>(null);
  const [everOn, setEverOn] = useState(false);
  const running = refusal('console', vm) === null;
  useEffect(() => {
    const host = box.current;
    if (!running || !host) return;
    setEverOn(true);
    setNote(null);
    let stopped = false;
    const tell = (error: unknown) => setNote(error ? texts.serial.failed + errorWords(error) : null);
    void import('./serial-terminal.ts')
      .then(({ openTerminal }) => {
        if (stopped) return;
        terminal.current?.dispose();
        terminal.current = openTerminal(host, bridge, vm.id, tell);
      })
      .catch(tell);
    return () => {
      stopped = true;
      terminal.current?.disconnect();
    };
  }, [bridge, vm.id, running, vm.poweredOnAt]);
  useEffect(() => () => terminal.current?.dispose(), []);
  return (
    <div className="serial">
      {running || everOn ? null : <p className="empty">{texts.serial.off}</p>}
      {(note ?? (!running && everOn ? texts.serial.ended : null)) ? (
        <p className="serial-note" role="status">
          {note ?? texts.serial.ended}
        </p>
      ) : null}
      <div ref={box} className="serial-box" hidden={!running && !everOn} />
      {running ? <p className="guest-hint">{texts.serial.hint}</p> : null}
    </div>
  );
}
