/**
 * What the host says, in the page's other language: every kind of event, and the sentences that it throws.
 *
 * Invariant: a phrase whose English no source of the host has any more fails a test.
 */
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { parseSync } from 'vite';
import { describe, expect, test } from 'vitest';
import { EVENT_KINDS, type EventKind } from '../../preload/contract/event-kinds.ts';
import { RULE_WORDS } from '../../preload/contract/rule-words.ts';
import { translator } from '../../renderer/text/host-phrases.ts';
import { eventsToldZhCN } from '../../renderer/text/zh-cn-events.ts';
import { hostPhrases } from '../../renderer/text/zh-cn-host.ts';
import { zhCN } from '../../renderer/text/zh-cn.ts';

const ROOT = path.resolve(import.meta.dirname, '../..');
const CHINESE = /\p{Script=Han}/u;
const translate = translator(hostPhrases, zhCN.rules);

/** What the host keeps with an event: all values that any of them names. */
const DATA: { readonly [name: string]: unknown } = {
  name: 'NAME',
  from: 'NAME',
  to: 'OTHER',
  version: '1.2.3',
  kept: '/disk.img',
  what: 'memoryMB = 64',
  why: 'killed by SIGKILL',
  reason: "the primary's process ended (killed by SIGKILL)",
  who: 'secondary',
  epoch: 4711,
  takenAt: 1_763_700_000_000,
  minutes: 5,
  bytes: 3 << 20,
  epochs: 12,
  file: '/file.iso',
  drive: 'cdrom',
  folder: 'Lab',
  kind: 'hang-primary',
  ms: 2000,
  detectMs: 10,
  drainMs: 1,
  arbitrateMs: 1,
  liveMs: 0.5,
  type: 'ne2k',
  network: 'lab',
  guest: '10.77.0.10',
  connections: 512,
  protocol: 'tcp',
  hostAddress: '127.0.0.1',
  hostPort: 8080,
  guestPort: 80,
  definition: 'ft.failover',
  client: '127.0.0.1',
  session: 'a1b2',
  door: 'browser',
  command: 'power.on',
  outcome: 'done',
};
/** Those with several sentences, and the data that choose another one. */
const CHOICES: { readonly [kind in EventKind]?: { readonly [name: string]: unknown } } = {
  'snapshot.failed': { what: 'merge' },
};

describe('events', () => {
  test.each(EVENT_KINDS)(
    '%s is told in Chinese, and a former one without its data in the words of its host',
    (kind) => {
      const told = eventsToldZhCN[kind]({ ...DATA, ...CHOICES[kind] }, translate);
      expect(told).toMatch(CHINESE);
      expect(told).not.toMatch(/undefined|null|NaN|object/);
      const bare = eventsToldZhCN[kind]({}, translate);
      if (bare !== null) expect(bare).not.toMatch(/undefined|null|NaN/);
    },
  );

  test('name what happened, and why', () => {
    const { 'ft.failover': failover, 'forward.failed': forward } = eventsToldZhCN;
    expect(failover(DATA, translate)).toBe(
      '辅助虚拟机在 12.5 毫秒后作为新的主虚拟机接管：主虚拟机的进程已结束（被 SIGKILL 终止）。',
    );
    expect(forward(DATA, translate)).toContain('tcp:127.0.0.1:8080:80');
  });
});

/** Every text of the sources, with `{}` for each of its values. */
function saidBy(source: string): Set<string> {
  const { program } = parseSync('source.ts', source, { lang: 'ts' });
  const found = new Set<string>();
  type Node = { readonly type: string; readonly [key: string]: unknown };
  const text = (node: Node): string | null => {
    if (node.type === 'Literal') return typeof node['value'] === 'string' ? node['value'] : null;
    if (node.type === 'TemplateLiteral') {
      const quasis = node['quasis'] as readonly { readonly value: { readonly cooked: string } }[];
      return quasis.map(({ value }) => value.cooked).join('{}');
    }
    if (node.type !== 'BinaryExpression' || node['operator'] !== '+') return null;
    const [left, right] = [text(node['left'] as Node), text(node['right'] as Node)];
    return left === null || right === null ? null : left + right;
  };
  const walk = (value: unknown): void => {
    if (Array.isArray(value)) return value.forEach(walk);
    if (value === null || typeof value !== 'object') return;
    if ('type' in value) {
      const said = text(value as Node);
      if (said !== null) found.add(plain(said));
    }
    Object.values(value).forEach(walk);
  };
  walk(program);
  return found;
}

/** Without what the translation does not look at. */
function plain(sentence: string): string {
  return sentence.replace(/\.$/, '').toLowerCase();
}

describe('sentences of the host', () => {
  const files = ['main', 'preload'].flatMap((name) => {
    const folder = path.join(ROOT, name);
    return (readdirSync(folder, { recursive: true }) as string[]).map((file) => path.join(folder, file));
  });
  const said = new Set(
    files.filter((file) => file.endsWith('.ts')).flatMap((file) => [...saidBy(readFileSync(file, 'utf8'))]),
  );

  test('stand in the sources as the page knows them', () => {
    // Of a setting the form itself says "It is …" (renderer/views/ft/ft-settings-form.ts).
    const stands = (english: string): boolean =>
      said.has(plain(english)) || said.has(plain(english.replace(/^It /, '')));
    expect(hostPhrases.map(([english]) => english).filter((english) => !stands(english))).toEqual([]);
  });

  test('are told in Chinese, with what they name', () => {
    for (const [english, chinese] of hostPhrases) {
      const values = english.split('{}').length - 1;
      let number = 0;
      const sentence = english.replaceAll('{}', () => `VALUE-${++number}`);
      const told = translate(sentence);
      expect(told, english).toMatch(CHINESE);
      for (const [, named] of chinese.matchAll(/\{(\d)\}/g)) {
        expect(Number(named), english).toBeLessThanOrEqual(values);
        expect(told, english).toContain(`VALUE-${named}`);
      }
    }
  });

  test("are also the rules' own, and a reason within a sentence", () => {
    expect(translate(RULE_WORDS.notRunning('Web'))).toBe(zhCN.rules.notRunning('Web'));
    expect(translate('the logging channel closed (process 7 at its other end is ending)')).toBe(
      '日志通道已关闭（另一端的进程 7 正在结束）',
    );
    expect(translate('The recording "/a" failed: the primary that recorded it was lost.')).toBe(
      '录制“/a”失败：录制它的主虚拟机已丢失。',
    );
  });

  test('that nobody knows stay as they are', () => {
    expect(translate('Something else, with "Web" in it.')).toBe('Something else, with "Web" in it.');
  });
});
