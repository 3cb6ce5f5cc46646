/**
 * The Fault Tolerance panel: is it protected, by whom, how far behind, and how the last failover went.
 *
 * Invariant: the status is told in VMware's words; live numbers come from the metrics, and from the VM's state until
 * the first metrics arrive.
 */
import { FlaskConical, Shield, ShieldAlert, ShieldCheck, ShieldOff, type LucideIcon } from 'lucide-react';
import type { VmView } from '../../../preload/contract/contract.ts';
import { crashPrimary, crashSecondary } from '../../actions/faults.ts';
import { ftMigrate } from '../../actions/ft-migrate.ts';
import { ftOff } from '../../actions/ft-off.ts';
import { ftOn } from '../../actions/ft-on.ts';
import { ftResume } from '../../actions/ft-resume.ts';
import { ftSettings } from '../../actions/ft-settings.ts';
import { ftSuspend } from '../../actions/ft-suspend.ts';
import { ftTestFailover } from '../../actions/ft-test-failover.ts';
import { ftTestRestartSecondary } from '../../actions/ft-test-restart-secondary.ts';
import * as format from '../../text/format.ts';
import { ftWords, startingStep, type Tone } from '../../text/vm-words.ts';
import { ActionButton } from '../../kit/action-button.tsx';
import { ToneIcon } from '../../kit/badge.tsx';
import { Button } from '../../kit/button.tsx';
import { Card, Fact, Facts } from '../../kit/card.tsx';
import { usePage, useServices } from '../../services.ts';
import { texts } from '../../text/index.ts';
import { FtCharts } from './ft-charts.tsx';
import { Replicas } from './ft-replicas.tsx';

export function FtPanel({ vm }: { readonly vm: VmView }) {
  const measured = usePage((state) => state.metrics[vm.id]?.some((sample) => sample.lagMs !== null) ?? false);
  const live = vm.power === 'on' && (vm.ft.status === 'protected' || (vm.ftEnabled && measured));
  return (
    <Card title={texts.ft.title} icon={Shield} className="ft" aside={<FtButtons vm={vm} />}>
      <FtHeadline vm={vm} />
      <Operations vm={vm} />
      {vm.ft.status === 'starting' ? <Steps vm={vm} /> : null}
      {vm.power === 'off' ? null : <Replicas vm={vm} />}
      {live ? <FtCharts vm={vm} /> : null}
      {vm.ftEnabled && vm.power !== 'off' ? <FtFacts vm={vm} /> : null}
    </Card>
  );
}

function FtButtons({ vm }: { readonly vm: VmView }) {
  return (
    <div className="button-row">
      {vm.ftEnabled ? (
        <ActionButton action={ftOff} vm={vm} size="small" />
      ) : (
        <ActionButton action={ftOn} vm={vm} size="small" tone="primary" />
      )}
      <ActionButton action={ftSettings} vm={vm} size="small" iconOnly />
    </div>
  );
}

/** VMware's menu of Fault Tolerance, and what it is tested with. */
function Operations({ vm }: { readonly vm: VmView }) {
  const { go } = useServices();
  const suspend = vm.ft.status === 'suspended' ? ftResume : ftSuspend;
  return (
    <div className="ft-operations" role="group" aria-label={texts.ft.operations}>
      {[suspend, ftMigrate, ftTestFailover, ftTestRestartSecondary].map((action) => (
        <ActionButton key={action.id} action={action} vm={vm} size="small" />
      ))}
      <span className="ft-divide" />
      <ActionButton action={crashPrimary} vm={vm} size="small" tone="danger" />
      <ActionButton action={crashSecondary} vm={vm} size="small" />
      <Button
        label={texts.ft.lab}
        icon={FlaskConical}
        size="small"
        onPress={() => go({ page: 'vm', vm: vm.id, tab: 'faults' })}
      />
    </div>
  );
}

const ICONS: { readonly [tone in Exclude<Tone, 'busy'>]: LucideIcon } = {
  good: ShieldCheck,
  warn: ShieldAlert,
  bad: ShieldAlert,
  idle: ShieldOff,
};

function FtHeadline({ vm }: { readonly vm: VmView }) {
  const words = ftWords(vm);
  return (
    <div className={`ft-headline tone-${words.tone}`}>
      <span className="ft-emblem">
        <ToneIcon tone={words.tone} icon={words.tone === 'busy' ? undefined : ICONS[words.tone]} />
      </span>
      <div role="status" aria-live="polite">
        <p className="ft-label">{texts.ft.status}</p>
        <p className="ft-status" data-testid="ft-status" data-status={vm.ft.status}>
          {words.headline}
          {words.detail ? <span className="ft-detail"> · {words.detail}</span> : null}
        </p>
        <p className="ft-explanation">{words.explanation}</p>
      </div>
    </div>
  );
}

function Steps({ vm }: { readonly vm: VmView }) {
  const at = startingStep(vm.ft);
  return (
    <ol className="steps" aria-label={texts.ft.progress}>
      {texts.ft.steps.map((step, index) => {
        const state = index < at ? 'done' : index === at ? 'now' : 'next';
        return (
          <li key={step} className={`step step-${state}`} aria-current={state === 'now' ? 'step' : undefined}>
            <span className="step-mark" aria-hidden="true">
              {state === 'now' ? <ToneIcon tone="busy" /> : state === 'done' ? <ToneIcon tone="good" /> : index + 1}
            </span>
            {index === 1 && vm.ft.starting?.phase === 'synchronising' ? texts.ft.synchronise : step}
            {index === 1 && state === 'now' ? ` ${format.percent((vm.ft.starting?.copied ?? 0) * 100)}` : null}
          </li>
        );
      })}
    </ol>
  );
}

function FtFacts({ vm }: { readonly vm: VmView }) {
  const now = usePage((state) => state.metrics[vm.id]?.at(-1) ?? null);
  const secondary = now?.secondary ?? null;
  const { ft } = vm;
  return (
    <Facts>
      <Fact label={texts.ft.secondaryLocation}>{ft.secondary?.host ?? format.UNKNOWN}</Fact>
      <Fact label={texts.ft.secondaryCpu}>
        {secondary ? texts.ft.ofOneCore(format.percent(secondary.cpuPercent)) : format.UNKNOWN}
      </Fact>
      <Fact label={texts.ft.secondaryMemory}>{format.megabytes(secondary?.memoryMB)}</Fact>
      <Fact label={texts.ft.throttle}>{format.share(now?.throttle)}</Fact>
      <Fact label={texts.ft.stalls} title={texts.ft.stallsHint}>
        {format.count(now?.stalls)}
      </Fact>
      <Fact label={texts.ft.generation} title={texts.ft.generationHint}>
        {format.count(ft.generation)}
      </Fact>
      {ft.lastStart ? (
        <Fact label={texts.ft.lastStart}>
          {texts.ft.started(format.milliseconds(ft.lastStart.stunMs), format.milliseconds(ft.lastStart.protectedMs))}
        </Fact>
      ) : null}
    </Facts>
  );
}
