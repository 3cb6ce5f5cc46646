/**
 * `npm run bench -- [--quick] [--only NAME,NAME…] [--rounds N] [--write FOLDER] [--megabytes N] [--minutes N]`: what
 * Lockstep costs, against stock v86 and against its goals. A table in the terminal; with `--write`, report.md and
 * results.json in that folder.
 *
 * Invariant: scenarios run one after the other, and one that fails does not take the others' figures with it; then it
 * ends with exit status 1.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { prepareCheckout } from '../../main/prepare.ts';
import { describeMachine, load } from './machine.ts';
import { goalTable, json, markdown, textTable, type Section } from './report.ts';
import type { Effort, Scenario } from './scenario.ts';
import { app } from './scenarios/app.ts';
import { display } from './scenarios/display.ts';
import { idle } from './scenarios/idle.ts';
import { log } from './scenarios/log.ts';
import { network } from './scenarios/network.ts';
import { soak } from './scenarios/soak.ts';
import { speed } from './scenarios/speed.ts';
import { start } from './scenarios/start.ts';
import { takeover } from './scenarios/takeover.ts';

const SCENARIOS: readonly Scenario[] = [speed, network, log, start, takeover, idle, display, app];
/** Those that take so long that they are asked for by name. */
const BY_NAME: readonly Scenario[] = [soak];

const text = { type: 'string' } as const;
const { values } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    only: text,
    rounds: text,
    write: text,
    megabytes: text,
    minutes: text,
    kills: text,
  },
});
const say = (line: string): void => void process.stdout.write(`${line}\n`);

function chosen(): readonly Scenario[] {
  if (!values.only) return SCENARIOS;
  const all = [...SCENARIOS, ...BY_NAME];
  return values.only.split(',').map((name) => {
    const scenario = all.find((one) => one.name === name);
    if (!scenario)
      throw new Error(`no scenario is called "${name}"; there are: ${all.map((one) => one.name).join(', ')}`);
    return scenario;
  });
}

function count(value: string | undefined, otherwise: number, name: string): number {
  if (value === undefined) return otherwise;
  if (!/^[1-9]\d{0,4}$/.test(value)) throw new Error(`--${name} is a number from 1 to 99999, not "${value}"`);
  return Number(value);
}

await prepareCheckout(say);
const effort: Effort = {
  quick: values.quick,
  rounds: count(values.rounds, values.quick ? 1 : 3, 'rounds'),
  option: (name, otherwise) => count(values[name], otherwise, name),
  say,
};
const before = load();
const sections: Section[] = [];
for (const scenario of chosen()) {
  say(`${scenario.title} …`);
  const startedAt = performance.now();
  try {
    const outcome = await scenario.run(effort);
    sections.push({ scenario, outcome, seconds: (performance.now() - startedAt) / 1000 });
    for (const table of outcome.tables) say(textTable(table));
  } catch (error) {
    say(`${scenario.name} failed: ${error instanceof Error ? error.message : String(error)}`);
    process.exitCode = 1;
  }
}
const goals = goalTable(sections);
if (goals) say(textTable(goals));
if (values.write) {
  const report = { machine: describeMachine(), load: [before, load()] as const, quick: values.quick, sections };
  mkdirSync(values.write, { recursive: true });
  writeFileSync(path.join(values.write, 'report.md'), markdown(report));
  writeFileSync(path.join(values.write, 'results.json'), json(report));
  say(`\nwritten to ${values.write}`);
}
