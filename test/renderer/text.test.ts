// What the page says: complete in every language, and nowhere else than in the text files.

import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { parseSync, type ESTree } from 'vite';
import { describe, expect, test } from 'vitest';
import { en } from '../../renderer/text/en.ts';
import { bestLanguage, LANGUAGES, type Language } from '../../renderer/text/language.ts';
import type { Text } from '../../renderer/text/text.ts';
import { zhCN } from '../../renderer/text/zh-cn.ts';

const TEXTS: { readonly [language in Language]: Text } = { en, 'zh-CN': zhCN };
const RENDERER = path.resolve(import.meta.dirname, '../../renderer');

/** Every text with its path; a function is called with parameters that are seen in what it says. */
function leaves(node: unknown, at: string): [string, string][] {
  if (typeof node === 'string') return [[at, node]];
  if (typeof node === 'function') {
    const settings = { failureTimeoutMs: 500, lagThrottleMs: 100 };
    const args = at.endsWith('.effect') ? [settings] : ['PARAMETER-A', 'PARAMETER-B', 'PARAMETER-C'];
    return leaves((node as (...args: unknown[]) => unknown)(...args), `${at}()`);
  }
  return Object.entries(node as object).flatMap(([key, value]) => leaves(value, `${at}.${key}`));
}

/** What is the same in every language: names of products, protocols and units. */
const SAME = [
  /^\.(product|units)/,
  /^\.views\.(hardware\.cpu|alarmNames)/,
  /^\.monitor\.(cpu|p50|p99)$/,
  /^\.network\.types\./,
  /^\.networks\.nat$/,
  /\.choices\.\d\.value$/,
  /^\.(notices\.title|shell\.announce|views\.screenSize)\(\)$/,
  /^\.ft\.replica\.(cpu|epoch)$/,
  /^\.failover\.notYet\./,
  /^\.views\.hardware\.cdrom$/,
];

describe('the texts', () => {
  const english = new Map(leaves(TEXTS.en, ''));

  test.each(LANGUAGES)('in %s are all there, and none is empty', (language) => {
    const mine = new Map(leaves(TEXTS[language], ''));
    for (const [key, words] of mine) expect(words.trim(), key).not.toBe('');
    const missing = [...english.keys()].filter((key) => !mine.has(key));
    expect(missing).toEqual([]);
  });

  test('in Chinese are Chinese, and name what the English ones name', () => {
    for (const [key, words] of leaves(TEXTS['zh-CN'], '')) {
      if (SAME.some((pattern) => pattern.test(key))) continue;
      expect(words, key).toMatch(/\p{Script=Han}/u);
      const named = (english.get(key) ?? '').match(/PARAMETER-[AB]/g) ?? [];
      for (const name of named) expect(words, key).toContain(name);
    }
  });

  test('are in the first language of the browser that there is', () => {
    expect(bestLanguage(['de-DE', 'zh-Hans-CN', 'en'])).toBe('zh-CN');
    expect(bestLanguage(['en-GB', 'zh-CN'])).toBe('en');
    expect(bestLanguage(['fr'])).toBe('en');
    expect(bestLanguage([])).toBe('en');
  });
});

/** Attributes that people see or hear. */
const SEEN: ReadonlySet<string> = new Set([
  'label',
  'title',
  'aria-label',
  'placeholder',
  'hint',
  'alt',
  'unit',
  'text',
]);
/** Units and keys are the same in every language. */
const LETTERS = /\p{L}{2,}/u;
const SHORTCUT = /^ ?\(?(Ctrl|Alt|Shift)\+[\w+]+\)?$/;
const PATH = /^\/[\w/.]+$/;
const ALLOWED: ReadonlySet<string> = new Set(['ms', 'MB', 'kbd', 'unix:/run/passt.socket', 'epochs']);

type Node = { readonly type: string; readonly [key: string]: unknown };

function words(node: Node, found: string[]): void {
  if (node.type === 'JSXText') found.push(String(node['value']).trim());
  if (node.type === 'JSXAttribute') {
    const name = (node['name'] as Node)['name'];
    const value = node['value'] as Node | null;
    if (SEEN.has(String(name)) && value) literals(value, found);
  }
  if (node.type === 'JSXExpressionContainer') {
    const expression = node['expression'] as Node;
    if (['Literal', 'TemplateLiteral', 'ConditionalExpression', 'LogicalExpression'].includes(expression.type)) {
      if (node['attribute'] !== true) literals(expression, found);
    }
  }
  for (const [key, value] of Object.entries(node)) {
    if (node.type === 'JSXAttribute' && key === 'value') {
      // An attribute that nobody sees may say what it wants; elements in it are looked at.
      deeper(value, found, true);
    } else deeper(value, found, false);
  }
}

function deeper(value: unknown, found: string[], attribute: boolean): void {
  for (const one of Array.isArray(value) ? value : [value]) {
    if (one === null || typeof one !== 'object' || !('type' in one)) continue;
    words(attribute ? { ...(one as Node), attribute: true } : (one as Node), found);
  }
}

/** The words of a literal, of a template, and of what a condition chooses between. */
function literals(node: Node, found: string[]): void {
  if (node.type === 'Literal' && typeof node['value'] === 'string') found.push(node['value']);
  if (node.type === 'TemplateLiteral') {
    for (const part of node['quasis'] as readonly { readonly value: { readonly raw: string } }[])
      found.push(part.value.raw);
  }
  if (node.type === 'JSXExpressionContainer') literals(node['expression'] as Node, found);
  if (node.type === 'ConditionalExpression' || node.type === 'LogicalExpression') {
    for (const side of ['consequent', 'alternate', 'left', 'right'])
      if (node[side]) literals(node[side] as Node, found);
  }
}

const views = (readdirSync(RENDERER, { recursive: true }) as string[]).filter((file) => file.endsWith('.tsx'));

test.each(views)('%s has no words of its own', (file) => {
  const { program } = parseSync(file, readFileSync(path.join(RENDERER, file), 'utf8'), { lang: 'tsx' });
  const found: string[] = [];
  words(program as ESTree.Program as unknown as Node, found);
  expect(
    found.filter((text) => LETTERS.test(text) && !SHORTCUT.test(text) && !PATH.test(text) && !ALLOWED.has(text)),
  ).toEqual([]);
});
