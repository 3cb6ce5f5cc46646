/**
 * Numbers and times as people read them.
 *
 * Invariant: every function takes the contract's unit, which its name says, and prints a dash for what is not known.
 */
import { language, texts } from './index.ts';

export const UNKNOWN = '–';

/** English dates begin with the day, and the clock has 24 hours. */
const DATES = language === 'en' ? 'en-GB' : language;

const number = (digits: number) => new Intl.NumberFormat(language, { maximumFractionDigits: digits });
const whole = number(0);
const one = number(1);
const clock = new Intl.DateTimeFormat(DATES, { timeStyle: 'medium' });
const minute = new Intl.DateTimeFormat(DATES, { timeStyle: 'short' });
const dayAndClock = new Intl.DateTimeFormat(DATES, { dateStyle: 'medium', timeStyle: 'medium' });
const day = new Intl.DateTimeFormat(DATES, { dateStyle: 'medium' });

type Maybe = number | null | undefined;

/** 0.42 ms, 8.1 ms, 250 ms, 1.3 s. */
export function milliseconds(value: Maybe): string {
  if (value === null || value === undefined) return UNKNOWN;
  if (value >= 1000) return `${number(value < 10_000 ? 2 : 1).format(value / 1000)} s`;
  return `${number(value < 1 ? 2 : value < 100 ? 1 : 0).format(value)} ms`;
}

export function bitsPerSecond(value: Maybe): string {
  if (value === null || value === undefined) return UNKNOWN;
  if (value >= 1e6) return `${number(2).format(value / 1e6)} Mbit/s`;
  return value >= 1e3 ? `${whole.format(value / 1e3)} kbit/s` : `${whole.format(value)} bit/s`;
}

export function instructions(value: Maybe): string {
  if (value === null || value === undefined) return UNKNOWN;
  return `${(value < 1e6 ? number(2) : one).format(value / 1e6)} MIPS`;
}

export function percent(value: Maybe): string {
  return value === null || value === undefined ? UNKNOWN : `${whole.format(value)} %`;
}

export function megabytes(value: Maybe): string {
  return value === null || value === undefined ? UNKNOWN : `${whole.format(value)} MB`;
}

/** Of bytes. */
export function mebibytes(bytes: number): string {
  return `${one.format(bytes / 2 ** 20)} MiB`;
}

/** 192 KB, 12.4 MB, 4 GB: of 1,024 each, as disks are made. */
export function diskBytes(value: Maybe): string {
  if (value === null || value === undefined) return UNKNOWN;
  if (value < 2 ** 10) return `${whole.format(value)} B`;
  if (value < 2 ** 20) return `${one.format(value / 2 ** 10)} KB`;
  return value < 2 ** 30 ? `${one.format(value / 2 ** 20)} MB` : `${number(2).format(value / 2 ** 30)} GB`;
}

/** 940 B, 12.4 kB, 3.1 MB, 2 GB: of a thousand each, as traffic is counted. */
export function bytes(value: Maybe): string {
  if (value === null || value === undefined) return UNKNOWN;
  if (value < 1000) return `${whole.format(value)} B`;
  if (value < 1e6) return `${one.format(value / 1e3)} kB`;
  return value < 1e9 ? `${one.format(value / 1e6)} MB` : `${number(2).format(value / 1e9)} GB`;
}

/** Of bytes in a second. */
export function bytesPerSecond(value: Maybe): string {
  return value === null || value === undefined ? UNKNOWN : `${bytes(value)}/s`;
}

/** Of things that happen. */
export function perSecond(value: Maybe): string {
  if (value === null || value === undefined) return UNKNOWN;
  return `${(value < 10 ? one : whole).format(value)} /s`;
}

/** A share between 0 and 1. */
export function share(value: Maybe): string {
  return percent(value === null || value === undefined ? value : value * 100);
}

export function count(value: Maybe): string {
  return value === null || value === undefined ? UNKNOWN : whole.format(value);
}

export function timeOfDay(at: number): string {
  return clock.format(at);
}

/** A mark on an axis of time whose marks are so many seconds apart. */
export function tickTime(seconds: number, step: number): string {
  return (step < 60 ? clock : minute).format(seconds * 1000);
}

export function dateAndTime(at: number): string {
  return dayAndClock.format(at);
}

/** The time where it is today, else with the date. */
export function moment(at: number, now = Date.now()): string {
  return day.format(at) === day.format(now) ? timeOfDay(at) : dateAndTime(at);
}

/** 42 s, 3 min, 2 h 5 min, 4 d 3 h. */
export function duration(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  const minutes = Math.floor(seconds / 60);
  const hours = Math.floor(minutes / 60);
  if (minutes === 0) return texts.views.units.seconds(seconds);
  if (hours === 0) return texts.views.units.minutes(minutes);
  if (hours < 24) return texts.views.units.hours(hours, minutes % 60);
  return texts.views.units.days(Math.floor(hours / 24), hours % 24);
}

/** Several things after each other, in a sentence. */
export function list(parts: readonly string[]): string {
  return parts.join(language === 'zh-CN' ? '，' : ', ');
}

/** What a schema says, as a sentence for people; in Chinese with its own full stop. */
export function sentence(text: string): string {
  const stop = /[\p{Script=Han}）”]$/u.test(text) ? '。' : '.';
  const end = /[.!?。！？]$/.test(text) ? '' : stop;
  return text.charAt(0).toUpperCase() + text.slice(1) + end;
}
