/**
 * The dialog that types a text into a guest.
 *
 * Invariant: what cannot be typed is named before anything is; closing it stops the typing, and so does a lost
 * connection; how far it came is told.
 */
import { CircleAlert, Keyboard } from 'lucide-react';
import { useEffect, useId, useRef, useState } from 'react';
import type { VmView } from '../../../preload/contract/contract.ts';
import { Button } from '../../kit/button.tsx';
import { Dialog } from '../../kit/dialog.tsx';
import { refusal } from '../../text/refusal.ts';
import { usePage, useServices } from '../../services.ts';
import { withToast } from '../../state.ts';
import { texts } from '../../text/index.ts';
import { nameOf, PASTE_MAX, pasteText, typePaste, untypeable, withoutUntypeable } from './paste.ts';

const { console: words } = texts;
/** More are not named: the message would be a page long. */
const NAMED_MAX = 12;

function problemOf(text: string): string | null {
  if (text.length > PASTE_MAX) return words.pasteLong(text.length, PASTE_MAX);
  const bad = untypeable(text);
  const named = bad.slice(0, NAMED_MAX).map(nameOf);
  return bad.length > 0 ? words.pasteBad([...named, ...(bad.length > NAMED_MAX ? ['…'] : [])].join(', ')) : null;
}

export function PasteDialog({ vm }: { readonly vm: VmView }) {
  const { store } = useServices();
  const offline = usePage((state) => state.phase !== 'open');
  const [text, setText] = useState('');
  const { typed, failure, start, stop } = usePasting(vm, pasteText(text));
  const close = () => {
    stop();
    store.setState({ dialog: null });
  };
  const busy = typed !== null;
  const problem = problemOf(text);
  const reason = offline ? texts.actionHints.disconnected : refusal('console', vm);
  return (
    <Dialog
      title={words.pasteTitle(vm.name)}
      onClose={close}
      onSubmit={() => (busy || problem || reason || text === '' ? undefined : start())}
      footer={
        <>
          <Button label={busy ? words.pasteStop : texts.actions.cancel} onPress={close} />
          <Button label={words.pasteStart} icon={Keyboard} tone="primary" type="submit" busy={busy} reason={reason} />
        </>
      }
    >
      {failure ? (
        <p className="form-failure" role="alert">
          <CircleAlert className="icon" aria-hidden="true" />
          {failure}
        </p>
      ) : null}
      <p>{words.pasteWhat}</p>
      <PasteField text={text} busy={busy} problem={problem} onChange={setText} />
      {busy ? (
        <div className="paste-progress">
          <progress className="progress" value={typed} max={text.length} aria-label={words.pasteTitle(vm.name)} />
          <span>{words.pasteProgress(typed, pasteText(text).length)}</span>
        </div>
      ) : null}
    </Dialog>
  );
}

interface PasteFieldProps {
  readonly text: string;
  readonly busy: boolean;
  readonly problem: string | null;
  readonly onChange: (text: string) => void;
}

function PasteField({ text, busy, problem, onChange }: PasteFieldProps) {
  const id = useId();
  return (
    <div className={problem ? 'field field-wrong' : 'field'}>
      <label htmlFor={id}>{words.pasteText}</label>
      <textarea
        id={id}
        className="paste-text mono"
        rows={8}
        value={text}
        readOnly={busy}
        spellCheck={false}
        data-first
        aria-invalid={problem ? true : undefined}
        aria-describedby={`${id}-says`}
        onChange={(event) => onChange(event.target.value)}
      />
      <div className={problem ? 'field-error' : 'field-hint'} id={`${id}-says`} aria-live="polite">
        {problem ?? words.pasteCount(pasteText(text).length, PASTE_MAX)}
        {problem && text.length <= PASTE_MAX ? (
          <Button label={words.pasteRemove} size="small" hint="" onPress={() => onChange(withoutUntypeable(text))} />
        ) : null}
      </div>
    </div>
  );
}

/** `typed` is null while nothing is being typed. */
function usePasting(vm: VmView, text: string) {
  const { bridge, store } = useServices();
  const [typed, setTyped] = useState<number | null>(null);
  const [failure, setFailure] = useState<string | null>(null);
  const abort = useRef<AbortController>(null);
  const stop = () => abort.current?.abort();
  useEffect(() => stop, []);
  const start = async () => {
    const controller = new AbortController();
    abort.current = controller;
    let reached = 0;
    setFailure(null);
    setTyped(0);
    try {
      reached = await typePaste({
        text,
        type: (piece) => bridge.call('console.type', { vm: vm.id, text: piece }),
        onTyped: (count) => setTyped((reached = count)),
        signal: controller.signal,
      });
      const message = reached === text.length ? words.pasteDone(reached) : words.pasteStopped(reached, text.length);
      store.setState((state) => ({
        ...withToast(state, { tone: 'info', title: vm.name, message }),
        dialog: state.dialog?.kind === 'paste' ? null : state.dialog,
      }));
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      setFailure(`${words.pasteStopped(reached, text.length)} ${why}`);
    } finally {
      setTyped(null);
    }
  };
  return { typed, failure, start: () => void start(), stop };
}
