/**
 * What the host says of networks, port forwards, snapshots and disks, which no topic carries: asked, and asked again
 * while it is looked at.
 *
 * Invariant: at most one question is under way; an answer that came before `again` was called is not taken.
 */
import { useCallback, useEffect, useState } from 'react';
import type { CommandArgs, CommandResults } from '../../preload/contract/contract.ts';
import { usePage, useServices } from '../services.ts';
import { errorWords } from '../text/host-words.ts';

const EVERY_MS = 2000;

export interface Asked<T> {
  /** Null before the first answer. */
  readonly answer: T | null;
  /** Why the last question was not answered, null where it was. */
  readonly failure: string | null;
  /** After something was changed. */
  readonly again: () => void;
}

/** Every two seconds, or as often as said, while the page is visible and connected. */
export function useAsked<C extends 'network.list' | 'forward.list' | 'snapshot.list' | 'disk.info'>(
  command: C,
  args: CommandArgs<C>,
  everyMs = EVERY_MS,
): Asked<CommandResults[C]> {
  const { bridge } = useServices();
  const open = usePage((state) => state.phase === 'open');
  const [answer, setAnswer] = useState<CommandResults[C] | null>(null);
  const [failure, setFailure] = useState<string | null>(null);
  const [turn, setTurn] = useState(0);
  const question = JSON.stringify(args);
  useEffect(() => {
    if (!open) return;
    let current = true;
    let asking = false;
    const ask = async () => {
      if (asking) return;
      asking = true;
      try {
        const given = await bridge.call(command, JSON.parse(question) as CommandArgs<C>);
        if (!current) return;
        setAnswer(given);
        setFailure(null);
      } catch (error) {
        if (current) setFailure(errorWords(error));
      } finally {
        asking = false;
      }
    };
    void ask();
    const timer = setInterval(() => void (document.hidden || ask()), everyMs);
    return () => {
      current = false;
      clearInterval(timer);
    };
  }, [bridge, command, question, open, turn, everyMs]);
  const again = useCallback(() => setTurn((before) => before + 1), []);
  return { answer, failure, again };
}
