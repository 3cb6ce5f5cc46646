/** The host's rules in the page's language. Invariant: it decides nothing; what is refused is what the rules refuse. */
import { refusal as rule, type GuardedCommand } from '../../preload/contract/rules.ts';
import { texts } from './index.ts';

/** Why the command is refused for this VM now; null when it is allowed. */
export function refusal(command: GuardedCommand, vm: Parameters<typeof rule>[1]): string | null {
  return rule(command, vm, texts.rules);
}
