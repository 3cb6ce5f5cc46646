/**
 * The hands of the user and of the operating system: what the test, in another process, does to the application and
 * sees of it outside its pages.
 *
 * Invariant: every message is one gesture or one sight; nothing here decides anything.
 */
import type { MessageBoxOptions, Rectangle } from 'electron';

/** What the test does. */
export type Gesture =
  | { readonly do: 'activate' }
  | { readonly do: 'answer'; readonly button: number }
  | { readonly do: 'closeWindow' }
  | { readonly do: 'minimize' }
  | { readonly do: 'moveWindow'; readonly bounds: Rectangle }
  | { readonly do: 'crashPage' }
  | { readonly do: 'reload' }
  /** A Mac tells the application that runs of a file. */
  | { readonly do: 'openFile'; readonly file: string }
  | { readonly do: 'clickTray' }
  | { readonly do: 'quit' };

/** What the test sees. */
export type Sight =
  | { readonly saw: 'browser'; readonly endpoint: string }
  | { readonly saw: 'window'; readonly bounds: Rectangle }
  | { readonly saw: 'focus' }
  | { readonly saw: 'question'; readonly options: MessageBoxOptions }
  | { readonly saw: 'errorBox'; readonly title: string; readonly content: string }
  | { readonly saw: 'external'; readonly url: string }
  /** Of the icon in the tray. */
  | { readonly saw: 'tooltip'; readonly text: string }
  | { readonly saw: 'badge'; readonly count: number }
  | { readonly saw: 'pageGone' };

export function show(sight: Sight): void {
  process.send?.(sight);
}

type Performers = { [Name in Gesture['do']]?: (gesture: Extract<Gesture, { do: Name }>) => void };
const performers: Performers = {};

export function perform<Name extends Gesture['do']>(name: Name, act: Performers[Name]): void {
  performers[name] = act;
}

process.on('message', (gesture: Gesture) => {
  const act = performers[gesture.do] as ((gesture: Gesture) => void) | undefined;
  if (!act) throw new Error(`the stand-in cannot ${gesture.do} yet`);
  act(gesture);
});
// The test went away: so does the application.
process.on('disconnect', () => process.exit(1));
