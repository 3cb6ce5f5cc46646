/**
 * Sentences of the host in another language, found by their English.
 *
 * Invariant: pure; a sentence that is not known stays as it is, and what it quotes is changed only where that
 * is a known sentence itself.
 */
import { RULE_WORDS, type RuleWords } from '../../preload/contract/rule-words.ts';
import type { Phrase } from './zh-cn-host.ts';

/** Reasons hold reasons; deeper than this none does. */
const DEPTH_MAX = 4;
/** Nobody's sentence is longer. */
const LENGTH_MAX = 2000;

interface Known {
  readonly pattern: RegExp;
  readonly words: string;
}

/** The rules' sentences as phrases: the same functions, called with a place for the name. */
function ofRules(rules: RuleWords): Phrase[] {
  const keys = Object.keys(RULE_WORDS) as (keyof RuleWords)[];
  return keys.map((key) => [RULE_WORDS[key]('{}'), rules[key]('{1}')]);
}

function known([english, words]: Phrase): Known {
  const parts = english.replace(/\.$/, '').split('{}');
  const escaped = parts.map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'));
  // A sentence may begin with a capital letter, and end with a full stop, or not.
  return { pattern: new RegExp(`^${escaped.join('(.*?)')}\\.?$`, 'is'), words };
}

/** What gives a sentence of the host in the language of these phrases and rules. */
export function translator(phrases: readonly Phrase[], rules: RuleWords): (sentence: string) => string {
  const all = [...phrases, ...ofRules(rules)].map(known);
  const translate = (sentence: string, depth: number): string => {
    if (sentence.length > LENGTH_MAX || depth > DEPTH_MAX) return sentence;
    for (const { pattern, words } of all) {
      const found = pattern.exec(sentence);
      if (found)
        return words.replace(/\{(\d)\}/g, (_, number: string) => translate(found[Number(number)] ?? '', depth + 1));
    }
    return sentence;
  };
  return (sentence) => translate(sentence, 0);
}
