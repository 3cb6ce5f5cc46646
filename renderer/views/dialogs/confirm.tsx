/**
 * The question before an action that loses work.
 *
 * Invariant: Enter does not confirm by accident: Cancel has the focus.
 */
import { useEffect } from 'react';
import { actionById } from '../../actions/index.ts';
import { Button } from '../../kit/button.tsx';
import { Dialog } from '../../kit/dialog.tsx';
import { usePage, useServices } from '../../services.ts';
import { findVm } from '../../state.ts';
import { texts } from '../../text/index.ts';

export function ConfirmDialog({ action: actionId, vm: vmId }: { readonly action: string; readonly vm: string }) {
  const { store, runner } = useServices();
  const action = actionById(actionId);
  const vm = usePage((state) => findVm(state, vmId));
  const close = () => store.setState({ dialog: null });
  const words = vm ? action?.confirm?.(vm.name) : undefined;
  // The VM may go away while the question is open: then there is nothing left to ask.
  useEffect(() => {
    if (!words) store.setState({ dialog: null });
  }, [words, store]);
  if (!action || !words) return null;
  return (
    <Dialog
      title={words.title}
      onClose={close}
      footer={
        <>
          <Button first label={texts.actions.cancel} onPress={close} />
          <Button
            label={action.label}
            icon={action.icon}
            tone="danger"
            onPress={() => runner.confirmed(actionId, vmId)}
          />
        </>
      }
    >
      <p>{words.body}</p>
    </Dialog>
  );
}
