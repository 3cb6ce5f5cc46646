/**
 * The console's tools.
 *
 * Invariant: the crash buttons are here too, so that a failover can be watched on the screen itself.
 */
import { Maximize, MousePointerClick, Scaling } from 'lucide-react';
import type { VmView } from '../../../preload/contract.ts';
import { refusal } from '../../refusal.ts';
import { crashPrimary } from '../../actions/faults.ts';
import { ftOn } from '../../actions/ft-on.ts';
import { screenshot } from '../../actions/screenshot.ts';
import { sendCtrlAltDel } from '../../actions/send-ctrl-alt-del.ts';
import { ActionButton } from '../../kit/action-button.tsx';
import { Button } from '../../kit/button.tsx';
import { texts } from '../../text/index.ts';
import { MediaMenu } from '../media.tsx';
import { SoundButton } from './sound-button.tsx';

export interface ConsoleToolbarProps {
  readonly vm: VmView;
  readonly fit: boolean;
  readonly onFit: (fit: boolean) => void;
  readonly onFullScreen: () => void;
  readonly onCapture: () => void;
}

export function ConsoleToolbar({ vm, fit, onFit, onFullScreen, onCapture }: ConsoleToolbarProps) {
  const reason = refusal('console', vm);
  return (
    <div className="console-bar" role="toolbar" aria-label={texts.views.consoleTools}>
      <ActionButton action={sendCtrlAltDel} vm={vm} size="small" tone="quiet" />
      <ActionButton action={screenshot} vm={vm} size="small" tone="quiet" />
      <span className="bar-line" />
      <Button
        label={texts.console.fit}
        icon={Scaling}
        size="small"
        tone="quiet"
        pressed={fit}
        onPress={() => onFit(!fit)}
      />
      <Button
        label={texts.console.capture}
        icon={MousePointerClick}
        size="small"
        tone="quiet"
        reason={reason}
        onPress={onCapture}
      />
      <Button
        label={texts.console.fullScreen}
        hint={`${texts.console.fullScreen} (Ctrl+Alt+Enter)`}
        icon={Maximize}
        size="small"
        tone="quiet"
        onPress={onFullScreen}
      />
      <MediaMenu vm={vm} />
      <SoundButton vm={vm} />
      <span className="bar-space" />
      {vm.ftEnabled ? null : <ActionButton action={ftOn} vm={vm} size="small" tone="plain" />}
      <ActionButton action={crashPrimary} vm={vm} size="small" tone="danger" />
    </div>
  );
}
