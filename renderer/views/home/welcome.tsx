/**
 * The first start: an invitation that leads to a protected VM with one click, and to its console with the next.
 *
 * Invariant: how far it is is told in words, and told to screen readers.
 */
import { CircleAlert, CircleCheck, FolderOpen, Monitor, ShieldCheck } from 'lucide-react';
import type { VmView } from '../../../preload/contract/contract.ts';
import { GUIDE_STEPS, guideStep, startGuide } from './guide.ts';
import { Button } from '../../kit/button.tsx';
import { ToneIcon } from '../../kit/badge.tsx';
import { usePage, useServices } from '../../services.ts';
import { findVm, type Guide } from '../../state.ts';
import { texts } from '../../text/index.ts';
import { Logo } from '../shell/header.tsx';

const { start: words } = texts;

export function Welcome() {
  const { store } = useServices();
  const guide = usePage((state) => state.guide);
  return (
    <div className="welcome">
      <Logo />
      <h1>{texts.home.welcome}</h1>
      <p className="welcome-lead">{texts.home.lead}</p>
      <div className="welcome-cards">
        <GuideCard guide={guide} />
        <section className="welcome-card">
          <FolderOpen className="welcome-icon" aria-hidden="true" />
          <h2>{texts.home.ownTitle}</h2>
          <p>{texts.home.ownText}</p>
          <Button
            label={texts.form.choose}
            size="large"
            onPress={() => store.setState({ dialog: { kind: 'newVm' } })}
          />
        </section>
      </div>
    </div>
  );
}

function GuideCard({ guide }: { readonly guide: Guide | null }) {
  const services = useServices();
  const vm = usePage((state) => (guide?.vm ? findVm(state, guide.vm) : null));
  const offline = usePage((state) => state.phase !== 'open');
  const step = guide ? guideStep(guide, vm) : 0;
  const done = guide !== null && step === GUIDE_STEPS.length;
  return (
    <section className="welcome-card welcome-first" data-testid="guide" data-step={guide ? step : 'none'}>
      <ShieldCheck className={done ? 'welcome-icon tone-text-good' : 'welcome-icon'} aria-hidden="true" />
      <h2>{done ? words.done : words.title}</h2>
      <p>{done ? words.doneText(guide.name) : words.text}</p>
      {guide ? <Steps step={step} failed={guide.failure !== null} /> : null}
      {guide?.failure ? (
        <p className="form-failure" role="alert">
          <CircleAlert className="icon" aria-hidden="true" />
          {guide.failure}
        </p>
      ) : null}
      {guide && !guide.failure ? (
        <OpenConsole vm={vm} done={done} />
      ) : (
        <Button
          label={words.button}
          icon={ShieldCheck}
          tone="primary"
          size="large"
          reason={offline ? texts.actionHints.disconnected : null}
          onPress={() => void startGuide(services)}
        />
      )}
    </section>
  );
}

function OpenConsole({ vm, done }: { readonly vm: VmView | null; readonly done: boolean }) {
  const { go, store } = useServices();
  const open = () => {
    if (!vm) return;
    store.setState({ guide: null });
    go({ page: 'vm', vm: vm.id, tab: 'console' });
  };
  const reason = vm && vm.power !== 'off' ? null : texts.actionHints.busy;
  return (
    <Button
      label={words.openConsole}
      icon={Monitor}
      tone={done ? 'primary' : 'plain'}
      size="large"
      reason={reason}
      onPress={open}
    />
  );
}

function Steps({ step, failed }: { readonly step: number; readonly failed: boolean }) {
  return (
    <ol className="guide-steps" aria-live="polite">
      {GUIDE_STEPS.map((name, index) => {
        const state = index < step ? 'done' : index > step ? 'next' : failed ? 'failed' : 'now';
        return (
          <li key={name} className={`guide-step guide-${state}`} aria-current={state === 'now' ? 'step' : undefined}>
            {state === 'done' ? <CircleCheck className="icon" aria-hidden="true" /> : null}
            {state === 'now' ? <ToneIcon tone="busy" /> : null}
            {state === 'failed' ? <CircleAlert className="icon" aria-hidden="true" /> : null}
            {state === 'next' ? <span className="guide-number">{index + 1}</span> : null}
            {words.steps[name]}
          </li>
        );
      })}
    </ol>
  );
}
