/**
 * The sentences of the rules, in English: why something is refused, and what to do about it.
 *
 * Invariant: every language has each of them; `name` is the VM's, or the network's where it is about one.
 */
type Sentence = (name: string) => string;

/** What to do about a saved state that is in the way. */
const GIVE_UP = 'resume it and power it off, or discard the state by a power-off.';

const sentences = {
  notRunning: (name: string) => `"${name}" is not running: power it on first.`,
  secondaryStarting: (name: string) =>
    `The secondary of "${name}" is still starting: wait until it is Protected, or power the VM off.`,
  ftOffYet: (name: string) => `Fault Tolerance is not turned on for "${name}": turn it on first.`,
  ftSuspended: (name: string) => `Fault Tolerance is suspended for "${name}": resume it first.`,
  notProtected: (name: string) => `"${name}" is not Protected: wait until it is.`,
  ftAlreadySuspended: (name: string) => `Fault Tolerance is already suspended for "${name}".`,
  ftNotSuspended: (name: string) => `Fault Tolerance is not suspended for "${name}".`,
  noCard: (name: string) => `"${name}" has no network card: there are no frames to capture.`,
  capturing: (name: string) => `The frames of "${name}" are already being captured: stop that capture first.`,
  captureOff: (name: string) => `"${name}" is not running: power it on to capture its frames.`,
  cloneRunning: (name: string) => `"${name}" is running: power it off to clone it.`,
  exportRunning: (name: string) => `"${name}" is running: power it off to export it.`,
  pausedFirst: (name: string) => `"${name}" is paused: resume it first.`,
  deleteRunning: (name: string) => `"${name}" is running: power it off first.`,
  nicRunning: (name: string) => `"${name}" is running: its network card is changed while it is off.`,
  stillOff: (name: string) => `"${name}" is still powering off.`,
  alreadyOn: (name: string) => `"${name}" is already powered on.`,
  alreadyOff: (name: string) => `"${name}" is already powered off.`,
  alreadyPaused: (name: string) => `"${name}" is already paused.`,
  notPaused: (name: string) => `"${name}" is not paused.`,
  ftAlreadyOn: (name: string) => `Fault Tolerance is already turned on for "${name}".`,
  ftNotOn: (name: string) => `Fault Tolerance is not turned on for "${name}".`,
  consoleOff: (name: string) => `"${name}" is powered off: power it on to use its console.`,
  noPrimaryToCrash: (name: string) => `"${name}" is not running: there is no primary to crash.`,
  noPrimaryToHang: (name: string) => `"${name}" is not running: there is no primary to hang.`,
  noSecondaryToCrash: (name: string) => `"${name}" has no secondary to crash.`,
  noSecondaryToHang: (name: string) => `"${name}" has no secondary to hang.`,
  noChannel: (name: string) => `"${name}" has no secondary, so there is no logging channel.`,
  nothingToHeal: (name: string) => `No fault of "${name}" lasts: there is nothing to heal.`,
  bitStaysFlipped: (name: string) =>
    `A flipped bit of "${name}" cannot be healed: wait until it is found, and a fresh secondary takes its place.`,
  noSecondaryToCorrupt: (name: string) => `"${name}" is not Protected: there is no secondary to corrupt.`,
  recording: (name: string) => `"${name}" is already being recorded: stop that recording first.`,
  recordOff: (name: string) => `"${name}" is not running: power it on to record it.`,
  notRecording: (name: string) => `"${name}" is not being recorded.`,
  notCapturing: (name: string) => `The frames of "${name}" are not being captured.`,
  stillOn: (name: string) => `"${name}" is still powering on.`,
  editRunning: (name: string) => `"${name}" is running: its hardware is changed while it is off.`,
  alreadySuspended: (name: string) => `"${name}" is suspended: resume it first.`,
  nothingToResume: (name: string) => `"${name}" is neither suspended nor paused.`,
  editSuspended: (name: string) => `"${name}" is suspended, and its hardware belongs to its state: ${GIVE_UP}`,
  cloneSuspended: (name: string) =>
    `"${name}" is suspended, and a clone would have its disk without its state: ${GIVE_UP}`,
  exportSuspended: (name: string) =>
    `"${name}" is suspended, and the file would hold its disk without its state: ${GIVE_UP}`,
  nicSuspended: (name: string) => `"${name}" is suspended, and its network card belongs to its state: ${GIVE_UP}`,
  mediaSuspended: (name: string) =>
    `"${name}" is suspended, and what is in its drives belongs to its state: ` +
    'resume it, or discard the state by a power-off.',
  diskRunning: (name: string) => `"${name}" is running and uses this disk: power it off first.`,
  diskSuspended: (name: string) => `"${name}" is suspended, and the size of its disk belongs to its state: ${GIVE_UP}`,
  checkpointRunning: (name: string) =>
    `"${name}" is running: a checkpoint is for one that was powered off unexpectedly.`,
  noCheckpoint: (name: string) => `"${name}" has no automatic checkpoint from which it could be resumed.`,
  uplink: (name: string) => `The network "${name}" is an uplink: its port forwards are set up on its other side.`,
};

export type RuleWords = { readonly [key in keyof typeof sentences]: Sentence };
export const RULE_WORDS: RuleWords = sentences;
