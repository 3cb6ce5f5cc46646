/**
 * Errors of commands, in their own words.
 *
 * Invariant: an error stays until it is dismissed or twelve seconds have passed; it covers nothing that stands below
 * the page.
 */
import { CircleAlert, Info, X } from 'lucide-react';
import { useEffect } from 'react';
import { Button } from '../../kit/button.tsx';
import { usePage, useServices } from '../../services.ts';
import { withoutToast, type Toast } from '../../state.ts';
import { texts } from '../../text/index.ts';

const TOAST_MS = 12_000;

export function Toasts() {
  const toasts = usePage((state) => state.toasts);
  return (
    <div className="toasts-shelf">
      <div className="toasts" role="region" aria-label={texts.views.messages} aria-live="polite">
        {toasts.map((toast) => (
          <OneToast key={toast.id} toast={toast} />
        ))}
      </div>
    </div>
  );
}

function OneToast({ toast }: { readonly toast: Toast }) {
  const { store } = useServices();
  const dismiss = () => store.setState((state) => withoutToast(state, toast.id));
  useEffect(() => {
    const timer = setTimeout(() => store.setState((state) => withoutToast(state, toast.id)), TOAST_MS);
    return () => clearTimeout(timer);
  }, [store, toast.id]);
  const Icon = toast.tone === 'error' ? CircleAlert : Info;
  return (
    <div className={`toast toast-${toast.tone}`} role={toast.tone === 'error' ? 'alert' : 'status'}>
      <Icon className="icon" aria-hidden="true" />
      <div>
        <strong>{toast.title}</strong>
        <p>{toast.message}</p>
      </div>
      <Button label={texts.actions.dismiss} icon={X} iconOnly tone="quiet" size="small" onPress={dismiss} />
    </div>
  );
}
