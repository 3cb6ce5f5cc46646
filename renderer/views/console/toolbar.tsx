/**
 * The console's tools.
 *
 * Invariant: the crash buttons are here too, so that a failover can be watched on the screen itself.
 */
import { Maximize, MousePointerClick, TextSelect } from 'lucide-react';
import type { RefObject } from 'react';
import type { VmView } from '../../../preload/contract/contract.ts';
import { refusal } from '../../text/refusal.ts';
import { copyScreen } from '../../actions/copy-screen.ts';
import { detachConsole } from '../../actions/detach-console.ts';
import { crashPrimary } from '../../actions/faults.ts';
import { ftOn } from '../../actions/ft-on.ts';
import { pasteKeys } from '../../actions/paste-keys.ts';
import { screenshot } from '../../actions/screenshot.ts';
import { sendCtrlAltDel } from '../../actions/send-ctrl-alt-del.ts';
import { ActionButton } from '../../kit/action-button.tsx';
import { Button } from '../../kit/button.tsx';
import { texts } from '../../text/index.ts';
import { MediaMenu } from '../disks/media.tsx';
import { KeysMenu, ScalingMenu } from './menus.tsx';
import type { Scaling } from './scale.ts';
import { SoundButton } from './sound/sound-button.tsx';
import { VideoButton } from './video-button.tsx';

export interface ConsoleToolbarProps {
  readonly vm: VmView;
  readonly canvas: RefObject<HTMLCanvasElement | null>;
  readonly detached: boolean;
  readonly scaling: Scaling;
  readonly onScaling: (scaling: Scaling) => void;
  readonly selecting: boolean;
  /** Why no text can be selected now; null where it can. */
  readonly noSelecting: string | null;
  readonly onSelect: () => void;
  readonly onFullScreen: () => void;
}

export function ConsoleToolbar(props: ConsoleToolbarProps) {
  const { vm, canvas, detached } = props;
  const small = { vm, size: 'small', tone: 'quiet' } as const;
  return (
    <div className="console-bar" role="toolbar" aria-label={texts.views.consoleTools}>
      <ActionButton action={sendCtrlAltDel} {...small} />
      <KeysMenu vm={vm} />
      <span className="bar-line" />
      <ActionButton action={pasteKeys} {...small} />
      <Button
        label={texts.console.select}
        hint={texts.console.selectHint}
        icon={TextSelect}
        size="small"
        tone="quiet"
        pressed={props.selecting}
        reason={props.noSelecting}
        onPress={props.onSelect}
      />
      <ActionButton action={copyScreen} {...small} />
      <ActionButton action={screenshot} {...small} />
      <VideoButton vm={vm} canvas={canvas} />
      <span className="bar-line" />
      <ScalingMenu value={props.scaling} onChange={props.onScaling} />
      <Button
        label={texts.console.capture}
        hint={texts.console.captureHint}
        icon={MousePointerClick}
        size="small"
        tone="quiet"
        reason={refusal('console', vm)}
        onPress={() => {
          canvas.current?.focus();
          void canvas.current?.requestPointerLock();
        }}
      />
      <Button
        label={texts.console.fullScreen}
        hint={`${texts.console.fullScreen} (Ctrl+Alt+Enter)`}
        icon={Maximize}
        size="small"
        tone="quiet"
        onPress={props.onFullScreen}
      />
      {detached ? null : <ActionButton action={detachConsole} {...small} />}
      <span className="bar-line" />
      <MediaMenu vm={vm} />
      <SoundButton vm={vm} />
      <span className="bar-space" />
      {vm.ftEnabled || detached ? null : <ActionButton action={ftOn} vm={vm} size="small" tone="plain" />}
      {detached ? null : <ActionButton action={crashPrimary} vm={vm} size="small" tone="danger" />}
    </div>
  );
}
