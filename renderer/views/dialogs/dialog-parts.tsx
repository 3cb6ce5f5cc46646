/**
 * What dialogs that send one command have in common.
 *
 * Invariants: the command is sent at most once at a time; the dialog closes when it was carried out, else it stays and
 * shows the host's own words. What was sent cannot be cancelled here any more, and no button says that it could; the
 * dialog can be closed meanwhile, and a failure is told all the same.
 */
import { CircleAlert, type LucideIcon } from 'lucide-react';
import { useEffect, useState, type ReactNode } from 'react';
import type { VmView } from '../../../preload/contract/contract.ts';
import { Button } from '../../kit/button.tsx';
import { Dialog } from '../../kit/dialog.tsx';
import { usePage, useServices } from '../../services.ts';
import { findVm, withToast } from '../../state.ts';
import { errorWords } from '../../text/host-words.ts';
import { texts } from '../../text/index.ts';

export interface CommandDialogProps {
  readonly title: string;
  readonly wide?: boolean;
  /** The name of the button that sends it. */
  readonly label: string;
  readonly icon?: LucideIcon;
  /** Why it cannot be sent now; null when it can. */
  readonly reason: string | null;
  /** What is wrong is told at the fields: nothing is sent. */
  readonly wrong: boolean;
  /** Somebody wanted to send it. */
  readonly onTried?: () => void;
  readonly send: () => Promise<unknown>;
  /** It shows what came of it, and can send again. */
  readonly stays?: boolean;
  readonly children: ReactNode;
}

export function CommandDialog(props: CommandDialogProps) {
  const { store } = useServices();
  const offline = usePage((state) => state.phase !== 'open');
  const [busy, setBusy] = useState(false);
  const [failure, setFailure] = useState<string | null>(null);
  const late = useLate();
  const opened = usePage((state) => state.dialog);
  const isOpen = () => store.getState().dialog === opened;
  // What was opened while the host was asked stays.
  const close = () => {
    if (isOpen()) store.setState({ dialog: null });
  };
  const reason = offline ? texts.actionHints.disconnected : props.reason;
  const submit = async () => {
    props.onTried?.();
    if (props.wrong || busy || reason !== null) return;
    setBusy(true);
    setFailure(null);
    try {
      await props.send();
      if (props.stays) setBusy(false);
      else close();
    } catch (error) {
      if (!isOpen()) late(props.title)(error);
      setFailure(errorWords(error));
      setBusy(false);
    }
  };
  return (
    <Dialog
      title={props.title}
      wide={props.wide ?? false}
      onClose={close}
      onSubmit={() => void submit()}
      footer={
        <>
          {props.stays ? (
            <Button label={texts.actions.close} onPress={close} />
          ) : (
            <Button label={texts.actions.cancel} reason={busy ? texts.actionHints.sent : null} onPress={close} />
          )}
          <Button
            label={props.label}
            {...(props.icon && { icon: props.icon })}
            tone="primary"
            type="submit"
            busy={busy}
            reason={busy ? null : reason}
            hint=""
          />
        </>
      }
    >
      {failure ? (
        <p className="form-failure" role="alert">
          <CircleAlert className="icon" aria-hidden="true" />
          {failure}
        </p>
      ) : null}
      {props.children}
    </Dialog>
  );
}

/** Tells of an error when the dialog is gone. */
export function useLate(): (title: string) => (error: unknown) => void {
  const { store } = useServices();
  return (title) => (error) => {
    const message = errorWords(error);
    store.setState((state) => withToast(state, { tone: 'error', title, message }));
  };
}

/** The VM that a dialog is about; the dialog closes when the VM is gone. */
export function ForVm({ id, children }: { readonly id: string; readonly children: (vm: VmView) => ReactNode }) {
  const { store } = useServices();
  const vm = usePage((state) => findVm(state, id));
  useEffect(() => {
    if (!vm) store.setState({ dialog: null });
  }, [vm, store]);
  return vm ? children(vm) : null;
}
